"""Whole markets through the feed and the real price book: invented and recorded ones."""

import itertools
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.sink import catalogue
from tests.fakes.sleeper import InstantTime, eventually, running
from vanta._core import BREAKERS, AggregateConfig, PriceBook, Quote
from vanta.domain.enums import OPENING, Quality
from vanta.domain.ports import PriceSource, Tick
from vanta.domain.sources import SourceNames
from vanta.engine.feed import Feed
from vanta.metrics import Metrics
from vanta.prices.replay import Replay
from vanta.prices.synthetic import Synthetic
from vanta.prices.voices import PUSH, STEP_NS

SECOND = 10**9
BTC = 1


class Watch(Feed):
    """A feed that looks at the quotes after each batch, as a listener would at every instant."""

    seen: list[tuple[int, Quote]]
    every = 1

    def ticks(self, batch: Sequence[Tick]) -> None:
        super().ticks(batch)
        self.batches = getattr(self, "batches", 0) + 1
        if self.batches % self.every == 0:
            for ix in sorted({t.market_ix for t in batch}):
                self.seen.append((self._clock.now_ns(), self.quote(ix)))


def watch(clock: ManualClock, names: SourceNames, source: PriceSource, every: int = 1) -> Watch:
    feed = Watch(
        book=PriceBook(AggregateConfig()),
        catalogue=catalogue("ETH/USD", "BTC/USD", "SOL/USD", "BNB/USD", "XAU/USD"),
        names=names,
        clock=clock,
        metrics=Metrics(),
        defer=lambda *_: None,
    )
    feed.seen = []
    feed.every = every
    feed.add_source(source)
    return feed


@pytest.mark.parametrize("seed", [1, 2, 7, 42])
def test_the_invented_market_lies_and_stays_tradable(seed: int) -> None:
    clock, names = ManualClock(), SourceNames()
    source = Synthetic(catalogue(), seed=seed, clock=clock, names=names)
    feed = watch(clock, names, source, every=3)
    begin, push = clock.now_ns(), names.ix(PUSH.name)
    feed.sequencer(up=True, since_ns=begin - 86_400 * SECOND)
    walks = {m.ix: m.walk for m in source._markets}
    for step in itertools.islice(source.steps(), 10 * 1_200):  # ten minutes
        clock.advance(begin + step.offset_ns - clock.now_ns())
        if step.number % PUSH.block_steps == 0:
            feed.head(push, clock.now_ns())
        feed.ticks(
            [msgspec.structs.replace(t, publish_ns=begin + t.publish_ns) for t in step.ticks]
        )
    settled = [(at, q) for at, q in feed.seen if at > begin + 2 * SECOND]
    assert len(settled) > 5_000
    qualities = Counter(Quality(q.quality) for _, q in settled)
    assert sum(qualities[q] for q in OPENING) > 0.99 * len(settled)
    assert qualities[Quality.GOOD] > 0.9 * len(settled)
    for at, quote in settled:
        if quote.quality in OPENING:
            # Never a lie: within lag and noise of the hidden truth, and always by several voices.
            truth = walks[quote.market_ix].mid((at - begin) // STEP_NS)
            assert abs(quote.price_e10 - truth) * 100 < truth
            assert len(quote.sources_used) >= 2
    rejects = sum(sum(s["rejects"].values()) for market in feed.status() for s in market["sources"])
    assert rejects > 0


async def played(path: Path, speed: int, every: int) -> tuple[Watch, SourceNames]:
    time, names = InstantTime(), SourceNames()
    source = Replay(
        path,
        catalogue=catalogue(),
        names=names,
        clock=time,
        speed=Fraction(speed),
        sleep=time.sleep,
    )
    feed = watch(time, names, source, every)
    async with running(source.run(feed)) as task:
        await eventually(source.ended.is_set, task)
    return feed, names


async def test_the_recorded_ticks_are_good_most_of_the_time(data_dir: Path) -> None:
    feed, _ = await played(data_dir / "replay" / "btc_eth_ticks_20240808.csv.gz", 1, 3)
    begin = feed.seen[0][0]
    later = [q for at, q in feed.seen if at > begin + 5 * SECOND]
    assert {q.market_ix for q in later} == {0, 1}
    good = sum(q.quality == Quality.GOOD for q in later)
    assert good > 0.95 * len(later)
    for quote in later:
        if quote.quality == Quality.GOOD:
            assert len(quote.sources_used) >= 2
    btc = [q.price_e10 for q in later if q.market_ix == BTC and q.quality == Quality.GOOD]
    assert 61_000 * 10**10 < min(btc) <= max(btc) < 63_000 * 10**10
    assert all(q.breaker == BREAKERS.index("CLOSED") for q in later)


async def test_on_the_depeg_the_stablecoin_quoted_venues_are_outliers(data_dir: Path) -> None:
    feed, names = await played(data_dir / "replay" / "btc_202303a_1m_multi.csv.gz", 600, 8)
    outliers: Counter[str] = Counter()
    used_in_good: Counter[str] = Counter()
    begin = feed.seen[0][0]
    # 2023-03-11 04:00 .. 12:00 UTC: until 03:30 the gap is around the tolerance of 1 %, from 04:00
    # it is 4 % and more. 600 recorded seconds to one played.
    depeg = begin + (10 * 86_400 + 4 * 3_600) // 600 * SECOND
    during = [q for at, q in feed.seen if at > depeg and q.market_ix == BTC]
    assert len(during) > 40
    for quote in during:
        for source_ix, reason in quote.sources_rejected:
            if reason in ("OUTLIER", "QUARANTINED"):
                outliers[names.name(source_ix)] += 1
        if quote.quality in OPENING:
            assert len(quote.sources_used) >= 2
            used_in_good.update(names.name(ix) for ix in quote.sources_used)
    assert used_in_good["kraken"] > 0
    for venue in ("kraken:USDC", "bybit:USDC"):
        assert outliers[venue] > 0.8 * len(during), outliers
        assert used_in_good[venue] == 0, used_in_good
    # What is traded on is the dollar price: 19,500 to 21,000, never the 24,000 of a 0.87 dollar.
    prices = [q.price_e10 for q in during if q.quality in OPENING]
    assert 19_000 * 10**10 < min(prices) <= max(prices) < 21_500 * 10**10


async def test_real_outliers_around_a_slow_oracle_are_never_good(data_dir: Path) -> None:
    feed, _ = await played(data_dir / "replay" / "chainlink_hyperliquid_202304.csv.gz", 600, 1)
    for _, quote in feed.seen:
        if quote.quality == Quality.GOOD:
            assert len(quote.sources_used) >= 2
            assert quote.spread_between_sources_e10 <= 150_000_000  # the cap of the tolerance


async def test_a_replay_repeats_to_the_bit(data_dir: Path) -> None:
    path = data_dir / "replay" / "chainlink_hyperliquid_202304.csv.gz"

    async def once() -> list[tuple[int, ...]]:
        feed, _ = await played(path, 600, 1)
        return [(at, q.market_ix, q.price_e10, q.quality, q.as_of_ns) for at, q in feed.seen]

    assert await once() == await once()
