"""One good call per binding of margin and risk, for tests that replace its arguments."""

from typing import Any

import numpy as np

from tests.fakes.hostile import Area, Calls
from vanta import _core

E6 = 10**6
E10 = 10**10
I64 = 2**63 - 1
NOW = 20_000 * 86_400 * 10**9


def i64(*values: int) -> Any:
    return np.array(values or (1,), dtype=np.int64)


def loaded() -> _core.RiskBook:
    book = _core.RiskBook()
    book.set_market(**MARKET)
    book.load_users(**USERS)
    return book


MARKET: dict[str, Any] = {
    "market_ix": 1,
    "min_leverage_e10": E10,
    "max_leverage_e10": 100 * E10,
    "min_notional_e6": 0,
    "threshold_e10": 85 * 10**8,
    "open_fee_e10": 6 * 10**6,
    "close_fee_e10": 6 * 10**6,
    "spread_e10": 0,
    "is_open": True,
}
USERS: dict[str, Any] = {
    "user_ix": np.array([7, 8], dtype=np.uint32),
    "cash_e6": i64(10_000 * E6, 10_000 * E6),
    "day_start_equity_e6": i64(10_000 * E6, 10_000 * E6),
    "losses_in_row": i64(0, 0),
    "max_leverage_e10": i64(50 * E10, 50 * E10),
    "max_position_e6": i64(10_000 * E6, 10_000 * E6),
    "max_account_risk_e10": i64(E10, E10),
    "liquidation_buffer_e10": i64(E10 // 20, E10 // 20),
    "max_daily_loss_e10": i64(E10, E10),
    "opens_per_minute": i64(10_000, 10_000),
    "trades_per_day": i64(10_000, 10_000),
    "volume_hour_e6": i64(10**15, 10**15),
    "volume_day_e6": i64(10**15, 10**15),
    "max_losses_in_row": i64(10, 10),
}
ASK: dict[str, Any] = {
    "user_ix": 7,
    "market_ix": 1,
    "is_long": True,
    "collateral_e6": 100 * E6,
    "leverage_e10": 10 * E10,
    "price_e10": 1_000 * E10,
    "stop_loss_e10": 950 * E10,
    "now_ns": NOW,
}
ASKS: dict[str, Any] = {
    "user_ix": np.array([7, 8], dtype=np.uint32),
    "market_ix": np.array([1, 1], dtype=np.uint16),
    "is_long": np.array([True, False]),
    "collateral_e6": i64(100 * E6, 100 * E6),
    "leverage_e10": i64(10 * E10, 10 * E10),
    "price_e10": i64(1_000 * E10, 1_000 * E10),
    "stop_loss_e10": i64(0, 0),
    "now_ns": NOW,
}
FILL: dict[str, Any] = {
    "user_ix": 7,
    "position_id": 1,
    "market_ix": 1,
    "is_long": True,
    "entry_e10": 1_000 * E10,
    "collateral_e6": 100 * E6,
    "leverage_e10": 10 * E10,
    "cash_delta_e6": -100 * E6,
    "realised_e6": 0,
    "is_close": False,
    "at_ns": NOW,
    "reservation": 0,
}
POSITION: dict[str, Any] = {
    "entry_e10": 1_000 * E10,
    "collateral_e6": 100 * E6,
    "leverage_e10": 10 * E10,
    "is_long": True,
}
POSITIONS: dict[str, Any] = {
    "entry_e10": i64(1_000 * E10, 1_000 * E10),
    "collateral_e6": i64(100 * E6, 100 * E6),
    "leverage_e10": i64(10 * E10, 10 * E10),
    "is_long": np.array([True, False]),
}
MARKS: dict[str, Any] = {"price_e10": i64(1_000 * E10, 1_000 * E10)}
THRESHOLDS: dict[str, Any] = {"threshold_e10": i64(85 * 10**8, 85 * 10**8)}


def calls() -> Calls:
    book = loaded()
    used = _core.health_scan(buffer_e10=i64(0, 0), **MARKS, **THRESHOLDS, **POSITIONS)
    return {
        "notional": (_core.notional, {"collateral_e6": E6, "leverage_e10": E10}),
        "fee": (_core.fee, {"notional_e6": E6, "rate_e10": 1}),
        "execution_price": (
            _core.execution_price,
            {"price_e10": E10, "spread_e10": 0, "is_long": True, "is_open": True},
        ),
        "pnl": (_core.pnl, {"price_e10": 1_010 * E10, **POSITION}),
        "pnls": (_core.pnls, {**MARKS, **POSITIONS}),
        "liquidation_price": (
            _core.liquidation_price,
            {"threshold_e10": 85 * 10**8, "rollover_e6": 0, "funding_e6": 0, **POSITION},
        ),
        "liquidation_prices": (
            _core.liquidation_prices,
            {"rollover_e6": i64(0, 0), "funding_e6": i64(0, 0), **THRESHOLDS, **POSITIONS},
        ),
        "safe_line": (
            _core.safe_line,
            {"entry_e10": E10, "liquidation_e10": 1, "buffer_e10": 1, "is_long": True},
        ),
        "health_scan": (
            _core.health_scan,
            {"buffer_e10": i64(0, 0), "out": used, **MARKS, **THRESHOLDS, **POSITIONS},
        ),
        "size_for_risk": (
            _core.size_for_risk,
            {
                "risk_e6": E6,
                "entry_e10": 1_000,
                "stop_e10": 990,
                "leverage_e10": E10,
                "cost_e10": 0,
                "is_long": True,
            },
        ),
        "set_market": (book.set_market, MARKET),
        "load_users": (book.load_users, USERS),
        "load_opens": (
            book.load_opens,
            {
                "user_ix": np.array([7, 8], dtype=np.uint32),
                "at_ns": i64(NOW, NOW),
                "notional_e6": i64(1, 1),
            },
        ),
        "set_marks": (book.set_marks, {"market_ix": np.array([1, 2], dtype=np.uint16), **MARKS}),
        "check": (book.check, ASK),
        "admit": (book.admit, ASK),
        "admit_batch": (book.admit_batch, ASKS),
        "release": (book.release, {"reservation": 0}),
        "apply_fill": (book.apply_fill, FILL),
        "start_day": (book.start_day, {"user_ix": 7, "day_start_ns": NOW, "equity_e6": 1}),
        "exposure": (book.exposure, {"user_ix": 7, "now_ns": NOW}),
    }


AREA = Area(name="core", calls=calls, limits=(-(2**63), 2**64 - 1))
