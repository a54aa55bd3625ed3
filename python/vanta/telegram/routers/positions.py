"""Looking at positions, closing them, moving their stops."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from vanta.domain.errors import InputError
from vanta.domain.grammar import CLOSE, SHOW, STOPS, parse
from vanta.domain.policy import User
from vanta.domain.position import Position
from vanta.domain.units import ONE_E10
from vanta.telegram import account_views
from vanta.telegram.callback import Callback, new_nonce
from vanta.telegram.changes import Changes, refs_for
from vanta.telegram.context import Room
from vanta.telegram.flow import View
from vanta.telegram.outcome import Outcome
from vanta.telegram.press import Press, Verb
from vanta.telegram.routers.trade import message_ref

NOT_YOURS = "You have no such position. /positions shows yours. E-ARG"


class PositionHandlers:
    """Handlers of positions."""

    def __init__(self, room: Room, changes: Changes, outcome: Outcome) -> None:
        self._room = room
        self._changes = changes
        self._outcome = outcome

    def router(self) -> Router:
        router = Router(name="positions")
        router.message.register(self.positions, Command("positions", ignore_case=True))
        router.message.register(self.close, Command("close", ignore_case=True))
        router.message.register(self.stops, Command("tpsl", ignore_case=True))
        router.callback_query.register(self.listed, Verb("list"))
        router.callback_query.register(self.close_all, Verb("closeall"))
        router.callback_query.register(self.card, Verb("pos"))
        router.callback_query.register(self.close_pressed, Verb("close", "half"))
        router.callback_query.register(self.stops_pressed, Verb("stops"))
        router.callback_query.register(self.why, Verb("whypos"))
        router.callback_query.register(self.order, Verb("order"))
        return router

    # --- typed ------------------------------------------------------------------------------

    async def positions(self, message: Message, command: CommandObject, user: User) -> None:
        request = parse(command.args or "", self._room.catalogue, SHOW)
        if request.position_id:
            position = await self._room.own_position(user.id, request.position_id)
            view = self._changes.card(position) if position else View(NOT_YOURS)
        else:
            view = await self._changes.listing(user, 0)
        self._room.say(message.chat.id, *view)

    async def close(self, message: Message, command: CommandObject, user: User) -> None:
        chat_id = message.chat.id
        request = parse(command.args or "", self._room.catalogue, CLOSE)
        several = request.market is not None or request.is_all
        if request.position_id and several:
            limit = "one of #12, BTC or all"
            raise InputError("E-ARG", field="position", value=command.args, limit=limit)
        count = len(await self._room.stores.positions.open_of(user.id))
        if request.is_all:
            is_clear = count > 0
        else:
            is_clear = bool(request.position_id or several) or count == 1
        if not is_clear:
            self._room.say(chat_id, *await self._changes.listing(user, 0))
            return
        found = await self._changes.find(user, request)
        refs = refs_for(message_ref(message), found)
        portion = request.portion_e10 or ONE_E10
        self._room.say(
            chat_id, *await self._changes.close(user, chat_id, found, portion, refs=refs)
        )

    async def stops(self, message: Message, command: CommandObject, user: User) -> None:
        request = parse(command.args or "", self._room.catalogue, STOPS)
        view = await self._changes.typed_stops(
            user, message.chat.id, request, ref=message_ref(message)
        )
        self._room.say(message.chat.id, *view)

    # --- pressed ----------------------------------------------------------------------------

    async def listed(self, _: object, press: Press, data: Callback, user: User) -> None:
        await press.answer()
        press.show(*await self._changes.listing(user, data.number))

    async def close_all(self, _: object, press: Press, user: User) -> None:
        await press.answer()
        found = await self._room.stores.positions.open_of(user.id)
        if found:
            await self._ask_close(press, user, found, ONE_E10)
        else:
            press.show(*await self._changes.listing(user, 0))

    async def card(self, _: object, press: Press, data: Callback, user: User) -> None:
        if (position := await self._own(press, data, user)) is not None:
            await press.answer()
            press.show(*self._changes.card(position))

    async def close_pressed(self, _: object, press: Press, data: Callback, user: User) -> None:
        if (position := await self._own_open(press, data, user)) is not None:
            portion = ONE_E10 // 2 if data.verb == "half" else ONE_E10
            await self._ask_close(press, user, [position], portion)

    async def stops_pressed(self, _: object, press: Press, data: Callback, user: User) -> None:
        if (position := await self._own_open(press, data, user)) is not None:
            press.show(*await self._changes.stops_menu(user, press.chat_id, position))

    async def why(self, _: object, press: Press, data: Callback, user: User) -> None:
        if (position := await self._own(press, data, user)) is None:
            return
        await press.answer()
        order = await self._room.opening_order(position)
        market = self._room.market(position.market_ix)
        words = account_views.why(order, market) if order else "Its order is too long ago."
        self._room.say(press.chat_id, words)

    async def order(self, _: object, press: Press, data: Callback, user: User) -> None:
        found = await self._room.own_order(user.id, data.number)
        await press.answer()
        if found is not None:
            press.show(*await self._outcome.order_view(press, user, found))

    async def _ask_close(
        self, press: Press, user: User, found: list[Position], portion_e10: int
    ) -> None:
        refs = refs_for(new_nonce(), found)
        view = await self._changes.close(user, press.chat_id, found, portion_e10, refs=refs)
        press.show(*view)

    async def _own(self, press: Press, data: Callback, user: User) -> Position | None:
        position = await self._room.own_position(user.id, data.number)
        if position is None:
            await press.answer(NOT_YOURS, alert=True)
        return position

    async def _own_open(self, press: Press, data: Callback, user: User) -> Position | None:
        position = await self._own(press, data, user)
        if position is None:
            return None
        await press.answer("" if position.is_open else "This position is closed.")
        if position.is_open:
            return position
        press.show(*self._changes.card(position))
        return None
