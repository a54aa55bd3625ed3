"""Endpoints that look: positions, orders and why, profit, risk, markets, prices, signals."""

import re
from typing import Any, Final

from aiohttp import web

from vanta.domain import exact
from vanta.domain.errors import InputError
from vanta.web import render
from vanta.web.answers import ApiError, from_input, json_answer
from vanta.web.api import MAX_SMALL_ID, Api, whole_id
from vanta.web.positions import position_json

_SIGNAL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
MAX_ROWS: Final = 200
MAX_DAYS: Final = 366
MAX_SYMBOLS: Final = 50


class Reading:
    """Everything a user may see of their own, and what all may see."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def positions(self, request: web.Request) -> web.Response:
        """GET /api/v1/positions: the open ones at the current marks."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        found = await self._api.stores.positions.open_of(user.id)
        return json_answer(
            {"user_id": user.id, "positions": [position_json(self._api, p) for p in found]}
        )

    async def position(self, request: web.Request) -> web.Response:
        """GET /api/v1/positions/{id}: one, open or closed, with its fills."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        position_id = whole_id(request.match_info["id"], field="position")
        found = await self._api.position(user, position_id)
        fills = await self._api.stores.fills.of_position(position_id)
        return json_answer(
            {
                "position": position_json(self._api, found),
                "fills": [render.fill(f, self._api.catalogue) for f in fills],
            }
        )

    async def orders(self, request: web.Request) -> web.Response:
        """GET /api/v1/orders?limit=20: the newest first, refusals included."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        limit = _number(request, "limit", default=20, high=MAX_ROWS)
        found = await self._api.stores.orders.recent(user.id, limit)
        return json_answer(
            {
                "user_id": user.id,
                "orders": [render.order(o, self._api.catalogue) for o in found],
            }
        )

    async def why(self, request: web.Request) -> web.Response:
        """GET /api/v1/orders/{id}: intent, verdict, events and fills of an order."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        order_id = whole_id(request.match_info["id"], field="order")
        order = await self._api.order(user, order_id)
        events = await self._api.stores.orders.events(order_id)
        fills = await self._api.stores.fills.of_order(order_id)
        return json_answer(
            {
                "order": render.order(order, self._api.catalogue),
                "events": [
                    {
                        "state": e.state.value,
                        "at": exact.iso(e.at_ns),
                        "reason": e.reason or None,
                        "trace_id": e.trace_id or None,
                    }
                    for e in events
                ],
                "fills": [render.fill(f, self._api.catalogue) for f in fills],
            }
        )

    async def pnl(self, request: web.Request) -> web.Response:
        """GET /api/v1/pnl?days=30: per UTC day, and what is open now."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        days = _number(request, "days", default=30, high=MAX_DAYS)
        rows = await self._api.stores.day_pnl.of_user(user.id, days)
        account = await self._api.stores.accounts.get(user.id)
        now = self._api.desk.exposure(user.id)
        return json_answer(
            {
                "user_id": user.id,
                "deposited": exact.usd(account.deposited_e6),
                "cash": exact.usd(now.cash_e6),
                "equity": exact.usd(now.equity_e6),
                "unrealised": exact.usd(now.unrealised_e6),
                "day_pnl": exact.usd(now.day_pnl_e6),
                "since_deposit": exact.usd(now.equity_e6 - account.deposited_e6),
                "days": [
                    {
                        "day": r.day.isoformat(),
                        "realised": exact.usd(r.realised_e6),
                        "fees": exact.usd(r.fees_e6),
                        "fills": r.fills,
                    }
                    for r in rows
                ],
            }
        )

    async def risk(self, request: web.Request) -> web.Response:
        """GET /api/v1/risk: the account, the policy and what is left of each limit, as `limits`."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        version, _ = await self._api.stores.policies.current(user.id)
        now = self._api.desk.exposure(user.id)
        return json_answer(
            {
                "user_id": user.id,
                "role": user.role,
                "mode": self._api.mode(),
                "account": render.exposure(now),
                "policy_version": version,
                **await self._api.limits(user.id),
            }
        )

    async def markets(self, _request: web.Request) -> web.Response:
        """GET /api/v1/markets: the venue's facts of each market."""
        return json_answer({"markets": [render.market(m) for m in self._api.catalogue]})

    async def prices(self, request: web.Request) -> web.Response:
        """GET /api/v1/prices?symbol=BTC&symbol=ETH: quotes with their quality."""
        asked = request.query.getall("symbol", [])
        if len(asked) > MAX_SYMBOLS:
            raise ApiError(
                422,
                "E-ARG",
                "Too many symbols at once.",
                field="symbol",
                value=str(len(asked)),
                limit=f"at most {MAX_SYMBOLS}",
            )
        return json_answer({"prices": [self._quote(text) for text in asked] or self._all()})

    async def price(self, request: web.Request) -> web.Response:
        """GET /api/v1/prices/{symbol}; the slash of BTC/USD may be a dash."""
        return json_answer({"price": self._quote(request.match_info["symbol"])})

    async def signal(self, request: web.Request) -> web.Response:
        """GET /api/v1/signals/{provider}/{id}: what became of a signal."""
        provider_id = whole_id(request.match_info["provider"], field="provider")
        signal_id = request.match_info["id"]
        found = (
            await self._api.describe_signal(provider_id, signal_id)
            if provider_id <= MAX_SMALL_ID and _SIGNAL_ID.fullmatch(signal_id)
            else None
        )
        if found is None:
            raise ApiError(
                404, "E-ARG", "No such signal.", field="signal", value=f"{provider_id}/{signal_id}"
            )
        return json_answer(found)

    def _all(self) -> list[dict[str, Any]]:
        return [self._api.quote(m) for m in self._api.catalogue]

    def _quote(self, text: str) -> dict[str, Any]:
        try:
            market = self._api.catalogue.resolve(text)
        except InputError as error:
            raise from_input(error, status=404) from None
        return self._api.quote(market)


def _number(request: web.Request, name: str, *, default: int, high: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= high):
        raise InputError("E-ARG", field=name, value=text, limit=f"a whole number from 1 to {high}")
    return int(text)
