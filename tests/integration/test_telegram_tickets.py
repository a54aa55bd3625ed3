"""A ticket's life: whatever is pressed, by whom and how often, it is at most one order."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram.types import CallbackQuery

from tests.fakes.chat import Chat, button, chatting, stranger
from tests.fakes.engine_world import make_user
from vanta.domain.enums import Source
from vanta.sandbox.botapi import new_token
from vanta.store.pool import Pool
from vanta.store.tickets import Tickets
from vanta.store.users import Users
from vanta.telegram.middlewares import Prompt


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def test_many_presses_at_once_are_one_order(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    answers = await chat.press_many(ticket, "Confirm", 20)
    assert answers[0] == "Sent"
    assert set(answers[1:]) == {"Already sent: order #1. E-DUP"}
    assert await chat.order_count() == 1
    assert len(await chat.world.positions.open_of(chat.user.id)) == 1


async def test_presses_in_parallel_are_one_order(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    nonce = button(ticket, "Confirm")["callback_data"].rpartition(":")[2]
    taken = await asyncio.gather(
        *(
            Tickets(chat.world.pool).take(nonce, chat.user.id, chat.user.telegram_id or 0, 1)
            for _ in range(20)
        )
    )
    assert sorted(t.status.value for t in taken) == ["ok"] + ["used"] * 19


async def test_used_ticket_says_which_order_it_became(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    data = button(ticket, "Confirm")["callback_data"]
    await chat.press(ticket, "", data=data)
    await chat.changed(ticket, "Filled")
    assert await chat.press(ticket, "", data=data) == "Already sent: order #1. E-DUP"
    assert await chat.press(ticket, "", data=data.replace(":go:", ":no:")) == (
        "Already sent: order #1. E-DUP"
    )
    assert await chat.order_count() == 1


async def test_expired_ticket_offers_a_new_one_and_both_are_one_order(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    old = button(ticket, "Confirm")["callback_data"]
    chat.world.clock.advance(61 * 10**9)
    assert "Quote expired" in await chat.press(ticket, "", data=old)
    await chat.until(lambda: button(chat.messages[-1], "Confirm")["callback_data"] != old)
    fresh = chat.messages[-1]
    assert fresh["message_id"] == ticket["message_id"]
    assert await chat.order_count() == 0
    await chat.press(fresh, "Confirm")
    await chat.changed(fresh, "Filled")
    # The first ticket was never used, but its wish was: pressing it again changes nothing.
    assert "Quote expired" in await chat.press(ticket, "", data=old)
    again = await chat.changed(ticket, "Worst case")
    assert "Already sent: order #1" in await chat.press(again, "Confirm")
    assert await chat.order_count() == 1


async def test_expired_close_offers_a_new_one(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    preview = await chat.say("/close all")
    old = button(preview, "Confirm")["callback_data"]
    chat.world.clock.advance(61 * 10**9)
    assert "Quote expired" in await chat.press(preview, "", data=old)
    key = (preview["chat"]["id"], preview["message_id"])
    await chat.until(
        lambda: button(chat.api.state.messages[key], "Confirm")["callback_data"] != old
    )
    await chat.press(chat.api.state.messages[key], "Confirm")
    await chat.changed(preview, "closed")
    assert await chat.order_count() == 2


async def test_cancelled_ticket_sends_nothing_whatever_comes_later(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    confirm = button(ticket, "Confirm")["callback_data"]
    assert await chat.press(ticket, "Cancel") == "Cancelled"
    await chat.changed(ticket, "Cancelled. Nothing was sent.")
    assert "Nothing was sent" in await chat.press(ticket, "", data=confirm)
    assert await chat.order_count() == 0


async def test_foreign_presses_are_refused(chat: Chat, pool: Pool) -> None:
    other = await Users(pool).get(await make_user(pool))
    await Users(pool).bind_telegram(other.id, 667)
    ticket = await chat.say("/long BTC 100 10x")
    for data in (
        button(ticket, "Confirm")["callback_data"],
        button(ticket, "Edit")["callback_data"],
    ):
        assert "not yours" in await chat.press(ticket, "", data=data, **stranger(667))
    assert "not yours" in await chat.press(ticket, "Cancel", **stranger(667))
    assert "admits people one by one" in await chat.press(ticket, "Confirm", **stranger(668))
    assert await chat.order_count() == 0
    # It is still the trader's own.
    assert await chat.press(ticket, "Confirm") == "Sent"


async def test_forged_callback_data_does_nothing(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100")
    nonce = button(ticket, "Confirm")["callback_data"].rpartition(":")[2]
    menu = await chat.say("/long BTC")
    menu_nonce = button(menu, "100")["callback_data"].rpartition(":")[2]
    for data in (
        "v1:go:nonsense", f"v1:go:{menu_nonce}", f"v1:p99:{nonce}", "v1:p0:nonsense",
        f"v2:go:{nonce}", "v1:close:999999", "v1:pos:0", "v1:half:-1", "v1:why:99", "v1:nothing:1",
        "\u202e", "x" * 64, "v1:long:77", "v1:order:5", "v1:stops:1", "v1:list:999999999999999",
    ):  # fmt: skip
        await chat.press(ticket, "", data=data)
    assert await chat.order_count() == 0


async def test_press_of_an_old_menu_is_told(chat: Chat) -> None:
    menu = await chat.say("/long BTC")
    chat.world.clock.advance(16 * 60 * 10**9)
    assert "is over" in await chat.press(menu, "100")


async def test_redelivered_updates_make_one_order(pool: Pool, tmp_path: Path) -> None:
    """The bot dies before it confirms: the same command and press come again after the restart."""
    token, journal = new_token(), tmp_path / "chat.jsonl"
    async with chatting(pool, journal, token=token) as chat:
        ticket = await chat.say("/long BTC 100 10x")
        confirm = button(ticket, "Confirm")["callback_data"]
        await chat.press(ticket, "Confirm")
        await chat.changed(ticket, "Filled")
        chat.task.cancel()
        await asyncio.wait([chat.task])
        # Nobody polls now: what comes in stays unconfirmed, and so does a repeated press.
        chat.api.state.press(ticket["chat"]["id"], ticket["message_id"], confirm)
        chat.api.state.receive("/long BTC 100 10x", client_id="again")
    async with chatting(pool, journal, token=token) as chat:
        await chat.told("Worst case")
        assert await chat.order_count() == 1
        again = await chat.told("Worst case")
        await chat.press(again, "Confirm")
        await chat.changed(again, "Filled")
        assert await chat.order_count() == 2, "a message of its own is a wish of its own"


async def test_same_message_twice_is_one_wish(chat: Chat) -> None:
    """An update delivered again (same chat and message) shows a second ticket for the same key."""
    first = await chat.say("/long BTC 100 10x")
    update = {"message": {**chat.api.state.messages[1001, 1], "text": "/long BTC 100 10x"}}
    chat.api.state._put_update(update)
    await chat.until(lambda: sum("Worst case" in m["text"] for m in chat.messages) == 2)
    second = chat.messages[-1]
    assert await chat.press(first, "Confirm") == "Sent"
    await chat.changed(first, "Filled")
    assert "Already sent: order #1" in await chat.press(second, "Confirm")
    assert await chat.order_count() == 1


async def test_killed_between_marking_and_sending_sends_nothing_by_itself(
    chat: Chat, pool: Pool
) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    nonce = button(ticket, "Confirm")["callback_data"].rpartition(":")[2]
    await Tickets(pool).take(nonce, chat.user.id, 1001, chat.world.clock.now_ns())
    assert "Nothing was sent" in await chat.press(ticket, "Confirm")
    assert await chat.order_count() == 0
    fresh = await chat.changed(ticket, "Worst case")
    await chat.until(lambda: button(chat.messages[-1], "Confirm")["callback_data"][6:] != nonce)
    assert await chat.press(chat.messages[-1], "Confirm") == "Sent"
    await chat.changed(fresh, "Filled")
    message_key = f"1001:1@{chat.api.state.bot.id}"
    found = await chat.world.orders.by_key(chat.user.id, Source.TELEGRAM, message_key)
    assert found is not None


async def test_press_is_answered_while_its_handler_hangs(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    chat.desk.hold()
    assert await chat.press(ticket, "Confirm") == "Working on it"


async def test_press_is_answered_when_its_handler_forgets(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    chat.task.cancel()
    await asyncio.wait([chat.task])
    query_id = chat.api.state.press(ticket["chat"]["id"], ticket["message_id"], "v1:go:x")
    wire = chat.api.state.updates[-1]["callback_query"]
    query = CallbackQuery.model_validate(wire, context={"bot": chat.bot.room.bot})

    async def forgets(*_: object) -> None:
        return None

    await Prompt(chat.bot.room)(forgets, query, {})
    assert query_id not in chat.api.state.queries
    await chat.bot.room.bot.session.close()


async def test_slow_confirm_leaves_no_stray_message(chat: Chat) -> None:
    """Answered "Working on it" already, a press has no toast left for "Sent"."""
    ticket = await chat.say("/long BTC 100 10x")
    chat.desk.hold()
    assert await chat.press(ticket, "Confirm") == "Working on it"
    chat.desk.let_go()
    await chat.changed(ticket, "Filled")
    await chat.told("Opened #1")
    assert len(chat.messages) == 2


async def test_an_order_carries_the_trace_of_its_press(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ticket = await chat.say("/long BTC 100 10x")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    order = await chat.world.orders.by_id(1)
    fields = {r.message: r.vanta_fields for r in caplog.records if hasattr(r, "vanta_fields")}
    for event in ("ticket.confirmed", "order.ended"):
        assert fields[event]["trace_id"] == order.intent.trace_id


async def test_unfinished_update_comes_again_after_a_restart(pool: Pool, tmp_path: Path) -> None:
    """An update is confirmed only after its effect: killed in the middle, it is not lost."""
    token, journal = new_token(), tmp_path / "chat.jsonl"
    async with chatting(pool, journal, token=token) as chat:
        ticket = await chat.say("/long BTC 100 10x")
        chat.desk.hold()
        chat.api.state.press(
            ticket["chat"]["id"],
            ticket["message_id"],
            button(ticket, "Confirm")["callback_data"],
        )
        chat.api.state.receive("/price")
        await chat.until(chat.desk.reached.is_set)
    async with chatting(pool, journal, token=token) as chat:
        # The press found its ticket used and nothing sent: it offers a new one, and sends nothing.
        await chat.told("Prices")
        assert await chat.order_count() == 0
        fresh = await chat.told("Worst case")
        await chat.press(fresh, "Confirm")
        await chat.changed(fresh, "Filled")
        assert await chat.order_count() == 1
