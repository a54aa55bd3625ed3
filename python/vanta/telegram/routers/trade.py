"""Opening: typed commands and guided steps."""

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from vanta.domain.enums import Side
from vanta.domain.errors import InputError
from vanta.domain.grammar import OPEN, parse
from vanta.domain.policy import User
from vanta.telegram.callback import Callback, new_nonce
from vanta.telegram.changes import Changes
from vanta.telegram.context import Room
from vanta.telegram.drafts import Draft, Option, from_request
from vanta.telegram.flow import Flow, View
from vanta.telegram.office import Office
from vanta.telegram.press import Press, Verb
from vanta.telegram.text import input_error

SIDES = {"long": Side.LONG, "short": Side.SHORT, "trade": None}
GONE = "This menu is not yours or is over. /long starts a new one. E-EXPIRED"


def message_ref(message: Message) -> str:
    """Key of a typed command: however often it is delivered, it is one wish.

    Message ids are counted anew for each bot, so the bot is part of it.
    """
    bot_id = message.bot.id if message.bot else 0
    return f"{message.chat.id}:{message.message_id}@{bot_id}"


def trade_router(room: Room, office: Office, flow: Flow, changes: Changes) -> Router:
    router = Router(name="trade")

    async def typed(message: Message, user: User, side: Side | None, words: str) -> View:
        chat_id = message.chat.id
        try:
            request = parse(words, room.catalogue, OPEN)
        except InputError as error:
            if error.code != "E-SYM":
                raise
            near = _mended(words, error, side, message_ref(message))
            return await flow.suggest(user, chat_id, input_error(error), near)
        draft = from_request(request, side=side, ref=message_ref(message))
        return await flow.advance(user, chat_id, draft)

    def _mended(words: str, error: InputError, side: Side | None, ref: str) -> list[Option]:
        options = []
        for name in error.limit.removeprefix("one of ").split(", "):
            mended = [name if w == error.value else w for w in words.split()]
            try:
                request = parse(" ".join(mended), room.catalogue, OPEN)
            except InputError:
                continue
            draft = from_request(request, side=side, ref=ref)
            options.append(Option(label=name, draft=draft))
        return options[:4]

    @router.message(Command(*SIDES, ignore_case=True))
    async def open_typed(message: Message, command: CommandObject, user: User) -> None:
        side = SIDES[command.command.lower()]
        room.say(message.chat.id, *await typed(message, user, side, command.args or ""))

    @router.callback_query(Verb("demo"))
    async def demo(_: object, press: Press, user: User) -> None:
        await press.answer()
        room.say(press.chat_id, *await flow.demo(user, press.chat_id))

    @router.callback_query(Verb("long", "short"))
    async def open_pressed(_: object, press: Press, data: Callback, user: User) -> None:
        await press.answer()
        if data.number in {m.ix for m in room.catalogue}:
            draft = Draft(ref=new_nonce(), market_ix=data.number, side=SIDES[data.verb])
            room.say(press.chat_id, *await flow.advance(user, press.chat_id, draft))

    @router.callback_query(Verb("p"))
    async def picked(_: object, press: Press, data: Callback, user: User) -> None:
        terms = await office.terms(data.ref, user.id, press.chat_id)
        if terms is None or not 0 <= data.pick < len(terms.options):
            await press.answer(GONE, alert=True)
            return
        await press.answer()
        option = terms.options[data.pick]
        if option.draft is not None:
            press.show(*await flow.advance(user, press.chat_id, option.draft))
        elif option.intent is not None:
            press.show(*await changes.confirm_stops(user, press.chat_id, option.intent))

    return router
