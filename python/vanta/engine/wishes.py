"""Wishes: what a signal means for one follower. Pure."""

import msgspec

from vanta.domain.enums import Action, Mode, Source
from vanta.domain.intent import DEFAULT_SLIPPAGE_E10, Intent, SignalRef
from vanta.domain.market import Market
from vanta.domain.policy import Subscription
from vanta.domain.position import Position
from vanta.domain.signal import Signal
from vanta.domain.verdict import Reason
from vanta.engine import verdicts
from vanta.store.signals import SignalRecord


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One follower's intent and what already speaks against it."""

    intent: Intent
    known: tuple[Reason, ...] = ()


def open_wish(
    record: SignalRecord, signal: Signal, market: Market, follower: Subscription, mode: Mode
) -> Wish:
    """Size an open for one follower: the signal's own numbers, never above the follower's.

    `mode` is what follower and link wish together.
    """
    collateral_e6 = min(signal.collateral_e6, follower.max_collateral_e6)
    leverage_e10 = min(signal.leverage_e10, follower.max_leverage_e10, market.max_leverage_e10)
    adjusted = []
    if collateral_e6 < signal.collateral_e6:
        adjusted.append(verdicts.cut_collateral(signal.collateral_e6, collateral_e6))
    if leverage_e10 < signal.leverage_e10:
        is_own = leverage_e10 == follower.max_leverage_e10
        adjusted.append(verdicts.cut_leverage(market, signal.leverage_e10, leverage_e10, is_own))
    intent = Intent(
        user_id=follower.user_id,
        source=Source.SIGNAL,
        ref=_ref(record),
        action=Action.OPEN,
        trace_id=record.trace_id,
        market_ix=market.ix,
        side=signal.side,
        collateral_e6=collateral_e6,
        leverage_e10=leverage_e10,
        take_profit_e10=signal.take_profit_e10,
        stop_loss_e10=signal.stop_loss_e10,
        max_slippage_e10=signal.max_slippage_e10 or DEFAULT_SLIPPAGE_E10,
        guard_price_e10=signal.guard_price_e10,
        expires_ns=signal.expires_ns,
        signal=_signal_ref(record),
        adjusted=tuple(adjusted),
        mode=mode,
    )
    if follower.skip_without_stop and not signal.stop_loss_e10:
        return Wish(intent=intent, known=(verdicts.skipped_without_stop(),))
    return Wish(intent=intent)


def change_intent(record: SignalRecord, signal: Signal, position: Position) -> Intent:
    """Word a close, a reduction or new stops of one follower's position."""
    stops = signal.action == "set_stops"
    return Intent(
        user_id=position.user_id,
        source=Source.SIGNAL,
        ref=f"{_ref(record)}:{position.id}",
        action=Action.SET_STOPS if stops else Action.CLOSE,
        trace_id=record.trace_id,
        market_ix=position.market_ix,
        side=position.side,
        position_id=position.id,
        portion_e10=signal.portion_e10,
        take_profit_e10=signal.take_profit_e10 if stops else 0,
        stop_loss_e10=signal.stop_loss_e10 if stops else 0,
        max_slippage_e10=signal.max_slippage_e10 or DEFAULT_SLIPPAGE_E10,
        guard_price_e10=signal.guard_price_e10,
        expires_ns=signal.expires_ns,
        signal=_signal_ref(record),
        mode=position.mode,
    )


def _ref(record: SignalRecord) -> str:
    # Two providers may use the same id for one follower; the key must tell them apart.
    return f"{record.provider_id}:{record.signal_id}"


def _signal_ref(record: SignalRecord) -> SignalRef:
    return SignalRef(provider_id=record.provider_id, signal_id=record.signal_id)
