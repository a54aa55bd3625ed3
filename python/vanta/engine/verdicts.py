"""Texts of refusals: what happened, which number, what to do next; the code last, in its field.

One function per situation. The rules of the core come as numbers (`_core.Failure`) and leave as
published codes and sentences.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from vanta import _core
from vanta.domain.enums import Mode, Quality, Side
from vanta.domain.market import Market
from vanta.domain.units import format_leverage, format_percent, format_price, format_usd
from vanta.domain.verdict import Reason

_SECOND_NS: Final = 10**9
_MINUTE_NS: Final = 60 * _SECOND_NS
I64_MAX: Final = 2**63 - 1


def clock_time(at_ns: int) -> str:
    """Render an instant as people read it: `14:00 UTC`."""
    return datetime.fromtimestamp(at_ns // _SECOND_NS, UTC).strftime("%H:%M UTC")


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


def _resets(resets_at_ns: int, now_ns: int) -> str:
    if not resets_at_ns:
        return "Waiting does not help"
    return f"Resets {clock_time(resets_at_ns)} ({how_long(resets_at_ns - now_ns)})"


# --- before the price ---------------------------------------------------------------------------


def role(name: str) -> Reason:
    return Reason(
        code="E-ROLE", rule="ROLE", text=f"Only traders and admins may trade; your role is {name}."
    )


def mode(wanted: Mode, effective: Mode, why: str) -> Reason:
    text = f"You asked {wanted.value} but the mode is {effective.value} {why}. Nothing was sent."
    return Reason(code="E-MODE", rule="MODE", text=text)


def starting() -> Reason:
    text = (
        "Vanta takes no new positions at this moment: it is starting, ending, or without its "
        "database. Closing works. Try again shortly."
    )
    return Reason(code="E-MODE", rule="STARTING", text=text)


def in_doubt() -> Reason:
    text = "It is not known yet whether your last order filled. Do not resend; this clears itself."
    return Reason(code="E-UNKNOWN", rule="IN_DOUBT", text=text)


def argument(text: str, *, rule: str, value: int = 0, limit: int = 0) -> Reason:
    """Refuse an argument in words of its own."""
    return Reason(code="E-ARG", rule=rule, text=text, value=value, limit=limit)


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
        text=f"Slippage {format_percent(value_e10)} is above your ceiling of "
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
                text=f"Two sources differ {format_percent(apart)} "
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
            return Reason(
                code="E-STALE",
                rule="CLOCK",
                text="This machine's clock is in doubt, so prices cannot be dated. "
                "I will not open on it; closing works.",
            )
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
                text=f"Price is {age_ns / _SECOND_NS:.0f} s old "
                f"(limit {max_age_ns / _SECOND_NS:.0f} s). I will not open on it; closing works.",
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
        text=f"Price moved {format_percent(moved_e10)} (limit {format_percent(limit_e10)}). "
        "Nothing was sent.",
        value=moved_e10,
        limit=limit_e10,
        unit="ratio_e10",
    )


def beyond_maths(what: str) -> Reason:
    return argument(f"These numbers are beyond what can be computed: {what}.", rule="RANGE")


# --- rules of the core --------------------------------------------------------------------------


class RiskCase:
    """What a risk text needs besides its failure."""

    __slots__ = ("base", "buffer_e10", "collateral_e6", "leverage_e10", "market", "now_ns", "side")

    def __init__(
        self,
        *,
        market: Market,
        side: Side,
        collateral_e6: int,
        leverage_e10: int,
        buffer_e10: int,
        now_ns: int,
    ) -> None:
        self.market = market
        self.base = market.base
        self.side = side
        self.collateral_e6 = collateral_e6
        self.leverage_e10 = leverage_e10
        self.buffer_e10 = buffer_e10
        self.now_ns = now_ns


_Text = Callable[[_core.Failure, RiskCase], str]


def _market(_: _core.Failure, case: RiskCase) -> str:
    return f"{case.market.symbol} takes no new positions here."


def _leverage(f: _core.Failure, case: RiskCase) -> str:
    return leverage_range(case.market, f.value).text


def _leverage_policy(f: _core.Failure, _: RiskCase) -> str:
    limit = format_leverage(f.limit)
    return f"Your limit allows up to {limit}; you asked {format_leverage(f.value)}."


def _position_min(f: _core.Failure, case: RiskCase) -> str:
    collateral = format_usd(case.collateral_e6)
    times = format_leverage(case.leverage_e10).removesuffix("x")
    return (
        f"Smallest {case.base} position is {format_usd(f.limit)} USDC; "
        f"{collateral} x {times} = {format_usd(f.value)}."
    )


def _position_max(f: _core.Failure, _: RiskCase) -> str:
    return f"Trade exceeds max size: {format_usd(f.value)} of {format_usd(f.limit)} USD."


def _balance(f: _core.Failure, _: RiskCase) -> str:
    return f"You have {format_usd(f.limit)} USDC free; this needs {format_usd(f.value)}."


def _account_risk(f: _core.Failure, _: RiskCase) -> str:
    limit = format_percent(f.limit)
    if f.value == I64_MAX:
        return f"There is no equity to lose this from; your limit is {limit} of your account."
    return (
        f"This could lose {format_percent(f.value)} of your account; your limit is {limit}. "
        "A smaller size or a nearer stop passes."
    )


def _stop_side(f: _core.Failure, case: RiskCase) -> str:
    wanted = "below" if case.side is Side.LONG else "above"
    return f"Stop loss {format_price(f.value)} must be {wanted} the entry {format_price(f.limit)}."


def _liquidation_buffer(f: _core.Failure, case: RiskCase) -> str:
    return stop_beyond_line(level_e10=f.value, line_e10=f.limit, buffer_e10=case.buffer_e10).text


def _daily_loss(f: _core.Failure, case: RiskCase) -> str:
    lost = "all" if f.value >= I64_MAX else format_percent(f.value)
    return (
        f"Daily loss limit reached: {lost} of {format_percent(f.limit)}. Trading paused until "
        f"00:00 UTC ({how_long(f.resets_at_ns - case.now_ns)}). Closing still works."
    )


def _losses_in_row(f: _core.Failure, _: RiskCase) -> str:
    return (
        f"{f.value} losses in a row (limit {f.limit}): opens are paused. Closing still works; "
        "a close without a loss ends the streak."
    )


def _opens_per_minute(f: _core.Failure, case: RiskCase) -> str:
    text = f"{f.value - 1} opens in the last minute (limit {f.limit})"
    if not f.resets_at_ns:
        return f"{text}."
    return f"{text}, next in {how_long(f.resets_at_ns - case.now_ns)}."


def _trades_per_day(f: _core.Failure, case: RiskCase) -> str:
    reset = _resets(f.resets_at_ns, case.now_ns)
    return f"{f.value - 1} trades today (limit {f.limit}). {reset}. Closing still works."


def _volume(window: str) -> _Text:
    def text(f: _core.Failure, case: RiskCase) -> str:
        reset = _resets(f.resets_at_ns, case.now_ns)
        made, limit = format_usd(f.value), format_usd(f.limit)
        return f"{window} volume: this would make {made} of {limit}. {reset}."

    return text


_RULES: Final[dict[str, tuple[str, str, _Text]]] = {
    "MARKET": ("E-VENUE", "none", _market),
    "LEVERAGE_MIN": ("E-LEV", "leverage_e10", _leverage),
    "LEVERAGE_MAX": ("E-LEV", "leverage_e10", _leverage),
    "LEVERAGE_POLICY": ("E-LEV", "leverage_e10", _leverage_policy),
    "POSITION_MIN": ("E-MINPOS", "usd_e6", _position_min),
    "POSITION_MAX": ("E-RISK-POS", "usd_e6", _position_max),
    "BALANCE": ("E-BAL", "usd_e6", _balance),
    "ACCOUNT_RISK": ("E-RISK-ACC", "ratio_e10", _account_risk),
    "STOP_SIDE": ("E-ARG", "price_e10", _stop_side),
    "LIQUIDATION_BUFFER": ("E-RISK-LIQ", "price_e10", _liquidation_buffer),
    "DAILY_LOSS": ("E-RISK-DAY", "ratio_e10", _daily_loss),
    "LOSSES_IN_ROW": ("E-RISK-DAY", "count", _losses_in_row),
    "OPENS_PER_MINUTE": ("E-RATE", "count", _opens_per_minute),
    "TRADES_PER_DAY": ("E-RATE", "count", _trades_per_day),
    "VOLUME_HOUR": ("E-VOL", "usd_e6", _volume("Hourly")),
    "VOLUME_DAY": ("E-VOL", "usd_e6", _volume("Daily")),
}


def of_failure(failure: _core.Failure, case: RiskCase) -> Reason:
    """Turn a failed rule of the core into its published code and sentence."""
    name = _core.RULES[failure.rule]
    code, unit, text = _RULES[name]
    return Reason(
        code=code,
        rule=name,
        text=text(failure, case),
        value=failure.value,
        limit=failure.limit,
        unit=unit,
        resets_at_ns=failure.resets_at_ns,
    )
