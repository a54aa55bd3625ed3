"""Texts of refusals: what happened, which number, what to do next; the code last, in its field.

One function per situation. The rules of the core have their words in `risk_words`.
"""

from collections.abc import Sequence
from typing import Final

from vanta import _core
from vanta.domain.enums import Mode, Quality
from vanta.domain.market import Market
from vanta.domain.policy import UserBreaker
from vanta.domain.roles import Standing
from vanta.domain.system import Stop, SystemState, maintenance_words
from vanta.domain.units import (
    format_leverage,
    format_percent,
    format_price,
    format_usd,
    over_percent,
)
from vanta.domain.verdict import Reason, clock_time

_SECOND_NS: Final = 10**9


def how_long(ns: int) -> str:
    """Render a wait, rounded up: `22 s`, `23 min`, `3 h 5 min`."""
    seconds = max(1, -(-ns // _SECOND_NS))
    if seconds < 60:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


# --- before the price ---------------------------------------------------------------------------


def role(name: str, standing: str) -> Reason:
    text = f"Only traders and admins may trade; your role is {name}."
    if standing == Standing.WAITING:
        text = "You wait to be admitted. Nothing was sent."
    elif standing == Standing.BLOCKED:
        text = "An admin has blocked you. Closing your own positions still works."
    return Reason(code="E-ROLE", rule="ROLE", text=text)


def mode(wanted: Mode, effective: Mode, why: str) -> Reason:
    text = f"You are in {effective.value} {why}. You asked {wanted.value}, so nothing was sent."
    return Reason(code="E-MODE", rule="MODE", text=text)


def other_mode(wanted: Mode, position: Mode, position_id: int) -> Reason:
    text = f"Position #{position_id} is {position.value}; you asked {wanted.value}."
    return Reason(code="E-MODE", rule="MODE", text=f"{text} Nothing was sent.")


def stopped(state: SystemState) -> Reason:
    at = f" at {clock_time(state.stopped_ns)}" if state.stopped_ns else ""
    why = f": {state.stop_reason.rstrip('.')}" if state.stop_reason else ""
    if state.stop is Stop.ALL:
        text = f"Operator stopped all trading{at}{why}. Nothing is sent, not even closes."
    else:
        text = f"Operator stopped new trades{at}{why}. Closing and stops work."
    return Reason(code="E-STOPPED", rule="STOPPED", text=text)


def maintenance(state: SystemState, now_ns: int) -> Reason:
    until_ns = state.maintenance_until_ns
    return Reason(
        code="E-MAINT",
        rule="MAINTENANCE",
        text=f"{maintenance_words(state)} Closing and stops work.",
        resets_at_ns=until_ns if until_ns > now_ns else 0,
    )


def clock_suspect() -> Reason:
    return Reason(
        code="E-STALE",
        rule="CLOCK",
        text="This machine's clock is in doubt, so prices cannot be dated. "
        "I will not open on it; closing works.",
    )


def starting() -> Reason:
    text = (
        "Vanta takes no new positions at this moment: it is starting, ending, or without its "
        "database. Closing works. Try again shortly."
    )
    return Reason(code="E-MODE", rule="STARTING", text=text)


def in_doubt() -> Reason:
    text = "It is not known yet whether your last order filled. Do not resend; this clears itself."
    return Reason(code="E-UNKNOWN", rule="IN_DOUBT", text=text)


def breaker(found: UserBreaker, now_ns: int) -> Reason:
    """Refuse an open while the user's breaker is open: after losses, or by the user's own wish."""
    why = "You paused new positions"
    if found.losses:
        why = f"{found.losses} losses in a row (limit {found.limit}): new positions are paused"
    return Reason(
        code="E-RISK-DAY",
        rule="BREAKER",
        text=f"{why} until {clock_time(found.until_ns)} ({how_long(found.until_ns - now_ns)}). "
        "Closing still works.",
        value=found.losses,
        limit=found.limit,
        unit="count" if found.losses else "none",
        resets_at_ns=found.until_ns,
    )


def market_not_allowed(market: Market, allowed: Sequence[str]) -> Reason:
    names = ", ".join(allowed) or "none of those traded here"
    return Reason(
        code="E-SYM",
        rule="MARKET_ALLOWED",
        text=f"{market.base} is not among the markets your limits allow: {names}.",
    )


def argument(text: str, *, rule: str, value: int = 0, limit: int = 0, unit: str = "none") -> Reason:
    """Refuse an argument in words of its own."""
    return Reason(code="E-ARG", rule=rule, text=text, value=value, limit=limit, unit=unit)


def no_position(position_id: int) -> Reason:
    # The same words for a foreign, a closed and a missing one: nothing about others leaks.
    return argument(
        f"You have no open position #{position_id}.", rule="POSITION", value=position_id
    )


def expired(expires_ns: int, now_ns: int) -> Reason:
    late_ns = now_ns - expires_ns
    return Reason(
        code="E-EXPIRED",
        rule="EXPIRES",
        text=f"This expired {how_long(late_ns)} ago. Nothing was sent.",
        value=late_ns,
        unit="ns",
    )


def slippage_ceiling(value_e10: int, limit_e10: int) -> Reason:
    return Reason(
        code="E-SLIP",
        rule="SLIPPAGE_CEILING",
        text=f"Slippage {over_percent(value_e10)} is above your ceiling of "
        f"{format_percent(limit_e10)}.",
        value=value_e10,
        limit=limit_e10,
        unit="ratio_e10",
    )


def stop_level(*, kind: str, wanted: str, level_e10: int, against_e10: int, what: str) -> Reason:
    """Refuse a stop or target on the wrong side: `wanted` is "above" or "below"."""
    return Reason(
        code="E-ARG",
        rule="TAKE_PROFIT_SIDE" if kind == "Take profit" else "STOP_SIDE",
        text=f"{kind} {format_price(level_e10)} must be {wanted} {what} "
        f"{format_price(against_e10)}.",
        value=level_e10,
        limit=against_e10,
        unit="price_e10",
    )


def stop_beyond_line(*, level_e10: int, line_e10: int, buffer_e10: int) -> Reason:
    return Reason(
        code="E-RISK-LIQ",
        rule="LIQUIDATION_BUFFER",
        text=f"Your stop {format_price(level_e10)} is beyond the "
        f"{format_percent(buffer_e10, places=0)} liquidation buffer; the last safe price is "
        f"{format_price(line_e10)}.",
        value=level_e10,
        limit=line_e10,
        unit="price_e10",
    )


def leverage_range(market: Market, asked_e10: int) -> Reason:
    low, high = market.min_leverage_e10, market.max_leverage_e10
    return Reason(
        code="E-LEV",
        rule="LEVERAGE_MIN" if asked_e10 < low else "LEVERAGE_MAX",
        text=f"{market.symbol} allows {format_leverage(low)} to {format_leverage(high)} here; "
        f"you asked {format_leverage(asked_e10)}.",
        value=asked_e10,
        limit=low if asked_e10 < low else high,
        unit="leverage_e10",
    )


def market_closed(market: Market) -> Reason:
    text = f"{market.symbol} is closed at the venue now. Nothing was sent."
    return Reason(code="E-VENUE", rule="MARKET_OPEN", text=text)


def cut_collateral(asked_e6: int, taken_e6: int) -> Reason:
    return Reason(
        code="E-RISK-POS",
        rule="FOLLOW_COLLATERAL",
        text=f"The signal's {format_usd(asked_e6)} USDC were cut to your {format_usd(taken_e6)}.",
        value=asked_e6,
        limit=taken_e6,
        unit="usd_e6",
    )


def cut_leverage(market: Market, asked_e10: int, taken_e10: int, is_own: bool) -> Reason:
    """Say that a signal's leverage was cut to the follower's cap, or the market's."""
    whose = "your" if is_own else f"{market.symbol}'s"
    asked, taken = format_leverage(asked_e10), format_leverage(taken_e10)
    return Reason(
        code="E-LEV",
        rule="FOLLOW_LEVERAGE" if is_own else "LEVERAGE_MAX",
        text=f"The signal's {asked} was cut to {whose} {taken}.",
        value=asked_e10,
        limit=taken_e10,
        unit="leverage_e10",
    )


def skipped_without_stop() -> Reason:
    return Reason(
        code="E-COPY-SKIP",
        rule="SKIP_WITHOUT_STOP",
        text="Skipped: the signal has no stop loss and you follow only signals with one.",
    )


# --- the price ----------------------------------------------------------------------------------


def price_quality(quote: _core.Quote, *, max_age_ns: int, max_deviation_e10: int) -> Reason:
    """Say why a quote's quality does not allow new risk."""
    match Quality(quote.quality):
        case Quality.CONFLICT:
            apart = quote.spread_between_sources_e10
            return Reason(
                code="E-DEV",
                rule="PRICE_DEVIATION",
                text=f"Two sources differ {over_percent(apart)} "
                f"(limit {format_percent(max_deviation_e10)}). I will not open on it.",
                value=apart,
                limit=max_deviation_e10,
                unit="ratio_e10",
            )
        case Quality.NONE:
            return Reason(
                code="E-STALE",
                rule="PRICE_AGE",
                text="There is no price yet. I will not open without one; try again in a moment.",
            )
        case Quality.CLOCK_SUSPECT:
            return clock_suspect()
        case Quality.SINGLE | Quality.FALLBACK:
            return Reason(
                code="E-DEV",
                rule="PRICE_SOURCES",
                text="Only one source gives a price now; new positions need two that agree. "
                "Closing works.",
                value=1,
                limit=2,
                unit="count",
            )
        case _:
            age_ns = max(quote.age_ns, 0)
            return Reason(
                code="E-STALE",
                rule="PRICE_AGE",
                text=f"Price is {how_long(age_ns)} old (limit {how_long(max_age_ns)}). "
                "I will not open on it; closing works.",
                value=age_ns,
                limit=max_age_ns,
                unit="ns",
            )


def price_breaker() -> Reason:
    return Reason(
        code="E-DEV",
        rule="PRICE_BREAKER",
        text="This market's price jumped and is being watched. I will not open until it has been "
        "calm; closing works.",
    )


def no_price() -> Reason:
    return Reason(
        code="E-STALE",
        rule="PRICE_AGE",
        text="There is no price for this market yet, so nothing can be filled. Try again shortly.",
    )


def slipped(moved_e10: int, limit_e10: int) -> Reason:
    return Reason(
        code="E-SLIP",
        rule="SLIPPAGE",
        text=f"Price moved {over_percent(moved_e10)} (limit {format_percent(limit_e10)}). "
        "Nothing was sent.",
        value=moved_e10,
        limit=limit_e10,
        unit="ratio_e10",
    )


def beyond_maths(what: str) -> Reason:
    return argument(f"These numbers are beyond what can be computed: {what}.", rule="RANGE")
