"""The venue's money maths, models and validation, row by row through the border.

The reference computes in doubles from human decimals. A row is scaled as the venue scales (exact
decimals, truncated toward zero); an answer may differ by one unit of our rounding, by what the
truncation of an input is worth, and by the double's relative 1e-9. Where the reference has an
answer and we refuse on purpose (a price of 0 is no price) the refusal is asserted.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any

import msgspec

from tests.vectors.compute_orders import check_max_position_size, check_validate_order
from tests.vectors.compute_scale import I64, close, cut_off, e6, e10, percents, refused
from tests.vectors.files import Family, Row
from vanta import _core
from vanta.venues.avantis.decimals import scaled
from vanta.venues.avantis.pair import STOP_CURVE_E10, Pair
from vanta.venues.avantis.user_data import OpenPosition, RestingOrder

NAMES = {
    "gross_pnl": "current_price open_price collateral leverage is_long",
    "pnl_fee_by_gross_profit_p": "tier_p desired_gross_profit_p fees_p",
    "pnl_type_fee": "tier_p fees_p profit_p pnl",
    "adjusted_max_gain_p": "max_gain_p tier_p fees_p",
    "maker_or_taker_fee_p": "after_long after_short before_long before_short size maker taker",
    "tp_percent_to_price": "base_price take_profit_percent leverage is_long",
    "tp_price_to_percent": "base_price tp_price leverage is_long",
    "sl_percent_to_price": "base_price stop_loss_percent leverage is_long",
    "sl_price_to_percent": "base_price sl_price leverage is_long",
    "pnl_order_min_sl": "leverage",
    "scale_p10": "value",
    "scale_usdc": "value",
}
"""Names of positional arguments."""

Figures = dict[str, Any]


def _position(k: Figures) -> Figures:
    return {
        "entry_e10": e10(k["open_price"]),
        "price_e10": e10(k["current_price"]),
        "collateral_e6": e6(k["collateral"]),
        "leverage_e10": e10(k["leverage"]),
        "is_long": k["is_long"],
    }


def _truncated(position: Figures, k: Figures) -> Fraction:
    """Dollars e6 that the digits cut off from prices and collateral are worth to the position."""
    entry, price = position["entry_e10"], position["price_e10"]
    size = Fraction(position["collateral_e6"] * position["leverage_e10"], 10**10)
    of_price, of_entry = cut_off(k["current_price"], 10), cut_off(k.get("open_price", 0), 10)
    of_prices = size / entry * (of_price + of_entry * Fraction(price, entry))
    lever = Fraction(position["leverage_e10"], 10**10)
    moved = 1 + Fraction(abs(price - entry), entry)
    return of_prices + cut_off(k.get("collateral", 0), 6) * lever * moved


def gross_pnl(k: Figures, result: Any) -> None:
    position = _position(k)
    if position["price_e10"] == 0 and result is not None:
        refused(lambda: _core.gross_pnl(**position))
        return
    ours = _core.gross_pnl(**position)
    close(ours, result, 6, slack=_truncated(position, k))
    if position["leverage_e10"] > 0:
        assert _core.pnl(**position) == max(ours, -position["collateral_e6"])


def net_pnl(k: Figures, result: Any) -> None:
    position = _position(k)
    charges: Figures = {
        "rollover_e6": e6(k.get("rollover_fee", 0)),
        "funding_e6": e6(k.get("funding_fee", 0)),
    }
    if position["price_e10"] == 0 and result is not None:
        refused(lambda: _core.net_pnl(**position, **charges, close_fee_p_e10=0))
        return
    if k.get("is_upside"):
        tiers: Figures = {
            "thresholds_p_e10": percents(k.get("pnl_tier_p") or []),
            "fees_p_e10": percents(k.get("pnl_fees_p") or []),
        }
        ours = _core.net_pnl_upside(**position, **charges, **tiers)
    else:
        ours = _core.net_pnl(
            **position,
            **charges,
            close_fee_p_e10=e10(k.get("close_fee_p", 0)),
            fee_discount_p_e10=e10(k.get("fee_discount_p", 0)),
            loss_protection_p_e10=e10(k.get("loss_protection_p", 0)),
            close_fee_base=k.get("close_fee_base", "notional"),
        )
    cut = cut_off(k.get("rollover_fee", 0), 6) + cut_off(k.get("funding_fee", 0), 6)
    _net(ours, result, _truncated(position, k) + cut)


def _net(ours: _core.NetPnl, result: Any, slack: Fraction) -> None:
    close(ours.gross_e6, result["gross"], 6, slack=slack)
    close(ours.closing_fee_e6, result["closing_fee"], 6, slack=slack)
    close(ours.loss_protection_e6, result["loss_protection"], 6, slack=slack)
    close(ours.profit_share_e6, result["profit_share_fee"], 6, slack=slack)
    # Four figures of one rounding each went into the last one, and cancel in any way.
    parts = (result[name] for name in ("gross", "rollover_fee", "funding_fee"))
    noise = Fraction(sum(abs(Fraction(str(part))) for part in parts), 1000)
    close(ours.net_e6, result["net"], 6, slack=2 * slack + 3 + noise)


def pnl_fee_by_gross_profit_p(k: Figures, result: Any) -> None:
    ours = _core.upside_share(
        profit_p_e10=e10(k["desired_gross_profit_p"]),
        thresholds_p_e10=percents(k["tier_p"]),
        fees_p_e10=percents(k["fees_p"]),
        rule="highest_met",
    )
    close(ours, result, 10)


def pnl_type_fee(k: Figures, result: Any) -> None:
    share, fee = _core.upside_fee(
        profit_p_e10=e10(k["profit_p"]),
        pnl_e6=e6(k["pnl"]),
        thresholds_p_e10=percents(k["tier_p"]),
        fees_p_e10=percents(k["fees_p"]),
        rule="count_met",
    )
    close(share, result[0], 10)
    close(fee, result[1], 6, slack=Fraction(1))


def adjusted_max_gain_p(k: Figures, result: Any) -> None:
    ours = _core.adjusted_max_gain(
        max_gain_p_e10=e10(k["max_gain_p"]),
        thresholds_p_e10=percents(k["tier_p"]),
        fees_p_e10=percents(k["fees_p"]),
    )
    close(ours, result, 10)


def estimate_liquidation_price(k: Figures, result: Any) -> None:
    terms: Figures = {
        "entry_e10": e10(k["open_price"]),
        "collateral_e6": e6(k["collateral"]),
        "leverage_e10": e10(k["leverage"]),
        "is_long": k["is_long"],
        "threshold_e10": scaled(k.get("liq_threshold_p", 85), decimals=8, field="threshold"),
        "rollover_e6": e6(k.get("rollover_fee", 0)),
        "funding_e6": e6(k.get("funding_fee", 0)),
    }
    size = Fraction(terms["collateral_e6"] * terms["leverage_e10"], 10**10)
    if size <= 0 or terms["entry_e10"] == 0:
        # The reference answers 0 for no position; here there is no line to ask for.
        refused(lambda: _core.liquidation_estimate(**terms))
        return
    ours = _core.liquidation_estimate(**terms)
    charged = terms["rollover_e6"] + terms["funding_e6"]
    loss = cut_off(k["collateral"], 6) * Fraction(abs(charged), terms["collateral_e6"])
    loss += sum(cut_off(k.get(fee, 0), 6) for fee in ("rollover_fee", "funding_fee"))
    close(ours, result, 10, slack=terms["entry_e10"] * (loss / size + Fraction(1, 10**9)))
    assert _core.liquidation_price(**terms) == max(ours, 0)


def skew_adjusted_open_fee(k: Figures, result: Any) -> None:
    rate, fee = _core.skew_open_fee(
        notional_e6=e6(k["position_size"]),
        is_long=k["is_long"],
        oi_long_e6=e6(k["oi_long"]),
        oi_short_e6=e6(k["oi_short"]),
        skew_lines_e10=[(e10(a), e10(b)) for a, b, *_ in k["skew_eq_params"]],
        discount_p_e10=e10(k.get("fee_discount_p", 0)),
    )
    close(rate, result[0], 10)
    close(fee, result[1], 6)


def _maker_taker(ours: tuple[int, str], book: Figures, result: Any) -> None:
    rate, kind = ours
    close(rate, result["fee_p"], 10, slack=Fraction(1))
    assert kind == result["kind"], (kind, result["kind"], book)


def maker_or_taker_fee_p(k: Figures, result: Any) -> None:
    book: Figures = {
        "long_coin_e10": e10(k["before_long"]),
        "short_coin_e10": e10(k["before_short"]),
        "after_long_coin_e10": e10(k["after_long"]),
        "after_short_coin_e10": e10(k["after_short"]),
        "size_coin_e10": e10(k["size"]),
        "maker_p_e10": e10(k["maker"]),
        "taker_p_e10": e10(k["taker"]),
    }
    _maker_taker(_core.maker_taker_fee(**book), book, result)


def _pair_fee(k: Figures, result: Any, way: str, function: Callable[..., tuple[int, str]]) -> None:
    book: Figures = {
        "long_coin_e10": e10(k["initial_coin_oi_long"]),
        "short_coin_e10": e10(k["initial_coin_oi_short"]),
        "size_coin_e10": e10(k["position_size_coin_oi"]),
        "is_long": k["is_long"],
        "maker_p_e10": e10(k[f"{way}_maker_fee_p"]),
        "taker_p_e10": e10(k[f"{way}_taker_fee_p"]),
    }
    _maker_taker(function(**book), book, result)


def pair_open_maker_taker_fee_p(k: Figures, result: Any) -> None:
    _pair_fee(k, result, "open", _core.open_maker_taker_fee)


def pair_close_maker_taker_fee_p(k: Figures, result: Any) -> None:
    _pair_fee(k, result, "close", _core.close_maker_taker_fee)


def available_liquidity(k: Figures, result: Any) -> None:
    def amount(name: str) -> int:
        return e6(k[name]) if isfinite(k[name]) else I64

    caps = _core.OiCaps(
        max_open_interest_e6=amount("max_open_interest"),
        total_oi_e6=amount("total_oi"),
        max_group_oi_e6=amount("max_group_oi"),
        group_oi_e6=amount("group_oi"),
        max_wallet_oi_e6=amount("max_wallet_oi"),
        pair_max_oi_e6=amount("pair_max_oi"),
        long_oi_e6=amount("long_oi"),
        short_oi_e6=amount("short_oi"),
        group_share_p_e10=e10(k["group_open_interest_percentage_p"]),
        max_long_p_e10=e10(k["max_long_oi_p"]),
        max_short_p_e10=e10(k["max_short_oi_p"]),
        liquidity_buy_e6=amount("liquidity_buy"),
        liquidity_sell_e6=amount("liquidity_sell"),
    )
    # What is left is a difference: the double's error is that of what was subtracted.
    noise = Fraction(max(e6(v) for v in k.values() if isfinite(v)), 10**12)
    for side in ("long", "short"):
        ours = caps.headroom(is_long=side == "long", wallet_oi_e6=amount("wallet_oi"))
        close(ours, result[side], 6, slack=noise)


def _stop_terms(k: Figures) -> Figures:
    terms: Figures = {
        "base_e10": e10(k["base_price"]),
        "leverage_e10": e10(k["leverage"]),
        "is_long": k["is_long"],
    }
    if k.get("is_upside"):
        terms["profit_share_p_e10"] = e10(k.get("pnl_fee_p", 0))
    return terms


def _price(function: Callable[..., int], terms: Figures, result: Any) -> None:
    if result is not None and Fraction(str(result)) * 10**10 < 1:
        refused(lambda: function(**terms))  # no price above 0 gains or loses that much
        return
    ours = function(**terms)
    close(ours, result, 10, slack=Fraction(2 * terms["base_e10"], 10**10))


def tp_percent_to_price(k: Figures, result: Any) -> None:
    percent = {"take_profit_p_e10": e10(k["take_profit_percent"])}
    _price(_core.tp_price, _stop_terms(k) | percent, result)


def sl_percent_to_price(k: Figures, result: Any) -> None:
    percent = {"stop_loss_p_e10": e10(k["stop_loss_percent"])}
    _price(_core.sl_price, _stop_terms(k) | percent, result)


def _percent(function: Callable[..., int], price: Any, terms: Figures, result: Any) -> None:
    terms = terms | {"price_e10": e10(price)}
    if terms["price_e10"] <= 0 and result is not None:
        refused(lambda: function(**terms))
        return
    ours = function(**terms)
    # One truncated unit of price, and the double's error of a difference of close prices.
    unit = Fraction(200 * terms["leverage_e10"], terms["base_e10"])
    noise = Fraction(100 * terms["leverage_e10"], 10**12)
    close(ours, result, 10, slack=unit + noise)


def tp_price_to_percent(k: Figures, result: Any) -> None:
    _percent(_core.tp_percent, k["tp_price"], _stop_terms(k), result)


def sl_price_to_percent(k: Figures, result: Any) -> None:
    _percent(_core.sl_percent, k["sl_price"], _stop_terms(k), result)


def pnl_order_min_sl(k: Figures, result: Any) -> None:
    ours = _core.curve_min_stop(leverage_e10=e10(k["leverage"]), curve_e10=STOP_CURVE_E10)
    close(ours, result, 10)


def position_net_pnl(k: Figures, result: Any) -> None:
    held = msgspec.convert(k["position"], OpenPosition)
    pair = msgspec.convert(k["pair_info"], Pair)
    position: Figures = {
        "entry_e10": int(held.open_price),
        "price_e10": e10(k["current_price"]),
        "collateral_e6": int(held.collateral),
        "leverage_e10": int(held.leverage),
        "is_long": held.buy,
    }
    charges: Figures = {
        "rollover_e6": int(held.rollover_fee),
        "funding_e6": int(held.unrealised_funding_fee),
    }
    if held.is_pnl:
        ours = _core.net_pnl_upside(
            **position,
            **charges,
            thresholds_p_e10=percents(pair.pnl_fees.tier_p),
            fees_p_e10=percents(pair.pnl_fees.fees_p),
        )
    else:
        tier = str(int(held.loss_protection or 0))
        ours = _core.net_pnl(
            **position,
            **charges,
            close_fee_p_e10=e10(pair.close_fee_p),
            loss_protection_p_e10=e10(pair.loss_protection_multiplier.get(tier, 0)),
        )
    _net(ours, result, _truncated(position, {"current_price": k["current_price"]}))


def _same_text(ours: Figures, result: Figures) -> None:
    assert set(result) <= set(ours), set(result) - set(ours)
    for name, wanted in result.items():
        if isinstance(wanted, str) and name != "side":
            assert Decimal(str(ours[name])) == Decimal(wanted), (name, ours[name], wanted)
        else:
            assert ours[name] == wanted, (name, ours[name], wanted)


def position_model(k: Figures, result: Any) -> None:
    held = msgspec.convert(k["position"], OpenPosition)
    base_is_usd = (k.get("base_symbol") or "").upper() == "USD"
    _same_text(held.human(base_is_usd=base_is_usd), result)


def limit_order_model(k: Figures, result: Any) -> None:
    _same_text(msgspec.convert(k["order"], RestingOrder).human(), result)


def scale_p10(k: Figures, result: Any) -> None:
    assert scaled(k["value"], decimals=10, field="value") == int(result)


def scale_usdc(k: Figures, result: Any) -> None:
    assert scaled(k["value"], decimals=6, field="value") == int(result)


CHECKS: dict[str, Callable[[Figures, Any], None]] = {
    check.__name__: check
    for check in (
        gross_pnl, net_pnl, pnl_fee_by_gross_profit_p, pnl_type_fee, adjusted_max_gain_p,
        estimate_liquidation_price, skew_adjusted_open_fee, maker_or_taker_fee_p,
        pair_open_maker_taker_fee_p, pair_close_maker_taker_fee_p, available_liquidity,
        tp_percent_to_price, tp_price_to_percent, sl_percent_to_price, sl_price_to_percent,
        pnl_order_min_sl, position_net_pnl, position_model, limit_order_model, scale_p10,
        scale_usdc,
    )
} | {
    "max_position_size": check_max_position_size,
    "validate_order": check_validate_order,
}  # fmt: skip


def rows(content: Any) -> Iterable[Row]:
    return [(vector["id"], vector) for vector in content["vectors"]]


def check(vector: Figures) -> None:
    function = vector["function"]
    if function not in CHECKS:
        raise LookupError(f"unknown function {function}")
    figures = dict(zip(NAMES.get(function, "").split(), vector.get("args", ()), strict=False))
    assert len(figures) == len(vector.get("args", ())), f"{function}: unknown positional arguments"
    figures |= vector.get("kwargs", {})
    checked = CHECKS[function]
    if "error" in vector:
        refused(lambda: checked(figures, None))
    else:
        checked(figures, vector["result"])


FAMILIES = (Family(r"avantis_compute([.\-_].*)?\.json(\.gz)?", rows, check),)
