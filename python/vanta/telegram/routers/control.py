"""Commands of people and operators: run where every way in runs them, shown as messages.

typed ─► run ─► Reply ─┬─ done or refused ─► pages
                       ├─ confirm ─► [Confirm] [Cancel] ─► run again with the token
                       ├─ word ─► the next message here is the word ─► run again
                       ├─ step-up ─► link to the secure panel, then [Again]
                       └─ second person ─► told; theirs is [Agree]
"""

from aiogram import Router
from aiogram.filters import Command, CommandObject, Filter
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message, TelegramObject

from vanta.domain.command import Actor, Channel, CommandInfo, Need, Reply
from vanta.domain.errors import InputError
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role
from vanta.telegram import control_views, keyboards
from vanta.telegram.asks import ASK_LIFE_S, Ask
from vanta.telegram.callback import Callback
from vanta.telegram.context import Room
from vanta.telegram.flow import View
from vanta.telegram.menu import Menus
from vanta.telegram.middlewares import PRIVATE, STEP_UP, command_name
from vanta.telegram.press import Press, Verb
from vanta.telegram.routers.trade import message_ref

OVER = "This button was used, is over or is not yours; it did nothing now. E-EXPIRED"
TWICE = (
    "I had this message before and ran it at most once. Send it again if it is still wanted. E-DUP"
)
SECURITY_COMMAND = "security"
SECURITY = (
    "PIN and code are set and proved in the secure panel, never here. "
    "The link is yours alone, works once and for 5 minutes."
)
CODE_LIKE = "A code has 6 digits, as in /stepup 123456. A PIN goes into the panel only. E-ARG"
_CODE_DIGITS = 6
BUTTONS = {"approve": "approve", "agree": "agree"}
"""Verbs of notices by the command they stand for; what follows is its one argument."""


class AwaitedWord(Filter):
    """Lets the one message through that answers "type LIVE"; a command is never taken for it."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, event: TelegramObject, user: User | None = None) -> bool:
        if not isinstance(event, Message) or user is None or command_name(event):
            return False
        return self._room.asks.waits_for_word(user.id, event.chat.id)


class ControlHandlers:
    """Handlers of every command that is not about a trade."""

    def __init__(self, room: Room, menus: Menus) -> None:
        self._room = room
        self._menus = menus
        everything = room.control.commands.listing(Role.SUPER_ADMIN)
        self._infos: dict[str, CommandInfo] = {info.name: info for info in everything}

    def words_router(self) -> Router:
        """Comes before every other router: an awaited word is no market and no number."""
        router = Router(name="control.words")
        router.message.register(self.word, AwaitedWord(self._room))
        return router

    def router(self) -> Router:
        """Comes after the routers of trading, whose own views win where names meet."""
        router = Router(name="control")
        router.message.register(self.step_up, Command(STEP_UP, ignore_case=True))
        router.message.register(self.security, Command(SECURITY_COMMAND, ignore_case=True))
        if self._infos:
            router.message.register(self.typed, Command(*self._infos, ignore_case=True))
        router.callback_query.register(self.confirmed, Verb("yes", "again"))
        router.callback_query.register(self.cancelled, Verb("stop"))
        router.callback_query.register(self.turned, Verb("pg"))
        router.callback_query.register(self.noticed, Verb(*BUTTONS))
        return router

    # --- typed ------------------------------------------------------------------------------

    async def typed(
        self, message: Message, command: CommandObject, user: User, trace_id: str
    ) -> None:
        name = command.command.lower()
        if not await self._is_first(message, user, name):
            self._room.say(message.chat.id, TWICE)
            return
        args = tuple((command.args or "").split())
        ask = Ask(user_id=user.id, chat_id=message.chat.id, name=name, args=args)
        view = await self._run(_actor(user, trace_id, message.chat.id), ask)
        self._room.say(message.chat.id, *view)

    async def word(self, message: Message, user: User, trace_id: str) -> None:
        chat_id = message.chat.id
        ask = self._room.asks.take_word(user.id, chat_id)
        if ask is None:
            self._room.say(chat_id, OVER)
            return
        actor = _actor(user, trace_id, chat_id)
        view = await self._run(actor, ask, word=(message.text or "").strip())
        self._room.say(chat_id, *view)

    async def security(self, message: Message, user: User, trace_id: str) -> None:
        """Tell what is set, with the link to the panel, where PIN and codes are set and proved."""
        if message.chat.id != user.telegram_id:  # whoever is there could open the link
            self._room.say(message.chat.id, PRIVATE)
            return
        text = SECURITY
        if SECURITY_COMMAND in self._infos:
            actor = _actor(user, trace_id, message.chat.id)
            reply = await self._room.control.commands.run(actor, SECURITY_COMMAND, ())
            text = f"{control_views.whole(reply)}\n{SECURITY}"
        self._room.say(message.chat.id, *await self._panel(user, text))

    async def step_up(
        self, message: Message, command: CommandObject, user: User, trace_id: str
    ) -> None:
        """Take a one-time code, or send the link to the panel."""
        digits = "".join((command.args or "").split())
        if not digits:
            await self.security(message, user, trace_id)
        elif not (digits.isascii() and digits.isdigit() and len(digits) == _CODE_DIGITS):
            self._room.say(message.chat.id, CODE_LIKE)
        else:
            reply = await self._room.control.prove(user.id, digits)
            self._room.say(message.chat.id, control_views.pages(reply)[0])
            if reply.done:
                self.proved(user.id)

    def proved(self, user_id: int) -> None:
        """Offer what waited for this person's step-up: it succeeded, here or in the panel."""
        for nonce, ask in self._room.asks.proved(user_id):
            again = keyboards.board(
                [
                    [
                        keyboards.button("Again", "again", nonce),
                        keyboards.button("Cancel", "stop", nonce),
                    ]
                ]
            )
            text = f"Proved. Go on?\n{control_views.wish(self._infos[ask.name], ask.args)}"
            self._room.say(ask.chat_id, text, again)

    # --- pressed ----------------------------------------------------------------------------

    async def confirmed(
        self, _: object, press: Press, data: Callback, user: User, trace_id: str
    ) -> None:
        ask = self._room.asks.take(data.ref, user.id, press.chat_id)
        if ask is None or (data.verb == "yes") is not (ask.need is Need.CONFIRM):
            await press.answer(OVER, alert=True)
            return
        await press.answer()
        press.show(*await self._run(_actor(user, trace_id, press.chat_id), ask))

    async def cancelled(self, _: object, press: Press, data: Callback, user: User) -> None:
        if self._room.asks.take(data.ref, user.id, press.chat_id) is None:
            await press.answer(OVER, alert=True)
            return
        await press.answer("Cancelled")
        press.show("Cancelled. Nothing was changed.")

    async def turned(self, _: object, press: Press, data: Callback, user: User) -> None:
        ask = self._room.asks.look(data.ref, user.id, press.chat_id)
        if ask is None or not 0 <= data.pick < len(ask.pages):
            await press.answer(OVER, alert=True)
            return
        await press.answer()
        press.show(ask.pages[data.pick], _turning(data.ref, data.pick, len(ask.pages)))

    async def noticed(
        self, _: object, press: Press, data: Callback, user: User, trace_id: str
    ) -> None:
        """Run what the button of a notice stands for, under the presser's own rights."""
        name = BUTTONS[data.verb]
        if name not in self._infos or not data.number:
            await press.answer(OVER, alert=True)
            return
        await press.answer()
        ask = Ask(user_id=user.id, chat_id=press.chat_id, name=name, args=(str(data.number),))
        self._room.say(press.chat_id, *await self._run(_actor(user, trace_id, press.chat_id), ask))

    # --- both -------------------------------------------------------------------------------

    async def _is_first(self, message: Message, user: User, name: str) -> bool:
        """Tell whether an acting command comes for the first time: a delivery may be repeated."""
        if self._infos[name].right is Right.LOOK:
            return True
        return await self._room.stores.tickets.once(
            message_ref(message), user.id, message.chat.id, self._room.clock.now_ns()
        )

    async def _run(self, actor: Actor, ask: Ask, *, word: str = "") -> View:
        try:
            reply = await self._room.control.commands.run(
                actor, ask.name, ask.args, token=ask.token, word=word
            )
        except InputError as error:
            return View(control_views.not_understood(error, self._infos[ask.name]))
        if reply.done and self._infos[ask.name].right in (Right.OPERATE, Right.GOVERN):
            self._room.after.start(self._refit())
        return await self._shown(actor.user, ask, reply)

    async def _refit(self) -> None:
        await self._menus.refit(await self._room.stores.users.all())

    async def _shown(self, user: User, ask: Ask, reply: Reply) -> View:
        match reply.need:
            case Need.STEP_UP:
                self._keep(ask, reply)
                return await self._panel(user, control_views.whole(reply))
            case Need.CONFIRM | Need.WORD:
                keyboard = _asking(self._keep(ask, reply), reply.need)
                wish = control_views.wish(self._infos[ask.name], ask.args)
                return View(f"{wish}\n{control_views.whole(reply)}", keyboard)
            case Need.SECOND_PERSON:
                return View(control_views.whole(reply))
        pages = control_views.pages(reply)
        if len(pages) == 1:
            return View(pages[0])
        kept = Ask(user_id=ask.user_id, chat_id=ask.chat_id, name=ask.name, pages=pages)
        return View(pages[0], _turning(self._room.asks.put(kept), 0, len(pages)))

    def _keep(self, ask: Ask, reply: Reply) -> str:
        return self._room.asks.put(
            Ask(
                user_id=ask.user_id,
                chat_id=ask.chat_id,
                name=ask.name,
                args=ask.args,
                need=reply.need,
                token=reply.token,
            )
        )

    async def _panel(self, user: User, text: str) -> View:
        url = await self._room.control.panel(user.id)
        link = InlineKeyboardButton(text="Open secure panel", url=url)
        return View(text, keyboards.board([[link]]))


def _actor(user: User, trace_id: str, chat_id: int) -> Actor:
    # A private chat has the id of its person.
    private = chat_id == user.telegram_id
    return Actor(user=user, channel=Channel.TELEGRAM, trace_id=trace_id, private=private)


def _asking(nonce: str, need: Need) -> InlineKeyboardMarkup:
    cancel = keyboards.button("Cancel", "stop", nonce)
    if need is Need.WORD:
        return keyboards.board([[cancel]])
    return keyboards.board([[keyboards.button(f"Confirm {ASK_LIFE_S}s", "yes", nonce), cancel]])


def _turning(nonce: str, page: int, count: int) -> InlineKeyboardMarkup:
    row: list[InlineKeyboardButton] = []
    if page > 0:
        row.append(keyboards.button("‹ Back", f"pg{page - 1}", nonce))
    if page + 1 < count:
        row.append(keyboards.button("More ›", f"pg{page + 1}", nonce))
    return keyboards.board([row])
