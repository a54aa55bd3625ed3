"""Rates and volumes of each user in Redis: how much was opened, copied and said in which window.

Redis is the second belt: it counts across all processes of an installation. The first is the
core's risk book, whose windows come from Postgres at the start. After a flush the counters here
begin at zero; the core still holds, so nobody opens more than the limits allow.

A window is exact: an open counts until exactly a minute, an hour or the end of the UTC day after
it, and a value equal to the limit passes. Redis scores are doubles, so instants are microseconds
(an open is dated at the next full one, now is the last full one: it never leaves early) and amounts
must stay below `COUNTABLE`. A clock set back counts what is dated ahead: the safe side.
"""

import asyncio
import hashlib
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

import msgspec
from redis.exceptions import NoScriptError, ResponseError

from vanta.domain.enums import Source
from vanta.domain.errors import InputError
from vanta.domain.policy import Policy
from vanta.store.patience import Patience
from vanta.store.redis import Client

TIMEOUT_S: Final = 0.25  # without a word: an open that waits for Redis is better refused
TOGETHER: Final = 8  # connections in use at once; the others wait, which is part of the time
COUNTABLE: Final = 2**50  # amounts and limits; sums over several windows stay exact in a double
RULES: Final = (
    "OPENS_PER_MINUTE",
    "TRADES_PER_DAY",
    "VOLUME_HOUR",
    "VOLUME_DAY",
    "COPIES_PER_MINUTE",
)
LIMITS: Final = (
    "opens_per_minute",
    "trades_per_day",
    "volume_hour_e6",
    "volume_day_e6",
    "copies_per_minute",
)

_US: Final = 1_000
_DAY_US: Final = 86_400 * 10**6
_COUNTED: Final = 1  # 2: was counted before


class OpenAsk(msgspec.Struct, frozen=True, kw_only=True):
    """An open that wants to be counted; (user, source, ref) is its key, as an intent's."""

    user_id: int
    source: Source
    ref: str
    notional_e6: int
    policy: Policy  # the limits of the user: the same in all asks of one `take`

    @property
    def key(self) -> str:
        return self.source + ":" + self.ref


class Excess(NamedTuple):
    """One limit that an open would exceed."""

    rule: str
    value: int  # what it would make
    limit: int
    resets_at_ns: int  # when it fits; 0 = waiting does not help


class Grant(NamedTuple):
    """What became of an ask. `counted` tells whether this very call counted it."""

    excesses: tuple[Excess, ...] = ()
    counted: bool = False

    @property
    def ok(self) -> bool:
        return not self.excesses


_GRANTED: Final = Grant(counted=True)
_KNOWN: Final = Grant()


class Used(NamedTuple):
    """What is used of one window, and when the first of it leaves; 0 = nothing is used."""

    value: int
    frees_at_ns: int


class Usage(NamedTuple):
    """What a user has used of each window."""

    opens_minute: Used
    trades_day: Used
    volume_hour_e6: Used
    volume_day_e6: Used
    copies_minute: Used
    messages_minute: Used


class _Script:
    """A script, and its calls as the bytes of the protocol.

    The client's own packing costs more than all the rest of a decision.
    """

    def __init__(self, name: str, *keys: str) -> None:
        source = files(__package__).joinpath("lua", f"{name}.lua").read_bytes()
        sha = hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
        self._keys = [(len(key), key) for key in keys]
        self.by_sha = self._head(b"EVALSHA", sha)
        self.by_source = self._head(b"EVAL", source)

    def _head(self, *words: bytes) -> bytes:
        words = (*words, b"%d" % len(self._keys))
        count = len(words) + len(self._keys) + 1
        return b"*%d\r\n" % count + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)

    def body(self, user_id: int, ask: Sequence[int | str]) -> bytes:
        """Pack what follows the head: a user's keys, and the ask as one value."""
        tag = f"{{u:{user_id}}}:"  # the braces make them one slot of a cluster
        size = len(tag)
        keys = "".join([f"${size + length}\r\n{tag}{key}\r\n" for length, key in self._keys])
        value = _encode(ask)
        return b"%b$%d\r\n%b\r\n" % (keys.encode(), len(value), value)


_encode: Final = msgspec.msgpack.Encoder().encode
_OPENS: Final = ("opens", "sums", "copies")
_TAKE: Final = _Script("take", *_OPENS)
_GIVE_BACK: Final = _Script("give_back", *_OPENS)
_MESSAGE: Final = _Script("message", "messages")
_USAGE: Final = _Script("usage", *_OPENS, "messages")


class Counters:
    """Counts and refuses in one step, each user's in one slot of a cluster.

    All methods raise `RedisError`, `OSError` or `TimeoutError` when Redis says nothing for
    `timeout_s`; whether it counted is then not known, and asking again counts once.
    """

    def __init__(self, redis: Client, *, timeout_s: float = TIMEOUT_S) -> None:
        self._redis = redis
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(TOGETHER)

    async def take(self, asks: Sequence[OpenAsk], now_ns: int) -> list[Grant]:
        """Count opens in one round trip; an answer each, in order. Refused ones are not counted.

        Raises `InputError` for an amount or limit that cannot be counted; then none was.
        """
        of_user: dict[int, list[int]] = {}
        for place, ask in enumerate(asks):
            of_user.setdefault(ask.user_id, []).append(place)
        instants = _instants(now_ns)
        said = await self._run(
            _TAKE,
            [
                _TAKE.body(user_id, _wanted(instants, [asks[n] for n in places]))
                for user_id, places in of_user.items()
            ],
        )
        grants = [_GRANTED] * len(asks)
        for places, answers in zip(of_user.values(), said, strict=True):
            for place, answer in zip(places, answers, strict=True):
                if answer != _COUNTED:
                    grants[place] = _other_than_granted(answer, asks[place].policy)
        return grants

    async def give_back(self, asks: Sequence[OpenAsk]) -> None:
        """Take opens out again that came to nothing. What is not counted stays so."""
        of_user: dict[int, list[str]] = {}
        for ask in asks:
            of_user.setdefault(ask.user_id, []).append(ask.key)
        await self._run(_GIVE_BACK, [_GIVE_BACK.body(u, keys) for u, keys in of_user.items()])

    async def message(self, user_id: int, limit: int, now_ns: int) -> int:
        """Count a message in the rolling minute; 0, or how long (ns) until there is room."""
        now_us, at_us, _ = _instants(now_ns)
        [wait_us] = await self._run(_MESSAGE, [_MESSAGE.body(user_id, (now_us, at_us, limit))])
        return int(wait_us) * _US

    async def usage(self, user_id: int, now_ns: int) -> Usage:
        """Tell what a user has used of each window."""
        now_us, _, day_us = _instants(now_ns)
        [said] = await self._run(_USAGE, [_USAGE.body(user_id, (now_us, day_us))])
        pairs = zip(said[::2], said[1::2], strict=True)
        return Usage(*(Used(value, frees_at_us * _US) for value, frees_at_us in pairs))

    async def _run(self, script: _Script, bodies: Sequence[bytes]) -> list[Any]:
        """Call the script with each of these bodies, in one round trip."""
        if not bodies:
            return []
        head = script.by_sha
        async with Patience(self._timeout_s) as patience, self._turns:
            answers = await self._exchange(head + head.join(bodies), len(bodies), patience)
            lost = [n for n, said in enumerate(answers) if isinstance(said, NoScriptError)]
            if lost:
                # A server that restarted or was flushed. Its script comes with the first call.
                again = script.by_source + head.join([bodies[n] for n in lost])
                found = await self._exchange(again, len(lost), patience)
                for n, said in zip(lost, found, strict=True):
                    answers[n] = said
        for said in answers:
            if isinstance(said, Exception):
                raise said
        return answers

    async def _exchange(self, packed: bytes, count: int, patience: Patience) -> list[Any]:
        pool = self._redis.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # theirs
        try:
            await connection.send_packed_command(packed)
            return [await _answer(connection, patience) for _ in range(count)]
        except BaseException:
            # What is still on its way must not be taken for the answer to another question.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)


async def _answer(connection: Any, patience: Patience) -> Any:
    """Read one answer; an error of the server is one too, so that the rest is read as well."""
    try:
        said = await connection.read_response(timeout=math.inf)  # the patience has one
    except ResponseError as error:
        said = error
    patience.heard()
    return said


def _instants(now_ns: int) -> tuple[int, int, int]:
    """Return now, the date of what is counted now, and 00:00 UTC; in microseconds."""
    now_us = now_ns // _US
    return now_us, -(-now_ns // _US), now_us - now_us % _DAY_US


def _wanted(instants: tuple[int, int, int], asks: Sequence[OpenAsk]) -> list[int | str]:
    policy = asks[0].policy
    limits = (
        policy.opens_per_minute,
        policy.trades_per_day,
        policy.volume_hour_e6,
        policy.volume_day_e6,
        policy.copies_per_minute,
    )
    words: list[int | str] = [*instants, *limits]
    if min(limits) < 0 or max(limits) > COUNTABLE:
        for name, limit in zip(LIMITS, limits, strict=True):
            _check(name, limit)
    for ask in asks:
        _check("notional_e6", ask.notional_e6, least=1)
        words += (ask.key, ask.notional_e6, 1 if ask.source is Source.COPY else 0)
    return words


def _check(name: str, value: int, least: int = 0) -> None:
    if not least <= value <= COUNTABLE:
        raise InputError("E-ARG", field=name, value=value, limit=f"{least} to {COUNTABLE}")


def _other_than_granted(answer: int | list[int], policy: Policy) -> Grant:
    if not isinstance(answer, list):
        return _KNOWN
    threes = zip(answer[::3], answer[1::3], answer[2::3], strict=True)
    return Grant(
        tuple(
            Excess(RULES[rule - 1], value, getattr(policy, LIMITS[rule - 1]), resets_us * _US)
            for rule, value, resets_us in threes
        )
    )
