"""The engine: the one door through which an intent becomes an order.

    submit ─┬─► opens   ─► [admit ─► count ─► insert ─► executor] ─┬─► ledger ─► settled
            └─► changes ─► [admit ──────────► insert ─► executor] ─┘

Opens and changes of open positions (closes, stops, what the venue did) have a lane each, so that a
close never waits for what an open waits for. Submits are taken in groups, so that a burst costs
one transaction. The work runs in the lanes' own tasks: a caller that goes away (a closed
connection, a time-out) never leaves half an order.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
import msgspec

from vanta import _core, logs
from vanta.domain.enums import Action, OrderState, Side, TriggerKind
from vanta.domain.errors import InputError, NotRunningError, VantaError
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.ports import Clock, CrashPoint, Executor, Preview, Quotes
from vanta.domain.position import Position
from vanta.domain.verdict import Reason
from vanta.engine.account import AccountBook
from vanta.engine.admission import Admission, Decision
from vanta.engine.ledger import Ledger
from vanta.engine.rates import Rates
from vanta.engine.triggers import ArmedTriggers
from vanta.metrics import Metrics
from vanta.store.orders import OrderDraft, Orders
from vanta.store.pool import AWAY
from vanta.supervise import beat, is_cancelled, rest
from vanta.waiting import WaitingQueue

_log = logs.get(__name__)

GROUP: Final = 512
QUEUE: Final = 8_192  # when full, submit waits

# What the database says of a row, as against of itself.
_ROW_FAULTS: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, InputError)

_Key = tuple[int, str, str]


class _Ask:
    """One submit on its way: the intent, what the way in already found, and who waits."""

    __slots__ = ("answer", "intent", "known")

    def __init__(self, intent: Intent, known: Sequence[Reason]) -> None:
        self.intent = intent
        self.known = known
        self.answer: asyncio.Future[Order] = asyncio.get_running_loop().create_future()

    @property
    def key(self) -> _Key:
        return (self.intent.user_id, self.intent.source.value, self.intent.ref)

    def succeed(self, order: Order) -> None:
        if not self.answer.done():
            self.answer.set_result(order)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # the caller may be gone; then nobody else reads it


class _Lane:
    """Submits of one kind that wait for each other."""

    __slots__ = ("name", "queue", "unsure")

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.queue: WaitingQueue[_Ask] = WaitingQueue(QUEUE, clock)
        # Admitted and perhaps written. Bounded: while there are some, the lane admits nothing.
        self.unsure: list[Decision] = []


class Engine:
    """Decides, writes and hands over; implements `Desk`."""

    def __init__(
        self,
        *,
        admission: Admission,
        rates: Rates,
        book: AccountBook,
        triggers: ArmedTriggers,
        orders: Orders,
        executor: Executor,
        ledger: Ledger,
        quotes: Quotes,
        clock: Clock,
        crash: CrashPoint,
        metrics: Metrics,
        stops_held: Callable[[], bool],
    ) -> None:
        self._admission = admission
        self._rates = rates
        self._book = book
        self._triggers = triggers
        self._orders = orders
        self._executor = executor
        self._ledger = ledger
        self._quotes = quotes
        self._clock = clock
        self._crash = crash
        self._metrics = metrics
        self._stops_held = stops_held
        self._opens, self._changes = _Lane("opens", clock), _Lane("changes", clock)
        for lane in (self._opens, self._changes):
            metrics.watch_queue(f"engine.{lane.name}", lane.queue.qsize, lane.queue.age_s)
        self._running: dict[_Key, _Ask] = {}

    # --- Desk -----------------------------------------------------------------------------------

    async def submit(self, intent: Intent, known: Sequence[Reason] = ()) -> Order:
        """Turn an intent into an order, once. Same key, same order (`duplicate=True`).

        `known` are reasons for a refusal that the way in has found itself. Returns when the order
        is durable and handed over, not when it is filled (see `settled`). Raises `NotFoundError`
        for an unknown user, `InputError` for an intent that no row could hold.
        """
        ask = _Ask(intent, known)
        first = self._running.setdefault(ask.key, ask)
        if first is not ask:
            # The same key is being worked on: its answer is ours.
            order = await asyncio.shield(first.answer)
            return msgspec.structs.replace(order, duplicate=True, reservation=0)
        lane = self._opens if intent.action is Action.OPEN else self._changes
        try:
            await lane.queue.put(ask)
        except BaseException:
            self._running.pop(ask.key, None)
            ask.fail(NotRunningError("the first caller of this key went away; ask again"))
            raise
        return await asyncio.shield(ask.answer)

    async def submit_many(
        self, intents: Sequence[Intent], known: Sequence[Sequence[Reason]] | None = None
    ) -> list[Order]:
        """Submit many, decided and written together. Answers in order; raises as `submit`."""
        reasons = known if known is not None else [()] * len(intents)
        answers = await asyncio.gather(
            *(self.submit(i, k) for i, k in zip(intents, reasons, strict=True)),
        )
        return list(answers)

    async def preview(self, intent: Intent) -> Preview:
        """Compute what a ticket shows; reserves and writes nothing. Raises as `submit`."""
        await self._book.ensure(intent.user_id)
        decision = self._admission.decide(intent, reserve=False)
        if decision.is_open and not decision.reasons:
            decision.reasons.extend(self._rates.against())
        quote = decision.quote
        figures = decision.figures
        if figures is None:
            return self._preview_of_change(decision)
        return Preview(
            verdict=decision.verdict,
            quote_e10=quote.price_e10,
            quality=quote.quality,
            entry_e10=figures.entry_e10,
            notional_e6=figures.notional_e6,
            required_e6=figures.required_e6,
            open_fee_e6=figures.open_fee_e6,
            close_fee_e6=figures.close_fee_e6,
            spread_cost_e6=figures.spread_cost_e6,
            liquidation_e10=figures.liquidation_e10,
            safe_line_e10=figures.safe_line_e10,
            worst_loss_e6=figures.worst_loss_e6,
            equity_e6=figures.equity_e6,
        )

    def quote(self, market_ix: int) -> _core.Quote:
        """Return the market's quote as of now."""
        return self._quotes.quote(market_ix)

    def exposure(self, user_id: int) -> _core.Exposure:
        """Return a user's account at the last marks. Raises `NotFoundError`."""
        return self._book.exposure(user_id)

    def policy(self, user_id: int) -> Policy:
        """Return a user's limits in force."""
        return self._book.policy(user_id)

    def protected_by(self, position: Position) -> str:
        """Say who closes this position before the venue liquidates it."""
        kinds = self._triggers.kinds(position.id)
        # Armed as it is, a held one protects nobody until it may fire again.
        held = " (held now)" if self._stops_held() else ""
        if TriggerKind.STOP_LOSS in kinds:
            return f"Vanta stop{held}"
        return f"Vanta buffer{held}" if TriggerKind.BUFFER in kinds else "nobody"

    async def settled(self, order_id: int, timeout_s: float) -> Order:
        """Wait until the order is terminal or the time is up; return it as it is then."""
        return await self._ledger.settled(order_id, timeout_s)

    # --- the tasks ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Answer submits for ever."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._serve(self._opens))
            lanes.create_task(self._serve(self._changes))

    async def _serve(self, lane: _Lane) -> None:
        while True:
            rest(lane.name)
            group = [await lane.queue.get()]
            beat(lane.name)
            while len(group) < GROUP and not lane.queue.empty():
                group.append(lane.queue.get_nowait())
            self._metrics.requests.labels(way="engine").inc(len(group))
            try:
                await self._settle_unsure(lane)
                await self._answer(lane, group)
            except Exception as error:
                # Nobody was told yes. A row that was written all the same is found by redelivery.
                _log.exception("engine.group_failed", intents=len(group))
                self._metrics.errors.labels(way="engine").inc(len(group))
                for ask in group:
                    ask.fail(error)
            except asyncio.CancelledError:
                for ask in group:
                    ask.fail(NotRunningError("the engine is stopping; ask again with the same key"))
                if not is_cancelled():  # else the group would go on without this lane
                    raise RuntimeError(f"{lane.name} was cancelled from within") from None
                raise
            finally:
                for ask in group:
                    self._running.pop(ask.key, None)
            if lane is self._opens:
                await self._rates.settle()

    async def _answer(self, lane: _Lane, group: Sequence[_Ask]) -> None:
        asks, decisions = await self._decide(group)
        if not asks:
            return
        # The instant at which the opens count: in the counters, and by their rows after a restart.
        now_ns = self._clock.now_ns()
        try:
            await self._rates.count(decisions, now_ns)
        except BaseException:
            self._forget(decisions)
            raise
        try:
            await self._write(lane, asks, decisions, now_ns)
        except _ROW_FAULTS as error:
            if len(asks) == 1:
                asks[0].fail(error)
                return
            # One row that the database refuses must not take the others down.
            for ask in asks:
                await self._answer(lane, [ask])

    async def _write(
        self, lane: _Lane, asks: Sequence[_Ask], decisions: Sequence[Decision], now_ns: int
    ) -> None:
        try:
            orders = await self._orders.insert_many([self._draft(d, now_ns) for d in decisions])
        except AWAY:
            # What may be durable keeps its cash set aside until somebody has looked.
            lane.unsure += [decision for decision in decisions if not decision.reasons]
            raise
        except BaseException:
            self._forget(decisions)
            raise
        fresh = []
        for decision, order in zip(decisions, orders, strict=True):
            if order.duplicate:
                self._forget([decision])
            elif order.state is OrderState.CREATED:
                fresh.append(order)
            else:
                self._rates.refused(decision)
                self._tell_refusal(order)
        if fresh:
            self._ledger.expect(fresh)
            self._crash("order.committed")
            await self._executor.execute_many(fresh)
        for ask, order in zip(asks, orders, strict=True):
            ask.succeed(order)

    def _forget(self, decisions: Sequence[Decision]) -> None:
        """Set free and give back what decisions took that came to nothing."""
        for decision in decisions:
            self._book.risk.release(decision.reservation)
        self._rates.owe(decisions)

    async def _settle_unsure(self, lane: _Lane) -> None:
        """Find out what became of rows whose write got no answer; raises while nobody can say."""
        while lane.unsure:
            decision = lane.unsure[-1]
            intent = decision.intent
            order = await self._orders.by_key(intent.user_id, intent.source, intent.ref)
            lane.unsure.pop()
            if order is None:
                self._forget([decision])
                continue
            if order.state.is_terminal or self._ledger.is_expected(order.id):
                # Found by redelivery meanwhile.
                self._book.risk.release(decision.reservation)
                continue
            order = msgspec.structs.replace(order, reservation=decision.reservation)
            self._ledger.expect([order])
            await self._executor.execute_many([order])

    async def _decide(self, group: Sequence[_Ask]) -> tuple[list[_Ask], list[Decision]]:
        asks: list[_Ask] = []
        for ask in group:
            try:
                await self._book.ensure(ask.intent.user_id)
                self._admission.check(ask.intent)
                asks.append(ask)
            except Exception as error:
                ask.fail(error)
        try:
            return asks, self._admission.decide_many(
                [ask.intent for ask in asks], [ask.known for ask in asks]
            )
        except VantaError:
            # Raised while looking, before anything was reserved: find whose it is.
            return self._decide_singly(asks)

    def _decide_singly(self, asks: Sequence[_Ask]) -> tuple[list[_Ask], list[Decision]]:
        decided: list[tuple[_Ask, Decision]] = []
        for ask in asks:
            try:
                [decision] = self._admission.decide_many([ask.intent], [ask.known])
            except VantaError as error:
                ask.fail(error)
            else:
                decided.append((ask, decision))
        return [ask for ask, _ in decided], [decision for _, decision in decided]

    @staticmethod
    def _draft(decision: Decision, now_ns: int) -> OrderDraft:
        quote = decision.quote
        return OrderDraft(
            intent=decision.intent,
            mode=decision.mode,
            state=OrderState.REFUSED if decision.reasons else OrderState.CREATED,
            verdict=decision.verdict,
            created_ns=now_ns,
            quote_e10=quote.price_e10,
            quote_as_of_ns=quote.as_of_ns,
            quote_quality=quote.quality,
            reservation=decision.reservation,
        )

    def _tell_refusal(self, order: Order) -> None:
        for reason in order.verdict.reasons:
            self._metrics.refusals.labels(rule=reason.rule).inc()
        self._metrics.orders.labels(
            source=order.intent.source.value, state=OrderState.REFUSED.value
        ).inc()
        _log.info(
            "order.refused",
            order_id=order.id,
            source=order.intent.source.value,
            codes=",".join(reason.code for reason in order.verdict.reasons),
            trace_id=order.intent.trace_id,
        )

    def _preview_of_change(self, decision: Decision) -> Preview:
        intent, quote, market = decision.intent, decision.quote, decision.market
        position = self._book.position(intent.position_id)
        if intent.action is Action.OPEN or position is None or decision.reasons:
            return Preview(
                verdict=decision.verdict, quote_e10=quote.price_e10, quality=quote.quality
            )
        share_e6 = position.collateral_e6 * intent.portion_e10 // 10**10
        notional_e6 = _core.notional(collateral_e6=share_e6, leverage_e10=position.leverage_e10)
        price_e10 = 0
        if quote.price_e10:
            price_e10 = _core.execution_price(
                price_e10=quote.price_e10,
                spread_e10=market.spread_e10,
                is_long=position.side is Side.LONG,
                is_open=False,
            )
        return Preview(
            verdict=decision.verdict,
            quote_e10=quote.price_e10,
            quality=quote.quality,
            entry_e10=price_e10,
            notional_e6=notional_e6,
            close_fee_e6=_core.fee(notional_e6=notional_e6, rate_e10=market.close_fee_e10),
            liquidation_e10=position.liquidation_e10,
            equity_e6=self._book.exposure(intent.user_id).equity_e6,
        )
