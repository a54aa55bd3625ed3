"""Triggers: take profit, stop loss and the buffer close, fired on the quote.

`ArmedTriggers` is the memory: whose the levels are that wait in the core's trigger book.
`TriggerDesk` turns a reached level into an order through the one door. The order's key is the
trigger and its version, so a trigger fires once however often it is delivered; its row stays armed
until the close is booked, so a killed process finds it again. While everything is stopped, or the
clock is in doubt, triggers wait: a price that has come back by then closes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from vanta import _core, logs
from vanta.domain.enums import (
    TRIGGERING,
    Action,
    Breaker,
    OrderState,
    Quality,
    Side,
    Source,
    TriggerKind,
)
from vanta.domain.intent import Intent, new_trace_id
from vanta.domain.order import Order
from vanta.domain.ports import Clock
from vanta.domain.position import Position
from vanta.engine.account import AccountBook
from vanta.engine.booked import Booked
from vanta.metrics import Metrics
from vanta.store.pool import Pool
from vanta.store.triggers import TriggerRow, Triggers
from vanta.supervise import beat, rest

_log = logs.get(__name__)

RETRY_S: Final = 0.5
CHECK_S: Final = 1.0  # a position without protection is found and re-armed within 2 s

# On one quote that reaches several levels of a position the first of these closes it.
_PRECEDENCE: Final = (TriggerKind.STOP_LOSS, TriggerKind.BUFFER, TriggerKind.TAKE_PROFIT)


# The core's index of a kind: it has the same names.
_KIND: Final = {kind: _core.TRIGGER_KINDS.index(kind.name) for kind in TriggerKind}


class ArmedTriggers:
    """Armed triggers of open positions, in memory."""

    def __init__(self) -> None:
        self._book = _core.TriggerBook()
        self._rows: dict[int, TriggerRow] = {}
        self._positions: dict[int, Position] = {}
        self._of_position: dict[int, dict[TriggerKind, int]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def arm(self, position: Position, rows: Iterable[TriggerRow]) -> None:
        """Watch the rows of an open position, replacing former ones of their kind."""
        self._positions[position.id] = position
        kinds = self._of_position.setdefault(position.id, {})
        for row in rows:
            if (old := kinds.get(row.kind)) is not None:
                self._forget(old)
            kinds[row.kind] = row.id
            self._rows[row.id] = row
            self._watch(row, position)

    def _watch(self, row: TriggerRow, position: Position) -> None:
        if row.id in self._book:
            return
        self._book.arm(
            row.id,
            version=row.version,
            market_ix=position.market_ix,
            kind=_KIND[row.kind],
            is_long=position.side is Side.LONG,
            level_e10=row.level_e10,
        )

    def disarm(self, position_id: int) -> None:
        """Forget all triggers of a position."""
        for trigger_id in self._of_position.pop(position_id, {}).values():
            self._forget(trigger_id)
        self._positions.pop(position_id, None)

    def kinds(self, position_id: int) -> frozenset[TriggerKind]:
        """Tell which triggers a position has."""
        return frozenset(self._of_position.get(position_id, ()))

    def row(self, trigger_id: int) -> TriggerRow | None:
        """Return an armed trigger."""
        return self._rows.get(trigger_id)

    def rows_of(self, position_id: int) -> list[TriggerRow]:
        """Return a position's triggers."""
        return [self._rows[i] for i in self._of_position.get(position_id, {}).values()]

    def crossed(self, quote: _core.Quote) -> list[tuple[TriggerRow, Position]]:
        """Return what this quote fires: at most one trigger of a position.

        A quote beyond the liquidation price fires nothing: there the venue acts first.
        """
        reached: dict[int, list[TriggerRow]] = {}
        for trigger_id, *_ in self._book.on_quote(quote.market_ix, quote.price_e10):
            row = self._rows[trigger_id]
            reached.setdefault(row.position_id, []).append(row)
        fired = []
        for position_id, rows in reached.items():
            position = self._positions[position_id]
            if _liquidated(position, quote.price_e10):
                self.rewatch(position_id)
                continue
            rows.sort(key=lambda row: _PRECEDENCE.index(row.kind))
            fired.append((rows[0], position))
            # The others rest while the close is on its way: it may well take the position.
            for other_id in self._of_position[position_id].values():
                self._book.disarm(other_id)
        return fired

    def rewatch(self, position_id: int) -> None:
        """Watch all triggers of a position (again): the close came to nothing."""
        for row in self.rows_of(position_id):
            self._watch(row, self._positions[position_id])

    def _forget(self, trigger_id: int) -> None:
        self._book.disarm(trigger_id)
        self._rows.pop(trigger_id, None)


def _liquidated(position: Position, price_e10: int) -> bool:
    if position.side is Side.LONG:
        return price_e10 <= position.liquidation_e10
    return price_e10 >= position.liquidation_e10


class TriggerDesk:
    """Fires crossed triggers and keeps every open position protected."""

    def __init__(
        self,
        *,
        triggers: ArmedTriggers,
        store: Triggers,
        pool: Pool,
        book: AccountBook,
        submit: Callable[[Intent], Awaitable[Order]],
        clock: Clock,
        metrics: Metrics,
        held: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._triggers = triggers
        self._store = store
        self._pool = pool
        self._book = book
        self._submit = submit
        self._clock = clock
        self._metrics = metrics
        self._held = held
        self._sleep = sleep
        self._due: dict[int, TriggerRow] = {}  # by position, so bounded by open positions
        self._failed: dict[int, TriggerRow] = {}  # whose order came to nothing
        self._wake = asyncio.Event()

    async def load(self) -> None:
        """Arm what the store holds; fill what it misses. Needs the account book loaded."""
        rows: dict[int, list[TriggerRow]] = {}
        for row in await self._store.armed():
            rows.setdefault(row.position_id, []).append(row)
        for position in self._book.open_positions():
            self._triggers.arm(position, rows.get(position.id, ()))
        await self.protect()

    def on_quotes(self, quotes: Sequence[_core.Quote]) -> None:
        """Note the triggers that a trusted price has reached; never blocks.

        While triggers are held nothing is noted: each stays armed, and fires on the first quote
        after that if it is still crossed.
        """
        if self._held():
            return
        for quote in quotes:
            if Quality(quote.quality) not in TRIGGERING or quote.breaker != Breaker.CLOSED:
                continue
            if not self._book.is_market_open(quote.market_ix):
                continue  # the venue would refuse each try
            for row, position in self._triggers.crossed(quote):
                _log.info(
                    "trigger.fired",
                    trigger=row.id,
                    kind=row.kind.value,
                    position_id=position.id,
                    price_e10=quote.price_e10,
                )
                self._metrics.triggers_fired.labels(kind=row.kind.value).inc()
                self._due[position.id] = row
                self._wake.set()

    def booked(self, change: Booked) -> None:
        """Hear of booked events: a stop's close that left the position open needs a new stop."""
        order, state = change.order, change.event.state
        # A close on its way, or of which nobody knows, may still take the position.
        if order.intent.source is not Source.TPSL or not state.is_terminal:
            return
        is_left_open = change.position is not None and change.position.is_open
        if state is OrderState.FILLED and not is_left_open:
            return
        row = self._triggers.row(int(order.intent.ref.partition(":")[0]))
        if row is not None:
            self._failed[row.position_id] = row
            self._wake.set()

    async def run(self) -> None:
        """Submit what has fired, for ever; a failed submit is tried again."""
        if self._due or self._failed:  # a run before this one ended in the middle of it
            self._wake.set()
        while True:
            rest()
            await self._wake.wait()
            beat()
            self._wake.clear()
            if not await self.fire_due():
                self._wake.set()
                await self._sleep(RETRY_S)

    async def fire_due(self) -> bool:
        """Turn fired triggers into orders and replace failed ones; False when that failed."""
        if self._held():
            self._put_back()
            return True
        done = True
        due = list(self._due.items())
        # All at once: the engine writes them together, and one that fails holds up no other.
        answers = await asyncio.gather(
            *(self._fire(position_id, row) for position_id, row in due), return_exceptions=True
        )
        for (position_id, row), answer in zip(due, answers, strict=True):
            if isinstance(answer, BaseException):
                done = False
                _log.error("trigger.fire_failed", position_id=position_id, error=repr(answer))
            elif self._due.get(position_id) is row:
                del self._due[position_id]
        try:
            await self.rearm_failed()
        except Exception:
            done = False
            _log.exception("trigger.rearm_failed", positions=len(self._failed))
        return done

    def _put_back(self) -> None:
        """Watch again what had fired and was not sent: its key must not be used up for nothing."""
        for position_id in self._due:
            if self._book.position(position_id) is not None:
                self._triggers.rewatch(position_id)
            _log.warning("trigger.held", position_id=position_id)
        self._due.clear()

    async def _fire(self, position_id: int, row: TriggerRow) -> None:
        position = self._book.position(position_id)
        if position is None:
            return
        order = await self._submit(firing_intent(row, position))
        if order.state.is_terminal and order.state is not OrderState.FILLED:
            self._failed[position_id] = row

    async def rearm_failed(self) -> None:
        """Replace fired triggers whose order came to nothing by new ones."""
        for position_id, row in list(self._failed.items()):
            position = self._book.position(position_id)
            if position is not None and self._triggers.row(row.id) is row:
                async with self._pool.acquire() as conn, conn.transaction():
                    # A new row, so a new key: the old one has its order already.
                    await self._store.disarm(conn, position_id, row.kind)
                    fresh = await self._store.arm(
                        conn, position_id, row.kind, row.level_e10, position.version
                    )
                self._triggers.arm(position, [fresh])
                self._triggers.rewatch(position_id)
                _log.warning("trigger.rearmed", position_id=position_id, kind=row.kind.value)
            if self._failed.get(position_id) is row:
                del self._failed[position_id]

    async def watch_over(self) -> None:
        """Look for positions without protection, for ever."""
        while True:
            await self._sleep(CHECK_S)
            beat()
            await self.protect()

    async def protect(self) -> None:
        """Arm every trigger that an open position should have and has not."""
        unprotected = 0
        for position in self._book.open_positions():
            missing = {
                kind: level_e10
                for kind, level_e10 in wanted(position, self._buffer_e10(position)).items()
                if kind not in self._triggers.kinds(position.id)
            }
            if not missing:
                continue
            try:
                async with self._pool.acquire() as conn, conn.transaction():
                    rows = [
                        await self._store.arm(conn, position.id, kind, level_e10, position.version)
                        for kind, level_e10 in missing.items()
                    ]
            except Exception:
                unprotected += 1
                _log.exception("trigger.arm_failed", position_id=position.id)
                continue
            self._triggers.arm(position, rows)
            _log.warning("trigger.missing_armed", position_id=position.id, kinds=len(rows))
        self._metrics.unprotected_positions.set(unprotected)
        self._metrics.triggers_armed.set(len(self._triggers))

    def _buffer_e10(self, position: Position) -> int:
        return self._book.policy(position.user_id).liquidation_buffer_e10


def wanted(position: Position, buffer_e10: int) -> dict[TriggerKind, int]:
    """Say which triggers a position should have, and where."""
    line_e10 = _core.safe_line(
        entry_e10=position.entry_e10,
        liquidation_e10=position.liquidation_e10,
        buffer_e10=buffer_e10,
        is_long=position.side is Side.LONG,
    )
    levels = {TriggerKind.BUFFER: line_e10}
    if position.take_profit_e10:
        levels[TriggerKind.TAKE_PROFIT] = position.take_profit_e10
    if position.stop_loss_e10:
        levels[TriggerKind.STOP_LOSS] = position.stop_loss_e10
    return levels


def firing_intent(row: TriggerRow, position: Position) -> Intent:
    """Word a fired trigger as an intent; its key is the trigger and its version."""
    return Intent(
        user_id=position.user_id,
        source=Source.TPSL,
        ref=f"{row.id}:{row.version}",
        action=Action.CLOSE,
        trace_id=new_trace_id(),
        market_ix=position.market_ix,
        side=position.side,
        position_id=position.id,
        mode=position.mode,
    )
