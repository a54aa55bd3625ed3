"""What the desk makes of the end of a stop's close, without a store."""

from typing import Any, cast

import pytest
from msgspec.structs import replace

from vanta.domain.enums import Mode, OrderState, Side, TriggerKind
from vanta.domain.order import Order, OrderEvent
from vanta.domain.position import Position
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Verdict
from vanta.engine.booked import Booked
from vanta.engine.triggers import ArmedTriggers, TriggerDesk, firing_intent
from vanta.store.triggers import TriggerRow

POSITION = Position(
    id=7,
    venue="paper",
    mode=Mode.DRY,
    user_id=1,
    market_ix=3,
    index=0,
    side=Side.LONG,
    entry_e10=60_000 * E10,
    collateral_e6=100 * E6,
    leverage_e10=10 * E10,
    liquidation_e10=54_900 * E10,
)
STOP = TriggerRow(
    id=11, position_id=7, kind=TriggerKind.STOP_LOSS, level_e10=58_000 * E10, version=1
)
ORDER = Order(
    id=5,
    intent=firing_intent(STOP, POSITION),
    mode=Mode.DRY,
    state=OrderState.SENT,
    verdict=Verdict(),
)


@pytest.mark.parametrize(
    ("state", "left", "is_replaced"),
    [
        (OrderState.SENT, None, False),
        (OrderState.UNKNOWN, None, False),
        (OrderState.REJECTED, None, True),
        (OrderState.EXPIRED, None, True),
        (OrderState.CANCELLED, None, True),
        (OrderState.FILLED, replace(POSITION, collateral_e6=0, closed_ns=9), False),
        (OrderState.FILLED, None, False),
        # Only a part was closed: the rest needs a stop.
        (OrderState.FILLED, replace(POSITION, collateral_e6=40 * E6, version=2), True),
    ],
)
def test_a_stop_is_replaced_when_its_close_ended_and_left_the_position_open(
    state: OrderState, left: Position | None, is_replaced: bool
) -> None:
    triggers = ArmedTriggers()
    triggers.arm(POSITION, [STOP])
    nothing = cast(Any, None)
    desk = TriggerDesk(
        triggers=triggers,
        store=nothing,
        pool=nothing,
        book=nothing,
        submit=nothing,
        clock=nothing,
        metrics=nothing,
        held=lambda: False,
    )
    event = OrderEvent(order_id=ORDER.id, state=state, at_ns=1)
    desk.booked(Booked(event=event, order=ORDER, position=left))
    assert desk._failed == ({7: STOP} if is_replaced else {})
