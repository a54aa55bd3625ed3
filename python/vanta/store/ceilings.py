"""What operators allow at most, versioned; and looser limits that wait for their time."""

from typing import Any, Final

import msgspec

from vanta.store import text
from vanta.store.pool import Conn, Pool, Row


class Ceilings:
    """The newest version counts. A key that it does not have is as published or set at start."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _CURRENT: Final = "SELECT limits FROM ceilings ORDER BY version DESC LIMIT 1"

    async def current(self) -> dict[str, int]:
        """Return the values in force by key."""
        raw = await self._pool.fetchval(self._CURRENT)
        return {} if raw is None else _values(raw)

    # Readers go on; two writers follow each other.
    _LOCK: Final = "LOCK TABLE ceilings IN SHARE ROW EXCLUSIVE MODE"

    async def lock(self, conn: Conn) -> dict[str, int]:
        """Return what `current` does, and keep others from changing it until the end."""
        await conn.execute(self._LOCK)
        raw = await conn.fetchval(self._CURRENT)
        return {} if raw is None else _values(raw)

    _PUT: Final = """
        INSERT INTO ceilings (version, limits, set_by, at_ns)
        SELECT coalesce(max(version), 0) + 1, $1, $2, $3 FROM ceilings RETURNING version
    """

    async def put(self, conn: Conn, values: dict[str, int], now_ns: int, by: str) -> int:
        """Write the next version of locked ceilings and return its number."""
        who = text.prose(by, limit=text.ACTOR_LIMIT)
        version: int = await conn.fetchval(self._PUT, text.json_bytes(values), who, now_ns)
        return version


class PendingLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A looser limit on its way: in force from `due_ns`."""

    user_id: int
    key: str
    value: Any  # a number in the limit's unit, or market indices
    asked_ns: int
    due_ns: int
    asked_by: str


class PendingLimits:
    """One a user and key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _PUT: Final = """
        INSERT INTO pending_limits (user_id, key, value, asked_ns, due_ns, asked_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, key) DO UPDATE SET
            value = excluded.value, asked_ns = excluded.asked_ns, due_ns = excluded.due_ns,
            asked_by = excluded.asked_by
    """

    async def put(self, conn: Conn, pending: PendingLimit) -> None:
        """Let a limit wait; one that waited for this key is replaced."""
        await conn.execute(
            self._PUT,
            pending.user_id,
            text.name(pending.key, field="key"),
            text.json_bytes(pending.value),
            pending.asked_ns,
            pending.due_ns,
            text.prose(pending.asked_by, limit=text.ACTOR_LIMIT),
        )

    _DROP: Final = "DELETE FROM pending_limits WHERE user_id = $1 AND key = $2 RETURNING *"

    async def drop(self, conn: Conn, user_id: int, key: str) -> PendingLimit | None:
        """Take back what waits for a key; None when nothing did."""
        row = await conn.fetchrow(self._DROP, user_id, key)
        return None if row is None else _pending(row)

    _OF_USER: Final = "SELECT * FROM pending_limits WHERE user_id = $1 ORDER BY due_ns, key"

    async def of_user(self, user_id: int) -> list[PendingLimit]:
        """Return what waits for a user, soonest first."""
        return [_pending(row) for row in await self._pool.fetch(self._OF_USER, user_id)]

    _SOONEST: Final = "SELECT * FROM pending_limits ORDER BY due_ns, user_id, key LIMIT 1000"

    async def soonest(self) -> list[PendingLimit]:
        """Return what waits, soonest first, a thousand at most."""
        return [_pending(row) for row in await self._pool.fetch(self._SOONEST)]

    # Once more with the row: it may have been taken back or asked anew since it was read.
    _TAKE: Final = """
        DELETE FROM pending_limits WHERE user_id = $1 AND key = $2 AND due_ns = $3 RETURNING *
    """

    async def take(self, conn: Conn, pending: PendingLimit) -> PendingLimit | None:
        """Remove a limit that is about to be applied; None when it does not wait any more."""
        row = await conn.fetchrow(self._TAKE, pending.user_id, pending.key, pending.due_ns)
        return None if row is None else _pending(row)


def _values(raw: bytes) -> dict[str, int]:
    return msgspec.json.decode(raw, type=dict[str, int])


def _pending(row: Row) -> PendingLimit:
    return PendingLimit(
        user_id=row["user_id"],
        key=row["key"],
        value=msgspec.json.decode(row["value"]),
        asked_ns=row["asked_ns"],
        due_ns=row["due_ns"],
        asked_by=row["asked_by"],
    )
