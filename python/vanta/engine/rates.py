"""Rates: what the counters of all processes say to opens that nothing else refuses.

    decided ─► count (one round trip) ─┬─► written ─► counted
                                       └─► refused, its cash set free

When the counters cannot answer, opens are refused at once, until Redis has been healthy for a
while again: nobody waits twice for a dead server. Changes of open positions never come here.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from vanta import logs
from vanta.domain.enums import Action, OrderState, Side
from vanta.domain.intent import Intent
from vanta.domain.units import ONE_E10
from vanta.domain.verdict import Reason
from vanta.engine import risk_words
from vanta.engine.account import AccountBook
from vanta.engine.admission import Decision
from vanta.engine.booked import Booked
from vanta.store.counters import Excess, Grant, OpenAsk
from vanta.store.redis import AWAY

_log = logs.get(__name__)

OWED: Final = 10_000  # beyond it the oldest stay counted: the safe side


class OpenCounters(Protocol):
    """Counts opens for all processes."""

    async def take(self, asks: Sequence[OpenAsk], now_ns: int) -> list[Grant]: ...

    async def give_back(self, asks: Sequence[OpenAsk]) -> None: ...


class RedisHealth(Protocol):
    """Who watches Redis and is told when somebody else saw it fail."""

    def redis_ok(self) -> bool: ...

    def redis_failed(self) -> None: ...


class Rates:
    """Asks the counters about opens, and gives back what came to nothing."""

    def __init__(self, *, counters: OpenCounters, book: AccountBook, health: RedisHealth) -> None:
        self._counters = counters
        self._book = book
        self._health = health
        self._lost = False  # Redis failed, and has not been healthy since
        self._owed: deque[OpenAsk] = deque(maxlen=OWED)

    async def count(self, decisions: Sequence[Decision], now_ns: int) -> None:
        """Count the opens among them that are not refused, and refuse those beyond a limit."""
        opens = [decision for decision in decisions if decision.is_open and not decision.reasons]
        if not opens:
            return
        if self.against():
            self._refuse_all(opens)
            return
        asks = [self._ask(decision.intent) for decision in opens]
        try:
            await self._return_owed()
            grants = await self._counters.take(asks, now_ns)
        except AWAY as error:
            self._lose(error)
            for decision in opens:
                decision.is_counted = None
            self._refuse_all(opens)
            return
        for decision, grant in zip(opens, grants, strict=True):
            decision.is_counted = grant.counted
            if not grant.ok:
                self._refuse(decision, [_reason(e, decision, now_ns) for e in grant.excesses])
                decision.nearest_e6 = _nearest_e6(decision, grant.excesses)

    def against(self) -> tuple[Reason, ...]:
        """Return what speaks against any open now, without asking."""
        return () if self._answers() else (NO_COUNTERS,)

    def owe(self, decisions: Iterable[Decision]) -> None:
        """Note counted opens that came to nothing; `settle` takes them out again."""
        self._owed.extend(self._ask(d.intent) for d in decisions if d.is_counted)

    def refused(self, decision: Decision) -> None:
        """Note a decision whose refusal is written: it may have been counted all the same."""
        if decision.is_counted is None:
            self._owed.append(self._ask(decision.intent))

    async def settle(self) -> None:
        """Give back what is owed; what cannot be given back now comes later."""
        if self._owed and self._answers():
            try:
                await self._return_owed()
            except AWAY as error:
                self._lose(error)

    def booked(self, change: Booked) -> None:
        """Hear of booked events: an open that the venue did not make does not count."""
        order, state = change.order, change.event.state
        is_open = order.intent.action is Action.OPEN
        if is_open and state.is_terminal and state is not OrderState.FILLED:
            self._owed.append(self._ask(order.intent))

    async def _return_owed(self) -> None:
        owed = list(self._owed)
        if not owed:
            return
        self._owed.clear()
        try:
            await self._counters.give_back(owed)
        except BaseException:
            self._owed.extendleft(reversed(owed))
            raise

    def _answers(self) -> bool:
        if self._lost and self._health.redis_ok():
            self._lost = False
            _log.info("rates.counting_again", owed=len(self._owed))
        return not self._lost

    def _lose(self, error: BaseException) -> None:
        self._lost = True
        self._health.redis_failed()
        _log.warning("rates.counters_lost", error=type(error).__name__)

    def _ask(self, intent: Intent) -> OpenAsk:
        return OpenAsk(
            user_id=intent.user_id,
            source=intent.source,
            ref=intent.ref,
            # Rounds down, as the core does.
            notional_e6=intent.collateral_e6 * intent.leverage_e10 // ONE_E10,
            policy=self._book.policy(intent.user_id),
        )

    def _refuse_all(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            self._refuse(decision, [NO_COUNTERS])

    def _refuse(self, decision: Decision, reasons: Sequence[Reason]) -> None:
        self._book.risk.release(decision.reservation)
        decision.reservation = 0
        decision.reasons.extend(reasons)


NO_COUNTERS: Final = Reason(
    code="E-RATE",
    rule="RATE_COUNTERS",
    text="Your rates and volumes cannot be counted now because Redis does not answer, so nothing "
    "new is opened. Closing works. Try again shortly.",
)


def _nearest_e6(decision: Decision, excesses: Sequence[Excess]) -> int:
    """Return the largest smaller collateral whose volume fits; 0 = none, or size does not help."""
    if any(excess.rule not in _EASE for excess in excesses):
        return 0
    intent = decision.intent
    asked_e6 = intent.collateral_e6 * intent.leverage_e10 // ONE_E10
    room_e6 = min(excess.limit - (excess.value - asked_e6) for excess in excesses)
    if room_e6 < decision.market.min_notional_e6:
        return 0
    # floor(c * leverage) <= room is c * leverage < room + 1, exactly.
    nearest_e6 = ((room_e6 + 1) * ONE_E10 - 1) // intent.leverage_e10
    fits = nearest_e6 * intent.leverage_e10 // ONE_E10 >= decision.market.min_notional_e6
    return nearest_e6 if fits else 0


_EASE: Final = frozenset({"VOLUME_HOUR", "VOLUME_DAY"})


def _reason(excess: Excess, decision: Decision, now_ns: int) -> Reason:
    case = risk_words.RiskCase(
        market=decision.market,
        side=decision.intent.side or Side.LONG,
        collateral_e6=decision.intent.collateral_e6,
        leverage_e10=decision.intent.leverage_e10,
        buffer_e10=0,
        now_ns=now_ns,
    )
    return risk_words.of_rule(excess.rule, excess, case)
