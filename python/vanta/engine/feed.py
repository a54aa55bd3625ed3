"""Ticks in, quotes out: the one place where sources meet the price book.

Ticks go straight into the book, which keeps only the latest of each source: nothing queues, however
fast they come. What is coalesced is the other side: listeners hear of a touched market at most
once per `flush_ns`, and of every market each `requote_ns`, so that a silent market turns stale in
front of them without any tick.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

import prometheus_client
from msgspec.structs import astuple

from vanta import logs
from vanta._core import BREAKERS, PRICE_REJECTS, QUALITIES, PriceBook, Quote
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, FeedSpec, PriceSource, Tick
from vanta.domain.sources import SourceNames
from vanta.domain.units import format_scaled
from vanta.engine.burst import I64_MAX, Columns, is_plain
from vanta.metrics import Metrics
from vanta.supervise import beat

_log = logs.get(__name__)

FEW: Final = 16
"""Below so many ticks one call each is quicker than a batch."""
FLUSH_NS: Final = 20_000_000
REQUOTE_NS: Final = 250_000_000

Listener = Callable[[list[Quote]], None]
Cache = Callable[[Sequence[Quote]], Awaitable[None]]
"""Where quotes are left for other processes to view."""
Defer = Callable[[float, Callable[[], None]], object]
"""Call something later in this loop: `loop.call_later`."""


class Feed:
    """Owns the price book's inputs and tells listeners about quotes.

    Implements the ports `PriceSink` and `Quotes`. `clock_offset_ns` is the measured error of the
    wall clock; None means unknown, and then no quote is good enough to trade on. `with_hours` are
    the markets whose sources tell session hours.
    """

    def __init__(
        self,
        *,
        book: PriceBook,
        catalogue: Catalogue,
        names: SourceNames,
        clock: Clock,
        metrics: Metrics,
        cache: Cache | None = None,
        clock_offset_ns: int | None = 0,
        with_hours: Collection[int] = (),
        flush_ns: int = FLUSH_NS,
        requote_ns: int = REQUOTE_NS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        defer: Defer | None = None,
    ) -> None:
        self._book = book
        self._catalogue = catalogue
        self._names = names
        self._clock = clock
        self._metrics = metrics
        self._cache = cache
        self._flush_ns = flush_ns
        self._requote_ns = requote_ns
        self._sleep = sleep
        self._defer = defer or _call_later
        self._specs: dict[tuple[int, int], FeedSpec] = {}
        self._rejects: dict[tuple[int, int], Counter[str]] = {}
        self._counters: dict[tuple[int, int], prometheus_client.Counter] = {}
        self._uncounted: dict[tuple[int, int], int] = {}
        self._listeners: list[Listener] = []
        self._touched: set[int] = set()
        self._scheduled = False
        self._flushed_ns = -flush_ns
        self._cache_failures = 0
        self._ixs = [m.ix for m in catalogue]
        for market in catalogue:
            book.add_market(
                market.ix,
                min_price_e10=market.min_price_e10,
                max_price_e10=market.max_price_e10,
                has_hours=market.ix in with_hours,
            )
        book.set_clock_offset(clock_offset_ns, **self._now())

    # --- wiring -------------------------------------------------------------------------------

    def add_source(self, source: PriceSource) -> None:
        """Declare all feeds of a source to the book; before its task starts."""
        for spec in source.feeds():
            self._book.add_feed(
                spec.market_ix,
                spec.source_ix,
                kind=spec.kind,
                group=spec.group,
                primary=spec.primary,
                expo=spec.expo,
                interval_ns=spec.interval_ns,
                max_age_ns=spec.max_age_ns,
                heartbeat_ns=spec.heartbeat_ns,
                deviation_e10=spec.deviation_e10,
                conf_required=spec.conf_required,
            )
            self._specs[spec.market_ix, spec.source_ix] = spec
            self._rejects[spec.market_ix, spec.source_ix] = Counter()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with the quotes of touched markets, in this loop; it must not block."""
        self._listeners.append(listener)

    # --- PriceSink ----------------------------------------------------------------------------

    def ticks(self, batch: Sequence[Tick]) -> None:
        """Offer observations in arrival order; never blocks."""
        wall, mono = self._clock.now_ns(), self._clock.mono_ns()
        if len(batch) < FEW:
            self._offer_few(batch, wall, mono)
        else:
            columns = Columns.of(batch)
            if columns is not None and columns.all_in(self._specs):
                self._offer_many(columns, wall, mono)
            else:
                self._offer_mixed(batch, wall, mono)
        if not self._scheduled:
            self._schedule()

    def head(self, source_ix: int, head_ns: int) -> None:
        """Tell how new the block is that a push source was read at."""
        self._book.set_head(source_ix, head_ns=head_ns, **self._now())

    def sequencer(self, *, up: bool, since_ns: int) -> None:
        """Tell the state of the sequencer and since when."""
        self._book.set_sequencer(up=up, since_ns=since_ns, **self._now())
        self._touched.update(self._ixs)
        self._schedule()

    def doubt_clock(self, doubted: bool) -> None:
        """Take the wall clock as unknown, or as right again; then nothing, or all, is dated."""
        self._book.set_clock_offset(None if doubted else 0, **self._now())
        self._touched.update(self._ixs)
        self._schedule()

    def withdraw(self, market_ix: int, source_ix: int) -> None:
        """Forget a source's observation."""
        if (market_ix, source_ix) in self._specs:
            self._book.withdraw(market_ix, source_ix, **self._now())
            self._touched.add(market_ix)
            self._schedule()

    # --- Quotes -------------------------------------------------------------------------------

    def quote(self, market_ix: int) -> Quote:
        """Combine the sources of one market as of now."""
        return self._book.quote(
            market_ix, now_wall_ns=self._clock.now_ns(), now_mono_ns=self._clock.mono_ns()
        )

    def quotes(self) -> list[Quote]:
        """Combine every market as of now, in the catalogue's order."""
        return [self.quote(ix) for ix in self._ixs]

    def status(self) -> list[dict[str, Any]]:
        """Describe every market and each of its sources; plain JSON values, ages in ms."""
        now = self._now()
        return [
            {
                "market": self._catalogue[quote.market_ix].symbol,
                "market_ix": quote.market_ix,
                "quality": QUALITIES[quote.quality],
                "breaker": BREAKERS[quote.breaker],
                "price": format_scaled(quote.price_e10, decimals=10),
                "price_e10": quote.price_e10,
                "age_ms": quote.age_ns // 1_000_000,
                "disagreement_e10": quote.spread_between_sources_e10,
                "sources": self._source_states(quote, now),
            }
            for quote in self.quotes()
        ]

    def _source_states(self, quote: Quote, now: dict[str, int]) -> list[dict[str, Any]]:
        rejected = dict(quote.sources_rejected)
        used = set(quote.sources_used)
        rows = []
        for source_ix, age_ns, state in self._book.ages(quote.market_ix, **now):
            spec = self._specs[quote.market_ix, source_ix]
            rows.append(
                {
                    "name": self._names.name(source_ix),
                    "primary": spec.primary,
                    "age_ms": age_ns // 1_000_000 if age_ns >= 0 else None,
                    "state": state,
                    "used": source_ix in used,
                    "rejected": rejected.get(source_ix),
                    "rejects": dict(self._rejects[quote.market_ix, source_ix]),
                }
            )
        return rows

    # --- out ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Requote all markets and refresh the cache each `requote_ns`, for ever."""
        while True:
            beat()
            self._touched.update(self._ixs)
            quotes = self.flush()
            for quote in quotes:
                symbol = self._catalogue[quote.market_ix].symbol
                self._metrics.quote_age_seconds.labels(market=symbol).set(quote.age_ns / 1e9)
                self._metrics.quote_quality.labels(market=symbol).set(quote.quality)
            await self._store(quotes)
            await self._sleep(self._requote_ns / 1e9)

    def flush(self) -> list[Quote]:
        """Quote the touched markets now and tell the listeners; return what they heard."""
        self._flushed_ns = self._clock.mono_ns()
        self._publish_counts()
        touched = sorted(self._touched)
        self._touched.clear()
        quotes = [self.quote(ix) for ix in touched]
        if quotes:
            for listener in self._listeners:
                try:
                    listener(quotes)
                except Exception:
                    # One deaf listener must not take the price from the others.
                    _log.exception("feed.listener_failed", listener=repr(listener))
        return quotes

    async def _store(self, quotes: Sequence[Quote]) -> None:
        if self._cache is None:
            return
        try:
            await self._cache(quotes)
        except Exception as error:
            self._cache_failures += 1
            if self._cache_failures == 1:
                _log.warning("feed.cache_failed", error=f"{type(error).__name__}: {error}"[:200])
        else:
            if self._cache_failures:
                _log.info("feed.cache_recovered", failures=self._cache_failures)
            self._cache_failures = 0

    def _schedule(self) -> None:
        if self._scheduled or not self._touched:
            return
        self._scheduled = True
        wait_ns = self._flushed_ns + self._flush_ns - self._clock.mono_ns()
        self._defer(max(0, wait_ns) / 1e9, self._flush_scheduled)

    def _flush_scheduled(self) -> None:
        self._scheduled = False
        self.flush()

    def _now(self) -> dict[str, int]:
        return {"now_wall_ns": self._clock.now_ns(), "now_mono_ns": self._clock.mono_ns()}

    # --- into the book ------------------------------------------------------------------------

    def _offer_one(self, tick: Tick, wall: int, mono: int) -> None:
        market_ix, source_ix, value, expo, conf, publish_ns, seq, session_open = astuple(tick)
        code = self._book.update(
            market_ix,
            source_ix,
            value=value if type(value) is int and -I64_MAX <= value <= I64_MAX else _fit(value),
            expo=expo,
            conf=None if conf is None else _fit(conf),
            publish_ns=publish_ns if -I64_MAX <= publish_ns <= I64_MAX else _clamp(publish_ns),
            seq=seq if seq is None or -I64_MAX <= seq <= I64_MAX else _clamp(seq),
            session_open=session_open,
            recv_wall_ns=wall,
            recv_mono_ns=mono,
        )
        if code:
            self._rejects[market_ix, source_ix][PRICE_REJECTS[code]] += 1
        # A metric is locked at each step, which costs as much as the whole way of a tick through
        # the book: they are told at each flush.
        key = (source_ix, code)
        self._uncounted[key] = self._uncounted.get(key, 0) + 1
        self._touched.add(market_ix)

    def _offer_few(self, batch: Sequence[Tick], wall: int, mono: int) -> None:
        # For a handful the arrays of a batch cost more than its ticks. They count as simultaneous
        # either way, for they share the time of arrival.
        for tick in batch:
            if (tick.market_ix, tick.source_ix) in self._specs:
                self._offer_one(tick, wall, mono)
            else:
                self._metrics.ticks.labels(source="unknown", result="UNKNOWN_FEED").inc()

    def _offer_mixed(self, batch: Sequence[Tick], wall: int, mono: int) -> None:
        run: list[Tick] = []
        for tick in batch:
            if (tick.market_ix, tick.source_ix) not in self._specs:
                self._metrics.ticks.labels(source="unknown", result="UNKNOWN_FEED").inc()
                continue
            run.append(tick)
            if not is_plain(tick):
                # The order of arrival is part of the book's rules: drain what came before.
                self._offer_run(run[:-1], wall, mono)
                run = []
                self._offer_one(tick, wall, mono)
        self._offer_run(run, wall, mono)

    def _offer_run(self, run: Sequence[Tick], wall: int, mono: int) -> None:
        columns = Columns.of(run) if len(run) >= FEW else None
        if columns is None:
            self._offer_few(run, wall, mono)
        else:
            self._offer_many(columns, wall, mono)

    def _offer_many(self, run: Columns, wall: int, mono: int) -> None:
        answers = self._book.update_batch(
            run.market_ix,
            run.source_ix,
            price_e10=run.value,
            conf_e10=run.conf,
            publish_ns=run.publish_ns,
            seq=run.seq,
            recv_wall_ns=wall,
            recv_mono_ns=mono,
        ).tobytes()
        uncounted = self._uncounted
        self._touched |= run.market_set
        if answers.count(0) == len(answers):
            for source_ix in run.source_set:
                key = (source_ix, 0)
                uncounted[key] = uncounted.get(key, 0) + run.sources.count(source_ix)
            return
        for key, count in Counter(zip(run.sources, answers, strict=True)).items():
            uncounted[key] = uncounted.get(key, 0) + count
        for market_ix, source_ix, code in zip(run.markets, run.sources, answers, strict=True):
            if code:
                self._rejects[market_ix, source_ix][PRICE_REJECTS[code]] += 1

    def _publish_counts(self) -> None:
        for (source_ix, code), count in self._uncounted.items():
            counter = self._counters.get((source_ix, code))
            if counter is None:
                counter = self._counters[source_ix, code] = self._metrics.ticks.labels(
                    source=self._names.name(source_ix), result=PRICE_REJECTS[code]
                )
            counter.inc(count)
        self._uncounted.clear()


def _fit(value: int | str) -> int | str:
    # Beyond the core's words it goes in as text: the book calls it malformed, we do not crash.
    if isinstance(value, int):
        return value if -I64_MAX <= value <= I64_MAX else str(value)
    return value[:64]


def _clamp(value: int) -> int:
    return min(max(value, -I64_MAX), I64_MAX)


def _call_later(delay_s: float, call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, call)
