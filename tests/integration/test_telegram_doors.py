"""Who may talk to the bot, how much, and what it does with nonsense and secrets."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fakes.chat import Chat, button, chatting, labels, stranger
from tests.fakes.desks import BrokenOrders
from tests.fakes.engine_world import make_user
from vanta.sandbox.botapi_methods import Fault
from vanta.store.pool import Pool
from vanta.store.users import Users
from vanta.telegram.leak import looks_secret

SEED = "legal winner thank year wave sausage worth useful legal winner thank yellow"
GROUP = {"id": -1009, "type": "supergroup", "title": "Traders"}


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def reply_in(room: Chat, place: int, text: str, **other: Any) -> dict[str, Any]:
    """Write somewhere else than in the trader's private chat; return the reply."""

    def heard() -> list[dict[str, Any]]:
        return [m for m in room.api.state.history(place, 1_000) if m["from"]["is_bot"]]

    before = len(heard())
    room.api.state.receive(text, **other)
    await room.until(lambda: len(heard()) > before)
    return heard()[-1]


async def test_strangers_wait_for_approval(chat: Chat) -> None:
    for text in ("/start", "/long BTC 100 10x", "hello", "/why 1"):
        reply = await reply_in(chat, 666, text, **stranger())
        assert "admits people one by one" in reply["text"]
        assert "Telegram id 666" in reply["text"]
        assert reply["text"].endswith("E-ROLE")
    assert chat.office.met == [666] * 4
    assert await chat.order_count() == 0


async def test_viewers_may_look_but_not_trade(pool: Pool, chat: Chat) -> None:
    viewer = await make_user(pool, role="viewer")
    await Users(pool).bind_telegram(viewer, 668)
    assert "Prices" in (await reply_in(chat, 668, "/price", **stranger(668)))["text"]
    card = await reply_in(chat, 668, "/long BTC 100 10x", **stranger(668))
    assert "E-ROLE" in card["text"]


async def test_person_without_an_account_is_told_so(pool: Pool, chat: Chat) -> None:
    await Users(pool).create("late", "viewer", 670, now_ns=1)
    for text in ("/start", "/status", "/long BTC"):
        reply = await reply_in(chat, 670, text, **stranger(670))
        assert reply["text"].endswith("E-UNBOUND")


async def test_nobody_sees_what_is_not_his(pool: Pool, chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    await Users(pool).bind_telegram(await make_user(pool), 669)
    for text in ("/why 1", "/positions #1", "/close #1", "/tpsl #1 sl=-2%"):
        reply = await reply_in(chat, 669, text, **stranger(669))
        assert "BTC" not in reply["text"].replace("/long BTC 100 25x", ""), text
        assert reply["text"].endswith("E-ARG")
    for data in ("v1:pos:1", "v1:close:1", "v1:whypos:1", "v1:stops:1"):
        answer = await chat.press(ticket, "", data=data, **stranger(669))
        assert answer == "You have no such position. /positions shows yours. E-ARG"


async def test_groups_are_for_looking(chat: Chat) -> None:
    who = {"chat": GROUP, "user": chat.api.state.user}
    for text in ("/long BTC 100 10x", "/short@vanta_demo_bot ETH 1 2x", "/close all", "/why 1"):
        reply = await reply_in(chat, GROUP["id"], text, **who)
        assert reply["text"] == "That works in our private chat only. E-GROUP"
    assert "Prices" in (await reply_in(chat, GROUP["id"], "/price", **who))["text"]
    start = await reply_in(chat, GROUP["id"], "/start", **who)
    for label in ("Demo",):
        assert "private chat only" in await chat.press(start, label)
    assert await chat.press(start, "Prices") == ""
    assert await chat.order_count() == 0


async def test_a_ticket_of_the_private_chat_is_void_in_a_group(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x")
    confirm = button(ticket, "Confirm")["callback_data"]
    card = await reply_in(chat, GROUP["id"], "/start", chat=GROUP, user=chat.api.state.user)
    assert "private chat only" in await chat.press(card, "", data=confirm)
    assert await chat.order_count() == 0


@pytest.mark.parametrize("secret", [SEED, "0x" + "4f" * 32])
async def test_secrets_are_deleted_and_kept_nowhere(
    chat: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    caplog.set_level(logging.DEBUG)
    assert looks_secret(secret)
    reply = await chat.say(secret)
    assert reply["text"].endswith("E-SECRET")
    assert "I deleted it" in reply["text"]
    assert all(m["text"] != secret for m in chat.api.state.history(1001, 100))
    await chat.until(lambda: not chat.api.state.updates)
    assert secret not in (tmp_path / "chat.jsonl").read_text()
    assert secret not in caplog.text
    # The next message finds the bot as it was.
    assert "Prices" in (await chat.say("/price"))["text"]


async def test_secret_that_cannot_be_deleted_is_still_warned_about(chat: Chat) -> None:
    chat.api.inject(Fault(code=400, description="Bad Request: no rights", method="deleteMessage"))
    assert "Delete it now" in (await chat.say(SEED))["text"]


GATEWAY = Fault(code=502, description="", page="<html>502 Bad Gateway</html>")


async def test_gateway_page_instead_of_an_answer_is_survived(chat: Chat) -> None:
    """What stands before Telegram's servers sometimes answers in HTML."""
    chat.api.inject(replace(GATEWAY, method="deleteMessage"))
    assert "Delete it now" in (await chat.say(SEED))["text"]
    ticket = await chat.say("/long BTC 100 10x")
    chat.api.inject(replace(GATEWAY, method="answerCallbackQuery"))
    data = button(ticket, "Confirm")["callback_data"]
    chat.api.state.press(ticket["chat"]["id"], ticket["message_id"], data)
    await chat.changed(ticket, "Filled")
    assert not any("failed on my side" in m["text"] for m in chat.messages)


async def test_thirty_messages_a_minute(chat: Chat) -> None:
    for _ in range(40):
        chat.api.state.receive("/price")
    told = await chat.told("E-RATE")
    assert told["text"].startswith("30 messages in the last minute, next in ")
    await chat.until(lambda: not chat.api.state.updates)
    await chat.until(lambda: sum("Prices" in m["text"] for m in chat.messages) == 30)
    assert sum("E-RATE" in m["text"] for m in chat.messages) == 1
    chat.world.clock.advance(61 * 10**9)
    assert "Prices" in (await chat.say("/price"))["text"]


async def test_every_nonsense_gets_its_answer(chat: Chat, data_dir: Path) -> None:
    strings = json.loads((data_dir / "text" / "blns.json").read_text())
    texts = [t for t in strings if t.strip()]
    for number, text in enumerate(texts):
        shaped = (text, f"/long {text}", f"/close {text}", f"/why {text}")[number % 4]
        chat.world.clock.advance(3 * 10**9)
        reply = await chat.say(shaped[:4_096])
        assert reply["text"].strip()
        assert "failed on my side" not in reply["text"], shaped
    assert await chat.order_count() == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/long BTC 1e309 10x", "E-ARG"),
        ("/long BTC NaN 10x", "E-ARG"),
        ("/long BTC １２ 10x", "E-ARG"),
        ("/long BTC 0x10 10x", "E-ARG"),
        ("/long BTC -0 10x", "E-ARG"),
        ("/long BTC " + "9" * 200, "E-ARG"),
        ("/long BTC 100 25c", "E-ARG"),
        ("/long \u202eCTB 100 10x", "E-ARG"),
        ("/long BTC 100 10x trail=1%", "E-ARG"),
        ("/long BTC 100 10x #12", "E-ARG"),
        ("/long BTC 999999999999 100x", "E-ARG"),
        ("/close", ""),
        ("/close 100", "E-ARG"),
        ("/close #99", "E-ARG"),
        ("/why abc", "E-ARG"),
        ("/why 999999999999999", "E-ARG"),
        ("/tpsl", "E-ARG"),
        ("/price XYZ", "E-SYM"),
        ("/unknown", "E-ARG"),
        ("x" * 4_096, "E-ARG"),
        ("<b>bold</b> <a href='javascript:x'>y</a>", "E-ARG"),
    ],
)
async def test_bad_input_is_answered_with_its_code(chat: Chat, text: str, code: str) -> None:
    reply = await chat.say(text)
    assert code in reply["text"]
    assert len(reply["text"]) < 600
    assert "failed on my side" not in reply["text"]
    kinds = {e["type"] for e in reply.get("entities", [])}
    assert not kinds & {"text_link"}
    assert await chat.order_count() == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/close all", "[DRY] No open positions. /long starts one."),
        ("/close #99", "You have no open position #99. /positions shows yours. E-ARG"),
        ("/close BTC", "You have no open position BTC/USD. /positions shows yours. E-ARG"),
        ("/close #1 BTC", 'I did not get "#1 BTC" as position: it needs one of #12, BTC or all.'),
        ("/close 12", 'I did not get "12": it needs the form /close #12 50%. E-ARG'),
        ("/why 999", "You have no order #999. /orders shows yours. E-ARG"),
        ("/long BTC 100 25c", "as amount: it needs a plain number such as 100, 25x or 50%."),
    ],
)
async def test_what_is_not_understood_names_the_way_out(chat: Chat, text: str, words: str) -> None:
    assert words in (await chat.say(text))["text"]


async def test_not_available_words_say_so(chat: Chat) -> None:
    reply = await chat.say("/long BTC 100 10x @62000")
    assert reply["text"] == '"@62000" is not available yet. Nothing was sent. E-ARG'


async def test_failure_inside_is_told_with_its_trace(pool: Pool, tmp_path: Path) -> None:
    orders = BrokenOrders(pool)
    async with chatting(pool, tmp_path / "chat.jsonl", orders=orders) as chat:
        reply = await chat.say("/orders")
        assert "That failed on my side" in reply["text"]
        assert "detail" not in reply["text"]
        assert "Prices" in (await chat.say("/price"))["text"]


async def test_user_names_are_never_shown_as_markup(chat: Chat) -> None:
    start = await chat.say("/start")
    assert labels(start)[0].startswith("Demo")
    assert "<" not in start["text"]
