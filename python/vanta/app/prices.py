"""Wires prices: the book of quotes, what sources are called, and the watch over the clock."""

from collections.abc import Collection

from vanta._core import AggregateConfig, PriceBook
from vanta.domain.enums import OPENING, Quality
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock
from vanta.domain.sources import SourceNames
from vanta.engine.clockwatch import ClockWatch
from vanta.engine.feed import Cache, Feed
from vanta.metrics import Metrics
from vanta.supervise import SILENT_AFTER_S, Supervisor


class PriceRoom:
    """ticks ─► feed ─► quotes; a clock that was stepped puts all of them in doubt."""

    def __init__(
        self, *, catalogue: Catalogue, clock: Clock, metrics: Metrics, cache: Cache | None = None
    ) -> None:
        self.names = SourceNames()
        self.feed = Feed(
            book=PriceBook(AggregateConfig()),
            catalogue=catalogue,
            names=self.names,
            clock=clock,
            metrics=metrics,
            cache=cache,
        )
        self.clock_watch = ClockWatch(clock=clock, metrics=metrics, on_change=self.feed.doubt_clock)

    def has(self, market_ixs: Collection[int]) -> bool:
        """Tell whether each of these markets has a price good enough to open on."""
        return all(Quality(self.feed.quote(ix).quality) in OPENING for ix in market_ixs)

    def add_roles(self, supervisor: Supervisor) -> None:
        """Supervise the feed, on which every stop hangs, and the watch over the clock."""
        supervisor.add("feed", self.feed.run, silent_after_s=SILENT_AFTER_S, essential=True)
        supervisor.add("clock", self.clock_watch.run, silent_after_s=SILENT_AFTER_S)
