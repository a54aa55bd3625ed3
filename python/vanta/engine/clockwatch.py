"""Clock watch: notices when the wall clock is stepped while monotonic time runs on.

Everything that is dated (prices, signals, tickets, days) leans on the wall clock. After a step
nothing new is opened and no stop fires until the clock has run steadily for a minute; timers go by
monotonic time and do not notice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from vanta import logs
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.supervise import beat

_log = logs.get(__name__)

STEP_NS: Final = 1_000_000_000
STEADY_NS: Final = 60_000_000_000
SLEW: Final = 1_000  # one part in so many is slewing or a smeared leap second, not a step
TORN_NS: Final = 100_000_000  # both clocks are read within this, or the look does not count
LOOK_EVERY_S: Final = 1.0


class ClockWatch:
    """Compares the clocks at each question and each second."""

    def __init__(
        self,
        *,
        clock: Clock,
        metrics: Metrics,
        on_change: Callable[[bool], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._on_change = on_change
        self._sleep = sleep
        self._mono_ns = clock.mono_ns()
        self._offset_ns = clock.now_ns() - self._mono_ns
        self._stepped_ns = self._mono_ns
        self._suspect = False

    def suspect(self) -> bool:
        """Tell whether the wall clock was stepped within the last minute of steady running."""
        mono_ns = self._clock.mono_ns()
        wall_ns = self._clock.now_ns()
        if self._clock.mono_ns() - mono_ns > TORN_NS:
            return self._suspect  # we were paused between the two
        moved_ns = wall_ns - mono_ns - self._offset_ns
        slack_ns = (mono_ns - self._mono_ns) // SLEW
        self._mono_ns = mono_ns
        if abs(moved_ns) > STEP_NS + slack_ns:
            self._offset_ns += moved_ns
            self._stepped_ns = mono_ns
            _log.error("clock.stepped", by_ms=moved_ns // 1_000_000)
            self._set(suspect=True)
        else:
            self._offset_ns += max(-slack_ns, min(moved_ns, slack_ns))
            if self._suspect and mono_ns - self._stepped_ns >= STEADY_NS:
                _log.warning("clock.steady")
                self._set(suspect=False)
        return self._suspect

    async def run(self) -> None:
        """Look each second, for ever."""
        while True:
            beat()
            self.suspect()
            await self._sleep(LOOK_EVERY_S)

    def _set(self, *, suspect: bool) -> None:
        if suspect != self._suspect:
            self._suspect = suspect
            self._metrics.clock_suspect.set(1 if suspect else 0)
            self._on_change(suspect)
