"""Switches, modes and permits on a real database, without the rest of an engine."""

from pathlib import Path

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import NO_HOME, Health
from vanta.domain.enums import Mode
from vanta.domain.system import Stop, SystemState
from vanta.engine.clockwatch import STEADY_NS, ClockWatch
from vanta.engine.mode import HEALTHY_READS, Modes
from vanta.engine.switches import MODE, Edit, Switches
from vanta.metrics import Metrics
from vanta.store.audit import Audit
from vanta.store.controls import Controls
from vanta.store.pool import Pool


class SwitchBoard:
    """One process's switches and mode."""

    def __init__(
        self,
        pool: Pool,
        clock: ManualClock,
        *,
        stop_file: Path = NO_HOME / "STOP",
        environment: Stop = Stop.NONE,
        live_venues: tuple[str, ...] = (),
        controls: Controls | None = None,
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.metrics = Metrics()
        self.controls = controls or Controls(pool)
        self.redis = Health()
        self.told: list[str] = []
        self.watch = ClockWatch(clock=clock, metrics=self.metrics, on_change=lambda _: None)
        self.switches = Switches(
            controls=self.controls,
            audit=Audit(pool),
            pool=pool,
            clock=clock,
            metrics=self.metrics,
            stop_file=stop_file,
            environment=environment,
        )
        self.modes = Modes(
            switches=self.switches,
            redis_healthy=self.redis,
            clock_suspect=self.watch.suspect,
            metrics=self.metrics,
            tell=self._tell,
            live_venues=live_venues,
        )

    async def _tell(self, why: str) -> None:
        self.told.append(why)

    @property
    def state(self) -> SystemState:
        return self.switches.state

    async def set(self, edit: Edit) -> bool:
        return await self.switches.apply(edit, "user:1", action="test", trace_id="trace")

    async def go_live(self) -> None:
        """Bring everything to LIVE that can be."""
        await self.controls.set({MODE: Mode.LIVE.value}, "user:1", self.clock.now_ns())
        await self.switches.reread()
        self.clock.advance(STEADY_NS)
        for _ in range(HEALTHY_READS):
            await self.modes.read()

    def metric(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)
