"""Fills: what the venue did, once each."""

from typing import Final

from vanta.domain.enums import FillKind, Mode, Side
from vanta.domain.order import Fill
from vanta.store import text
from vanta.store.pool import Conn, Pool, Row


class Fills:
    """Fills by their identity (chain, tx_hash, ordinal)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _INSERT: Final = """
        INSERT INTO fills (chain, tx_hash, ordinal, order_id, user_id, mode, kind, market_ix, side,
                           position_id, price_e10, mark_e10, collateral_e6, leverage_e10,
                           notional_e6, fee_e6, pnl_e6, cash_delta_e6, take_profit_e10,
                           stop_loss_e10, at_ns)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21)
        ON CONFLICT (chain, tx_hash, ordinal) DO NOTHING
        RETURNING ordinal
    """

    async def insert(self, conn: Conn, fill: Fill) -> bool:
        """Write a fill; False when it was seen before (then nothing else may be applied).

        Waits for another transaction that is writing the same fill, and learns how it ended.
        """
        made = await conn.fetchval(
            self._INSERT,
            text.name(fill.chain, field="chain", limit=32),
            fill.tx_hash,
            fill.ordinal,
            fill.order_id or None,
            fill.user_id,
            fill.mode.value,
            fill.kind.value,
            fill.market_ix,
            fill.side.value,
            fill.position_id or None,
            fill.price_e10,
            fill.mark_e10,
            fill.collateral_e6,
            fill.leverage_e10,
            fill.notional_e6,
            fill.fee_e6,
            fill.pnl_e6,
            fill.cash_delta_e6,
            fill.take_profit_e10,
            fill.stop_loss_e10,
            fill.at_ns,
        )
        return made is not None

    _OF_ORDER: Final = "SELECT * FROM fills WHERE order_id = $1 ORDER BY at_ns, ordinal"

    async def of_order(self, order_id: int) -> list[Fill]:
        """Return the fills of an order, oldest first."""
        return [_fill(row) for row in await self._pool.fetch(self._OF_ORDER, order_id)]

    _OF_USER: Final = """
        SELECT * FROM fills WHERE user_id = $1 AND at_ns >= $2 ORDER BY at_ns, ordinal
    """

    async def of_user(self, user_id: int, since_ns: int) -> list[Fill]:
        """Return a user's fills from `since_ns` on, oldest first."""
        return [_fill(row) for row in await self._pool.fetch(self._OF_USER, user_id, since_ns)]

    _OF_POSITION: Final = "SELECT * FROM fills WHERE position_id = $1 ORDER BY at_ns, ordinal"

    async def of_position(self, position_id: int) -> list[Fill]:
        """Return the fills that made a position, oldest first."""
        return [_fill(row) for row in await self._pool.fetch(self._OF_POSITION, position_id)]


def _fill(row: Row) -> Fill:
    return Fill(
        chain=row["chain"],
        tx_hash=row["tx_hash"],
        ordinal=row["ordinal"],
        order_id=row["order_id"] or 0,
        user_id=row["user_id"],
        mode=Mode(row["mode"]),
        kind=FillKind(row["kind"]),
        market_ix=row["market_ix"],
        side=Side(row["side"]),
        position_id=row["position_id"] or 0,
        price_e10=row["price_e10"],
        mark_e10=row["mark_e10"],
        collateral_e6=row["collateral_e6"],
        leverage_e10=row["leverage_e10"],
        notional_e6=row["notional_e6"],
        fee_e6=row["fee_e6"],
        pnl_e6=row["pnl_e6"],
        cash_delta_e6=row["cash_delta_e6"],
        take_profit_e10=row["take_profit_e10"],
        stop_loss_e10=row["stop_loss_e10"],
        at_ns=row["at_ns"],
    )
