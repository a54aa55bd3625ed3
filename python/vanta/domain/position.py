"""Positions and how they look at a price."""

import msgspec

from vanta import _core
from vanta.domain.enums import Mode, Side
from vanta.domain.units import ONE_E10


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """An isolated-margin position. `collateral_e6` 0 means closed."""

    id: int
    venue: str
    mode: Mode
    user_id: int
    market_ix: int
    index: int
    side: Side
    entry_e10: int
    collateral_e6: int
    leverage_e10: int
    liquidation_e10: int
    take_profit_e10: int = 0
    stop_loss_e10: int = 0
    fees_e6: int = 0
    realised_e6: int = 0
    opened_ns: int = 0
    closed_ns: int = 0  # 0 = open
    version: int = 1  # grows with each change; part of a trigger's key

    @property
    def is_open(self) -> bool:
        return self.closed_ns == 0


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A position at a mark: what people look at."""

    position: Position
    mark_e10: int  # 0 = no usable price
    notional_e6: int
    pnl_e6: int
    pnl_ratio_e10: int  # of collateral
    liquidation_distance_e10: int  # share of the mark, 0 when unknown
    protected_by: str  # "venue stop" | "Vanta stop" | "Vanta buffer" | "nobody"


def view(position: Position, *, mark_e10: int, protected_by: str) -> PositionView:
    """Compute what a position is worth at `mark_e10` (0 = unknown)."""
    notional_e6 = _core.notional(
        collateral_e6=position.collateral_e6, leverage_e10=position.leverage_e10
    )
    pnl_e6 = 0
    distance_e10 = 0
    if mark_e10 and position.is_open:
        pnl_e6 = _core.pnl(
            entry_e10=position.entry_e10,
            price_e10=mark_e10,
            collateral_e6=position.collateral_e6,
            leverage_e10=position.leverage_e10,
            is_long=position.side.is_long,
        )
        distance_e10 = abs(mark_e10 - position.liquidation_e10) * ONE_E10 // mark_e10
    ratio = pnl_e6 * ONE_E10 // position.collateral_e6 if position.collateral_e6 else 0
    return PositionView(
        position=position,
        mark_e10=mark_e10,
        notional_e6=notional_e6,
        pnl_e6=pnl_e6,
        pnl_ratio_e10=ratio,
        liquidation_distance_e10=distance_e10,
        protected_by=protected_by,
    )
