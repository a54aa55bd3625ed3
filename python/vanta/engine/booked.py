"""What the ledger tells its listeners after a commit."""

from collections.abc import Callable

import msgspec

from vanta.domain.order import Fill, Order, OrderEvent
from vanta.domain.policy import Account
from vanta.domain.position import Position
from vanta.store.triggers import TriggerRow


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What one event has changed, once committed."""

    event: OrderEvent
    order: Order
    fill: Fill | None = None  # newly counted
    position: Position | None = None  # as it is now
    account: Account | None = None  # of a newly counted fill
    armed: tuple[TriggerRow, ...] = ()
    seen: bool = False  # the fill was counted before


Listener = Callable[[Booked], None]
"""Hears of each committed change, in order; must not wait."""
