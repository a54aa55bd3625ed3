"""What the paper venue does to money: pure functions from an order and a price to a fill.

Identity that holds for every fill, to the unit:
    cash_delta = collateral + pnl - fee   (a close or liquidation)
    cash_delta = -(collateral + fee)      (an open)
so that deposits + sum(pnl) - sum(fees) = cash + margin at any time.
"""

import hashlib
from typing import Final

from vanta import _core
from vanta.domain.enums import FillKind, Side
from vanta.domain.market import Market
from vanta.domain.order import Fill, Order
from vanta.domain.position import Position
from vanta.domain.units import ONE_E10

CHAIN: Final = "paper"


def order_hash(order_id: int) -> bytes:
    """Derive the transaction hash of an order's fill: the same on every delivery."""
    return hashlib.sha256(b"vanta/paper/order/%d" % order_id).digest()


def liquidation_hash(position: Position) -> bytes:
    """Derive the transaction hash of a liquidation: one per state of a position."""
    text = f"vanta/paper/liquidation/{position.id}/{position.version}"
    return hashlib.sha256(text.encode()).digest()


def open_fill(order: Order, market: Market, *, mark_e10: int, at_ns: int) -> Fill:
    """Fill an open at `mark_e10` worsened by the spread; the fee comes on top of the collateral."""
    intent = order.intent
    side = intent.side
    if side is None:
        raise ValueError(f"order {order.id} opens without a side")
    notional_e6 = _core.notional(
        collateral_e6=intent.collateral_e6, leverage_e10=intent.leverage_e10
    )
    fee_e6 = _core.fee(notional_e6=notional_e6, rate_e10=market.open_fee_e10)
    return Fill(
        chain=CHAIN,
        tx_hash=order_hash(order.id),
        ordinal=0,
        order_id=order.id,
        user_id=intent.user_id,
        mode=order.mode,
        kind=FillKind.OPEN,
        market_ix=market.ix,
        side=side,
        position_id=0,
        price_e10=_core.execution_price(
            price_e10=mark_e10,
            spread_e10=market.spread_e10,
            is_long=side is Side.LONG,
            is_open=True,
        ),
        mark_e10=mark_e10,
        collateral_e6=intent.collateral_e6,
        leverage_e10=intent.leverage_e10,
        notional_e6=notional_e6,
        fee_e6=fee_e6,
        pnl_e6=0,
        cash_delta_e6=-(intent.collateral_e6 + fee_e6),
        at_ns=at_ns,
        take_profit_e10=intent.take_profit_e10,
        stop_loss_e10=intent.stop_loss_e10,
    )


def close_share_e6(position: Position, portion_e10: int) -> int:
    """Collateral that a close of `portion_e10` gives up, rounded down; the whole at 1.0."""
    if portion_e10 >= ONE_E10:
        return position.collateral_e6
    return position.collateral_e6 * portion_e10 // ONE_E10


def close_fill(
    order: Order, position: Position, market: Market, *, mark_e10: int, at_ns: int
) -> Fill:
    """Close `portion_e10` of a position at `mark_e10` worsened by the spread.

    When what is left after loss and fee is not more than the share that the venue keeps on a
    liquidation (1 - threshold), it pays nothing: the whole share is lost.
    """
    is_long = position.side is Side.LONG
    share_e6 = close_share_e6(position, order.intent.portion_e10)
    price_e10 = _core.execution_price(
        price_e10=mark_e10, spread_e10=market.spread_e10, is_long=is_long, is_open=False
    )
    notional_e6 = _core.notional(collateral_e6=share_e6, leverage_e10=position.leverage_e10)
    fee_e6 = _core.fee(notional_e6=notional_e6, rate_e10=market.close_fee_e10)
    pnl_e6 = _core.pnl(
        entry_e10=position.entry_e10,
        price_e10=price_e10,
        collateral_e6=share_e6,
        leverage_e10=position.leverage_e10,
        is_long=is_long,
    )
    value_e6 = share_e6 + pnl_e6 - fee_e6
    if value_e6 <= kept_by_venue_e6(share_e6, market):
        # No fee is charged on a payout of nothing; booking the whole share as loss keeps the sums.
        pnl_e6, fee_e6, value_e6 = -share_e6, 0, 0
    return Fill(
        chain=CHAIN,
        tx_hash=order_hash(order.id),
        ordinal=0,
        order_id=order.id,
        user_id=position.user_id,
        mode=position.mode,
        kind=FillKind.CLOSE,
        market_ix=market.ix,
        side=position.side,
        position_id=position.id,
        price_e10=price_e10,
        mark_e10=mark_e10,
        collateral_e6=share_e6,
        leverage_e10=position.leverage_e10,
        notional_e6=notional_e6,
        fee_e6=fee_e6,
        pnl_e6=pnl_e6,
        cash_delta_e6=value_e6,
        at_ns=at_ns,
    )


def liquidation_fill(order: Order, position: Position, *, mark_e10: int, at_ns: int) -> Fill:
    """Liquidate a position at its formula price.

    There the loss alone is collateral x threshold, so the value is at most what the venue keeps
    and nothing is paid out.
    """
    return Fill(
        chain=CHAIN,
        tx_hash=liquidation_hash(position),
        ordinal=0,
        order_id=order.id,
        user_id=position.user_id,
        mode=position.mode,
        kind=FillKind.LIQUIDATION,
        market_ix=position.market_ix,
        side=position.side,
        position_id=position.id,
        price_e10=position.liquidation_e10,
        mark_e10=mark_e10,
        collateral_e6=position.collateral_e6,
        leverage_e10=position.leverage_e10,
        notional_e6=_core.notional(
            collateral_e6=position.collateral_e6, leverage_e10=position.leverage_e10
        ),
        fee_e6=0,
        pnl_e6=-position.collateral_e6,
        cash_delta_e6=0,
        at_ns=at_ns,
    )


def kept_by_venue_e6(collateral_e6: int, market: Market) -> int:
    """Value at or below which the venue pays nothing, rounded up (against the trader)."""
    return -(-collateral_e6 * (ONE_E10 - market.liquidation_threshold_e10) // ONE_E10)
