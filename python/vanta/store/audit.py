"""Who did what, append-only and chained: the database refuses changes, and the chain shows them."""

from typing import Any, Final

import msgspec

from vanta.domain.intent import new_trace_id
from vanta.store import text
from vanta.store.audit_chain import Chain, Link, Walk
from vanta.store.pool import Conn, Pool

BATCH: Final = 500  # hashed at once, while the event loop waits


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `seq` is its place in the chain, from 1 and without gaps."""

    id: int
    seq: int
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
        """Write an act; over-long or odd text is cut and defused, never a reason not to write.

        What nobody traces, an act of the process itself, gets a trace id of its own.
        Appends take turns until the end of their transaction: make it the last statement of one.
        """
        await (conn or self._pool).execute(
            self._APPEND,
            text.prose(actor, limit=text.ACTOR_LIMIT),
            text.prose(action, limit=text.NAME_LIMIT),
            text.prose(object, limit=text.REF_LIMIT),
            text.json_bytes(detail),
            text.prose(trace_id or new_trace_id(), limit=text.NAME_LIMIT),
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
                seq=row["seq"],
                at_ns=row["at_ns"],
                actor=row["actor"],
                action=row["action"],
                object=row["object"],
                detail=msgspec.json.decode(row["detail"]),
                trace_id=row["trace_id"],
            )
            for row in await self._pool.fetch(self._RECENT, limit, actor, action)
        ]

    _HEAD: Final = "SELECT seq, hash FROM audit_head"
    _CHAIN: Final = """
        SELECT seq, id, at_ns, actor, action, object, detail::text AS told, trace_id, prev_hash,
            hash
        FROM audit_log ORDER BY seq, id, at_ns
    """

    async def head(self) -> Link:
        """Return the newest place of the chain as the database has noted it."""
        row = await self._pool.fetchrow(self._HEAD)
        assert row is not None  # made by the migration, and no role may remove it
        return Link(seq=row["seq"], hash=row["hash"])

    async def verify(self, expect: Link | None = None) -> Chain:
        """Compute every hash again; `expect` is an earlier head that must still be there.

        Reads one snapshot in batches: appends go on meanwhile and are not part of it.
        """
        walk = Walk(expect)
        async with (
            self._pool.acquire() as conn,
            conn.transaction(isolation="repeatable_read", readonly=True),
        ):
            noted = await conn.fetchrow(self._HEAD)
            rows = await conn.cursor(self._CHAIN)
            while walk.broken is None and (batch := await rows.fetch(BATCH)):
                walk.over(batch)
        if noted is None:
            return walk.end(None)
        return walk.end(Link(seq=noted["seq"], hash=noted["hash"]))
