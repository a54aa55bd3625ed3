"""A Telegram Bot API server for people without a bot token, and its chat page.

bot  ── POST /bot<token>/<method> ──►  methods ─┐
                                                ├─► state ── journal file
page ── /  /api/send  /api/press  ───►  page  ──┘      └──► websocket /api/events
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from vanta.domain.ports import Clock
from vanta.sandbox.botapi_journal import Journal
from vanta.sandbox.botapi_methods import ApiError, BotMethods, Fault
from vanta.sandbox.botapi_page import ChatPage, guard
from vanta.sandbox.botapi_state import BotState, Person
from vanta.sandbox.seed import TRADER_TELEGRAM_ID

MAX_BODY: Final = 256 * 1024
_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,64}")


def new_token() -> str:
    """Make a token of the right shape; each home has its own."""
    return f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)}"


class BotApi:
    """The server of one bot and one simulated person."""

    def __init__(
        self,
        clock: Clock,
        *,
        token: str,
        journal: Path,
        user_id: int = TRADER_TELEGRAM_ID,
        user_name: str = "Demo trader",
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise ValueError("a bot token looks like digits:text")
        self._token = token
        self._allowed_hosts = frozenset(allowed_hosts)
        self.state = BotState(
            clock,
            Journal(journal),
            bot=Person(
                id=int(token.partition(":")[0]),
                first_name="Vanta",
                username="vanta_demo_bot",
                is_bot=True,
            ),
            user=Person(id=user_id, first_name=user_name, username="demo_trader"),
        )
        self._methods = BotMethods(self.state)
        self._page = ChatPage(self.state)

    def inject(self, fault: Fault) -> None:
        """Make coming method calls fail."""
        self._methods.inject(fault)

    def app(self) -> web.Application:
        """Build the web application; it serves until it is cleaned up."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[guard(self._allowed_hosts)])
        app.add_routes(self._page.routes())
        app.router.add_route("*", r"/bot{token}/{method:[A-Za-z]+}", self._call)
        app.on_shutdown.append(self._shut_down)
        app.on_cleanup.append(self._clean_up)
        return app

    async def _shut_down(self, _: web.Application) -> None:
        self._methods.close()
        await self._page.close()

    async def _clean_up(self, _: web.Application) -> None:
        self.state.close()

    def _check(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if not hmac.compare_digest(token, self._token):
            raise ApiError(401, "Unauthorized")

    async def _call(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        try:
            self._check(token)
            params = await _params(request)
            result = await self._methods.call(request.match_info["method"], params)
        except ApiError as error:
            if error.page:
                return web.Response(text=error.page, status=error.code, content_type="text/html")
            return _json(error.body(), status=error.code)
        return _json({"ok": True, "result": result})


def build_botapi(clock: Clock, *, token: str, journal: Path, **options: Any) -> web.Application:
    """Build the application of a `BotApi` in one step."""
    return BotApi(clock, token=token, journal=journal, **options).app()


async def _params(request: web.Request) -> Mapping[str, Any]:
    if request.method == "GET":
        return request.query
    if request.content_type != "application/json":
        return {**request.query, **await request.post()}
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError:
        raise ApiError(400, "Bad Request: can't parse JSON object") from None
    if not isinstance(body, dict):
        raise ApiError(400, "Bad Request: object expected as parameters")
    return body


def _json(body: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", charset="utf-8"
    )
