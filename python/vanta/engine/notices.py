"""Notices: what people are told about fills and rejections, as data; views make the words.

Written to the outbox in the transaction of what they tell about, so none is lost and none lies.
"""

from typing import Final

import msgspec

from vanta.domain.enums import FillKind, Mode, OrderState, Side, Source, TriggerKind
from vanta.domain.order import Fill, Order, OrderEvent
from vanta.domain.ports import Clock
from vanta.domain.position import Position
from vanta.domain.roles import Right, Role, may
from vanta.store.outbox import MONEY, RISK, Outbox

FILL_OPEN: Final = "fill.open"
FILL_CLOSE: Final = "fill.close"
FILL_LIQUIDATION: Final = "fill.liquidation"
ORDER_REJECTED: Final = "order.rejected"
SYSTEM_FAILOVER: Final = "system.failover"

_KINDS: Final = {
    FillKind.OPEN: FILL_OPEN,
    FillKind.CLOSE: FILL_CLOSE,
    FillKind.LIQUIDATION: FILL_LIQUIDATION,
}


class FillNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `fill.open`, `fill.close` and `fill.liquidation`."""

    kind: str
    order_id: int
    position_id: int
    mode: Mode
    source: Source
    cause: TriggerKind | None  # which stop closed it
    market_ix: int
    side: Side
    price_e10: int
    mark_e10: int
    entry_e10: int
    collateral_e6: int  # opened, or given up by the close
    leverage_e10: int
    notional_e6: int
    fee_e6: int
    pnl_e6: int  # gross
    cash_delta_e6: int
    left_collateral_e6: int  # 0 = the position is closed
    liquidation_e10: int
    take_profit_e10: int
    stop_loss_e10: int
    at_ns: int
    trace_id: str


class RejectionNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `order.rejected`: the venue's no, or an order whose time was up."""

    kind: str
    order_id: int
    position_id: int  # the position a close was for; 0 for an open
    mode: Mode
    source: Source
    state: OrderState
    action: str
    market_ix: int
    side: Side | None
    collateral_e6: int
    leverage_e10: int
    reason: str
    at_ns: int
    trace_id: str


def of_fill(fill: Fill, position: Position, order: Order, cause: TriggerKind | None) -> FillNotice:
    """Tell of a fill and the position it left."""
    return FillNotice(
        kind=_KINDS[fill.kind],
        order_id=order.id,
        position_id=position.id,
        mode=fill.mode,
        source=order.intent.source,
        cause=cause,
        market_ix=fill.market_ix,
        side=fill.side,
        price_e10=fill.price_e10,
        mark_e10=fill.mark_e10,
        entry_e10=position.entry_e10,
        collateral_e6=fill.collateral_e6,
        leverage_e10=fill.leverage_e10,
        notional_e6=fill.notional_e6,
        fee_e6=fill.fee_e6,
        pnl_e6=fill.pnl_e6,
        cash_delta_e6=fill.cash_delta_e6,
        left_collateral_e6=position.collateral_e6,
        liquidation_e10=position.liquidation_e10,
        take_profit_e10=position.take_profit_e10,
        stop_loss_e10=position.stop_loss_e10,
        at_ns=fill.at_ns,
        trace_id=order.intent.trace_id,
    )


def of_rejection(event: OrderEvent, order: Order) -> RejectionNotice:
    """Tell of an order that came to nothing after it was admitted."""
    intent = order.intent
    return RejectionNotice(
        kind=ORDER_REJECTED,
        order_id=order.id,
        position_id=intent.position_id,
        mode=order.mode,
        source=intent.source,
        state=event.state,
        action=intent.action.value,
        market_ix=intent.market_ix,
        side=intent.side,
        collateral_e6=intent.collateral_e6,
        leverage_e10=intent.leverage_e10,
        reason=event.reason,
        at_ns=event.at_ns,
        trace_id=intent.trace_id,
    )


def priority_of(fill: Fill, source: Source) -> int:
    """Stops and liquidations are risk news, the rest is money news; both go before replies."""
    if fill.kind is FillKind.LIQUIDATION or source is Source.TPSL:
        return RISK
    return MONEY


class FailoverNotice:
    """Tells the operators that LIVE became DRY without anybody asking for it."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def tell(self, why: str) -> None:
        """Queue one notice for each operator. Raises what the store raises."""
        now_ns = self._clock.now_ns()
        await self._outbox.put_to_roles(
            None,
            f"failover:{now_ns}",
            [role.value for role in Role if may(role, Right.OPERATE)],
            SYSTEM_FAILOVER,
            RISK,
            {"text": f"Everything is in DRY {why}. Open LIVE positions stay protected. E-MODE"},
            now_ns,
        )
