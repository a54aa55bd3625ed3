"""The chat page's server side: what it delivers, to whom, and what it takes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from tests.fakes.clock import ManualClock
from vanta.sandbox.botapi import BotApi, new_token

ME = 1001
Json = dict[str, Any]


class Page:
    """A browser with the page open."""

    def __init__(self, api: BotApi, client: TestClient[Any, Any]) -> None:
        self.api = api
        self.client = client
        self.origin = str(client.make_url("")).rstrip("/")

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Json]:
        sent = {"Origin": self.origin, **headers}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
        async with self.client.post(path, data=data, headers=sent) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else {}

    async def say(self, text: str, client_id: str = "c1") -> tuple[int, Json]:
        return await self.post("/api/send", {"text": text, "client_id": client_id})


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    api = BotApi(ManualClock(), token=new_token(), journal=tmp_path / "chat.jsonl")
    async with TestClient(TestServer(api.app(), host="127.0.0.1")) as client:
        yield Page(api, client)


async def test_page_and_its_parts_are_served_from_here_only(page: Page) -> None:
    async with page.client.get("/") as answer:
        html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "SIMULATED" in html
    parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(parts) >= 4
    imports = set()
    for part in parts:
        async with page.client.get(part) as answer:
            assert answer.status == 200
            text = await answer.text()
            imports |= set(re.findall(r'from "\./([^"]+)"', text))
    for name in imports:
        async with page.client.get(f"/static/{name}") as answer:
            assert answer.status == 200
            assert answer.content_type == "text/javascript"


def test_page_needs_nothing_from_elsewhere_and_writes_no_html() -> None:
    folder = resources.files("vanta.sandbox") / "chat"
    for part in folder.iterdir():
        text = part.read_text()
        links = re.findall(r"https?://[^\s\"'`)]+", text)
        assert set(links) <= {"http://www.w3.org/2000/svg"}, part.name
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in text, part.name
        assert not re.search(r"\son[a-z]+=", text) or part.name.endswith(".js"), part.name


@pytest.mark.parametrize(
    "path", ["/static/../botapi.py", "/static/%2e%2e/botapi.py", "/static/x", "/static/index.html"]
)
async def test_other_files_are_not_served(page: Page, path: str) -> None:
    async with page.client.get(path) as answer:
        assert answer.status == 404


async def test_messages_go_both_ways(page: Page) -> None:
    async with page.client.ws_connect("/api/events", origin=page.origin) as socket:
        snapshot = await socket.receive_json()
        assert snapshot["type"] == "snapshot"
        assert snapshot["messages"] == []
        status, body = await page.say("/start")
        assert status == 200
        event = await socket.receive_json()
        assert (event["type"], event["message"]["text"]) == ("message", "/start")
        assert event["message"]["message_id"] == body["message_id"]
        assert event["message"]["entities"][0]["type"] == "bot_command"
        page.api.state.say(event["message"]["chat"], "hello", reply_markup={"inline_keyboard": []})
        assert (await socket.receive_json())["message"]["from"]["is_bot"] is True
        page.api.state.typing(ME)
        assert (await socket.receive_json())["type"] == "typing"
        page.api.state.delete_message(ME, body["message_id"])
        assert await socket.receive_json() == {
            "type": "delete",
            "chat_id": ME,
            "message_id": body["message_id"],
        }


async def test_other_chats_stay_unseen(page: Page) -> None:
    async with page.client.ws_connect("/api/events", origin=page.origin) as socket:
        await socket.receive_json()
        page.api.state.say({"id": 5, "type": "private"}, "for somebody else")
        page.api.state.say({"id": ME, "type": "private"}, "for me")
        assert (await socket.receive_json())["message"]["text"] == "for me"


async def test_press_reaches_the_bot_and_its_answer_the_page(page: Page) -> None:
    message = page.api.state.say({"id": ME, "type": "private"}, "x")
    async with page.client.ws_connect("/api/events", origin=page.origin) as socket:
        await socket.receive_json()
        status, body = await page.post(
            "/api/press", {"message_id": message["message_id"], "data": "v1:go:abc"}
        )
        assert status == 200
        assert page.api.state.updates[0]["callback_query"]["id"] == body["query_id"]
        page.api.state.answer(body["query_id"], "Sent", alert=False)
        assert await socket.receive_json() == {
            "type": "answer",
            "query_id": body["query_id"],
            "text": "Sent",
            "alert": False,
        }
    assert (await page.post("/api/press", {"message_id": 99, "data": "x"}))[0] == 404


async def test_message_sent_twice_by_a_shaky_line_is_one(page: Page) -> None:
    first = await page.say("hi", "same")
    assert await page.say("hi", "same") == first
    assert (await page.say("hi", "other"))[1] != first[1]
    assert len(page.api.state.updates) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "", "client_id": "c"}, 400),
        ({"text": " \n", "client_id": "c"}, 400),
        ({"text": "x", "client_id": ""}, 400),
        ({"text": "x", "client_id": "c" * 65}, 400),
        ({"text": "x" * 4_096, "client_id": "c"}, 200),
        ({"text": "x" * 4_097, "client_id": "c"}, 413),
        ({"text": "𝄞" * 2_049, "client_id": "c"}, 413),
        ({"text": 5, "client_id": "c"}, 400),
        ({"text": "x"}, 400),
        ({"text": "x", "client_id": "c", "chat_id": 5}, 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"text": "\\ud800", "client_id": "c"}', 400),
        (b"[" * 10_000, 400),
    ],
)
async def test_bad_bodies(page: Page, body: Any, status: int) -> None:
    assert (await page.post("/api/send", body))[0] == status
    assert len(page.api.state.updates) == (status == 200)


@pytest.mark.parametrize("size", [300_000, 1_000_000])
async def test_huge_bodies_are_cut_short(page: Page, size: int) -> None:
    assert (await page.post("/api/send", b"x" * size))[0] == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_other_sites_cannot_post(page: Page, headers: Json, status: int) -> None:
    body = {"text": "/long BTC 100 10x", "client_id": "c"}
    assert (await page.post("/api/send", body, **headers))[0] == status
    press = {"message_id": 1, "data": "x"}
    assert (await page.post("/api/press", press, **headers))[0] == status
    assert not page.api.state.updates


@pytest.mark.parametrize("path", ["/", "/static/chat.js"])
async def test_rebound_name_gets_nothing(page: Page, path: str) -> None:
    """A foreign name that resolves to this machine: Host and Origin agree, and are not ours."""
    evil = {"Host": "evil.example:8081", "Origin": "http://evil.example:8081"}
    async with page.client.get(path, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403
    assert (await page.post("/api/send", {"text": "x", "client_id": "c"}, **evil))[0] == 403
    assert not page.api.state.updates


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_other_sites_cannot_listen(page: Page, origin: str | None) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await page.client.ws_connect("/api/events", origin=origin)
    assert refused.value.status == 403


async def test_named_host_may_be_allowed(tmp_path: Path) -> None:
    api = BotApi(
        ManualClock(),
        token=new_token(),
        journal=tmp_path / "chat.jsonl",
        allowed_hosts=["chat.example"],
    )
    async with (
        TestClient(TestServer(api.app(), host="127.0.0.1")) as client,
        client.get("/", headers={"Host": "chat.example:8081"}) as answer,
    ):
        assert answer.status == 200


async def test_page_that_falls_behind_starts_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vanta.sandbox.botapi_state.QUEUE_LIMIT", 3)
    queue = page.api.state.listen()
    for n in range(6):
        page.api.state.say({"id": ME, "type": "private"}, str(n))
    heard = [queue.get_nowait() for _ in range(queue.qsize())]
    assert [event and event["type"] for event in heard] == ["message"] * 3 + [None]


async def test_stop_closes_open_pages_and_long_polls(tmp_path: Path) -> None:
    api = BotApi(ManualClock(), token=new_token(), journal=tmp_path / "chat.jsonl")
    server = TestServer(api.app(), host="127.0.0.1")
    client: TestClient[Any, Any] = TestClient(server)
    await client.start_server()
    origin = str(client.make_url("")).rstrip("/")
    socket = await client.ws_connect("/api/events", origin=origin)
    await socket.receive_json()
    poll = asyncio.create_task(client.post(f"/bot{api._token}/getUpdates", json={"timeout": 50}))
    while api._methods._poll == 0:
        await asyncio.sleep(0)
    await asyncio.gather(server.close(), socket.receive())
    await asyncio.wait([poll])
    await client.close()


async def test_naughty_strings_come_back_as_plain_text(page: Page, data_dir: Path) -> None:
    strings = json.loads((data_dir / "text" / "blns.json").read_text())
    for number, text in enumerate(t for t in strings if t.strip()):
        status, _ = await page.say(text, f"c{number}")
        assert status == 200
    kept = [m["text"] for m in page.api.state.history(ME, 2_000)]
    assert kept == [t for t in strings if t.strip()]
