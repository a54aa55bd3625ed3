"""Words for the rules of the core: they come as numbers and leave as published codes and sentences.

A value that breaks a limit is rounded up where it is shown, so that it never reads like the limit.
"""

from collections.abc import Callable
from typing import Final, Protocol

from vanta import _core
from vanta.domain.enums import Side
from vanta.domain.market import Market
from vanta.domain.units import (
    I64_MAX,
    format_leverage,
    format_percent,
    format_price,
    format_usd,
    over_percent,
)
from vanta.domain.verdict import Reason, clock_time
from vanta.engine.verdicts import (
    how_long,
    leverage_range,
    stop_beyond_line,
)


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


class Numbers(Protocol):
    """What a failed rule comes with."""

    @property
    def value(self) -> int: ...

    @property
    def limit(self) -> int: ...

    @property
    def resets_at_ns(self) -> int: ...


_Text = Callable[[Numbers, RiskCase], str]


def _resets(resets_at_ns: int, now_ns: int) -> str:
    if not resets_at_ns:
        return "Waiting does not help"
    return f"Resets {clock_time(resets_at_ns)} ({how_long(resets_at_ns - now_ns)})"


def _over_usd(amount_e6: int) -> str:
    # Rounded up: a cent's fraction over the limit must not read like the limit.
    return format_usd(-(-amount_e6 // 10**4) * 10**4)


def _market(_: Numbers, case: RiskCase) -> str:
    return f"{case.market.symbol} takes no new positions here."


def _leverage(f: Numbers, case: RiskCase) -> str:
    return leverage_range(case.market, f.value).text


def _leverage_policy(f: Numbers, _: RiskCase) -> str:
    limit = format_leverage(f.limit)
    return f"Your limit allows up to {limit}; you asked {format_leverage(f.value)}."


def _position_min(f: Numbers, case: RiskCase) -> str:
    collateral = format_usd(case.collateral_e6)
    times = format_leverage(case.leverage_e10).removesuffix("x")
    return (
        f"Smallest {case.base} position is {format_usd(f.limit)} USDC; "
        f"{collateral} x {times} = {format_usd(f.value)}."
    )


def _position_max(f: Numbers, _: RiskCase) -> str:
    return f"Trade exceeds max size: {_over_usd(f.value)} of {format_usd(f.limit)} USD."


def _balance(f: Numbers, _: RiskCase) -> str:
    return f"You have {format_usd(f.limit)} USDC free; this needs {_over_usd(f.value)}."


def _account_risk(f: Numbers, _: RiskCase) -> str:
    limit = format_percent(f.limit)
    if f.value == I64_MAX:
        return f"There is no equity to lose this from; your limit is {limit} of your account."
    return (
        f"This could lose {over_percent(f.value)} of your account; your limit is {limit}. "
        "A smaller size or a nearer stop passes."
    )


def _stop_side(f: Numbers, case: RiskCase) -> str:
    wanted = "below" if case.side is Side.LONG else "above"
    return f"Stop loss {format_price(f.value)} must be {wanted} the entry {format_price(f.limit)}."


def _liquidation_buffer(f: Numbers, case: RiskCase) -> str:
    return stop_beyond_line(level_e10=f.value, line_e10=f.limit, buffer_e10=case.buffer_e10).text


def _daily_loss(f: Numbers, case: RiskCase) -> str:
    lost = "all" if f.value >= I64_MAX else over_percent(f.value)
    return (
        f"Daily loss limit reached: {lost} of {format_percent(f.limit)}. Trading paused until "
        f"00:00 UTC ({how_long(f.resets_at_ns - case.now_ns)}). Closing still works."
    )


def _losses_in_row(f: Numbers, _: RiskCase) -> str:
    return (
        f"{f.value} losses in a row (limit {f.limit}): opens are paused. Closing still works; "
        "a close without a loss ends the streak."
    )


def _opens_per_minute(f: Numbers, case: RiskCase) -> str:
    text = f"{f.value - 1} opens in the last minute (limit {f.limit})"
    if not f.resets_at_ns:
        return f"{text}."
    return f"{text}, next in {how_long(f.resets_at_ns - case.now_ns)}."


def _trades_per_day(f: Numbers, case: RiskCase) -> str:
    reset = _resets(f.resets_at_ns, case.now_ns)
    return f"{f.value - 1} trades today (limit {f.limit}). {reset}. Closing still works."


def _volume(window: str) -> _Text:
    def text(f: Numbers, case: RiskCase) -> str:
        reset = _resets(f.resets_at_ns, case.now_ns)
        made, limit = _over_usd(f.value), format_usd(f.limit)
        return f"{window} volume: this would make {made} of {limit}. {reset}."

    return text


def _copies_per_minute(f: Numbers, case: RiskCase) -> str:
    text = f"Skipped: {f.value - 1} copies in the last minute (limit {f.limit})"
    if not f.resets_at_ns:
        return f"{text}."
    return f"{text}, next in {how_long(f.resets_at_ns - case.now_ns)}."


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
    "COPIES_PER_MINUTE": ("E-COPY-SKIP", "count", _copies_per_minute),
}


def of_failure(failure: _core.Failure, case: RiskCase) -> Reason:
    """Turn a failed rule of the core into its published code and sentence."""
    return of_rule(_core.RULES[failure.rule], failure, case)


def of_rule(name: str, numbers: Numbers, case: RiskCase) -> Reason:
    """Turn a failed rule, whoever found it, into its published code and sentence."""
    code, unit, text = _RULES[name]
    return Reason(
        code=code,
        rule=name,
        text=text(numbers, case),
        value=numbers.value,
        limit=numbers.limit,
        unit=unit,
        resets_at_ns=numbers.resets_at_ns,
    )
