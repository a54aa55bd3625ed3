"""Notices that the database was set back: restored from a backup, or a replica that was behind.

A note beside the database, `HOME/high-water.json`, tells how far it had come. A start that finds
the database behind it stops opens, as an operator would: what was forgotten may be a position or a
loss. An operator looks and resumes. See ADR 16.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from vanta import logs
from vanta.app.lifecycle import write_atomically
from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock
from vanta.domain.system import Stop, SystemState
from vanta.engine.booked import Booked
from vanta.engine.switches import Switches
from vanta.store.highwater import UNREADABLE, HighWater, Mark, read_note
from vanta.store.pool import AWAY
from vanta.supervise import beat

_log = logs.get(__name__)

EVERY_S: Final = 1.0
PAUSE_S: Final = 0.1  # of many fills at once one note
BY: Final = "start"


class Restored:
    """Keeps the note while we run, and compares with it before we trade."""

    def __init__(
        self,
        *,
        path: Path,
        store: HighWater,
        switches: Switches,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._path = path
        self._store = store
        self._switches = switches
        self._clock = clock
        self._sleep = sleep
        self._written: Mark | None = None
        self._filled_order_id = 0
        self._moved = asyncio.Event()
        self._database = ""  # empty until the comparison is done: nothing is noted before

    async def check(self) -> None:
        """Compare; stop opens when the database is behind. Run it before anything trades."""
        database = await self._store.name(self._clock.now_ns())
        why = await self._behind(database)
        if why and not await self._hold(why):
            return  # the note stays as it is, so that the next start sees it too
        self._database = database
        await self.note()

    def booked(self, change: Booked) -> None:
        """Hear of fills."""
        if change.fill is not None:
            self._filled_order_id = max(self._filled_order_id, change.order.id)
            self._moved.set()

    async def run(self) -> None:
        """Keep the note for ever: right after a fill, and each second for all else."""
        while True:
            beat()
            self._moved.clear()
            await self.keep()
            await self._sleep(PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._moved.wait()

    async def note(self) -> None:
        """Write the mark when it has moved."""
        if not self._database:
            return
        mark = await self._store.now(self._database, self._filled_order_id)
        if mark != self._written:
            await asyncio.to_thread(write_atomically, self._path, msgspec.json.encode(mark))
            self._written = mark

    async def keep(self) -> None:
        """Write the mark; while the database is away it stays as it is."""
        try:
            await self.note()
        except AWAY as error:
            _log.warning("high_water.store_away", error=type(error).__name__)

    async def _behind(self, database: str) -> str:
        try:
            mark = read_note(self._path)
        except UNREADABLE as error:
            return f"{self._path} cannot be read ({type(error).__name__})"
        if mark is None:
            return ""
        if mark.database != database:
            _log.info("high_water.other_database", path=str(self._path))
            return ""
        missing = await self._store.missing(mark)
        if not missing:
            self._filled_order_id = mark.filled_order_id
            return ""
        return (
            f"the database was set back: {', '.join(missing)} is missing. Compare with the venue "
            "and with what people were told, then resume"
        )

    async def _hold(self, why: str) -> bool:
        """Stop opens like an operator would; True when that is durable."""
        _log.error("high_water.database_behind", why=why)
        now_ns = self._clock.now_ns()

        def edit(state: SystemState) -> SystemState:
            return state.stopped(Stop.OPENS, why, now_ns)

        trace_id = new_trace_id()
        return await self._switches.apply(edit, BY, action="system.hold", trace_id=trace_id)
