"""The secure panel: where PIN and codes are set and proved, outside every chat.

chat ─► /panel#ticket (one use) ─► POST open ─► session in the page's memory ─► set, prove

The ticket stands in the fragment, which no browser sends; the page takes it out of its address
before it asks for anything. Nothing typed here is logged, echoed or part of an error.
"""

from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from vanta.domain.command import Reply
from vanta.domain.ports import Clock
from vanta.web import bodies
from vanta.web.answers import TRACE, ApiError, json_answer, too_large
from vanta.web.commands import render, status_of
from vanta.web.panel_sessions import LIFE_S, PanelSessions
from vanta.web.security import Credentials, Prove

BODY_CAP: Final = 2_048
_FILES: Final = {
    "panel.css": "text/css",
    "panel.js": "text/javascript",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_OURS: Final = frozenset({"same-origin", "none"})
OVER: Final = "This link was used or is over. Send /security in the chat for a new one."
CLOSED: Final = "The panel was open too long. Send /security in the chat for a new link."


class Open(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /panel/api/open."""

    SECRET: ClassVar = frozenset({"ticket"})
    ticket: str


class SetPin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /panel/api/pin: the PIN twice."""

    SECRET: ClassVar = frozenset({"pin", "again"})
    pin: str
    again: str


class Confirm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /panel/api/totp/confirm."""

    SECRET: ClassVar = frozenset({"code"})
    code: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An empty body."""


class Panel:
    """`redeem(ticket)` returns whose panel it opens, once; `state(user_id)` tells what is set;
    `proved(user_id)` is told of each proof, so that the chat can go on.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        redeem: Callable[[str], Awaitable[int | None]],
        state: Callable[[int], Awaitable[Reply]],
        proved: Callable[[int], None],
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._redeem = redeem
        self._state = state
        self._proved = proved
        self._sessions = PanelSessions(clock)
        self._folder = resources.files("vanta.web") / "panel"

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses of this room's panel."""
        return [
            web.get("/panel", self.page),
            web.get("/panel/{name}", self.file),
            web.post("/panel/api/open", self.open),
            web.post("/panel/api/prove", self.prove),
            web.post("/panel/api/pin", self.set_pin),
            web.post("/panel/api/totp", self.begin_code),
            web.post("/panel/api/totp/confirm", self.confirm_code),
            web.post("/panel/api/close", self.close),
        ]

    async def page(self, _: web.Request) -> web.Response:
        """GET /panel."""
        return self._file("index.html", "text/html")

    async def file(self, request: web.Request) -> web.Response:
        """GET /panel/{name}: its style and its script."""
        name = request.match_info["name"]
        if (kind := _FILES.get(name)) is None:
            raise web.HTTPNotFound
        return self._file(name, kind)

    async def open(self, request: web.Request) -> web.Response:
        """POST /panel/api/open: a ticket becomes a session."""
        body = await _read(request, Open)
        user_id = await self._redeem(body.ticket)
        if user_id is None:
            raise ApiError(401, "E-EXPIRED", OVER)
        return await self._opened(user_id, session=self._sessions.begin(user_id), life_s=LIFE_S)

    async def prove(self, request: web.Request) -> web.Response:
        """POST /panel/api/prove: a right PIN or code opens what asks for it, for a while."""
        user_id, body = await self._asked(request, Prove)
        if (body.pin is None) == (body.code is None):
            raise ApiError(422, "E-ARG", "I need pin or code, one of both.", field="pin")
        reply = await self._credentials.prove(
            user_id, pin=body.pin, code=body.code, trace_id=request[TRACE]
        )
        if reply.done:
            self._proved(user_id)
        return await self._answer(request, user_id, reply)

    async def set_pin(self, request: web.Request) -> web.Response:
        """POST /panel/api/pin: the first one is free, another needs a proof that counts."""
        user_id, body = await self._asked(request, SetPin)
        if body.pin != body.again:
            raise ApiError(422, "E-ARG", "The two PINs are not the same.", field="again")
        reply = await self._credentials.set_pin(user_id, body.pin, trace_id=request[TRACE])
        return await self._answer(request, user_id, reply)

    async def begin_code(self, request: web.Request) -> web.Response:
        """POST /panel/api/totp: a new secret, shown once."""
        user_id, _ = await self._asked(request, Nothing)
        return await self._answer(request, user_id, await self._credentials.begin_code(user_id))

    async def confirm_code(self, request: web.Request) -> web.Response:
        """POST /panel/api/totp/confirm: a code of the new secret makes it count."""
        user_id, body = await self._asked(request, Confirm)
        code = "".join(body.code.split())
        reply = await self._credentials.confirm_code(user_id, code, trace_id=request[TRACE])
        return await self._answer(request, user_id, reply)

    async def close(self, request: web.Request) -> web.Response:
        """POST /panel/api/close: end the session."""
        await _read(request, Nothing)
        self._sessions.end(_token(request))
        return json_answer({"closed": True})

    # --- inside ---------------------------------------------------------------------------------

    async def _asked(self, request: web.Request, kind: type[bodies.T]) -> tuple[int, bodies.T]:
        user_id = self._sessions.whose(_token(request))
        if user_id is None:
            raise ApiError(401, "E-EXPIRED", CLOSED)
        return user_id, await _read(request, kind)

    async def _answer(self, request: web.Request, user_id: int, reply: Reply) -> web.Response:
        state = (await self._state(user_id)).data
        body = render(reply) | {"state": state, "trace_id": request[TRACE]}
        return json_answer(body, status=status_of(reply))

    async def _opened(self, user_id: int, **more: Any) -> web.Response:
        state = (await self._state(user_id)).data
        return json_answer({"user_id": user_id, "state": state, **more})

    def _file(self, name: str, kind: str) -> web.Response:
        body = (self._folder / name).read_bytes()
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)


async def _read(request: web.Request, kind: type[bodies.T]) -> bodies.T:
    """Read a body from our own page only: a foreign page cannot send JSON without asking first.

    Raises `ApiError` 403, 413, 415.
    """
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in _OURS:
        raise ApiError(403, "E-ROLE", "Only the panel's own page may call this.")
    if request.content_type != "application/json":
        raise ApiError(415, "E-ARG", "Send application/json.")
    if (request.content_length or 0) > BODY_CAP:
        raise too_large(request.content_length)
    return await bodies.read(request, kind)


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
