"""What a confirmed ticket shows: the position, the reasons of a no, or that it is not known yet."""

from typing import Final

from vanta.domain.enums import Action, OrderState
from vanta.domain.order import Order
from vanta.domain.policy import User
from vanta.telegram import keyboards, views
from vanta.telegram.callback import new_nonce
from vanta.telegram.changes import Changes
from vanta.telegram.context import Room
from vanta.telegram.drafts import Draft, change
from vanta.telegram.flow import Flow, View
from vanta.telegram.press import Press
from vanta.telegram.text import reasons, tag

SOON_S: Final = 2.5
"""A fill usually comes within this; after it the message says that it is not known yet."""
LATER_S: Final = 60.0


class Outcome:
    """Follows orders to their end."""

    def __init__(self, room: Room, flow: Flow, changes: Changes) -> None:
        self._room = room
        self._flow = flow
        self._changes = changes

    async def follow(
        self, press: Press, user: User, orders: tuple[Order, ...], draft: Draft | None
    ) -> None:
        """Show the result in the ticket's message, and again when a late one is known."""
        ends = [await self._room.desk.settled(order.id, SOON_S) for order in orders]
        press.show(*await self._view(press, user, ends, draft))
        late = [order for order in ends if not order.state.is_terminal]
        if not late:
            return
        for order in late:
            await self._room.desk.settled(order.id, LATER_S)
        ends = [await self._room.desk.settled(order.id, 0.0) for order in orders]
        press.show(*await self._view(press, user, ends, draft))

    async def _view(
        self, press: Press, user: User, orders: list[Order], draft: Draft | None
    ) -> View:
        if len(orders) > 1:
            return self._many(orders)
        order = orders[0]
        market = self._room.market(order.intent.market_ix)
        match order.state:
            case OrderState.FILLED:
                return await self._filled(user, order)
            case OrderState.REFUSED if draft is not None:
                # The old ref is spent on the refused order: what is pressed next is a new wish.
                fresh = change(draft, ref=new_nonce())
                return await self._flow.refusal(
                    user, press.chat_id, order.intent, order.verdict, fresh
                )
            case OrderState.REFUSED:
                head = f"{tag(order.mode)} Not sent: {views.wish(order.intent, market)}"
                lines = [head, *reasons(order.verdict.reasons)]
                return View("\n".join(lines), keyboards.back(order.intent.position_id))
            case OrderState.REJECTED | OrderState.CANCELLED | OrderState.EXPIRED:
                events = await self._room.stores.orders.events(order.id)
                reason = next((e.reason for e in reversed(events) if e.reason), "")
                return View(views.rejected(order, market, reason), keyboards.why(order.id))
            case _:
                return View(views.unknown(order, market), keyboards.refresh("order", order.id))

    async def order_view(self, press: Press, user: User, order: Order) -> View:
        """Where an order stands now."""
        return await self._view(press, user, [order], None)

    async def _filled(self, user: User, order: Order) -> View:
        position_id = order.position_id or order.intent.position_id
        position = await self._room.own_position(user.id, position_id)
        if position is None:
            market = self._room.market(order.intent.market_ix)
            words = views.wish(order.intent, market)
            return View(f"{tag(order.mode)} Order #{order.id} filled: {words}")
        view = self._changes.card(position)
        word = "Stops set" if order.intent.action is Action.SET_STOPS else "Filled"
        return View(f"{view.text}\n{word}: order #{order.id}", view.keyboard)

    def _many(self, orders: list[Order]) -> View:
        lines = [f"{tag(self._room.mode)} <b>{len(orders)} orders</b>"]
        for order in orders:
            market = self._room.market(order.intent.market_ix)
            words = f"#{order.id} {views.wish(order.intent, market)}: {order.state.value.lower()}"
            lines.append(words)
            lines += reasons(order.verdict.reasons, limit=1)
        return View("\n".join(lines[:20]), keyboards.refresh("list", 0))
