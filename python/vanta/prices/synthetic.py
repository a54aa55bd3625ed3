"""A market from a seed: several sources of unequal honesty over one hidden walk per market.

`steps` is a pure function of the seed and the step number: no clock, no event loop, no shared
random state. `run` only plays it in real time.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from math import isqrt
from typing import Final

import msgspec

from vanta import logs
from vanta.domain.market import Market
from vanta.domain.ports import Clock, FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.prices.pace import Pacer, Sleep
from vanta.prices.voices import MINUTE_STEPS, PUSH, STEP_NS, VOICES, Voice, heard, speaks
from vanta.prices.walk import E10, Walk, mix

_log = logs.get(__name__)

# Start price in whole USD, and the usual move in a minute in basis points: lively on purpose, about
# twice the real thing, so that a newcomer sees profit move.
_CHARACTER: Final = {
    "BTC": (68_900, 12),
    "ETH": (2_060, 15),
    "SOL": (86, 20),
    "BNB": (615, 14),
    "XAU": (4_600, 5),
    "XRP": (1, 20),
}
_DEFAULT_BPS: Final = 15
_DAY_NS: Final = 86_400_000_000_000


class Step(msgspec.Struct, frozen=True, gc=False):
    """All ticks of one step; their `publish_ns` is an offset from step 0, as is `offset_ns`."""

    number: int
    offset_ns: int
    ticks: tuple[Tick, ...]


class _Market:
    __slots__ = ("at", "ix", "mids", "seeds", "walk")

    def __init__(self, market: Market, seed: int, vol_percent: int) -> None:
        usd, bps = _CHARACTER.get(market.base, (0, _DEFAULT_BPS))
        start = usd * E10 or isqrt(market.min_price_e10 * market.max_price_e10)
        start = min(max(start, market.min_price_e10 * 2), market.max_price_e10 // 2)
        # Seeded by the symbol, not by the place in the catalogue: adding a market changes no other.
        own = mix(seed, *market.symbol.encode())
        self.ix = market.ix
        self.walk = Walk(
            own, start_e10=start, sigma_e10=bps * 10_000 * vol_percent, minute_steps=MINUTE_STEPS
        )
        self.seeds = [mix(own, 1_000 + i) for i in range(len(VOICES))]
        self.mids = [0] * 16
        self.at = [-1] * 16

    def mid(self, step: int) -> int:
        # Laggards ask for the last few steps again: a ring saves walking there twice.
        step = max(step, 0)
        slot = step & 15
        if self.at[slot] != step:
            self.at[slot] = step
            self.mids[slot] = self.walk.mid(step)
        return self.mids[slot]


class Synthetic:
    """Price source `synthetic`: the market of `seed`, from `start_step` on.

    A step is 50 ms. To continue a market after a restart pass the number of steps since it began
    (`steps_since`); the path is the same as if it had run all the time. `vol_percent` scales how
    much it moves.
    """

    name = "synthetic"

    def __init__(
        self,
        markets: Iterable[Market],
        *,
        seed: int,
        clock: Clock,
        names: SourceNames,
        start_step: int = 0,
        vol_percent: int = 100,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._seed = seed
        self.position = max(0, start_step)
        self._markets = [_Market(m, mix(seed), vol_percent) for m in markets]
        self._ix = [names.ix(v.name) for v in VOICES]
        self._push_ix = names.ix(PUSH.name)

    def feeds(self) -> Sequence[FeedSpec]:
        """Return every (market, source) this market speaks through."""
        specs = []
        for market in self._markets:
            specs += [_spec(market.ix, ix, v) for ix, v in zip(self._ix, VOICES, strict=True)]
            specs.append(
                FeedSpec(
                    market_ix=market.ix,
                    source_ix=self._push_ix,
                    kind="push",
                    group=self._push_ix,
                    interval_ns=PUSH.heartbeat_blocks * PUSH.block_steps * STEP_NS,
                    heartbeat_ns=PUSH.heartbeat_blocks * PUSH.block_steps * STEP_NS,
                    deviation_e10=PUSH.deviation_e10,
                )
            )
        return specs

    def steps(self, start: int | None = None) -> Iterator[Step]:
        """Yield steps for ever. A later start yields the tail of the same sequence.

        The first step also carries the last round of each push feed, which a chain would show to
        anyone who comes late.
        """
        number = self.position if start is None else start
        late = tuple(self._last_round(m, number) for m in self._markets)
        while True:
            ticks = tuple(self._at(number))
            yield Step(number, number * STEP_NS, late + ticks)
            late = ()
            number += 1

    def stream(self, start: int | None = None) -> Iterator[tuple[int, Tick]]:
        """Yield (offset_ns, tick) for ever: `steps`, flat."""
        for step in self.steps(start):
            for tick in step.ticks:
                yield step.offset_ns, tick

    async def run(self, sink: PriceSink) -> None:
        """Play the market into `sink` in real time, for ever."""
        pacer = Pacer(self._clock, sleep=self._sleep)
        _log.info("synthetic.started", seed=self._seed, step=self.position)
        sink.sequencer(up=True, since_ns=self._clock.now_ns() - _DAY_NS)
        sink.head(self._push_ix, self._clock.now_ns())
        for step in self.steps():
            await pacer.until(step.offset_ns)
            if step.number % PUSH.block_steps == 0:
                sink.head(self._push_ix, self._clock.now_ns())
            if step.ticks:
                sink.ticks(
                    [
                        msgspec.structs.replace(t, publish_ns=pacer.stamp(t.publish_ns))
                        for t in step.ticks
                    ]
                )
            # A restarted task goes on where it stopped instead of repeating old rounds.
            self.position = step.number + 1

    def _at(self, step: int) -> Iterator[Tick]:
        offset = step * STEP_NS
        for market in self._markets:
            for voice, source_ix, seed in zip(VOICES, self._ix, market.seeds, strict=True):
                if speaks(voice, seed, step):
                    price = heard(voice, seed, step, market.mid(step - voice.lag_steps))
                    yield Tick(
                        market_ix=market.ix,
                        source_ix=source_ix,
                        value=price,
                        conf=price * voice.conf_e10 // E10 or None,
                        publish_ns=offset - voice.latency_ns,
                        seq=step,
                    )
            if step % PUSH.block_steps == 0 and self._pushes(market, step):
                yield self._round(market, step)

    def _pushes(self, market: _Market, step: int) -> bool:
        if step % (PUSH.block_steps * PUSH.heartbeat_blocks) == 0:
            return True
        before = market.walk.offset_e10(step - PUSH.block_steps) // PUSH.deviation_e10
        return before != market.walk.offset_e10(step) // PUSH.deviation_e10

    def _round(self, market: _Market, step: int) -> Tick:
        return Tick(
            market_ix=market.ix,
            source_ix=self._push_ix,
            value=market.walk.mid(step),
            publish_ns=step * STEP_NS - PUSH.latency_ns,
            seq=step,
        )

    def _last_round(self, market: _Market, step: int) -> Tick:
        block = (step - 1) // PUSH.block_steps * PUSH.block_steps
        while block > 0 and not self._pushes(market, block):
            block -= PUSH.block_steps
        return self._round(market, max(block, 0))


def steps_since(began_ns: int, now_ns: int) -> int:
    """Steps a market begun at `began_ns` has made by `now_ns`; 0 when the clock says otherwise."""
    return max(0, (now_ns - began_ns) // STEP_NS)


def _spec(market_ix: int, source_ix: int, voice: Voice) -> FeedSpec:
    return FeedSpec(
        market_ix=market_ix,
        source_ix=source_ix,
        kind="stream",
        group=source_ix,
        primary=voice.primary,
        interval_ns=voice.period_steps * STEP_NS,
        conf_required=voice.conf_e10 > 0,
    )
