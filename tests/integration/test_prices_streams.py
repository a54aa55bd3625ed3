"""Streams over real sockets: drops, half-open, garbage, giants, penalties; and life afterwards."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.fakes import hermes
from tests.fakes.exchange import FakeExchange, Script, drops, holds, says, tells
from tests.fakes.hermes import Act, FakeHermes
from tests.fakes.sink import E10, MemorySink, catalogue
from tests.fakes.sleeper import ManualTime, NoJitter, eventually, running
from vanta.domain.sources import SourceNames
from vanta.prices.coinbase import Coinbase
from vanta.prices.connect import GARBAGE_LIMIT
from vanta.prices.exchange import Exchange
from vanta.prices.kraken import Kraken
from vanta.prices.pyth import FEEDS, Pyth

SECOND = 10**9
BTC, ETH = FEEDS["BTC/USD"].id, FEEDS["ETH/USD"].id


def coinbase(price: int, seq: int = 1) -> str:
    ticker = {"product_id": "BTC-USD", "price": str(price)}
    return json.dumps(
        {
            "channel": "ticker",
            "timestamp": "2026-04-07T14:30:03.000000Z",
            "sequence_num": seq,
            "events": [{"type": "update", "tickers": [ticker]}],
        }
    )


def kraken(price: int) -> str:
    return json.dumps(
        {"channel": "ticker", "type": "update", "data": [{"symbol": "BTC/USD", "last": price}]}
    )


@contextlib.asynccontextmanager
async def exchange(
    server: FakeExchange, wire: Coinbase | Kraken, *symbols: str
) -> AsyncIterator[tuple[Exchange, MemorySink, ManualTime]]:
    time, sink = ManualTime(), MemorySink()
    async with server.serve() as url:
        source = Exchange(
            wire,
            catalogue=catalogue(*(symbols or ("ETH/USD", "BTC/USD"))),
            names=SourceNames(),
            clock=time,
            rng=NoJitter(),
            session=aiohttp.ClientSession,
            url=url,
            sleep=time.sleep,
        )
        async with running(source.run(sink)):
            yield source, sink, time


async def test_both_exchanges_stream_after_subscribing() -> None:
    server = FakeExchange(holds(coinbase(60_000, 1), coinbase(60_001, 2)))
    async with exchange(server, Coinbase()) as (source, sink, _):
        await eventually(lambda: len(sink.all) == 2)
        assert [t.value for t in sink.all] == [60_000 * E10, 60_001 * E10]
        assert json.loads(server.hello[0][0])["product_ids"] == ["ETH-USD", "BTC-USD"]
        assert {s.source_ix for s in source.feeds()} == {t.source_ix for t in sink.all}
    server = FakeExchange(holds(kraken(60_000)))
    async with exchange(server, Kraken()) as (_, sink, time):
        await eventually(lambda: sink.all)
        assert (sink.all[0].value, sink.all[0].publish_ns) == (60_000 * E10, time.now_ns())


@pytest.mark.parametrize(
    ("bad", "malformed"),
    [
        (says(coinbase(60_000)), 0),
        (drops(coinbase(60_000)), 0),
        (says(), 0),
        (drops(), 0),
        (says(coinbase(60_000), "x" * (5 << 20)), 0),  # refused before it is looked at
        (says(*["{broken"] * 2 * GARBAGE_LIMIT), GARBAGE_LIMIT),
        (says('{"channel":"ticker","events":7}', gzip.compress(b"{}").decode("latin-1")), 2),
    ],
    ids=["closed", "cut", "closed at once", "cut at once", "5 MB frame", "garbage", "gzip"],
)
async def test_the_stream_goes_on_after_a_reconnect(bad: Script, malformed: int) -> None:
    server = FakeExchange(bad, bad, holds(coinbase(61_000)))
    async with exchange(server, Coinbase()) as (source, sink, time):
        await eventually(lambda: sink.all and sink.all[-1].value == 61_000 * E10)
        assert (server.connections, source.link.losses) == (3, 2)
        assert source.link.malformed == 2 * malformed
        assert all(t.value in (60_000 * E10, 61_000 * E10) for t in sink.all)
        assert time.slept_s.count(0.0) == 0  # no busy waiting


async def test_a_malformed_message_costs_nothing_but_itself() -> None:
    server = FakeExchange(holds("{broken", coinbase(60_000), "[]", coinbase(60_001, 2)))
    async with exchange(server, Coinbase()) as (source, sink, _):
        await eventually(lambda: len(sink.all) == 2)
        assert (source.link.malformed, server.connections) == (2, 1)


async def test_a_binary_frame_is_a_message_like_any_other() -> None:
    async def binary(ws: web.WebSocketResponse) -> None:
        await ws.send_bytes(gzip.compress(b"{}"))
        await holds(coinbase(60_000))(ws)

    server = FakeExchange(binary)
    async with exchange(server, Coinbase()) as (source, sink, _):
        await eventually(lambda: sink.all)
        assert (source.link.malformed, server.connections) == (1, 1)


async def test_a_half_open_connection_is_given_up_after_silence() -> None:
    server = FakeExchange(holds(coinbase(60_000)), holds(coinbase(61_000)))
    async with exchange(server, Coinbase()) as (source, sink, time):
        await eventually(lambda: sink.all and time.asleep)
        for _ in range(3):  # 15 s without as much as a heartbeat
            time.advance(5 * SECOND)
            await eventually(lambda: time.asleep)
        assert server.connections == 1
        time.advance(5 * SECOND)
        await eventually(lambda: len(sink.all) == 2)
        assert (server.connections, source.link.losses) == (2, 1)


async def test_one_silent_product_of_a_living_connection_is_noticed() -> None:
    server = FakeExchange()
    async with exchange(server, Coinbase()) as (source, _, time):
        await eventually(lambda: server.connections == 1 and time.asleep)
        for _ in range(7):  # heartbeats go on, the products say nothing for 35 s
            time.advance(5 * SECOND)
            source.link.heard("heartbeat")
            await eventually(lambda: time.asleep)
        await eventually(lambda: server.connections == 2)


async def test_a_product_that_speaks_keeps_its_connection() -> None:
    frames: asyncio.Queue[str] = asyncio.Queue()
    server = FakeExchange(tells(frames))
    async with exchange(server, Coinbase(), "BTC/USD") as (_, sink, time):
        await eventually(lambda: server.connections == 1 and time.asleep)
        for n in range(1, 20):  # 95 s
            time.advance(5 * SECOND)
            frames.put_nowait(coinbase(60_000 + n, n))
            await eventually(lambda want=n: len(sink.all) == want and time.asleep)
        assert server.connections == 1


async def test_a_server_that_hangs_up_for_ever_sees_ten_attempts_in_ten_seconds() -> None:
    server = FakeExchange(*[drops(coinbase(60_000))] * 100)
    async with exchange(server, Coinbase()) as (_, _, time):
        for tens in range(1, 4):
            await eventually(lambda want=tens: server.connections == 10 * want and time.asleep)
            time.advance(10 * SECOND)


async def test_a_refused_subscription_waits_half_a_minute() -> None:
    server = FakeExchange(says('{"type":"error","message":"no"}'), holds(coinbase(60_000)))
    async with exchange(server, Coinbase()) as (_, sink, time):
        await eventually(lambda: time.slept_s[-1:] == [30.0])
        time.advance(30 * SECOND)
        await eventually(lambda: sink.all)


# --- Hermes -----------------------------------------------------------------------------------


def btc(mantissa: int, slot: int) -> dict[str, object]:
    return hermes.parsed(BTC, str(mantissa), at_s=1_790_000_000, slot=slot)


@contextlib.asynccontextmanager
async def pyth(
    server: FakeHermes, key: str | None = None
) -> AsyncIterator[tuple[Pyth, MemorySink, ManualTime]]:
    time, sink = ManualTime(), MemorySink()
    async with server.serve() as url:
        source = Pyth(
            catalogue=catalogue("ETH/USD", "BTC/USD"),
            names=SourceNames(),
            clock=time,
            rng=NoJitter(),
            session=aiohttp.ClientSession,
            url=url,
            key=key,
            sleep=time.sleep,
        )
        async with running(source.run(sink)):
            yield source, sink, time


def values(sink: MemorySink) -> list[object]:
    return [t.value for t in sink.all]


async def test_the_latest_price_comes_first_then_the_stream() -> None:
    server = FakeHermes(
        Act(chunks=[hermes.event(hermes.update(btc(2, 2)))], then="hang"), key="sesame"
    )
    server.latest = hermes.update(btc(1, 1))
    async with pyth(server, key="sesame") as (_, sink, _):
        await eventually(lambda: values(sink) == ["1", "2"])
    assert server.requests == ["latest", "stream"]
    assert ("ids[]", BTC) in server.queries[0] and ("parsed", "true") in server.queries[0]


GOOD = Act(chunks=[hermes.event(hermes.update(btc(7, 7)))], then="hang")


@pytest.mark.parametrize(
    "bad",
    [
        Act(),
        Act(then="cut"),
        Act(status=503),
        Act(chunks=[hermes.event("Error receiving update: Lagged(3)", "error")], then="hang"),
        Act(chunks=[hermes.event("no json")] * GARBAGE_LIMIT, then="hang"),
        Act(chunks=[b"data:" + b"x" * (1 << 20), b"y" * (4 << 20)], then="hang"),
        Act(chunks=[b"\x1f\x8b\x08garbage" * 9], headers={"Content-Encoding": "gzip"}),
    ],
    ids=["24 h close", "cut", "503", "error event", "garbage", "5 MB event", "gzip garbage"],
)
async def test_hermes_goes_on_after_a_reconnect(bad: Act) -> None:
    server = FakeHermes(bad, bad, GOOD)
    async with pyth(server) as (source, sink, _):
        await eventually(lambda: values(sink) == ["7"])
        assert (server.streams, source.link.losses) == (3, 2)


@pytest.mark.parametrize("status", [429, 403, 401, 404])
async def test_a_penalty_is_sat_out_for_a_minute(status: int) -> None:
    server = FakeHermes(GOOD)
    server.latest_status.append(status)
    async with pyth(server) as (_, sink, time):
        await eventually(lambda: time.slept_s[-1:] == [60.0])
        time.advance(59 * SECOND)
        assert server.requests == ["latest"]
        time.advance(SECOND)
        await eventually(lambda: values(sink) == ["7"])


async def test_a_wrong_key_is_not_sent_in_a_hurry() -> None:
    server = FakeHermes(key="sesame")
    async with pyth(server, key="wrong") as (_, _, time):
        await eventually(lambda: time.slept_s[-1:] == [60.0])
        assert server.requests == ["latest"]


async def test_an_error_in_between_is_counted_and_the_stream_goes_on() -> None:
    chunks = [
        hermes.event("Error: something"),
        hermes.event(hermes.update(btc(1, 1))),
        hermes.event({"parsed": None}),
        b": keep-alive\n\n",
        hermes.event(hermes.update(btc(2, 2))),
    ]
    server = FakeHermes(Act(chunks=chunks, then="hang"))
    async with pyth(server) as (source, sink, _):
        await eventually(lambda: values(sink) == ["1", "2"])
        assert (source.link.malformed, source.link.losses) == (1, 0)


async def test_a_feed_that_was_silently_dropped_is_noticed() -> None:
    server = FakeHermes(Act(chunks=[hermes.event(hermes.update(btc(1, 1)))], then="hang"), GOOD)
    async with pyth(server) as (source, sink, time):
        await eventually(lambda: values(sink) == ["1"] and time.asleep)
        for _ in range(4):  # the other feed stays silent beyond 9 s
            time.advance(3 * SECOND)
            source.link.heard(BTC)
            await eventually(lambda: time.asleep)
        await eventually(lambda: server.streams == 2)


async def test_an_oversize_first_answer_is_refused() -> None:
    server = FakeHermes()
    server.latest = {"parsed": [], "junk": "x" * (5 << 20)}
    async with pyth(server) as (source, _, time):
        await eventually(lambda: source.link.losses == 10 and time.asleep)
    assert server.streams == 0 and source.link.malformed == 0
