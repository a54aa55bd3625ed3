"""Play a recording as if it happened now.

Publish times are moved onto the wall clock (and divided by the speed): freshness rules compare
them with the present, and a book that is asked to accept years-old prices would have to switch
off the very rules a replay is there to show. Order, distances and values stay as recorded.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from vanta import logs
from vanta.domain.errors import ConfigError, echo
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.prices import recording
from vanta.prices.pace import Pacer, Sleep
from vanta.prices.recording import Series

_log = logs.get(__name__)

BATCH_NS: Final = 10_000_000  # rows due within so little real time are offered together
BATCH_MAX: Final = 512
STREAM_MAX_AGE_NS: Final = 5_000_000_000
DAY_NS: Final = 86_400_000_000_000
_PUSH: Final = re.compile(r"(?:derived:)?chainlink(?:-([0-9.]{1,6})pct-([0-9]{1,6})s)?.*", re.ASCII)
_SPEED: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?", re.ASCII)
# What mainnet majors run with; stands in where the source's name does not say.
_PUSH_DEFAULT: Final = ("0.5", "3600")


def parse_speed(text: str) -> Fraction:
    """Parse `--speed`: a plain decimal above 0. Raises `ConfigError`."""
    if not _SPEED.fullmatch(text) or Fraction(text) == 0:
        raise ConfigError(f'speed "{echo(text)}": needs a plain decimal above 0, such as 10')
    return Fraction(text)


class Replay:
    """Price source `replay`: a recorded file at `speed`.

    The file is read through once on construction (format, feeds, intervals), then streamed. Raises
    `RecordingError` for a file that is no recording and `ConfigError` when none of its markets is
    in the catalogue. After the last row the event `replay.ended` is logged, `ended` is set and the
    source rests, or starts over with `loop`.
    """

    name = "replay"

    def __init__(
        self,
        path: Path,
        *,
        catalogue: Catalogue,
        names: SourceNames,
        clock: Clock,
        speed: Fraction = Fraction(1),
        loop: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._speed = speed
        self._loop = loop
        self._sleep = sleep
        self.ended = asyncio.Event()
        self.played = 0
        found = recording.survey(path)
        symbols = {m.symbol: m.ix for m in catalogue}
        self._feeds: dict[tuple[str, str], tuple[int, int]] = {}
        series: dict[tuple[int, int], Series] = {}
        unknown = set()
        for key, one in found.items():
            placed = recording.place(*key, symbols)
            if placed is None:
                unknown.add(key[0])
                continue
            feed = (symbols[placed[0]], names.ix(placed[1]))
            self._feeds[key] = feed
            series[feed] = one
        if not self._feeds:
            raise ConfigError(
                f"{path.name}: no market of ours in it, only {', '.join(sorted(unknown))}"
            )
        if unknown:
            _log.info("replay.markets_left_out", markets=sorted(unknown))
        self._specs = _specs(series, names, speed)

    def feeds(self) -> Sequence[FeedSpec]:
        """Return the feeds found in the file."""
        return self._specs

    async def run(self, sink: PriceSink) -> None:
        """Play the file into `sink`; never returns."""
        while True:
            await self._play(sink)
            _log.info("replay.ended", file=self._path.name, rows=self.played, loop=self._loop)
            self.ended.set()
            if not self._loop:
                # Returning would have the supervisor play it again.
                await asyncio.Event().wait()

    async def _play(self, sink: PriceSink) -> None:
        pacer = Pacer(self._clock, speed=self._speed, sleep=self._sleep)
        push = sorted({s.source_ix for s in self._specs if s.kind == "push"})
        sink.sequencer(up=True, since_ns=self._clock.now_ns() - DAY_NS)
        origin: int | None = None
        for batch in self._batches():
            if origin is None:
                origin = batch[0].publish_ns
            await pacer.until(batch[-1].publish_ns - origin)
            for source_ix in push:
                sink.head(source_ix, self._clock.now_ns())
            sink.ticks(
                [
                    Tick(
                        market_ix=t.market_ix,
                        source_ix=t.source_ix,
                        value=t.value,
                        conf=t.conf,
                        publish_ns=pacer.stamp(t.publish_ns - origin),
                        seq=t.seq,
                    )
                    for t in batch
                ]
            )
            self.played += len(batch)

    def _batches(self) -> Iterator[list[Tick]]:
        width = BATCH_NS * self._speed.numerator // self._speed.denominator
        batch: list[Tick] = []
        for row in recording.read(self._path):
            feed = self._feeds.get((row.market, row.source))
            if feed is None:
                continue
            if batch and (row.ts_ns - batch[0].publish_ns >= width or len(batch) == BATCH_MAX):
                yield batch
                batch = []
            batch.append(
                Tick(
                    market_ix=feed[0],
                    source_ix=feed[1],
                    value=row.price_e10,
                    conf=row.conf_e10 or None,
                    publish_ns=row.ts_ns,
                    # Recorders write several trades of one instant; their order is their number.
                    seq=row.number,
                )
            )
        if batch:
            yield batch


def _specs(
    series: dict[tuple[int, int], Series], names: SourceNames, speed: Fraction
) -> list[FeedSpec]:
    primary = _primaries(series, names)
    return [
        _spec(feed, one, speed, primary=primary[feed[0]] == feed[1], names=names)
        for feed, one in sorted(series.items())
    ]


def _spec(
    feed: tuple[int, int], series: Series, speed: Fraction, *, primary: bool, names: SourceNames
) -> FeedSpec:
    name = names.name(feed[1])
    interval = int(series.interval_ns / speed)
    if found := _PUSH.fullmatch(name):
        percent, heartbeat_s = found[1] or _PUSH_DEFAULT[0], found[2] or _PUSH_DEFAULT[1]
        heartbeat = max(1_000_000_000, int(int(heartbeat_s) * 10**9 / speed))
        return FeedSpec(
            market_ix=feed[0],
            source_ix=feed[1],
            kind="push",
            group=feed[1],
            primary=primary,
            interval_ns=heartbeat,
            heartbeat_ns=heartbeat,
            deviation_e10=int(Fraction(percent) * 10**8),
        )
    return FeedSpec(
        market_ix=feed[0],
        source_ix=feed[1],
        kind="stream",
        # Quotes and trades of one venue fail together and count as one.
        group=names.ix(name.removesuffix("-quote").removesuffix("-trade")),
        primary=primary,
        interval_ns=interval,
        # Bars of a minute are as fresh as their recorder could make them.
        max_age_ns=max(STREAM_MAX_AGE_NS, 5 * interval // 2),
    )


def _primaries(series: dict[tuple[int, int], Series], names: SourceNames) -> dict[int, int]:
    # An oracle stream if the file has one; else the busiest stream quoted in dollars; else the
    # busiest of what there is.
    chosen: dict[int, tuple[tuple[bool, bool, int], int]] = {}
    for (market_ix, source_ix), one in sorted(series.items()):
        name = names.name(source_ix)
        stable = name.endswith((":USDC", ":USDT"))
        rank = (
            name.startswith("derived:pyth"),
            not stable and not _PUSH.fullmatch(name),
            one.rows,
        )
        if market_ix not in chosen or rank > chosen[market_ix][0]:
            chosen[market_ix] = (rank, source_ix)
    return {market_ix: source_ix for market_ix, (_, source_ix) in chosen.items()}
