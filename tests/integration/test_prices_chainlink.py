"""Chainlink over true JSON-RPC into the real price book: rounds, phases, faults, the sequencer."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes.rpc import FakeRpc, Proxy
from tests.fakes.sink import MemorySink, catalogue
from tests.fakes.sleeper import ManualTime, NoJitter, eventually, running
from vanta._core import AggregateConfig, PriceBook
from vanta.app.readiness import chain_check
from vanta.domain.enums import Quality
from vanta.domain.sources import SourceNames
from vanta.engine.feed import Feed
from vanta.evm.rpc import Rpc
from vanta.metrics import Metrics
from vanta.prices.chainlink import FEEDS, SEQUENCER, Chainlink
from vanta.prices.connect import LostError

SECOND = 10**9
ETH, BTC = FEEDS["ETH/USD"].address, FEEDS["BTC/USD"].address


class Rig:
    def __init__(self, node: FakeRpc, time: ManualTime, rpc: Rpc) -> None:
        self.node = node
        self.time = time
        self.sink = MemorySink()
        names = SourceNames()
        self.source = Chainlink(
            rpc=rpc,
            catalogue=catalogue("ETH/USD", "BTC/USD"),
            names=names,
            clock=time,
            rng=NoJitter(),
            sleep=time.sleep,
        )
        self.feed = Feed(
            book=PriceBook(AggregateConfig()),
            catalogue=catalogue("ETH/USD", "BTC/USD"),
            names=names,
            clock=time,
            metrics=Metrics(),
            defer=lambda *_: None,
        )
        self.feed.add_source(self.source)

    def seal(self, seconds: int = 2) -> None:
        self.time.advance(seconds * SECOND)
        self.node.number += seconds // 2
        self.node.time_s = self.time.now_ns() // SECOND

    async def poll(self, seconds: int = 2) -> None:
        self.seal(seconds)
        await self.source.poll(self.sink)

    def push(self, address: str, answer: int) -> None:
        proxy = self.node.proxies[address]
        proxy.round += 1
        proxy.answer = answer
        proxy.updated_at = self.time.now_ns() // SECOND


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    node, time = FakeRpc(), ManualTime()
    now_s = node.time_s = time.now_ns() // SECOND
    node.proxies = {
        ETH: Proxy(description="ETH / USD", phase=3, round=1599, answer=206_000_000_000),
        BTC: Proxy(description="BTC / USD", phase=3, round=900, answer=6_890_000_000_000),
        SEQUENCER: Proxy(answer=0, started_at=now_s - 86_400, updated_at=now_s - 86_400),
    }
    node.proxies[ETH].updated_at = node.proxies[BTC].updated_at = now_s - 600
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(node.serve())
        rpc = Rpc([url], session=aiohttp.ClientSession, clock=time)
        yield Rig(node, time, await stack.enter_async_context(rpc))


async def test_one_batch_a_poll_after_each_proxy_said_who_it_is(rig: Rig) -> None:
    await rig.poll()
    await rig.poll()
    verify, first, second = rig.node.batches
    assert [len(b) for b in (verify, first, second)] == [6, 4, 4]
    assert [(t.market_ix, t.value, t.expo) for t in rig.sink.all] == [
        (0, "206000000000", -8),
        (1, "6890000000000", -8),
    ]
    assert rig.sink.heads[-1] == (rig.source.source_ix, rig.node.time_s * SECOND)
    assert rig.sink.sequencers == [(True, rig.node.proxies[SEQUENCER].started_at * SECOND)]


async def test_an_unchanged_round_is_told_once_and_stays_fresh_for_its_heartbeat(rig: Rig) -> None:
    for _ in range(290):  # with the 600 s before: 1180 s of a 1200 s heartbeat
        rig.seal()
        await rig.source.poll(rig.feed)
    assert rig.feed.quote(0).quality == Quality.SINGLE
    rig.time.advance(6 * SECOND)  # no block for 6 s: the currency clock says stop
    assert rig.feed.quote(0).quality == Quality.STALE


async def test_a_new_round_is_told_in_growing_sequence(rig: Rig) -> None:
    await rig.poll()
    rig.push(ETH, 207_000_000_000)
    await rig.poll()
    eth = [t for t in rig.sink.all if t.market_ix == 0]
    assert [t.value for t in eth] == ["206000000000", "207000000000"]
    assert eth[0].seq is not None and eth[1].seq is not None and eth[0].seq < eth[1].seq < 2**63


async def test_a_phase_change_is_accepted_after_the_newcomer_said_who_it_is(rig: Rig) -> None:
    await rig.poll()
    rig.push(ETH, 207_000_000_000)
    proxy = rig.node.proxies[ETH]
    proxy.phase, proxy.round, proxy.aggregator = 4, 1, "0x" + "22" * 20
    await rig.poll()
    assert len(rig.node.batches[-1]) == 3
    eth = [t for t in rig.sink.all if t.market_ix == 0]
    assert [t.value for t in eth] == ["206000000000", "207000000000"]
    assert eth[0].seq is not None and eth[1].seq is not None and eth[0].seq < eth[1].seq
    assert rig.sink.withdrawn == []


async def test_new_decimals_behind_the_proxy_are_not_a_new_price(rig: Rig) -> None:
    rig.seal()
    await rig.source.poll(rig.feed)
    before = rig.feed.quote(0)
    rig.push(ETH, 206_000_000_000)
    proxy = rig.node.proxies[ETH]
    proxy.phase, proxy.round, proxy.decimals = 4, 1, 18
    proxy.answer = 2_060 * 10**18
    rig.seal()
    await rig.source.poll(rig.feed)
    after = rig.feed.quote(0)
    assert before.price_e10 == 2_060 * 10**10
    assert after.price_e10 in (0, before.price_e10)
    (eth, _) = rig.feed.status()
    assert eth["sources"][0]["rejects"] == {"EXPO_CHANGED": 1}


@pytest.mark.parametrize("how", ["reverts", "zero", "negative", "gone"])
async def test_a_feed_that_is_shut_down_is_withdrawn_once_and_may_come_back(
    rig: Rig, how: str
) -> None:
    await rig.poll()
    proxy = rig.node.proxies[ETH]
    if how == "reverts":
        proxy.reverts = True
    elif how == "gone":
        del rig.node.proxies[ETH]
    else:
        proxy.answer = 0 if how == "zero" else -5
    await rig.poll()
    await rig.poll()
    assert rig.sink.withdrawn == [(0, rig.source.source_ix)]
    proxy.reverts, proxy.answer, rig.node.proxies[ETH] = False, 206_000_000_000, proxy
    await rig.poll()
    assert [t.market_ix for t in rig.sink.all] == [0, 1, 0]


async def test_a_proxy_that_is_something_else_never_speaks(rig: Rig) -> None:
    rig.node.proxies[ETH].description = "LINK / USD"
    await rig.poll()
    assert {t.market_ix for t in rig.sink.all} == {1}
    rig.node.proxies[ETH].description = "ETH / USD"
    await rig.poll(30)
    await rig.poll(2)
    assert {t.market_ix for t in rig.sink.all} == {0, 1}  # asked again after half a minute


async def test_a_round_that_a_reorg_took_back_is_withdrawn(rig: Rig) -> None:
    await rig.poll()
    rig.push(ETH, 207_000_000_000)
    await rig.poll()
    proxy = rig.node.proxies[ETH]
    proxy.round, proxy.answer, proxy.updated_at = 1599, 206_000_000_000, proxy.updated_at - 600
    await rig.poll()
    assert rig.sink.withdrawn == [(0, rig.source.source_ix)]
    assert [t.value for t in rig.sink.all if t.market_ix == 0][-1] == "206000000000"


async def test_a_lagging_endpoint_does_not_take_us_back(rig: Rig) -> None:
    await rig.poll()
    rig.push(ETH, 207_000_000_000)
    await rig.poll()
    told = len(rig.sink.all), len(rig.sink.heads)
    rig.node.number -= 5
    proxy = rig.node.proxies[ETH]
    proxy.round, proxy.answer = 1599, 206_000_000_000
    await rig.source.poll(rig.sink)
    assert (len(rig.sink.all), len(rig.sink.heads)) == told
    assert rig.sink.withdrawn == []


async def test_sequencer_down_stops_the_push_feed_and_grace_follows(rig: Rig) -> None:
    rig.seal()
    await rig.source.poll(rig.feed)
    assert rig.feed.quote(0).quality == Quality.SINGLE
    flag = rig.node.proxies[SEQUENCER]
    flag.answer, flag.started_at = 1, rig.time.now_ns() // SECOND
    rig.seal()
    await rig.source.poll(rig.feed)
    assert rig.feed.quote(0).quality not in (Quality.GOOD, Quality.SINGLE)
    flag.answer, flag.started_at = 0, rig.time.now_ns() // SECOND
    for _ in range(30):
        rig.seal()
        rig.push(ETH, 206_000_000_000)
        await rig.source.poll(rig.feed)
    assert rig.feed.quote(0).quality not in (Quality.GOOD, Quality.SINGLE)


@pytest.mark.parametrize("how", ["reverts", "odd", "never"])
async def test_doubt_about_the_sequencer_is_down(rig: Rig, how: str) -> None:
    await rig.poll()
    flag = rig.node.proxies[SEQUENCER]
    if how == "reverts":
        flag.reverts = True
    elif how == "odd":
        flag.answer = 2
    else:
        flag.started_at = flag.updated_at = 0
    await rig.poll()
    await rig.poll()
    assert [up for up, _ in rig.sink.sequencers] == [True, False]


async def test_no_endpoint_means_lost(rig: Rig) -> None:
    rig.node.faults.append("500")
    with pytest.raises(LostError, match="HTTP 500"):
        await rig.poll()


async def test_a_chain_that_stands_still_or_is_away_is_not_ready(rig: Rig) -> None:
    ready = chain_check(rig.source)
    assert await ready() == (False, "no block has been read yet")
    await rig.poll()
    assert await ready() == (True, "the newest block is 0 s old")
    rig.time.advance(31 * SECOND)
    await rig.source.poll(rig.sink)  # it answers, with the block of before
    assert await ready() == (False, "the newest block is 31 s old")
    await rig.poll()
    rig.node.faults.append("cut")
    rig.time.advance(31 * SECOND)
    with pytest.raises(LostError):
        await rig.source.poll(rig.sink)
    assert await ready() == (False, "the newest block is 31 s old")


async def test_it_goes_on_after_the_endpoint_failed(rig: Rig) -> None:
    rig.node.faults.extend(["", "", "500", "garbage", "cut"])
    async with running(rig.source.run(rig.sink)) as task:
        await eventually(lambda: len(rig.sink.all) == 2 and rig.time.asleep == 2, task)
        rig.push(ETH, 207_000_000_000)
        rig.seal()
        await eventually(lambda: len(rig.sink.all) == 3, task)
    assert rig.source.link.losses == 3
