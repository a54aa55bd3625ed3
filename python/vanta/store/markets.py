"""Venue facts: one row a tradable pair."""

from collections.abc import Sequence
from typing import Final

from vanta.domain.market import Market
from vanta.store import text
from vanta.store.pool import Pool, Row


class Markets:
    """Markets of all venues, written from what the venue says."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _ALL: Final = "SELECT * FROM markets ORDER BY venue, market_ix"

    async def all(self) -> list[Market]:
        """Return all markets, by venue and index."""
        return [_market(row) for row in await self._pool.fetch(self._ALL)]

    _UPSERT: Final = """
        INSERT INTO markets (
            venue, market_ix, symbol, min_leverage_e10, max_leverage_e10, min_notional_e6,
            liquidation_threshold_e10, open_fee_e10, close_fee_e10, spread_e10,
            min_price_e10, max_price_e10, is_open)
        SELECT * FROM unnest(
            $1::text[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
            $11::bigint[], $12::bigint[], $13::boolean[])
        ON CONFLICT (venue, market_ix) DO UPDATE SET
            symbol = excluded.symbol,
            min_leverage_e10 = excluded.min_leverage_e10,
            max_leverage_e10 = excluded.max_leverage_e10,
            min_notional_e6 = excluded.min_notional_e6,
            liquidation_threshold_e10 = excluded.liquidation_threshold_e10,
            open_fee_e10 = excluded.open_fee_e10,
            close_fee_e10 = excluded.close_fee_e10,
            spread_e10 = excluded.spread_e10,
            min_price_e10 = excluded.min_price_e10,
            max_price_e10 = excluded.max_price_e10,
            is_open = excluded.is_open
    """

    async def upsert(self, markets: Sequence[Market]) -> None:
        """Write markets as they are now; each (venue, ix) at most once in `markets`."""
        await self._pool.execute(
            self._UPSERT,
            [text.name(m.venue, field="venue", limit=32) for m in markets],
            [m.ix for m in markets],
            [text.name(m.symbol, field="symbol", limit=32) for m in markets],
            [m.min_leverage_e10 for m in markets],
            [m.max_leverage_e10 for m in markets],
            [m.min_notional_e6 for m in markets],
            [m.liquidation_threshold_e10 for m in markets],
            [m.open_fee_e10 for m in markets],
            [m.close_fee_e10 for m in markets],
            [m.spread_e10 for m in markets],
            [m.min_price_e10 for m in markets],
            [m.max_price_e10 for m in markets],
            [m.is_open for m in markets],
        )


def _market(row: Row) -> Market:
    return Market(
        ix=row["market_ix"],
        venue=row["venue"],
        symbol=row["symbol"],
        min_leverage_e10=row["min_leverage_e10"],
        max_leverage_e10=row["max_leverage_e10"],
        min_notional_e6=row["min_notional_e6"],
        liquidation_threshold_e10=row["liquidation_threshold_e10"],
        open_fee_e10=row["open_fee_e10"],
        close_fee_e10=row["close_fee_e10"],
        spread_e10=row["spread_e10"],
        min_price_e10=row["min_price_e10"],
        max_price_e10=row["max_price_e10"],
        is_open=row["is_open"],
    )
