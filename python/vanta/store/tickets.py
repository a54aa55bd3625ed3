"""Tickets: the terms behind a button, used at most once, by whom they were made for."""

from enum import StrEnum
from typing import Final

import msgspec

from vanta.store import text
from vanta.store.pool import Pool, Row


class Take(StrEnum):
    """What a press found."""

    OK = "ok"
    USED = "used"
    EXPIRED = "expired"
    FOREIGN = "foreign"  # another user's, or pressed in another chat
    MISSING = "missing"


class TakeResult(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a press. `intent_json` only with OK, `order_id` only with USED (0 = not yet)."""

    status: Take
    intent_json: bytes = b""
    order_id: int = 0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A stored ticket. `used_ns` 0 = not used, `order_id` and `message_id` 0 = not known."""

    nonce: str
    user_id: int
    chat_id: int
    intent_json: bytes
    created_ns: int
    expires_ns: int
    used_ns: int
    order_id: int
    message_id: int


class Tickets:
    """Tickets by nonce."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _CREATE: Final = """
        INSERT INTO tickets (nonce, user_id, chat_id, intent, expires_ns, created_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
    """

    async def create(  # noqa: PLR0917  # one column each, in the order of the table
        self,
        nonce: str,
        user_id: int,
        chat_id: int,
        intent_json: bytes,
        expires_ns: int,
        now_ns: int,
    ) -> None:
        """Write a ticket. Raises `asyncpg.UniqueViolationError` when the nonce was used before."""
        await self._pool.execute(
            self._CREATE,
            text.name(nonce, field="nonce"),
            user_id,
            chat_id,
            text.json_bytes(intent_json),
            expires_ns,
            now_ns,
        )

    _ONCE: Final = """
        INSERT INTO tickets (nonce, user_id, chat_id, intent, expires_ns, created_ns, used_ns)
        VALUES ($1, $2, $3, '{}', $4, $4, $4) ON CONFLICT (nonce) DO NOTHING RETURNING nonce
    """

    async def once(self, nonce: str, user_id: int, chat_id: int, now_ns: int) -> bool:
        """Write a ticket that is used already; False when its nonce was known before.

        Of any number of deliveries of one message, one gets True.
        """
        row = await self._pool.fetchrow(
            self._ONCE, text.name(nonce, field="nonce"), user_id, chat_id, now_ns
        )
        return row is not None

    # One statement: of two presses one updates the row; the other waits for it, finds it used and
    # updates nothing. It may still *read* the row as it was before, so "used" is also what remains
    # when no other reason applies. Whose ticket it is comes first: a stranger learns nothing else.
    _TAKE: Final = """
        WITH taken AS (
            UPDATE tickets SET used_ns = $4
            WHERE nonce = $1 AND user_id = $2 AND chat_id = $3
              AND used_ns = 0 AND expires_ns > $4
            RETURNING nonce
        )
        SELECT CASE WHEN t.nonce IS NULL THEN 'missing'
                    WHEN t.user_id <> $2 OR t.chat_id <> $3 THEN 'foreign'
                    WHEN taken.nonce IS NOT NULL THEN 'ok'
                    WHEN t.used_ns = 0 AND t.expires_ns <= $4 THEN 'expired'
                    ELSE 'used' END AS status,
               t.intent, t.order_id
        FROM (SELECT $1::text AS nonce) asked
        LEFT JOIN tickets t USING (nonce)
        LEFT JOIN taken USING (nonce)
    """
    _ORDER_OF: Final = "SELECT order_id FROM tickets WHERE nonce = $1"

    async def take(self, nonce: str, user_id: int, chat_id: int, now_ns: int) -> TakeResult:
        """Use a ticket, atomically: of any number of presses one gets OK.

        The ticket is marked used before anything is sent. Any text may be asked for.
        """
        if text.prose(nonce, limit=text.NAME_LIMIT) != nonce:
            return TakeResult(status=Take.MISSING)
        row = await self._pool.fetchrow(self._TAKE, nonce, user_id, chat_id, now_ns)
        status = Take.MISSING if row is None else Take(row["status"])
        if row is None or status in (Take.MISSING, Take.FOREIGN, Take.EXPIRED):
            return TakeResult(status=status)
        if status is Take.OK:
            return TakeResult(status=status, intent_json=row["intent"])
        order_id = row["order_id"] or await self._pool.fetchval(self._ORDER_OF, nonce)
        return TakeResult(status=status, order_id=order_id or 0)

    _SET_ORDER: Final = "UPDATE tickets SET order_id = $2 WHERE nonce = $1"

    async def set_order(self, nonce: str, order_id: int) -> None:
        """Note which order a used ticket became."""
        await self._pool.execute(self._SET_ORDER, nonce, order_id)

    _SET_MESSAGE: Final = "UPDATE tickets SET message_id = $2 WHERE nonce = $1"

    async def set_message(self, nonce: str, message_id: int) -> None:
        """Note which message shows the ticket."""
        await self._pool.execute(self._SET_MESSAGE, nonce, message_id)

    _GET: Final = "SELECT * FROM tickets WHERE nonce = $1"

    async def get(self, nonce: str) -> Ticket | None:
        """Return a ticket; None when there is none (any text may be asked)."""
        if text.prose(nonce, limit=text.NAME_LIMIT) != nonce:
            return None
        row = await self._pool.fetchrow(self._GET, nonce)
        return None if row is None else _ticket(row)


def _ticket(row: Row) -> Ticket:
    return Ticket(
        nonce=row["nonce"],
        user_id=row["user_id"],
        chat_id=row["chat_id"],
        intent_json=row["intent"],
        created_ns=row["created_ns"],
        expires_ns=row["expires_ns"],
        used_ns=row["used_ns"],
        order_id=row["order_id"] or 0,
        message_id=row["message_id"] or 0,
    )
