"""Stops, headroom, order rules and copy sizes against their oracle, over 64 bits."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import margin_orders as oracle
from tests.property.test_margin import spread_out
from tests.property.test_margin_fees import answers
from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

E10 = 10**10
I64 = 2**63 - 1
WHOLE = 100 * E10

amounts = spread_out(0, I64)
prices = spread_out(1, I64)
leverages = st.one_of(st.integers(1, 500).map(lambda x: x * E10), spread_out(1, I64))
parts = st.one_of(st.sampled_from([0, 1, WHOLE // 2, WHOLE - 1, WHOLE]), st.integers(0, WHOLE))
percents = st.one_of(st.integers(0, 3000 * E10), spread_out(0, I64))
signed_percents = st.one_of(percents, percents.map(lambda x: -x))
curves = st.lists(st.tuples(st.integers(0, 1000 * E10), st.integers(0, 100 * E10)), max_size=8).map(
    sorted
)
stops = {"base_e10": prices, "leverage_e10": leverages, "is_long": st.booleans()}


@unhurried
@given(**stops, take_profit_p_e10=signed_percents, profit_share_p_e10=parts)
def test_tp_price(**kwargs: Any) -> None:
    answers(lambda: _core.tp_price(**kwargs), oracle.tp_price(**kwargs))


@unhurried
@given(**stops, price_e10=prices, profit_share_p_e10=parts)
def test_tp_percent(**kwargs: Any) -> None:
    answers(lambda: _core.tp_percent(**kwargs), oracle.tp_percent(**kwargs))


@unhurried
@given(**stops, stop_loss_p_e10=signed_percents)
def test_sl_price(**kwargs: Any) -> None:
    answers(lambda: _core.sl_price(**kwargs), oracle.sl_price(**kwargs))


@unhurried
@given(**stops, price_e10=prices)
def test_sl_percent(**kwargs: Any) -> None:
    answers(lambda: _core.sl_percent(**kwargs), oracle.sl_percent(**kwargs))


@unhurried
@given(leverage_e10=spread_out(0, I64), curve_e10=curves)
def test_curve_min_stop(**kwargs: Any) -> None:
    answers(lambda: _core.curve_min_stop(**kwargs), oracle.curve_min_stop(**kwargs))


@unhurried
@given(
    **stops,
    max_gain_p_e10=percents,
    min_stop_p_e10=percents,
    max_stop_p_e10=percents,
    profit_share_p_e10=parts,
)
def test_tpsl_bounds(**kwargs: Any) -> None:
    assert _core.tpsl_bounds(**kwargs) == oracle.tpsl_bounds(**kwargs)


@unhurried
@given(
    base_e10=st.integers(10**6, 10**16),
    leverage_e10=st.integers(E10, 1000 * E10),
    is_long=st.booleans(),
    percent=st.integers(1, 90 * E10),
)
def test_a_percent_and_its_price_keep_their_promise(
    base_e10: int, leverage_e10: int, is_long: bool, percent: int
) -> None:
    where: dict[str, Any] = {"base_e10": base_e10, "leverage_e10": leverage_e10, "is_long": is_long}
    take = _core.tp_price(take_profit_p_e10=percent, **where)
    assert _core.tp_percent(price_e10=take, **where) >= percent
    stop = _core.sl_price(stop_loss_p_e10=percent, **where)
    assert _core.sl_percent(price_e10=stop, **where) <= percent


caps = st.fixed_dictionaries(
    {
        name: st.one_of(st.just(I64), amounts)
        for name in (
            "max_open_interest_e6", "total_oi_e6", "max_group_oi_e6", "group_oi_e6",
            "max_wallet_oi_e6", "pair_max_oi_e6", "long_oi_e6", "short_oi_e6",
            "liquidity_buy_e6", "liquidity_sell_e6",
        )
    }
    | dict.fromkeys(("group_share_p_e10", "max_long_p_e10", "max_short_p_e10"), percents)
)  # fmt: skip


@unhurried
@given(caps=caps, is_long=st.booleans(), wallet_oi_e6=amounts)
def test_headroom(caps: dict[str, Any], is_long: bool, wallet_oi_e6: int) -> None:
    asked: dict[str, Any] = {"is_long": is_long, "wallet_oi_e6": wallet_oi_e6}
    assert _core.OiCaps(**caps).headroom(**asked) == oracle.headroom(**caps, **asked)


near = st.integers(0, 100).map(lambda x: x * E10 // 4)
"""Percents that meet each other often."""
rules = st.fixed_dictionaries(
    {
        "is_listed": st.booleans(),
        "is_close_only": st.booleans(),
        "is_open": st.booleans(),
        "is_upside": st.booleans(),
        "min_leverage_e10": st.integers(1, 5).map(lambda x: x * E10),
        "max_leverage_e10": st.integers(5, 12).map(lambda x: x * E10),
        "min_notional_e6": st.integers(0, 300),
        "max_trades": st.integers(0, 4),
        "upside_floor_p_e10": near,
        "curve_e10": st.one_of(st.just([]), curves.filter(lambda c: len(set(c)) == len(c))),
        "thresholds_p_e10": st.lists(near, unique=True, max_size=5).map(sorted),
        "fees_p_e10": st.lists(near.map(lambda p: min(p, WHOLE)), min_size=5, max_size=5),
    }
    | {
        f"{name}_p_e10": near
        for name in (
            "max_gain", "max_stop", "spread_buffer", "max_half_spread", "max_spread_x_leverage",
            "max_slippage",
        )
    }
)  # fmt: skip
orders = st.fixed_dictionaries(
    {
        "is_long": st.booleans(),
        "collateral_e6": st.integers(0, 60),
        "leverage_e10": st.one_of(
            st.integers(0, 13).map(lambda x: x * E10), st.integers(0, 13 * E10)
        ),
        "open_trades": st.integers(0, 5),
    },
    optional={
        "market_e10": st.integers(1, 4),
        "take_profit_p_e10": near.map(lambda p: p - E10),
        "stop_loss_p_e10": near.map(lambda p: p - E10),
        "spread_p_e10": near,
        "slippage_p_e10": near,
    },
)
WIDE: dict[str, int] = {
    name: 0 if name in {"total_oi_e6", "group_oi_e6", "long_oi_e6", "short_oi_e6"} else I64
    for name in (
        "max_open_interest_e6", "total_oi_e6", "max_group_oi_e6", "group_oi_e6",
        "max_wallet_oi_e6", "pair_max_oi_e6", "long_oi_e6", "short_oi_e6", "group_share_p_e10",
        "max_long_p_e10", "max_short_p_e10",
    )
}  # fmt: skip
"""No cap but the one a test sets."""


@settings(deadline=None, max_examples=500)
@given(
    rules=rules,
    order=orders,
    kind=st.sampled_from(["market", "limit", "stop_limit"]),
    price=st.integers(1, 4),
    room=st.integers(0, 600),
)
def test_every_broken_rule_is_said_in_order(
    rules: dict[str, Any], order: dict[str, Any], kind: Any, price: int, room: int
) -> None:
    corners = rules["curve_e10"]
    if any(a[0] >= b[0] for a, b in itertools.pairwise(corners)):
        with pytest.raises(_core.InvalidInput, match="curve_e10"):
            _core.OrderRules(**rules)
        return
    order = order | {"kind": kind} | ({} if kind == "market" else {"price_e10": price})
    failures, warnings = _core.validate_order(
        _core.OrderRules(**rules),
        _core.OiCaps(**WIDE, liquidity_buy_e6=room, liquidity_sell_e6=room),
        wallet_oi_e6=0,
        **order,
    )
    said = [_core.ORDER_RULES[rule] for rule, _, _ in failures]
    assert said == oracle.broken_rules(rules, room, order)
    warned = [_core.ORDER_RULES[rule] for rule, _, _ in warnings]
    stop = "stop_loss_p_e10" in order
    unknown = ["SPREAD_UNKNOWN"] if stop and "spread_p_e10" not in order else []
    assert warned == (unknown if stop else ["NO_STOP"])


leaders = st.fixed_dictionaries(
    {
        "leader_collateral_e6": st.integers(1, 10**12),
        "leader_leverage_e10": st.integers(1, 600 * E10),
        "leader_equity_e6": st.one_of(st.just(0), st.integers(1, 10**13)),
        "delay_ns": st.integers(0, 3),
        "slip_e10": st.integers(0, 3),
        "min_leverage_e10": st.integers(0, 3 * E10),
        "max_market_leverage_e10": st.integers(1, 600 * E10),
        "min_notional_e6": st.one_of(st.just(0), st.integers(0, 10**9)),
        "open_fee_p_e10": st.integers(0, 2 * E10),
    }
)
followers = st.fixed_dictionaries(
    {
        "allowed": st.sampled_from([True, True, True, False]),
        "mode": st.integers(0, 3),
        "value": st.one_of(st.integers(0, 10**11), amounts),
        "equity_e6": st.one_of(st.integers(-(10**6), 10**13), st.integers(-I64, I64)),
        "free_e6": st.one_of(st.integers(-(10**6), 10**12), st.integers(-I64, I64)),
        "max_collateral_e6": st.one_of(st.just(I64), st.integers(0, 10**12)),
        "max_notional_e6": st.one_of(st.just(I64), st.integers(0, 10**12)),
        "max_leverage_e10": st.one_of(st.just(I64), st.integers(0, 100 * E10)),
        "min_leader_e6": st.one_of(st.just(0), st.integers(0, 10**12)),
        "max_leader_e6": st.one_of(st.just(I64), st.integers(0, 10**14)),
        "max_delay_ns": st.integers(1, 9),
        "max_slip_e10": st.integers(1, 9),
    }
)


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds: dict[str, Any] = {"allowed": np.bool_, "mode": np.uint8}
    names = list(rows[0]) if rows else []
    return {
        name: np.array([row[name] for row in rows], dtype=kinds.get(name, np.int64))
        for name in names
    }


@settings(deadline=None, max_examples=300)
@given(leader=leaders, rows=st.lists(followers, min_size=1, max_size=12))
def test_copy_sizes(leader: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    sizes = _core.copy_sizes(**leader, **columns(rows))
    for row, follower in enumerate(rows):
        expected = oracle.copy_size(leader, follower)
        skip = _core.COPY_SKIPS[int(sizes.skip[row])]
        collateral, notional = int(sizes.collateral_e6[row]), int(sizes.notional_e6[row])
        assert (collateral, int(sizes.leverage_e10[row]), notional, skip) == expected
        if skip == "NONE":
            leverage, fee = int(sizes.leverage_e10[row]), leader["open_fee_p_e10"]
            assert oracle.copy_cost(collateral, leverage, fee) <= follower["free_e6"]
            assert leader["min_notional_e6"] <= notional <= follower["max_notional_e6"]
            assert collateral <= follower["max_collateral_e6"]


@unhurried
@given(
    rows=st.lists(amounts, max_size=8),
    held=spread_out(1, I64),
    closed=amounts,
)
def test_copy_closes(rows: list[int], held: int, closed: int) -> None:
    closed = min(closed, held)
    out = _core.copy_closes(
        collateral_e6=np.array(rows, dtype=np.int64),
        leader_closed_e6=closed,
        leader_held_e6=held,
    )
    assert out.tolist() == [-(-one * closed // held) for one in rows]
    assert all(taken <= one for taken, one in zip(out.tolist(), rows, strict=True))
