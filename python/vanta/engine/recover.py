"""Recovery: what a start must do before it takes new risk, and what it keeps doing after.

    load books -> arm stops -> deliver unfinished orders again -> ready

Delivering again is safe: an order's fill has one identity, so it counts once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from vanta import logs
from vanta.domain.enums import OPENING, Action, Mode, OrderState, Quality
from vanta.domain.order import Order
from vanta.domain.ports import Clock, Executor, Quotes
from vanta.engine.account import AccountBook
from vanta.engine.ledger import Ledger
from vanta.engine.triggers import TriggerDesk
from vanta.store.orders import Orders
from vanta.store.pool import AWAY
from vanta.supervise import beat

_log = logs.get(__name__)

SWEEP_S: Final = 1.0
# Younger orders are on their way already.
SWEEP_AFTER_NS: Final = 3_000_000_000


class BusyExecutor(Executor, Protocol):
    """An executor that knows what it is working on."""

    def is_busy(self, order_id: int) -> bool: ...


class Gate:
    """Shut until the start is done; new positions wait behind it."""

    def __init__(self) -> None:
        self._open = False

    def is_open(self) -> bool:
        """Tell whether new positions may be taken."""
        return self._open

    def open(self) -> None:
        """Let new positions in."""
        self._open = True

    def shut(self) -> None:
        """Take no new positions any more: the process is ending."""
        self._open = False


class Recovery:
    """Brings the engine up and unfinished orders to their end."""

    def __init__(
        self,
        *,
        gate: Gate,
        book: AccountBook,
        desk: TriggerDesk,
        orders: Orders,
        executor: BusyExecutor,
        ledger: Ledger,
        quotes: Quotes,
        clock: Clock,
        open_max_age_ns: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gate = gate
        self._book = book
        self._desk = desk
        self._orders = orders
        self._executor = executor
        self._ledger = ledger
        self._quotes = quotes
        self._clock = clock
        self._open_max_age_ns = open_max_age_ns
        self._sleep = sleep

    async def start(self) -> None:
        """Load, arm, deliver again. Raises what the store raises; then the gate stays shut."""
        await self._book.load()
        await self._desk.load()
        # Also those that wait for a price: until their end is known, their users open nothing.
        self._ledger.expect(await self._orders.unfinished(Mode.DRY))
        delivered = await self.redeliver(min_age_ns=0)
        self._gate.open()
        _log.info("engine.ready", positions=len(self._book.open_positions()), redelivered=delivered)

    async def run(self) -> None:
        """Look for orders left behind, for ever."""
        while True:
            await self._sleep(SWEEP_S)
            beat()
            try:
                await self._ledger.clear_doubts()
                await self.redeliver(min_age_ns=SWEEP_AFTER_NS)
            except AWAY as error:
                # Looked for again in a second: people wait for what is left behind.
                _log.warning("recovery.store_away", error=type(error).__name__)

    async def redeliver(self, *, min_age_ns: int) -> int:
        """Hand unfinished orders to the executor again; return how many."""
        now_ns = self._clock.now_ns()
        due = [
            order
            for order in await self._orders.unfinished(Mode.DRY)
            # Below 0 the clock was set back: such an order is left over, not fresh.
            if not 0 <= now_ns - order.updated_ns < min_age_ns and self._may_go(order, now_ns)
        ]
        if due:
            for order in due:
                _log.info(
                    "order.redelivered",
                    order_id=order.id,
                    state=order.state.value,
                    trace_id=order.intent.trace_id,
                )
            self._ledger.expect(due)
            await self._executor.execute_many(due)
        return len(due)

    def _may_go(self, order: Order, now_ns: int) -> bool:
        if self._executor.is_busy(order.id) or order.state is OrderState.UNKNOWN:
            return False
        if order.intent.action is not Action.OPEN:
            return True
        # Right after a start there is no price yet; an open waits for one until it is too old.
        if now_ns - order.created_ns > self._open_max_age_ns:
            return True
        return Quality(self._quotes.quote(order.intent.market_ix).quality) in OPENING
