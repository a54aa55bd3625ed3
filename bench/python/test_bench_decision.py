"""A decision about an open, all of it: every rule, the risk book, the counters on a real Redis.

What the engine does between a submit and the row in Postgres: arguments, permits, market, a quote
of the price book, admission and reservation in the core, then one round trip in which each user's
windows are checked and counted. `busy` is groups of 512, as the engine takes them under load, one
after the other; `alone` is one open at a time. Both print p50 and p99 of what a caller waits. Opens
rotate over 2,000 users and two markets. Python has one core, Redis another.

Peer: NautilusTrader, a market order for each quote from a Python strategy through its risk and
execution engines. Its figure includes a simulated fill and the position, which ours does not; ours
includes counters that hold across processes, which it has not.

    python -m pytest bench/python/test_bench_decision.py --benchmark-columns=median,ops -s
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from vanta._core import AggregateConfig, PriceBook, RiskBook
from vanta.domain.enums import Action, Side, Source
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.policy import Account, Policy, User
from vanta.domain.ports import FeedSpec, Tick
from vanta.domain.system import SystemState
from vanta.engine.account import AccountBook
from vanta.engine.admission import Admission
from vanta.engine.feed import Feed
from vanta.engine.limits import LimitsInForce
from vanta.engine.permits import Permits
from vanta.engine.rates import Rates
from vanta.metrics import Metrics
from vanta.sandbox.redis import EmbeddedRedis
from vanta.store.counters import Counters
from vanta.store.redis import redis_client

E6, E10, SECOND = 10**6, 10**10, 10**9
USERS = 2_000
GROUP = 512
ORDERS = 8 * GROUP  # of one round
START = 1_790_000_000 * SECOND
# Wide enough that every open passes: a refusal costs less.
EASY = Policy(
    max_position_e6=100_000 * E6,
    opens_per_minute=100_000,
    trades_per_day=1_000_000,
    volume_hour_e6=10**15,
    volume_day_e6=10**15,
)


class Ticking:
    """A clock that a decision moves by a tenth of a second."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return START + self.ns

    def mono_ns(self) -> int:
        return SECOND + self.ns


def a_market(ix: int, symbol: str) -> Market:
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


def gives(value: object) -> Callable[..., Any]:
    """Stand in for a read of a store: the same answer each time."""

    async def read(*_: object) -> object:
        return value

    return read


def a_feed(catalogue: Catalogue, clock: Ticking, metrics: Metrics) -> Feed:
    names = SimpleNamespace(name=lambda source_ix: f"source{source_ix}")
    feed = Feed(
        book=PriceBook(AggregateConfig()),
        catalogue=catalogue,
        names=names,  # type: ignore[arg-type]
        clock=clock,
        metrics=metrics,
        defer=lambda delay, call: None,
    )
    specs = [
        FeedSpec(market_ix=market, source_ix=source, kind="stream", group=source)
        for market in (0, 1)
        for source in (0, 1)
    ]
    feed.add_source(SimpleNamespace(feeds=lambda: specs))  # type: ignore[arg-type]
    return feed


class Desk:
    """The engine's way to a decision, on stores that say the same each time."""

    def __init__(self, redis_url: str) -> None:
        self.clock = clock = Ticking()
        metrics = Metrics()
        catalogue = Catalogue([a_market(0, "ETH/USD"), a_market(1, "BTC/USD")])
        self.feed = a_feed(catalogue, clock, metrics)
        ids = range(1, USERS + 1)
        policies = SimpleNamespace(all_current=gives(dict.fromkeys(ids, EASY)))
        users = [User(id=n, telegram_id=None, name="", role="trader", created_ns=1) for n in ids]
        accounts = [Account(user_id=n, cash_e6=10**9 * E6, deposited_e6=0) for n in ids]
        self.book = AccountBook(
            risk=RiskBook(),
            catalogue=catalogue,
            users=SimpleNamespace(all=gives(users)),  # type: ignore[arg-type]
            accounts=SimpleNamespace(all=gives(accounts)),  # type: ignore[arg-type]
            limits=LimitsInForce(
                policies=policies,  # type: ignore[arg-type]
                ceilings=SimpleNamespace(current=gives({})),  # type: ignore[arg-type]
            ),
            positions=SimpleNamespace(all_open=gives([])),  # type: ignore[arg-type]
            orders=SimpleNamespace(opens_since=gives([])),  # type: ignore[arg-type]
            day_pnl=SimpleNamespace(  # type: ignore[arg-type]
                start=gives(SimpleNamespace(start_equity_e6=None))
            ),
            clock=clock,
            metrics=metrics,
        )
        permits = Permits(
            switches=SimpleNamespace(state=SystemState()),  # type: ignore[arg-type]
            modes=SimpleNamespace(),  # type: ignore[arg-type]  # DRY asks nobody
            clock_suspect=lambda: False,
            user=self.book.user,
            clock=clock,
        )
        self.admission = Admission(
            book=self.book,
            quotes=self.feed,
            catalogue=catalogue,
            clock=clock,
            permits=permits,
            is_ready=lambda: True,
        )
        self.redis = redis_client(redis_url, timeout_s=None)
        health = SimpleNamespace(redis_ok=lambda: True, redis_failed=lambda: None)
        self.rates = Rates(counters=Counters(self.redis), book=self.book, health=health)
        self._number = itertools.count()

    def opens(self, count: int) -> list[Intent]:
        made = [next(self._number) for _ in range(count)]
        return [
            Intent(
                user_id=n % USERS + 1,
                source=Source.CLI,
                ref=f"ref-{n}",
                action=Action.OPEN,
                trace_id="trace",
                market_ix=n % 2,
                side=Side.LONG if n % 3 else Side.SHORT,
                collateral_e6=(50 + n % 97) * E6,
                leverage_e10=(2 + n % 20) * E10,
            )
            for n in made
        ]

    def tell_prices(self) -> None:
        """Have both sources say again what they said: prices are good for five seconds."""
        self.clock.ns += SECOND
        now_ns = self.clock.now_ns()
        self.feed.ticks(
            [
                Tick(market_ix=ix, source_ix=source, value=price, publish_ns=now_ns)
                for ix, price in ((0, 3_000 * E10), (1, 60_000 * E10))
                for source in (0, 1)
            ]
        )
        self.feed.flush()

    async def decide(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            await self.book.ensure(intent.user_id)
            self.admission.check(intent)
        decisions = self.admission.decide_many(intents, [()] * len(intents))
        await self.rates.count(decisions, self.clock.now_ns())
        assert not any(decision.reasons for decision in decisions)
        assert all(decision.reservation and decision.is_counted for decision in decisions)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as made:
        yield made


@pytest.fixture(scope="module")
def desk(runner: asyncio.Runner) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name, "redis")
        data.mkdir()
        server = EmbeddedRedis(data, Path(name, "s"))
        made = Desk(runner.run(server.start()))
        runner.run(made.book.load())
        yield made
        runner.run(made.redis.aclose())
        runner.run(server.stop())


@pytest.mark.parametrize(("way", "group"), [("busy", GROUP), ("alone", 1)])
def test_decision(benchmark: Any, runner: asyncio.Runner, desk: Desk, way: str, group: int) -> None:
    benchmark.group = "decision: full admission with counters on Redis"
    count = ORDERS if way == "busy" else GROUP
    benchmark.extra_info["per"] = count
    waits_ns: list[int] = []

    async def decide_all(groups: Sequence[Sequence[Intent]]) -> None:
        for intents in groups:
            began = time.perf_counter_ns()
            await desk.decide(intents)
            waits_ns.append(time.perf_counter_ns() - began)

    def setup() -> tuple[tuple[list[list[Intent]]], dict[str, object]]:
        desk.tell_prices()
        intents = desk.opens(count)
        return ([intents[n : n + group] for n in range(0, count, group)],), {}

    def run(groups: list[list[Intent]]) -> None:
        runner.run(decide_all(groups))

    benchmark.pedantic(run, setup=setup, rounds=15, warmup_rounds=2)
    waits_ns.sort()
    p50, p99 = (waits_ns[len(waits_ns) * share // 100] / 1_000 for share in (50, 99))
    benchmark.extra_info.update(p50_us=p50, p99_us=p99)
    per_s = count / benchmark.stats.stats.median
    print(
        f"\n{way}: {per_s:,.0f} decisions/s, groups of {group}: p50 {p50:,.0f} us, p99 {p99:,.0f}"
    )


def test_nautilus_order(benchmark: Any) -> None:
    pytest.importorskip("nautilus_trader")
    # ruff: noqa: PLC0415  # only where it is installed
    from decimal import Decimal

    from nautilus_trader.backtest.engine import SimulatedExchange
    from nautilus_trader.backtest.execution_client import BacktestExecClient
    from nautilus_trader.backtest.models import FillModel, MakerTakerFeeModel
    from nautilus_trader.cache.cache import Cache
    from nautilus_trader.common.component import MessageBus, TestClock
    from nautilus_trader.data.engine import DataEngine
    from nautilus_trader.execution.engine import ExecutionEngine
    from nautilus_trader.model.currencies import BTC, USDT
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
    from nautilus_trader.model.identifiers import TraderId
    from nautilus_trader.model.objects import Money, Price, Quantity
    from nautilus_trader.portfolio.portfolio import Portfolio
    from nautilus_trader.risk.engine import RiskEngine
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.trading.strategy import Strategy

    benchmark.group = "decision: full admission with counters on Redis"
    instrument = TestInstrumentProvider.btcusdt_binance()
    size, one = Quantity.from_str("1.000000"), instrument.make_qty(0.01)
    count = 1_024
    quotes = [
        QuoteTick(
            instrument_id=instrument.id,
            bid_price=Price(60_000 + n % 97, 2),
            ask_price=Price(60_001 + n % 97, 2),
            bid_size=size,
            ask_size=size,
            ts_event=n * 10**8,
            ts_init=n * 10**8,
        )
        for n in range(1, count + 1)
    ]

    class Ordering(Strategy):
        def on_start(self) -> None:
            self.filled = 0
            self.subscribe_quote_ticks(instrument.id)

        def on_quote_tick(self, tick: QuoteTick) -> None:
            side = OrderSide.SELL if tick.ts_event // 10**8 % 2 else OrderSide.BUY
            self.submit_order(self.order_factory.market(instrument.id, side, one))

        def on_order_filled(self, event: object) -> None:
            self.filled += 1

    def setup() -> tuple[tuple[SimulatedExchange, DataEngine, Ordering], dict[str, object]]:
        clock, trader = TestClock(), TraderId("BENCH-001")
        bus = MessageBus(trader_id=trader, clock=clock)
        cache = Cache()
        cache.add_instrument(instrument)
        portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
        common = {"msgbus": bus, "cache": cache, "clock": clock}
        data, execution = DataEngine(**common), ExecutionEngine(**common)
        risk = RiskEngine(portfolio=portfolio, **common)
        exchange = SimulatedExchange(
            venue=instrument.id.venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.CASH,
            base_currency=None,
            starting_balances=[Money(10_000_000, USDT), Money(1_000, BTC)],
            default_leverage=Decimal(1),
            leverages={},
            modules=[],
            fill_model=FillModel(),
            fee_model=MakerTakerFeeModel(),
            portfolio=portfolio,
            **common,
        )
        client = BacktestExecClient(exchange=exchange, **common)
        execution.register_client(client)
        exchange.register_client(client)
        exchange.add_instrument(instrument)
        exchange.initialize_account()
        strategy = Ordering()
        strategy.register(trader_id=trader, portfolio=portfolio, **common)
        for part in (data, risk, execution, strategy):
            part.start()
        return (exchange, data, strategy), {}

    def run(exchange: SimulatedExchange, data: DataEngine, strategy: Ordering) -> None:
        for quote in quotes:
            exchange.process_quote_tick(quote)
            data.process(quote)
            exchange.process(quote.ts_init)
        assert strategy.filled == count

    benchmark.extra_info["per"] = count
    benchmark.pedantic(run, setup=setup, rounds=5, warmup_rounds=1)
    print(f"\nnautilus: {count / benchmark.stats.stats.median:,.0f} orders/s")
