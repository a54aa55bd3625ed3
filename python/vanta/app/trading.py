"""Wires the engine: books, executor, ledger, stops, fan-out, recovery."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol

from vanta import logs
from vanta._core import Quote, RiskBook
from vanta.app.restored import Restored
from vanta.app.stores import Stores
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, CrashPoint, Quotes
from vanta.domain.position import Position
from vanta.domain.system import STOP_FILE, Stop
from vanta.engine.account import AccountBook
from vanta.engine.admission import Admission
from vanta.engine.booked import Booked
from vanta.engine.canary import Canary, canary_of
from vanta.engine.engine import Engine
from vanta.engine.ledger import Ledger
from vanta.engine.ledger import Stores as LedgerStores
from vanta.engine.limits import LimitsInForce
from vanta.engine.mode import Modes
from vanta.engine.notices import FailoverNotice
from vanta.engine.permits import Permits
from vanta.engine.rates import OpenCounters, Rates
from vanta.engine.recover import BusyExecutor, Gate, Recovery
from vanta.engine.signals import FanOut
from vanta.engine.switches import Switches
from vanta.engine.triggers import ArmedTriggers, TriggerDesk
from vanta.metrics import Metrics
from vanta.settings import Settings
from vanta.store.highwater import FILE_NAME, HighWater
from vanta.supervise import SILENT_AFTER_S, Supervisor
from vanta.venues.paper.executor import PaperExecutor
from vanta.venues.paper.liquidator import Liquidator

_log = logs.get(__name__)


class LiveQuotes(Quotes, Protocol):
    """Quotes that tell when they change."""

    def subscribe(self, listener: Callable[[Sequence[Quote]], None]) -> None: ...


class Trading:
    """Everything between an intent or a quote and a position.

    quotes ─┬─► account book (marks)
            ├─► liquidator   } the venue hears a quote
            └─► trigger desk } before the stops do
    intent ─► engine ─► executor ─► ledger ─► listeners

    `executor` takes the place of the paper venue; `live_venues` are the executors that really send.
    """

    EXECUTOR: Final = "executor.paper"  # its task

    def __init__(
        self,
        *,
        settings: Settings,
        stores: Stores,
        catalogue: Catalogue,
        quotes: LiveQuotes,
        clock: Clock,
        clock_suspect: Callable[[], bool],
        metrics: Metrics,
        redis_healthy: Callable[[], Awaitable[bool]],
        counters: OpenCounters,
        may_trade: Callable[[], bool],
        crash: CrashPoint,
        executor: BusyExecutor | None = None,
        live_venues: Collection[str] = (),
    ) -> None:
        self.crash = crash
        self._may_trade = may_trade
        open_max_age_ns = settings.signal_redrive_max_age_s * 10**9
        self.switches = Switches(
            controls=stores.controls,
            audit=stores.audit,
            pool=stores.pool,
            clock=clock,
            metrics=metrics,
            stop_file=settings.home / STOP_FILE,
            environment=Stop(settings.stop or Stop.NONE),
        )
        self.modes = Modes(
            switches=self.switches,
            redis_healthy=redis_healthy,
            clock_suspect=clock_suspect,
            metrics=metrics,
            tell=FailoverNotice(stores.outbox, clock).tell,
            live_venues=live_venues,
        )
        self.book = AccountBook(
            risk=RiskBook(),
            catalogue=catalogue,
            users=stores.users,
            accounts=stores.accounts,
            limits=LimitsInForce(
                policies=stores.policies, ceilings=stores.ceilings, fixed=settings.ceilings
            ),
            positions=stores.positions,
            orders=stores.orders,
            day_pnl=stores.day_pnl,
            clock=clock,
            metrics=metrics,
            cool_off_ns=settings.breaker_cool_off_s * 10**9,
        )
        self.canary = _canary(settings, catalogue)
        self.permits = Permits(
            switches=self.switches,
            modes=self.modes,
            clock_suspect=clock_suspect,
            user=self.book.user,
            clock=clock,
            canary=self.canary,
        )
        self.triggers = ArmedTriggers()
        self.ledger = Ledger(
            stores=LedgerStores(
                pool=stores.pool,
                orders=stores.orders,
                fills=stores.fills,
                positions=stores.positions,
                accounts=stores.accounts,
                triggers=stores.triggers,
                day_pnl=stores.day_pnl,
                outbox=stores.outbox,
            ),
            book=self.book,
            triggers=self.triggers,
            catalogue=catalogue,
            clock=clock,
            crash=crash,
            metrics=metrics,
        )
        self.paper = PaperExecutor(
            orders=stores.orders,
            position=self.book.position,
            quotes=quotes,
            catalogue=catalogue,
            clock=clock,
            crash=crash,
            sink=self.ledger.apply,
            open_max_age_ns=open_max_age_ns,
            before_send=self.permits.before_send,
        )
        metrics.watch_queue("executor", self.paper.queue.qsize, self.paper.queue.age_s)
        self.executor: BusyExecutor = executor or self.paper
        self.gate = Gate()
        self.rates = Rates(counters=counters, book=self.book, health=self.modes)
        self.engine = Engine(
            admission=Admission(
                book=self.book,
                quotes=quotes,
                catalogue=catalogue,
                clock=clock,
                permits=self.permits,
                is_ready=self.takes_risk,
            ),
            rates=self.rates,
            book=self.book,
            triggers=self.triggers,
            orders=stores.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=quotes,
            clock=clock,
            crash=crash,
            metrics=metrics,
            stops_held=self.permits.holds_stops,
        )
        self.desk = TriggerDesk(
            triggers=self.triggers,
            store=stores.triggers,
            pool=stores.pool,
            book=self.book,
            submit=self.engine.submit,
            clock=clock,
            metrics=metrics,
            held=self.permits.holds_stops,
        )
        self.liquidator = Liquidator(submit=self.engine.submit)
        self.fanout = FanOut(
            desk=self.engine,
            signals=stores.signals,
            providers=stores.providers,
            orders=stores.orders,
            fills=stores.fills,
            book=self.book,
            catalogue=catalogue,
            clock=clock,
            metrics=metrics,
            redrive_max_age_ns=open_max_age_ns,
            quotes=quotes,
            in_flight=self.ledger.in_flight,
            is_ready=lambda: self.takes_risk() and not self.permits.holds_signals(),
            wished=self.permits.wished,
        )
        self.recovery = Recovery(
            gate=self.gate,
            book=self.book,
            desk=self.desk,
            orders=stores.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=quotes,
            clock=clock,
            open_max_age_ns=open_max_age_ns,
        )
        self.ledger.listen(self.rates.booked)
        self.restored = Restored(
            path=settings.home / FILE_NAME,
            store=HighWater(stores.pool),
            switches=self.switches,
            clock=clock,
        )
        self.ledger.listen(self.restored.booked)
        self.ledger.listen(self.desk.booked)
        self.ledger.listen(self.fanout.booked)
        self.ledger.listen(self._tell_liquidator)
        for listener in (self.book.on_quotes, self.liquidator.on_quotes, self.desk.on_quotes):
            quotes.subscribe(listener)

    def _tell_liquidator(self, change: Booked) -> None:
        position: Position | None = change.position
        if position is not None:
            self.liquidator.position_changed(position)

    async def start(self) -> None:
        """Load everything, arm the stops, deliver unfinished orders again; then take opens."""
        await self.switches.reread()
        await self.restored.check()
        await self.modes.read()
        await self.recovery.start()
        self.liquidator.load(self.book.open_positions())

    def takes_risk(self) -> bool:
        """Tell whether new positions may be taken: started, and this database's only engine."""
        return self.gate.is_open() and self._may_trade()

    async def drain(self, within_s: float) -> None:
        """Stop taking opens and let orders under way come to their end."""
        self.gate.shut()
        try:
            async with asyncio.timeout(within_s):
                while self.ledger.in_flight():  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _log.warning("drain.unfinished", orders=len(self.ledger.in_flight()))
        await self.restored.keep()

    def add_roles(self, supervisor: Supervisor) -> None:
        """Put every long-lived task of the engine under supervision."""
        # A position is closed by these: they are never far from their next start.
        for name, run in (
            ("engine", self.engine.run),
            (self.EXECUTOR, self.paper.run),
            ("liquidator", self.liquidator.run),
            ("triggers", self.desk.run),
            ("triggers.watch", self.desk.watch_over),
            ("recovery", self.recovery.run),
        ):
            supervisor.add(name, run, silent_after_s=SILENT_AFTER_S, essential=True)
        for name, run in (
            ("accounts", self.book.run),
            ("high_water", self.restored.run),
            ("signals", self.fanout.run),
            ("signals.sweep", self.fanout.sweep),
            ("mode", self.modes.run),
            ("switches", self.switches.run),
        ):
            supervisor.add(name, run, silent_after_s=SILENT_AFTER_S)


def _canary(settings: Settings, catalogue: Catalogue) -> Canary | None:
    if not settings.canary:
        return None
    return canary_of(
        collateral_e6=settings.canary_collateral_e6,
        leverage_e10=settings.canary_leverage_e10,
        markets=settings.canary_markets,
        users=settings.canary_users,
        catalogue=catalogue,
    )
