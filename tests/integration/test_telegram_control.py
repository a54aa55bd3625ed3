"""Commands of people and operators in the chat: asked, confirmed, typed, proved, once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.chat import Chat, button, chatting, labels, stranger
from tests.fakes.engine_world import make_user
from tests.fakes.owner import as_owner
from vanta.domain.policy import User
from vanta.sandbox.botapi import new_token
from vanta.store.pool import Pool
from vanta.store.users import Users

OVER = "This button was used, is over or is not yours; it did nothing now. E-EXPIRED"
SECOND = 10**9


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl", role="super_admin") as found:
        yield found


async def other(pool: Pool, telegram_id: int, role: str) -> User:
    user_id = await make_user(pool, role=role)
    await Users(pool).bind_telegram(user_id, telegram_id)
    return await Users(pool).get(user_id)


def done(chat: Chat) -> list[str]:
    return [" ".join((name, *args)) for _, name, args in chat.office.commands.done]


async def test_a_command_runs_and_its_reply_is_shown(chat: Chat) -> None:
    reply = await chat.say("/note   one two\nthree")
    assert reply["text"] == "note done: <one two three>"
    [actor] = chat.office.commands.asked
    assert (actor.user.id, actor.channel, actor.private) == (chat.user.id, "telegram", True)
    assert len(actor.trace_id) >= 16


async def test_any_case_and_the_bots_name_are_understood(chat: Chat) -> None:
    assert (await chat.say("/NOTE@vanta_demo_bot x"))["text"] == "note done: <x>"


async def test_pages_are_turned_in_place(chat: Chat) -> None:
    page = await chat.say("/users")
    assert "Users  1/3" in page["text"]
    assert labels(page) == ["More ›"]
    await chat.press(page, "More")
    page = await chat.changed(page, "Users  2/3")
    assert labels(page) == ["‹ Back", "More ›"]
    await chat.press(page, "‹ Back")
    await chat.changed(page, "Users  1/3")
    assert len(done(chat)) == 1, "turning a page runs nothing"


async def test_a_confirm_acts_once_whatever_is_pressed(chat: Chat) -> None:
    ask = await chat.say("/emergency_stop all")
    assert ask["text"].startswith("/emergency_stop all\nWhat emergency_stop does.\n")
    assert "What will change" in ask["text"]
    assert labels(ask) == ["Confirm 60s", "Cancel"]
    assert done(chat) == []
    data = button(ask, "Confirm")["callback_data"]
    assert len(data.encode()) <= 64
    answers = await chat.press_many(ask, "Confirm", 5)
    assert answers == ["", *[OVER] * 4]
    await chat.changed(ask, "emergency_stop done")
    assert await chat.press(ask, "", data=data) == OVER
    assert done(chat) == ["emergency_stop all"]


async def test_a_stop_that_fails_says_what_stops_without_a_database(chat: Chat, pool: Pool) -> None:
    ask = await chat.say("/emergency_stop")
    await as_owner(pool, "ALTER TABLE users RENAME TO users_gone")
    try:
        for told in ((await chat.say("/emergency_stop"))["text"], await chat.press(ask, "Confirm")):
            assert "run `vanta emergency-stop` at the machine" in told
        assert "emergency-stop" not in (await chat.say("/orders"))["text"]
    finally:
        await as_owner(pool, "ALTER TABLE users_gone RENAME TO users")
    assert done(chat) == []


async def test_cancelled_and_expired_questions_do_nothing(chat: Chat) -> None:
    ask = await chat.say("/emergency_stop")
    confirm = button(ask, "Confirm")["callback_data"]
    assert await chat.press(ask, "Cancel") == "Cancelled"
    await chat.changed(ask, "Nothing was changed")
    assert await chat.press(ask, "", data=confirm) == OVER
    ask = await chat.say("/emergency_stop")
    chat.world.clock.advance(60 * SECOND)
    assert await chat.press(ask, "Confirm") == OVER
    assert done(chat) == []


async def test_a_word_is_the_next_message_of_that_person(chat: Chat, pool: Pool) -> None:
    await other(pool, 667, "super_admin")
    ask = await chat.say("/execution_mode LIVE")
    assert 'Type "LIVE" within 60 s' in ask["text"]
    chat.api.state.receive("LIVE", **stranger(667))
    await chat.until(lambda: "I did not get" in chat.api.state.history(667, 9)[-1]["text"])
    assert done(chat) == []
    assert "execution_mode done" in (await chat.say("LIVE"))["text"]
    assert done(chat) == ["execution_mode LIVE"]
    assert "I did not get" in (await chat.say("LIVE"))["text"]


async def test_another_word_ends_the_question_and_a_command_does_not(chat: Chat) -> None:
    await chat.say("/execution_mode LIVE")
    assert "Prices" in (await chat.say("/price"))["text"]
    assert "The word is LIVE" in (await chat.say("live please"))["text"]
    assert "I did not get" in (await chat.say("LIVE"))["text"]
    assert done(chat) == []


async def test_step_up_leads_to_the_panel_and_back(chat: Chat) -> None:
    ask = await chat.say("/set_limit max_leverage 20")
    assert ask["text"].startswith("Enter your PIN or code")
    link = button(ask, "Open secure panel")
    assert link["url"] == f"http://127.0.0.1:8080/panel#ticket-of-{chat.user.id}"
    chat.office.commands.fresh.add(chat.user.id)
    chat.bot.proved(chat.user.id)
    again = await chat.told("Go on?")
    assert "/set_limit max_leverage 20" in again["text"]
    await chat.press_many(again, "Again", 3)
    await chat.changed(again, "set_limit done")
    assert done(chat) == ["set_limit max_leverage 20"]


async def test_a_code_in_the_chat_proves_and_its_message_goes(chat: Chat) -> None:
    chat.office.right_codes = {"123456"}
    await chat.say("/set_limit max_leverage 20")
    assert "not right" in (await chat.say("/stepup 654321"))["text"]
    chat.api.state.receive("/stepup 123 456")
    await chat.told("Proved for 10 min.")
    again = await chat.told("Go on?")
    await chat.press(again, "Again")
    await chat.changed(again, "set_limit done")
    mine = [m["text"] for m in chat.api.state.history(1001, 99) if not m["from"]["is_bot"]]
    assert not any("123 456" in text or "654321" in text for text in mine)


@pytest.mark.parametrize("text", ["/stepup 1234", "/stepup hunter2", "/stepup １２３４５６"])
async def test_what_is_no_code_is_deleted_and_proves_nothing(chat: Chat, text: str) -> None:
    assert "6 digits" in (await chat.say(text))["text"]
    assert all(m["text"] != text for m in chat.api.state.history(1001, 99))


@pytest.mark.parametrize("pin", ["1234", " 123456 ", "123456789012"])
async def test_a_pin_typed_into_the_chat_is_deleted(chat: Chat, pin: str, tmp_path: Path) -> None:
    await chat.say("/set_limit max_leverage 20")
    reply = await chat.say(pin)
    assert "looked like a PIN. I deleted it" in reply["text"]
    assert reply["text"].endswith("E-SECRET")
    await chat.until(lambda: not chat.api.state.updates)
    assert f'"{pin}"' not in (tmp_path / "chat.jsonl").read_text()


async def test_digits_are_words_when_no_pin_was_asked_for(chat: Chat) -> None:
    reply = await chat.say("1234")
    assert "I did not get" in reply["text"]
    assert any(m["text"] == "1234" for m in chat.api.state.history(1001, 99))


async def test_security_gives_a_link(chat: Chat) -> None:
    for text in ("/security", "/stepup"):
        assert button(await chat.say(text), "Open secure panel")["url"].startswith("http://127")


async def test_no_link_and_no_power_in_groups(chat: Chat) -> None:
    group = {"id": -1009, "type": "supergroup", "title": "Traders"}

    def heard() -> list[dict[str, Any]]:
        return [m for m in chat.api.state.history(-1009, 99) if m["from"]["is_bot"]]

    texts = ("/security", "/stepup", "/emergency_stop", "/users", "/note x", "/set_limit a 1")
    for number, text in enumerate(texts, start=1):
        chat.api.state.receive(text, chat=group)
        await chat.until(lambda n=number: len(heard()) == n)
        assert heard()[-1]["text"] == "That works in our private chat only. E-GROUP", text
        assert "reply_markup" not in heard()[-1]
    assert done(chat) == []
    chat.api.state.receive("/limits", chat=group)
    await chat.until(lambda: "limits done" in heard()[-1]["text"])


async def test_a_second_person_is_waited_for_and_agrees_with_a_button(chat: Chat) -> None:
    ask = await chat.say("/emergency_resume")
    await chat.press(ask, "Confirm")
    await chat.changed(ask, "Another super admin runs: agree 7.")
    page = await chat.say("/users")
    await chat.press(page, "", data="v1:agree:7")
    await chat.told("agree done")
    assert done(chat)[-1] == "agree 7"


async def test_a_notice_button_acts_with_the_pressers_own_rights(chat: Chat, pool: Pool) -> None:
    await other(pool, 667, "trader")
    page = await chat.say("/users")
    for data in ("v1:approve:5", "v1:agree:7"):
        chat.api.state.press(1001, page["message_id"], data, **stranger(667))
    await chat.until(lambda: len(chat.office.commands.asked) == 3)
    assert done(chat) == ["users"]
    for data in ("v1:approve:x", "v1:approve:0", "v1:agree:9999999999999999"):
        assert await chat.press(page, "", data=data) == OVER


async def test_roles_are_kept_by_the_book(chat: Chat, pool: Pool) -> None:
    await other(pool, 668, "trader")
    chat.api.state.receive("/users", **stranger(668))
    await chat.until(lambda: chat.api.state.history(668, 9)[-1]["from"]["is_bot"])
    assert chat.api.state.history(668, 9)[-1]["text"] == "Only admins. E-ROLE"


async def test_a_message_delivered_again_acts_once(pool: Pool, tmp_path: Path) -> None:
    """Killed between the act and its confirmation to Telegram: the same message comes again."""
    token, journal = new_token(), tmp_path / "chat.jsonl"
    async with chatting(pool, journal, token=token, role="super_admin") as chat:
        await chat.say("/note once")
        assert done(chat) == ["note once"]
        repeated = {"message": chat.api.state.messages[1001, 1]}
    async with chatting(pool, journal, token=token) as chat:
        chat.api.state._put_update(repeated)
        assert "ran it at most once" in (await chat.told("before"))["text"]
        assert done(chat) == []


async def test_questions_of_another_life_are_over(pool: Pool, tmp_path: Path) -> None:
    token, journal = new_token(), tmp_path / "chat.jsonl"
    async with chatting(pool, journal, token=token, role="super_admin") as chat:
        ask = await chat.say("/emergency_stop")
    async with chatting(pool, journal, token=token) as chat:
        assert await chat.press(ask, "Confirm") == OVER
        assert done(chat) == []


async def test_help_lists_what_the_role_may(chat: Chat, pool: Pool) -> None:
    await chat.say("/help")
    assert "/emergency_stop" in (await chat.told("Admin"))["text"]
    assert "What note does" in (await chat.say("/help note"))["text"]
    await other(pool, 669, "viewer")
    chat.api.state.receive("/help", **stranger(669))

    def heard() -> list[dict[str, Any]]:
        return [m for m in chat.api.state.history(669, 9) if m["from"]["is_bot"]]

    await chat.until(lambda: len(heard()) == 2)
    assert "/limits" in heard()[1]["text"]
    assert "/users" not in heard()[1]["text"]
