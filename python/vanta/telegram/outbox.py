"""Sends what the outbox owes people, most urgent first. Money messages are never dropped.

A row stays pending until Telegram took the message or refused it for good. Killed in between, the
message may come twice; it never gets lost.
"""

import asyncio
from typing import Final

import msgspec

from vanta import logs
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.store.outbox import Outbox, OutboxRow
from vanta.store.users import Users
from vanta.telegram.courier import Courier
from vanta.telegram.events import render

_log = logs.get(__name__)

BATCH: Final = 100
POLL_S: Final = 0.25


class OutboxSender:
    """Moves rows from the table to the courier."""

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
        self._under_way: set[int] = set()
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look at the table now: something was just committed."""
        self._nudged.set()

    async def run(self) -> None:
        """Send for ever."""
        self._under_way.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                self._nudged.clear()
                rows = await self._outbox.pending(BATCH)
                self._metrics.outbox_pending.set(len(rows))
                for row in rows:
                    if row.id not in self._under_way:
                        self._under_way.add(row.id)
                        group.create_task(self._send(row))
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _send(self, row: OutboxRow) -> None:
        try:
            failure = await self._deliver(row)
            if failure == "stopped":
                return
            if failure:
                await self._outbox.failed(row.id, failure)
                _log.warning("outbox.failed", outbox_id=row.id, kind=row.kind, reason=failure)
            else:
                await self._outbox.sent(row.id, self._clock.now_ns())
            self._metrics.outbox_sent.labels(result="failed" if failure else "sent").inc()
        finally:
            self._under_way.discard(row.id)

    async def _deliver(self, row: OutboxRow) -> str:
        """Return why it will never arrive; empty when it did."""
        try:
            user = await self._users.get(row.user_id)
            words = render(row.kind, row.body, self._catalogue)
        except NotFoundError:
            return "no such user"
        except msgspec.ValidationError as error:
            return f"body not understood: {error}"
        if user.telegram_id is None:
            return "not bound to Telegram"
        # A private chat has the id of its user.
        delivery = await self._courier.post(user.telegram_id, words, priority=row.priority)
        return delivery.failure
