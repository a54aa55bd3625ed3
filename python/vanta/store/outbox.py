"""Messages owed to people: written with what they tell about, sent later, each once."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from vanta.store import text
from vanta.store.pool import Conn, Pool

MONEY: Final = 0
RISK: Final = 1
REPLY: Final = 2
DIGEST: Final = 3


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message to send. `body` is what was put, decoded from JSON."""

    id: int
    dedup_key: str
    user_id: int
    kind: str
    priority: int
    body: Any
    created_ns: int


class Outbox:
    """A queue in Postgres, so that it commits with the fact it tells."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _PUT: Final = """
        INSERT INTO outbox (dedup_key, user_id, kind, priority, body, created_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (dedup_key) DO NOTHING RETURNING id
    """

    async def put(  # noqa: PLR0917  # one column each, in the order of the table
        self,
        conn: Conn | None,
        dedup_key: str,
        user_id: int,
        kind: str,
        priority: int,
        body: Any,
        now_ns: int,
    ) -> bool:
        """Queue a message; False when its key was queued before, whatever became of it.

        `body` is a struct, dict, list or text for JSON, or bytes that are JSON. `priority` 0 to 9,
        lower first. Raises `InputError` for a key over 200 characters or with a NUL.
        """
        made = await (conn or self._pool).fetchval(
            self._PUT,
            text.name(dedup_key, field="dedup_key", limit=text.REF_LIMIT),
            user_id,
            text.name(kind, field="kind"),
            priority,
            text.json_bytes(body),
            now_ns,
        )
        return made is not None

    _PUT_TO_ROLES: Final = """
        INSERT INTO outbox (dedup_key, user_id, kind, priority, body, created_ns)
        SELECT $1 || ':' || id, id, $2, $3, $4, $5 FROM users
        WHERE role = ANY ($6::text[]) AND standing = 'active' AND telegram_id IS NOT NULL
          AND id <> $7
        ON CONFLICT (dedup_key) DO NOTHING
    """

    async def put_to_roles(  # noqa: PLR0917  # one column each, in the order of the table
        self,
        conn: Conn | None,
        dedup_prefix: str,
        roles: Iterable[str],
        kind: str,
        priority: int,
        body: Any,
        now_ns: int,
        *,
        but: int = 0,
    ) -> None:
        """Queue a message to everybody of these roles who can be reached, each once.

        `but` names the one user who needs no telling.
        """
        await (conn or self._pool).execute(
            self._PUT_TO_ROLES,
            text.name(dedup_prefix, field="dedup_key", limit=text.REF_LIMIT - 12),
            text.name(kind, field="kind"),
            priority,
            text.json_bytes(body),
            now_ns,
            list(roles),
            but,
        )

    _PENDING: Final = """
        SELECT id, dedup_key, user_id, kind, priority, body, created_ns FROM outbox
        WHERE state = 'pending' ORDER BY priority, id LIMIT $1
    """

    async def pending(self, limit: int) -> list[OutboxRow]:
        """Return what waits, most urgent first, then oldest."""
        return [
            OutboxRow(
                id=row["id"],
                dedup_key=row["dedup_key"],
                user_id=row["user_id"],
                kind=row["kind"],
                priority=row["priority"],
                body=msgspec.json.decode(row["body"]),
                created_ns=row["created_ns"],
            )
            for row in await self._pool.fetch(self._PENDING, limit)
        ]

    _WAITING: Final = "SELECT count(*) FROM outbox WHERE state = 'pending'"

    async def waiting(self) -> int:
        """Return how many messages wait."""
        count: int = await self._pool.fetchval(self._WAITING)
        return count

    _SENT: Final = """
        UPDATE outbox SET state = 'sent', sent_ns = $2 WHERE id = $1 AND state = 'pending'
    """

    async def sent(self, message_id: int, at_ns: int) -> None:
        """Mark a message delivered."""
        await self._pool.execute(self._SENT, message_id, at_ns)

    _OLDEST: Final = "SELECT min(created_ns) FROM outbox WHERE state = 'pending'"

    async def oldest_pending_ns(self) -> int | None:
        """Return since when the oldest message waits; None when none does."""
        since_ns: int | None = await self._pool.fetchval(self._OLDEST)
        return since_ns

    _FAILED: Final = """
        UPDATE outbox SET state = 'failed', reason = $2 WHERE id = $1 AND state = 'pending'
    """

    async def failed(self, message_id: int, reason: str) -> None:
        """Give a message up for good (the person blocked the bot); it is not tried again."""
        await self._pool.execute(self._FAILED, message_id, text.prose(reason))
