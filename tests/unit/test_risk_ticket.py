"""The risk book's figures on the tickets and cards people are shown."""

from typing import Any

import numpy as np

from vanta import _core

E6 = 10**6
E10 = 10**10
DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
NOW = 20_000 * DAY + 13 * 60 * MINUTE + 37 * MINUTE  # 13:37 UTC
USER = np.array([7], dtype=np.uint32)


def one(value: int) -> Any:
    return np.array([value], dtype=np.int64)


def book(*, spread_e10: int = 0, cash_e6: int = 2_000 * E6, **limits: int) -> _core.RiskBook:
    """One user with the default limits on one market of the venue's usual facts."""
    out = _core.RiskBook()
    out.set_market(
        1,
        min_leverage_e10=E10,
        max_leverage_e10=100 * E10,
        min_notional_e6=100 * E6,
        threshold_e10=85 * 10**8,
        open_fee_e10=6 * 10**6,
        close_fee_e10=6 * 10**6,
        spread_e10=spread_e10,
    )
    defaults = {
        "max_leverage_e10": 50 * E10,
        "max_position_e6": 10_000 * E6,
        "max_account_risk_e10": E10 // 10,
        "liquidation_buffer_e10": E10 // 20,
        "max_daily_loss_e10": E10 // 5,
        "opens_per_minute": 5,
        "trades_per_day": 50,
        "volume_hour_e6": 10_000 * E6,
        "volume_day_e6": 50_000 * E6,
        "max_losses_in_row": 10,
    }
    out.load_users(
        USER,
        cash_e6=one(cash_e6),
        day_start_equity_e6=one(cash_e6),
        losses_in_row=one(0),
        **{name: one(value) for name, value in (defaults | limits).items()},
    )
    return out


def long_btc(**change: Any) -> dict[str, Any]:
    """LONG BTC/USD 25x, 200 USDC at 61,240.5 with a stop at 60,500."""
    return {
        "market_ix": 1,
        "is_long": True,
        "collateral_e6": 200 * E6,
        "leverage_e10": 25 * E10,
        "price_e10": 612_405 * E10 // 10,
        "stop_loss_e10": 60_500 * E10,
        "now_ns": NOW,
        **change,
    }


def names(verdict: _core.RiskVerdict) -> list[str]:
    return [_core.RULES[failure.rule] for failure in verdict.failures]


def test_the_ticket() -> None:
    verdict = book().check(7, **long_btc())
    assert verdict.ok
    assert verdict.notional_e6 == 5_000 * E6
    assert (verdict.open_fee_e6, verdict.close_fee_e6) == (3 * E6, 3 * E6)
    assert verdict.required_e6 == 203 * E6
    assert verdict.entry_e10 == 612_405 * E10 // 10
    # -60.46 at the stop and 6.00 of fees are 3.3 % of equity.
    assert verdict.worst_loss_e6 == 66_458_357
    assert verdict.equity_e6 == 2_000 * E6
    assert 0.033 < verdict.worst_loss_e6 / verdict.equity_e6 < 0.034


def test_the_spread_is_paid_on_both_ways() -> None:
    verdict = book(spread_e10=10**6).check(7, **long_btc())
    assert verdict.entry_e10 == 61_246_62405 * E10 // 10**5
    assert verdict.spread_cost_e6 == 500_000
    # 5,000 * (61,246.62405 - 60,500) / 61,246.62405 = 60.952..., 6.00 and 0.50
    assert verdict.worst_loss_e6 == 67_452_262


def test_the_card_of_a_risk_too_large() -> None:
    """Without a stop the whole collateral counts: 206 of 2,000 is above 10 %."""
    verdict = book().check(7, **long_btc(stop_loss_e10=0))
    assert names(verdict) == ["ACCOUNT_RISK"]
    assert verdict.failures[0].value == 1_030_000_000
    assert verdict.failures[0].resets_at_ns == 0
    # 194.17 and its fees are just under 200.
    assert verdict.nearest_collateral_e6 == 194_174_756
    fitting = book().check(7, **long_btc(stop_loss_e10=0, collateral_e6=194_174_756))
    assert fitting.ok
    assert fitting.worst_loss_e6 == 200 * E6


def test_the_card_of_an_hourly_volume() -> None:
    """6,200 used of 10,000 and 16,000 asked at 40x: 95 USDC would pass now."""
    limited = book(max_position_e6=10**11, max_account_risk_e10=E10)
    limited.load_opens(USER, at_ns=one(NOW - 37 * MINUTE), notional_e6=one(6_200 * E6))
    short_eth = long_btc(
        is_long=False,
        collateral_e6=400 * E6,
        leverage_e10=40 * E10,
        price_e10=3_500 * E10,
        stop_loss_e10=0,
    )
    verdict = limited.check(7, **short_eth)
    assert names(verdict) == ["VOLUME_HOUR"]
    assert verdict.failures[0].value == 22_200 * E6
    assert verdict.failures[0].limit == 10_000 * E6
    assert verdict.failures[0].resets_at_ns == 0, "16,000 never fits into 10,000"
    assert verdict.nearest_collateral_e6 == 95 * E6
    smaller = limited.check(7, **{**short_eth, "collateral_e6": 200 * E6})
    assert smaller.failures[0].resets_at_ns == NOW + 23 * MINUTE


def test_the_card_of_a_rate() -> None:
    """Five opens in the last minute, the next in 22 s."""
    limited = book()
    for age in (38, 30, 20, 10, 0):
        limited.load_opens(USER, at_ns=one(NOW - age * 10**9), notional_e6=one(E6))
    verdict = limited.check(7, **long_btc())
    assert names(verdict) == ["OPENS_PER_MINUTE"]
    assert (verdict.failures[0].value, verdict.failures[0].limit) == (6, 5)
    assert verdict.failures[0].resets_at_ns == NOW + 22 * 10**9


def test_the_card_of_a_daily_loss() -> None:
    """A loss of 20 % passes, one cent more pauses opens until 00:00 UTC."""
    at_limit = book(cash_e6=1_600 * E6)
    at_limit.start_day(7, day_start_ns=NOW - NOW % DAY, equity_e6=2_000 * E6)
    assert at_limit.check(7, **long_btc()).ok
    beyond = book(cash_e6=1_599_990_000)
    beyond.start_day(7, day_start_ns=NOW - NOW % DAY, equity_e6=2_000 * E6)
    verdict = beyond.check(7, **long_btc())
    assert names(verdict) == ["DAILY_LOSS"]
    assert verdict.failures[0].resets_at_ns == NOW - NOW % DAY + DAY
    assert verdict.nearest_collateral_e6 == 0, "no size helps"


def test_the_card_of_a_stop_beyond_the_buffer() -> None:
    verdict = book().check(7, **long_btc(stop_loss_e10=59_200 * E10))
    assert names(verdict) == ["LIQUIDATION_BUFFER"]
    # 61,240.5 * (1 - 0.85 / 25), and 5 % of the way back.
    assert verdict.liquidation_e10 == 59_158_323 * E10 // 1_000
    assert verdict.safe_line_e10 == 592_624_318_5 * E10 // 10**5
    assert verdict.failures[0].limit == verdict.safe_line_e10


def test_the_card_of_an_empty_account() -> None:
    """42.10 free of 203.00 needed; the nearest size carries its own fee."""
    poor = book(cash_e6=42_100_000, max_account_risk_e10=100 * E10)
    verdict = poor.check(7, **long_btc())
    assert names(verdict) == ["BALANCE"]
    assert (verdict.failures[0].value, verdict.failures[0].limit) == (203 * E6, 42_100_000)
    nearest = poor.check(7, **long_btc(collateral_e6=verdict.nearest_collateral_e6))
    assert nearest.ok
    assert nearest.required_e6 <= 42_100_000 < nearest.required_e6 + 2
