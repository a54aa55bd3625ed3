"""Positions, open and closed."""

from typing import Final

from vanta.domain.enums import Mode, Side
from vanta.domain.errors import NotFoundError
from vanta.domain.position import Position
from vanta.store.pool import Conn, Pool, Row


class Positions:
    """Positions by id; each keeps its index within (venue, mode, user, market) for ever."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _OPEN_OF: Final = "SELECT * FROM positions WHERE user_id = $1 AND closed_ns = 0 ORDER BY id"

    async def open_of(self, user_id: int) -> list[Position]:
        """Return a user's open positions, oldest first."""
        return [_position(row) for row in await self._pool.fetch(self._OPEN_OF, user_id)]

    _ALL_OPEN: Final = "SELECT * FROM positions WHERE closed_ns = 0 ORDER BY id"

    async def all_open(self) -> list[Position]:
        """Return every open position, oldest first."""
        return [_position(row) for row in await self._pool.fetch(self._ALL_OPEN)]

    _GET: Final = "SELECT * FROM positions WHERE id = $1"

    async def get(self, position_id: int) -> Position:
        """Return a position, open or closed. Raises `NotFoundError`."""
        row = await self._pool.fetchrow(self._GET, position_id)
        if row is None:
            raise NotFoundError(f"no position {position_id}")
        return _position(row)

    _LOCK: Final = "SELECT * FROM positions WHERE id = $1 FOR UPDATE"

    async def lock(self, conn: Conn, position_id: int) -> Position | None:
        """Return a position and hold it until the transaction ends."""
        row = await conn.fetchrow(self._LOCK, position_id)
        return None if row is None else _position(row)

    # The index is the highest so far plus one. The lock comes in a statement of its own: the next
    # one then sees what the transaction before us wrote.
    _LOCK_INDEX: Final = """
        SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('|', $1::text, $2::text), $3))
    """
    _INSERT: Final = """
        INSERT INTO positions (venue, mode, user_id, market_ix, index, side, entry_e10,
                               collateral_e6, leverage_e10, liquidation_e10, take_profit_e10,
                               stop_loss_e10, fees_e6, realised_e6, opened_ns, closed_ns, version)
        SELECT $1, $2, $3, $4, coalesce(max(index) + 1, 0), $5, $6, $7, $8, $9, $10, $11, $12,
               $13, $14, $15, $16
        FROM positions WHERE venue = $1 AND mode = $2 AND user_id = $3 AND market_ix = $4
        RETURNING *
    """

    async def insert(self, conn: Conn, position: Position) -> Position:
        """Write a new position; its `id` and `index` are given here, whatever they say."""
        await conn.execute(self._LOCK_INDEX, position.venue, position.mode.value, position.user_id)
        row = await conn.fetchrow(
            self._INSERT,
            position.venue,
            position.mode.value,
            position.user_id,
            position.market_ix,
            position.side.value,
            position.entry_e10,
            position.collateral_e6,
            position.leverage_e10,
            position.liquidation_e10,
            position.take_profit_e10,
            position.stop_loss_e10,
            position.fees_e6,
            position.realised_e6,
            position.opened_ns,
            position.closed_ns,
            position.version,
        )
        if row is None:
            raise NotFoundError("the position was not written")
        return _position(row)

    _UPDATE: Final = """
        UPDATE positions SET
            entry_e10 = $3, collateral_e6 = $4, leverage_e10 = $5, liquidation_e10 = $6,
            take_profit_e10 = $7, stop_loss_e10 = $8, fees_e6 = $9, realised_e6 = $10,
            closed_ns = $11, version = $2
        WHERE id = $1 AND version = $2 - 1
        RETURNING *
    """

    async def update(self, conn: Conn, position: Position) -> Position:
        """Write a changed position, whose version is one more than what was read.

        Raises `NotFoundError` when somebody changed it since: lock it before reading.
        """
        row = await conn.fetchrow(
            self._UPDATE,
            position.id,
            position.version,
            position.entry_e10,
            position.collateral_e6,
            position.leverage_e10,
            position.liquidation_e10,
            position.take_profit_e10,
            position.stop_loss_e10,
            position.fees_e6,
            position.realised_e6,
            position.closed_ns,
        )
        if row is None:
            raise NotFoundError(f"position {position.id} is not at version {position.version - 1}")
        return _position(row)


def _position(row: Row) -> Position:
    return Position(
        id=row["id"],
        venue=row["venue"],
        mode=Mode(row["mode"]),
        user_id=row["user_id"],
        market_ix=row["market_ix"],
        index=row["index"],
        side=Side(row["side"]),
        entry_e10=row["entry_e10"],
        collateral_e6=row["collateral_e6"],
        leverage_e10=row["leverage_e10"],
        liquidation_e10=row["liquidation_e10"],
        take_profit_e10=row["take_profit_e10"],
        stop_loss_e10=row["stop_loss_e10"],
        fees_e6=row["fees_e6"],
        realised_e6=row["realised_e6"],
        opened_ns=row["opened_ns"],
        closed_ns=row["closed_ns"],
        version=row["version"],
    )
