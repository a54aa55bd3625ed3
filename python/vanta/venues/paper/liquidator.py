"""The paper venue's own act: liquidating positions whose mark has reached the formula price.

It speaks through the same door as everybody (`Source.VENUE`), so every fill has an order. It is to
hear quotes before the stops do: on one quote that passes both, the venue is first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from vanta import _core, logs
from vanta.domain.enums import TRIGGERING, Action, Breaker, Quality, Side, Source
from vanta.domain.intent import Intent, new_trace_id
from vanta.domain.order import Order
from vanta.domain.position import Position
from vanta.supervise import beat, rest

_log = logs.get(__name__)

RETRY_S: Final = 0.5

# A plain level on the losing side.
_LIQUIDATION: Final = _core.TRIGGER_KINDS.index("BUFFER")

Submit = Callable[[Intent], Awaitable[Order]]


class Liquidator:
    """Watches liquidation prices of open positions."""

    def __init__(
        self, *, submit: Submit, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._submit = submit
        self._sleep = sleep
        self._positions: dict[int, Position] = {}
        self._book = _core.TriggerBook()  # by position
        self._due: dict[int, Position] = {}  # crossed, order not yet made; bounded by positions
        self._wake = asyncio.Event()

    def load(self, positions: Sequence[Position]) -> None:
        """Watch the positions that are open at the start."""
        for position in positions:
            self.position_changed(position)

    def position_changed(self, position: Position) -> None:
        """Take over a position's new state."""
        if not position.is_open:
            self._positions.pop(position.id, None)
            self._book.disarm(position.id)
            self._due.pop(position.id, None)
            return
        self._positions[position.id] = position
        if position.id not in self._due:
            self._book.disarm(position.id)
            self._book.arm(
                position.id,
                version=position.version,
                market_ix=position.market_ix,
                kind=_LIQUIDATION,
                is_long=position.side is Side.LONG,
                level_e10=position.liquidation_e10,
            )

    def on_quotes(self, quotes: Sequence[_core.Quote]) -> None:
        """Note the positions that a trusted price has liquidated; never blocks."""
        for quote in quotes:
            if Quality(quote.quality) not in TRIGGERING or quote.breaker != Breaker.CLOSED:
                continue
            for position_id, *_ in self._book.on_quote(quote.market_ix, quote.price_e10):
                self._due[position_id] = self._positions[position_id]
                self._wake.set()

    async def run(self) -> None:
        """Submit what is due, for ever; a failed submit is tried again."""
        if self._due:  # a run before this one ended in the middle of it
            self._wake.set()
        while True:
            rest()
            await self._wake.wait()
            beat()
            self._wake.clear()
            if not await self.submit_due():
                self._wake.set()
                await self._sleep(RETRY_S)

    async def submit_due(self) -> bool:
        """Turn crossed liquidations into orders; False when that failed for some."""
        done = True
        due = list(self._due.values())
        answers = await asyncio.gather(
            *(self._submit(liquidation_intent(position)) for position in due),
            return_exceptions=True,
        )
        for position, answer in zip(due, answers, strict=True):
            if isinstance(answer, BaseException):
                done = False
                _log.error("liquidation.failed", position_id=position.id, error=repr(answer))
                continue
            _log.info("liquidation.ordered", position_id=position.id, order_id=answer.id)
            self._due.pop(position.id, None)
        return done


def liquidation_intent(position: Position) -> Intent:
    """Word a liquidation as an intent; its key is the position's state."""
    return Intent(
        user_id=position.user_id,
        source=Source.VENUE,
        ref=f"liq:{position.id}:{position.version}",
        action=Action.CLOSE,
        trace_id=new_trace_id(),
        market_ix=position.market_ix,
        side=position.side,
        position_id=position.id,
        mode=position.mode,
    )
