"""Telegram says a thing twice, late, out of order, or in somebody else's name.

Drill 41, an update twice or again after a crash: below, and
    integration/test_telegram_tickets: same_message_twice, redelivered_updates,
    unfinished_update_comes_again (the offset is confirmed after the effect)
    integration/test_telegram_control: a_message_delivered_again, questions_of_another_life
Drill 42, a press replayed, by another, from elsewhere, edited: below, and
    integration/test_telegram_tickets: expired_ticket, foreign_presses, forged_callback_data
    integration/test_telegram_doors: a_ticket_of_the_private_chat_is_void_in_a_group
Drill 43, two taps at once, two devices: below, and
    integration/test_telegram_tickets: many_presses_at_once, presses_in_parallel
Drills 44 and 45, Telegram away or the bot blocked: test_telegram_away, and
    integration/test_telegram_outbox: retry_after, money_survives_an_outage, trading_goes_on
Drill 46, an update in another's name: below. Updates are fetched over our own connection; there is
    no webhook of Telegram's that a stranger could call.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fakes.chat import Json, button
from tests.fakes.governed import OWNER, SECOND, STRANGER, TRADER, GovernedChat, governed, who
from tests.fakes.sleeper import InstantTime
from vanta.domain.system import Stop
from vanta.sandbox.botapi import new_token
from vanta.store.pool import Pool

OVER = "This button was used, is over or is not yours; it did nothing now. E-EXPIRED"


@pytest.fixture
async def chat(pool: Pool, redis: Redis, tmp_path: Path) -> AsyncIterator[GovernedChat]:
    async with governed(pool, redis, tmp_path) as found:
        yield found


def deliver(chat: GovernedChat, body: Json, times: int = 1) -> None:
    """Put an update into the bot's queue, several times under one id."""
    state = chat.api.state
    update = {"update_id": state._next_update, **body}
    state._next_update += 1
    for _ in range(times):
        state.updates.append(update)
        state._journal.append("update", update)
    state.arrived.set()


def stopped(chat: GovernedChat) -> bool:
    return chat.world.trading.switches.state.stop is not Stop.NONE


async def waiting_person(chat: GovernedChat, telegram_id: int) -> int:
    await chat.say_as(telegram_id, "/start")
    user = await chat.world.stores.users.by_telegram(telegram_id)
    assert user is not None
    assert user.standing == "waiting"
    return user.id


# --- 41 -----------------------------------------------------------------------------------------


async def test_41_one_update_twice_is_one_act(chat: GovernedChat) -> None:
    number = await waiting_person(chat, STRANGER)
    await chat.say(f"/approve {number}")
    own = [m for m in chat.api.state.history(OWNER, 99) if not m["from"]["is_bot"]]
    deliver(chat, {"message": own[-1]}, times=3)
    await chat.quiet()
    await chat.told("ran it at most once")
    assert await chat.acts("user.approve") == 1


async def test_41_out_of_order_an_old_stop_does_not_come_back(chat: GovernedChat) -> None:
    await chat.world.proved(chat.user)
    ask = await chat.say("/emergency_stop opens look wrong")
    command = next(m for m in chat.api.state.history(OWNER, 99) if "emergency" in m["text"])
    data = button(ask, "Confirm")["callback_data"]
    await chat.press(ask, "Confirm")
    await chat.changed(ask, "Opens are stopped.")
    resume = await chat.say("/emergency_resume")
    await chat.press(resume, "Confirm")
    await chat.until(lambda: not stopped(chat))
    # Both updates of the stop arrive again, behind those of the resume.
    deliver(chat, {"message": command})
    chat.api.state.press(OWNER, ask["message_id"], data)
    await chat.told("ran it at most once")
    await chat.quiet()
    assert not stopped(chat)
    assert await chat.acts("system.stop") == 1


async def test_41_delivered_again_after_a_crash(pool: Pool, redis: Redis, tmp_path: Path) -> None:
    token, time = new_token(), InstantTime()
    async with governed(pool, redis, tmp_path, token=token, time=time) as chat:
        number = await waiting_person(chat, STRANGER)
        await chat.say(f"/approve {number}")
        [typed] = [m for m in chat.api.state.history(OWNER, 99) if "approve" in m["text"]][-1:]
        ask = await chat.say("/emergency_stop")
        data = button(ask, "Confirm")["callback_data"]
        await chat.press(ask, "Confirm")
        await chat.changed(ask, "Opens are stopped.")
        chat.task.cancel()
        await asyncio.wait([chat.task])
        # Nobody polls: what was handled but not confirmed stands before the next start.
        deliver(chat, {"message": typed})
        chat.api.state.press(OWNER, ask["message_id"], data)
    async with governed(pool, redis, tmp_path, token=token, time=time) as chat:
        await chat.told("ran it at most once")
        await chat.quiet()
        assert await chat.acts("user.approve") == 1
        assert await chat.acts("system.stop") == 1


# --- 42 -----------------------------------------------------------------------------------------


async def test_42_a_press_by_anybody_else_or_from_elsewhere(chat: GovernedChat) -> None:
    ask = await chat.say("/emergency_stop")
    data = button(ask, "Confirm")["callback_data"]
    others = await chat.say_as(SECOND, "/system_status")
    for person, place in (
        (SECOND, (OWNER, ask["message_id"])),  # an equal, who got the message forwarded
        (SECOND, (SECOND, others["message_id"])),  # the data sent from his own chat
        (TRADER, (OWNER, ask["message_id"])),
        (STRANGER, (OWNER, ask["message_id"])),
        (OWNER, (SECOND, others["message_id"])),  # the right person in another chat
    ):
        chat.api.state.press(*place, data, user=who(person))
        await chat.quiet()
    assert not stopped(chat)
    assert await chat.acts("system.stop") == 0
    # None of them has spent it.
    await chat.press(ask, "Confirm")
    await chat.changed(ask, "Opens are stopped.")


async def test_42_edited_data_and_late_presses(chat: GovernedChat) -> None:
    ask = await chat.say("/emergency_stop")
    data = button(ask, "Confirm")["callback_data"]
    nonce = data.rpartition(":")[2]
    for forged in (
        f"v1:again:{nonce}x", f"v1:yes:{nonce[:-1]}", "v1:yes:0", f"v1:yes1:{nonce}x",
        f"v2:yes:{nonce}", f"v1:go:{nonce}", f"v1:p0:{nonce}", f"v1:pg0:{nonce}",
        "v1:agree:1", "v1:approve:999999", f"v1:yes:{nonce}:all", "yes",
    ):  # fmt: skip
        await chat.press(ask, "", data=forged)
    chat.world.clock.advance(60 * 10**9)
    assert await chat.press(ask, "", data=data) == OVER
    assert await chat.acts("system.stop") == 0


# --- 43 -----------------------------------------------------------------------------------------


async def test_43_two_taps_on_confirm_are_one_stop(chat: GovernedChat) -> None:
    ask = await chat.say("/emergency_stop")
    answers = await chat.press_many(ask, "Confirm", 2)
    assert sorted(answers) == ["", OVER]
    await chat.changed(ask, "Opens are stopped.")
    assert await chat.acts("system.stop") == 1


async def test_43_two_admins_at_once_are_one_approval(chat: GovernedChat) -> None:
    await chat.say_as(SECOND, "/price")  # Telegram lets nobody be written to who never wrote
    number = await waiting_person(chat, STRANGER)

    def notices() -> list[Json]:
        places = (chat.heard(OWNER), chat.heard(SECOND))
        return [m for heard in places for m in heard if f"/approve {number}" in m["text"]]

    await chat.until(lambda: len(notices()) == 2)
    assert all(labels[0]["text"] == "Approve as trader" for labels in map(first_row, notices()))
    for notice, person in zip(notices(), (OWNER, SECOND), strict=True):
        for _ in range(2):
            data = f"v1:approve:{number}"
            place = (notice["chat"]["id"], notice["message_id"])
            chat.api.state.press(*place, data, user=who(person))
    await chat.quiet()
    await chat.until(lambda: sum("does not wait" in m["text"] for m in both(chat)) == 3)
    assert sum("is active as trader" in m["text"] for m in both(chat)) == 1
    rows = await chat.world.stores.audit.recent(1_000)
    passed = [r for r in rows if r.action == "user.approve" and "refused" not in r.detail]
    assert len(passed) == 1


async def test_43_a_second_person_agrees_once(pool: Pool, redis: Redis, tmp_path: Path) -> None:
    async with governed(pool, redis, tmp_path, VANTA_TWO_PERSON="1") as chat:
        await chat.say_as(SECOND, "/price")
        for person in (OWNER, SECOND):
            await chat.world.proved(chat.people[person])
        ask = await chat.say("/emergency_stop")
        await chat.press(ask, "Confirm")
        await chat.until(lambda: stopped(chat))
        ask = await chat.say("/emergency_resume")
        await chat.press(ask, "Confirm")
        await chat.changed(ask, "Another super admin runs: agree")
        assert stopped(chat)

        def wanted() -> list[Json]:
            return [m for m in chat.heard(SECOND) if "asks for your word" in m["text"]]

        await chat.until(wanted)
        assert not any("asks for your word" in m["text"] for m in chat.messages)
        data = button(wanted()[0], "Agree")["callback_data"]
        chat.api.state.press(OWNER, ask["message_id"], data)  # one is not two
        await chat.told("Another person than who asked")
        assert stopped(chat)
        for _ in range(2):
            chat.api.state.press(SECOND, wanted()[0]["message_id"], data, user=who(SECOND))
        await chat.until(lambda: not stopped(chat))
        await chat.quiet()
        assert await chat.acts("system.resume") == 1


def first_row(message: Json) -> list[Json]:
    rows: list[list[Json]] = message["reply_markup"]["inline_keyboard"]
    return rows[0]


def both(chat: GovernedChat) -> list[Json]:
    return chat.heard(OWNER) + chat.heard(SECOND)


# --- 46 -----------------------------------------------------------------------------------------


async def test_46_a_message_in_another_name_acts_for_nobody(chat: GovernedChat) -> None:
    owner = msgspec.to_builtins(who(OWNER))
    stranger = msgspec.to_builtins(who(STRANGER))
    group = {"id": -1009, "type": "supergroup", "title": "Traders"}
    private = {"id": STRANGER, "type": "private", "first_name": "Mallory"}
    forward = {"type": "user", "sender_user": owner, "date": 1}
    every: list[dict[str, Any]] = [
        {"forward_origin": forward, "forward_from": owner},
        {"via_bot": owner},
        {"reply_to_message": {"message_id": 1, "date": 1, "chat": private, "from": owner}},
        {"sender_chat": {"id": OWNER, "type": "private", "first_name": "Owner"}},
        {"contact": {"phone_number": "1", "first_name": "Owner", "user_id": OWNER}},
    ]
    for number, more in enumerate(every):
        message = {
            "message_id": 5_000 + number, "date": 1, "chat": private, "from": stranger,
            "text": "/emergency_stop", **more,
        }  # fmt: skip
        chat.api.state._put_update({"message": message})
    # Anonymous in a group, posted by a channel, and without any author.
    for number, author in enumerate(({"from": {**owner, "is_bot": True}}, {})):
        message = {
            "message_id": 6_000 + number,
            "date": 1,
            "chat": group,
            "text": "/emergency_stop",
        }
        chat.api.state._put_update({"message": {**message, **author}})
    # The owner's private chat named, but another author: it is the author who counts.
    own_chat = {"id": OWNER, "type": "private", "first_name": "Owner"}
    message = {"message_id": 7_000, "date": 1, "chat": own_chat, "from": stranger}
    chat.api.state._put_update({"message": {**message, "text": "/emergency_stop"}})
    await chat.quiet()
    assert "Prices" in (await chat.say("/price"))["text"]
    assert not stopped(chat)
    assert await chat.acts("system.stop") == 0
    assert not any("Confirm" in str(m.get("reply_markup")) for m in chat.heard(STRANGER))


async def test_46_other_kinds_of_updates_are_not_asked_for(chat: GovernedChat) -> None:
    message = {
        "message_id": 8_000, "date": 1, "edit_date": 2, "text": "/note edited",
        "chat": {"id": OWNER, "type": "private", "first_name": "Owner"},
        "from": msgspec.to_builtins(who(OWNER)),
    }  # fmt: skip
    for kind in ("edited_message", "channel_post", "business_message"):
        chat.api.state._put_update({kind: {**message, "text": "/emergency_stop"}})
    await chat.quiet()
    assert chat.messages == []
