"""Play something recorded or invented in real time: offsets become moments of the wall clock.

The price book judges freshness by publish times against the wall clock, so whatever is played
must be stamped as if it happened now. Offsets from the first event are kept exactly (divided by
the speed); only the origin moves, and only when the process was held up or the wall clock was set.
"""

import asyncio
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Final

from vanta.domain.ports import Clock

Sleep = Callable[[float], Awaitable[object]]

# Beyond this the market is taken to have paused with us; without it a suspended laptop would
# replay minutes of old ticks in one burst, every one of them stale.
REBASE_NS: Final = 500_000_000


class Pacer:
    """Waits for offsets (ns from the first event) at `speed` and stamps them with wall time."""

    def __init__(
        self, clock: Clock, *, speed: Fraction = Fraction(1), sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._num = speed.numerator
        self._den = speed.denominator
        self._mono0: int | None = None
        self._wall0 = 0

    def scaled(self, ns: int) -> int:
        """Duration `ns` of the recording as played, rounded down."""
        return ns * self._den // self._num

    async def until(self, offset_ns: int) -> None:
        """Wait until `offset_ns` is due; the first call sets the origin and returns at once."""
        due = self.scaled(offset_ns)
        mono = self._clock.mono_ns()
        if self._mono0 is None:
            self._mono0 = mono - due
            self._wall0 = self._clock.now_ns() - due
            return
        if (wait := self._mono0 + due - mono) > 0:
            await self._sleep(wait / 1e9)
            mono = self._clock.mono_ns()
        if (late := mono - self._mono0 - due) > REBASE_NS:
            self._mono0 += late
        wall = self._clock.now_ns()
        if abs(wall - self._wall0 - (mono - self._mono0)) > REBASE_NS:
            self._wall0 = wall - (mono - self._mono0)

    def stamp(self, offset_ns: int) -> int:
        """Wall time of `offset_ns`, Unix nanoseconds."""
        return self._wall0 + self.scaled(offset_ns)
