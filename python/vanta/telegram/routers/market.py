"""Prices and markets."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import InlineKeyboardMarkup, Message

from vanta.telegram import account_views, keyboards
from vanta.telegram.callback import Callback
from vanta.telegram.context import Room
from vanta.telegram.press import Press, Verb


def market_router(room: Room) -> Router:
    router = Router(name="market")

    def all_prices() -> tuple[str, InlineKeyboardMarkup]:
        quotes = [room.desk.quote(m.ix) for m in room.catalogue]
        return account_views.prices(room.catalogue, quotes), keyboards.refresh("prices")

    def one_price(market_ix: int) -> tuple[str, InlineKeyboardMarkup]:
        text = account_views.price(room.market(market_ix), room.desk.quote(market_ix))
        return text, keyboards.market(market_ix)

    @router.message(Command("price", "quote", ignore_case=True))
    async def price(message: Message, command: CommandObject) -> None:
        words = (command.args or "").split()
        view = one_price(room.catalogue.resolve(words[0]).ix) if words else all_prices()
        room.say(message.chat.id, *view)

    @router.message(Command("markets", ignore_case=True))
    async def markets(message: Message) -> None:
        room.say(message.chat.id, account_views.markets(room.catalogue))

    @router.callback_query(Verb("prices"))
    async def prices_pressed(_: object, press: Press) -> None:
        await press.answer()
        press.show(*all_prices())

    @router.callback_query(Verb("price"))
    async def price_pressed(_: object, press: Press, data: Callback) -> None:
        await press.answer()
        if data.number in {m.ix for m in room.catalogue}:
            press.show(*one_price(data.number))

    return router
