"""Ledger: order events become fills, positions, cash and notices, in one transaction each group.

    fill -> position -> cash -> day PnL -> triggers -> order -> outbox | commit | memory, waiters

A fill counts once: its identity is the table's key. When it was seen before, the order is still
brought to its end. Memory (risk book, positions, triggers) moves only after the commit; when the
outcome of a commit is in doubt, the user's memory is read again from the store.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from vanta import logs
from vanta.domain.enums import Action, FillKind, OrderState, Source, TriggerKind
from vanta.domain.market import Catalogue
from vanta.domain.order import Fill, Order, OrderEvent
from vanta.domain.policy import Account
from vanta.domain.ports import Clock, CrashPoint
from vanta.domain.position import Position
from vanta.engine import folding, notices
from vanta.engine.account import AccountBook
from vanta.engine.booked import Booked, Listener
from vanta.engine.breakers import Streak
from vanta.engine.triggers import ArmedTriggers, wanted
from vanta.metrics import Metrics
from vanta.store.accounts import Accounts
from vanta.store.day_pnl import DayPnl, day_of
from vanta.store.fills import Fills
from vanta.store.orders import Orders
from vanta.store.outbox import MONEY, Outbox
from vanta.store.pool import AWAY, Conn, Pool
from vanta.store.positions import Positions
from vanta.store.triggers import TriggerRow, Triggers

_log = logs.get(__name__)


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """The aggregates a booking touches."""

    pool: Pool
    orders: Orders
    fills: Fills
    positions: Positions
    accounts: Accounts
    triggers: Triggers
    day_pnl: DayPnl
    outbox: Outbox


class Ledger:
    """Applies order events; the only writer of positions, cash and day PnL."""

    def __init__(
        self,
        *,
        stores: Stores,
        book: AccountBook,
        triggers: ArmedTriggers,
        catalogue: Catalogue,
        clock: Clock,
        crash: CrashPoint,
        metrics: Metrics,
    ) -> None:
        self._s = stores
        self._book = book
        self._triggers = triggers
        self._catalogue = catalogue
        self._clock = clock
        self._crash = crash
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._expected: dict[int, Order] = {}
        self._waiters: dict[int, set[asyncio.Event]] = {}
        self._listeners: list[Listener] = []
        # Events whose commit nobody knows about, and whose they are, by order.
        self._doubts: dict[int, tuple[OrderEvent, int]] = {}

    def listen(self, listener: Listener) -> None:
        """Have `listener` called after each committed change."""
        self._listeners.append(listener)

    def expect(self, orders: Sequence[Order]) -> None:
        """Keep orders at hand until their end, so that their events need no read."""
        for order in orders:
            self._expected[order.id] = order
            self._book.hold(order)

    def is_expected(self, order_id: int) -> bool:
        """Tell whether an order is at hand: its end is yet to be booked."""
        return order_id in self._expected

    def in_flight(self) -> list[Order]:
        """Return the orders whose end has not been booked yet."""
        return list(self._expected.values())

    async def apply(self, events: Sequence[OrderEvent]) -> None:
        """Book events. One that cannot be booked does not hold up the others.

        Raises `ExceptionGroup` with what could not be booked; those orders stay unfinished.
        """
        async with self._lock:
            try:
                await self._apply_group(events)
            except Exception as error:
                if len(events) > 1:
                    await self._apply_singly(events)
                    return
                self._doubt(events[0])
                await self._clear_doubts()
                raise ExceptionGroup("events could not be booked", [error]) from None

    async def _apply_singly(self, events: Sequence[OrderEvent]) -> None:
        failures: list[Exception] = []
        for place, event in enumerate(events):
            try:
                await self._apply_group([event])
            except AWAY as error:
                # The others would wait for the store in vain, one after the other.
                _log.warning("ledger.store_away", events=len(events) - place)
                for left in events[place:]:
                    self._doubt(left)
                failures.append(error)
                break
            except Exception as error:
                _log.exception("ledger.event_failed", order_id=event.order_id)
                self._doubt(event)
                failures.append(error)
        if failures:
            await self._clear_doubts()
            raise ExceptionGroup("events could not be booked", failures)

    async def _apply_group(self, events: Sequence[OrderEvent]) -> None:
        streaks: dict[int, Streak] = {}
        async with self._s.pool.acquire() as conn, conn.transaction():
            booked = [await self._book_event(conn, event, streaks) for event in events]
        if any(b.fill for b in booked):
            self._crash("fill.committed")
        for change in booked:
            self._take_over(await self._read_again(change) if change.seen else change)

    # --- doubt ----------------------------------------------------------------------------------

    def _doubt(self, event: OrderEvent) -> None:
        """Note that nobody knows whether an event was committed; its user may not open."""
        order = self._expected.get(event.order_id)
        if order is not None:
            self._doubts[order.id] = (event, order.intent.user_id)
            self._book.doubted.add(order.intent.user_id)

    async def clear_doubts(self) -> None:
        """Look again at the events whose commit was in doubt. Does nothing when there are none."""
        if self._doubts:
            async with self._lock:
                await self._clear_doubts()

    async def _clear_doubts(self) -> None:
        for order_id, (event, _) in list(self._doubts.items()):
            try:
                order = await self._s.orders.by_id(order_id)
                if order.state.is_terminal:
                    told = msgspec.structs.replace(event, state=order.state)
                    self._take_over(
                        await self._read_again(Booked(event=told, order=order, seen=True))
                    )
            except AWAY:
                _log.warning("ledger.still_in_doubt", orders=len(self._doubts))
                return  # the others would wait in vain too
            except Exception:
                _log.exception("ledger.doubt_not_cleared", order_id=order_id)
                continue
            # Either taken over now, or rolled back: then the order is unfinished and comes again.
            del self._doubts[order_id]
            self._book.doubted &= {user_id for _, user_id in self._doubts.values()}

    async def _read_again(self, change: Booked) -> Booked:
        """Complete a change that was counted before from what the store says now."""
        order = change.order
        await self._book.resync(order.intent.user_id)
        stored = await self._s.orders.by_id(order.id)
        position_id = stored.position_id or order.intent.position_id
        if not position_id:
            return change
        position = await self._s.positions.get(position_id)
        rows = [row for row in await self._s.triggers.armed() if row.position_id == position_id]
        return msgspec.structs.replace(change, position=position, armed=tuple(rows))

    # --- inside the transaction -----------------------------------------------------------------

    async def _book_event(
        self, conn: Conn, event: OrderEvent, streaks: dict[int, Streak]
    ) -> Booked:
        order = self._expected.get(event.order_id) or await self._s.orders.by_id(event.order_id)
        with logs.bind_trace(order.intent.trace_id):
            if event.fill is not None:
                return await self._book_fill(conn, event, event.fill, order, streaks)
            if event.state is OrderState.FILLED and order.intent.action is Action.SET_STOPS:
                return await self._book_stops(conn, event, order)
            return await self._book_end(conn, event, order)

    async def _book_fill(
        self, conn: Conn, event: OrderEvent, fill: Fill, order: Order, streaks: dict[int, Streak]
    ) -> Booked:
        cause: TriggerKind | None = None
        armed: tuple[TriggerRow, ...] = ()
        if fill.kind is FillKind.OPEN:
            position = await self._open_position(conn, fill)
        else:
            position = await self._reduce_position(conn, fill)
        if position is None:
            _log.info("ledger.fill_seen", order_id=order.id)
            position_id = fill.position_id or await self._position_of(order.id)
            await self._finish(conn, event, position_id)
            return Booked(event=event, order=order, seen=True)
        fill = msgspec.structs.replace(fill, position_id=position.id)
        if fill.kind is FillKind.OPEN:
            armed = await self._arm(conn, position)
        else:
            cause = await self._mark_fired(conn, order, fill)
            if not position.is_open:
                await self._s.triggers.disarm(conn, position.id)
        account = await self._move_money(conn, fill, streaks)
        await self._finish(conn, event, position.id)
        notice = notices.of_fill(fill, position, order, cause)
        await self._s.outbox.put(
            conn,
            f"fill:{fill.chain}:{fill.tx_hash.hex()}:{fill.ordinal}",
            fill.user_id,
            notice.kind,
            notices.priority_of(fill, order.intent.source),
            notice,
            self._clock.now_ns(),
        )
        return Booked(
            event=event, order=order, fill=fill, position=position, account=account, armed=armed
        )

    async def _open_position(self, conn: Conn, fill: Fill) -> Position | None:
        """Write position and fill; None, and nothing written, when the fill was seen before."""
        market = self._catalogue[fill.market_ix]
        # The fill's row names its position, so the position comes first; the savepoint takes it
        # back when the fill turns out to be known.
        savepoint = conn.transaction()
        await savepoint.start()
        position = await self._s.positions.insert(conn, folding.opened(fill, market))
        fill = msgspec.structs.replace(fill, position_id=position.id)
        if not await self._s.fills.insert(conn, fill):
            await savepoint.rollback()
            return None
        await savepoint.commit()
        return position

    async def _reduce_position(self, conn: Conn, fill: Fill) -> Position | None:
        """Write fill and position; None when the fill was seen before."""
        before = await self._s.positions.lock(conn, fill.position_id)
        if not await self._s.fills.insert(conn, fill):
            return None
        if before is None:
            raise ValueError(f"no position {fill.position_id}")
        return await self._s.positions.update(conn, folding.reduced(before, fill))

    async def _move_money(self, conn: Conn, fill: Fill, streaks: dict[int, Streak]) -> Account:
        user_id = fill.user_id
        streak = streaks[user_id] = self._book.streak(fill, streaks.get(user_id))
        account = await self._s.accounts.apply(
            conn, user_id, fill.cash_delta_e6, streak.losses, streak.breaker
        )
        await self._s.day_pnl.add(
            conn,
            user_id,
            fill.mode,
            day_of(fill.at_ns),
            realised_e6=fill.pnl_e6,
            fees_e6=fill.fee_e6,
            fills=1,
        )
        return account

    async def _arm(self, conn: Conn, position: Position) -> tuple[TriggerRow, ...]:
        buffer_e10 = self._book.policy(position.user_id).liquidation_buffer_e10
        return tuple(
            [
                await self._s.triggers.arm(conn, position.id, kind, level_e10, position.version)
                for kind, level_e10 in wanted(position, buffer_e10).items()
            ]
        )

    async def _mark_fired(self, conn: Conn, order: Order, fill: Fill) -> TriggerKind | None:
        if order.intent.source is not Source.TPSL:
            return None
        trigger_id = int(order.intent.ref.partition(":")[0])
        await self._s.triggers.fired(conn, trigger_id, fill.at_ns)
        row = self._triggers.row(trigger_id)
        return row.kind if row else None

    async def _book_stops(self, conn: Conn, event: OrderEvent, order: Order) -> Booked:
        before = await self._s.positions.lock(conn, order.intent.position_id)
        if before is None or not before.is_open:
            closed = msgspec.structs.replace(
                event,
                state=OrderState.REJECTED,
                reason=f"E-VENUE: position #{order.intent.position_id} is closed already",
            )
            return await self._book_end(conn, closed, order)
        if not await self._finish(conn, event, before.id):
            return Booked(event=event, order=order, seen=True)
        position = await self._s.positions.update(conn, folding.with_stops(before, order.intent))
        await self._s.triggers.disarm(conn, position.id)
        armed = await self._arm(conn, position)
        return Booked(event=event, order=order, position=position, armed=armed)

    async def _book_end(self, conn: Conn, event: OrderEvent, order: Order) -> Booked:
        if not await self._finish(conn, event, 0):
            # It had ended before: a late no must not unsay that, nor tell anybody.
            stored = await self._s.orders.by_id(order.id)
            told = msgspec.structs.replace(event, state=stored.state)
            return Booked(event=told, order=order, seen=True)
        # The venue's own acts and a second liquidation are no news to anybody.
        if event.state.is_terminal and order.intent.source is not Source.VENUE:
            notice = notices.of_rejection(event, order)
            await self._s.outbox.put(
                conn,
                f"order:{order.id}:{event.state.value}",
                order.intent.user_id,
                notice.kind,
                MONEY,
                notice,
                self._clock.now_ns(),
            )
        return Booked(event=event, order=order)

    async def _finish(self, conn: Conn, event: OrderEvent, position_id: int) -> bool:
        """Bring the order to its end; False when it had ended before."""
        done = await self._s.orders.finish(
            conn, event.order_id, event.state, event.at_ns, event.reason, position_id
        )
        return done is not None

    async def _position_of(self, order_id: int) -> int:
        fills = await self._s.fills.of_order(order_id)
        return fills[0].position_id if fills else 0

    # --- after the commit -----------------------------------------------------------------------

    def _take_over(self, change: Booked) -> None:
        order, position = change.order, change.position
        if change.fill is not None and position is not None and change.account is not None:
            self._book.apply(change.fill, position, change.account)
            self._metrics.fills.labels(kind=change.fill.kind.value).inc()
        elif position is not None:
            self._book.replace(position, order.id)
        if position is not None and position.is_open:
            if change.fill is None:
                self._triggers.disarm(position.id)
            self._triggers.arm(position, change.armed)
        elif position is not None:
            self._triggers.disarm(position.id)
        self._metrics.triggers_armed.set(len(self._triggers))
        if change.event.state.is_terminal:
            self._book.drop(order.id)
            self._expected.pop(order.id, None)
            self._metrics.orders.labels(
                source=order.intent.source.value, state=change.event.state.value
            ).inc()
        _log.info(
            "order.ended",
            order_id=order.id,
            state=change.event.state.value,
            position_id=position.id if position else 0,
            reason=change.event.reason,
            trace_id=order.intent.trace_id,
        )
        for listener in self._listeners:
            listener(change)
        for waiter in self._waiters.pop(order.id, ()):
            waiter.set()

    # --- waiting --------------------------------------------------------------------------------

    async def settled(self, order_id: int, timeout_s: float) -> Order:
        """Wait until an order has ended or the time is up; return it as it is then."""
        waiter = asyncio.Event()
        # Listen before looking: an end in between must not be missed.
        self._waiters.setdefault(order_id, set()).add(waiter)
        try:
            order = await self._s.orders.by_id(order_id)
            if order.state.is_terminal:
                return order
            try:
                async with asyncio.timeout(timeout_s):
                    await waiter.wait()
            except TimeoutError:
                _log.info("order.not_settled", order_id=order_id, waited_s=timeout_s)
            return await self._s.orders.by_id(order_id)
        finally:
            waiters = self._waiters.get(order_id)
            if waiters is not None:
                waiters.discard(waiter)
                if not waiters:
                    del self._waiters[order_id]
