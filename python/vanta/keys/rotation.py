"""Moves every sealed row to a new master key while Vanta runs.

    take up the next key ─► wait until running processes know it ─► re-wrap page by page ─► retire

Each row is replaced only where it still is what was read, a page in one transaction: a kill costs
at most a page of work. Until the end both keys open, and the old one is retired only when no row
names it. Begun again, it goes on with the rows that are left.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from vanta.domain.errors import ConfigError, InvalidInput, SealError
from vanta.domain.ports import Clock
from vanta.keys.keeper import POLL_S, KeyKeeper
from vanta.store.master_keys import ROTATION_LOCK, MasterKeyRow, MasterKeys
from vanta.store.pool import Pool
from vanta.store.sealed import key_named, renew
from vanta.store.sealed_rows import SEALED, Place, SealedRow, SealedRows

PAGE: Final = 50
LEARN_S: Final = 3 * POLL_S


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation came to. `broken` rows do not open under any key and were left."""

    key: MasterKeyRow
    moved: int
    retired: tuple[str, ...]
    broken: tuple[str, ...]


class Rotation:
    """One run. `tell` hears rows done and rows in all, after each page."""

    def __init__(
        self,
        *,
        pool: Pool,
        keeper: KeyKeeper,
        clock: Clock,
        tell: Callable[[int, int], None],
        page: int = PAGE,
        learn_s: float = LEARN_S,
    ) -> None:
        self._pool = pool
        self._keeper = keeper
        self._clock = clock
        self._tell = tell
        self._page = page
        self._learn_ns = int(learn_s * 1e9)
        self._rows = SealedRows(pool)
        self._record = MasterKeys(pool)

    async def run(self) -> Rotated:
        """Rotate, or finish a rotation that was cut short. The keeper must be open.

        Raises `ConfigError` when another rotation runs or no new key can be had.
        """
        async with self._alone():
            await self._keeper.follow()  # who rotated or started since may have taken up a key
            target = await self._target()
            counts = await self._rows.count()
            total = sum(counts.values()) - counts.get(target.id, 0)
            await self._keeper.note("key.rotate.begin", target.id, {"rows": total})
            await self._until_known(target)
            moved, retired = 0, list[str]()
            while True:
                now_moved, broken = await self._pass(target, moved, total)
                moved += now_moved
                left = await self._retire(target, retired)
                if not left or (broken and not now_moved):
                    break
            about = {"moved": moved, "retired": retired, "broken": len(broken)}
            await self._keeper.note("key.rotate.end", target.id, about)
        return Rotated(key=target, moved=moved, retired=tuple(retired), broken=tuple(broken))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._pool.acquire() as conn:
            if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", ROTATION_LOCK):
                raise ConfigError("another rotation of this database is running")
            try:
                yield
            finally:
                await conn.execute("SELECT pg_advisory_unlock($1)", ROTATION_LOCK)

    async def _target(self) -> MasterKeyRow:
        """Return the key to move to; two in use mean that a rotation was begun before."""
        active = await self._keeper.active()
        newest = await self._keeper.source.newest()
        begun = len(active) > 1 and (newest is None or newest.id in {row.id for row in active})
        if not begun:
            await self._keeper.register_next()
            active = await self._keeper.active()
        return active[0]

    async def _until_known(self, target: MasterKeyRow) -> None:
        """Wait until a running process must have seen the new key: it looks every second."""
        age_ns = self._clock.now_ns() - target.created_ns
        await asyncio.sleep(max(0, self._learn_ns - max(0, age_ns)) / 1e9)

    async def _pass(self, target: MasterKeyRow, done: int, total: int) -> tuple[int, list[str]]:
        """Go over all rows once; return how many were moved, and those that do not open."""
        moved, broken = 0, list[str]()
        for place in SEALED:
            after = None
            while rows := await self._rows.page(
                place, after=after, limit=self._page, not_under=target.id
            ):
                after = rows[-1].keys
                moved += await self._move(place, rows, target, broken)
                self._tell(done + moved, max(total, done + moved))
        return moved, broken

    async def _move(
        self, place: Place, rows: list[SealedRow], target: MasterKeyRow, broken: list[str]
    ) -> int:
        new = self._keeper.kek(target.id)
        moved = 0
        async with self._pool.acquire() as conn, conn.transaction():
            for row in rows:
                try:
                    record = renew(
                        row.record,
                        old=self._keeper.kek(key_named(row.record)),
                        new=new,
                        subject=row.subject,
                        family=place.family,
                        purpose=place.purpose,
                    )
                except (KeyError, SealError, InvalidInput):
                    broken.append(row.name)
                else:
                    moved += await self._rows.replace(conn, row, record)
        return moved

    async def _retire(self, target: MasterKeyRow, retired: list[str]) -> list[str]:
        """Retire the old keys that no row names any more; return those that rows still name."""
        left = []
        for row in await self._keeper.active():
            if row.id == target.id:
                continue
            async with self._pool.acquire() as conn, conn.transaction():
                await self._record.hold(conn, row.id)
                if (await self._rows.count(conn)).get(row.id):
                    left.append(row.id)
                    continue
                await self._record.retire(conn, row.id, self._clock.now_ns())
                await self._keeper.note("key.retire", row.id, {"version": row.version}, conn)
                retired.append(row.id)
        return left
