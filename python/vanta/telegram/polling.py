"""Updates by long polling, with the effect before the confirmation.

The next `getUpdates` confirms a batch to Telegram. It goes out only after every update of the batch
was handled, so a killed process finds an unhandled press again; tickets make the repetition
harmless. Chats are served beside each other, one chat in order.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import Update

from vanta import logs
from vanta.supervise import beat

_log = logs.get(__name__)

POLL_S: Final = 25
GRACE_S: Final = 10
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 15.0
KINDS: Final = ["message", "callback_query"]


class Polling:
    """Fetches and handles updates. `healthy` tells whether the last fetch worked."""

    def __init__(
        self, bot: Bot, rng: random.Random, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._bot = bot
        self._rng = rng
        self._sleep = sleep
        self._failures = 0
        self.healthy = False

    async def run(self, dispatcher: Dispatcher) -> None:
        """Run for ever; Telegram's failures are waited out, never raised."""
        offset = 0
        # The first fetch returns at once: it tells whether Telegram is there.
        timeout_s = 0
        while True:
            beat("polling")
            updates = await self._fetch(offset, timeout_s)
            if updates is None:
                timeout_s = 0
                continue
            timeout_s = POLL_S
            if updates:
                await _handle(self._bot, dispatcher, updates)
                offset = updates[-1].update_id + 1

    async def _fetch(self, offset: int, timeout_s: int) -> list[Update] | None:
        try:
            updates = await self._bot.get_updates(
                offset=offset,
                timeout=timeout_s,
                allowed_updates=KINDS,
                request_timeout=timeout_s + GRACE_S,
            )
        except TelegramRetryAfter as wait:
            self.healthy = False
            await self._sleep(wait.retry_after)
            return None
        except (AiogramError, OSError, TimeoutError) as error:
            self.healthy = False
            self._failures += 1
            name = type(error).__name__
            _log.warning("telegram.poll_failed", error=name, failures=self._failures)
            ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
            await self._sleep(self._rng.uniform(ceiling / 2, ceiling))
            return None
        self.healthy = True
        self._failures = 0
        return updates


async def _handle(bot: Bot, dispatcher: Dispatcher, updates: list[Update]) -> None:
    by_chat: dict[int, list[Update]] = defaultdict(list)
    for update in updates:
        by_chat[_chat_id(update)].append(update)
    async with asyncio.TaskGroup() as group:
        for chat in by_chat.values():
            group.create_task(_in_order(bot, dispatcher, chat))


async def _in_order(bot: Bot, dispatcher: Dispatcher, updates: list[Update]) -> None:
    for update in updates:
        try:
            await dispatcher.feed_update(bot, update)
        except Exception:
            # An update that always fails must not stop the ones behind it.
            _log.exception("telegram.update_failed", update_id=update.update_id)


def _chat_id(update: Update) -> int:
    if update.message is not None:
        return update.message.chat.id
    if update.callback_query is not None:
        return update.callback_query.from_user.id
    return 0
