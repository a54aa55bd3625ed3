"""What every update passes before a handler sees it: trace, secrets, rate, identity, errors."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, Message, TelegramObject

from vanta import logs
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.telegram.callback import decode
from vanta.telegram.context import Room
from vanta.telegram.leak import looks_secret
from vanta.telegram.press import Press
from vanta.telegram.text import input_error

_log = logs.get(__name__)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

NO_ACCOUNT: Final = "No trading account is open for you. Ask the operator for one. E-UNBOUND"
MINUTE_NS: Final = 60 * 10**9
MESSAGES_PER_MINUTE: Final = 30
PRESSES_PER_MINUTE: Final = 120
MAX_PEOPLE: Final = 10_000
LOOKING: Final = frozenset({"prices", "price", "status", "pnl", "risk", "list", "pos", "help"})
LOOKING_COMMANDS: Final = frozenset(
    {"start", "help", "status", "price", "quote", "markets", "positions", "pnl", "risk", "orders"}
)
ANSWER_S: Final = 0.7

LEAK_TEXT: Final = (
    "That looked like a private key or seed phrase. I deleted it and kept no copy.\n"
    "Treat it as leaked: move what it guards to a new key. E-SECRET"
)


class Trace(BaseMiddleware):
    """Give each update a trace id, count it, and turn what goes wrong into words."""

    def __init__(self, room: Room, metrics: Metrics) -> None:
        self._room = room
        self._metrics = metrics

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        trace_id = data["trace_id"] = new_trace_id()
        kind = "press" if isinstance(event, CallbackQuery) else "message"
        self._metrics.telegram_updates.labels(kind=kind).inc()
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
                await tell(
                    self._room,
                    event,
                    data,
                    f"That failed on my side. See /orders before you try again. Trace {trace_id}",
                )
            return None


class Secrets(BaseMiddleware):
    """Delete a message that looks like a key before anything else reads it."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Message) or not looks_secret(event.text or event.caption or ""):
            return await handler(event, data)
        _log.warning("telegram.secret_deleted", chat_id=event.chat.id)
        words = LEAK_TEXT
        try:
            await self._room.bot.delete_message(event.chat.id, event.message_id)
        except AiogramError:
            words = LEAK_TEXT.replace("I deleted it and kept no copy", "Delete it now")
        self._room.say(event.chat.id, words)
        return None


class Throttle(BaseMiddleware):
    """30 messages a minute for each person; says so once, then is silent until it is over."""

    def __init__(self, room: Room, clock: Clock) -> None:
        self._room = room
        self._clock = clock
        self._seen: dict[tuple[int, bool], deque[int]] = {}
        self._told: dict[int, int] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        person = data.get("event_from_user")
        if person is None:
            return None
        now_ns = self._clock.mono_ns()
        is_press = isinstance(event, CallbackQuery)
        limit = PRESSES_PER_MINUTE if is_press else MESSAGES_PER_MINUTE
        wait_ns = self._wait_ns((person.id, is_press), limit, now_ns)
        if not wait_ns:
            return await handler(event, data)
        seconds = -(-wait_ns // 10**9)
        words = f"{limit} messages in the last minute, next in {seconds} s. E-RATE"
        if is_press:
            await tell(self._room, event, data, words)
        elif self._told.get(person.id, 0) <= now_ns:
            self._told[person.id] = now_ns + wait_ns
            await tell(self._room, event, data, words)
        return None

    def _wait_ns(self, key: tuple[int, bool], limit: int, now_ns: int) -> int:
        if len(self._seen) > MAX_PEOPLE:
            self._seen = {k: q for k, q in self._seen.items() if q and q[-1] > now_ns - MINUTE_NS}
            self._told = {k: at for k, at in self._told.items() if at > now_ns}
        times = self._seen.setdefault(key, deque())
        while times and times[0] <= now_ns - MINUTE_NS:
            times.popleft()
        if len(times) >= limit:
            return times[0] + MINUTE_NS - now_ns
        times.append(now_ns)
        return 0


class Groups(BaseMiddleware):
    """Groups are for looking: whatever trades works in the private chat only."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if _chat_type(event) == ChatType.PRIVATE:
            return await handler(event, data)
        words = "Trading works in our private chat only. E-GROUP"
        if isinstance(event, CallbackQuery):
            pressed = decode(event.data)
            if pressed is not None and pressed.verb in LOOKING:
                return await handler(event, data)
            await tell(self._room, event, data, words)
        elif isinstance(event, Message) and (event.text or "").startswith("/"):
            name = (event.text or "")[1:].split(maxsplit=1)[0].partition("@")[0].lower()
            if name in LOOKING_COMMANDS:
                return await handler(event, data)
            await tell(self._room, event, data, words)
        return None


def _chat_type(event: TelegramObject) -> str:
    if isinstance(event, Message):
        return event.chat.type
    if isinstance(event, CallbackQuery) and event.message is not None:
        return event.message.chat.type
    return ""


class Identity(BaseMiddleware):
    """Access is deny by default: only a bound user gets further. Who one is comes from the
    verified update, never from a text.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        person = data.get("event_from_user")
        if person is None or person.is_bot:
            return None
        user = await self._room.stores.users.by_telegram(person.id)
        if user is None:
            await tell(
                self._room,
                event,
                data,
                "This desk admits people one by one. Ask its operator to approve Telegram id "
                f"{person.id} (ADMIN_USER_IDS); you wait until then. E-ROLE",
            )
            return None
        data["user"] = user
        return await handler(event, data)


class Prompt(BaseMiddleware):
    """Answer every press within a second, whatever its handler is waiting for."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, CallbackQuery):
            return await handler(event, data)
        press = data["press"] = Press(self._room, event)
        timer = asyncio.create_task(press.answer_later(ANSWER_S))
        try:
            return await handler(event, data)
        finally:
            timer.cancel()
            await asyncio.wait([timer])
            await press.answer()


async def tell(room: Room, event: TelegramObject, data: dict[str, Any], words: str) -> None:
    """Say something outside a handler: as a reply, or as the answer to a press."""
    press = data.get("press")
    if isinstance(press, Press):
        await press.answer(words, alert=True)
    elif isinstance(event, Message):
        room.say(event.chat.id, words)
