"""An engine behind a door that a test holds shut."""

import asyncio
from typing import Any

from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.ports import Desk
from vanta.store.orders import Orders


class HeldDesk:
    """A real desk whose `submit` waits while `hold` was called; everything else passes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._may_go = asyncio.Event()
        self._may_go.set()
        self.reached = asyncio.Event()

    def hold(self) -> None:
        self._may_go.clear()

    def let_go(self) -> None:
        self._may_go.set()

    async def submit(self, intent: Intent) -> Order:
        self.reached.set()
        await self._may_go.wait()
        return await self._desk.submit(intent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)


class BrokenOrders(Orders):
    """A table whose list cannot be read."""

    async def recent(self, *_args: Any, **_more: Any) -> list[Order]:
        raise ZeroDivisionError("a detail for the log")
