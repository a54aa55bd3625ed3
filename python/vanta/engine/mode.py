"""Mode: the most restrictive of what the system, the wish and the health allow.

One failed read of Redis sends the health to DRY at once; three good reads in a row bring it back.
Anything unknown is DRY.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from vanta import logs
from vanta.domain.enums import Mode
from vanta.metrics import Metrics
from vanta.store.controls import Controls

_log = logs.get(__name__)

CONTROL: Final = "mode"
HEALTHY_READS: Final = 3
READ_EVERY_S: Final = 1.0


class Modes:
    """Answers what a wish for a mode comes to; never waits."""

    def __init__(
        self,
        *,
        controls: Controls,
        redis_healthy: Callable[[], Awaitable[bool]],
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._controls = controls
        self._redis_healthy = redis_healthy
        self._metrics = metrics
        self._sleep = sleep
        self._system = Mode.DRY
        self._good_reads = 0

    def effective(self, wanted: Mode) -> tuple[Mode, str]:
        """Return the effective mode and, when it is not the wanted one, why."""
        if wanted is not Mode.LIVE:
            return Mode.DRY, ""
        if self._good_reads < HEALTHY_READS:
            why = f"because Redis is not healthy ({self._good_reads} of {HEALTHY_READS})"
            return Mode.DRY, why
        if self._system is not Mode.LIVE:
            return Mode.DRY, "by the operator's setting"
        # No executor of this build sends anything.
        return Mode.DRY, "because this build only simulates"

    async def run(self) -> None:
        """Read health and setting for ever."""
        while True:
            await self.read()
            await self._sleep(READ_EVERY_S)

    async def read(self) -> None:
        """Read health and setting once."""
        healthy = await self._redis_healthy()
        if not healthy and self._good_reads:
            _log.warning("mode.redis_lost")
        self._good_reads = min(self._good_reads + 1, HEALTHY_READS) if healthy else 0
        self._metrics.redis_healthy.set(1 if healthy else 0)
        try:
            said = await self._controls.get(CONTROL)
        except Exception:
            # No answer is no permission.
            self._system = Mode.DRY
            raise
        self._system = Mode.LIVE if said == Mode.LIVE.value else Mode.DRY
