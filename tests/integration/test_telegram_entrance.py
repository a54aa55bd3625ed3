"""Who comes in: strangers, the owner's code, people blocked; how often; and whose menu is shown."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisAway

from tests.fakes.chat import Chat, chatting, stranger
from tests.fakes.engine_world import make_user
from vanta.domain.roles import Standing
from vanta.store.pool import Pool
from vanta.store.users import Users

SECOND = 10**9


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def in_their_chat(chat: Chat, telegram_id: int, text: str) -> str:
    def heard() -> list[str]:
        every = chat.api.state.history(telegram_id, 10_000)
        return [m["text"] for m in every if m["from"]["is_bot"]]

    before = len(heard())
    chat.api.state.receive(text, **stranger(telegram_id))
    await chat.until(lambda: len(heard()) > before)
    return heard()[-1]


async def set_standing(pool: Pool, user_id: int, role: str, standing: Standing) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await Users(pool).set_rights(conn, user_id, role, standing)


async def test_the_owners_code_opens_the_house_once(chat: Chat) -> None:
    chat.office.code = "abcd-efgh"
    assert "opens nothing" in await in_their_chat(chat, 700, "/start wrong")
    assert "admits people one by one" in await in_their_chat(chat, 700, "/start")
    chat.api.state.receive("/start abcd-efgh", **stranger(700))
    # The owner has no account to trade with yet, and is welcome all the same.
    for words in ("This desk is yours", "No trading account"):
        await chat.until(
            lambda w=words: any(w in m["text"] for m in chat.api.state.history(700, 99))
        )
    assert "note done" in await in_their_chat(chat, 700, "/note x")
    assert "opens nothing" in await in_their_chat(chat, 701, "/start abcd-efgh")


async def test_a_person_who_is_in_starts_with_any_payload(chat: Chat) -> None:
    reply = await chat.say("/start l42-atlas")
    assert reply["text"].startswith("Vanta trades")


async def test_blocked_people_are_told_and_may_still_close(chat: Chat, pool: Pool) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    await set_standing(pool, chat.user.id, "trader", Standing.BLOCKED)
    for text in ("/long BTC 100 10x", "/price", "hello", "/limits"):
        assert (await chat.say(text))["text"].endswith("E-ROLE"), text
    preview = await chat.say("/close all")
    await chat.press(preview, "Confirm")
    await chat.told("Closed #1")
    assert await chat.world.positions.open_of(chat.user.id) == []


async def test_waiting_people_do_nothing(chat: Chat, pool: Pool) -> None:
    user_id = await make_user(pool, role="trader")
    await Users(pool).bind_telegram(user_id, 702)
    await set_standing(pool, user_id, "trader", Standing.WAITING)
    for text in ("/start", "/positions", "/close all", "/long BTC 100 10x"):
        assert "You are on its list" in await in_their_chat(chat, 702, text)
    assert chat.office.met == [], "who waits is not met anew"


async def test_strangers_are_heard_ten_times_a_minute(chat: Chat) -> None:
    for _ in range(25):
        chat.api.state.receive("hello", **stranger(703))
    await chat.until(lambda: not chat.api.state.updates)
    assert len(chat.office.met) == 10


async def test_each_person_has_an_own_limit(chat: Chat) -> None:
    chat.office.limit = 3
    for _ in range(8):
        chat.api.state.receive("/price")
    told = await chat.told("E-RATE")
    assert told["text"].startswith("3 messages in the last minute, next in ")
    await chat.until(lambda: not chat.api.state.updates)
    assert sum("Prices" in m["text"] for m in chat.messages) == 3


async def test_the_shared_count_decides(chat: Chat) -> None:
    chat.office.lost, chat.office.waits_ns = None, 22 * SECOND
    assert "next in 22 s. E-RATE" in (await chat.say("/price"))["text"]
    chat.office.waits_ns = 0
    assert "Prices" in (await chat.say("/price"))["text"]


@pytest.mark.parametrize("lost", [RedisAway("gone"), OSError("gone"), TimeoutError()])
async def test_without_the_shared_count_this_process_counts(chat: Chat, lost: Exception) -> None:
    chat.office.lost, chat.office.limit = lost, 2
    for _ in range(2):
        assert "Prices" in (await chat.say("/price"))["text"]
    assert "E-RATE" in (await chat.say("/price"))["text"]


async def test_a_spent_limit_never_keeps_anybody_from_closing(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    chat.office.lost, chat.office.waits_ns = None, 60 * SECOND
    assert "E-RATE" in (await chat.say("/price"))["text"]
    preview = await chat.say("/close all")
    await chat.press(preview, "Confirm")
    await chat.told("Closed #1")


async def test_menus_follow_the_role(chat: Chat, pool: Pool) -> None:
    state = chat.api.state
    await chat.until(lambda: 0 in state.menus)

    def menu(chat_id: int) -> set[str]:
        return {command["command"] for command in state.menus.get(chat_id, [])}

    assert menu(0) >= {"start", "help", "price", "limits"}
    assert not menu(0) & {"long", "close", "users", "emergency_stop"}
    await chat.say("/price")
    await chat.until(lambda: 1001 in state.menus)
    assert menu(1001) >= {"long", "close", "limits"}
    assert not menu(1001) & {"users", "emergency_stop"}
    await set_standing(pool, chat.user.id, "super_admin", Standing.ACTIVE)
    await chat.say("/note changes nothing for the menu but the next look")
    await chat.until(lambda: {"users", "emergency_stop"} <= menu(1001))
    await set_standing(pool, chat.user.id, "trader", Standing.ACTIVE)
    await chat.say("/price")
    await chat.until(lambda: "users" not in menu(1001))


async def test_a_role_given_in_the_chat_changes_the_others_menu_at_once(
    chat: Chat, pool: Pool
) -> None:
    menus = chat.api.state.menus
    admin = await make_user(pool, role="super_admin")
    await Users(pool).bind_telegram(admin, 704)
    await chat.say("/price")
    await chat.until(lambda: 1001 in menus)
    await set_standing(pool, chat.user.id, "admin", Standing.ACTIVE)  # as /roles would
    await in_their_chat(chat, 704, "/note anything done")
    await chat.until(lambda: "users" in {c["command"] for c in menus[1001]})


async def test_operators_have_their_menu_before_they_write(pool: Pool, tmp_path: Path) -> None:
    async with chatting(pool, tmp_path / "chat.jsonl", role="super_admin") as chat:
        menus = chat.api.state.menus
        await chat.until(lambda: 1001 in menus)
        assert {"emergency_stop", "users"} <= {c["command"] for c in menus[1001]}
