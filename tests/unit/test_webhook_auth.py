"""Who may pass: headers, signatures, clock window, standing. Every no looks the same."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.fakes.clock import ManualClock
from tests.fakes.signals import KEY_ID, OTHER_SECRET, SECRET, encode, open_body, signed_headers
from vanta import _core
from vanta.domain.webhook_signature import format_secret
from vanta.store.providers import KeySecret, ProviderKey
from vanta.webhook.auth import Sender, Verifier
from vanta.webhook.reply import Refused

BODY = encode(open_body())
ID = "msg_00000001"
SECOND = 10**9

Pair = tuple[bytes, bytes]


def key(
    key_id: str, *secrets: bytes, revoked: bool = False, suspended: bool = False, until_ns: int = 0
) -> ProviderKey:
    held = tuple(
        KeySecret(secret=secret, expires_ns=until_ns if n else 0)
        for n, secret in enumerate(secrets)
    )
    return ProviderKey(
        key_id=key_id, provider_id=7, secrets=held, revoked=revoked, suspended=suspended
    )


ROTATED_UNTIL_NS = 1_790_000_000_000_000_000 + 24 * 3_600 * SECOND

KEYS = {
    k.key_id: k
    for k in (
        key(KEY_ID, SECRET),
        key("key_both", SECRET, OTHER_SECRET, until_ns=ROTATED_UNTIL_NS),
        key("key_gone", SECRET, revoked=True),
        key("key_held", SECRET, suspended=True),
        key("key_shut"),
        key("key_many", *(bytes([n]) * 32 for n in range(17))),
    )
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def verifier(clock: ManualClock) -> Verifier:
    return Verifier(find_key=KEYS.get, clock=clock, window_s=30)


def seconds(clock: ManualClock) -> int:
    return clock.now_ns() // SECOND


def good(clock: ManualClock, **changes: object) -> list[Pair]:
    given: dict = {"message_id": ID, "timestamp": seconds(clock), "body": BODY, **changes}
    return signed_headers(**given)


def refused(verifier: Verifier, headers: list[Pair], body: bytes = BODY) -> Refused:
    with pytest.raises(Refused) as caught:
        verifier.verify(headers, body)
    return caught.value


def with_value(headers: list[Pair], name: bytes, change: Callable[[bytes], bytes]) -> list[Pair]:
    return [(n, change(v) if n == name else v) for n, v in headers]


def test_a_good_request_is_its_providers(verifier: Verifier, clock: ManualClock) -> None:
    sender = verifier.verify(good(clock), BODY)
    assert sender == Sender(key=KEYS[KEY_ID], message_id=ID, attempt_ns=seconds(clock) * SECOND)


def test_header_names_in_any_case(verifier: Verifier, clock: ManualClock) -> None:
    verifier.verify([(n.title(), v) for n, v in good(clock)], BODY)


def test_every_flipped_bit_is_noticed(verifier: Verifier, clock: ManualClock) -> None:
    headers = good(clock)
    uniform = refused(verifier, []).reply("t").body
    for name in (b"webhook-id", b"webhook-timestamp", b"webhook-signature"):
        length = len(dict(headers)[name])
        for bit in range(8 * length):

            def flip(value: bytes, bit: int = bit) -> bytes:
                changed = bytearray(value)
                changed[bit // 8] ^= 1 << (bit % 8)
                return bytes(changed)

            changed = with_value(headers, name, flip)
            assert refused(verifier, changed).reply("t").body == uniform
    for bit in range(8 * len(BODY)):
        body = bytearray(BODY)
        body[bit // 8] ^= 1 << (bit % 8)
        assert refused(verifier, headers, bytes(body)).reply("t").body == uniform


def test_a_reserialised_body_is_noticed(verifier: Verifier, clock: ManualClock) -> None:
    assert refused(verifier, good(clock), BODY.replace(b", ", b",")).status == 401


@pytest.mark.parametrize("name", [b"webhook-id", b"webhook-timestamp", b"webhook-signature"])
def test_each_header_exactly_once(verifier: Verifier, clock: ManualClock, name: bytes) -> None:
    headers = good(clock)
    missing = [(n, v) for n, v in headers if n != name]
    twice = [*headers, (name, dict(headers)[name])]
    assert refused(verifier, missing).status == 401
    assert refused(verifier, twice).status == 401


@pytest.mark.parametrize(
    "stamp",
    ["{}.9", "{}e0", " {}", "{} ", "+{}", "{}000", "1_790_000_000", "", "nan", "inf", "٣" * 10],
)
def test_timestamps_are_ten_digits(verifier: Verifier, clock: ManualClock, stamp: str) -> None:
    text = stamp.format(seconds(clock)).encode()
    headers = with_value(good(clock), b"webhook-timestamp", lambda _: text)
    assert refused(verifier, headers).status == 401


@pytest.mark.parametrize(
    "token", ["nonsense", "v1", "v1,", "v1,!!!!", "v2,abc", "v1a,abc", "a,b,c"]
)
def test_malformed_tokens_beside_a_good_one_are_ignored(
    verifier: Verifier, clock: ManualClock, token: str
) -> None:
    for form in (f"{token} %s", f"%s {token}", f"{token}  %s"):
        headers = with_value(
            good(clock), b"webhook-signature", lambda v, f=form: (f % v.decode()).encode()
        )
        verifier.verify(headers, BODY)


def test_at_most_eight_tokens(verifier: Verifier, clock: ManualClock) -> None:
    def beside(n: int) -> list[Pair]:
        return with_value(
            good(clock), b"webhook-signature", lambda v: b" ".join([*[b"v9,x"] * n, v])
        )

    verifier.verify(beside(7), BODY)
    assert refused(verifier, beside(8)).status == 401


def test_both_secrets_of_a_rotation_pass_and_a_third_does_not(
    verifier: Verifier, clock: ManualClock
) -> None:
    for secret in (SECRET, OTHER_SECRET):
        verifier.verify(good(clock, key_id="key_both", secret=secret), BODY)
    assert refused(verifier, good(clock, key_id="key_both", secret=bytes(32))).status == 401
    assert refused(verifier, good(clock, secret=OTHER_SECRET)).status == 401


def test_the_old_secret_ends_with_its_rotation(verifier: Verifier, clock: ManualClock) -> None:
    clock.advance(ROTATED_UNTIL_NS - clock.now_ns() - 1)
    verifier.verify(good(clock, key_id="key_both", secret=OTHER_SECRET), BODY)
    clock.advance(1)
    assert refused(verifier, good(clock, key_id="key_both", secret=OTHER_SECRET)).status == 401
    verifier.verify(good(clock, key_id="key_both"), BODY)


def test_an_unknown_key_is_like_a_wrong_signature(verifier: Verifier, clock: ManualClock) -> None:
    unknown = refused(verifier, good(clock, key_id="key_nobody"))
    wrong = refused(verifier, good(clock, secret=OTHER_SECRET))
    assert unknown.reply("a").body == wrong.reply("b").body


def test_an_unknown_key_costs_as_many_hashes_as_a_known_one(clock: ManualClock) -> None:
    costs: list[int] = []

    def signer(**delivery: Any) -> int:
        costs.append(len(delivery["secrets"]))
        return _core.standard_webhook_verify(**delivery)

    verifier = Verifier(find_key=KEYS.get, clock=clock, window_s=30, signer=signer)
    verifier.verify(good(clock), BODY)
    verifier.verify(good(clock, key_id="key_both", secret=OTHER_SECRET), BODY)
    refused(verifier, good(clock, secret=OTHER_SECRET))
    refused(verifier, good(clock, key_id="key_nobody"))
    refused(verifier, good(clock, key_id="key_shut"))
    assert costs == [2] * 5


def test_a_key_none_of_whose_secrets_opens_is_nobodys(
    verifier: Verifier, clock: ManualClock
) -> None:
    assert refused(verifier, good(clock, key_id="key_shut")).status == 401


def test_more_secrets_than_the_core_takes_cost_the_oldest(
    verifier: Verifier, clock: ManualClock
) -> None:
    oldest = bytes([16]) * 32
    verifier.verify(good(clock, key_id="key_many", secret=bytes([15]) * 32), BODY)
    assert refused(verifier, good(clock, key_id="key_many", secret=oldest)).status == 401


@pytest.mark.parametrize("skew_s", [-30, 0, 30])
def test_the_window_includes_its_ends(verifier: Verifier, clock: ManualClock, skew_s: int) -> None:
    verifier.verify(good(clock, timestamp=seconds(clock) + skew_s), BODY)


@pytest.mark.parametrize("skew_s", [-600, -31, 31, 600])
def test_outside_the_window_is_the_same_no(
    verifier: Verifier, clock: ManualClock, skew_s: int
) -> None:
    late = refused(verifier, good(clock, timestamp=seconds(clock) + skew_s))
    assert late.result == "clock"
    assert late.reply("t").body == refused(verifier, []).reply("t").body


def test_the_log_names_the_clock_when_timestamps_keep_failing(
    verifier: Verifier, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(600 * SECOND)
    early = good(clock, timestamp=seconds(clock) - 600)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            refused(verifier, early)
        assert not caplog.records
        refused(verifier, early)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "door.clock_suspect"
    fields = record.__dict__["vanta_fields"]
    assert fields["median_skew_s"] == -600
    assert "clock" in fields["text"]


def test_a_good_timestamp_ends_the_suspicion(
    verifier: Verifier, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    early = good(clock, timestamp=seconds(clock) - 600)
    for headers in (early, early, good(clock), early, early):
        try:
            verifier.verify(headers, BODY)
        except Refused as no:
            assert no.status == 401
    assert not caplog.records


def test_a_revoked_key_is_told_to_stop_but_only_when_it_signs(
    verifier: Verifier, clock: ManualClock
) -> None:
    assert refused(verifier, good(clock, key_id="key_gone")).status == 410
    assert refused(verifier, good(clock, key_id="key_gone", secret=OTHER_SECRET)).status == 401


def test_a_suspended_provider_is_told(verifier: Verifier, clock: ManualClock) -> None:
    assert refused(verifier, good(clock, key_id="key_held")).status == 403


def test_the_outside_client_is_let_in(verifier: Verifier, clock: ManualClock) -> None:
    at = datetime.fromtimestamp(seconds(clock), UTC)
    token = Webhook(format_secret(SECRET)).sign(ID, at, BODY.decode())
    headers = with_value(good(clock), b"webhook-signature", lambda _: token.encode())
    verifier.verify(headers, BODY)


def test_secrets_are_neither_shown_nor_logged(
    verifier: Verifier, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        no = refused(verifier, good(clock, secret=OTHER_SECRET))
    told = repr(no) + no.text + repr(KEYS) + caplog.text
    hidden = [s for secret in (SECRET, OTHER_SECRET) for s in (format_secret(secret), repr(secret))]
    assert not any(re.search(re.escape(text.removeprefix("whsec_")), told) for text in hidden)
