"""What waits for a second person's word."""

from collections.abc import Sequence
from typing import Final

import msgspec

from vanta.store import text
from vanta.store.pool import Conn, Pool, Row


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A command that one person asked for and another has to agree to. `agreed_by` 0 = nobody."""

    id: int
    command: str
    args: tuple[str, ...]
    asked_by: int
    asked_ns: int
    expires_ns: int
    agreed_by: int = 0


class ApprovalRows:
    """Approvals by id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _SAME: Final = """
        SELECT * FROM approvals
        WHERE asked_by = $1 AND command = $2 AND args = $3 AND state = 'open' AND expires_ns > $4
        ORDER BY id LIMIT 1
    """
    _ASK: Final = """
        INSERT INTO approvals (command, args, asked_by, asked_ns, expires_ns)
        VALUES ($2, $3, $1, $4, $5) RETURNING *
    """

    async def ask(  # noqa: PLR0917  # one column each
        self,
        conn: Conn,
        asked_by: int,
        command: str,
        args: Sequence[str],
        now_ns: int,
        expires_ns: int,
    ) -> Approval:
        """Return the open request for this; a new one when there is none."""
        raw = text.json_bytes(list(args))
        row = await conn.fetchrow(self._SAME, asked_by, command, raw, now_ns)
        if row is None:
            row = await conn.fetchrow(self._ASK, asked_by, command, raw, now_ns, expires_ns)
        assert row is not None
        return _approval(row)

    _GET: Final = "SELECT * FROM approvals WHERE id = $1"

    async def get(self, conn: Conn, approval_id: int) -> Approval | None:
        """Return a request; None when there is none."""
        row = await conn.fetchrow(self._GET, approval_id)
        return None if row is None else _approval(row)

    # Of two who agree at once one changes the row; the other waits and then finds it agreed.
    _AGREE: Final = """
        UPDATE approvals SET state = 'agreed', agreed_by = $2, agreed_ns = $3
        WHERE id = $1 AND state = 'open' AND asked_by <> $2 AND expires_ns > $3
        RETURNING true
    """

    async def agree(self, conn: Conn, approval_id: int, agreed_by: int, now_ns: int) -> bool:
        """Agree, once; False when it is over, agreed already, or one's own."""
        return bool(await conn.fetchval(self._AGREE, approval_id, agreed_by, now_ns))

    _OPEN: Final = """
        SELECT * FROM approvals WHERE state = 'open' AND expires_ns > $1 ORDER BY id LIMIT 100
    """

    async def open(self, now_ns: int) -> list[Approval]:
        """Return what waits, oldest first."""
        return [_approval(row) for row in await self._pool.fetch(self._OPEN, now_ns)]


def _approval(row: Row) -> Approval:
    return Approval(
        id=row["id"],
        command=row["command"],
        args=tuple(msgspec.json.decode(row["args"], type=list[str])),
        asked_by=row["asked_by"],
        asked_ns=row["asked_ns"],
        expires_ns=row["expires_ns"],
        agreed_by=row["agreed_by"] or 0,
    )
