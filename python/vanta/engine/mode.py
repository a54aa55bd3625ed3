"""Mode: the most restrictive of system, person, copy link, health and what can send at all.

One failed read of Redis sends the health to DRY at once; three good reads in a row bring it back.
Anything unknown is DRY.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Final

from vanta import logs
from vanta.domain.enums import Mode
from vanta.domain.system import Stop, mode_of
from vanta.engine.switches import Switches
from vanta.metrics import Metrics
from vanta.supervise import beat

_log = logs.get(__name__)

HEALTHY_READS: Final = 3
READ_EVERY_S: Final = 1.0
NO_VENUE: Final = "because this build only simulates"

Tell = Callable[[str], Awaitable[None]]
"""Tell the operators why LIVE became DRY."""


class Modes:
    """Answers what a wish for a mode comes to; never waits.

    `live_venues` names the executors that really send; without one nothing is ever LIVE.
    """

    def __init__(
        self,
        *,
        switches: Switches,
        redis_healthy: Callable[[], Awaitable[bool]],
        clock_suspect: Callable[[], bool],
        metrics: Metrics,
        tell: Tell,
        live_venues: Collection[str] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._switches = switches
        self._redis_healthy = redis_healthy
        self._clock_suspect = clock_suspect
        self._metrics = metrics
        self._tell = tell
        self._live_venues = frozenset(live_venues)
        self._sleep = sleep
        self._good_reads = 0
        self._was_live = False
        self._untold = ""

    def effective(self, wanted: Mode, user: str, link: str | None = None) -> tuple[Mode, str]:
        """Return the effective mode and, when it is not the wanted one, why.

        `user` and `link` are the wishes of the person and of the copy link, as stored; a link of
        None is no link.
        """
        if wanted is not Mode.LIVE:
            return Mode.DRY, ""
        why = next(self._against(user, link), "")
        return (Mode.DRY, why) if why else (Mode.LIVE, "")

    def wished(self, user: str, link: str | None = None) -> Mode:
        """Return what an order asks for that nobody types: LIVE when person and link wish it.

        A build that only simulates is never asked for LIVE. Whether LIVE may be now is another
        question: an order that asks for it is refused then, and not simulated instead.
        """
        both = mode_of(user) is Mode.LIVE and (link is None or mode_of(link) is Mode.LIVE)
        return Mode.LIVE if both and self.can_send else Mode.DRY

    @property
    def can_send(self) -> bool:
        """Tell whether this build has a venue that LIVE orders could go to."""
        return bool(self._live_venues)

    def system(self) -> tuple[Mode, str]:
        """Return what the whole system comes to, whatever single people wish, and why."""
        return self.effective(Mode.LIVE, Mode.LIVE.value)

    def against(self, user: str, link: str | None = None) -> list[str]:
        """Return everything that stands between a wish and LIVE, in words."""
        return list(self._against(user, link))

    def _against(self, user: str, link: str | None) -> Iterator[str]:
        if self._good_reads < HEALTHY_READS:
            yield f"because Redis is not healthy ({self._good_reads} of {HEALTHY_READS})"
        if self._clock_suspect():
            yield "because this machine's clock is in doubt"
        state = self._switches.state
        if not self._switches.readable:
            yield "because the operator's setting cannot be read"
        elif state.stop is not Stop.NONE:
            yield "because the operator has stopped trading"
        elif state.mode is not Mode.LIVE:
            yield "by the operator's setting"
        if mode_of(user) is not Mode.LIVE:
            yield "by your own setting"
        if link is not None and mode_of(link) is not Mode.LIVE:
            yield "by the setting of this copy link"
        if not self._live_venues:
            yield NO_VENUE

    # --- health -----------------------------------------------------------------------------------

    def redis_ok(self) -> bool:
        """Tell whether Redis has been healthy for long enough."""
        return self._good_reads >= HEALTHY_READS

    def redis_failed(self) -> None:
        """Hear that Redis failed somebody else: as good as a bad read of our own."""
        self._good_reads = 0

    async def run(self) -> None:
        """Read the health for ever."""
        while True:
            beat()
            await self.read()
            await self._sleep(READ_EVERY_S)

    async def read(self) -> None:
        """Read the health once, and tell when LIVE fell to DRY."""
        healthy = await self._redis_healthy()
        if not healthy and self._good_reads:
            _log.warning("mode.redis_lost")
        self._good_reads = min(self._good_reads + 1, HEALTHY_READS) if healthy else 0
        self._metrics.redis_healthy.set(1 if healthy else 0)
        mode, why = self.system()
        is_live = mode is Mode.LIVE
        # What an operator has asked for is no failover.
        if self._was_live and not is_live and self._switches.wants_live:
            self._metrics.failovers.inc()
            _log.error("mode.failover", why=why)
            self._untold = why
        self._was_live = is_live
        self._metrics.mode_live.set(1 if is_live else 0)
        await self._tell_operators()

    async def _tell_operators(self) -> None:
        why, self._untold = self._untold, ""
        if not why:
            return
        try:
            await self._tell(why)
        except Exception as error:
            self._untold = why  # with the next read
            _log.warning("mode.failover_not_told", error=type(error).__name__)
