"""Wires the engine: books, executor, ledger, stops, fan-out, recovery."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from vanta import logs
from vanta._core import AggregateConfig, PriceBook, RiskBook
from vanta.app.restored import Restored
from vanta.crashpoints import CrashPoints
from vanta.domain.enums import OPENING, Quality
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, Envelope
from vanta.domain.position import Position
from vanta.domain.sources import SourceNames
from vanta.domain.system import STOP_FILE, Stop
from vanta.engine.account import AccountBook
from vanta.engine.admission import Admission
from vanta.engine.booked import Booked
from vanta.engine.canary import Canary, canary_of
from vanta.engine.clockwatch import ClockWatch
from vanta.engine.engine import Engine
from vanta.engine.feed import Cache, Feed
from vanta.engine.ledger import Ledger
from vanta.engine.ledger import Stores as LedgerStores
from vanta.engine.limits import LimitsInForce
from vanta.engine.mode import Modes
from vanta.engine.notices import FailoverNotice
from vanta.engine.permits import Permits
from vanta.engine.rates import Rates
from vanta.engine.recover import Gate, Recovery
from vanta.engine.signals import FanOut
from vanta.engine.switches import Switches
from vanta.engine.triggers import ArmedTriggers, TriggerDesk
from vanta.metrics import Metrics
from vanta.settings import Settings
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.ceilings import Ceilings, PendingLimits
from vanta.store.controls import Controls
from vanta.store.counters import Counters
from vanta.store.day_pnl import DayPnl
from vanta.store.fills import Fills
from vanta.store.highwater import FILE_NAME, HighWater
from vanta.store.orders import Orders
from vanta.store.outbox import Outbox
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.providers import Providers
from vanta.store.signals import Signals
from vanta.store.tickets import Tickets
from vanta.store.triggers import Triggers
from vanta.store.users import Users
from vanta.supervise import SILENT_AFTER_S, Supervisor
from vanta.venues.paper.executor import PaperExecutor
from vanta.venues.paper.liquidator import Liquidator

_log = logs.get(__name__)


class Stores:
    """One of each aggregate, on one pool."""

    def __init__(self, pool: Pool, envelope: Envelope) -> None:
        self.pool = pool
        self.envelope = envelope
        self.users = Users(pool)
        self.accounts = Accounts(pool)
        self.policies = Policies(pool)
        self.providers = Providers(pool, envelope)
        self.ceilings = Ceilings(pool)
        self.pending_limits = PendingLimits(pool)
        self.signals = Signals(pool)
        self.orders = Orders(pool)
        self.fills = Fills(pool)
        self.positions = Positions(pool)
        self.triggers = Triggers(pool)
        self.day_pnl = DayPnl(pool)
        self.tickets = Tickets(pool)
        self.outbox = Outbox(pool)
        self.controls = Controls(pool)
        self.audit = Audit(pool)


class Trading:
    """Everything between an intent or a tick and a position.

    ticks ─► feed ─► quotes ─┬─► account book (marks)
                             ├─► liquidator   } the venue hears a quote
                             └─► trigger desk } before the stops do
    intent ─► engine ─► paper executor ─► ledger ─► listeners
    """

    EXECUTOR: Final = "executor.paper"  # its task

    def __init__(
        self,
        *,
        settings: Settings,
        stores: Stores,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
        redis_healthy: Callable[[], Awaitable[bool]],
        counters: Counters,
        may_trade: Callable[[], bool],
        cache: Cache,
    ) -> None:
        self.crash = CrashPoints(settings.crash_point, settings.crash_hit)
        self.names = SourceNames()
        self._may_trade = may_trade
        open_max_age_ns = settings.signal_redrive_max_age_s * 10**9
        self.feed = Feed(
            book=PriceBook(AggregateConfig()),
            catalogue=catalogue,
            names=self.names,
            clock=clock,
            metrics=metrics,
            cache=cache,
        )
        self.clock_watch = ClockWatch(clock=clock, metrics=metrics, on_change=self.feed.doubt_clock)
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
            clock_suspect=self.clock_watch.suspect,
            metrics=metrics,
            tell=FailoverNotice(stores.outbox, clock).tell,
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
            clock_suspect=self.clock_watch.suspect,
            user=self.book.user,
            clock=clock,
            canary=self.canary,
        )
        triggers = ArmedTriggers()
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
            triggers=triggers,
            catalogue=catalogue,
            clock=clock,
            crash=self.crash,
            metrics=metrics,
        )
        self.executor = PaperExecutor(
            orders=stores.orders,
            position=self.book.position,
            quotes=self.feed,
            catalogue=catalogue,
            clock=clock,
            crash=self.crash,
            sink=self.ledger.apply,
            open_max_age_ns=open_max_age_ns,
            before_send=self.permits.before_send,
        )
        metrics.watch_queue("executor", self.executor.queue.qsize, self.executor.queue.age_s)
        self.gate = Gate()
        self.counters = counters
        rates = Rates(counters=counters, book=self.book, health=self.modes)
        self.engine = Engine(
            admission=Admission(
                book=self.book,
                quotes=self.feed,
                catalogue=catalogue,
                clock=clock,
                permits=self.permits,
                is_ready=self.takes_risk,
            ),
            rates=rates,
            book=self.book,
            triggers=triggers,
            orders=stores.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=self.feed,
            clock=clock,
            crash=self.crash,
            metrics=metrics,
            stops_held=self.permits.holds_stops,
        )
        self.desk = TriggerDesk(
            triggers=triggers,
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
            quotes=self.feed,
            in_flight=self.ledger.in_flight,
            is_ready=lambda: self.takes_risk() and not self.permits.holds_signals(),
            wished=self.permits.wished,
        )
        self._recovery = Recovery(
            gate=self.gate,
            book=self.book,
            desk=self.desk,
            orders=stores.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=self.feed,
            clock=clock,
            open_max_age_ns=open_max_age_ns,
        )
        self.ledger.listen(rates.booked)
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
            self.feed.subscribe(listener)

    def _tell_liquidator(self, change: Booked) -> None:
        position: Position | None = change.position
        if position is not None:
            self.liquidator.position_changed(position)

    async def start(self) -> None:
        """Load everything, arm the stops, deliver unfinished orders again; then take opens."""
        await self.switches.reread()
        await self.restored.check()
        await self.modes.read()
        await self._recovery.start()
        self.liquidator.load(self.book.open_positions())

    def takes_risk(self) -> bool:
        """Tell whether new positions may be taken: started, and this database's only engine."""
        return self.gate.is_open() and self._may_trade()

    def has_prices(self, market_ixs: Collection[int]) -> bool:
        """Tell whether each of these markets has a price good enough to open on."""
        return all(Quality(self.feed.quote(ix).quality) in OPENING for ix in market_ixs)

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
            ("feed", self.feed.run),
            ("engine", self.engine.run),
            (self.EXECUTOR, self.executor.run),
            ("liquidator", self.liquidator.run),
            ("triggers", self.desk.run),
            ("triggers.watch", self.desk.watch_over),
            ("recovery", self._recovery.run),
        ):
            supervisor.add(name, run, silent_after_s=SILENT_AFTER_S, essential=True)
        for name, run in (
            ("accounts", self.book.run),
            ("high_water", self.restored.run),
            ("signals", self.fanout.run),
            ("signals.sweep", self.fanout.sweep),
            ("mode", self.modes.run),
            ("switches", self.switches.run),
            ("clock", self.clock_watch.run),
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
