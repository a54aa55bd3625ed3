"""From a price that arrived to somebody's Python callback, one at a time, beside NautilusTrader.

Peer: a quote tick through its data engine (cache, message bus) to a Python strategy, which is what
its users wait for. Ours does more on the way: eight gates, two clocks per source, five sources
combined, a breaker. `book` is the price book and a callback; `feed` is the engine's whole way
(clock, counters, quote objects, listeners) with a flush for each tick, which production spares by
telling listeners at most once per 20 ms: `feed in bursts` is that. Ticks are made beforehand and
rotate through 2,560 prices; a round is all of them. Wall: calling back into Python, 0.05 us.

    python -m pytest bench/python/test_bench_dispatch.py --benchmark-columns=median,ops
"""

import itertools
import random
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from vanta._core import AggregateConfig, PriceBook
from vanta.clock import SystemClock
from vanta.domain.ports import FeedSpec, Tick
from vanta.engine.feed import Feed
from vanta.metrics import Metrics

ONE = 10**10
SECOND = 10**9
SOURCES = 5
TICKS = 512 * SOURCES
WALL = 1_700_000_000 * SECOND


@pytest.fixture(scope="module")
def prices() -> list[int]:
    dice = random.Random(7)
    return [60_000 * ONE + dice.randrange(60 * ONE) for _ in range(TICKS)]


class Heard:
    """The callback: counts, and keeps the last it was told."""

    def __init__(self) -> None:
        self.count = 0
        self.last: object = None

    def __call__(self, told: object) -> None:
        self.count += 1
        self.last = told


def through_book(prices: list[int]) -> tuple[Callable[[], object], Heard]:
    book, heard = PriceBook(AggregateConfig()), Heard()
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=SECOND)
    book.add_market(0, min_price_e10=1, max_price_e10=2**62)
    for source in range(SOURCES):
        book.add_feed(0, source, kind="stream", group=source, primary=source == 0)
    passed = itertools.count(1)

    def fresh() -> list[tuple[int, ...]]:
        made = []
        for n, price in enumerate(prices):
            ns = next(passed) * 1_000_000
            made.append((0, n % SOURCES, price, WALL + ns, WALL + ns, SECOND + ns))
        return made

    def run(ticks: list[tuple[int, ...]]) -> None:
        tick = book.tick
        for one in ticks:
            heard(tick(*one))

    run.fresh = fresh  # type: ignore[attr-defined]
    return run, heard


class Catalogue(list):
    """One market."""


def a_feed(flush_ns: int) -> tuple[Feed, Heard]:
    heard = Heard()
    market = SimpleNamespace(ix=0, symbol="BTC/USD", min_price_e10=1, max_price_e10=2**62)
    names = SimpleNamespace(name=lambda source_ix: f"source{source_ix}")
    feed = Feed(
        book=PriceBook(AggregateConfig()),
        catalogue=Catalogue([market]),  # type: ignore[arg-type]
        names=names,  # type: ignore[arg-type]
        clock=SystemClock(),
        metrics=Metrics(),
        flush_ns=flush_ns,
        defer=lambda delay, call: None,
    )
    specs = [
        FeedSpec(market_ix=0, source_ix=source, kind="stream", group=source, primary=source == 0)
        for source in range(SOURCES)
    ]
    feed.add_source(SimpleNamespace(feeds=lambda: specs))  # type: ignore[arg-type]
    feed.subscribe(heard)
    return feed, heard


def feed_ticks(prices: list[int], first: int) -> list[Tick]:
    # Fresh ones for each round: what was said before is refused as a duplicate.
    now = SystemClock().now_ns()
    return [
        Tick(market_ix=0, source_ix=n % SOURCES, value=price, publish_ns=now, seq=first + n)
        for n, price in enumerate(prices)
    ]


def through_feed(prices: list[int], burst: int = 1) -> tuple[Callable[..., object], Heard]:
    feed, heard = a_feed(20_000_000 if burst > 1 else 0)
    rounds = itertools.count()

    def fresh() -> list[list[Tick]]:
        ticks = feed_ticks(prices, next(rounds) * TICKS)
        return [ticks[n : n + burst] for n in range(0, TICKS, burst)]

    def run(batches: list[list[Tick]]) -> None:
        for batch in batches:
            feed.ticks(batch)
            feed.flush()

    run.fresh = fresh  # type: ignore[attr-defined]
    return run, heard


def through_feed_in_bursts(prices: list[int]) -> tuple[Callable[..., object], Heard]:
    return through_feed(prices, 64)


def through_nautilus(prices: list[int]) -> tuple[Callable[[], object], Heard]:
    pytest.importorskip("nautilus_trader")
    # ruff: noqa: PLC0415  # only where it is installed
    from nautilus_trader.cache.cache import Cache
    from nautilus_trader.common.component import MessageBus, TestClock
    from nautilus_trader.data.engine import DataEngine
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.model.identifiers import TraderId
    from nautilus_trader.model.objects import Price, Quantity
    from nautilus_trader.portfolio.portfolio import Portfolio
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.trading.strategy import Strategy

    heard = Heard()
    instrument = TestInstrumentProvider.btcusdt_binance()

    class Listening(Strategy):
        def on_start(self) -> None:
            self.subscribe_quote_ticks(instrument.id)

        def on_quote_tick(self, tick: QuoteTick) -> None:
            heard(tick)

    clock, trader = TestClock(), TraderId("BENCH-001")
    bus = MessageBus(trader_id=trader, clock=clock)
    cache = Cache()
    cache.add_instrument(instrument)
    engine = DataEngine(msgbus=bus, cache=cache, clock=clock)
    portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
    strategy = Listening()
    strategy.register(trader_id=trader, portfolio=portfolio, msgbus=bus, cache=cache, clock=clock)
    engine.start()
    strategy.start()
    size = Quantity.from_str("1.000000")
    quotes = [
        QuoteTick(
            instrument_id=instrument.id,
            bid_price=Price(price / ONE, 2),
            ask_price=Price(price / ONE + 1, 2),
            bid_size=size,
            ask_size=size,
            ts_event=n,
            ts_init=n,
        )
        for n, price in enumerate(prices)
    ]

    def run() -> None:
        for quote in quotes:
            engine.process(quote)

    return run, heard


WAYS = {
    "book": through_book,
    "feed": through_feed,
    "feed in bursts": through_feed_in_bursts,
    "nautilus": through_nautilus,
}


@pytest.mark.parametrize("way", list(WAYS))
def test_a_tick_reaches_a_callback(benchmark, prices: list[int], way: str) -> None:
    benchmark.group = f"dispatch: {TICKS} ticks to a Python callback"
    run, heard = WAYS[way](prices)
    fresh = getattr(run, "fresh", None)

    def setup() -> tuple[tuple[object, ...], dict[str, object]]:
        return ((fresh(),) if fresh else ()), {}

    benchmark.extra_info["per"] = TICKS
    run(*setup()[0])
    assert heard.count == (TICKS // 64 if way == "feed in bursts" else TICKS)
    benchmark.pedantic(run, setup=setup, rounds=15, warmup_rounds=2)
