"""Paper executor: one task that plays the venue.

One task means one order of events, so two closes of a position can never both take the same share:
the second sees what the first has left. What it tells its sink is durable before it goes on.

    CREATED --mark_sent--> SENT --may it still go?--> fill, or no --> sink(OrderEvent)

A killed process leaves orders in CREATED or SENT; they are delivered again, and the fill's identity
follows from the order, so it counts once.
"""

from collections.abc import Callable, Sequence
from typing import Final

from vanta import _core, logs
from vanta.domain.enums import (
    BY_HAND,
    CLOSING,
    OPENING,
    Action,
    Breaker,
    OrderState,
    Quality,
    Source,
)
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Fill, Order, OrderEvent
from vanta.domain.ports import BeforeSend, Clock, CrashPoint, EventSink, Quotes
from vanta.domain.position import Position
from vanta.domain.slippage import adverse_move_e10
from vanta.domain.units import format_percent, over_percent
from vanta.store.orders import Orders
from vanta.supervise import beat, rest
from vanta.venues.paper import fills
from vanta.waiting import WaitingQueue

_log = logs.get(__name__)

BATCH: Final = 256
QUEUE: Final = 16_384  # when full, execute_many waits: backpressure up to the way in


class PaperExecutor:
    """Fills orders at the quote; implements `Executor`."""

    def __init__(
        self,
        *,
        orders: Orders,
        position: Callable[[int], Position | None],
        quotes: Quotes,
        catalogue: Catalogue,
        clock: Clock,
        crash: CrashPoint,
        sink: EventSink,
        open_max_age_ns: int,
        before_send: BeforeSend,
    ) -> None:
        self._orders = orders
        self._position = position
        self._quotes = quotes
        self._catalogue = catalogue
        self._clock = clock
        self._crash = crash
        self._sink = sink
        self._open_max_age_ns = open_max_age_ns
        self._before_send = before_send
        self.queue: WaitingQueue[Order] = WaitingQueue(QUEUE, clock)
        self._busy: set[int] = set()
        self._began_ns: int | None = None  # with the orders in hand

    async def execute_many(self, orders: Sequence[Order]) -> None:
        """Take orders over; an order already on its way here is not taken twice."""
        for order in orders:
            if order.id not in self._busy:
                self._busy.add(order.id)
                await self.queue.put(order)

    def is_busy(self, order_id: int) -> bool:
        """Tell whether an order is on its way here."""
        return order_id in self._busy

    def waits_s(self) -> float:
        """Return how long the order that waits longest has been here; 0 when there is none."""
        in_hand_ns = 0 if self._began_ns is None else self._clock.mono_ns() - self._began_ns
        return max(in_hand_ns / 1e9, self.queue.age_s())

    async def run(self) -> None:
        """Fill orders for ever."""
        while True:
            rest()
            batch = [await self.queue.get()]
            beat()
            self._began_ns = self._clock.mono_ns()
            while len(batch) < BATCH and not self.queue.empty():
                batch.append(self.queue.get_nowait())
            try:
                await self._execute(batch)
            except Exception:
                # Their rows stay unfinished; redelivery brings them back when the store answers.
                _log.exception("paper.batch_failed", orders=len(batch))
            finally:
                self._began_ns = None
                self._busy.difference_update(order.id for order in batch)

    async def _execute(self, batch: Sequence[Order]) -> None:
        fresh = [order.id for order in batch if order.state is OrderState.CREATED]
        if fresh:
            await self._orders.mark_sent(fresh, self._clock.now_ns())
        self._crash("order.sent")
        waiting = list(batch)
        while waiting:
            turn, waiting = _one_per_position(waiting)
            if answers := [answer for order in turn if (answer := self._try(order))]:
                await self._sink(answers)

    def _try(self, order: Order) -> OrderEvent | None:
        try:
            return self._answer(order)
        except Exception as error:
            # Nothing here waits or asks, so trying again gives the same. An open ends; what
            # reduces risk stays unfinished and comes again.
            _log.exception("paper.order_failed", order_id=order.id)
            if order.intent.action is not Action.OPEN:
                return None
            reason = f"E-VENUE: this order cannot be computed ({type(error).__name__})"
            return self._no(order, OrderState.REJECTED, reason)

    def _answer(self, order: Order) -> OrderEvent:
        with logs.bind_trace(order.intent.trace_id):
            # Here a byte would leave: what was let in may have been stopped on the way.
            if why := self._before_send(order):
                return self._no(order, OrderState.CANCELLED, why)
            match order.intent.action:
                case Action.OPEN:
                    return self._open(order)
                case Action.CLOSE:
                    return self._close(order)
                case Action.SET_STOPS:
                    return self._set_stops(order)

    def _open(self, order: Order) -> OrderEvent:
        intent, now_ns = order.intent, self._clock.now_ns()
        market = self._catalogue[intent.market_ix]
        if intent.expires_ns and now_ns > intent.expires_ns:
            return self._no(order, OrderState.EXPIRED, "E-EXPIRED: the order's time was up")
        if now_ns - order.created_ns > self._open_max_age_ns:
            return self._no(order, OrderState.EXPIRED, "E-EXPIRED: the order is too old to open")
        # The quote that was good at admission may be old or disputed by now.
        quote = self._quotes.quote(intent.market_ix)
        quality = Quality(quote.quality)
        if quality not in OPENING or quote.breaker != Breaker.CLOSED or quote.price_e10 <= 0:
            code = "E-DEV" if quality is Quality.CONFLICT else "E-STALE"
            reason = f"{code}: the price was {quality.name} when it came to fill"
            return self._no(order, OrderState.REJECTED, reason)
        from_e10 = intent.guard_price_e10 or order.quote_e10
        buys = intent.side is not None and intent.side.is_long
        moved_e10 = adverse_move_e10(from_e10, quote.price_e10, buys=buys) if from_e10 else 0
        if moved_e10 > intent.max_slippage_e10:
            return self._no(order, OrderState.REJECTED, _slipped(moved_e10, order))
        return self._yes(
            order, fills.open_fill(order, market, mark_e10=quote.price_e10, at_ns=now_ns)
        )

    def _close(self, order: Order) -> OrderEvent:
        intent, now_ns = order.intent, self._clock.now_ns()
        position = self._position(intent.position_id)
        if position is None or position.user_id != intent.user_id:
            return self._closed_already(order)
        market = self._catalogue[position.market_ix]
        quote = self._quotes.quote(position.market_ix)
        if intent.source is Source.VENUE:
            mark_e10 = order.quote_e10 or quote.price_e10 or position.liquidation_e10
            return self._yes(
                order, fills.liquidation_fill(order, position, mark_e10=mark_e10, at_ns=now_ns)
            )
        mark_e10, reason = self._closing_mark(order, position, market, quote)
        if reason:
            return self._no(order, OrderState.REJECTED, reason)
        return self._yes(
            order, fills.close_fill(order, position, market, mark_e10=mark_e10, at_ns=now_ns)
        )

    @staticmethod
    def _closing_mark(
        order: Order, position: Position, market: Market, quote: _core.Quote
    ) -> tuple[int, str]:
        """Choose the price a close is filled at, or say why there is none."""
        intent, quality = order.intent, Quality(quote.quality)
        if quality is Quality.CLOSED or not market.is_open:
            return 0, f"E-VENUE: {market.symbol} closed before the fill"
        # A close goes even when the price has gone bad since: then at the price it was admitted on,
        # or else at the last known one.
        mark_e10 = quote.price_e10 if quality in CLOSING else 0
        mark_e10 = mark_e10 or order.quote_e10 or quote.price_e10
        if mark_e10 <= 0:
            return 0, "E-STALE: there is no price to fill at"
        # A person's close may come late (a restart): not at any price, but within its slippage.
        # Stops and followed providers want to be out.
        guard_e10 = intent.guard_price_e10 or (order.quote_e10 if intent.source in BY_HAND else 0)
        buys = not position.side.is_long
        moved_e10 = adverse_move_e10(guard_e10, mark_e10, buys=buys) if guard_e10 else 0
        if moved_e10 > intent.max_slippage_e10:
            return 0, _slipped(moved_e10, order)
        if fills.close_share_e6(position, intent.portion_e10) == 0:
            return 0, "E-ARG: that share of the position is nothing"
        return mark_e10, ""

    def _set_stops(self, order: Order) -> OrderEvent:
        position = self._position(order.intent.position_id)
        if position is None or position.user_id != order.intent.user_id:
            return self._closed_already(order)
        return self._event(order, OrderState.FILLED)

    def _closed_already(self, order: Order) -> OrderEvent:
        reason = f"E-VENUE: position #{order.intent.position_id} is closed already"
        return self._no(order, OrderState.REJECTED, reason)

    def _yes(self, order: Order, fill: Fill) -> OrderEvent:
        return self._event(order, OrderState.FILLED, fill=fill)

    def _no(self, order: Order, state: OrderState, reason: str) -> OrderEvent:
        _log.info("paper.refused", order_id=order.id, state=state.value, reason=reason)
        return self._event(order, state, reason=reason)

    def _event(
        self, order: Order, state: OrderState, *, fill: Fill | None = None, reason: str = ""
    ) -> OrderEvent:
        return OrderEvent(
            order_id=order.id,
            state=state,
            at_ns=fill.at_ns if fill else self._clock.now_ns(),
            fill=fill,
            reason=reason,
            trace_id=order.intent.trace_id,
        )


def _slipped(moved_e10: int, order: Order) -> str:
    limit = format_percent(order.intent.max_slippage_e10)
    return f"E-SLIP: price moved {over_percent(moved_e10)} (limit {limit})"


def _one_per_position(orders: Sequence[Order]) -> tuple[list[Order], list[Order]]:
    """Split off the orders that may be answered together: at most one of each position."""
    seen: set[int] = set()
    now: list[Order] = []
    later: list[Order] = []
    for order in orders:
        target = order.intent.position_id
        if order.intent.action is not Action.OPEN and target in seen:
            later.append(order)
            continue
        seen.add(target)
        now.append(order)
    return now, later
