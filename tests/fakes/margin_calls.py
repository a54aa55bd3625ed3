"""One good call per binding of fees, stops, orders and copies, for tests that replace arguments."""

from typing import Any

import numpy as np

from tests.fakes.core_calls import E6, E10, i64
from tests.fakes.hostile import SIGNED_64, UNSIGNED_128, Area, Calls
from vanta import _core

WHOLE = 100 * E10
POSITION: dict[str, Any] = {
    "entry_e10": 1_000 * E10,
    "price_e10": 1_010 * E10,
    "collateral_e6": 100 * E6,
    "leverage_e10": 10 * E10,
    "is_long": True,
}
CHARGES: dict[str, Any] = {"rollover_e6": E6, "funding_e6": -E6}
TIERS: dict[str, Any] = {"thresholds_p_e10": [E10, 5 * E10], "fees_p_e10": [80 * E10, 50 * E10]}
STOP: dict[str, Any] = {"base_e10": 1_000 * E10, "leverage_e10": 10 * E10, "is_long": True}
BOOK: dict[str, Any] = {"long_coin_e10": 3 * E10, "short_coin_e10": E10}
RATES: dict[str, Any] = {"maker_p_e10": E10 // 100, "taker_p_e10": E10 // 20}
CAPS: dict[str, Any] = {
    "max_open_interest_e6": 10**15,
    "total_oi_e6": 0,
    "max_group_oi_e6": 10**15,
    "group_oi_e6": 0,
    "max_wallet_oi_e6": 10**15,
    "pair_max_oi_e6": 10**15,
    "long_oi_e6": 0,
    "short_oi_e6": 0,
    "group_share_p_e10": WHOLE,
    "max_long_p_e10": WHOLE,
    "max_short_p_e10": WHOLE,
    "liquidity_buy_e6": 10**15,
    "liquidity_sell_e6": 10**15,
}
RULES: dict[str, Any] = {
    "is_listed": True,
    "is_close_only": False,
    "is_open": True,
    "is_upside": True,
    "min_leverage_e10": E10,
    "max_leverage_e10": 100 * E10,
    "min_notional_e6": 100 * E6,
    "max_trades": 40,
    "max_gain_p_e10": 2_500 * E10,
    "max_stop_p_e10": 80 * E10,
    "spread_buffer_p_e10": E10 // 100,
    "max_half_spread_p_e10": E10 // 2,
    "max_spread_x_leverage_p_e10": 25 * E10,
    "max_slippage_p_e10": 80 * E10,
    "upside_floor_p_e10": 5 * E10,
    "curve_e10": [(0, 0), (10 * E10, 15 * E10 // 10)],
    **TIERS,
}
ORDER: dict[str, Any] = {
    "is_long": True,
    "collateral_e6": 100 * E6,
    "leverage_e10": 10 * E10,
    "wallet_oi_e6": 0,
    "open_trades": 0,
    "kind": "limit",
    "price_e10": 990 * E10,
    "market_e10": 1_000 * E10,
    "take_profit_p_e10": 100 * E10,
    "stop_loss_p_e10": 50 * E10,
    "spread_p_e10": E10 // 10,
    "slippage_p_e10": E10,
}
LEADER: dict[str, Any] = {
    "leader_collateral_e6": 1_000 * E6,
    "leader_leverage_e10": 10 * E10,
    "leader_equity_e6": 10_000 * E6,
    "delay_ns": 10**9,
    "slip_e10": 0,
    "min_leverage_e10": E10,
    "max_market_leverage_e10": 100 * E10,
    "min_notional_e6": 100 * E6,
    "open_fee_p_e10": E10 // 20,
}
FOLLOWERS: dict[str, Any] = {
    "allowed": np.array([True, True]),
    "mode": np.array([0, 3], dtype=np.uint8),
    "value": i64(50 * E6, E10),
    "equity_e6": i64(1_000 * E6, 1_000 * E6),
    "free_e6": i64(500 * E6, 500 * E6),
    "max_collateral_e6": i64(400 * E6, 400 * E6),
    "max_notional_e6": i64(5_000 * E6, 5_000 * E6),
    "max_leverage_e10": i64(20 * E10, 20 * E10),
    "min_leader_e6": i64(0, 0),
    "max_leader_e6": i64(10**15, 10**15),
    "max_delay_ns": i64(10**10, 10**10),
    "max_slip_e10": i64(E10, E10),
}
ACC: dict[str, Any] = {"acc_open": 1, "acc_now": 2, "notional_e6": E6}


def calls() -> Calls:
    rules, caps = _core.OrderRules(**RULES), _core.OiCaps(**CAPS)
    return {
        "gross_pnl": (_core.gross_pnl, POSITION),
        "liquidation_estimate": (
            _core.liquidation_estimate,
            {k: v for k, v in POSITION.items() if k != "price_e10"}
            | {"threshold_e10": 85 * 10**8}
            | CHARGES,
        ),
        "sizes_for_risk": (
            _core.sizes_for_risk,
            {
                "risk_e6": i64(E6, E6),
                "entry_e10": i64(1_000, 1_000),
                "stop_e10": i64(990, 1_010),
                "leverage_e10": i64(E10, E10),
                "cost_e10": i64(0, 1),
                "is_long": np.array([True, False]),
            },
        ),
        "percent_fee": (
            _core.percent_fee,
            {"notional_e6": E6, "rate_p_e10": E10, "discount_p_e10": 0},
        ),
        "skew_open_fee": (
            _core.skew_open_fee,
            {
                "notional_e6": E6,
                "is_long": True,
                "oi_long_e6": E6,
                "oi_short_e6": E6,
                "skew_lines_e10": [(0, 450 * E10)],
                "discount_p_e10": 0,
            },
        ),
        "maker_taker_fee": (
            _core.maker_taker_fee,
            {
                **BOOK,
                **RATES,
                "after_long_coin_e10": 0,
                "after_short_coin_e10": E10,
                "size_coin_e10": 3 * E10,
            },
        ),
        "open_maker_taker_fee": (
            _core.open_maker_taker_fee,
            {**BOOK, **RATES, "size_coin_e10": 3 * E10, "is_long": False},
        ),
        "close_maker_taker_fee": (
            _core.close_maker_taker_fee,
            {**BOOK, **RATES, "size_coin_e10": 3 * E10, "is_long": True},
        ),
        "upside_share": (
            _core.upside_share,
            {"profit_p_e10": E10, "rule": "count_met", **TIERS},
        ),
        "upside_fee": (
            _core.upside_fee,
            {"profit_p_e10": E10, "pnl_e6": E6, "rule": "highest_met", **TIERS},
        ),
        "adjusted_max_gain": (_core.adjusted_max_gain, {"max_gain_p_e10": 500 * E10, **TIERS}),
        "net_pnl": (
            _core.net_pnl,
            {
                **POSITION,
                **CHARGES,
                "close_fee_p_e10": E10 // 20,
                "fee_discount_p_e10": 0,
                "loss_protection_p_e10": 0,
                "close_fee_base": "notional",
            },
        ),
        "net_pnl_upside": (
            _core.net_pnl_upside,
            {**POSITION, **CHARGES, **TIERS, "rule": "highest_met"},
        ),
        "closing_payout": (
            _core.closing_payout,
            {"collateral_e6": E6, "pnl_e6": 0, "charges_e6": 0, "threshold_e10": 85 * 10**8},
        ),
        "coin_size": (
            _core.coin_size,
            {"notional_e6": E6, "entry_e10": E10, "base_is_usd": False},
        ),
        "percent_profit": (
            _core.percent_profit,
            {k: v for k, v in POSITION.items() if k != "collateral_e6"}
            | {"max_gain_p_e10": 2_500 * E10},
        ),
        "percent_pnl": (_core.percent_pnl, {"collateral_e6": E6, "profit_p_e10": -E10}),
        "rollover_fee": (_core.rollover_fee, ACC),
        "funding_fee": (_core.funding_fee, ACC),
        "margin_update": (
            _core.margin_update,
            {
                "collateral_e6": 2 * E6,
                "notional_e6": 20 * E6,
                "amount_e6": E6,
                "is_deposit": False,
                "fees_e6": 0,
            },
        ),
        "withdrawal_leaves_enough": (
            _core.withdrawal_leaves_enough,
            {"collateral_e6": E6, "pnl_e6": -1, "threshold_e10": 8 * 10**9},
        ),
        "impact_spread": (
            _core.impact_spread,
            {
                "flow": -4,
                "depth": 1,
                "impact_p_e10": E10,
                "constant_p_e10": 0,
                "max_spread_p_e10": 5 * E10,
            },
        ),
        "tp_price": (
            _core.tp_price,
            {**STOP, "take_profit_p_e10": E10, "profit_share_p_e10": 0},
        ),
        "tp_percent": (
            _core.tp_percent,
            {**STOP, "price_e10": E10, "profit_share_p_e10": 0},
        ),
        "sl_price": (_core.sl_price, {**STOP, "stop_loss_p_e10": E10}),
        "sl_percent": (_core.sl_percent, {**STOP, "price_e10": E10}),
        "curve_min_stop": (
            _core.curve_min_stop,
            {"leverage_e10": E10, "curve_e10": RULES["curve_e10"]},
        ),
        "tpsl_bounds": (
            _core.tpsl_bounds,
            {
                **STOP,
                "max_gain_p_e10": 900 * E10,
                "min_stop_p_e10": E10,
                "max_stop_p_e10": 80 * E10,
                "profit_share_p_e10": 0,
            },
        ),
        "OiCaps": (_core.OiCaps, CAPS),
        "headroom": (caps.headroom, {"is_long": True, "wallet_oi_e6": 0}),
        "OrderRules": (_core.OrderRules, RULES),
        "min_stop": (rules.min_stop, {"leverage_e10": E10, "spread_p_e10": E10 // 10}),
        "validate_order": (_core.validate_order, {"rules": rules, "caps": caps, **ORDER}),
        "copy_sizes": (_core.copy_sizes, {**LEADER, **FOLLOWERS}),
        "copy_closes": (
            _core.copy_closes,
            {"collateral_e6": i64(E6, E6), "leader_closed_e6": 1, "leader_held_e6": 2},
        ),
    }


COINS = ("long_coin_e10", "short_coin_e10", "after_long_coin_e10", "after_short_coin_e10")
AREA = Area(
    name="margin",
    calls=calls,
    limits=SIGNED_64,
    wide=dict.fromkeys((*COINS, "size_coin_e10", "depth"), UNSIGNED_128),
    needed=frozenset({"validate_order.kind", "validate_order.price_e10"}),
    by_place=frozenset({"validate_order"}),
)
"""Coins of cheap tokens outgrow 64 bits."""
