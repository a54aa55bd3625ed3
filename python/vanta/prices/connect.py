"""One policy for staying connected, shared by every source.

Waits between attempts follow full-jitter exponential backoff, and never more than ten attempts
start in ten seconds, whatever the server does: public endpoints ban those who hammer. Silence is
watched per feed and not per connection, because servers drop single feeds from a live stream.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp

from vanta import logs
from vanta.domain.errors import echo
from vanta.domain.ports import Clock
from vanta.prices.pace import Sleep

_log = logs.get(__name__)

SessionFactory = Callable[[], aiohttp.ClientSession]

FIRST_S: Final = 0.5
CEILING_S: Final = 30.0
BUDGET: Final = 10
BUDGET_NS: Final = 10_000_000_000
SILENCE_FACTOR: Final = 3
MAX_PATIENCE: Final = 64
MAX_MESSAGE: Final = 1 << 20
HANDSHAKE_S: Final = 10.0
GARBAGE_LIMIT: Final = 50  # malformed messages in a row that make a connection not worth keeping


class LostError(Exception):
    """The connection is of no more use; the text says why, the rest says when to come back."""

    def __init__(self, why: str, *, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class BadMessageError(ValueError):
    """A message that cannot be understood; counted, logged once per streak, survived."""


class Backoff:
    """When the next attempt may start."""

    def __init__(self, *, rng: random.Random, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._rng = rng
        self._clock = clock
        self._sleep = sleep
        self._started: deque[int] = deque(maxlen=BUDGET)
        self.failures = 0

    async def turn(self, at_least_s: float = 0.0) -> None:
        """Wait for the next attempt's turn and count it against the budget."""
        wait_s = at_least_s
        if self.failures:
            ceiling = min(CEILING_S, FIRST_S * 2.0 ** min(self.failures - 1, 16))
            wait_s += self._rng.uniform(0.0, ceiling)
        if wait_s > 0:
            await self._sleep(wait_s)
        if len(self._started) == BUDGET:
            rest_ns = self._started[0] + BUDGET_NS - self._clock.mono_ns()
            if rest_ns > 0:
                await self._sleep(rest_ns / 1e9)
        self._started.append(self._clock.mono_ns())
        self.failures += 1

    def succeeded(self) -> None:
        """Forget the failures: a real message came through, a mere handshake does not count."""
        self.failures = 0


class Watchdog:
    """Knows which feeds have been silent for three times their expected interval."""

    def __init__(self, clock: Clock, expected_ns: Mapping[str, int]) -> None:
        self._clock = clock
        self._expected = dict(expected_ns)
        self._heard = dict.fromkeys(expected_ns, clock.mono_ns())
        self._patience = dict.fromkeys(expected_ns, SILENCE_FACTOR)

    @property
    def check_s(self) -> float:
        """How often to look, seconds."""
        return min(5.0, max(0.5, min(self._expected.values(), default=10**10) / 1e9))

    def restart(self) -> None:
        """Begin the wait anew after a reconnect."""
        self._heard = dict.fromkeys(self._expected, self._clock.mono_ns())

    def heard(self, feed: str) -> None:
        """Note that a feed spoke."""
        if feed in self._heard:
            self._heard[feed] = self._clock.mono_ns()
            self._patience[feed] = SILENCE_FACTOR

    def silent(self) -> list[str]:
        """Return the silent feeds, and bear with each of them twice as long the next time.

        Otherwise one feed that is gone for good would cut the others off for ever.
        """
        now = self._clock.mono_ns()
        found = [
            feed
            for feed, at in self._heard.items()
            if now - at > self._expected[feed] * self._patience[feed]
        ]
        for feed in found:
            self._patience[feed] = min(self._patience[feed] * 2, MAX_PATIENCE)
        return found


class Link:
    """Keeps one stream alive: attempts, backoff, watchdog, and what is counted on the way."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        rng: random.Random,
        expected_ns: Mapping[str, int],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self.losses = 0
        self.malformed = 0
        self._streak = 0
        self._sleep = sleep
        self._backoff = Backoff(rng=rng, clock=clock, sleep=sleep)
        self._watchdog = Watchdog(clock, expected_ns)

    async def keep(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Run `attempt` for ever, each time it is lost. Bugs are not caught."""
        wait_s = 0.0
        while True:
            await self._backoff.turn(wait_s)
            wait_s = 0.0
            self._watchdog.restart()
            self._streak = 0
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._guard(), name=f"{self.name}.guard")
                    await attempt()
                    _ended()
            except* (LostError, aiohttp.ClientError, OSError, TimeoutError) as group_error:
                error = _first(group_error)
                wait_s = error.wait_s if isinstance(error, LostError) else 0.0
                self.losses += 1
                _log.warning(
                    "source.lost",
                    source=self.name,
                    reason=f"{type(error).__name__}: {echo(str(error))}",
                    failures=self._backoff.failures,
                )
            # A group that fails while its task is being cancelled reports only the failure (before
            # Python 3.13); without this look a shutdown in that moment would be forgotten.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError

    def heard(self, feed: str) -> None:
        """Note a good message of `feed`."""
        self._watchdog.heard(feed)
        self._backoff.succeeded()
        self._streak = 0

    def bad(self, error: Exception) -> None:
        """Count a malformed message; raises `LostError` when nothing else comes any more."""
        self.malformed += 1
        self._streak += 1
        if self._streak == 1:
            _log.warning("source.malformed", source=self.name, reason=echo(str(error)))
        if self._streak >= GARBAGE_LIMIT:
            raise LostError(f"{GARBAGE_LIMIT} malformed messages in a row")

    async def _guard(self) -> None:
        while True:
            await self._sleep(self._watchdog.check_s)
            if silent := self._watchdog.silent():
                _log.warning("source.silent", source=self.name, feeds=silent)
                raise LostError("silent: " + ", ".join(silent))


async def read_websocket(
    session: aiohttp.ClientSession,
    url: str,
    hello: list[str],
    on_text: Callable[[str], None],
    *,
    max_message: int = MAX_MESSAGE,
) -> None:
    """Connect, say `hello`, pass every text frame on; raises `LostError` when it is over.

    A frame above `max_message` bytes ends the connection before it is held in memory.
    """
    async with asyncio.timeout(HANDSHAKE_S):
        ws = await session.ws_connect(url, max_msg_size=max_message, heartbeat=20.0)
    async with ws:
        for frame in hello:
            await ws.send_str(frame)
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                on_text(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                # None of our exchanges sends these; whatever it is, it is counted like any message.
                on_text(message.data.decode("utf-8", "replace"))
            elif message.type is aiohttp.WSMsgType.ERROR:
                raise LostError(f"websocket error: {message.data}")
    raise LostError(f"closed by server, code {ws.close_code}")


def _ended() -> None:
    raise LostError("ended")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
