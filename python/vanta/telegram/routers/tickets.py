"""Confirm, edit, cancel: the presses that may cost money."""

from aiogram import Router

from vanta.domain.enums import Action
from vanta.domain.policy import User
from vanta.domain.position import Position
from vanta.store.tickets import Take
from vanta.telegram.callback import Callback
from vanta.telegram.changes import Changes
from vanta.telegram.context import Room
from vanta.telegram.drafts import Terms, change
from vanta.telegram.flow import Flow, View
from vanta.telegram.office import Office, Receipt
from vanta.telegram.outcome import Outcome
from vanta.telegram.press import Press, Verb
from vanta.telegram.routers.trade import GONE

FOREIGN = "This ticket is not yours. Nothing was sent. E-ROLE"


class TicketHandlers:
    """Handlers of a ticket's buttons."""

    def __init__(
        self, room: Room, office: Office, flow: Flow, changes: Changes, outcome: Outcome
    ) -> None:
        self._room = room
        self._office = office
        self._flow = flow
        self._changes = changes
        self._outcome = outcome

    def router(self) -> Router:
        router = Router(name="tickets")
        router.callback_query.register(self.confirm, Verb("go"))
        router.callback_query.register(self.edit, Verb("edit"))
        router.callback_query.register(self.cancel, Verb("no"))
        return router

    async def confirm(
        self, _: object, press: Press, data: Callback, user: User, trace_id: str
    ) -> None:
        receipt = await self._office.confirm(data.ref, user.id, press.chat_id, trace_id=trace_id)
        match receipt.take:
            case Take.OK:
                repeated = [order for order in receipt.orders if order.duplicate]
                await press.answer(_already(repeated[0].id) if repeated else "Sent")
                self._follow(press, user, receipt)
            case Take.USED:
                await self._used(press, user, receipt)
            case Take.EXPIRED:
                await press.answer("Quote expired; here is a new one. E-EXPIRED")
                if receipt.terms is not None:
                    press.show(*await self._renewed(user, press.chat_id, receipt.terms))
            case Take.FOREIGN:
                await press.answer(FOREIGN, alert=True)
            case Take.MISSING:
                await press.answer(GONE, alert=True)

    async def edit(self, _: object, press: Press, data: Callback, user: User) -> None:
        terms = await self._office.terms(data.ref, user.id, press.chat_id)
        if terms is None or terms.draft is None:
            await press.answer(GONE, alert=True)
            return
        await press.answer()
        draft = change(terms.draft, collateral_e6=0, slider=True)
        press.show(*await self._flow.advance(user, press.chat_id, draft))

    async def cancel(self, _: object, press: Press, data: Callback, user: User) -> None:
        taken = await self._office.take(data.ref, user.id, press.chat_id)
        if taken.status is Take.USED and taken.order_id:
            await press.answer(_already(taken.order_id), alert=True)
        elif taken.status is Take.FOREIGN:
            await press.answer(FOREIGN, alert=True)
        else:
            await press.answer("Cancelled")
            press.show("Cancelled. Nothing was sent.")

    def _follow(self, press: Press, user: User, receipt: Receipt) -> None:
        draft = receipt.terms.draft if receipt.terms else None
        self._room.after.start(self._outcome.follow(press, user, receipt.orders, draft))

    async def _used(self, press: Press, user: User, receipt: Receipt) -> None:
        if receipt.orders:
            await press.answer(_already(receipt.orders[0].id), alert=True)
            self._follow(press, user, receipt)
        elif receipt.terms is None:
            await press.answer("Already being sent. E-DUP")
        else:
            # Cancelled, or the process ended between marking and sending: nothing went out.
            await press.answer("Nothing was sent from this ticket; here is a new one. E-EXPIRED")
            press.show(*await self._renewed(user, press.chat_id, receipt.terms))

    async def _renewed(self, user: User, chat_id: int, terms: Terms) -> View:
        """The same wish at the price of now. It keeps its refs: both tickets are one order."""
        if terms.draft is not None:
            return await self._flow.advance(user, chat_id, terms.draft)
        first = terms.intents[0]
        if first.action is Action.SET_STOPS:
            return await self._changes.confirm_stops(user, chat_id, first)
        found: list[Position] = []
        for intent in terms.intents:
            position = await self._room.own_position(user.id, intent.position_id)
            if position is not None and position.is_open:
                found.append(position)
        if not found:
            return View("Closed already. /positions shows what is open.")
        return await self._changes.close(user, chat_id, found, first.portion_e10, refs=terms.refs())


def _already(order_id: int) -> str:
    return f"Already sent: order #{order_id}. E-DUP"
