"""A whole engine with the paper venue over a real database, built by the application itself."""

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
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.domain.enums import Action, Side, Source
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.engine.clockwatch import ClockWatch
from vanta.engine.rates import OpenCounters
from vanta.metrics import Metrics
from vanta.settings import load
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.users import Users

BTC, ETH = 1, 0
NO_HOME = Path("/no-such-home")
OPEN_MAX_AGE_NS = 300 * 10**9  # VANTA_SIGNAL_REDRIVE_MAX_AGE_S
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
    """One process over one database: the application's own wiring, on quotes the test makes."""

    pool: Pool
    clock: ManualClock
    quotes: FakeQuotes
    crash: Callable[[str], None] = no_crash
    executor: Any = None  # in place of the paper venue
    metrics: Metrics = field(default_factory=Metrics)
    home: Path = NO_HOME
    live_venues: tuple[str, ...] = ()
    counters: OpenCounters = field(default_factory=MemoryCounters)
    redis: Any = field(default_factory=Health)  # what a read of it says

    def __post_init__(self) -> None:
        self.quotes.listeners.clear()  # of a world before this one
        clock_watch = ClockWatch(
            clock=self.clock, metrics=self.metrics, on_change=lambda _suspect: None
        )
        self.stores = stores = Stores(self.pool, TestEnvelope())
        self.trading = trading = Trading(
            settings=load({"VANTA_HOME": str(self.home)}),
            stores=stores,
            catalogue=CATALOGUE,
            quotes=self.quotes,
            clock=self.clock,
            clock_suspect=clock_watch.suspect,
            metrics=self.metrics,
            redis_healthy=self.redis,
            counters=self.counters,
            may_trade=lambda: True,
            crash=self.crash,
            executor=self.executor,
            live_venues=self.live_venues,
        )
        self.orders = stores.orders
        self.fills = stores.fills
        self.positions = stores.positions
        self.accounts = stores.accounts
        self.outbox = stores.outbox
        self.day_pnl = stores.day_pnl
        self.signals = stores.signals
        self.providers = stores.providers
        self.trigger_store = stores.triggers
        self.book = trading.book
        self.triggers = trading.triggers
        self.gate = trading.gate
        self.switches = trading.switches
        self.modes = trading.modes
        self.permits = trading.permits
        self.ledger = trading.ledger
        self.executor = trading.executor
        self.rates = trading.rates
        self.engine = trading.engine
        self.desk = trading.desk
        self.liquidator = trading.liquidator
        self.fanout = trading.fanout
        self.recovery = trading.recovery

    @asynccontextmanager
    async def running(self, *, start: bool = True) -> AsyncIterator["World"]:
        """Start, run the tasks, stop them at the end: a clean kill."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(run())
                for run in (
                    self.engine.run,
                    self.trading.paper.run,
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
