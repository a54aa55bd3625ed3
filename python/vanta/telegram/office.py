"""Tickets: from a draft to terms on the server, from a press to exactly one order.

A press carries a nonce only. `take` marks the ticket used in the database before anything is
submitted, and every intent of one flow has the same `ref`, so that pressing twice, on two devices,
or again after a restart gives the order that is there already.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from vanta import _core, logs
from vanta.domain.enums import Action, Source
from vanta.domain.grammar import stop_price
from vanta.domain.intent import Intent, new_trace_id
from vanta.domain.order import Order
from vanta.domain.ports import Preview
from vanta.store.tickets import Take, TakeResult
from vanta.telegram.callback import new_nonce
from vanta.telegram.context import Room
from vanta.telegram.drafts import Draft, Option, Terms, flat

_log = logs.get(__name__)

TICKET_LIFE_S: Final = 60
MENU_LIFE_S: Final = 15 * 60
GRACE_S: Final = 10
"""An intent outlives its ticket by this much: a press in the last second still counts."""
_SECOND: Final = 10**9


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a press of Confirm led to. `orders` are the orders it made or found."""

    take: Take
    orders: tuple[Order, ...] = ()
    terms: Terms | None = None


class Office:
    """Writes and honours tickets."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taking: set[str] = set()

    async def menu(
        self, user_id: int, chat_id: int, draft: Draft | None, rows: Sequence[Sequence[Option]]
    ) -> str:
        """Keep the choices of a guided step; returns the nonce its buttons carry."""
        terms = Terms(draft=draft, options=flat(rows))
        return await self._keep(terms, user_id, chat_id, MENU_LIFE_S)

    async def ticket(
        self,
        user_id: int,
        chat_id: int,
        *intents: Intent,
        draft: Draft | None = None,
        rows: Sequence[Sequence[Option]] = (),
    ) -> str:
        """Keep terms that one press may send; returns the nonce."""
        terms = Terms(draft=draft, options=flat(rows), intents=intents)
        return await self._keep(terms, user_id, chat_id, TICKET_LIFE_S)

    async def _keep(self, terms: Terms, user_id: int, chat_id: int, life_s: int) -> str:
        nonce = new_nonce()
        now_ns = self._room.clock.now_ns()
        await self._room.stores.tickets.create(
            nonce,
            user_id,
            chat_id,
            msgspec.json.encode(terms),
            expires_ns=now_ns + life_s * _SECOND,
            now_ns=now_ns,
        )
        return nonce

    async def terms(self, nonce: str, user_id: int, chat_id: int) -> Terms | None:
        """What a nonce stands for; None when it is another's, unknown or too old for a menu."""
        row = await self._room.stores.tickets.get(nonce)
        if row is None or (row.user_id, row.chat_id) != (user_id, chat_id):
            return None
        if self._room.clock.now_ns() - row.created_ns > MENU_LIFE_S * _SECOND:
            return None
        return msgspec.json.decode(row.intent_json, type=Terms)

    async def offer(self, user_id: int, draft: Draft, *, trace_id: str) -> tuple[Intent, Preview]:
        """Turn a complete draft into an intent at the quote of this moment."""
        room = self._room
        market = room.market(draft.market_ix)
        if draft.side is None:
            raise ValueError("a ticket needs a side")
        quote = room.desk.quote(market.ix)
        intent = Intent(
            user_id=user_id,
            source=Source.TELEGRAM,
            ref=draft.ref,
            action=Action.OPEN,
            trace_id=trace_id,
            market_ix=market.ix,
            side=draft.side,
            collateral_e6=draft.collateral_e6,
            leverage_e10=draft.leverage_e10,
            max_slippage_e10=draft.slippage_e10,
            guard_price_e10=quote.price_e10,
            mode=room.mode,
            expires_ns=self.expires_ns(),
        )
        if quote.price_e10:
            entry_e10 = _core.execution_price(
                price_e10=quote.price_e10,
                spread_e10=market.spread_e10,
                is_long=draft.side.is_long,
                is_open=True,
            )
            levels = {
                kind: stop_price(
                    stop,
                    kind=kind,
                    side=draft.side,
                    entry_e10=entry_e10,
                    leverage_e10=draft.leverage_e10,
                )
                for kind, stop in (("tp", draft.take_profit), ("sl", draft.stop_loss))
                if stop is not None
            }
            intent = msgspec.structs.replace(
                intent,
                take_profit_e10=levels.get("tp", 0),
                stop_loss_e10=levels.get("sl", 0),
            )
        return intent, await room.desk.preview(intent)

    def expires_ns(self) -> int:
        return self._room.clock.now_ns() + (TICKET_LIFE_S + GRACE_S) * _SECOND

    def position_intent(
        self, user_id: int, action: Action, *, ref: str, position_id: int, market_ix: int
    ) -> Intent:
        """The frame of an intent on a position."""
        return Intent(
            user_id=user_id,
            source=Source.TELEGRAM,
            ref=ref,
            action=action,
            trace_id=new_trace_id(),
            market_ix=market_ix,
            position_id=position_id,
            mode=self._room.mode,
            expires_ns=self.expires_ns(),
        )

    async def take(self, nonce: str, user_id: int, chat_id: int) -> TakeResult:
        """Mark a ticket used, without sending anything: how Cancel works."""
        now_ns = self._room.clock.now_ns()
        return await self._room.stores.tickets.take(nonce, user_id, chat_id, now_ns)

    async def confirm(self, nonce: str, user_id: int, chat_id: int, *, trace_id: str) -> Receipt:
        """Send what a ticket stands for, once; its orders carry the trace of this press."""
        if nonce in self._taking:
            return Receipt(take=Take.USED)
        self._taking.add(nonce)
        try:
            return await self._confirm(nonce, user_id, chat_id, trace_id)
        finally:
            self._taking.discard(nonce)

    async def _confirm(self, nonce: str, user_id: int, chat_id: int, trace_id: str) -> Receipt:
        stores = self._room.stores
        terms = await self.terms(nonce, user_id, chat_id)
        if terms is None or not terms.intents:
            return Receipt(take=Take.MISSING)
        taken = await self.take(nonce, user_id, chat_id)
        if taken.status is Take.USED:
            found = [
                await stores.orders.by_key(user_id, Source.TELEGRAM, i.ref) for i in terms.intents
            ]
            orders = tuple(order for order in found if order is not None)
            return Receipt(take=Take.USED, orders=orders, terms=terms)
        if taken.status is not Take.OK:
            return Receipt(take=taken.status, terms=terms)
        _log.info("ticket.confirmed", user=user_id, intents=len(terms.intents), trace_id=trace_id)
        made = [
            await self._room.desk.submit(msgspec.structs.replace(intent, trace_id=trace_id))
            for intent in terms.intents
        ]
        await stores.tickets.set_order(nonce, made[0].id)
        return Receipt(take=Take.OK, orders=tuple(made), terms=terms)
