"""Chainlink data feeds, read over JSON-RPC: one batch a poll, nothing but `latestRoundData`.

A feed is pushed by deviation or heartbeat, so its age alone says little: with every poll the time
of the sealed block it was read at goes to the sink as well (the currency clock). Addresses are
data, and public lists of them contain wrong ones: each proxy must say its own name and decimals
before its first price counts, and again when the aggregator behind it changes.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from vanta import logs
from vanta.domain.errors import VantaError, echo
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.prices.abi import Round, decode_address, decode_round, decode_string, decode_u8
from vanta.prices.connect import Link, LostError
from vanta.prices.pace import Sleep

_log = logs.get(__name__)

LATEST_ROUND_DATA: Final = "0xfeaf968c"
DECIMALS: Final = "0x313ce567"
DESCRIPTION: Final = "0x7284e416"
AGGREGATOR: Final = "0x245a7bfc"

POLL_S: Final = 2.0  # a Base block
VERIFY_NS: Final = 600_000_000_000
REVERIFY_NS: Final = 30_000_000_000  # while some feed could not say who it is
_POLL: Final = "poll"


class Answer(Protocol):
    """A node's answer: a result, or the node's own error."""

    @property
    def ok(self) -> bool: ...
    @property
    def result(self) -> Any: ...
    @property
    def message(self) -> str: ...


class JsonRpc(Protocol):
    """Way to the chain; raises a `VantaError` when no endpoint gave a usable answer."""

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Answer]: ...


class ProxyFeed(msgspec.Struct, frozen=True):
    """A feed's proxy and what is known of its habits."""

    address: str
    heartbeat_s: int = 1200
    deviation_e10: int = 50_000_000
    decimals: int = 8


# Base mainnet. Heartbeats of ETH and BTC are 1200 s by third-party configuration; where nothing
# better is known the longest seen stands in. Deviation thresholds: 0.5 % is the upper end of what
# majors use.
FEEDS: Final[Mapping[str, ProxyFeed]] = {
    "ETH/USD": ProxyFeed("0x71041dddad3595F9CEd3DcCFBe3D1F4b0a16Bb70"),
    "BTC/USD": ProxyFeed("0x64c911996D3c6aC71f9b455B1E8E7266BcbD848F"),
    "SOL/USD": ProxyFeed("0x975043adBb80fc32276CbF9Bbcfd4A601a12462D", heartbeat_s=3600),
    "BNB/USD": ProxyFeed("0x4b7836916781CAAfbb7Bd1E5FDd20ED544B453b1", heartbeat_s=3600),
}
SEQUENCER: Final = "0xBCF85224fc0756B9Fa45aA7892530B47e10b6433"


class _Feed:
    __slots__ = ("aggregator", "decimals", "down", "last", "market_ix", "proxy", "symbol")

    def __init__(self, symbol: str, market_ix: int, proxy: ProxyFeed) -> None:
        self.symbol = symbol
        self.market_ix = market_ix
        self.proxy = proxy
        self.decimals: int | None = None  # None: not verified, no price counts
        self.aggregator = ""
        self.last: Round | None = None
        self.down = False


class Chainlink:
    """Price source `chainlink`. `rpc` is used, not owned; `sequencer` "" means a chain without."""

    name = "chainlink"

    def __init__(
        self,
        *,
        rpc: JsonRpc,
        catalogue: Catalogue,
        names: SourceNames,
        clock: Clock,
        rng: random.Random,
        feeds: Mapping[str, ProxyFeed] = FEEDS,
        sequencer: str = SEQUENCER,
        primary: bool = True,
        poll_s: float = POLL_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.source_ix = names.ix(self.name)
        self._rpc = rpc
        self._clock = clock
        self._feeds = [
            _Feed(m.symbol, m.ix, feeds[m.symbol]) for m in catalogue if m.symbol in feeds
        ]
        self._sequencer = sequencer
        self._sequencer_said: tuple[bool, int] | None = None
        self._primary = primary
        self._poll_s = poll_s
        self._sleep = sleep
        self._head_number = -1
        self._sealed_ns: int | None = None
        self._verified_ns: int | None = None
        self.link = Link(
            self.name,
            clock=clock,
            rng=rng,
            sleep=sleep,
            expected_ns={_POLL: int(poll_s * 2e9)},
        )

    def feeds(self) -> Sequence[FeedSpec]:
        """Return one push feed per market with a known proxy."""
        return [
            FeedSpec(
                market_ix=f.market_ix,
                source_ix=self.source_ix,
                kind="push",
                group=self.source_ix,
                primary=self._primary,
                expo=-f.proxy.decimals,
                interval_ns=f.proxy.heartbeat_s * 10**9,
                heartbeat_ns=f.proxy.heartbeat_s * 10**9,
                deviation_e10=f.proxy.deviation_e10,
            )
            for f in self._feeds
        ]

    def head_age_s(self) -> float | None:
        """Return how long ago the newest block that was read was sealed; None before the first."""
        return None if self._sealed_ns is None else (self._clock.now_ns() - self._sealed_ns) / 1e9

    async def run(self, sink: PriceSink) -> None:
        """Poll into `sink` for ever, with backoff while no endpoint answers."""
        await self.link.keep(lambda: self._poll_on(sink))

    async def _poll_on(self, sink: PriceSink) -> None:
        while True:
            await self.poll(sink)
            self.link.heard(_POLL)
            await self._sleep(self._poll_s)

    async def poll(self, sink: PriceSink) -> None:
        """Read head, sequencer and all feeds once. Raises `LostError` when no endpoint answers."""
        now = self._clock.mono_ns()
        if self._verified_ns is None or now - self._verified_ns > VERIFY_NS:
            known = await self._verify(self._feeds, sink)
            self._verified_ns = now if known else now - VERIFY_NS + REVERIFY_NS
        live = [f for f in self._feeds if f.decimals is not None]
        calls: list[tuple[str, Sequence[Any]]] = [("eth_getBlockByNumber", ["latest", False])]
        calls += [_call(f.proxy.address, LATEST_ROUND_DATA) for f in live]
        if self._sequencer:
            calls.append(_call(self._sequencer, LATEST_ROUND_DATA))
        answers = await self._ask(calls)
        if not self._take_head(answers[0], sink):
            return
        if self._sequencer:
            self._take_sequencer(answers[-1], sink)
        ticks = []
        moved = []
        for feed, answer in zip(live, answers[1:], strict=False):
            found = self._take_round(feed, answer, sink)
            if found is None:
                continue
            if feed.last is not None and found.phase != feed.last.phase:
                moved.append(feed)
            feed.last = found
            ticks.append((feed, found))
        if moved:
            # Another contract answers now: who is it, and in which decimals does it speak?
            _log.warning("chainlink.phase_changed", feeds=[f.symbol for f in moved])
            await self._verify(moved, sink)
        if offer := [self._tick(f, r) for f, r in ticks if f.decimals is not None]:
            sink.ticks(offer)

    async def _verify(self, feeds: Sequence[_Feed], sink: PriceSink) -> bool:
        calls = []
        for feed in feeds:
            calls += [_call(feed.proxy.address, s) for s in (DECIMALS, DESCRIPTION, AGGREGATOR)]
        answers = await self._ask(calls)
        for i, feed in enumerate(feeds):
            try:
                decimals, aggregator = _read_identity(answers[3 * i : 3 * i + 3], feed.symbol)
            except ValueError as error:
                _log.error("chainlink.identity_wrong", feed=feed.symbol, reason=str(error)[:120])
                feed.decimals = None
                feed.last = None
                sink.withdraw(feed.market_ix, self.source_ix)
            else:
                if feed.aggregator and aggregator != feed.aggregator:
                    _log.warning("chainlink.aggregator_changed", feed=feed.symbol)
                feed.decimals, feed.aggregator = decimals, aggregator
        return all(f.decimals is not None for f in feeds)

    async def _ask(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Answer]:
        try:
            return await self._rpc.batch(calls)
        except VantaError as error:
            raise LostError(f"{type(error).__name__}: {error}") from error

    def _take_head(self, answer: Answer, sink: PriceSink) -> bool:
        try:
            block = _result(answer)
            number, sealed_s = int(block["number"], 16), int(block["timestamp"], 16)
        except (ValueError, TypeError, KeyError) as error:
            raise LostError(f"no head block: {error}") from error
        if number < self._head_number:
            # An endpoint that lags behind what another one showed us: going back in time would
            # withdraw good rounds.
            _log.info("chainlink.lagging_head", behind=self._head_number - number)
            return False
        self._head_number = number
        self._sealed_ns = sealed_s * 10**9
        sink.head(self.source_ix, sealed_s * 10**9)
        return True

    def _take_sequencer(self, answer: Answer, sink: PriceSink) -> None:
        try:
            said = _read_sequencer(answer)
        except ValueError as error:
            # Doubt about the sequencer counts as down.
            if self._sequencer_said is None or self._sequencer_said[0]:
                _log.error("chainlink.sequencer_unknown", reason=str(error)[:120])
                said = (False, self._clock.now_ns())
            else:
                said = self._sequencer_said
        if said != self._sequencer_said:
            self._sequencer_said = said
            _log.info("chainlink.sequencer", up=said[0], since_ns=said[1])
            sink.sequencer(up=said[0], since_ns=said[1])

    def _take_round(self, feed: _Feed, answer: Answer, sink: PriceSink) -> Round | None:
        try:
            found = _read_round(answer)
        except ValueError as error:
            # A feed that was shut down reverts or answers 0: it has no price any more.
            if not feed.down:
                _log.error("chainlink.feed_down", feed=feed.symbol, reason=str(error)[:120])
                sink.withdraw(feed.market_ix, self.source_ix)
            feed.down = True
            feed.last = None
            return None
        if feed.down:
            _log.info("chainlink.feed_back", feed=feed.symbol)
            feed.down = False
        if found == feed.last:
            return None
        if feed.last is not None and found.round_id <= feed.last.round_id:
            # The block that held our round is gone; so is the round.
            _log.warning("chainlink.round_reverted", feed=feed.symbol)
            sink.withdraw(feed.market_ix, self.source_ix)
        return found

    def _tick(self, feed: _Feed, found: Round) -> Tick:
        assert feed.decimals is not None
        return Tick(
            market_ix=feed.market_ix,
            source_ix=self.source_ix,
            value=str(found.answer),
            expo=-feed.decimals,
            publish_ns=found.updated_at * 10**9,
            # Phase above, round below: grows over a change of aggregator and fits 63 bits.
            seq=(found.phase << 40 | found.aggregator_round & (1 << 40) - 1),
        )


def _call(address: str, selector: str) -> tuple[str, Sequence[Any]]:
    return "eth_call", [{"to": address, "data": selector}, "latest"]


def _result(answer: Answer) -> Any:
    if not answer.ok or answer.result is None:
        raise ValueError(f"node says: {echo(answer.message)}")
    return answer.result


def _read_round(answer: Answer) -> Round:
    found = decode_round(_result(answer))
    if found.answer <= 0 or found.updated_at == 0:
        raise ValueError(f"answer {found.answer}, updated at {found.updated_at}")
    return found


def _read_sequencer(answer: Answer) -> tuple[bool, int]:
    status = decode_round(_result(answer))
    if status.answer not in (0, 1) or status.started_at == 0:
        raise ValueError(f"answer {status.answer}, since {status.started_at}")
    return status.answer == 0, status.started_at * 10**9


def _read_identity(answers: Sequence[Answer], symbol: str) -> tuple[int, str]:
    decimals, description, aggregator = (_result(a) for a in answers)
    name = decode_string(description)
    if name.replace(" ", "") != symbol:
        raise ValueError(f"says it is {echo(name)!r}")
    return decode_u8(decimals), decode_address(aggregator)
