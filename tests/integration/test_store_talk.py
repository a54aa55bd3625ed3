"""Tickets, outbox, controls, and what Redis holds."""

import asyncio
import tempfile
from collections import Counter

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from tests.integration.store_rows import T0, draft, intent, seeded
from vanta.domain.errors import InputError
from vanta.store.controls import Control, Controls
from vanta.store.orders import Orders
from vanta.store.outbox import DIGEST, MONEY, REPLY, RISK, Outbox
from vanta.store.pool import Pool
from vanta.store.redis import PriceCache, PriceRow, health
from vanta.store.tickets import Take, Tickets

CHAT = 555
ODD = ["", "\x00", "\ud800", "x" * 65, "none"]


async def make(pool: Pool, nonce: str = "n1") -> tuple[Tickets, int]:
    user_id = (await seeded(pool)).trader_id
    tickets = Tickets(pool)
    await tickets.create(nonce, user_id, CHAT, b'{"a": 1}', T0 + 60, T0)
    return tickets, user_id


async def test_of_many_presses_at_once_one_is_taken(pool: Pool) -> None:
    tickets, user_id = await make(pool)
    taken = await asyncio.gather(*(tickets.take("n1", user_id, CHAT, T0 + 1) for _ in range(50)))
    assert Counter(result.status for result in taken) == {Take.OK: 1, Take.USED: 49}
    (ok,) = [result for result in taken if result.status is Take.OK]
    assert msgspec.json.decode(ok.intent_json) == {"a": 1}
    assert {result.intent_json for result in taken if result is not ok} == {b""}


async def test_a_used_ticket_names_its_order_even_after_its_time(pool: Pool) -> None:
    tickets, user_id = await make(pool)
    await tickets.take("n1", user_id, CHAT, T0 + 1)
    assert (await tickets.take("n1", user_id, CHAT, T0 + 2)).order_id == 0
    (order,) = await Orders(pool).insert_many([draft(intent(user_id, "n1"))])
    await tickets.set_order("n1", order.id)
    await tickets.set_message("n1", 77)
    again = await tickets.take("n1", user_id, CHAT, T0 + 1_000)
    assert (again.status, again.order_id) == (Take.USED, order.id)
    stored = await tickets.get("n1")
    assert stored is not None
    assert (stored.used_ns, stored.order_id, stored.message_id) == (T0 + 1, order.id, 77)


@pytest.mark.parametrize(
    ("user", "chat", "at_ns", "status"),
    [
        (0, CHAT, T0 + 59, Take.OK),
        (0, CHAT, T0 + 60, Take.EXPIRED),
        (1, CHAT, T0 + 1, Take.FOREIGN),
        (0, CHAT + 1, T0 + 1, Take.FOREIGN),
        (1, CHAT, T0 + 99, Take.FOREIGN),
    ],
    ids=["last moment", "time is up", "another user", "another chat", "another user, late"],
)
async def test_a_ticket_is_for_one_person_one_chat_and_a_while(
    pool: Pool, user: int, chat: int, at_ns: int, status: Take
) -> None:
    tickets, user_id = await make(pool)
    assert (await tickets.take("n1", user_id + user, chat, at_ns)).status is status
    stored = await tickets.get("n1")
    assert stored is not None
    assert (stored.used_ns > 0) == (status is Take.OK)


@pytest.mark.parametrize("nonce", ODD)
async def test_any_text_may_be_pressed(pool: Pool, nonce: str) -> None:
    tickets, user_id = await make(pool)
    assert (await tickets.take(nonce, user_id, CHAT, T0)).status is Take.MISSING
    assert await tickets.get(nonce) is None


async def test_a_nonce_is_made_once(pool: Pool) -> None:
    tickets, user_id = await make(pool)
    with pytest.raises(asyncpg.UniqueViolationError):
        await tickets.create("n1", user_id, CHAT, b"{}", T0 + 60, T0)
    with pytest.raises(InputError, match="nonce"):
        await tickets.create("", user_id, CHAT, b"{}", T0 + 60, T0)


async def test_a_message_is_owed_once_and_urgent_ones_first(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    outbox = Outbox(pool)
    for key, priority in (("a", DIGEST), ("b", REPLY), ("c", MONEY), ("d", RISK), ("e", MONEY)):
        assert await outbox.put(None, key, user_id, "fill", priority, {"k": key}, T0)
    told = await asyncio.gather(
        *(outbox.put(None, "f", user_id, "fill", DIGEST, {"k": "f"}, T0) for _ in range(20))
    )
    assert sum(told) == 1
    rows = await outbox.pending(10)
    assert [row.body["k"] for row in rows] == ["c", "e", "d", "b", "a", "f"]
    assert [row.dedup_key for row in await outbox.pending(2)] == ["c", "e"]
    await outbox.sent(rows[0].id, T0 + 5)
    await outbox.failed(rows[1].id, "bot was blocked\x00")
    assert [row.dedup_key for row in await outbox.pending(2)] == ["d", "b"]
    assert await outbox.waiting() == 4
    # Neither comes back when the fact is told again.
    assert not await outbox.put(None, "c", user_id, "fill", MONEY, {}, T0)
    assert not await outbox.put(None, "e", user_id, "fill", MONEY, {}, T0)


async def test_a_message_goes_with_the_transaction_it_tells_about(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    outbox = Outbox(pool)
    async with pool.acquire() as conn:
        undo = conn.transaction()
        await undo.start()
        await outbox.put(conn, "a", user_id, "fill", MONEY, b'{"raw": true}', T0)
        await undo.rollback()
        assert await outbox.pending(5) == []
        async with conn.transaction():
            await outbox.put(conn, "a", user_id, "fill", MONEY, b'{"raw": true}', T0)
            with pytest.raises(InputError, match="dedup_key"):
                await outbox.put(conn, "\x00", user_id, "fill", MONEY, {}, T0)
    (row,) = await outbox.pending(5)
    assert row.body == {"raw": True}


async def test_switches_keep_their_last_word(pool: Pool) -> None:
    controls = Controls(pool)
    assert await controls.read(["mode", "stop"]) == {}
    await controls.set({"mode": "LIVE", "stop": "opens"}, "user:1", T0)
    await controls.set({"mode": "DRY"}, "health", T0 + 1)
    assert await controls.read(["mode", "stop", "odd"]) == {
        "mode": Control(value="DRY", set_by="health", at_ns=T0 + 1),
        "stop": Control(value="opens", set_by="user:1", at_ns=T0),
    }
    for value in ("", "\x00", "x" * 1_001):
        with pytest.raises(InputError, match="mode"):
            await controls.set({"mode": value}, "user:1", T0)


def price(ix: int, price_e10: int) -> PriceRow:
    return PriceRow(
        market_ix=ix, symbol=f"M{ix}/USD", price_e10=price_e10, quality=0, as_of_ns=1, cached_ns=2
    )


async def test_prices_are_cached_for_a_minute(redis: Redis) -> None:
    cache = PriceCache(redis)
    assert await cache.get_all() == {}
    await cache.put([])
    await cache.put([price(2, 20), price(1, 10)])
    await cache.put([price(2, 21)])
    found = await cache.get_all()
    assert list(found) == [1, 2]
    assert (found[1], found[2]) == (price(1, 10), price(2, 21))
    assert 0 < await redis.ttl("{vanta}:prices") <= 60


async def test_a_redis_that_does_not_answer_is_unhealthy(redis_url: str, redis: Redis) -> None:
    assert await health(redis)
    gone = Redis.from_url(redis_url.replace("r.sock", "gone.sock"))
    assert not await health(gone)
    await gone.aclose()


async def test_a_silent_redis_is_unhealthy_too() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with tempfile.TemporaryDirectory(prefix="vanta-", dir="/tmp") as folder:
        server = await asyncio.start_unix_server(say_nothing, f"{folder}/r.sock")
        client = Redis.from_url(f"unix://{folder}/r.sock")
        assert not await health(client)
        await client.aclose()
        server.close()
        await server.wait_closed()
