"""First contact, help, and whatever is none of our commands."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import Message

from vanta.domain.errors import NotFoundError
from vanta.domain.policy import User
from vanta.domain.units import format_usd
from vanta.telegram import account_views, control_views, keyboards
from vanta.telegram.context import Room
from vanta.telegram.press import Press, Verb
from vanta.telegram.text import not_understood


def start_router(room: Room) -> Router:
    router = Router(name="start")

    @router.message(CommandStart())
    async def start(message: Message, user: User) -> None:
        try:
            cash = format_usd(room.desk.exposure(user.id).cash_e6)
        except NotFoundError:
            room.say(message.chat.id, account_views.START_WITHOUT)
        else:
            room.say(message.chat.id, account_views.START.format(cash=cash), keyboards.start())

    @router.message(Command("help", "menu", ignore_case=True))
    async def show_help(message: Message, command: CommandObject, user: User) -> None:
        words = (command.args or "").split()
        name = words[0].removeprefix("/").lower() if words else ""
        infos = room.control.commands.listing(user.role)
        found = next((info for info in infos if info.name == name), None)
        room.say(message.chat.id, control_views.usage(found) if found else account_views.HELP)
        if found is None and infos:
            room.say(message.chat.id, control_views.names(infos))

    @router.callback_query(Verb("help"))
    async def help_pressed(_: object, press: Press) -> None:
        await press.answer()
        room.say(press.chat_id, account_views.HELP)

    return router


def fallback_router(room: Room) -> Router:
    """Comes last: nothing a person sends goes without an answer."""
    router = Router(name="fallback")

    @router.message(F.chat.type == ChatType.PRIVATE, F.text)
    async def unknown(message: Message) -> None:
        room.say(message.chat.id, not_understood(message.text or ""))

    @router.message(F.chat.type == ChatType.PRIVATE)
    async def not_text(message: Message) -> None:
        room.say(message.chat.id, "I read text only. /help shows what I understand. E-ARG")

    @router.callback_query()
    async def stale(_: object, press: Press) -> None:
        await press.answer("This button is no longer in use. /start shows the way.", alert=True)

    return router
