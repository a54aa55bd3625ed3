"""What fees, stops, orders and copies refuse that no other call has: lists, overflow, rules.

What every call must refuse is in `test_core_hostile`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.core_calls import E6, E10, I64, i64
from tests.fakes.hostile import told
from tests.fakes.margin_calls import CAPS, FOLLOWERS, LEADER, ORDER, RULES, calls
from vanta import _core

"""Coins of cheap tokens outgrow 64 bits: these take 128."""


GOOD = {call: good for call, (_, good) in calls().items()}
LISTS = [(c, n) for c, good in GOOD.items() for n, v in good.items() if type(v) is list]


def bad_call(call: str, name: str, value: Any) -> Callable[[], Any]:
    function, good = calls()[call]
    return lambda: function(**{**good, name: value})


@pytest.mark.parametrize(("call", "name"), LISTS)
def test_wrong_lists_are_refused_by_name(call: str, name: str) -> None:
    pairs = isinstance(GOOD[call][name][0], tuple)
    wrong: list[Any] = [["x"], [None], [1.0], {1: 2}, i64(1, 2), "12", [2**64]]
    wrong += [[(1,)], [(1, 2, 3)], [(1, "2")], [(1, 2**64)], [1]] if pairs else [[(1, 2)], [True]]
    for value in wrong:
        with pytest.raises((TypeError, _core.InvalidInput)) as raised:
            bad_call(call, name, value)()
        assert name in told(raised.value), f"{value!r}: {raised.value}"
    bad_call(call, name, tuple(GOOD[call][name]))()


@pytest.mark.parametrize(
    ("call", "change"),
    [
        ("gross_pnl", {"entry_e10": 1, "price_e10": I64}),
        ("percent_fee", {"notional_e6": I64, "rate_p_e10": I64}),
        ("skew_open_fee", {"notional_e6": I64, "skew_lines_e10": [(I64, I64)]}),
        ("open_maker_taker_fee", {"size_coin_e10": 2**128 - 1}),
        ("net_pnl", {"collateral_e6": I64}),
        ("net_pnl_upside", {"rollover_e6": -I64, "funding_e6": -I64}),
        ("closing_payout", {"pnl_e6": I64, "collateral_e6": I64}),
        ("rollover_fee", {"acc_now": I64, "notional_e6": I64}),
        ("margin_update", {"amount_e6": I64, "is_deposit": True}),
        ("tp_price", {"take_profit_p_e10": I64, "leverage_e10": 1}),
        ("sl_percent", {"price_e10": 1, "base_e10": I64, "leverage_e10": I64}),
        ("liquidation_estimate", {"funding_e6": I64, "rollover_e6": I64}),
        ("validate_order", {"collateral_e6": I64}),
    ],
)
def test_overflow_is_its_own_error(call: str, change: dict[str, Any]) -> None:
    function, good = calls()[call]
    with pytest.raises(_core.ArithmeticOverflow):
        function(**{**good, **change})


def test_an_order_needs_rules_and_caps_and_a_price_that_fits_its_kind() -> None:
    rules, caps = _core.OrderRules(**RULES), _core.OiCaps(**CAPS)
    for wrong in ((caps, rules), (None, caps), (rules, None), (RULES, CAPS)):
        with pytest.raises(TypeError):
            _core.validate_order(*wrong, **ORDER)
    with pytest.raises(_core.InvalidInput, match="price_e10"):
        _core.validate_order(rules, caps, **{**ORDER, "kind": "market"})
    without = {name: value for name, value in ORDER.items() if name != "price_e10"}
    with pytest.raises(_core.InvalidInput, match="price_e10"):
        _core.validate_order(rules, caps, **without)
    assert _core.validate_order(rules, caps, **ORDER) == ([], [])


def test_names_and_frozen_answers() -> None:
    assert _core.ORDER_RULES[-2:] == ("SPREAD_UNKNOWN", "NO_STOP")
    assert len(set(_core.ORDER_RULES)) == len(_core.ORDER_RULES) == 21
    assert _core.COPY_SKIPS[0] == "NONE"
    assert len(set(_core.COPY_SKIPS)) == len(_core.COPY_SKIPS) == 10
    net = _core.net_pnl(**GOOD["net_pnl"])
    sizes = _core.copy_sizes(**LEADER, **FOLLOWERS)
    answers: list[tuple[Any, str]] = [(net, "net_e6"), (sizes, "skip")]
    for answer, name in answers:
        with pytest.raises(AttributeError):
            setattr(answer, name, 1)
    assert sizes.collateral_e6.tolist() == [50 * E6, 100 * E6]
    assert sizes.leverage_e10.tolist() == [10 * E10, 10 * E10]
