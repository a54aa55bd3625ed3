"""Play a recorded file through the price book in virtual time and count what came of it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from vanta._core import AggregateConfig, PriceBook
from vanta.domain.enums import Quality
from vanta.domain.market import Catalogue, Market
from vanta.domain.ports import Tick
from vanta.domain.sources import SourceNames
from vanta.engine.feed import Feed
from vanta.metrics import Metrics
from vanta.prices.replay import Replay

_START_NS: Final = 1_700_000_000 * 10**9


class VirtualClock:
    """Time that moves only when somebody sleeps: a day of ticks plays in seconds, repeatably."""

    def __init__(self) -> None:
        self._ns = _START_NS

    def now_ns(self) -> int:
        return self._ns

    def mono_ns(self) -> int:
        return self._ns

    async def sleep(self, seconds: float) -> None:
        self._ns += max(0, round(seconds * 1e9))


class _Tally:
    """A price sink that asks for a quote after each batch and counts."""

    def __init__(self, feed: Feed, names: SourceNames, catalogue: Catalogue) -> None:
        self._feed = feed
        self._names = names
        self._catalogue = catalogue
        self.ticks_seen = 0
        self.qualities: dict[str, Counter[str]] = {}
        self.ejected: dict[str, Counter[str]] = {}

    def ticks(self, batch: Sequence[Tick]) -> None:
        self.ticks_seen += len(batch)
        self._feed.ticks(batch)
        for ix in sorted({tick.market_ix for tick in batch}):
            quote = self._feed.quote(ix)
            symbol = self._catalogue[ix].symbol
            self.qualities.setdefault(symbol, Counter())[Quality(quote.quality).name] += 1
            for source_ix, reason in quote.sources_rejected:
                source = f"{symbol} {self._names.name(source_ix)}"
                self.ejected.setdefault(source, Counter())[reason] += 1

    def head(self, source_ix: int, head_ns: int) -> None:
        self._feed.head(source_ix, head_ns)

    def sequencer(self, *, up: bool, since_ns: int) -> None:
        self._feed.sequencer(up=up, since_ns=since_ns)

    def withdraw(self, market_ix: int, source_ix: int) -> None:
        self._feed.withdraw(market_ix, source_ix)


def report(path: Path, *, speed: Fraction, markets: Sequence[Market]) -> dict[str, Any]:
    """Count ticks, quote qualities and rejections; the same on every machine."""
    clock = VirtualClock()
    names = SourceNames()
    catalogue = Catalogue(markets)
    source = Replay(
        path, catalogue=catalogue, names=names, clock=clock, speed=speed, sleep=clock.sleep
    )
    feed = Feed(
        book=PriceBook(AggregateConfig()),
        catalogue=catalogue,
        names=names,
        clock=clock,
        metrics=Metrics(),
        defer=lambda _delay, _call: None,
    )
    feed.add_source(source)
    tally = _Tally(feed, names, catalogue)

    async def play() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(source.run(tally))
            await source.ended.wait()
            task.cancel()

    asyncio.run(play())
    gated = {
        f"{market['market']} {row['name']}": row["rejects"]
        for market in feed.status()
        for row in market["sources"]
        if row["rejects"]
    }
    return {
        "file": path.name,
        "ticks": tally.ticks_seen,
        "quotes_by_quality": {k: dict(v) for k, v in sorted(tally.qualities.items())},
        "refused_at_the_gates": dict(sorted(gated.items())),
        "left_out_of_quotes": {k: dict(v) for k, v in sorted(tally.ejected.items())},
    }
