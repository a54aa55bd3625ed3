"""Folding: the position that a fill leaves. Pure."""

import msgspec

from vanta import _core
from vanta.domain.enums import FillKind
from vanta.domain.intent import Intent
from vanta.domain.market import Market
from vanta.domain.order import Fill
from vanta.domain.position import Position


def opened(fill: Fill, market: Market) -> Position:
    """Make the position of an opening fill; the store gives it id and index."""
    return Position(
        id=0,
        venue=market.venue,
        mode=fill.mode,
        user_id=fill.user_id,
        market_ix=fill.market_ix,
        index=0,
        side=fill.side,
        entry_e10=fill.price_e10,
        collateral_e6=fill.collateral_e6,
        leverage_e10=fill.leverage_e10,
        liquidation_e10=_core.liquidation_price(
            entry_e10=fill.price_e10,
            collateral_e6=fill.collateral_e6,
            leverage_e10=fill.leverage_e10,
            is_long=fill.side.is_long,
            threshold_e10=market.liquidation_threshold_e10,
        ),
        take_profit_e10=fill.take_profit_e10,
        stop_loss_e10=fill.stop_loss_e10,
        fees_e6=fill.fee_e6,
        opened_ns=fill.at_ns,
    )


def reduced(position: Position, fill: Fill) -> Position:
    """Take a closing fill's share out of a position; nothing left means closed.

    Raises `ValueError` when the fill does not fit the position: it was made on an older state.
    """
    if fill.kind is FillKind.OPEN or not position.is_open:
        raise ValueError(f"position {position.id} is closed or the fill opens")
    left_e6 = position.collateral_e6 - fill.collateral_e6
    if left_e6 < 0:
        raise ValueError(
            f"position {position.id} holds {position.collateral_e6}, "
            f"the fill gives up {fill.collateral_e6}"
        )
    return msgspec.structs.replace(
        position,
        collateral_e6=left_e6,
        fees_e6=position.fees_e6 + fill.fee_e6,
        realised_e6=position.realised_e6 + fill.pnl_e6,
        closed_ns=fill.at_ns if left_e6 == 0 else 0,
        version=position.version + 1,
    )


def with_stops(position: Position, intent: Intent) -> Position:
    """Give a position the stops of a SET_STOPS intent (0 takes one away)."""
    return msgspec.structs.replace(
        position,
        take_profit_e10=intent.take_profit_e10,
        stop_loss_e10=intent.stop_loss_e10,
        version=position.version + 1,
    )
