"""What is owed to people arrives: once, most urgent first, through floods and outages."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.chat import Chat, chatting
from tests.fakes.engine_world import BTC, make_user
from tests.fakes.owner import as_owner
from vanta.domain.units import E6, E10
from vanta.sandbox.botapi_methods import Fault
from vanta.store.outbox import MONEY, REPLY, RISK, Outbox
from vanta.store.pool import Pool

BODY: dict[str, Any] = {
    "order_id": 1,
    "position_id": 1,
    "mode": "DRY",
    "market_ix": BTC,
    "side": "long",
    "price_e10": 61_240 * E10,
    "notional_e6": 1_000 * E6,
    "leverage_e10": 10 * E10,
}


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def put(chat: Chat, key: str, kind: str = "fill.open", priority: int = MONEY) -> None:
    body = {**BODY, "order_id": int(key), "position_id": int(key)}
    await Outbox(chat.world.pool).put(None, key, chat.user.id, kind, priority, body, 1)


async def states(chat: Chat) -> list[tuple[str, str]]:
    rows = await chat.world.pool.fetch("SELECT state, reason FROM outbox ORDER BY id")
    return [(row["state"], row["reason"]) for row in rows]


async def all_done(chat: Chat) -> list[tuple[str, str]]:
    found = await states(chat)
    while any(state == "pending" for state, _ in found):
        found = await states(chat)
    return found


async def test_notices_are_sent_once_and_marked(chat: Chat) -> None:
    for number, kind in enumerate(
        ("fill.open", "fill.close", "fill.liquidation", "order.rejected"), start=1
    ):
        await put(chat, str(number), kind)
    assert await all_done(chat) == [("sent", "")] * 4
    texts = [m["text"] for m in chat.messages]
    assert all(text.startswith("[DRY] ") for text in texts)
    told = "\n".join(texts)
    for part in ("Opened #1", "Closed #2", "Liquidated #3", "Order #4"):
        assert told.count(part) == 1
    sent = chat.world.metrics.outbox_sent.labels(result="sent")
    await chat.until(lambda: sent._value.get() == 4)


async def test_many_notices_of_one_person_share_messages_and_hide_nobody(
    chat: Chat, pool: Pool
) -> None:
    other = await make_user(pool)
    chat.api.inject(Fault(code=429, description="slow", retry_after=60, times=1))
    for number in range(1, 301):
        await put(chat, str(number))
    await Outbox(pool).put(None, "other", other, "fill.open", MONEY, BODY, 1)
    found = await all_done(chat)
    assert found[:300] == [("sent", "")] * 300
    assert found[300] == ("failed", "not bound to Telegram")
    texts = [m["text"] for m in chat.messages]
    assert len(texts) < 150
    assert max(map(len, texts)) <= 500
    told = re.findall(r"Opened #([0-9]+) ", "\n".join(texts))
    assert [int(number) for number in told] == list(range(1, 301)), "each once, in order"


async def test_money_goes_before_replies(chat: Chat) -> None:
    chat.api.inject(Fault(code=429, description="Too Many Requests", retry_after=3, times=1))
    courier = chat.bot.room.courier
    waits = [courier.post(1001, "first")]
    waits += [courier.post(1001, f"reply {n}", priority=REPLY) for n in range(3)]
    waits += [
        courier.post(1001, "risk", priority=RISK),
        courier.post(1001, "money", priority=MONEY),
    ]
    await asyncio.gather(*waits)
    texts = [m["text"] for m in chat.messages]
    assert texts.index("money") < texts.index("risk") < texts.index("reply 0")
    assert texts.index("reply 0") < texts.index("reply 1") < texts.index("reply 2")


async def test_retry_after_is_obeyed_and_nothing_is_lost(chat: Chat) -> None:
    flood = Fault(
        code=429,
        description="Too Many Requests: retry after 600",
        method="sendMessage",
        retry_after=600,
        times=3,
    )
    chat.api.inject(flood)
    before = chat.world.clock.mono_ns()
    await put(chat, "1")
    assert await all_done(chat) == [("sent", "")]
    assert flood.times == 0
    assert chat.world.clock.mono_ns() - before >= 3 * 600 * 10**9
    assert len(chat.messages) == 1


async def test_money_survives_an_outage_that_replies_do_not(chat: Chat) -> None:
    chat.api.inject(Fault(code=502, description="Bad Gateway", method="sendMessage", times=12))
    reply = chat.bot.room.courier.post(1001, "reply")
    assert (await reply).failure == "not reachable"
    await put(chat, "1")
    assert await all_done(chat) == [("sent", "")]
    assert [m["text"][:12] for m in chat.messages] == ["[DRY] Opened"]


async def test_trading_goes_on_while_telegram_is_down(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x sl=-2%")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    await chat.told("Opened #")
    down = Fault(code=502, description="Bad Gateway", times=50)
    chat.api.inject(down)
    chat.world.quotes.put(BTC, 59_000 * E10)
    while await chat.world.positions.open_of(chat.user.id):
        await asyncio.sleep(0)
    assert (await chat.told("(stop loss)"))["text"].startswith("[DRY] Closed #")
    assert down.times == 0


async def test_a_store_that_fails_ends_no_chat_and_repeats_no_message(
    chat: Chat, pool: Pool
) -> None:
    await as_owner(pool, "ALTER TABLE outbox RENAME TO outbox_gone")
    chat.bot.outbox.nudge()
    for _ in range(3):
        assert "Prices" in (await chat.say("/price"))["text"]
    await as_owner(
        pool,
        "ALTER TABLE outbox_gone RENAME TO outbox",
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'No space left' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER full_disk BEFORE UPDATE ON outbox"
        " FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    await put(chat, "1")
    await chat.told("Opened #1")
    for _ in range(3):
        chat.bot.outbox.nudge()
        assert "Prices" in (await chat.say("/price"))["text"]
    assert await states(chat) == [("pending", "")]
    await as_owner(pool, "DROP TRIGGER full_disk ON outbox")
    assert await all_done(chat) == [("sent", "")]
    assert sum("Opened #1" in m["text"] for m in chat.messages) == 1
    assert not chat.task.done()


async def test_blocked_bot_is_marked_failed_and_stays_so(chat: Chat) -> None:
    chat.api.inject(
        Fault(code=403, description="Forbidden: bot was blocked by the user", method="sendMessage")
    )
    await put(chat, "1")
    [(state, reason)] = await all_done(chat)
    assert state == "failed"
    assert "blocked by the user" in reason
    assert chat.messages == []


async def test_people_without_telegram_and_broken_bodies_block_nobody(
    chat: Chat, pool: Pool
) -> None:
    unbound = await make_user(pool)
    box = Outbox(pool)
    await box.put(None, "a", unbound, "fill.open", MONEY, BODY, 1)
    await box.put(None, "b", chat.user.id, "fill.open", MONEY, {"order_id": "x"}, 1)
    await put(chat, "3")
    found = await all_done(chat)
    assert [state for state, _ in found] == ["failed", "failed", "sent"]
    assert found[0][1] == "not bound to Telegram"


async def test_unsent_rows_are_sent_after_a_restart(pool: Pool, tmp_path: Path) -> None:
    async with chatting(pool, tmp_path / "a.jsonl") as chat:
        chat.task.cancel()
        await asyncio.wait([chat.task])
        await put(chat, "1")
        assert await states(chat) == [("pending", "")]
    async with chatting(pool, tmp_path / "a.jsonl") as chat:
        assert await all_done(chat) == [("sent", "")]
        assert len(chat.messages) == 1


async def test_stopped_courier_leaves_what_is_owed_pending(chat: Chat) -> None:
    chat.task.cancel()
    await asyncio.wait([chat.task])
    flood = Fault(code=502, description="Bad Gateway", method="sendMessage", times=1_000_000)
    chat.api.inject(flood)
    courier = asyncio.create_task(chat.bot.room.courier.run())
    sender = asyncio.create_task(chat.bot.outbox.run())
    await put(chat, "1")
    while flood.times == 1_000_000:
        await asyncio.sleep(0)
    courier.cancel()
    await asyncio.wait([courier])
    while chat.bot.outbox._busy:
        await asyncio.sleep(0)
    sender.cancel()
    await asyncio.wait([sender])
    assert await states(chat) == [("pending", "")]
    await chat.bot.room.bot.session.close()


async def test_edits_of_one_message_are_coalesced_and_an_unchanged_one_is_no_error(
    chat: Chat,
) -> None:
    courier = chat.bot.room.courier
    sent = await courier.post(1001, "0")
    chat.api.inject(
        Fault(code=429, description="slow", method="editMessageText", retry_after=1, times=1)
    )
    for n in range(1, 50):
        courier.edit(1001, sent.message_id, str(n))
    await chat.changed(chat.messages[0], "49")
    courier.edit(1001, sent.message_id, "49")
    assert (await courier.post(1001, "after")).message_id
    assert len(chat.messages) == 2


async def test_edit_of_a_gone_message_becomes_a_new_one(chat: Chat) -> None:
    courier = chat.bot.room.courier
    sent = await courier.post(1001, "0")
    chat.api.state.delete_message(1001, sent.message_id)
    courier.edit(1001, sent.message_id, "there")
    await chat.told("there")
