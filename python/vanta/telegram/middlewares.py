"""What every update passes around its handler: trace, errors, secrets, groups, a prompt answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, Message, TelegramObject

from vanta import logs
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.intent import new_trace_id
from vanta.domain.roles import Right, Role
from vanta.domain.system import STOP_COMMAND, STOP_ELSEWHERE
from vanta.metrics import Metrics
from vanta.telegram.callback import decode
from vanta.telegram.context import Room, beside
from vanta.telegram.leak import looks_pin, looks_secret
from vanta.telegram.press import Press
from vanta.telegram.text import input_error

_log = logs.get(__name__)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

NO_ACCOUNT: Final = "No trading account is open for you. Ask the operator for one. E-UNBOUND"
LOOKING: Final = frozenset({"prices", "price", "status", "pnl", "risk", "list", "pos", "help"})
LOOKING_COMMANDS: Final = frozenset(
    {"start", "help", "status", "price", "quote", "markets", "positions", "pnl", "risk", "orders"}
)
ANSWER_S: Final = 0.7

LEAK_TEXT: Final = (
    "That looked like a private key or seed phrase. I deleted it and kept no copy.\n"
    "Treat it as leaked: move what it guards to a new key. E-SECRET"
)
PIN_TEXT: Final = (
    "That looked like a PIN. I deleted it and kept no copy.\n"
    "Type it in the secure panel only: /security gives a new link. E-SECRET"
)
PRIVATE: Final = "That works in our private chat only. E-GROUP"
STEP_UP: Final = "stepup"


class Trace(BaseMiddleware):
    """Give each update a trace id, count it, and turn what goes wrong into words."""

    def __init__(self, room: Room, metrics: Metrics) -> None:
        self._room = room
        self._metrics = metrics

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        trace_id = data["trace_id"] = new_trace_id()
        kind = "press" if isinstance(event, CallbackQuery) else "message"
        self._metrics.telegram_updates.labels(kind=kind).inc()
        self._metrics.requests.labels(way="telegram").inc()
        is_stop = asks_to_stop(self._room, event)  # the question is gone once it is answered
        with logs.bind_trace(trace_id):
            try:
                return await handler(event, data)
            except InputError as error:
                await tell(self._room, event, data, input_error(error))
            except NotFoundError:
                _log.warning("telegram.no_account", kind=kind)
                await tell(self._room, event, data, NO_ACCOUNT)
            except Exception:
                _log.exception("telegram.handler_failed", kind=kind)
                self._metrics.errors.labels(way="telegram").inc()
                words = "That failed on my side. See /orders before you try again."
                if is_stop:
                    words = f"That failed on my side. {STOP_ELSEWHERE}"
                await tell(self._room, event, data, f"{words} Trace {trace_id}")
            return None


class Secrets(BaseMiddleware):
    """Delete what must not stay in a chat before anything else reads it.

    A key or seed phrase and a PIN go no further; a one-time code goes on to its command.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Message):
            return await handler(event, data)
        text = event.text or event.caption or ""
        if looks_secret(text):
            words = LEAK_TEXT
        elif looks_pin(text) and self._room.asks.proving(event.chat.id):
            words = PIN_TEXT
        elif command_name(event) == STEP_UP and text.strip() != text.split(maxsplit=1)[0]:
            await self._delete(event)
            return await handler(event, data)
        else:
            return await handler(event, data)
        if not await self._delete(event):
            words = words.replace("I deleted it and kept no copy", "Delete it now")
        self._room.say(event.chat.id, words)
        return None

    async def _delete(self, message: Message) -> bool:
        _log.warning("telegram.secret_deleted", chat_id=message.chat.id)
        try:
            await self._room.bot.delete_message(message.chat.id, message.message_id)
        except AiogramError as error:
            _log.warning("telegram.secret_stays", error=type(error).__name__)
            return False
        return True


class Groups(BaseMiddleware):
    """Groups are for looking: whatever trades or governs works in the private chat only."""

    def __init__(self, room: Room) -> None:
        self._room = room
        everything = room.control.commands.listing(Role.SUPER_ADMIN)
        self._looking = LOOKING_COMMANDS | {c.name for c in everything if c.right is Right.LOOK}

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if chat_type(event) == ChatType.PRIVATE:
            return await handler(event, data)
        if isinstance(event, CallbackQuery):
            pressed = decode(event.data)
            if pressed is not None and pressed.verb in LOOKING:
                return await handler(event, data)
            await tell(self._room, event, data, PRIVATE)
        elif name := command_name(event):
            if name in self._looking:
                return await handler(event, data)
            await tell(self._room, event, data, PRIVATE)
        return None


def asks_to_stop(room: Room, event: TelegramObject) -> bool:
    """Tell whether this is an emergency stop, or the yes to one."""
    if not isinstance(event, CallbackQuery):
        return command_name(event) == STOP_COMMAND
    pressed = decode(event.data)
    return pressed is not None and room.asks.about(pressed.ref) == STOP_COMMAND


def chat_type(event: TelegramObject) -> str:
    if isinstance(event, Message):
        return event.chat.type
    if isinstance(event, CallbackQuery) and event.message is not None:
        return event.message.chat.type
    return ""


def command_name(event: TelegramObject) -> str:
    """Return the command a message starts with, lower-case and without the bot's name, or ""."""
    text = (event.text or "") if isinstance(event, Message) else ""
    if not text.startswith("/"):
        return ""
    return text.split(maxsplit=1)[0][1:].partition("@")[0].lower()


class Prompt(BaseMiddleware):
    """Answer every press within a second, whatever its handler is waiting for."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, CallbackQuery):
            return await handler(event, data)
        press = data["press"] = Press(self._room, event)
        try:
            async with asyncio.TaskGroup() as group:
                timer = beside(group, press.answer_later(ANSWER_S))
                try:
                    return await handler(event, data)
                finally:
                    timer.cancel()
        finally:
            await press.answer()


async def tell(room: Room, event: TelegramObject, data: dict[str, Any], words: str) -> None:
    """Say something outside a handler: as a reply, or as the answer to a press."""
    press = data.get("press")
    if isinstance(press, Press):
        await press.answer(words, alert=True)
    elif isinstance(event, Message):
        room.say(event.chat.id, words)
