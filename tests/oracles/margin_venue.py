"""The venue's fees, tiers, net profit and integer steps, the slow and obvious way.

Written from the published formulas: exact fractions and one named rounding, or plain Python
integers where the contract divides. A percent is scaled by 10**10, a ratio by 10**10. What does
not fit 64 bits is `None`.
"""

from fractions import Fraction
from math import ceil, floor, isqrt

E6 = 10**6
E10 = 10**10
WHOLE = 100 * E10
I64_MAX = 2**63 - 1

Pairs = list[tuple[int, int]]


def fits(value: int) -> int | None:
    return value if abs(value) <= I64_MAX else None


def trunc_div(a: int, b: int) -> int:
    """Solidity's division of signed integers."""
    return abs(a) // b * (1 if a >= 0 else -1)


def percent_fee(*, notional_e6: int, rate_p_e10: int, discount_p_e10: int) -> int | None:
    kept = 1 - Fraction(discount_p_e10, WHOLE)
    return fits(ceil(notional_e6 * Fraction(rate_p_e10, WHOLE) * kept))


def skew_open_fee(
    *,
    notional_e6: int,
    is_long: bool,
    oi_long_e6: int,
    oi_short_e6: int,
    skew_lines_e10: Pairs,
    discount_p_e10: int,
) -> tuple[int, int] | None:
    total = oi_long_e6 + oi_short_e6 + notional_e6
    opposite = oi_short_e6 if is_long else oi_long_e6
    points = 100 * opposite // total if total else 0
    slope, base = skew_lines_e10[min(points // 10, len(skew_lines_e10) - 1)]
    exact = Fraction(slope * points + base, 10_000) * (1 - Fraction(discount_p_e10, WHOLE))
    rate, fee = fits(ceil(exact)), fits(ceil(notional_e6 * exact / WHOLE))
    return None if rate is None or fee is None else (rate, fee)


def maker_taker_fee(
    *,
    long_coin_e10: int,
    short_coin_e10: int,
    after_long_coin_e10: int,
    after_short_coin_e10: int,
    size_coin_e10: int,
    maker_p_e10: int,
    taker_p_e10: int,
) -> tuple[int, str] | None:
    """`None` also for a size of 0 that crossed balance."""
    before, after = long_coin_e10 + short_coin_e10, after_long_coin_e10 + after_short_coin_e10
    half = Fraction(1, 2)
    old = Fraction(long_coin_e10, before) if before else half
    new = Fraction(after_long_coin_e10, after) if after else half
    if not before or not after or old == half:
        return taker_p_e10, "taker"
    if new > old if old > half else new < old:
        return taker_p_e10, "taker"
    if new >= half if old > half else new <= half:
        return maker_p_e10, "maker"
    if size_coin_e10 == 0:
        return None
    gap = abs(long_coin_e10 - short_coin_e10)
    blend = Fraction(maker_p_e10 * gap + taker_p_e10 * (size_coin_e10 - gap), size_coin_e10)
    rate = fits(ceil(blend))
    return None if rate is None else (rate, "mixed")


def moved_book(
    long_coin_e10: int, short_coin_e10: int, size_coin_e10: int, *, is_long: bool, is_open: bool
) -> tuple[int, int, int]:
    """(long, short, size) after a trade; a close takes at most what its side holds."""
    held = long_coin_e10 if is_long else short_coin_e10
    size = size_coin_e10 if is_open else min(size_coin_e10, held)
    moved = held + size if is_open else held - size
    return (moved, short_coin_e10, size) if is_long else (long_coin_e10, moved, size)


def upside_share(
    profit_p: Fraction, thresholds: list[int], fees: list[int], rule: str
) -> int | None:
    """`None` where counting finds no fee; `profit_p` is a percent e10."""
    if rule == "highest_met":
        met = [tier for tier, threshold in enumerate(thresholds) if profit_p >= threshold]
        tier = met[-1] if met else 0
        return fees[tier] if tier < len(fees) else 0
    count = 0
    while count < len(thresholds) and profit_p >= thresholds[count]:
        count += 1
    tier = min(count, len(thresholds) - 1)
    return fees[tier] if fees and tier < len(fees) else None


def adjusted_max_gain(
    *, max_gain_p_e10: int, thresholds_p_e10: list[int], fees_p_e10: list[int]
) -> int | None:
    share = upside_share(Fraction(max_gain_p_e10), thresholds_p_e10, fees_p_e10, "highest_met")
    assert share is not None
    return fits(floor(max_gain_p_e10 * (1 - Fraction(share, WHOLE))))


def move(*, entry_e10: int, price_e10: int, leverage_e10: int, is_long: bool) -> Fraction:
    """Gross result as a share of collateral."""
    gain = (price_e10 - entry_e10) * (1 if is_long else -1)
    return Fraction(gain * leverage_e10, entry_e10 * E10)


def gross_pnl(
    *, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool
) -> int | None:
    share = move(
        entry_e10=entry_e10, price_e10=price_e10, leverage_e10=leverage_e10, is_long=is_long
    )
    return fits(floor(share * collateral_e6))


def net_fixed(
    gross: int,
    *,
    collateral_e6: int,
    leverage_e10: int,
    rollover_e6: int,
    funding_e6: int,
    close_fee_p_e10: int,
    fee_discount_p_e10: int,
    loss_protection_p_e10: int,
    close_fee_base: str,
) -> tuple[int, int, int]:
    """(closing fee, rebate, net)."""
    base = collateral_e6 * leverage_e10 // E10
    if close_fee_base == "notional_plus_pnl":
        base += gross
    kept = 1 - Fraction(fee_discount_p_e10, WHOLE)
    fee = ceil(base * Fraction(close_fee_p_e10, WHOLE) * kept)
    lost = max(min(-gross, collateral_e6), 0)
    rebate = floor(lost * Fraction(loss_protection_p_e10, WHOLE))
    return fee, rebate, gross - fee - rollover_e6 - funding_e6 + rebate


def closing_payout(
    *, collateral_e6: int, pnl_e6: int, charges_e6: int, threshold_e10: int
) -> int | None:
    value = collateral_e6 + pnl_e6 - charges_e6
    if value <= collateral_e6 * (1 - Fraction(threshold_e10, E10)):
        return 0
    return fits(value)


def coin_size(*, notional_e6: int, entry_e10: int, base_is_usd: bool) -> int:
    if base_is_usd:
        return notional_e6 * 10**4
    return notional_e6 * 10**10 * 10**10 // entry_e10 // 10**6


def percent_profit(
    *, entry_e10: int, price_e10: int, leverage_e10: int, is_long: bool, max_gain_p_e10: int
) -> int:
    diff = price_e10 - entry_e10 if is_long else entry_e10 - price_e10
    percent = trunc_div(diff * 100 * leverage_e10, entry_e10)
    return min(max(percent, -WHOLE), max_gain_p_e10)


def percent_pnl(*, collateral_e6: int, profit_p_e10: int) -> int | None:
    return fits(trunc_div(trunc_div(collateral_e6 * profit_p_e10, E10), 100))


def margin_update(
    *, collateral_e6: int, notional_e6: int, amount_e6: int, is_deposit: bool, fees_e6: int
) -> tuple[int, int] | None:
    """`None` where no collateral is left or something does not fit."""
    left = collateral_e6 + (amount_e6 if is_deposit else -amount_e6) - fees_e6
    if left <= 0 or (fits(collateral_e6 + amount_e6) is None and is_deposit):
        return None
    leverage = fits(notional_e6 * E10 // left)
    return None if leverage is None else (left, leverage)


def impact_spread(
    *, flow: int, depth: int, impact_p_e10: int, constant_p_e10: int, max_spread_p_e10: int
) -> int:
    inner = ceil(Fraction(impact_p_e10**2 * abs(flow), depth))
    root = isqrt(inner)
    root += root * root != inner
    return min(root + constant_p_e10, max_spread_p_e10)
