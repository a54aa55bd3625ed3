"""How far a database has come: what a restored backup of it would not have any more."""

import secrets
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec

from vanta.store.pool import Pool

FILE_NAME: Final = "high-water.json"
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, OSError)
"""Raised for a note that is there and tells nothing."""

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of what was done on one database; 0 and "" where there was nothing yet.

    `database` is the name it gave itself at its first start; a backup of it has the same.
    """

    database: str
    order_id: _Count = 0
    filled_order_id: _Count = 0
    audit_seq: _Count = 0
    audit_hash: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")] = ""


def read_note(path: Path) -> Mark | None:
    """Return the mark noted in a file, None when there is no file. Raises `UNREADABLE`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except FileNotFoundError:
        return None


class HighWater:
    """Reads a database's mark, and whether it still has what an earlier mark tells."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _NAME: Final = """
        WITH made AS (
            INSERT INTO controls (key, value, set_by, at_ns) VALUES ('database', $1, 'start', $2)
            ON CONFLICT (key) DO NOTHING RETURNING value
        )
        SELECT value FROM made UNION ALL SELECT value FROM controls WHERE key = 'database' LIMIT 1
    """

    async def name(self, now_ns: int) -> str:
        """Return the database's own name, given to it now when it has none."""
        told: str = await self._pool.fetchval(self._NAME, secrets.token_hex(16), now_ns)
        return told

    async def known_name(self) -> str:
        """Return the database's own name; empty when no process has started on it yet."""
        sql = "SELECT value FROM controls WHERE key = 'database'"
        return str(await self._pool.fetchval(sql) or "")

    # Each of these is one look into an index.
    _NOW: Final = """
        SELECT (SELECT coalesce(max(id), 0) FROM orders) AS order_id, seq, hash FROM audit_head
    """

    async def now(self, database: str, filled_order_id: int) -> Mark:
        """Return the mark as of now; `filled_order_id` is the newest that is known to be filled."""
        row = await self._pool.fetchrow(self._NOW)
        assert row is not None  # the head is never removed
        return Mark(
            database=database,
            order_id=row["order_id"],
            filled_order_id=filled_order_id,
            audit_seq=row["seq"],
            audit_hash=row["hash"].hex() if row["seq"] else "",
        )

    _HAS: Final = """
        SELECT $1 = 0 OR EXISTS (SELECT FROM orders WHERE id >= $1) AS orders,
            $2 = 0 OR EXISTS (SELECT FROM fills WHERE order_id = $2) AS fills,
            $3 = 0 OR EXISTS (SELECT FROM audit_log WHERE seq = $3 AND hash = $4) AS audit
    """

    async def missing(self, mark: Mark) -> list[str]:
        """Name what the mark tells of and the database has not; empty when it has all."""
        row = await self._pool.fetchrow(
            self._HAS,
            mark.order_id,
            mark.filled_order_id,
            mark.audit_seq,
            bytes.fromhex(mark.audit_hash),
        )
        assert row is not None  # a SELECT without FROM
        told = {
            "orders": f"order #{mark.order_id}",
            "fills": f"the fill of order #{mark.filled_order_id}",
            "audit": f"row {mark.audit_seq} of the audit log",
        }
        return [words for column, words in told.items() if not row[column]]
