"""Margin maths the slow and obvious way: exact fractions, one rounding at the end.

Written from the published formulas, not from the core. Amounts are the same scaled integers the
core takes; a result that does not fit 64 bits is `None` (the core raises there).
"""

from fractions import Fraction
from math import ceil, floor

E6 = 10**6
E10 = 10**10
I64_MAX = 2**63 - 1


def _fits(value: int) -> int | None:
    return value if abs(value) <= I64_MAX else None


def notional(*, collateral_e6: int, leverage_e10: int) -> int | None:
    return _fits(floor(Fraction(collateral_e6) * Fraction(leverage_e10, E10)))


def fee(*, notional_e6: int, rate_e10: int) -> int | None:
    return _fits(ceil(Fraction(notional_e6) * Fraction(rate_e10, E10)))


def execution_price(*, price_e10: int, spread_e10: int, is_long: bool, is_open: bool) -> int | None:
    buys = is_long == is_open
    spread = Fraction(spread_e10, E10)
    return _fits(ceil(price_e10 * (1 + spread)) if buys else floor(price_e10 * (1 - spread)))


def pnl(
    *, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool
) -> int | None:
    move = Fraction(price_e10 - entry_e10, entry_e10) * (1 if is_long else -1)
    exact = move * Fraction(leverage_e10, E10) * collateral_e6
    return _fits(max(floor(exact), -collateral_e6))


def liquidation_price(
    *,
    entry_e10: int,
    collateral_e6: int,
    leverage_e10: int,
    is_long: bool,
    threshold_e10: int,
    rollover_e6: int = 0,
    funding_e6: int = 0,
) -> int | None:
    room = collateral_e6 * Fraction(threshold_e10, E10) - rollover_e6 - funding_e6
    size = collateral_e6 * Fraction(leverage_e10, E10)
    distance = entry_e10 * room / size
    # Towards entry: a long's line up, a short's line down.
    line = ceil(entry_e10 - distance) if is_long else floor(entry_e10 + distance)
    return _fits(max(line, 0))


def safe_line(*, entry_e10: int, liquidation_e10: int, buffer_e10: int, is_long: bool) -> int:
    distance = (entry_e10 - liquidation_e10) * (1 if is_long else -1)
    if distance <= 0:
        return liquidation_e10
    shift = distance * Fraction(buffer_e10, E10)
    return ceil(liquidation_e10 + shift) if is_long else floor(liquidation_e10 - shift)


def health(
    *,
    entry_e10: int,
    price_e10: int,
    collateral_e6: int,
    leverage_e10: int,
    is_long: bool,
    threshold_e10: int,
    buffer_e10: int,
) -> tuple[int, int, int, int, int] | None:
    """(liquidation, safe line, pnl, distance left, state)."""
    liquidation = liquidation_price(
        entry_e10=entry_e10,
        collateral_e6=collateral_e6,
        leverage_e10=leverage_e10,
        is_long=is_long,
        threshold_e10=threshold_e10,
    )
    profit = pnl(
        entry_e10=entry_e10,
        price_e10=price_e10,
        collateral_e6=collateral_e6,
        leverage_e10=leverage_e10,
        is_long=is_long,
    )
    if liquidation is None or profit is None:
        return None
    line = safe_line(
        entry_e10=entry_e10,
        liquidation_e10=liquidation,
        buffer_e10=buffer_e10,
        is_long=is_long,
    )
    sign = 1 if is_long else -1
    whole = (entry_e10 - liquidation) * sign
    left = (price_e10 - liquidation) * sign
    share = floor(Fraction(left, whole) * E10) if whole > 0 and left > 0 else 0
    if (price_e10 - liquidation) * sign <= 0:
        state = 2
    elif (price_e10 - line) * sign <= 0:
        state = 1
    else:
        state = 0
    return None if _fits(share) is None else (liquidation, line, profit, share, state)


def loss_at_stop(
    collateral_e6: int,
    *,
    entry_e10: int,
    stop_e10: int,
    leverage_e10: int,
    cost_e10: int,
    is_long: bool,
) -> int:
    """Loss of a trade at its stop: what the venue takes, each part rounded as the venue does."""
    move = Fraction(entry_e10 - stop_e10, entry_e10) * (1 if is_long else -1)
    size = collateral_e6 * Fraction(leverage_e10, E10)
    lost = min(ceil(move * size), collateral_e6)
    return lost + ceil(floor(size) * Fraction(cost_e10, E10))
