"""Orders: one row for each intent, for ever; and the append-only story of each.

Methods that take `conn` run inside the caller's transaction (READ COMMITTED, the default).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from vanta.domain.enums import Action, Mode, OrderState, Side, Source
from vanta.domain.errors import NotFoundError
from vanta.domain.intent import Intent, SignalRef
from vanta.domain.order import Order
from vanta.domain.verdict import Verdict
from vanta.store import text
from vanta.store.pool import Conn, Pool, Row


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An answered intent about to be written: admitted (CREATED) or REFUSED."""

    intent: Intent
    mode: Mode
    state: OrderState
    verdict: Verdict
    created_ns: int
    quote_e10: int = 0
    quote_as_of_ns: int = 0
    quote_quality: int = 0
    reservation: int = 0  # handed through to the order, never stored


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step in the life of an order, as stored."""

    id: int
    order_id: int
    state: OrderState
    at_ns: int
    reason: str
    trace_id: str


class OpenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One past open, for the rolling windows of the risk book."""

    user_id: int
    at_ns: int
    notional_e6: int


class Orders:
    """Orders by id and by their intent's key (user, source, ref)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # Insert and first event are one statement: both or neither, in one round trip. Rows go in
    # sorted by key, so that two batches never wait for each other in a circle.
    _INSERT_MANY: Final = """
        WITH made AS (
            INSERT INTO orders (
                user_id, source, ref, action, trace_id, market_ix, side, collateral_e6,
                leverage_e10, take_profit_e10, stop_loss_e10, target_position_id, portion_e10,
                max_slippage_e10, guard_price_e10, expires_ns, signal_provider_id, signal_id,
                wanted_mode, mode, state, verdict, quote_e10, quote_as_of_ns, quote_quality,
                created_ns, updated_ns)
            SELECT t.*, t.created_ns FROM unnest(
                $1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
                $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
                $17::integer[], $18::text[], $19::text[], $20::text[], $21::text[], $22::jsonb[],
                $23::bigint[], $24::bigint[], $25::integer[], $26::bigint[]
            ) AS t (user_id, source, ref, action, trace_id, market_ix, side, collateral_e6,
                    leverage_e10, take_profit_e10, stop_loss_e10, target_position_id, portion_e10,
                    max_slippage_e10, guard_price_e10, expires_ns, signal_provider_id, signal_id,
                    wanted_mode, mode, state, verdict, quote_e10, quote_as_of_ns, quote_quality,
                    created_ns)
            ORDER BY user_id, source, ref
            ON CONFLICT (user_id, source, ref) DO NOTHING
            RETURNING id, user_id, source, ref, state, created_ns, trace_id
        ), told AS (
            INSERT INTO order_events (order_id, state, at_ns, trace_id)
            SELECT id, state, created_ns, trace_id FROM made
        )
        SELECT id, user_id, source, ref FROM made
    """
    # A second look with a new snapshot: sees what other transactions committed while we waited.
    _BY_KEYS: Final = """
        SELECT o.* FROM unnest($1::integer[], $2::text[], $3::text[]) AS k (user_id, source, ref)
        JOIN orders o USING (user_id, source, ref)
    """

    async def insert_many(
        self, drafts: Sequence[OrderDraft], conn: Conn | None = None
    ) -> list[Order]:
        """Write orders with their first event; one order a draft, in order.

        A key that was there before (or earlier in `drafts`) gives the stored order with
        `duplicate=True` and no reservation: the caller releases the draft's. Without `conn` all
        rows are durable when it returns. Raises `InputError` for a ref or trace id that cannot be
        stored (ref 1 to 200 characters, no NUL); then nothing was written.
        """
        if not drafts:
            return []
        first: dict[tuple[int, str, str], OrderDraft] = {}
        for draft in drafts:
            first.setdefault(_key(draft.intent), draft)
        run = conn or self._pool
        made_rows = await run.fetch(self._INSERT_MANY, *_columns(list(first.values())))
        made = {(r["user_id"], r["source"], r["ref"]): r["id"] for r in made_rows}
        missing = [key for key in first if key not in made]
        stored: dict[tuple[int, str, str], Order] = {}
        if missing:
            rows = await run.fetch(self._BY_KEYS, *map(list, zip(*missing, strict=True)))
            stored = {
                (r["user_id"], r["source"], r["ref"]): order_of(r, duplicate=True) for r in rows
            }
        answers = []
        for draft in drafts:
            key = _key(draft.intent)
            if key in made:
                answers.append(_made(made[key], first[key], duplicate=draft is not first[key]))
            else:
                answers.append(stored[key])
        return answers

    _BY_ID: Final = "SELECT * FROM orders WHERE id = $1"

    async def by_id(self, order_id: int) -> Order:
        """Return an order. Raises `NotFoundError`."""
        row = await self._pool.fetchrow(self._BY_ID, order_id)
        if row is None:
            raise NotFoundError(f"no order {order_id}")
        return order_of(row)

    _BY_KEY: Final = "SELECT * FROM orders WHERE user_id = $1 AND source = $2 AND ref = $3"

    async def by_key(self, user_id: int, source: Source, ref: str) -> Order | None:
        """Return the order an intent's key led to, if any."""
        if text.prose(ref, limit=text.REF_LIMIT) != ref:
            return None
        row = await self._pool.fetchrow(self._BY_KEY, user_id, source.value, ref)
        return None if row is None else order_of(row)

    _RECENT: Final = "SELECT * FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT $2"

    async def recent(self, user_id: int, limit: int) -> list[Order]:
        """Return a user's newest orders, newest first."""
        return [order_of(row) for row in await self._pool.fetch(self._RECENT, user_id, limit)]

    _UNFINISHED: Final = """
        SELECT * FROM orders
        WHERE state IN ('CREATED', 'SENT', 'UNKNOWN') AND mode = $1 ORDER BY id
    """

    async def unfinished(self, executor_mode: Mode) -> list[Order]:
        """Return what a restart must take up again, oldest first."""
        rows = await self._pool.fetch(self._UNFINISHED, executor_mode.value)
        return [order_of(row) for row in rows]

    _OLDEST_UNKNOWN: Final = "SELECT min(updated_ns) FROM orders WHERE state = 'UNKNOWN'"

    async def oldest_unknown_ns(self) -> int | None:
        """Return since when the oldest order of unknown outcome has had none."""
        since_ns: int | None = await self._pool.fetchval(self._OLDEST_UNKNOWN)
        return since_ns

    _MARK_SENT: Final = """
        WITH held AS (
            SELECT id FROM orders WHERE id = ANY ($1::bigint[]) AND state = 'CREATED'
            ORDER BY id FOR NO KEY UPDATE
        ), sent AS (
            UPDATE orders o SET state = 'SENT', updated_ns = $2 FROM held
            WHERE o.id = held.id
            RETURNING o.id, o.trace_id
        ), told AS (
            INSERT INTO order_events (order_id, state, at_ns, trace_id)
            SELECT id, 'SENT', $2, trace_id FROM sent
        )
        SELECT id FROM sent
    """

    async def mark_sent(
        self, ids: Sequence[int], at_ns: int, conn: Conn | None = None
    ) -> list[int]:
        """Move CREATED orders to SENT; return the ids that moved (others were further already)."""
        rows = await (conn or self._pool).fetch(self._MARK_SENT, list(ids), at_ns)
        return [row["id"] for row in rows]

    # A terminal state is never left, and UNKNOWN never goes back to SENT.
    _FINISH: Final = """
        WITH done AS (
            UPDATE orders SET state = $2, updated_ns = $3, position_id = coalesce($5, position_id)
            WHERE id = $1 AND state IN ('CREATED', 'SENT', 'UNKNOWN') AND state <> $2
            RETURNING *
        ), told AS (
            INSERT INTO order_events (order_id, state, at_ns, reason, trace_id)
            SELECT id, state, $3, $4, trace_id FROM done
        )
        SELECT * FROM done
    """

    async def finish(  # noqa: PLR0917  # what every end of an order needs
        self,
        conn: Conn,
        order_id: int,
        state: OrderState,
        at_ns: int,
        reason: str = "",
        position_id: int = 0,
    ) -> Order | None:
        """Move an order to a terminal state or UNKNOWN and tell why.

        None when it was terminal, or in that state, before.
        """
        row = await conn.fetchrow(
            self._FINISH, order_id, state.value, at_ns, text.prose(reason), position_id or None
        )
        return None if row is None else order_of(row)

    _EVENTS: Final = "SELECT * FROM order_events WHERE order_id = $1 ORDER BY id"

    async def events(self, order_id: int) -> list[EventRow]:
        """Return the story of an order, oldest first."""
        return [_event(row) for row in await self._pool.fetch(self._EVENTS, order_id)]

    # Notional rounds down, as the core does. What was refused or never happened does not count.
    _OPENS_SINCE: Final = """
        SELECT user_id, created_ns,
               div(collateral_e6::numeric * leverage_e10, 10000000000)::bigint AS notional_e6
        FROM orders
        WHERE action = 'open' AND state <> 'REFUSED' AND created_ns >= $1
          AND state IN ('CREATED', 'SENT', 'UNKNOWN', 'FILLED')
        ORDER BY created_ns, id
    """

    async def opens_since(self, since_ns: int) -> list[OpenRow]:
        """Return opens that count towards rolling limits, oldest first."""
        return [
            OpenRow(user_id=r["user_id"], at_ns=r["created_ns"], notional_e6=r["notional_e6"])
            for r in await self._pool.fetch(self._OPENS_SINCE, since_ns)
        ]


def _key(intent: Intent) -> tuple[int, str, str]:
    return (intent.user_id, intent.source.value, intent.ref)


def _columns(drafts: Sequence[OrderDraft]) -> list[list[object]]:
    intents = [draft.intent for draft in drafts]
    return [
        [i.user_id for i in intents],
        [i.source.value for i in intents],
        [text.name(i.ref, field="ref", limit=text.REF_LIMIT) for i in intents],
        [i.action.value for i in intents],
        [text.name(i.trace_id, field="trace_id") for i in intents],
        [i.market_ix for i in intents],
        [None if i.side is None else i.side.value for i in intents],
        [i.collateral_e6 for i in intents],
        [i.leverage_e10 for i in intents],
        [i.take_profit_e10 for i in intents],
        [i.stop_loss_e10 for i in intents],
        [i.position_id for i in intents],
        [i.portion_e10 for i in intents],
        [i.max_slippage_e10 for i in intents],
        [i.guard_price_e10 for i in intents],
        [i.expires_ns for i in intents],
        [None if i.signal is None else i.signal.provider_id for i in intents],
        [None if i.signal is None else i.signal.signal_id for i in intents],
        [i.mode.value for i in intents],
        [d.mode.value for d in drafts],
        [d.state.value for d in drafts],
        [text.json_bytes(d.verdict) for d in drafts],
        [d.quote_e10 for d in drafts],
        [d.quote_as_of_ns for d in drafts],
        [d.quote_quality for d in drafts],
        [d.created_ns for d in drafts],
    ]


def _made(order_id: int, draft: OrderDraft, *, duplicate: bool) -> Order:
    return Order(
        id=order_id,
        intent=draft.intent,
        mode=draft.mode,
        state=draft.state,
        verdict=draft.verdict,
        quote_e10=draft.quote_e10,
        quote_as_of_ns=draft.quote_as_of_ns,
        quote_quality=draft.quote_quality,
        reservation=0 if duplicate else draft.reservation,
        created_ns=draft.created_ns,
        updated_ns=draft.created_ns,
        duplicate=duplicate,
    )


def order_of(row: Row, *, duplicate: bool = False) -> Order:
    """Build an order from a row of `orders`."""
    signal = None
    if row["signal_id"] is not None:
        signal = SignalRef(provider_id=row["signal_provider_id"], signal_id=row["signal_id"])
    intent = Intent(
        user_id=row["user_id"],
        source=Source(row["source"]),
        ref=row["ref"],
        action=Action(row["action"]),
        trace_id=row["trace_id"],
        market_ix=row["market_ix"],
        side=None if row["side"] is None else Side(row["side"]),
        collateral_e6=row["collateral_e6"],
        leverage_e10=row["leverage_e10"],
        take_profit_e10=row["take_profit_e10"],
        stop_loss_e10=row["stop_loss_e10"],
        position_id=row["target_position_id"],
        portion_e10=row["portion_e10"],
        max_slippage_e10=row["max_slippage_e10"],
        guard_price_e10=row["guard_price_e10"],
        expires_ns=row["expires_ns"],
        signal=signal,
        mode=Mode(row["wanted_mode"]),
    )
    return Order(
        id=row["id"],
        intent=intent,
        mode=Mode(row["mode"]),
        state=OrderState(row["state"]),
        verdict=msgspec.json.decode(row["verdict"], type=Verdict),
        quote_e10=row["quote_e10"],
        quote_as_of_ns=row["quote_as_of_ns"],
        quote_quality=row["quote_quality"],
        created_ns=row["created_ns"],
        updated_ns=row["updated_ns"],
        position_id=row["position_id"] or 0,
        duplicate=duplicate,
    )


def _event(row: Row) -> EventRow:
    return EventRow(
        id=row["id"],
        order_id=row["order_id"],
        state=OrderState(row["state"]),
        at_ns=row["at_ns"],
        reason=row["reason"],
        trace_id=row["trace_id"],
    )
