"""Updates by long polling, with the effect before the confirmation.

The next `getUpdates` confirms a batch to Telegram. It goes out only after every update of the batch
was handled, so a killed process finds an unhandled press again; tickets make the repetition
harmless. Chats are served beside each other, one chat in order.
"""

import asyncio
import random
from collections import defaultdict
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import Update

from vanta import logs

_log = logs.get(__name__)

POLL_S: Final = 25
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 15.0
KINDS: Final = ["message", "callback_query"]


async def poll(bot: Bot, dispatcher: Dispatcher, rng: random.Random) -> None:
    """Fetch and handle updates for ever."""
    offset = 0
    failures = 0
    while True:
        try:
            updates = await bot.get_updates(
                offset=offset, timeout=POLL_S, allowed_updates=KINDS, request_timeout=POLL_S + 10
            )
        except TelegramRetryAfter as wait:
            await asyncio.sleep(wait.retry_after)
            continue
        except (AiogramError, OSError, TimeoutError) as error:
            failures += 1
            _log.warning("telegram.poll_failed", error=type(error).__name__, failures=failures)
            ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
            await asyncio.sleep(rng.uniform(ceiling / 2, ceiling))
            continue
        failures = 0
        if updates:
            await _handle(bot, dispatcher, updates)
            offset = updates[-1].update_id + 1


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
