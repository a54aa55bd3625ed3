"""Stops, headroom, the venue's rules and copy sizes, the slow and obvious way: fractions."""

import itertools
from fractions import Fraction
from math import ceil, floor
from typing import Any

from tests.oracles.margin_venue import E10, I64_MAX, WHOLE, fits, upside_share

Corners = list[tuple[int, int]]


def distance(base_e10: int, percent: int, leverage_e10: int, fee: int = 0) -> Fraction:
    """Price that gains `percent` of collateral, away from base, net of a share of the profit."""
    away = base_e10 * Fraction(percent, WHOLE) / Fraction(leverage_e10, E10)
    return away if fee == WHOLE else away / (1 - Fraction(fee, WHOLE))


def tp_price(
    *,
    base_e10: int,
    take_profit_p_e10: int,
    leverage_e10: int,
    is_long: bool,
    profit_share_p_e10: int,
) -> int | None:
    away = ceil(distance(base_e10, take_profit_p_e10, leverage_e10, profit_share_p_e10))
    price = base_e10 + away if is_long else base_e10 - away
    return fits(price) if price > 0 and abs(away) <= I64_MAX else None


def tp_percent(
    *, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool, profit_share_p_e10: int
) -> int | None:
    gain = Fraction(price_e10 - base_e10, base_e10) * (1 if is_long else -1)
    kept = 1 - Fraction(profit_share_p_e10, WHOLE)
    return fits(floor(gain * Fraction(leverage_e10, E10) * kept * WHOLE))


def sl_price(
    *, base_e10: int, stop_loss_p_e10: int, leverage_e10: int, is_long: bool
) -> int | None:
    away = floor(distance(base_e10, stop_loss_p_e10, leverage_e10))
    price = base_e10 - away if is_long else base_e10 + away
    return fits(price) if price > 0 and abs(away) <= I64_MAX else None


def sl_percent(*, base_e10: int, price_e10: int, leverage_e10: int, is_long: bool) -> int | None:
    lost = Fraction(base_e10 - price_e10, base_e10) * (1 if is_long else -1)
    return fits(ceil(lost * Fraction(leverage_e10, E10) * WHOLE))


def curve_min_stop(*, leverage_e10: int, curve_e10: Corners) -> int | None:
    """`None` for a curve that does not rise in leverage."""
    if not curve_e10 or any(a[0] >= b[0] for a, b in itertools.pairwise(curve_e10)):
        return None
    if leverage_e10 <= curve_e10[0][0]:
        return curve_e10[0][1]
    for (x0, y0), (x1, y1) in itertools.pairwise(curve_e10):
        if leverage_e10 <= x1:
            return ceil(y0 + Fraction((leverage_e10 - x0) * (y1 - y0), x1 - x0))
    return curve_e10[-1][1]


def tpsl_bounds(
    *,
    base_e10: int,
    leverage_e10: int,
    is_long: bool,
    max_gain_p_e10: int,
    min_stop_p_e10: int,
    max_stop_p_e10: int,
    profit_share_p_e10: int,
) -> tuple[int, int, int]:
    sign = 1 if is_long else -1
    gain = floor(distance(base_e10, max_gain_p_e10, leverage_e10, profit_share_p_e10))
    near = ceil(distance(base_e10, min_stop_p_e10, leverage_e10))
    far = floor(distance(base_e10, max_stop_p_e10, leverage_e10))
    prices = (base_e10 + sign * gain, base_e10 - sign * near, base_e10 - sign * far)
    take, stop_near, stop_far = (min(max(price, 1), I64_MAX) for price in prices)
    return take, stop_near, stop_far


def headroom(
    *,
    max_open_interest_e6: int,
    total_oi_e6: int,
    max_group_oi_e6: int,
    group_oi_e6: int,
    max_wallet_oi_e6: int,
    pair_max_oi_e6: int,
    long_oi_e6: int,
    short_oi_e6: int,
    group_share_p_e10: int,
    max_long_p_e10: int,
    max_short_p_e10: int,
    liquidity_buy_e6: int,
    liquidity_sell_e6: int,
    is_long: bool,
    wallet_oi_e6: int,
) -> int:
    share = max_long_p_e10 if is_long else max_short_p_e10
    side_cap = floor(max_group_oi_e6 * Fraction(group_share_p_e10 * share, WHOLE**2))
    left = (
        max_open_interest_e6 - total_oi_e6,
        max_group_oi_e6 - group_oi_e6,
        max_wallet_oi_e6 - wallet_oi_e6,
        pair_max_oi_e6 - long_oi_e6 - short_oi_e6,
        side_cap - (long_oi_e6 if is_long else short_oi_e6),
        liquidity_buy_e6 if is_long else liquidity_sell_e6,
    )
    return max(min(left), 0)


def broken_rules(r: dict[str, Any], room: int, o: dict[str, Any]) -> list[str]:
    """Codes of the rules an order breaks, in the published order."""
    lev = Fraction(o["leverage_e10"], E10)
    size = floor(o["collateral_e6"] * lev)
    out = []
    out += ["DELISTED"] * (not r["is_listed"])
    out += ["CLOSE_ONLY"] * r["is_close_only"]
    out += ["MARKET_CLOSED"] * (not r["is_open"])
    low, high = r["min_leverage_e10"], r["max_leverage_e10"]
    out += ["LEVERAGE"] * (not low <= o["leverage_e10"] <= high)
    out += ["MIN_SIZE"] * (size < r["min_notional_e6"] or size == 0)
    out += ["HEADROOM"] * (size > room)
    out += ["MAX_TRADES"] * (0 < r["max_trades"] <= o["open_trades"])
    price, market = o.get("price_e10"), o.get("market_e10")
    if price is not None and market is not None:
        below, above = price < market, price > market
        if o["kind"] == "limit" and not (below if o["is_long"] else above):
            out += ["LIMIT_PRICE_LONG" if o["is_long"] else "LIMIT_PRICE_SHORT"]
        if o["kind"] == "stop_limit" and not (above if o["is_long"] else below):
            out += ["STOP_PRICE"]
    take, stop = o.get("take_profit_p_e10"), o.get("stop_loss_p_e10")
    if take is not None:
        most = Fraction(r["max_gain_p_e10"])
        if r["is_upside"] and r["thresholds_p_e10"]:
            tiers = r["thresholds_p_e10"], r["fees_p_e10"]
            share = upside_share(most, *tiers, "highest_met")
            assert share is not None
            most = Fraction(floor(most * (1 - Fraction(share, WHOLE))))
        out += ["TP_TOO_HIGH"] * (take > most)
        out += ["TP_SIDE"] * (take <= 0)
    spread = o.get("spread_p_e10")
    if stop is not None:
        out += ["SL_TOO_HIGH"] * (stop > r["max_stop_p_e10"])
        out += ["SL_SIDE"] * (stop <= 0)
        least = 0 if spread is None else ceil((spread + r["spread_buffer_p_e10"]) * lev)
        least = max(least, r["upside_floor_p_e10"])
        if r["curve_e10"]:
            curved = curve_min_stop(leverage_e10=o["leverage_e10"], curve_e10=r["curve_e10"])
            assert curved is not None
            least = max(least, curved)
        code = "SL_TOO_LOW_UPSIDE" if r["is_upside"] else "SL_TOO_LOW"
        out += [code] * (least > 0 and stop < least)
    if spread is not None:
        if Fraction(spread, 2) > r["max_half_spread_p_e10"]:
            out += ["SPREAD"]
        elif spread * lev >= r["max_spread_x_leverage_p_e10"]:
            out += ["SPREAD_X_LEVERAGE"]
    slippage = o.get("slippage_p_e10")
    out += ["SLIPPAGE"] * (slippage is not None and slippage > r["max_slippage_p_e10"])
    return out


def copy_cost(collateral_e6: int, leverage_e10: int, open_fee_p_e10: int) -> int:
    size = collateral_e6 * leverage_e10 // E10
    return collateral_e6 + ceil(size * Fraction(open_fee_p_e10, WHOLE))


def copy_wanted(leader: dict[str, int], f: dict[str, Any]) -> int:
    equity: int = max(f["equity_e6"], 0)
    value = Fraction(f["value"], E10)
    taken, held = leader["leader_collateral_e6"], leader["leader_equity_e6"]
    match f["mode"]:
        case 0:
            return int(f["value"])
        case 1:
            return floor(taken * value)
        case 2:
            return floor(equity * value)
        case _:
            return floor(taken * value * Fraction(equity, held)) if held else 0


def copy_size(leader: dict[str, int], f: dict[str, Any]) -> tuple[int, int, int, str]:
    """(collateral, leverage, notional, skip) of one follower."""
    leverage = min(
        leader["leader_leverage_e10"], f["max_leverage_e10"], leader["max_market_leverage_e10"]
    )
    followed = leader["leader_collateral_e6"] * leader["leader_leverage_e10"] // E10
    for skip, refused in (
        ("NOT_ALLOWED", not f["allowed"]),
        ("LATE", leader["delay_ns"] > f["max_delay_ns"]),
        ("SLIPPAGE", leader["slip_e10"] > f["max_slip_e10"]),
        ("LEADER_TOO_SMALL", followed < f["min_leader_e6"]),
        ("LEADER_TOO_LARGE", followed > f["max_leader_e6"]),
        ("LEVERAGE", leverage < leader["min_leverage_e10"] or leverage == 0),
    ):
        if refused:
            return 0, leverage, 0, skip
    ratio = Fraction(leverage, E10)
    # The largest whose floored notional is within the cap.
    by_notional = ceil((f["max_notional_e6"] + 1) / ratio) - 1
    most = floor(max(f["free_e6"], 0) / (1 + ratio * Fraction(leader["open_fee_p_e10"], WHOLE)))
    while copy_cost(most + 1, leverage, leader["open_fee_p_e10"]) <= f["free_e6"]:
        most += 1
    size = copy_wanted(leader, f)
    for skip, cap in (
        ("BELOW_MINIMUM", size),
        ("OWN_CAP", min(f["max_collateral_e6"], by_notional)),
        ("NO_FUNDS", most),
    ):
        size = min(size, cap)
        if size <= 0 or floor(size * ratio) < leader["min_notional_e6"]:
            return 0, leverage, 0, skip
    return size, leverage, floor(size * ratio), "NONE"
