"""Endpoints for PIN and code: secrets in, never out, never in a log or an error."""

from typing import ClassVar, Protocol

import msgspec
from aiohttp import web

from vanta.domain.command import Reply
from vanta.web import bodies
from vanta.web.answers import TRACE, ApiError
from vanta.web.api import Api
from vanta.web.commands import acting_user, answer


class Credentials(Protocol):
    """Who checks and sets; `control` implements it."""

    async def prove(
        self, user_id: int, *, pin: str | None = None, code: str | None = None, trace_id: str = ""
    ) -> Reply: ...

    async def set_pin(
        self,
        user_id: int,
        pin: str,
        *,
        old: str | None = None,
        trace_id: str = "",
        vouched: bool = False,
    ) -> Reply: ...

    async def begin_code(self, user_id: int) -> Reply: ...

    async def confirm_code(
        self, user_id: int, code: str, *, trace_id: str = "", vouched: bool = False
    ) -> Reply: ...


class Prove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/step-up: one of both."""

    SECRET: ClassVar = frozenset({"pin", "code"})
    pin: str | None = None
    code: str | None = None


class SetPin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/security/pin."""

    SECRET: ClassVar = frozenset({"pin", "old"})
    pin: str
    old: str | None = None


class NewCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/security/totp: nothing to begin, a code to confirm."""

    SECRET: ClassVar = frozenset({"code"})
    code: str | None = None


class SecurityDoor:
    """Proves and sets for the acting user."""

    def __init__(self, api: Api, credentials: Credentials) -> None:
        self._api = api
        self._credentials = credentials

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses of this door."""
        return [
            web.post("/api/v1/step-up", self.prove),
            web.post("/api/v1/security/pin", self.set_pin),
            web.post("/api/v1/security/totp", self.code),
        ]

    async def prove(self, request: web.Request) -> web.Response:
        """POST /api/v1/step-up: a right PIN or code opens what asks for it, for a while."""
        body = await bodies.read(request, Prove)
        if (body.pin is None) == (body.code is None):
            raise ApiError(422, "E-ARG", "I need pin or code, one of both.", field="pin")
        user = await acting_user(self._api, request, for_everybody=True)
        trace_id = request[TRACE]
        reply = await self._credentials.prove(
            user.id, pin=body.pin, code=body.code, trace_id=trace_id
        )
        return answer(reply, trace_id)

    async def set_pin(self, request: web.Request) -> web.Response:
        """POST /api/v1/security/pin: the first one is free, another needs the old or a proof."""
        body = await bodies.read(request, SetPin)
        user = await acting_user(self._api, request, for_everybody=True)
        trace_id = request[TRACE]
        # Who has the operator's token has the machine.
        reply = await self._credentials.set_pin(
            user.id, body.pin, old=body.old, trace_id=trace_id, vouched=True
        )
        return answer(reply, trace_id)

    async def code(self, request: web.Request) -> web.Response:
        """POST /api/v1/security/totp: without a code make a secret, with one let it count."""
        body = await bodies.read(request, NewCode)
        user = await acting_user(self._api, request, for_everybody=True)
        trace_id = request[TRACE]
        if body.code is None:
            return answer(await self._credentials.begin_code(user.id), trace_id)
        reply = await self._credentials.confirm_code(
            user.id, body.code, trace_id=trace_id, vouched=True
        )
        return answer(reply, trace_id)
