"""Fan-out: a committed signal becomes one intent for each follower.

    door --offer--> queue --batch--> followers x sizing --> Engine.submit_many --> decided

The queue is a hint, not the truth: the rows of undecided signals are. A lost offer, a full queue
and a killed process all end the same way: the sweeper finds the row and drives it again, and the
orders' keys (signal id, position id) make sure that nothing is done twice.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import asyncpg
import msgspec

from vanta import logs
from vanta.domain.enums import OPENING, Mode, OrderState, Quality
from vanta.domain.intent import Intent, SignalRef
from vanta.domain.market import Catalogue
from vanta.domain.order import Order
from vanta.domain.policy import Subscription
from vanta.domain.ports import Clock, Quotes
from vanta.domain.position import Position
from vanta.domain.signal import Signal, decode_signal
from vanta.domain.verdict import Reason
from vanta.engine.account import AccountBook
from vanta.engine.booked import Booked
from vanta.engine.wishes import Wish, change_intent, open_wish
from vanta.metrics import Metrics
from vanta.store.fills import Fills
from vanta.store.orders import Orders
from vanta.store.pool import AWAY
from vanta.store.providers import Providers
from vanta.store.signals import Key, SignalRecord, Signals, SignalStatus
from vanta.supervise import beat, rest

_log = logs.get(__name__)

QUEUE: Final = 16_384  # beyond it offers are dropped; the sweeper finds their rows
BATCH: Final = 256
SWEEP_S: Final = 1.0
SWEEP_LIMIT: Final = 1_000
# A fresh signal belongs to the queue; the sweeper keeps its hands off for this long.
SWEEP_AFTER_NS: Final = 1_000_000_000
REMEMBERED: Final = 10_000
MAX_STRIKES: Final = 5  # a signal that fails so often by itself is parked as rejected
SETTLE_S: Final = 1.0  # how long a change waits for what its provider asked before it
RETRY_S: Final = 0.5
# Prices come a moment after a start. What was acknowledged before must not be refused for that.
WARM_UP_NS: Final = 5_000_000_000
PRICE_WAIT_NS: Final = 30_000_000_000


class Submit(Protocol):
    """The engine's batch door."""

    async def submit_many(
        self, intents: Sequence[Intent], known: Sequence[Sequence[Reason]] | None = None
    ) -> list[Order]: ...

    async def settled(self, order_id: int, timeout_s: float) -> Order: ...


class FanOut:
    """Drives signals to orders; implements `SignalSink`."""

    def __init__(
        self,
        *,
        desk: Submit,
        signals: Signals,
        providers: Providers,
        orders: Orders,
        fills: Fills,
        book: AccountBook,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
        redrive_max_age_ns: int,
        quotes: Quotes,
        in_flight: Callable[[], Sequence[Order]],
        is_ready: Callable[[], bool],
        wished: Callable[[int, str], Mode],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._desk = desk
        self._signals = signals
        self._providers = providers
        self._orders = orders
        self._fills = fills
        self._book = book
        self._catalogue = catalogue
        self._clock = clock
        self._metrics = metrics
        self._redrive_max_age_ns = redrive_max_age_ns
        self._quotes = quotes
        self._began_ns = clock.now_ns()
        self._priced: set[int] = set()  # markets that have had a good price since the start
        self._in_flight = in_flight
        self._is_ready = is_ready
        self._wished = wished
        self._sleep = sleep
        self._settle_s = settle_s
        self._queue: deque[Key] = deque()
        self._queued: set[Key] = set()
        self._wake = asyncio.Event()
        self._driving = asyncio.Lock()
        self._strikes: dict[Key, int] = {}
        self._provider_of: dict[int, int] = {}  # position -> provider whose signal opened it
        self._received: OrderedDict[Key, int] = OrderedDict()  # when signals came, for the metric

    # --- SignalSink -----------------------------------------------------------------------------

    def offer(self, keys: Sequence[Key]) -> None:
        """Take durable signals; never blocks, drops what does not fit."""
        for key in keys:
            if len(self._queue) >= QUEUE:
                _log.warning("signals.queue_full", dropped=len(keys))
                break
            if key not in self._queued:
                self._queued.add(key)
                self._queue.append(key)
        self._wake.set()

    def booked(self, change: Booked) -> None:
        """Hear of booked events: measures the way from the signal to the fill."""
        ref = change.order.intent.signal
        received_ns = self._received.get((ref.provider_id, ref.signal_id), 0) if ref else 0
        if change.fill is not None and received_ns:
            took_ns = change.event.at_ns - received_ns
            self._metrics.signal_to_fill_seconds.observe(max(took_ns, 0) / 1e9)
        if change.position is not None and not change.position.is_open:
            self._provider_of.pop(change.position.id, None)

    # --- tasks ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Drive offered signals for ever."""
        if self._queue:  # a run before this one ended in the middle of it
            self._wake.set()
        while True:
            rest()
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                beat()
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                self._queued.difference_update(batch)
                await self._drive_all(batch)

    async def sweep(self) -> None:
        """Find undecided signals that nobody drives, for ever."""
        while True:
            beat()
            try:
                await self.sweep_once()
            except AWAY as error:
                _log.warning("signals.store_away", error=type(error).__name__)
            await self._sleep(SWEEP_S)

    async def sweep_once(self) -> int:
        """Drive the undecided signals there are now; return how many."""
        now_ns = self._clock.now_ns()
        keys = [
            key
            for key in await self._signals.undecided(
                now_ns - SWEEP_AFTER_NS, SWEEP_LIMIT, now_ns=now_ns
            )
            if key not in self._queued
        ]
        if keys:
            _log.info("signals.redriven", signals=len(keys))
            await self._drive_all(keys)
        return len(keys)

    async def _drive_all(self, keys: Sequence[Key]) -> None:
        """Drive a batch; when that fails, each alone, so that one bad signal stops only itself."""
        try:
            await self.drive(keys)
        except Exception:
            _log.exception("signals.drive_failed", signals=len(keys))
            for key in keys:
                await self._drive_alone(key)

    async def _drive_alone(self, key: Key) -> None:
        try:
            await self.drive([key])
            self._strikes.pop(key, None)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            # The store's fault, not the signal's: the sweeper brings it back.
            _log.exception("signals.store_failed", signal=key[1])
            await self._sleep(RETRY_S)
        except Exception:
            strikes = self._strikes[key] = self._strikes.get(key, 0) + 1
            _log.exception("signals.signal_failed", signal=key[1], strikes=strikes)
            if strikes >= MAX_STRIKES:
                del self._strikes[key]
                await self._signals.decided(
                    None, [key], self._clock.now_ns(), SignalStatus.REJECTED
                )

    # --- one batch ------------------------------------------------------------------------------

    async def drive(self, keys: Sequence[Key]) -> None:
        """Decide signals, first received first, and record what became of each."""
        if not self._is_ready():
            return  # opens would be refused; the rows stay undecided and the sweeper comes back
        async with self._driving:  # queue and sweeper must not reorder one provider's signals
            records = [
                record
                for record in await self._signals.load_many(keys)
                if record.status is SignalStatus.RECEIVED
            ]
            # Answers to one provider may have gone out in another order than its signals came in.
            records.sort(key=lambda record: record.received_ns)
            for record in records:
                self._received[record.key] = record.received_ns
                if len(self._received) > REMEMBERED:
                    self._received.popitem(last=False)
            follower_lists = {
                provider_id: await self._providers.subscriptions(provider_id)
                for provider_id in {record.provider_id for record in records}
            }
            opens: list[tuple[SignalRecord, Signal]] = []
            for record in records:
                signal = self._read(record)
                if signal is None:
                    await self._decide(record, SignalStatus.REJECTED)
                elif self._is_late(record, signal):
                    await self._decide(record, SignalStatus.EXPIRED)
                elif self._awaits_price(record, signal):
                    continue  # undecided; the sweeper comes back
                elif signal.action == "open":
                    opens.append((record, signal))
                else:
                    # What came before must have happened before it is closed or changed.
                    await self._drive_opens(opens, follower_lists)
                    opens = []
                    await self._drive_change(record, signal, follower_lists[record.provider_id])
            await self._drive_opens(opens, follower_lists)

    def _read(self, record: SignalRecord) -> Signal | None:
        try:
            signal = decode_signal(record.body)
            if signal.market_ix is not None:
                self._catalogue[signal.market_ix]
        except (msgspec.DecodeError, KeyError) as error:
            # The door wrote it, so this is a row of another version: never trade on a guess.
            _log.error("signals.unreadable", signal=record.signal_id, error=str(error))
            return None
        return None if signal.action == "open" and signal.market_ix is None else signal

    def _is_late(self, record: SignalRecord, signal: Signal) -> bool:
        now_ns = self._clock.now_ns()
        expires_ns = min((e for e in (signal.expires_ns, record.expires_ns) if e), default=0)
        if expires_ns and now_ns > expires_ns:
            return True
        return signal.takes_risk and now_ns - record.received_ns > self._redrive_max_age_ns

    def _awaits_price(self, record: SignalRecord, signal: Signal) -> bool:
        """Tell whether a signal of before the start is to wait for its market's first price."""
        if record.received_ns > self._began_ns + WARM_UP_NS:
            return False
        if self._clock.now_ns() > self._began_ns + PRICE_WAIT_NS:
            return False  # then it hears plainly that there is no price
        markets = {position.market_ix for position in self._book.open_positions()}
        if signal.market_ix is not None:
            markets = {signal.market_ix}
        for ix in markets - self._priced:
            if Quality(self._quotes.quote(ix).quality) in OPENING:
                self._priced.add(ix)
        return not markets <= self._priced

    async def _drive_opens(
        self,
        opens: Sequence[tuple[SignalRecord, Signal]],
        followers: dict[int, list[Subscription]],
    ) -> None:
        if not opens:
            return
        wishes: list[Wish] = []
        counts: list[int] = []
        for record, signal in opens:
            mine = [
                open_wish(
                    record,
                    signal,
                    self._catalogue[signal.market_ix or 0],
                    follower,
                    self._wished(follower.user_id, follower.mode),
                )
                for follower in followers[record.provider_id]
            ]
            wishes += mine
            counts.append(len(mine))
        orders = await self._submit(wishes)
        start = 0
        statuses = []
        for count in counts:
            statuses.append(_status_of(orders[start : start + count]))
            start += count
        keys = [record.key for record, _ in opens]
        await self._signals.decided(None, keys, self._decided_ns(orders), statuses)

    async def _drive_change(
        self, record: SignalRecord, signal: Signal, followers: Sequence[Subscription]
    ) -> None:
        is_whole = await self._is_settled(record, signal)
        wishes = []
        for follower in followers:
            for position in self._book.positions_of(follower.user_id):
                if await self._concerns(record, signal, position):
                    wishes.append(Wish(intent=change_intent(record, signal, position)))
        orders = await self._submit(wishes)
        if not is_whole:
            # An open received before may still fill, and must not outlive its close: the sweeper
            # drives this signal again. What is done already has its order and is not done twice.
            return
        # Nothing to close is done, not refused.
        status = _status_of(orders) if orders else SignalStatus.ACCEPTED
        await self._decide(record, status, orders)

    async def _concerns(self, record: SignalRecord, signal: Signal, position: Position) -> bool:
        if signal.market_ix is not None and signal.market_ix != position.market_ix:
            return False
        if signal.side is not None and signal.side is not position.side:
            return False
        # A late delivery must not close what was opened after the provider spoke.
        if position.opened_ns > record.received_ns and not await self._opened_by_earlier(
            record, position
        ):
            return False
        return await self._provider(position) == record.provider_id

    async def _opened_by_earlier(self, record: SignalRecord, position: Position) -> bool:
        """Tell whether a signal received before this one opened the position (it filled later)."""
        ref = await self._opening_signal(position)
        if ref is None:
            return False
        opener = await self._signals.get(ref.provider_id, ref.signal_id)
        return opener is not None and opener.received_ns <= record.received_ns

    async def _provider(self, position: Position) -> int:
        """Return the provider whose signal opened a position; 0 when a person did."""
        known = self._provider_of.get(position.id)
        if known is None:
            ref = await self._opening_signal(position)
            known = self._provider_of[position.id] = ref.provider_id if ref else 0
        return known

    async def _opening_signal(self, position: Position) -> SignalRef | None:
        fills = await self._fills.of_position(position.id)
        if not fills or not fills[0].order_id:
            return None
        return (await self._orders.by_id(fills[0].order_id)).intent.signal

    async def _submit(self, wishes: Sequence[Wish]) -> list[Order]:
        return await self._desk.submit_many(
            [wish.intent for wish in wishes], [wish.known for wish in wishes]
        )

    async def _is_settled(self, record: SignalRecord, signal: Signal) -> bool:
        """Tell whether all that the provider asked before is done; waits a little for it."""
        try:
            async with asyncio.timeout(self._settle_s):
                for order in self._under_way(record, signal):
                    await self._desk.settled(order.id, self._settle_s)
        except TimeoutError:
            _log.info("signal.waits_for_orders", signal=record.signal_id)
        if self._under_way(record, signal):
            return False
        return not await self._signals.is_any_undecided(record.provider_id, record.received_ns)

    def _under_way(self, record: SignalRecord, signal: Signal) -> list[Order]:
        return [
            order
            for order in self._in_flight()
            if order.intent.signal is not None
            and order.intent.signal.provider_id == record.provider_id
            and signal.market_ix in (None, order.intent.market_ix)
        ]

    def _decided_ns(self, orders: Sequence[Order]) -> int:
        # The executor may be at work by the time this is asked: the orders' own time is the truth.
        return max((order.created_ns for order in orders), default=self._clock.now_ns())

    async def _decide(
        self, record: SignalRecord, status: SignalStatus, orders: Sequence[Order] = ()
    ) -> None:
        _log.info(
            "signal.decided",
            signal=record.signal_id,
            status=status.value,
            trace_id=record.trace_id,
        )
        await self._signals.decided(None, [record.key], self._decided_ns(orders), status)


def _status_of(orders: Sequence[Order]) -> SignalStatus:
    done = any(order.state is not OrderState.REFUSED for order in orders)
    return SignalStatus.ACCEPTED if done else SignalStatus.REJECTED
