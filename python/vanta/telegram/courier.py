"""The way out to Telegram: one queue, four rates, money first.

A message waits its turn by priority, then by age. Telegram allows about one message a second in a
chat, twenty a minute in a group and thirty a second in all; when it says `retry_after`, everything
waits that long. What the network or Telegram's own failure stopped is tried again; what Telegram
refused is given up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import InlineKeyboardMarkup

from vanta import logs
from vanta.domain.ports import Clock

_log = logs.get(__name__)

MONEY: Final = 0
RISK: Final = 1
REPLY: Final = 2

STOPPED: Final = "stopped"
"""Failure of what waited when the courier ended: it was neither sent nor refused."""

SECOND_NS: Final = 10**9
CHAT_GAP_NS: Final = SECOND_NS
GROUP_GAP_NS: Final = 3 * SECOND_NS
PER_SECOND: Final = 30
MAX_REPLIES: Final = 1_000
"""Replies waiting beyond this are given up: they can be asked for again, money messages cannot."""
MAX_REPLY_TRIES: Final = 5
CALL_S: Final = 15
FIRST_PAUSE_NS: Final = SECOND_NS
LONGEST_PAUSE_NS: Final = 30 * SECOND_NS


class Delivery(msgspec.Struct, frozen=True):
    """What became of a message: its id, or why it never arrived."""

    message_id: int = 0
    failure: str = ""


class Pace:
    """When the next message may go. Pure: time is an argument."""

    def __init__(self) -> None:
        self._chats: dict[int, int] = {}
        self._recent: deque[int] = deque(maxlen=PER_SECOND)
        self._held_until = 0

    def ready_ns(self, chat_id: int, *, is_edit: bool = False) -> int:
        """The earliest monotonic time something may go to `chat_id`; an edit skips its gap."""
        full = self._recent[0] + SECOND_NS if len(self._recent) == PER_SECOND else 0
        turn = 0 if is_edit else self._chats.get(chat_id, 0)
        return max(self._held_until, full, turn)

    def sent(self, chat_id: int, now_ns: int, *, is_edit: bool = False) -> None:
        self._recent.append(now_ns)
        if is_edit:
            return
        # Groups have negative ids.
        self._chats[chat_id] = now_ns + (CHAT_GAP_NS if chat_id > 0 else GROUP_GAP_NS)
        if len(self._chats) > 10_000:
            self._chats = {c: at for c, at in self._chats.items() if at > now_ns}

    def hold(self, until_ns: int) -> None:
        """Telegram asked for silence."""
        self._held_until = max(self._held_until, until_ns)


class _Item(msgspec.Struct, kw_only=True):
    priority: int
    number: int
    chat_id: int
    text: str
    keyboard: InlineKeyboardMarkup | None
    done: asyncio.Future[Delivery]
    message_id: int = 0  # 0 = a new message, else the one to change
    tries: int = 0
    not_before_ns: int = 0


class Courier:
    """Sends and changes messages in their turn; one at a time in each chat, so in order."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace()
        self._waiting: list[_Item] = []
        self._busy: set[int] = set()
        self._number = 0
        self._wake = asyncio.Event()

    def post(
        self,
        chat_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        priority: int = REPLY,
    ) -> asyncio.Future[Delivery]:
        """Queue a message; the future always ends with a `Delivery`, never with an exception."""
        return self._put(chat_id, text, keyboard, priority, 0)

    def _put(
        self,
        chat_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None,
        priority: int,
        message_id: int,
    ) -> asyncio.Future[Delivery]:
        done: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        if priority >= REPLY and len(self._waiting) >= MAX_REPLIES:
            done.set_result(Delivery(failure="queue full"))
            return done
        self._number += 1
        item = _Item(
            priority=priority,
            number=self._number,
            chat_id=chat_id,
            message_id=message_id,
            text=text,
            keyboard=keyboard,
            done=done,
        )
        self._waiting.append(item)
        self._wake.set()
        return done

    def edit(
        self,
        chat_id: int,
        message_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> None:
        """Queue a change of a message in place; a newer change replaces one that still waits.

        Where Telegram says that the message is gone, a new one takes its place.
        """
        for item in self._waiting:
            if item.chat_id == chat_id and item.message_id == message_id:
                item.text, item.keyboard = text, keyboard
                return
        self._put(chat_id, text, keyboard, REPLY, message_id)

    async def run(self) -> None:
        """Send for ever; messages that wait when it ends are given up as "stopped"."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    now_ns = self._clock.mono_ns()
                    item, ready_ns = self._next(now_ns)
                    if item is None:
                        await self._pause(ready_ns - now_ns if ready_ns else None)
                        continue
                    self._waiting.remove(item)
                    self._busy.add(item.chat_id)
                    self._pace.sent(item.chat_id, now_ns, is_edit=item.message_id != 0)
                    group.create_task(self._deliver(item))
        finally:
            for item in self._waiting:
                _end(item, Delivery(failure=STOPPED))
            self._waiting.clear()
            self._busy.clear()

    def _next(self, now_ns: int) -> tuple[_Item | None, int]:
        """The item to send now, or when one will be ready (0 = nobody waits for time)."""
        best: _Item | None = None
        soonest = 0
        for item in self._waiting:
            if item.chat_id in self._busy:
                continue
            turn = self._pace.ready_ns(item.chat_id, is_edit=item.message_id != 0)
            ready = max(item.not_before_ns, turn)
            if ready > now_ns:
                soonest = min(soonest or ready, ready)
            elif best is None or (item.priority, item.number) < (best.priority, best.number):
                best = item
        return best, soonest

    async def _pause(self, wait_ns: int | None) -> None:
        if wait_ns is None:
            await self._wake.wait()
            return
        async with asyncio.TaskGroup() as group:
            alarm = group.create_task(self._ring(wait_ns))
            await self._wake.wait()
            alarm.cancel()

    async def _ring(self, wait_ns: int) -> None:
        await self._sleep(wait_ns / SECOND_NS)
        self._wake.set()

    async def _deliver(self, item: _Item) -> None:
        try:
            message_id = await self._call(item)
        except TelegramRetryAfter as wait:
            self._pace.hold(self._clock.mono_ns() + wait.retry_after * SECOND_NS)
            self._again(item, 0)
        except (TelegramNetworkError, TelegramServerError, ClientDecodeError, TimeoutError):
            self._again(item, min(FIRST_PAUSE_NS << min(item.tries, 10), LONGEST_PAUSE_NS))
        except TelegramAPIError as error:
            if item.message_id and "message is not modified" in error.message:
                _end(item, Delivery(message_id=item.message_id))
            elif item.message_id:
                item.message_id = 0
                self._again(item, 0)
            else:
                _end(item, Delivery(failure=f"{type(error).__name__}: {error.message}"[:200]))
        except asyncio.CancelledError:
            _end(item, Delivery(failure=STOPPED))
            raise
        else:
            _end(item, Delivery(message_id=message_id))
        finally:
            self._busy.discard(item.chat_id)
            self._wake.set()

    async def _call(self, item: _Item) -> int:
        if not item.message_id:
            sent = await self._bot.send_message(
                item.chat_id, item.text, reply_markup=item.keyboard, request_timeout=CALL_S
            )
            return sent.message_id
        await self._bot.edit_message_text(
            item.text,
            chat_id=item.chat_id,
            message_id=item.message_id,
            reply_markup=item.keyboard,
            request_timeout=CALL_S,
        )
        return item.message_id

    def _again(self, item: _Item, pause_ns: int) -> None:
        item.tries += 1
        if item.priority >= REPLY and item.tries >= MAX_REPLY_TRIES:
            _end(item, Delivery(failure="not reachable"))
            return
        item.not_before_ns = self._clock.mono_ns() + pause_ns
        self._waiting.append(item)


def _end(item: _Item, delivery: Delivery) -> None:
    if not item.done.done():
        item.done.set_result(delivery)
