"""Who did what, append-only: the database itself refuses to change or remove a row."""

from typing import Any, Final

import msgspec

from vanta.store import text
from vanta.store.pool import Conn, Pool


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    id: int
    at_ns: int
    actor: str
    action: str
    object: str
    detail: Any
    trace_id: str


class Audit:
    """The audit log."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _APPEND: Final = """
        INSERT INTO audit_log (actor, action, object, detail, trace_id, at_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
    """

    async def append(  # noqa: PLR0917  # one column each, in the order of the table
        self,
        conn: Conn | None,
        actor: str,
        action: str,
        object: str,  # the log's own word
        detail: Any,
        trace_id: str,
        at_ns: int,
    ) -> None:
        """Write an act; over-long or odd text is cut and defused, never a reason not to write."""
        await (conn or self._pool).execute(
            self._APPEND,
            text.prose(actor, limit=text.ACTOR_LIMIT),
            text.prose(action, limit=text.NAME_LIMIT),
            text.prose(object, limit=text.REF_LIMIT),
            text.json_bytes(detail),
            text.prose(trace_id, limit=text.NAME_LIMIT),
            at_ns,
        )

    _RECENT: Final = """
        SELECT * FROM audit_log
        WHERE ($2 = '' OR actor = $2) AND ($3 = '' OR starts_with(action, $3))
        ORDER BY at_ns DESC, id DESC LIMIT $1
    """

    async def recent(self, limit: int, *, actor: str = "", action: str = "") -> list[AuditRow]:
        """Return the newest acts, newest first: of one actor, or whose action starts so."""
        return [
            AuditRow(
                id=row["id"],
                at_ns=row["at_ns"],
                actor=row["actor"],
                action=row["action"],
                object=row["object"],
                detail=msgspec.json.decode(row["detail"]),
                trace_id=row["trace_id"],
            )
            for row in await self._pool.fetch(self._RECENT, limit, actor, action)
        ]
