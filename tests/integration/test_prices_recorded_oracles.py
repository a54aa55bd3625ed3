"""Recorded oracle values through the feed and the real book: old ones are never traded on."""

import csv
import json
from pathlib import Path

from tests.fakes.clock import ManualClock
from tests.fakes.sink import catalogue
from vanta._core import AggregateConfig, PriceBook
from vanta.domain.enums import OPENING, Quality
from vanta.domain.ports import FeedSpec, Tick
from vanta.domain.sources import SourceNames
from vanta.engine.feed import Feed
from vanta.metrics import Metrics
from vanta.prices.numbers import decimal_e10

SECOND = 10**9
HEARTBEAT_S = 1_200
SYMBOLS = ("ETH/USD", "BTC/USD", "SOL/USD", "XRP/USD")


class Oracles:
    """A stream and an on-chain feed beside it for each market."""

    name = "oracles"

    def __init__(self, *, expo: int = -10) -> None:
        self._expo = expo

    def feeds(self) -> list[FeedSpec]:
        specs = []
        for ix in range(len(SYMBOLS)):
            specs.append(
                FeedSpec(
                    market_ix=ix,
                    source_ix=0,
                    kind="stream",
                    group=0,
                    primary=True,
                    expo=self._expo,
                )
            )
            specs.append(
                FeedSpec(
                    market_ix=ix,
                    source_ix=1,
                    kind="push",
                    group=1,
                    heartbeat_ns=HEARTBEAT_S * SECOND,
                    deviation_e10=50_000_000,
                )
            )
        return specs

    async def run(self, sink: object) -> None: ...


def make(**options: int) -> tuple[Feed, ManualClock]:
    clock, names = ManualClock(), SourceNames()
    names.ix("stream")
    names.ix("chain")
    feed = Feed(
        book=PriceBook(AggregateConfig()),
        catalogue=catalogue(*SYMBOLS),
        names=names,
        clock=clock,
        metrics=Metrics(),
        defer=lambda *_: None,
    )
    feed.add_source(Oracles(**options))
    feed.sequencer(up=True, since_ns=clock.now_ns() - 86_400 * SECOND)
    return feed, clock


def test_an_abandoned_feed_and_a_late_stream_are_never_good(data_dir: Path) -> None:
    path = data_dir / "oracle" / "chainlink_stream_vs_onchain_202602.csv"
    good = stale = 0
    with path.open() as file:
        for row in csv.DictReader(file):
            feed, clock = make()
            ix = SYMBOLS.index(row["market"])
            now = clock.now_ns()
            feed.head(1, now)
            ages = int(row["stream_age_s"]), int(row["onchain_age_s"])
            prices = decimal_e10(row["stream_price"]), decimal_e10(row["onchain_price"])
            for source_ix in (0, 1):
                price = prices[source_ix]
                assert price is not None
                tick = Tick(
                    market_ix=ix,
                    source_ix=source_ix,
                    value=price,
                    publish_ns=now - ages[source_ix] * SECOND,
                )
                feed.ticks([tick])
            quote = feed.quote(ix)
            fresh = {0} if ages[0] <= 5 else set()
            fresh |= {1} if ages[1] <= HEARTBEAT_S * 5 // 4 else set()
            if quote.quality in OPENING:
                good += 1
                assert fresh == {0, 1} == set(quote.sources_used)
            else:
                stale += fresh != {0, 1}
                assert set(quote.sources_used) <= fresh
    assert good > 100 and stale > 10


def test_eighteen_decimals_of_a_data_stream_reach_the_quote_unbent(data_dir: Path) -> None:
    path = data_dir / "oracle" / "chainlink_stream_frames_202602.jsonl"
    seen = 0
    for line in path.read_text().splitlines():
        payload = json.loads(line)["payload"]
        feed, clock = make(expo=-18)
        ix = SYMBOLS.index(payload["symbol"].upper())
        mantissa = payload["full_accuracy_value"]
        feed.ticks(
            [
                Tick(
                    market_ix=ix,
                    source_ix=0,
                    value=mantissa,
                    expo=-18,
                    publish_ns=clock.now_ns() - SECOND,
                )
            ]
        )
        quote = feed.quote(ix)
        assert quote.quality == Quality.SINGLE
        whole, rest = divmod(int(mantissa), 10**8)
        half_even = whole + (rest > 5 * 10**7 or (rest == 5 * 10**7 and whole & 1))
        assert quote.price_e10 == half_even
        seen += 1
    assert seen == 13
