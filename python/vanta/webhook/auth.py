"""Who sent this: four headers, one signature, one clock window, one answer to every failure.

The 401 says nothing about what was wrong, and an unknown key costs what a known one costs. What
went wrong is told to the operator instead: refusals are counted by kind, and a row of correct
signatures with wrong timestamps is logged as what it is, a clock.
"""

import secrets as random_secrets
from collections import deque
from collections.abc import Callable, Iterable
from statistics import median
from typing import Final

import msgspec

from vanta import _core, logs
from vanta.domain.ports import Clock
from vanta.domain.webhook_signature import KEY_ID
from vanta.store.providers import ProviderKey
from vanta.webhook.reply import Refused

log = logs.get(__name__)

RawHeaders = Iterable[tuple[bytes, bytes]]

_ID: Final = b"webhook-id"
_TIMESTAMP: Final = b"webhook-timestamp"
_SIGNATURE: Final = b"webhook-signature"
_KEY_ID: Final = b"vanta-key-id"
_OURS: Final = frozenset({_ID, _TIMESTAMP, _SIGNATURE, _KEY_ID})

MAX_SECRETS: Final = 16  # what the core takes
_LIVE_SECRETS: Final = 2  # during a rotation; every verification computes at least this many
_SECOND: Final = 1_000_000_000


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A verified delivery: whose it is, its id and the time of the attempt."""

    key: ProviderKey
    message_id: str
    attempt_ns: int


class Verifier:
    """Checks the signature of a raw body against the live secrets of a key.

    `signer` tells which of the secrets signed, -1 for none, computing all of them; ids, timestamps
    and tokens that are malformed are none's.
    """

    def __init__(
        self,
        *,
        find_key: Callable[[str], ProviderKey | None],
        clock: Clock,
        window_s: int,
        signer: Callable[..., int] = _core.standard_webhook_verify,
    ) -> None:
        self._find_key = find_key
        self._clock = clock
        self._signer = signer
        self._window_ns = window_s * _SECOND
        self._watch = ClockWatch(window_s=window_s)
        self._dummies = tuple(random_secrets.token_bytes(32) for _ in range(_LIVE_SECRETS))

    def verify(self, headers: RawHeaders, body: bytes) -> Sender:
        """Return the sender. Raises `Refused` 401, 403 or 410."""
        found = _exactly_one_each(headers)
        key_id = found.get(_KEY_ID, b"").decode("ascii", "replace")
        if not KEY_ID.fullmatch(key_id):
            raise unauthorized("unauthorized")
        now_ns = self._clock.now_ns()
        key = self._find_key(key_id)
        # A revoked key still verifies: only who holds it may learn that it was revoked.
        live = [s for s in key.secrets if not 0 < s.expires_ns <= now_ns] if key else []
        live = live[:MAX_SECRETS]
        # An unknown key is checked against secrets nobody has, so that time does not tell.
        index = self._signer(
            id=found.get(_ID, b""),
            timestamp=found.get(_TIMESTAMP, b""),
            body=body,
            signature=found.get(_SIGNATURE, b""),
            secrets=(*(s.secret for s in live), *self._dummies[len(live) :]),
        )
        if key is None or not 0 <= index < len(live):
            raise unauthorized("unauthorized")
        attempt_ns = int(found[_TIMESTAMP]) * _SECOND
        skew_ns = attempt_ns - now_ns
        if abs(skew_ns) > self._window_ns:
            self._watch.outside(key.provider_id, skew_ns)
            raise unauthorized("clock")
        self._watch.inside()
        _check_standing(key)
        message_id = found[_ID].decode("ascii")
        return Sender(key=key, message_id=message_id, attempt_ns=attempt_ns)


class ClockWatch:
    """Tells the operator when correctly signed requests keep coming with wrong timestamps."""

    ALARM_AFTER: Final = 3

    def __init__(self, *, window_s: int) -> None:
        self._window_s = window_s
        self._failures = 0
        self._providers: set[int] = set()
        self._skews_s: deque[float] = deque(maxlen=32)

    def inside(self) -> None:
        """Note a timestamp within the window: the clocks agree again."""
        if self._failures:
            self._failures = 0
            self._providers.clear()
            self._skews_s.clear()

    def outside(self, provider_id: int, skew_ns: int) -> None:
        """Note a timestamp outside the window; log at the third in a row and at each doubling."""
        self._failures += 1
        if len(self._providers) < 16:
            self._providers.add(provider_id)
        self._skews_s.append(round(skew_ns / _SECOND, 1))
        due = self._failures >= self.ALARM_AFTER and (self._failures % self.ALARM_AFTER == 0)
        if due and _is_power_of_two(self._failures // self.ALARM_AFTER):
            log.error(
                "door.clock_suspect",
                text="signatures are right but their timestamps are not: "
                "check the clock of this machine first, then the sender's",
                failures=self._failures,
                median_skew_s=median(self._skews_s),
                window_s=self._window_s,
                providers=len(self._providers),
            )


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


def unauthorized(result: str) -> Refused:
    """Make the one 401 there is."""
    return Refused(
        401,
        "E-AUTH",
        "The request is not signed by a key I know, or its time is off.",
        result=result,
    )


def _check_standing(key: ProviderKey) -> None:
    if key.revoked:
        raise Refused(
            410, "E-AUTH", "This key was revoked. Stop sending with it.", result="revoked"
        )
    if key.suspended:
        raise Refused(
            403,
            "E-ROLE",
            "This provider is suspended. The operator can lift it; do not resend.",
            result="suspended",
        )


def _exactly_one_each(headers: RawHeaders) -> dict[bytes, bytes]:
    """Pick our four headers; one that comes twice is as good as missing."""
    found: dict[bytes, bytes] = {}
    for raw_name, value in headers:
        name = raw_name.lower()
        if name not in _OURS:
            continue
        if name in found:
            return {}
        found[name] = value
    return found
