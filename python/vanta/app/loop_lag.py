"""How late the event loop wakes up: whatever blocks it keeps stops from firing."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from vanta import logs
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.supervise import beat

_log = logs.get(__name__)

EVERY_NS: Final = 500_000_000
SHOWN_NS: Final = 15 * 10**9
"""The gauge is the worst of so long: a scrape each few seconds misses no short block."""
TOLD_NS: Final = 1_000_000_000


class LoopLag:
    """Sleeps again and again, and measures how much longer than asked for it took."""

    def __init__(
        self,
        *,
        clock: Clock,
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._gauge = metrics.event_loop_lag_seconds
        self._sleep = sleep
        self._seen: deque[tuple[int, int]] = deque()  # (when, how late), the worst first

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            due_ns = self._clock.mono_ns() + EVERY_NS
            await self._sleep(EVERY_NS / 1e9)
            beat()
            now_ns = self._clock.mono_ns()
            late_ns = max(0, now_ns - due_ns)
            if late_ns >= TOLD_NS:
                _log.warning("loop.blocked", seconds=round(late_ns / 1e9, 1))
            while self._seen and self._seen[-1][1] <= late_ns:
                self._seen.pop()
            self._seen.append((now_ns, late_ns))
            while self._seen[0][0] <= now_ns - SHOWN_NS:
                self._seen.popleft()
            self._gauge.set(self._seen[0][1] / 1e9)
