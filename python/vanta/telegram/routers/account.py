"""Status, profit, limits, orders and their reasons."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import InlineKeyboardMarkup, Message

from vanta.domain.errors import InputError
from vanta.domain.policy import User
from vanta.telegram import account_views, keyboards
from vanta.telegram.callback import Callback
from vanta.telegram.context import Room
from vanta.telegram.press import Press, Verb
from vanta.telegram.text import YOURS

DAYS = 5
ORDERS = 5
View = tuple[str, InlineKeyboardMarkup | None]


def account_router(room: Room) -> Router:
    router = Router(name="account")

    async def status(user: User) -> View:
        text = account_views.status(
            mode=room.mode,
            exposure=room.desk.exposure(user.id),
            open_positions=len(await room.stores.positions.open_of(user.id)),
            catalogue=room.catalogue,
            quotes=[room.desk.quote(m.ix) for m in room.catalogue],
        )
        return text, keyboards.refresh("status")

    async def pnl(user: User) -> View:
        days = await room.stores.day_pnl.of_user(user.id, DAYS, room.mode)
        exposure = room.desk.exposure(user.id)
        text = account_views.pnl(mode=room.mode, exposure=exposure, days=days)
        return text, keyboards.refresh("pnl")

    async def risk(user: User) -> View:
        policy = room.desk.policy(user.id)
        exposure = room.desk.exposure(user.id)
        text = account_views.risk(mode=room.mode, exposure=exposure, policy=policy)
        return text, keyboards.refresh("risk")

    async def orders(user: User) -> View:
        items = await room.stores.orders.recent(user.id, ORDERS)
        return account_views.orders(items, room.catalogue), None

    async def why(user: User, order_id: int) -> View:
        order = await room.own_order(user.id, order_id)
        if order is None:
            raise InputError("E-ARG", field="order", value=f"#{order_id}", limit=YOURS + "/orders")
        return account_views.why(order, room.market(order.intent.market_ix)), None

    pages = {"status": status, "pnl": pnl, "risk": risk, "orders": orders}

    @router.message(Command(*pages, ignore_case=True))
    async def page(message: Message, command: CommandObject, user: User) -> None:
        room.say(message.chat.id, *await pages[command.command.lower()](user))

    @router.callback_query(Verb(*pages))
    async def page_pressed(_: object, press: Press, data: Callback, user: User) -> None:
        await press.answer()
        press.show(*await pages[data.verb](user))

    @router.callback_query(Verb("limits"))
    async def limits_pressed(_: object, press: Press, user: User) -> None:
        await press.answer()
        room.say(press.chat_id, *await risk(user))

    @router.message(Command("why", ignore_case=True))
    async def why_asked(message: Message, command: CommandObject, user: User) -> None:
        digits = (command.args or "").strip().removeprefix("#")
        if not digits:
            room.say(message.chat.id, *await orders(user))
            return
        if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
            raise InputError("E-ARG", field="order", value=digits, limit="a number, as in /why 481")
        room.say(message.chat.id, *await why(user, int(digits)))

    @router.callback_query(Verb("why"))
    async def why_pressed(_: object, press: Press, data: Callback, user: User) -> None:
        await press.answer()
        room.say(press.chat_id, *await why(user, data.number))

    return router
