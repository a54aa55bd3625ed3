"""Endpoints of the commands: one implementation, here as JSON."""

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from vanta.domain import exact
from vanta.domain.command import Actor, Channel, Commands, Need, Reply
from vanta.domain.errors import InputError
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role, Standing
from vanta.domain.system import STOP_COMMAND, STOP_ELSEWHERE
from vanta.domain.verdict import Reason
from vanta.web import bodies
from vanta.web.answers import STORE_AWAY, TRACE, ApiError, json_answer
from vanta.web.api import Api

NOT_THIS_PERSON: Final = frozenset({"E-ROLE", "E-GROUP"})
NOT_FOUND: Final = "NOT_FOUND"
STOP_WITHIN_S: Final = 5.0  # then it is said what stops without a database
OF_EVERYBODY: Final = frozenset({Right.LOOK, Right.TRADE})
_NO_OWNER: Final = (
    "There is no owner yet. `vanta init` prints a one-time owner code: send `/start CODE` in the "
    "chat, then try again. `--user ID` (X-Vanta-User) acts for somebody with the right."
)


class RunCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/commands/{name}."""

    args: tuple[str, ...] = ()
    token: str = ""
    word: str = ""


class CommandDoor:
    """Lets the operator's programs run what people run in the chat."""

    def __init__(self, api: Api, commands: Commands) -> None:
        self._api = api
        self._commands = commands

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses of this door."""
        return [
            web.get("/api/v1/commands", self.listing),
            web.post("/api/v1/commands/{name}", self.run),
        ]

    async def listing(self, request: web.Request) -> web.Response:
        """GET /api/v1/commands: what the acting user may use."""
        user = await acting_user(self._api, request, for_everybody=True)
        infos = self._commands.listing(user.role) if user.standing == Standing.ACTIVE else ()
        return json_answer(
            {
                "user_id": user.id,
                "role": user.role,
                "standing": user.standing,
                "commands": [msgspec.to_builtins(info) for info in infos],
            }
        )

    async def run(self, request: web.Request) -> web.Response:
        """POST /api/v1/commands/{name}: 200 done, 428 something is missing, 403 or 422 refused."""
        name = request.match_info["name"]
        body = await bodies.read(request, RunCommand)
        if name != STOP_COMMAND:
            return await self._run(request, name, body)
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                return await self._run(request, name, body)
        except STORE_AWAY as error:
            # Who may stop and what was confirmed stand in the database; the file asks nobody.
            raise ApiError(
                503, "E-BUSY", f"The database does not answer. {STOP_ELSEWHERE}"
            ) from error

    async def _run(self, request: web.Request, name: str, body: RunCommand) -> web.Response:
        user = await acting_user(self._api, request, for_everybody=self._is_for_everybody(name))
        try:
            reply = await self._commands.run(
                actor(user, request), name, body.args, token=body.token, word=body.word
            )
        except InputError as error:
            reply = not_understood(error)
        return answer(reply, request[TRACE])

    def _is_for_everybody(self, name: str) -> bool:
        found = [i for i in self._commands.listing(Role.SUPER_ADMIN) if i.name == name]
        return all(info.right in OF_EVERYBODY for info in found)


async def acting_user(api: Api, request: web.Request, *, for_everybody: bool = False) -> User:
    """Return who acts: the named user, else the owner, as everywhere in this API.

    Where there is no owner yet, only what is `for_everybody` is done, by the first user.
    Raises `ApiError` 403 for the rest, 404 for an unknown user.
    """
    named = request.headers.get("X-Vanta-User")
    user = await api.user(named)
    is_owner = user.role == Role.SUPER_ADMIN and user.standing == Standing.ACTIVE
    if named is not None or is_owner or for_everybody:
        return user
    raise ApiError(403, "E-ROLE", _NO_OWNER)


def actor(user: User, request: web.Request) -> Actor:
    """Tell our own CLI, which says so, from other programs."""
    is_cli = request.headers.get("X-Vanta-Client") == "cli"
    channel = Channel.CLI if is_cli else Channel.WEB
    return Actor(user=user, channel=channel, trace_id=request[TRACE])


def answer(reply: Reply, trace_id: str) -> web.Response:
    """Render a reply; the status says whether it is done."""
    return json_answer(render(reply) | {"trace_id": trace_id}, status=status_of(reply))


def status_of(reply: Reply) -> int:
    """Return 200 done, 428 something is missing, 403 not this person, 404 no such thing, 422 no."""
    if reply.need is not Need.NOTHING:
        return 428
    if reply.reasons:
        if any(r.code in NOT_THIS_PERSON for r in reply.reasons):
            return 403
        return 404 if reply.reasons[0].rule == NOT_FOUND else 422
    return 200


def render(reply: Reply) -> dict[str, Any]:
    """Render a reply as JSON."""
    return {
        "done": reply.done,
        "title": reply.title,
        "lines": list(reply.lines),
        "tables": [{"columns": t.columns, "rows": t.rows} for t in reply.tables],
        "data": reply.data,
        "reasons": [exact.reason(r) for r in reply.reasons],
        "need": reply.need.value,
        "token": reply.token or None,
        "word": reply.word or None,
    }


def not_understood(error: InputError) -> Reply:
    """Word an input error as the reply it is."""
    return Reply(
        title="Not understood",
        reasons=(Reason(code=error.code, rule="ARGUMENT", text=str(error)),),
        data={"field": error.field, "value": error.value, "limit": error.limit},
    )
