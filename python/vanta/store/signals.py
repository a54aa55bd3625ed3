"""Signals as received: committed before they are acknowledged, decided once.

`SignalRow.body` is the canonical form of what was asked (see `vanta.domain.signal`); `body_hash` is
of the raw bytes that were signed. The unique key (provider, signal id) with that hash tells a
repeat (same hash) from a conflict (another hash).
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from vanta.domain.order import Order
from vanta.domain.units import I64_MAX
from vanta.store import text
from vanta.store.orders import order_of
from vanta.store.pool import Conn, Pool, Row

Key: TypeAlias = tuple[int, str]


class SignalStatus(StrEnum):
    """What became of a signal."""

    RECEIVED = "received"  # durable, not yet looked at
    ACCEPTED = "accepted"  # fanned out: see its orders
    REJECTED = "rejected"  # nothing it asked for could be done
    EXPIRED = "expired"  # too old when it was looked at; never traded
    SUPERSEDED = "superseded"  # a newer target replaced it


class Outcome(StrEnum):
    """What an insert found."""

    INSERTED = "inserted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class SignalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A verified signal about to be committed. Body at most 64 KiB, hash 32 bytes."""

    provider_id: int
    signal_id: str  # 1 to 64 characters
    key_id: str
    trace_id: str
    body: bytes
    body_hash: bytes
    received_ns: int
    verified_ns: int
    committed_ns: int  # when its batch was handed to the database
    expires_ns: int = 0  # 0 = never
    seq: int = 0  # the sender's own number; 0 = none

    @property
    def key(self) -> Key:
        return (self.provider_id, self.signal_id)


class SignalRecord(SignalRow, frozen=True, kw_only=True):
    """A stored signal."""

    status: SignalStatus
    deliveries: int
    decided_ns: int  # 0 = not yet


class InsertResult(msgspec.Struct, frozen=True, kw_only=True):
    """Answer for one row of a batch. The other fields are those of the first receipt."""

    outcome: Outcome
    trace_id: str
    received_ns: int
    committed_ns: int
    status: SignalStatus


class Signals:
    """Signals by (provider, id)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ON CONFLICT DO NOTHING would hide a row that another transaction commits while we wait for
    # it: it is neither inserted by us nor in our snapshot. DO UPDATE returns it whatever happens.
    # `deliveries` tells who was first: it equals our own count only where nobody was before us.
    # Keys go in sorted, so that two batches never wait for each other in a circle.
    _INSERT_MANY: Final = """
        WITH input AS (
            SELECT * FROM unnest(
                $1::integer[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
                $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]
            ) WITH ORDINALITY AS t (provider_id, signal_id, key_id, trace_id, body, body_hash,
                                    received_ns, verified_ns, committed_ns, expires_ns, seq, place)
        ), first AS (
            SELECT DISTINCT ON (provider_id, signal_id)
                *, count(*) OVER (PARTITION BY provider_id, signal_id) AS copies
            FROM input ORDER BY provider_id, signal_id, place
        ), stored AS (
            INSERT INTO signals AS s (provider_id, signal_id, key_id, trace_id, body, body_hash,
                                      received_ns, verified_ns, committed_ns, expires_ns, seq,
                                      deliveries)
            SELECT provider_id, signal_id, key_id, trace_id, body, body_hash,
                   received_ns, verified_ns, committed_ns, expires_ns, seq, copies
            FROM first ORDER BY provider_id, signal_id
            ON CONFLICT (provider_id, signal_id)
                DO UPDATE SET deliveries = s.deliveries + excluded.deliveries
            RETURNING provider_id, signal_id, trace_id, body_hash, received_ns, committed_ns,
                      status, deliveries
        )
        SELECT CASE WHEN stored.body_hash <> input.body_hash THEN 'conflict'
                    WHEN stored.deliveries = first.copies AND input.place = first.place
                        THEN 'inserted'
                    ELSE 'duplicate' END AS outcome,
               stored.trace_id, stored.received_ns, stored.committed_ns, stored.status
        FROM input
        JOIN first USING (provider_id, signal_id)
        JOIN stored USING (provider_id, signal_id)
        ORDER BY input.place
    """

    async def insert_many(self, rows: Sequence[SignalRow]) -> list[InsertResult]:
        """Commit a batch in one statement; one result a row, in order.

        When it returns, every row is durable. The same key may come several times in one batch.
        Raises `InputError` for text that cannot be stored; then nothing of the batch was.
        """
        if not rows:
            return []
        found = await self._pool.fetch(
            self._INSERT_MANY,
            [r.provider_id for r in rows],
            [text.name(r.signal_id, field="id") for r in rows],
            [text.name(r.key_id, field="key_id") for r in rows],
            [text.name(r.trace_id, field="trace_id") for r in rows],
            [r.body for r in rows],
            [r.body_hash for r in rows],
            [r.received_ns for r in rows],
            [r.verified_ns for r in rows],
            [r.committed_ns for r in rows],
            [r.expires_ns for r in rows],
            [r.seq for r in rows],
        )
        return [
            InsertResult(
                outcome=Outcome(row["outcome"]),
                trace_id=row["trace_id"],
                received_ns=row["received_ns"],
                committed_ns=row["committed_ns"],
                status=SignalStatus(row["status"]),
            )
            for row in found
        ]

    _GET: Final = "SELECT * FROM signals WHERE provider_id = $1 AND signal_id = $2"

    async def get(self, provider_id: int, signal_id: str) -> SignalRecord | None:
        """Return a signal; None when there is none (any text may be asked)."""
        if text.prose(signal_id, limit=text.NAME_LIMIT) != signal_id:
            return None
        row = await self._pool.fetchrow(self._GET, provider_id, signal_id)
        return None if row is None else _record(row)

    _LOAD_MANY: Final = """
        SELECT s.* FROM unnest($1::integer[], $2::text[]) WITH ORDINALITY AS k (p, i, place)
        JOIN signals s ON s.provider_id = k.p AND s.signal_id = k.i
        ORDER BY k.place
    """

    async def load_many(self, keys: Sequence[Key]) -> list[SignalRecord]:
        """Return the signals of `keys` in that order; unknown keys are left out."""
        rows = await self._pool.fetch(self._LOAD_MANY, *_split(keys))
        return [_record(row) for row in rows]

    _UNDECIDED: Final = """
        SELECT provider_id, signal_id FROM signals
        WHERE status = 'received' AND (received_ns < $1 OR received_ns > $3)
        ORDER BY received_ns LIMIT $2
    """

    async def undecided(
        self, older_than_ns: int, limit: int, *, now_ns: int = I64_MAX
    ) -> list[Key]:
        """Return keys received before the instant `older_than_ns` and not decided, oldest first.

        Those received "after" `now_ns` too: a clock set back must not hide them.
        """
        rows = await self._pool.fetch(self._UNDECIDED, older_than_ns, limit, now_ns)
        return [(row["provider_id"], row["signal_id"]) for row in rows]

    _WAITING: Final = "SELECT count(*) FROM signals WHERE status = 'received'"

    async def waiting(self) -> int:
        """Return how many signals are not decided yet."""
        count: int = await self._pool.fetchval(self._WAITING)
        return count

    _IS_ANY_UNDECIDED: Final = """
        SELECT EXISTS (
            SELECT FROM signals
            WHERE status = 'received' AND received_ns < $2 AND provider_id = $1
        )
    """

    async def is_any_undecided(self, provider_id: int, before_ns: int) -> bool:
        """Tell whether a signal of the provider received before `before_ns` is not decided."""
        found: bool = await self._pool.fetchval(self._IS_ANY_UNDECIDED, provider_id, before_ns)
        return found

    # `status = 'received'` lets exactly one of several deciders win. Rows are taken in the order
    # of their keys, as everywhere, so that sweeper and fan-out never wait in a circle.
    _DECIDED: Final = """
        WITH held AS (
            SELECT s.provider_id, s.signal_id, k.status
            FROM unnest($1::integer[], $2::text[], $3::text[]) AS k (provider_id, signal_id, status)
            JOIN signals s USING (provider_id, signal_id)
            WHERE s.status = 'received'
            ORDER BY s.provider_id, s.signal_id
            FOR NO KEY UPDATE OF s
        )
        UPDATE signals s SET status = held.status, decided_ns = $4 FROM held
        WHERE s.provider_id = held.provider_id AND s.signal_id = held.signal_id
        RETURNING s.provider_id, s.signal_id
    """

    async def decided(
        self,
        conn: Conn | None,
        keys: Sequence[Key],
        at_ns: int,
        statuses: Sequence[SignalStatus] | SignalStatus,
    ) -> list[Key]:
        """Write what became of signals, one status each or one for all.

        Returns the keys this call decided; those decided before are not among them.
        """
        each = [statuses] * len(keys) if isinstance(statuses, SignalStatus) else list(statuses)
        rows = await (conn or self._pool).fetch(
            self._DECIDED, *_split(keys), [str(status) for status in each], at_ns
        )
        return [(row["provider_id"], row["signal_id"]) for row in rows]

    _ORDERS_OF: Final = """
        SELECT * FROM orders WHERE signal_provider_id = $1 AND signal_id = $2 ORDER BY id
    """

    async def orders_of(self, provider_id: int, signal_id: str) -> list[Order]:
        """Return what a signal led to, refusals included."""
        if text.prose(signal_id, limit=text.NAME_LIMIT) != signal_id:
            return []
        rows = await self._pool.fetch(self._ORDERS_OF, provider_id, signal_id)
        return [order_of(row) for row in rows]

    _FIRST_SENT: Final = """
        SELECT coalesce(min(e.at_ns), 0) FROM orders o JOIN order_events e ON e.order_id = o.id
        WHERE o.signal_provider_id = $1 AND o.signal_id = $2 AND e.state = 'SENT'
    """

    async def first_sent_ns(self, provider_id: int, signal_id: str) -> int:
        """Return when the first order of a stored signal went to its venue; 0 = none has."""
        at_ns: int = await self._pool.fetchval(self._FIRST_SENT, provider_id, signal_id)
        return at_ns


def _split(keys: Sequence[Key]) -> tuple[list[int], list[str]]:
    return [provider_id for provider_id, _ in keys], [signal_id for _, signal_id in keys]


def _record(row: Row) -> SignalRecord:
    return SignalRecord(
        provider_id=row["provider_id"],
        signal_id=row["signal_id"],
        key_id=row["key_id"],
        trace_id=row["trace_id"],
        body=row["body"],
        body_hash=row["body_hash"],
        received_ns=row["received_ns"],
        verified_ns=row["verified_ns"],
        committed_ns=row["committed_ns"],
        expires_ns=row["expires_ns"],
        seq=row["seq"],
        status=SignalStatus(row["status"]),
        deliveries=row["deliveries"],
        decided_ns=row["decided_ns"],
    )
