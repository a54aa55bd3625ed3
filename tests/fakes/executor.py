"""An executor that takes orders and does nothing with them until told to."""

from collections.abc import Sequence

from vanta.domain.order import Order


class HoldingExecutor:
    """Implements `Executor` for tests that stop the way before the venue."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    async def execute_many(self, orders: Sequence[Order]) -> None:
        self.orders.extend(orders)

    def is_busy(self, order_id: int) -> bool:
        return False
