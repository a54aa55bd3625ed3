"""A press of an inline button: answered once, shown by changing the message it came from."""

import asyncio
import re
from html import unescape
from typing import Any

from aiogram.exceptions import AiogramError
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, TelegramObject

from vanta import logs
from vanta.telegram.callback import Callback, decode
from vanta.telegram.context import Room

_log = logs.get(__name__)


class Press:
    """One callback query."""

    def __init__(self, room: Room, query: CallbackQuery) -> None:
        self._room = room
        self._query = query
        self._answered = False
        self.person_id = query.from_user.id
        self.chat_id = query.message.chat.id if query.message else 0
        self.message_id = query.message.message_id if query.message else 0

    async def answer(self, words: str = "", *, alert: bool = False) -> None:
        """Answer the press, which works only once.

        Words of an alert have to arrive: where they cannot, they come as a message. Other words
        only go with what the message shows anyway.
        """
        if self._answered:
            if words and alert:
                self._room.say(self.chat_id or self.person_id, words)
            return
        self._answered = True
        plain = unescape(re.sub(r"<[^>]*>", "", words))
        try:
            await self._query.answer(plain[:200], show_alert=alert, request_timeout=5)
        except AiogramError as error:
            # Too old (redelivered after a restart) or not reachable.
            _log.info("telegram.answer_failed", error=type(error).__name__)
            if words and alert:
                self._room.say(self.chat_id or self.person_id, words)

    async def answer_later(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        if not self._answered:
            await self.answer("Working on it")

    def show(self, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Change the message in place."""
        if self.message_id:
            self._room.courier.edit(self.chat_id, self.message_id, text, keyboard)
        else:
            self._room.say(self.person_id, text, keyboard)


class Verb(Filter):
    """Lets presses with one of these verbs through and hands over what they carry."""

    def __init__(self, *verbs: str) -> None:
        self._verbs = verbs

    async def __call__(self, event: TelegramObject) -> bool | dict[str, Any]:
        if not isinstance(event, CallbackQuery):
            return False
        data = decode(event.data)
        return {"data": data} if data is not None and data.verb in self._verbs else False


__all__ = ["Callback", "Press", "Verb"]
