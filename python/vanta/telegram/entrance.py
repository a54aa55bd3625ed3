"""Who is let in and how often: the person behind an update, the rate, the standing.

Who one is comes from the verified update alone, never from a text, a forward or a button's data.
"""

import asyncio
from collections import deque
from typing import Any, Final

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, TelegramObject
from redis.exceptions import RedisError

from vanta import logs
from vanta.domain.policy import User
from vanta.domain.ports import Clock
from vanta.domain.roles import Standing
from vanta.telegram.callback import decode
from vanta.telegram.context import Room
from vanta.telegram.control_views import pages
from vanta.telegram.menu import Menus
from vanta.telegram.middlewares import Handler, chat_type, command_name, tell

_log = logs.get(__name__)

MINUTE_NS: Final = 60 * 10**9
STRANGERS_PER_MINUTE: Final = 10
PRESSES_PER_MINUTE: Final = 120
MAX_PEOPLE: Final = 10_000
MAX_CODE: Final = 128
COUNT_S: Final = 0.3
GETTING_OUT: Final = frozenset({"close", "panic", "emergency_stop"})
"""Commands that a spent limit of messages does not hold up; they count as presses do."""

WAITS: Final = (
    "This desk admits people one by one. You are on its list: an admin lets you in with "
    "/approve (Telegram id {id}). Until then nothing here works. E-ROLE"
)
CROWDED: Final = (
    "This desk admits people one by one, and too many wait already. "
    "Ask its operator, and name your Telegram id {id}. E-ROLE"
)
BLOCKED: Final = (
    "Your access is blocked; stops keep working, and so do /positions and /close. "
    "Ask an admin of this desk (Telegram id {id}). E-ROLE"
)
LEAVING: Final = frozenset({"positions", "close"})
LEAVING_VERBS: Final = frozenset({"list", "pos", "close", "half", "closeall", "go", "no", "order"})
"""What somebody blocked may still do: look at positions and get out. The engine decides again."""


class Who(BaseMiddleware):
    """Look up the user behind a Telegram account; `user` is None for a stranger."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        person = data.get("event_from_user")
        if person is None or person.is_bot:
            return None
        data["user"] = await self._room.stores.users.by_telegram(person.id)
        return await handler(event, data)


class Throttle(BaseMiddleware):
    """Each person's messages a minute; says so once, then is silent until it is over.

    The count is shared between processes. When it cannot be had, this process counts alone: a lost
    counter never keeps anybody from closing.
    """

    def __init__(self, room: Room, clock: Clock) -> None:
        self._room = room
        self._clock = clock
        self._own = Window()
        self._told: dict[int, int] = {}

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        person, user = data["event_from_user"], data["user"]
        now_ns = self._clock.mono_ns()
        is_press = isinstance(event, CallbackQuery)
        if is_press or command_name(event) in GETTING_OUT:
            limit = PRESSES_PER_MINUTE
            wait_ns = self._own.wait_ns((person.id, True), limit, now_ns)
        elif user is None:
            limit = STRANGERS_PER_MINUTE
            wait_ns = self._own.wait_ns((person.id, False), limit, now_ns)
        else:
            limit, wait_ns = await self._message(user, person.id, now_ns)
        if not wait_ns:
            return await handler(event, data)
        seconds = -(-wait_ns // 10**9)
        words = f"{limit} messages in the last minute, next in {seconds} s. E-RATE"
        if is_press:
            await tell(self._room, event, data, words)
        elif self._told.get(person.id, 0) <= now_ns:
            if len(self._told) > MAX_PEOPLE:
                self._told = {k: at for k, at in self._told.items() if at > now_ns}
            self._told[person.id] = now_ns + wait_ns
            await tell(self._room, event, data, words)
        return None

    async def _message(self, user: User, person_id: int, now_ns: int) -> tuple[int, int]:
        limit = self._room.control.messages_per_minute(user.id)
        # Counted here too, so that a counter lost in the middle of a minute opens no second one.
        alone_ns = self._own.wait_ns((person_id, False), limit, now_ns)
        try:
            async with asyncio.timeout(COUNT_S):
                now = self._room.clock.now_ns()
                return limit, await self._room.control.count_message(user.id, limit, now)
        except (RedisError, OSError, TimeoutError) as error:
            _log.info("telegram.counted_alone", error=type(error).__name__)
            return limit, alone_ns


class Window:
    """Times within the last minute, by key. Pure: time is an argument."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, bool], deque[int]] = {}

    def wait_ns(self, key: tuple[int, bool], limit: int, now_ns: int) -> int:
        """Count one more and return 0, or return how long to wait when `limit` are counted."""
        if len(self._seen) > MAX_PEOPLE:
            self._seen = {k: q for k, q in self._seen.items() if q and q[-1] > now_ns - MINUTE_NS}
        times = self._seen.setdefault(key, deque())
        while times and times[0] <= now_ns - MINUTE_NS:
            times.popleft()
        if len(times) >= limit:
            return times[-limit] + MINUTE_NS - now_ns if limit > 0 else MINUTE_NS
        times.append(now_ns)
        return 0


class Admit(BaseMiddleware):
    """Access is deny by default: whoever is not active waits, or may only leave."""

    def __init__(self, room: Room, menus: Menus) -> None:
        self._room = room
        self._menus = menus

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User | None = data["user"]
        person = data["event_from_user"]
        if chat_type(event) == ChatType.PRIVATE:
            if isinstance(event, Message) and (code := _start_payload(event)):
                user = await self._claim(event, code, user)
            if user is None:
                user = await self._room.control.meet(person.id, person.full_name)
        if user is not None and user.standing == Standing.ACTIVE:
            data["user"] = user
            if not self._menus.fits(user):
                self._room.after.start(self._menus.fit(user))
            return await handler(event, data)
        if user is not None and user.standing == Standing.BLOCKED and _leaves(event):
            return await handler(event, data)
        words = CROWDED if user is None else WAITS
        if user is not None and user.standing == Standing.BLOCKED:
            words = BLOCKED
        await tell(self._room, event, data, words.format(id=person.id))
        return None

    async def _claim(self, message: Message, code: str, user: User | None) -> User | None:
        """Honour the owner's one-time code; any other payload of /start changes nothing."""
        person = message.from_user
        if person is None:
            return user
        reply = await self._room.control.claim(person.id, person.full_name, code)
        if reply.done or user is None or user.standing != Standing.ACTIVE:
            self._room.say(message.chat.id, pages(reply)[0])
        return await self._room.stores.users.by_telegram(person.id) if reply.done else user


def _leaves(event: TelegramObject) -> bool:
    if isinstance(event, CallbackQuery):
        pressed = decode(event.data)
        return pressed is not None and pressed.verb in LEAVING_VERBS
    return command_name(event) in LEAVING


def _start_payload(message: Message) -> str:
    if command_name(message) != "start":
        return ""
    return "".join((message.text or "").split(maxsplit=1)[1:]).strip()[:MAX_CODE]
