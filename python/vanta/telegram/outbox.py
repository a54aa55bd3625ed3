"""Sends what the outbox owes people, most urgent first. Money messages are never dropped.

A row stays pending until Telegram took the message or refused it for good. Killed in between, the
message may come twice; it never gets lost. A store that fails is asked again: the rest of the bot
goes on meanwhile.
"""

import asyncio
from typing import Final

import asyncpg
import msgspec
from aiogram.types import InlineKeyboardMarkup

from vanta import logs
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.store.outbox import Outbox, OutboxRow
from vanta.store.pool import AWAY
from vanta.store.users import Users
from vanta.supervise import beat
from vanta.telegram.courier import STOPPED, Courier
from vanta.telegram.events import keyboard, render

_log = logs.get(__name__)

BATCH: Final = 100
MAX_BATCH: Final = 12_800
MAX_TEXT: Final = 500
"""Notices that wait for one person are put into one message up to this length."""
POLL_S: Final = 0.25
_SICK: Final = (*AWAY, asyncpg.PostgresError)


class OutboxSender:
    """Moves rows from the table to the courier, one message a person at a time."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        users: Users,
        courier: Courier,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._outbox = outbox
        self._users = users
        self._courier = courier
        self._catalogue = catalogue
        self._clock = clock
        self._metrics = metrics
        self._busy: set[int] = set()
        self._limit = BATCH
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look at the table now: something was just committed."""
        self._nudged.set()

    async def run(self) -> None:
        """Send for ever."""
        self._busy.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                beat("outbox")
                self._nudged.clear()
                try:
                    await self._look(group)
                except _SICK as error:
                    _log.warning("outbox.not_read", error=type(error).__name__)
                    await asyncio.sleep(POLL_S)
                await self._pause()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        # Rows of whom we are sending to may be in the answer and yet be sent by then.
        busy = set(self._busy)
        rows = await self._outbox.pending(self._limit)
        self._metrics.outbox_pending.set(len(rows))
        ready = self._ready([row for row in rows if row.user_id not in busy])
        for user_id, mine in ready.items():
            self._busy.add(user_id)
            group.create_task(self._send(user_id, mine))
        self._look_further(is_full=len(rows) == self._limit, found=bool(ready))

    def _ready(self, rows: list[OutboxRow]) -> dict[int, list[OutboxRow]]:
        ready: dict[int, list[OutboxRow]] = {}
        for row in rows:
            if row.user_id not in self._busy:
                ready.setdefault(row.user_id, []).append(row)
        return ready

    def _look_further(self, *, is_full: bool, found: bool) -> None:
        # One person's thousand notices must not hide everybody else's.
        self._limit = min(self._limit * 2, MAX_BATCH) if is_full and not found else BATCH

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _send(self, user_id: int, rows: list[OutboxRow]) -> None:
        try:
            words, told, buttons = await self._words(rows)
            if not told:
                return
            try:
                user = await self._users.get(user_id)
            except NotFoundError:
                await self._give_up(told, "no such user")
                return
            if user.telegram_id is None:
                await self._give_up(told, "not bound to Telegram")
                return
            # A private chat has the id of its user.
            priority = min(row.priority for row in told)
            delivery = await self._courier.post(user.telegram_id, words, buttons, priority=priority)
            if delivery.failure and delivery.failure != STOPPED:
                await self._give_up(told, delivery.failure)
            elif not delivery.failure:
                for row in told:
                    await self._mark(row)
        except _SICK as error:
            _log.warning("outbox.not_sent", user_id=user_id, error=type(error).__name__)
            await asyncio.sleep(POLL_S)
        finally:
            self._busy.discard(user_id)
            self._nudged.set()

    async def _mark(self, row: OutboxRow) -> None:
        """Note that a message is delivered, until that is noted: it must not go out again."""
        while True:
            try:
                await self._outbox.sent(row.id, self._clock.now_ns())
                break
            except _SICK as error:
                _log.warning("outbox.not_marked", outbox_id=row.id, error=type(error).__name__)
                await asyncio.sleep(POLL_S)
        self._metrics.outbox_sent.labels(result="sent").inc()

    async def _words(
        self, rows: list[OutboxRow]
    ) -> tuple[str, list[OutboxRow], InlineKeyboardMarkup | None]:
        """Join notices while they are short enough; one with buttons goes alone.

        Returns the text, the rows in it, and the buttons.
        """
        parts: list[str] = []
        told: list[OutboxRow] = []
        for row in rows:
            try:
                part = render(row.kind, row.body, self._catalogue)
                buttons = keyboard(row.kind, row.body)
            except msgspec.ValidationError as error:
                await self._give_up([row], f"body not understood: {error}")
                continue
            if buttons is not None and not parts:
                return part, [row], buttons
            is_full = sum(map(len, parts)) + len(part) > MAX_TEXT
            if parts and (buttons is not None or is_full):
                break
            parts.append(part)
            told.append(row)
        return "\n\n".join(parts), told, None

    async def _give_up(self, rows: list[OutboxRow], reason: str) -> None:
        for row in rows:
            await self._outbox.failed(row.id, reason)
            self._metrics.outbox_sent.labels(result="failed").inc()
            _log.warning("outbox.failed", outbox_id=row.id, kind=row.kind, reason=reason)
