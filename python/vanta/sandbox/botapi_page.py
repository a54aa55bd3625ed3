"""The chat page: a browser client of the local Bot API server, for one simulated person.

It listens on a websocket and writes by POST. Only pages that this server delivered may talk to it:
the Host must be one of ours (a rebound DNS name is not) and a present Origin must equal it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSMsgType, web

from vanta.sandbox.botapi_html import utf16_length
from vanta.sandbox.botapi_methods import MAX_CALLBACK_DATA, MAX_TEXT
from vanta.sandbox.botapi_state import BotState

HISTORY: Final = 300
HEARTBEAT_S: Final = 20.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_STATIC: Final = {
    "chat.css": "text/css",
    "chat.js": "text/javascript",
    "composer.js": "text/javascript",
    "render.js": "text/javascript",
    "link.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    client_id: str


class _Pressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: int
    data: str


def guard(allowed_hosts: frozenset[str]) -> Any:
    """Build the middleware that keeps other sites' pages out."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
        if host not in _LOOPBACK | allowed_hosts:
            return _refuse(403, "E-HOST", f"this server does not answer for host {host[:60]!r}")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            return _refuse(403, "E-ORIGIN", "only the page of this server may call it")
        if request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
            return _refuse(403, "E-ORIGIN", "only the page of this server may call it")
        return await handler(request)

    return check


class ChatPage:
    """Routes of the page and of its small API."""

    def __init__(self, state: BotState) -> None:
        self._state = state
        self._folder = resources.files("vanta.sandbox") / "chat"
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/static/{name}", self._asset),
            web.get("/api/events", self._events),
            web.post("/api/send", self._send),
            web.post("/api/press", self._press),
        ]

    async def close(self) -> None:
        """Tell open pages that the server goes; they come back by themselves."""
        for socket in list(self._sockets):
            await socket.close(code=1001)

    async def _index(self, _: web.Request) -> web.Response:
        return self._file("index.html", "text/html")

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if (kind := _STATIC.get(name)) is None:
            raise web.HTTPNotFound
        return self._file(name, kind)

    def _file(self, name: str, kind: str) -> web.Response:
        body = (self._folder / name).read_bytes()
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if "Origin" not in request.headers:
            return _refuse(403, "E-ORIGIN", "a page's websocket names its origin")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=1_024)
        await socket.prepare(request)
        self._sockets.add(socket)
        queue = self._state.listen()
        try:
            await socket.send_json(self._snapshot())
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(socket, queue))
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
                writer.cancel()
        finally:
            self._state.unlisten(queue)
            self._sockets.discard(socket)
        return socket

    async def _write(
        self, socket: web.WebSocketResponse, queue: asyncio.Queue[dict[str, Any] | None]
    ) -> None:
        while (event := await queue.get()) is not None:
            if not self._is_ours(event):
                continue
            try:
                await socket.send_json(event)
            except ConnectionError:
                return
        await socket.close(code=1013)

    def _is_ours(self, event: dict[str, Any]) -> bool:
        chat_id = event.get("chat_id")
        if event["type"] == "message":
            chat_id = event["message"]["chat"]["id"]
        return chat_id in (None, self._state.user.id)

    def _snapshot(self) -> dict[str, Any]:
        state = self._state
        return {
            "type": "snapshot",
            "bot": msgspec.to_builtins(state.bot),
            "user": msgspec.to_builtins(state.user),
            "commands": state.commands,
            "messages": state.history(state.user.id, HISTORY),
        }

    async def _send(self, request: web.Request) -> web.Response:
        sent = await _body(request, _Sent)
        if not sent.text.strip() or not 0 < len(sent.client_id) <= 64:
            return _refuse(400, "E-ARG", "a message needs text and a client id")
        if utf16_length(sent.text) > MAX_TEXT:
            return _refuse(413, "E-ARG", f"a message holds at most {MAX_TEXT} characters")
        message = self._state.receive(sent.text, client_id=sent.client_id)
        return web.json_response({"message_id": message["message_id"]}, headers=_HEADERS)

    async def _press(self, request: web.Request) -> web.Response:
        pressed = await _body(request, _Pressed)
        if not 0 < len(pressed.data.encode()) <= MAX_CALLBACK_DATA:
            return _refuse(400, "E-ARG", f"button data holds 1 to {MAX_CALLBACK_DATA} bytes")
        query_id = self._state.press(self._state.user.id, pressed.message_id, pressed.data)
        if query_id is None:
            return _refuse(404, "E-ARG", "no such message")
        return web.json_response({"query_id": query_id}, headers=_HEADERS)


async def _body(request: web.Request, kind: type[Any]) -> Any:
    # A foreign form can post text/plain without asking first, but never JSON.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=f"not understood: {str(error)[:200]}") from None


def _refuse(status: int, code: str, text: str) -> web.Response:
    body = {"error": {"code": code, "text": text}}
    return web.json_response(body, status=status, headers=_HEADERS)
