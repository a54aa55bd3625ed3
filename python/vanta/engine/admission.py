"""Admission: an intent gets its verdict. Memory only; nothing here waits.

All rules run and all failures are told, in the published order: role, mode, breaker, arguments,
market, price, then the core's risk rules. Closes and new stops are never refused by a limit: for
them only mode, arguments and a sane price count, and for stops set by hand the role.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from vanta import _core
from vanta.domain.enums import BY_HAND, OPENING, Action, Breaker, Mode, Quality, Side, Source
from vanta.domain.errors import ArithmeticOverflow, InputError, InvalidInput
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.ports import Clock, Quotes
from vanta.domain.position import Position
from vanta.domain.roles import Right, permits
from vanta.domain.units import ONE_E10
from vanta.domain.verdict import Reason, Verdict
from vanta.engine import risk_words, verdicts
from vanta.engine.account import AccountBook
from vanta.engine.arguments import (
    aimed,
    check_storable,
    new_stop_reasons,
    open_stop_reasons,
    size_reasons,
    slippage_reasons,
)
from vanta.engine.permits import Permits

STALE_AFTER_NS: Final = 5 * 10**9  # what texts name as the limit; the price book decides
MAX_DEVIATION_E10: Final = 50_000_000  # 0.5 %, likewise


class Decision:
    """One intent on its way through admission."""

    __slots__ = (
        "asked",
        "figures",
        "intent",
        "is_counted",
        "market",
        "mode",
        "nearest_e6",
        "quote",
        "reasons",
        "reservation",
    )

    def __init__(self, intent: Intent, market: Market, quote: _core.Quote) -> None:
        self.intent = intent
        self.market = market
        self.quote = quote
        self.mode = Mode.DRY
        self.reasons: list[Reason] = []
        self.nearest_e6 = 0
        self.reservation = 0
        self.asked = False  # the risk book has been
        # By the rate counters, for this very decision; None = nobody knows.
        self.is_counted: bool | None = False
        self.figures: _core.RiskVerdict | None = None

    @property
    def verdict(self) -> Verdict:
        return Verdict(
            reasons=tuple(self.reasons),
            nearest_collateral_e6=self.nearest_e6,
            adjusted=self.intent.adjusted,
        )

    @property
    def is_open(self) -> bool:
        return self.intent.action is Action.OPEN


class Admission:
    """Decides intents against the account book, the quotes and the mode."""

    def __init__(
        self,
        *,
        book: AccountBook,
        quotes: Quotes,
        catalogue: Catalogue,
        clock: Clock,
        permits: Permits,
        is_ready: Callable[[], bool],
    ) -> None:
        self._book = book
        self._quotes = quotes
        self._catalogue = catalogue
        self._clock = clock
        self._permits = permits
        self._is_ready = is_ready

    def check(self, intent: Intent) -> None:
        """Raise `InputError` for what cannot even be stored; such an intent gets no order."""
        check_storable(intent)
        if self._own_position(intent) is None:
            self._market(intent)

    def decide(self, intent: Intent, *, known: Sequence[Reason] = (), reserve: bool) -> Decision:
        """Run every rule on one intent; `reserve` admits an open for real.

        `known` are reasons the way in already found. Raises `InputError` for what cannot even be
        stored, `NotFoundError` for an unknown user.
        """
        self.check(intent)
        decision = self._examine(intent, known)
        if self._can_ask_risk(decision):
            self._ask_risk(decision, reserve=reserve and not decision.reasons)
        return decision

    def decide_many(
        self, intents: Sequence[Intent], known: Sequence[Sequence[Reason]]
    ) -> list[Decision]:
        """Decide rows that have passed `check`, in order, the opens in one call of the core.

        Raises as `decide`; then nothing was reserved.
        """
        decisions = [self._examine(i, k) for i, k in zip(intents, known, strict=True)]
        clean = [d for d in decisions if self._can_ask_risk(d) and not d.reasons]
        if len(clean) > 1:
            self._admit_batch(clean)
        else:
            for decision in clean:
                self._ask_risk(decision, reserve=True)
        for decision in decisions:
            # Refused rows hear of every failed rule, as a single submit would tell them.
            if decision.reasons and not decision.asked and self._can_ask_risk(decision):
                self._ask_risk(decision, reserve=False)
        return decisions

    # --- everything but risk --------------------------------------------------------------------

    def _examine(self, intent: Intent, known: Sequence[Reason]) -> Decision:
        user = self._book.user(intent.user_id)
        position = self._own_position(intent)
        if position is not None:
            # A close names its position; market and side follow from it.
            intent = aimed(intent, position)
        market = self._market(intent)
        decision = Decision(intent, market, self._quotes.quote(market.ix))
        reasons = decision.reasons
        # Stops, the venue and a followed provider go on protecting who may not trade any more, and
        # nobody is locked into a position: closing one's own is open to all.
        asks_right = decision.is_open or (
            intent.source in BY_HAND and intent.action is not Action.CLOSE
        )
        if asks_right and not permits(user.role, user.standing, Right.TRADE):
            reasons.append(verdicts.role(user.role, user.standing))
        self._examine_mode(decision, position)
        self._examine_breaker(decision)
        reasons.extend(known)
        if decision.is_open:
            self._examine_open(decision)
        elif position is None:
            reasons.append(verdicts.no_position(intent.position_id))
        else:
            self._examine_change(decision, position)
        return decision

    def _own_position(self, intent: Intent) -> Position | None:
        if intent.action is Action.OPEN:
            return None
        position = self._book.position(intent.position_id)
        return position if position is not None and position.user_id == intent.user_id else None

    def _market(self, intent: Intent) -> Market:
        try:
            return self._catalogue[intent.market_ix]
        except KeyError:
            names = ", ".join(m.base for m in self._catalogue)
            raise InputError(
                "E-SYM", field="market", value=intent.market_ix, limit=f"one of {names}"
            ) from None

    def _examine_mode(self, decision: Decision, position: Position | None) -> None:
        wanted = decision.intent.mode
        refused = self._permits.reasons(decision.intent)
        decision.reasons.extend(refused)
        if position is not None:
            # What there is can only be changed where it is, whatever the mode has become since.
            decision.mode = position.mode
            if wanted is Mode.LIVE and position.mode is not Mode.LIVE:
                decision.reasons.append(verdicts.other_mode(wanted, position.mode, position.id))
        elif not refused:
            decision.mode = wanted
        if decision.is_open and not self._is_ready():
            decision.reasons.append(verdicts.starting())
        if decision.is_open and self._book.is_in_doubt(decision.intent.user_id):
            decision.reasons.append(verdicts.in_doubt())

    def _examine_breaker(self, decision: Decision) -> None:
        breaker = self._book.breaker(decision.intent.user_id) if decision.is_open else None
        if breaker is not None:
            decision.reasons.append(verdicts.breaker(breaker, self._clock.now_ns()))

    def _examine_open(self, decision: Decision) -> None:
        intent, market, quote = decision.intent, decision.market, decision.quote
        reasons = decision.reasons
        now_ns = self._clock.now_ns()
        reasons.extend(size_reasons(intent, market))
        policy = self._book.policy(intent.user_id)
        ceiling_e10 = policy.max_slippage_e10
        if intent.max_slippage_e10 > ceiling_e10:
            reasons.append(verdicts.slippage_ceiling(intent.max_slippage_e10, ceiling_e10))
        if intent.expires_ns and now_ns > intent.expires_ns:
            reasons.append(verdicts.expired(intent.expires_ns, now_ns))
        usable = quote.price_e10 > 0
        if usable and intent.side is not None:
            reasons.extend(open_stop_reasons(intent, market, intent.side, quote.price_e10))
        if policy.markets and market.ix not in policy.markets:
            allowed = [m.base for m in self._catalogue if m.ix in policy.markets]
            reasons.append(verdicts.market_not_allowed(market, allowed))
        quality = Quality(quote.quality)
        if not market.is_open or quality is Quality.CLOSED:
            reasons.append(verdicts.market_closed(market))
        if quality is not Quality.CLOSED and self._permits.clock_suspect():
            reasons.append(verdicts.clock_suspect())
        elif quality is not Quality.CLOSED and (quality not in OPENING or not usable):
            reasons.append(
                verdicts.price_quality(
                    quote, max_age_ns=STALE_AFTER_NS, max_deviation_e10=MAX_DEVIATION_E10
                )
            )
        if quote.breaker != Breaker.CLOSED:
            reasons.append(verdicts.price_breaker())
        if usable and intent.side is not None:
            reasons.extend(slippage_reasons(intent, quote.price_e10, buys=intent.side.is_long))

    def _examine_change(self, decision: Decision, position: Position) -> None:
        intent, market, quote = decision.intent, decision.market, decision.quote
        reasons = decision.reasons
        if intent.source is Source.VENUE:
            return  # the venue's own act is a fact
        if intent.expires_ns and self._clock.now_ns() > intent.expires_ns:
            reasons.append(verdicts.expired(intent.expires_ns, self._clock.now_ns()))
        if intent.action is Action.SET_STOPS:
            buffer_e10 = self._book.policy(intent.user_id).liquidation_buffer_e10
            reasons.extend(new_stop_reasons(intent, position, quote.price_e10, buffer_e10))
            return
        if intent.portion_e10 == 0 or position.collateral_e6 * intent.portion_e10 < ONE_E10:
            reasons.append(
                verdicts.argument("That share of the position is nothing.", rule="PORTION")
            )
        if not market.is_open or Quality(quote.quality) is Quality.CLOSED:
            reasons.append(verdicts.market_closed(market))
        elif quote.price_e10 <= 0:
            reasons.append(verdicts.no_price())
        else:
            # Closing a long sells.
            buys = not position.side.is_long
            reasons.extend(slippage_reasons(intent, quote.price_e10, buys=buys))

    # --- risk -----------------------------------------------------------------------------------

    def _can_ask_risk(self, decision: Decision) -> bool:
        intent = decision.intent
        return (
            decision.is_open
            and decision.quote.price_e10 > 0
            and not size_reasons(intent, decision.market)
        )

    def _ask_risk(self, decision: Decision, *, reserve: bool) -> None:
        intent = decision.intent
        decision.asked = True
        ask = self._book.risk.admit if reserve else self._book.risk.check
        try:
            verdict = ask(
                intent.user_id,
                market_ix=intent.market_ix,
                is_long=intent.side is Side.LONG,
                collateral_e6=intent.collateral_e6,
                leverage_e10=intent.leverage_e10,
                price_e10=decision.quote.price_e10,
                stop_loss_e10=intent.stop_loss_e10,
                now_ns=self._clock.now_ns(),
            )
        except (InvalidInput, ArithmeticOverflow) as error:
            decision.reasons.append(verdicts.beyond_maths(str(error)))
            return
        decision.figures = verdict
        decision.reservation = verdict.reservation
        # A smaller size helps only when nothing but size stands in the way.
        if not decision.reasons:
            decision.nearest_e6 = verdict.nearest_collateral_e6
        said = {reason.rule for reason in decision.reasons}
        case = self._case(decision)
        decision.reasons.extend(
            risk_words.of_failure(failure, case)
            for failure in verdict.failures
            if _core.RULES[failure.rule] not in said
        )

    def _admit_batch(self, rows: Sequence[Decision]) -> None:
        intents = [row.intent for row in rows]
        try:
            said = self._book.risk.admit_batch(
                np.array([i.user_id for i in intents], dtype=np.uint32),
                market_ix=np.array([i.market_ix for i in intents], dtype=np.uint16),
                is_long=np.array([i.side is Side.LONG for i in intents], dtype=np.bool_),
                collateral_e6=np.array([i.collateral_e6 for i in intents], dtype=np.int64),
                leverage_e10=np.array([i.leverage_e10 for i in intents], dtype=np.int64),
                price_e10=np.array([r.quote.price_e10 for r in rows], dtype=np.int64),
                stop_loss_e10=np.array([i.stop_loss_e10 for i in intents], dtype=np.int64),
                now_ns=self._clock.now_ns(),
            )
        except (InvalidInput, ArithmeticOverflow):
            # One impossible row; nothing stayed reserved. Row by row it is found and refused.
            for row in rows:
                self._ask_risk(row, reserve=True)
            return
        for index, row in enumerate(rows):
            if said.ok[index]:
                row.reservation = int(said.reservation[index])
            else:
                # The core told the first failure; the others are asked for here, where later rows
                # of the batch have their reservations already.
                self._ask_risk(row, reserve=False)

    def _case(self, decision: Decision) -> risk_words.RiskCase:
        intent = decision.intent
        return risk_words.RiskCase(
            market=decision.market,
            side=intent.side or Side.LONG,
            collateral_e6=intent.collateral_e6,
            leverage_e10=intent.leverage_e10,
            buffer_e10=self._book.policy(intent.user_id).liquidation_buffer_e10,
            now_ns=self._clock.now_ns(),
        )
