"""Checks of what an intent says: ranges, stops on the right side, movement since it was made."""

from typing import Final

import msgspec

from vanta import _core
from vanta.domain.enums import Side
from vanta.domain.errors import InputError
from vanta.domain.intent import Intent
from vanta.domain.market import Market
from vanta.domain.position import Position
from vanta.domain.slippage import adverse_move_e10
from vanta.domain.units import I64_MAX, ONE_E10, format_usd
from vanta.domain.verdict import Reason
from vanta.engine import verdicts
from vanta.store import text

MAX_COLLATERAL_E6: Final = 10**14  # 100 million USDC: keeps every product inside 64 bits
MAX_LEVERAGE_E10: Final = 10**14  # 10,000x: the same

_NUMBER_LIMITS: Final = (
    ("user_id", 1, 2**31 - 1),
    ("market_ix", 0, 2**16 - 1),
    ("collateral_e6", 0, I64_MAX),
    ("leverage_e10", 0, I64_MAX),
    ("take_profit_e10", 0, I64_MAX),
    ("stop_loss_e10", 0, I64_MAX),
    ("position_id", 0, I64_MAX),
    ("portion_e10", 0, ONE_E10),
    ("max_slippage_e10", 0, I64_MAX),
    ("guard_price_e10", 0, I64_MAX),
    ("expires_ns", 0, I64_MAX),
)


def check_storable(intent: Intent) -> None:
    """Raise `InputError` for an intent that no row could hold; such a one gets no order."""
    text.name(intent.ref, field="ref", limit=text.REF_LIMIT)
    text.name(intent.trace_id, field="trace_id")
    for name, low, high in _NUMBER_LIMITS:
        number = getattr(intent, name)
        if not low <= number <= high:
            raise InputError("E-ARG", field=name, value=number, limit=f"{low} to {high}")


def aimed(intent: Intent, position: Position) -> Intent:
    """Complete a close with the market and side of its position."""
    if intent.market_ix == position.market_ix and intent.side is position.side:
        return intent
    return msgspec.structs.replace(intent, market_ix=position.market_ix, side=position.side)


def size_reasons(intent: Intent, market: Market) -> list[Reason]:
    """Complain about a size that the maths does not take."""
    reasons = []
    if intent.side is None:
        reasons.append(verdicts.argument("Say long or short.", rule="SIDE"))
    if not 0 < intent.collateral_e6 <= MAX_COLLATERAL_E6:
        words = f"Collateral must be more than 0 and at most {format_usd(MAX_COLLATERAL_E6)} USDC."
        reasons.append(
            verdicts.argument(
                words,
                rule="COLLATERAL",
                value=intent.collateral_e6,
                limit=MAX_COLLATERAL_E6,
                unit="usd_e6",
            )
        )
    if not 0 < intent.leverage_e10 <= MAX_LEVERAGE_E10:
        reasons.append(verdicts.leverage_range(market, intent.leverage_e10))
    return reasons


def open_stop_reasons(intent: Intent, market: Market, side: Side, mark_e10: int) -> list[Reason]:
    """Complain about stops of an open that lie on the wrong side.

    The target must be beyond the entry (spread included); the stop must not be reached already.
    """
    entry_e10 = _core.execution_price(
        price_e10=mark_e10, spread_e10=market.spread_e10, is_long=side.is_long, is_open=True
    )
    reasons = []
    target_e10, stop_e10 = intent.take_profit_e10, intent.stop_loss_e10
    if target_e10 and not _beyond(target_e10, entry_e10, above=side.is_long):
        reasons.append(_wrong("Take profit", target_e10, entry_e10, side.is_long, "the entry"))
    if stop_e10 and not _beyond(stop_e10, mark_e10, above=not side.is_long):
        reasons.append(_wrong("Stop loss", stop_e10, mark_e10, not side.is_long, "the price"))
    return reasons


def new_stop_reasons(
    intent: Intent, position: Position, mark_e10: int, buffer_e10: int
) -> list[Reason]:
    """Complain about new stops of an open position: wrong side of the price, or beyond the line.

    Without a price (0) the sides are measured from the entry.
    """
    side = position.side
    from_e10 = mark_e10 or position.entry_e10
    reasons = []
    target_e10, stop_e10 = intent.take_profit_e10, intent.stop_loss_e10
    if target_e10 and not _beyond(target_e10, from_e10, above=side.is_long):
        reasons.append(_wrong("Take profit", target_e10, from_e10, side.is_long, "the price"))
    if stop_e10 and not _beyond(stop_e10, from_e10, above=not side.is_long):
        reasons.append(_wrong("Stop loss", stop_e10, from_e10, not side.is_long, "the price"))
    line_e10 = _core.safe_line(
        entry_e10=position.entry_e10,
        liquidation_e10=position.liquidation_e10,
        buffer_e10=buffer_e10,
        is_long=side.is_long,
    )
    if stop_e10 and _beyond(stop_e10, line_e10, above=not side.is_long):
        reasons.append(
            verdicts.stop_beyond_line(level_e10=stop_e10, line_e10=line_e10, buffer_e10=buffer_e10)
        )
    return reasons


def slippage_reasons(intent: Intent, price_e10: int, *, buys: bool) -> list[Reason]:
    """Complain when the price has run away from the wish by more than it allows."""
    if not intent.guard_price_e10:
        return []
    moved_e10 = adverse_move_e10(intent.guard_price_e10, price_e10, buys=buys)
    if moved_e10 <= intent.max_slippage_e10:
        return []
    return [verdicts.slipped(moved_e10, intent.max_slippage_e10)]


def _beyond(level_e10: int, of_e10: int, *, above: bool) -> bool:
    return level_e10 > of_e10 if above else level_e10 < of_e10


def _wrong(kind: str, level_e10: int, against_e10: int, above: bool, what: str) -> Reason:
    return verdicts.stop_level(
        kind=kind,
        wanted="above" if above else "below",
        level_e10=level_e10,
        against_e10=against_e10,
        what=what,
    )
