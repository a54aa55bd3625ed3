"""The feed between sources and the real price book: batches, coalescing, counters, cache."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from tests.fakes.sink import E10, catalogue
from tests.fakes.sleeper import ManualTime, eventually, running
from vanta._core import AggregateConfig, PriceBook, Quote
from vanta.domain.enums import Quality
from vanta.domain.ports import FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.engine.feed import Feed
from vanta.metrics import Metrics

MS = 1_000_000
SECOND = 10**9


class Sources:
    """Three streams and one push feed for each market."""

    name = "test"

    def __init__(self, markets: int, names: SourceNames) -> None:
        self._markets = markets
        self.ix = [names.ix(n) for n in ("a", "b", "c", "chain")]

    def feeds(self) -> Sequence[FeedSpec]:
        specs = []
        for market in range(self._markets):
            for ix in self.ix[:3]:
                specs.append(
                    FeedSpec(
                        market_ix=market, source_ix=ix, kind="stream", group=ix, primary=ix == 0
                    )
                )
            specs.append(
                FeedSpec(
                    market_ix=market,
                    source_ix=self.ix[3],
                    kind="push",
                    group=self.ix[3],
                    expo=-8,
                    heartbeat_ns=1_200 * SECOND,
                    deviation_e10=50_000_000,
                )
            )
        return specs

    async def run(self, sink: PriceSink) -> None: ...


class Rig:
    """A feed with everything around it under control."""

    def __init__(self, **options: object) -> None:
        self.time = ManualTime()
        self.metrics = Metrics()
        self.names = SourceNames()
        self.book = PriceBook(AggregateConfig())
        self.deferred: list[tuple[float, Callable[[], None]]] = []
        self.heard: list[list[Quote]] = []
        self.feed = Feed(
            book=self.book,
            catalogue=catalogue("ETH/USD", "BTC/USD"),
            names=self.names,
            clock=self.time,
            metrics=self.metrics,
            sleep=self.time.sleep,
            defer=lambda delay, call: self.deferred.append((delay, call)),
            **options,  # type: ignore[arg-type]
        )
        self.feed.add_source(Sources(2, self.names))
        self.feed.subscribe(self.heard.append)

    def tick(self, source: int, usd: int, *, market: int = 1, **more: object) -> Tick:
        own = {
            "market_ix": market,
            "source_ix": source,
            "value": usd * E10,
            "publish_ns": self.time.now_ns(),
        }
        return Tick(**(own | more))  # type: ignore[arg-type]

    def run_deferred(self) -> None:
        calls, self.deferred = self.deferred, []
        for _, call in calls:
            call()

    def counted(self, source: str, result: str) -> float:
        self.run_deferred()  # counts are told with the flush
        registry: CollectorRegistry = self.metrics.registry
        return (
            registry.get_sample_value("vanta_ticks_total", {"source": source, "result": result})
            or 0.0
        )


def test_agreeing_sources_make_a_good_quote() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_010)])
    quote = rig.feed.quote(1)
    assert (quote.quality, quote.price_e10) == (Quality.GOOD, 60_000 * E10)
    assert rig.feed.quote(0).quality == Quality.NONE


def test_two_ways_into_the_book_count_the_same() -> None:
    rig = Rig()
    rig.time.advance(SECOND)
    # The push source speaks another exponent and as text, so it cannot ride in the batch.
    rig.feed.head(3, rig.time.now_ns())
    rig.feed.ticks(
        [
            rig.tick(0, 60_000),
            rig.tick(3, 0, value="6000500000000", expo=-8),
            rig.tick(1, 60_010),
            rig.tick(1, 60_010),
        ]
    )
    assert rig.counted("a", "ACCEPTED") == rig.counted("chain", "ACCEPTED") == 1
    assert (rig.counted("b", "ACCEPTED"), rig.counted("b", "DUPLICATE")) == (1, 1)
    assert set(rig.feed.quote(1).sources_used) == {0, 1, 3}


def test_arrival_order_is_kept_across_the_two_ways() -> None:
    rig = Rig()
    rig.feed.ticks(
        [
            rig.tick(0, 60_000, seq=1),
            rig.tick(0, 0, value=str(60_001 * E10), seq=2),
            rig.tick(0, 60_002, seq=3),
            rig.tick(0, 0, value=str(60_003 * E10), seq=4),
        ]
    )
    assert rig.counted("a", "ACCEPTED") == 4
    assert rig.feed.quote(1).price_e10 == 60_003 * E10


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("NaN", "MALFORMED"),
        ("Infinity", "MALFORMED"),
        ("1e5", "MALFORMED"),
        ("", "MALFORMED"),
        ("null", "MALFORMED"),
        ("+1", "MALFORMED"),
        ("٣٤٥", "MALFORMED"),
        ("9" * 500, "MALFORMED"),
        (10**40, "MALFORMED"),
        (-(10**40), "MALFORMED"),
        (2**63, "OUT_OF_BOUNDS"),
        (2**63 - 1, "OUT_OF_BOUNDS"),
        (0, "NONPOSITIVE"),
        (-5, "NONPOSITIVE"),
        ("-5", "NONPOSITIVE"),
    ],
    ids=repr,
)
def test_nonsense_is_counted_and_survived(value: int | str, result: str) -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_000), rig.tick(2, 0, value=value)])
    assert rig.counted("c", result) == 1
    assert rig.feed.quote(1).quality == Quality.GOOD
    (status,) = [m for m in rig.feed.status() if m["market"] == "BTC/USD"]
    assert [s["rejects"] for s in status["sources"] if s["name"] == "c"] == [{result: 1}]


@pytest.mark.parametrize(
    "more",
    [
        {"publish_ns": 10**40},
        {"publish_ns": -(10**40)},
        {"seq": 10**40},
        {"conf": "NaN"},
        {"conf": 10**40},
        {"expo": 77},
    ],
    ids=repr,
)
def test_absurd_fields_do_not_reach_a_quote(more: dict[str, object]) -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_000)])
    rig.time.advance(MS)
    rig.feed.ticks([rig.tick(2, 61_000, **more)])
    quote = rig.feed.quote(1)
    assert (quote.quality, quote.price_e10) == (Quality.GOOD, 60_000 * E10)


def test_an_undeclared_feed_is_refused() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(77, 60_000), rig.tick(0, 60_000, market=9)])
    assert rig.counted("unknown", "UNKNOWN_FEED") == 2
    rig.feed.withdraw(9, 77)


def test_a_burst_is_told_once_and_only_the_latest() -> None:
    rig = Rig()
    for i in range(10_000):
        rig.time.advance(1_000)
        rig.feed.ticks([rig.tick(i % 3, 60_000 + i % 7)])
    assert len(rig.deferred) == 1 and rig.heard == []
    rig.run_deferred()
    assert [[q.market_ix for q in quotes] for quotes in rig.heard] == [[1]]


def test_flushes_are_at_least_their_interval_apart() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000)])
    assert rig.deferred[0][0] == 0.0  # idle: at once, in this turn of the loop
    rig.run_deferred()
    rig.time.advance(5 * MS)
    rig.feed.ticks([rig.tick(0, 60_001)])
    assert rig.deferred[0][0] == pytest.approx(0.015)


def test_a_listener_that_fails_does_not_cost_the_others() -> None:
    rig = Rig()
    later: list[list[Quote]] = []

    def deaf(_: list[Quote]) -> None:
        raise RuntimeError("deaf")

    rig.feed.subscribe(deaf)
    rig.feed.subscribe(later.append)
    rig.feed.ticks([rig.tick(0, 60_000)])
    rig.run_deferred()
    assert len(rig.heard) == len(later) == 1


async def test_silence_is_told_without_any_tick() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_000)])
    async with running(rig.feed.run()) as task:
        await eventually(lambda: rig.heard and rig.time.asleep, task)
        for _ in range(24):
            rig.time.advance(250 * MS)
            await eventually(lambda: rig.time.asleep, task)
    seen = [q.quality for quotes in rig.heard for q in quotes if q.market_ix == 1]
    assert seen[0] == Quality.GOOD and seen[-1] == Quality.STALE
    assert {q.market_ix for q in rig.heard[-1]} == {0, 1}
    gauge = rig.metrics.registry.get_sample_value
    assert gauge("vanta_quote_quality", {"market": "BTC/USD"}) == Quality.STALE
    assert gauge("vanta_quote_age_seconds", {"market": "BTC/USD"}) == pytest.approx(6.0, abs=0.3)


async def test_the_cache_is_refreshed_and_its_failure_survived(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept: list[list[int]] = []
    broken = [False]

    async def cache(quotes: Sequence[Quote]) -> None:
        await asyncio.sleep(0)
        if broken[0]:
            raise ConnectionError("redis is away")
        kept.append([q.market_ix for q in quotes])

    rig = Rig(cache=cache)
    async with running(rig.feed.run()) as task:
        for down in (False, True, True, True, False):
            await eventually(lambda: rig.time.asleep, task)
            broken[0] = down
            rig.time.advance(250 * MS)
            await eventually(lambda: rig.time.asleep, task)
    assert kept == [[0, 1], [0, 1], [0, 1]]
    events = [r.message for r in caplog.records]
    assert events.count("feed.cache_failed") == 1


def test_a_doubted_clock_makes_every_quote_suspect_and_tells_the_listeners() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_010)])
    rig.run_deferred()
    rig.feed.doubt_clock(True)
    rig.time.advance(SECOND)
    rig.run_deferred()
    assert [quote.quality for quote in rig.heard[-1]] == [Quality.CLOCK_SUSPECT] * 2
    rig.feed.doubt_clock(False)
    assert rig.feed.quote(1).quality == Quality.GOOD


def test_unknown_clock_error_means_no_trading() -> None:
    rig = Rig(clock_offset_ns=None)
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_000)])
    assert rig.feed.quote(1).quality == Quality.CLOCK_SUSPECT


def test_withdrawing_touches_the_market() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_000)])
    rig.run_deferred()
    rig.time.advance(SECOND)
    rig.feed.withdraw(1, 1)
    rig.run_deferred()
    assert rig.heard[-1][0].quality == Quality.SINGLE


def test_status_is_plain_json() -> None:
    rig = Rig()
    rig.feed.ticks([rig.tick(0, 60_000), rig.tick(1, 60_010), rig.tick(2, 65_000)])
    rig.time.advance(SECOND)
    eth, btc = msgspec.json.decode(msgspec.json.encode(rig.feed.status()))
    assert (eth["quality"], eth["price"]) == ("NONE", "0")
    assert (btc["quality"], btc["price"], btc["age_ms"]) == ("GOOD", "60000", 1_000)
    by_name = {s["name"]: s for s in btc["sources"]}
    assert by_name["a"]["used"] and by_name["a"]["primary"] and by_name["a"]["age_ms"] == 1_000
    assert by_name["c"]["rejected"] == "OUTLIER" and not by_name["c"]["used"]
    assert by_name["chain"]["age_ms"] is None


def test_never_good_with_fewer_than_two_sources() -> None:
    rig = Rig()
    for step in range(200):
        rig.time.advance(100 * MS)
        rig.feed.ticks([rig.tick(step % 3, 60_000 + step, publish_ns=rig.time.now_ns())])
        quote = rig.feed.quote(1)
        if quote.quality == Quality.GOOD:
            assert len(quote.sources_used) >= 2


async def test_the_loop_does_the_deferring_by_default() -> None:
    time, heard = ManualTime(), []
    names = SourceNames()
    feed = Feed(
        book=PriceBook(AggregateConfig()),
        catalogue=catalogue("BTC/USD"),
        names=names,
        clock=time,
        metrics=Metrics(),
    )
    feed.add_source(Sources(1, names))
    feed.subscribe(heard.append)
    feed.ticks(
        [Tick(market_ix=0, source_ix=0, value=60_000 * E10, publish_ns=time.now_ns(), seq=1)]
    )
    assert heard == []
    await eventually(lambda: heard)
    assert heard[0][0].price_e10 == 60_000 * E10
