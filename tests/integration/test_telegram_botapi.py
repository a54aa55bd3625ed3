"""The local Bot API server speaks as Telegram does, and forgets nothing when it is killed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from aiohttp.test_utils import TestClient, TestServer

from tests.fakes.clock import ManualClock
from tests.fakes.sleeper import eventually
from vanta.sandbox.botapi import BotApi, build_botapi, new_token
from vanta.sandbox.botapi_html import MarkupError, parse_html
from vanta.sandbox.botapi_methods import Fault

TOKEN = new_token()
ME = 1001
Json = dict[str, Any]


class Wire:
    """A client of the server."""

    def __init__(self, api: BotApi, client: TestClient[Any, Any]) -> None:
        self.api = api
        self.client = client

    async def raw(self, method: str, token: str = TOKEN, **params: Any) -> tuple[int, Json]:
        async with self.client.post(f"/bot{token}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    async def call(self, method: str, **params: Any) -> Any:
        status, body = await self.raw(method, **params)
        assert status == 200, body
        assert body["ok"] is True
        return body["result"]

    async def fails(self, method: str, **params: Any) -> str:
        status, body = await self.raw(method, **params)
        assert (status, body["ok"]) == (400, False)
        assert body["error_code"] == 400
        description: str = body["description"]
        return description


@asynccontextmanager
async def serving(journal: Path) -> AsyncIterator[Wire]:
    api = BotApi(ManualClock(), token=TOKEN, journal=journal)
    async with TestClient(TestServer(api.app(), host="127.0.0.1")) as client:
        yield Wire(api, client)


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with serving(tmp_path / "chat.jsonl") as found:
        yield found


KEYS = {"inline_keyboard": [[{"text": "Go", "callback_data": "v1:go:abc"}]]}


async def test_get_me_says_it_is_a_bot(wire: Wire) -> None:
    me = await wire.call("getMe")
    assert me["is_bot"] is True
    assert me["id"] == int(TOKEN.partition(":")[0])


@pytest.mark.parametrize("encoding", ["query", "urlencoded", "multipart", "json"])
async def test_parameters_come_in_every_encoding(wire: Wire, encoding: str) -> None:
    url = f"/bot{TOKEN}/sendMessage"
    fields = {"chat_id": "1001", "text": "hi", "reply_markup": '{"inline_keyboard": []}'}
    if encoding == "query":
        answer = await wire.client.get(url, params=fields)
    elif encoding == "json":
        answer = await wire.client.post(url, json={**fields, "chat_id": 1001})
    elif encoding == "multipart":
        form = FormData(default_to_multipart=True)
        for name, value in fields.items():
            form.add_field(name, value)
        answer = await wire.client.post(url, data=form)
    else:
        answer = await wire.client.post(url, data=fields)
    body = await answer.json()
    assert body["result"]["text"] == "hi"
    assert body["result"]["chat"]["type"] == "private"


async def test_tokens(wire: Wire) -> None:
    assert await wire.raw("getMe", token="nonsense") == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found"},
    )
    status, body = await wire.raw("getMe", token=new_token())
    assert (status, body["description"]) == (401, "Unauthorized")
    with pytest.raises(ValueError, match="digits"):
        build_botapi(ManualClock(), token="x", journal=Path("unused"))


async def test_unknown_method_is_harmless(wire: Wire) -> None:
    assert await wire.call("setMyShortDescription", short_description="x") is True


async def test_html_becomes_entities(wire: Wire) -> None:
    message = await wire.call(
        "sendMessage", chat_id=ME, text="<b>a &lt; b</b> 𝄞 <pre>x\ny</pre>", parse_mode="HTML"
    )
    assert message["text"] == "a < b 𝄞 x\ny"
    assert message["entities"] == [
        {"type": "bold", "offset": 0, "length": 5},
        {"type": "pre", "offset": 9, "length": 3},
    ]


@pytest.mark.parametrize(
    "text", ["<b>x", "x</b>", "<b>x</i>", "<script>x</script>", "<img src=x>", "a < b", "<"]
)
async def test_broken_markup_is_refused(wire: Wire, text: str) -> None:
    assert "can't parse entities" in await wire.fails(
        "sendMessage", chat_id=ME, text=text, parse_mode="HTML"
    )
    with pytest.raises(MarkupError):
        parse_html(text)
    assert (await wire.call("sendMessage", chat_id=ME, text=text))["text"] == text


async def test_limits_of_texts_and_buttons(wire: Wire) -> None:
    assert (await wire.call("sendMessage", chat_id=ME, text="x" * 4_096))["message_id"]
    assert "too long" in await wire.fails("sendMessage", chat_id=ME, text="x" * 4_097)
    assert "empty" in await wire.fails("sendMessage", chat_id=ME, text="<b></b>", parse_mode="HTML")
    assert "chat not found" in await wire.fails("sendMessage", chat_id=5, text="x")
    big = {"inline_keyboard": [[{"text": "x", "callback_data": "ä" * 33}]]}
    assert "BUTTON_DATA_INVALID" in await wire.fails(
        "sendMessage", chat_id=ME, text="x", reply_markup=big
    )


async def test_edits(wire: Wire) -> None:
    sent = await wire.call("sendMessage", chat_id=ME, text="a", reply_markup=KEYS)
    place = {"chat_id": ME, "message_id": sent["message_id"]}
    assert "message is not modified" in await wire.fails(
        "editMessageText", text="a", reply_markup=KEYS, **place
    )
    edited = await wire.call("editMessageText", text="b", **place)
    assert (edited["text"], "reply_markup" in edited, "edit_date" in edited) == ("b", False, True)
    keyed = await wire.call("editMessageReplyMarkup", reply_markup=KEYS, **place)
    assert keyed["reply_markup"] == KEYS
    assert await wire.call("deleteMessage", **place) is True
    assert "not found" in await wire.fails("editMessageText", text="c", **place)
    assert "not found" in await wire.fails("deleteMessage", **place)
    person = wire.api.state.receive("hello")
    assert "can't be edited" in await wire.fails(
        "editMessageText", chat_id=ME, message_id=person["message_id"], text="c"
    )


async def test_presses_are_answered_once(wire: Wire) -> None:
    sent = await wire.call("sendMessage", chat_id=ME, text="a", reply_markup=KEYS)
    query_id = wire.api.state.press(ME, sent["message_id"], "v1:go:abc")
    [update] = await wire.call("getUpdates")
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (query_id, "v1:go:abc", ME)
    assert query["chat_instance"]
    assert await wire.call("answerCallbackQuery", callback_query_id=query_id) is True
    assert "query is too old" in await wire.fails("answerCallbackQuery", callback_query_id=query_id)
    assert wire.api.state.press(ME, 999, "x") is None


async def test_long_poll_waits_and_offset_confirms(wire: Wire) -> None:
    waiting = asyncio.create_task(wire.call("getUpdates", timeout=30))
    await eventually(lambda: wire.api._methods._poll == 1)
    wire.api.state.receive("one")
    [update] = await waiting
    assert update["message"]["text"] == "one"
    assert len(await wire.call("getUpdates")) == 1, "not confirmed: it comes again"
    assert await wire.call("getUpdates", offset=update["update_id"] + 1) == []
    assert await wire.call("getUpdates") == []


async def test_second_poller_ends_the_first(wire: Wire) -> None:
    first = asyncio.create_task(wire.raw("getUpdates", timeout=30))
    await eventually(lambda: wire.api._methods._poll == 1)
    second = asyncio.create_task(wire.raw("getUpdates", timeout=30))
    status, body = await first
    assert status == 409
    assert "terminated by other getUpdates" in body["description"]
    wire.api.state.receive("x")
    assert (await second)[0] == 200


async def test_commands_are_kept(wire: Wire) -> None:
    menu = [{"command": "start", "description": "Begin"}]
    assert await wire.call("setMyCommands", commands=menu)
    assert await wire.call("getMyCommands") == menu


async def test_a_chat_has_a_menu_of_its_own_also_after_a_restart(tmp_path: Path) -> None:
    everybody = [{"command": "start", "description": "First steps"}]
    mine = [*everybody, {"command": "users", "description": "Who is here"}]
    scope = {"type": "chat", "chat_id": ME}
    async with serving(tmp_path / "chat.jsonl") as wire:
        await wire.call("setMyCommands", commands=everybody)
        assert wire.api.state.commands == everybody
        await wire.call("setMyCommands", commands=mine, scope=scope)
        await wire.call("setMyCommands", commands=[], scope={"type": "chat", "chat_id": 7})
    async with serving(tmp_path / "chat.jsonl") as wire:
        assert await wire.call("getMyCommands") == everybody
        assert await wire.call("getMyCommands", scope=scope) == mine
        assert wire.api.state.commands == mine, "what the page's person sees"


@pytest.mark.parametrize("name", ["", "Users", "user-s", "a" * 33, "ü"])
async def test_names_of_commands_are_checked(wire: Wire, name: str) -> None:
    menu = [{"command": name, "description": "x"}]
    assert "BOT_COMMAND_INVALID" in await wire.fails("setMyCommands", commands=menu)


async def test_link_buttons_lead_where_telegram_lets_them(wire: Wire) -> None:
    def markup(button: Json) -> Json:
        return {"inline_keyboard": [[{"text": "Open", **button}]]}

    async def say(button: Json) -> str:
        return await wire.fails("sendMessage", chat_id=ME, text="x", reply_markup=markup(button))

    for url in ("http://localhost:8080/panel", "javascript:alert(1)", "panel", "ftp://a.b/"):
        assert "Wrong HTTP URL" in await say({"url": url})
    assert "BUTTON_TYPE_INVALID" in await say({})
    assert "BUTTON_TYPE_INVALID" in await say({"url": "https://a.example/", "callback_data": "x"})
    link = {"url": "http://127.0.0.1:8080/panel#ticket"}
    sent = await wire.call("sendMessage", chat_id=ME, text="x", reply_markup=markup(link))
    assert sent["reply_markup"]["inline_keyboard"][0][0]["url"] == link["url"]


async def test_injected_faults(wire: Wire) -> None:
    wire.api.inject(Fault(code=429, description="Too Many", retry_after=7, method="sendMessage"))
    status, body = await wire.raw("sendMessage", chat_id=ME, text="x")
    assert (status, body["parameters"]) == (429, {"retry_after": 7})
    assert (await wire.call("sendMessage", chat_id=ME, text="x"))["text"] == "x"


async def test_restart_finds_everything_again(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    async with serving(journal) as wire:
        first = wire.api.state.receive("one", client_id="c1")
        wire.api.state.receive("two")
        await wire.call("setMyCommands", commands=[{"command": "a", "description": "b"}])
        sent = await wire.call("sendMessage", chat_id=ME, text="reply", reply_markup=KEYS)
        await wire.call("editMessageText", chat_id=ME, message_id=sent["message_id"], text="new")
        query = wire.api.state.press(ME, sent["message_id"], "v1:go:abc")
        updates = await wire.call("getUpdates")
        await wire.call("getUpdates", offset=updates[0]["update_id"] + 1)
    async with serving(journal) as wire:
        state = wire.api.state
        assert [m["text"] for m in state.history(ME, 9)] == ["one", "two", "new"]
        again = await wire.call("getUpdates")
        assert [u["update_id"] for u in again] == [u["update_id"] for u in updates[1:]]
        assert state.receive("one", client_id="c1") == first, "sent again by a page: no new message"
        assert await wire.call("answerCallbackQuery", callback_query_id=query) is True
        assert (await wire.call("getMyCommands"))[0]["command"] == "a"
        assert state.receive("three")["message_id"] > sent["message_id"]


async def test_deleted_messages_leave_the_disk(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    async with serving(journal) as wire:
        message = wire.api.state.receive("a secret")
        [update] = await wire.call("getUpdates")
        await wire.call("deleteMessage", chat_id=ME, message_id=message["message_id"])
        await wire.call("getUpdates", offset=update["update_id"] + 1)
        assert b"a secret" not in journal.read_bytes()
        assert journal.stat().st_mode & 0o777 == 0o600


async def test_message_deleted_late_does_not_come_back(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    async with serving(journal) as wire:
        message = wire.api.state.receive("a secret")
        [update] = await wire.call("getUpdates")
        await wire.call("getUpdates", offset=update["update_id"] + 1)
        await wire.call("deleteMessage", chat_id=ME, message_id=message["message_id"])
        assert b"a secret" not in journal.read_bytes()
    async with serving(journal) as wire:
        assert wire.api.state.history(ME, 9) == []


async def test_half_written_last_line_is_cut_off(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    async with serving(journal) as wire:
        wire.api.state.receive("one")
    with journal.open("ab") as file:
        file.write(b'["message",{"message_id":7,"ch')
    async with serving(journal) as wire:
        wire.api.state.receive("two")
    async with serving(journal) as wire:
        assert [m["text"] for m in wire.api.state.history(ME, 9)] == ["one", "two"]


_CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from aiohttp import web
from vanta.clock import SystemClock
from vanta.sandbox.botapi import BotApi

async def main():
    api = BotApi(SystemClock(), token=sys.argv[1], journal=Path(sys.argv[2]))
    runner = web.AppRunner(api.app())
    await runner.setup()
    api.state.receive("one")
    api.state.receive("two")
    api.state.confirm(2)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_killed_server_redelivers_what_was_not_confirmed(tmp_path: Path) -> None:
    journal = tmp_path / "chat.jsonl"
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _CHILD, TOKEN, str(journal)], check=False
    )
    assert child.returncode == -9
    async with serving(journal) as wire:
        assert [u["message"]["text"] for u in await wire.call("getUpdates")] == ["two"]
        assert len(wire.api.state.history(ME, 9)) == 2


async def test_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vanta.sandbox.botapi_state.KEEP_MESSAGES", 10)
    async with serving(tmp_path / "chat.jsonl") as wire:
        for n in range(50):
            wire.api.state.receive(str(n))
            wire.api.state.confirm(n + 2)
        assert wire.api.state.history(ME, 99)[0]["text"] == "40"
    assert len((tmp_path / "chat.jsonl").read_bytes().splitlines()) <= 60


async def test_aiogram_is_content_with_it(wire: Wire) -> None:
    from aiogram import Bot  # noqa: PLC0415  # the outside client of this test
    from aiogram.client.session.aiohttp import AiohttpSession  # noqa: PLC0415
    from aiogram.client.telegram import TelegramAPIServer  # noqa: PLC0415

    base = str(wire.client.make_url("")).rstrip("/")
    async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(base))) as bot:
        wire.api.state.receive("/start")
        [update] = await bot.get_updates(timeout=1)
        assert update.message is not None
        assert update.message.text == "/start"
        sent = await bot.send_message(update.message.chat.id, "<b>x</b>", parse_mode="HTML")
        assert sent.html_text == "<b>x</b>"
        assert (await bot.get_me()).is_bot
        assert await bot.send_chat_action(sent.chat.id, "typing")
        await bot.session.close()


async def test_foreign_pages_cannot_reach_the_bot_methods(wire: Wire) -> None:
    async with ClientSession() as browser:
        url = wire.client.make_url(f"/bot{TOKEN}/getMe")
        for headers in (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            async with browser.get(url, headers=headers) as answer:
                assert answer.status == 403
