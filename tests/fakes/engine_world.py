"""A whole engine with the paper venue over a real database, wired as the application wires it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.clock import ManualClock
from tests.fakes.counters import MemoryCounters
from tests.fakes.envelope import TestEnvelope
from tests.fakes.quotes import FakeQuotes
from vanta import _core
from vanta.domain.enums import Action, Side, Source
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.position import Position
from vanta.domain.units import E6, E10
from vanta.engine.account import AccountBook
from vanta.engine.admission import Admission
from vanta.engine.canary import Canary
from vanta.engine.clockwatch import ClockWatch
from vanta.engine.engine import Engine
from vanta.engine.ledger import Ledger, Stores
from vanta.engine.limits import LimitsInForce
from vanta.engine.mode import Modes
from vanta.engine.permits import Permits
from vanta.engine.rates import OpenCounters, Rates
from vanta.engine.recover import Gate, Recovery
from vanta.engine.signals import FanOut
from vanta.engine.switches import Switches
from vanta.engine.triggers import ArmedTriggers, TriggerDesk
from vanta.metrics import Metrics
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.ceilings import Ceilings
from vanta.store.controls import Controls
from vanta.store.day_pnl import DayPnl
from vanta.store.fills import Fills
from vanta.store.markets import Markets
from vanta.store.orders import Orders
from vanta.store.outbox import Outbox
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.providers import Providers
from vanta.store.signals import Signals
from vanta.store.triggers import Triggers
from vanta.store.users import Users
from vanta.venues.paper.executor import PaperExecutor
from vanta.venues.paper.liquidator import Liquidator

BTC, ETH = 1, 0
OPEN_MAX_AGE_NS = 300 * 10**9
NO_FILE = Path("/no-such-home/STOP")
_refs = itertools.count(1)


def market(ix: int, symbol: str) -> Market:
    return Market(
        ix=ix,
        venue="paper",
        symbol=symbol,
        min_leverage_e10=2 * E10,
        max_leverage_e10=100 * E10,
        min_notional_e6=100 * E6,
        liquidation_threshold_e10=85 * E10 // 100,
        open_fee_e10=6 * E10 // 10_000,
        close_fee_e10=6 * E10 // 10_000,
        spread_e10=E10 // 10_000,
        min_price_e10=E10,
        max_price_e10=10**6 * E10,
    )


CATALOGUE = Catalogue([market(ETH, "ETH/USD"), market(BTC, "BTC/USD")])

# Wide enough that a test about one rule does not meet another.
EASY = Policy(
    max_position_e6=100_000 * E6,
    opens_per_minute=10_000,
    trades_per_day=10_000,
    volume_hour_e6=10**9 * E6,
    volume_day_e6=10**9 * E6,
)


def no_crash(name: str) -> None:
    """A crash point that is not armed."""


class Health:
    """What the read of Redis says."""

    def __init__(self) -> None:
        self.good = True

    async def __call__(self) -> bool:
        return self.good


class CrashError(Exception):
    """Stands for the process being killed: raised once, at a named place."""


class CrashAt:
    """A crash point that goes off once; `hit` tells when it has."""

    def __init__(self, point: str) -> None:
        self._point = point
        self.hit = asyncio.Event()

    def __call__(self, name: str) -> None:
        if name == self._point and not self.hit.is_set():
            self.hit.set()
            raise CrashError(name)


async def make_user(
    pool: Pool, *, cash: int = 10_000, policy: Policy | None = EASY, role: str = "trader"
) -> int:
    """Make a user with cash in whole USDC."""
    await Markets(pool).upsert(list(CATALOGUE))
    user = await Users(pool).create("somebody", role, now_ns=1)
    await Accounts(pool).open(user.id, cash * E6)
    if policy is not None:
        await Policies(pool).set(user.id, policy, 1, "test")
    return user.id


@dataclass
class World:
    """One process over one database."""

    pool: Pool
    clock: ManualClock
    quotes: FakeQuotes
    crash: Callable[[str], None] = no_crash
    executor: Any = None
    metrics: Metrics = field(default_factory=Metrics)
    stop_file: Path = NO_FILE
    live_venues: tuple[str, ...] = ()
    canary: Canary | None = None
    counters: OpenCounters = field(default_factory=MemoryCounters)
    redis: Any = field(default_factory=Health)  # what a read of it says

    def __post_init__(self) -> None:
        pool, clock, metrics = self.pool, self.clock, self.metrics
        self.orders = Orders(pool)
        self.fills = Fills(pool)
        self.positions = Positions(pool)
        self.accounts = Accounts(pool)
        self.outbox = Outbox(pool)
        self.day_pnl = DayPnl(pool)
        self.signals = Signals(pool)
        self.providers = Providers(pool, TestEnvelope())
        self.trigger_store = Triggers(pool)
        self.book = AccountBook(
            risk=_core.RiskBook(),
            catalogue=CATALOGUE,
            users=Users(pool),
            accounts=self.accounts,
            limits=LimitsInForce(policies=Policies(pool), ceilings=Ceilings(pool)),
            positions=self.positions,
            orders=self.orders,
            day_pnl=self.day_pnl,
            clock=clock,
            metrics=metrics,
        )
        self.triggers = ArmedTriggers()
        self.gate = Gate()
        self.clock_watch = ClockWatch(clock=clock, metrics=metrics, on_change=lambda _: None)
        self.switches = Switches(
            controls=Controls(pool),
            audit=Audit(pool),
            pool=pool,
            clock=clock,
            metrics=metrics,
            stop_file=self.stop_file,
        )
        self.told: list[str] = []
        self.modes = Modes(
            switches=self.switches,
            redis_healthy=self.redis,
            clock_suspect=self.clock_watch.suspect,
            metrics=metrics,
            tell=self._tell_operators,
            live_venues=self.live_venues,
        )
        self.permits = Permits(
            switches=self.switches,
            modes=self.modes,
            clock_suspect=self.clock_watch.suspect,
            user=self.book.user,
            clock=clock,
            canary=self.canary,
        )
        self.ledger = Ledger(
            stores=Stores(
                pool=pool,
                orders=self.orders,
                fills=self.fills,
                positions=self.positions,
                accounts=self.accounts,
                triggers=self.trigger_store,
                day_pnl=self.day_pnl,
                outbox=self.outbox,
            ),
            book=self.book,
            triggers=self.triggers,
            catalogue=CATALOGUE,
            clock=clock,
            crash=self.crash,
            metrics=metrics,
        )
        self.executor = self.executor or PaperExecutor(
            orders=self.orders,
            position=self.book.position,
            quotes=self.quotes,
            catalogue=CATALOGUE,
            clock=clock,
            crash=self.crash,
            sink=self.ledger.apply,
            open_max_age_ns=OPEN_MAX_AGE_NS,
            before_send=self.permits.before_send,
        )
        self.rates = Rates(counters=self.counters, book=self.book, health=self.modes)
        self.engine = Engine(
            admission=Admission(
                book=self.book,
                quotes=self.quotes,
                catalogue=CATALOGUE,
                clock=clock,
                permits=self.permits,
                is_ready=self.gate.is_open,
            ),
            rates=self.rates,
            book=self.book,
            triggers=self.triggers,
            orders=self.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=self.quotes,
            clock=clock,
            crash=self.crash,
            metrics=metrics,
            stops_held=self.permits.holds_stops,
        )
        self.desk = TriggerDesk(
            triggers=self.triggers,
            store=self.trigger_store,
            pool=pool,
            book=self.book,
            submit=self.engine.submit,
            clock=clock,
            metrics=metrics,
            held=self.permits.holds_stops,
        )
        self.liquidator = Liquidator(submit=self.engine.submit)
        self.fanout = FanOut(
            desk=self.engine,
            signals=self.signals,
            providers=self.providers,
            orders=self.orders,
            fills=self.fills,
            book=self.book,
            catalogue=CATALOGUE,
            clock=clock,
            metrics=metrics,
            redrive_max_age_ns=OPEN_MAX_AGE_NS,
            quotes=self.quotes,
            in_flight=self.ledger.in_flight,
            is_ready=lambda: self.gate.is_open() and not self.permits.holds_signals(),
            wished=self.permits.wished,
        )
        self.ledger.listen(self.rates.booked)
        self.ledger.listen(self.desk.booked)
        self.ledger.listen(self.fanout.booked)
        self.ledger.listen(lambda change: self._tell_liquidator(change.position))
        self.recovery = Recovery(
            gate=self.gate,
            book=self.book,
            desk=self.desk,
            orders=self.orders,
            executor=self.executor,
            ledger=self.ledger,
            quotes=self.quotes,
            clock=clock,
            open_max_age_ns=OPEN_MAX_AGE_NS,
        )
        # The venue hears a quote before the stops do.
        self.quotes.listeners[:] = [
            self.book.on_quotes,
            self.liquidator.on_quotes,
            self.desk.on_quotes,
        ]

    async def _tell_operators(self, why: str) -> None:
        self.told.append(why)

    def _tell_liquidator(self, position: Position | None) -> None:
        if position is not None:
            self.liquidator.position_changed(position)

    @asynccontextmanager
    async def running(self, *, start: bool = True) -> AsyncIterator["World"]:
        """Start, run the tasks, stop them at the end: a clean kill."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(run())
                for run in (
                    self.engine.run,
                    getattr(self.executor, "run", asyncio.Event().wait),
                    self.desk.run,
                    self.liquidator.run,
                    self.fanout.run,
                )
            ]
            try:
                await self.switches.reread()
                if start:
                    await self.recovery.start()
                    self.liquidator.load(self.book.open_positions())
                yield self
            finally:
                for task in tasks:
                    task.cancel()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the other tasks run until something holds; the test's time limit is the limit."""
        while not holds():
            await asyncio.sleep(0)

    # --- shorthand ------------------------------------------------------------------------------

    async def done(self, intent: Intent) -> Order:
        """Submit and wait for the end."""
        order = await self.engine.submit(intent)
        return await self.engine.settled(order.id, 10.0)

    async def cash(self, user_id: int) -> int:
        return (await self.accounts.get(user_id)).cash_e6


def open_intent(user_id: int, **fields: Any) -> Intent:
    """Word a long BTC of 100 USDC at 10x."""
    fields.setdefault("ref", f"ref-{next(_refs)}")
    fields.setdefault("side", Side.LONG)
    fields.setdefault("collateral_e6", 100 * E6)
    fields.setdefault("leverage_e10", 10 * E10)
    fields.setdefault("market_ix", BTC)
    fields.setdefault("source", Source.CLI)
    return Intent(user_id=user_id, action=Action.OPEN, trace_id="trace", **fields)


def close_intent(user_id: int, position_id: int, **fields: Any) -> Intent:
    fields.setdefault("ref", f"ref-{next(_refs)}")
    fields.setdefault("market_ix", BTC)
    fields.setdefault("source", Source.CLI)
    return Intent(
        user_id=user_id, action=Action.CLOSE, position_id=position_id, trace_id="trace", **fields
    )


def stops_intent(user_id: int, position_id: int, **fields: Any) -> Intent:
    fields.setdefault("ref", f"ref-{next(_refs)}")
    return Intent(
        user_id=user_id,
        source=Source.CLI,
        action=Action.SET_STOPS,
        position_id=position_id,
        market_ix=BTC,
        trace_id="trace",
        **fields,
    )
