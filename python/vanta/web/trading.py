"""Endpoints that want to trade: each becomes one intent at the desk."""

from typing import Any, Final

import msgspec
from aiohttp import web

from vanta import logs
from vanta.domain import exact
from vanta.domain.enums import Action, OrderState
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.web import bodies, render
from vanta.web.answers import STORE_AWAY, TRACE, ApiError, json_answer
from vanta.web.api import Api, whole_id
from vanta.web.positions import position_json

_log = logs.get(__name__)

# States of an order whose executor has said no, with the published code of each.
_NO: Final = {
    OrderState.REJECTED: ("E-VENUE", "The venue refused this order. Nothing was traded."),
    OrderState.EXPIRED: ("E-EXPIRED", "The order expired. Nothing was traded."),
    OrderState.CANCELLED: ("E-EXPIRED", "The order was cancelled. Nothing was traded."),
}


class Trading:
    """Open, close and preview."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def open(self, request: web.Request) -> web.Response:
        """POST /api/v1/trades."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        body = await bodies.read(request, bodies.OpenTrade)
        intent = bodies.open_intent(
            body,
            user_id=user.id,
            source=bodies.source_of(request),
            ref=bodies.ref_of(request),
            trace_id=request[TRACE],
            catalogue=self._api.catalogue,
        )
        return await self._submit(intent)

    async def preview(self, request: web.Request) -> web.Response:
        """POST /api/v1/preview: the same decision, reserving and storing nothing."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        body = await bodies.read(request, bodies.OpenTrade)
        intent = bodies.open_intent(
            body,
            user_id=user.id,
            source=bodies.source_of(request),
            ref="preview",
            trace_id=request[TRACE],
            catalogue=self._api.catalogue,
        )
        plan = await self._api.desk.preview(intent)
        return json_answer(
            {
                "preview": render.preview(plan, self._api.catalogue, intent),
                "trace_id": intent.trace_id,
            }
        )

    async def close(self, request: web.Request) -> web.Response:
        """POST /api/v1/positions/{id}/close."""
        user = await self._api.user(request.headers.get("X-Vanta-User"))
        position_id = whole_id(request.match_info["id"], field="position")
        body = await bodies.read(request, bodies.CloseTrade)
        position = await self._api.position(user, position_id)
        intent = Intent(
            user_id=user.id,
            source=bodies.source_of(request),
            ref=bodies.ref_of(request),
            action=Action.CLOSE,
            trace_id=request[TRACE],
            market_ix=position.market_ix,
            side=position.side,
            position_id=position.id,
            portion_e10=bodies.portion_of(body.portion),
            max_slippage_e10=bodies.slippage_of(body.slippage),
        )
        return await self._submit(intent)

    async def _submit(self, intent: Intent) -> web.Response:
        try:
            order = await self._api.desk.submit(intent)
        except STORE_AWAY:
            _log.exception("web.submit_in_doubt", source=intent.source.value)
            raise ApiError(
                503,
                "E-UNKNOWN",
                "The database did not answer: not known whether this was stored. The same "
                "Idempotency-Key asks again and never makes a second order.",
                headers={"Retry-After": "2"},
                more={"idempotency_key": intent.ref},
            ) from None
        if order.duplicate and _terms(order.intent) != _terms(intent):
            raise ApiError(
                409,
                "E-DUP",
                f"This key was already used for order #{order.id}, which asked for something "
                "else. Take a new key.",
                field="Idempotency-Key",
                value=intent.ref,
                more={"order": render.order(order, self._api.catalogue)},
            )
        if not order.state.is_terminal:
            settled = await self._api.desk.settled(order.id, self._api.settle_s)
            order = msgspec.structs.replace(settled, duplicate=order.duplicate)
        return await self._tell(order)

    async def _tell(self, order: Order) -> web.Response:
        answer: dict[str, Any] = {
            "order": render.order(order, self._api.catalogue),
            "idempotency_key": order.intent.ref,
            "trace_id": order.intent.trace_id,
        }
        if order.state is OrderState.FILLED:
            answer["position"] = await self._position(order)
            return json_answer(answer)
        if order.state is OrderState.REFUSED:
            answer["error"] = _refusal(order)
            return json_answer(answer, status=409)
        if order.state in _NO:
            code, text = _NO[order.state]
            events = await self._api.stores.orders.events(order.id)
            said = next((e.reason for e in reversed(events) if e.reason), "")
            own, colon, words = said.partition(": ")
            if order.state is OrderState.CANCELLED and colon:
                code, said = own, words  # ours, so it has a code of its own
            answer["error"] = {"code": code, "text": f"{text} {said}".strip()}
            return json_answer(answer, status=409)
        answer["error"] = {
            "code": "E-UNKNOWN",
            "text": f"Order #{order.id}: not known yet whether this filled. Do not resend. "
            f"Look: GET /api/v1/orders/{order.id}",
        }
        return json_answer(answer, status=202, headers={"Retry-After": "2"})

    async def _position(self, order: Order) -> dict[str, Any] | None:
        position_id = order.position_id or order.intent.position_id
        if not position_id:
            return None
        found = await self._api.stores.positions.get(position_id)
        return position_json(self._api, found)


def _terms(intent: Intent) -> tuple[object, ...]:
    return (
        intent.action,
        intent.market_ix,
        intent.side,
        intent.collateral_e6,
        intent.leverage_e10,
        intent.take_profit_e10,
        intent.stop_loss_e10,
        intent.position_id,
        intent.portion_e10,
    )


def _refusal(order: Order) -> dict[str, Any]:
    reasons = order.verdict.reasons
    if not reasons:
        return {"code": "E-ARG", "text": "Not sent."}
    nearest = order.verdict.nearest_collateral_e6
    text = " ".join(r.text for r in reasons)
    if nearest:
        text += f" Would pass now: {exact.usd(nearest)} USDC."
    return {"code": reasons[0].code, "text": text}
