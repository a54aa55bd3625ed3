"""The core's fees against exact fractions and against what a strict node accepts."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.oracles import fees as oracle
from vanta import _core

U64 = 2**64 - 1
amounts = st.one_of(st.integers(0, 20), st.integers(0, 10**12), st.integers(0, U64))
tips = st.one_of(st.integers(0, 20), st.integers(0, 10**9))


@st.composite
def blocks(draw: st.DrawFn) -> tuple[int, int]:
    limit = draw(st.integers(50, 400_000_000))
    return draw(st.integers(0, limit)), limit


def extra(version: int, denominator: int, elasticity: int, minimum: int) -> bytes:
    head = bytes([version]) + denominator.to_bytes(4, "big") + elasticity.to_bytes(4, "big")
    return head + (minimum.to_bytes(8, "big") if version else b"")


@given(
    block=blocks(),
    base=amounts,
    blob=st.integers(0, 400_000_000),
    version=st.integers(0, 1),
    elasticity=st.integers(1, 50),
    denominator=st.integers(1, 1_000),
    minimum=st.integers(0, 10**9),
)
def test_base_fee_of_a_rollup(
    block: tuple[int, int],
    base: int,
    blob: int,
    version: int,
    elasticity: int,
    denominator: int,
    minimum: int,
) -> None:
    used, limit = block
    data = extra(version, denominator, elasticity, minimum)
    slow = oracle.market_of(data)
    assert slow is not None
    fast = _core.FeeMarket.of_extra_data(data)
    sizes = {"gas_used": used, "gas_limit": limit, "blob_gas_used": blob}
    expected = oracle.next_base_fee(slow, base, **sizes)
    assert fast.next_base_fee(base, **sizes) == expected
    for count in (1, 2, 3):
        expected = oracle.next_base_fee(slow, expected, gas_used=limit, gas_limit=limit)
        assert fast.next_base_fee(base, **sizes, blocks=count) == expected


@given(block=blocks(), base=amounts)
def test_base_fee_of_a_plain_chain(block: tuple[int, int], base: int) -> None:
    used, limit = block
    fast = _core.FeeMarket(elasticity=2, denominator=8, min_base_fee_wei=7)
    expected = oracle.next_base_fee(oracle.Market(2, 8, 7), base, gas_used=used, gas_limit=limit)
    assert fast.next_base_fee(base, gas_used=used, gas_limit=limit) == expected


@given(data=st.binary(max_size=20) | st.binary(min_size=9, max_size=9) | st.binary(max_size=32))
@example(data=bytes(9))
@example(data=bytes([1]) + bytes(16))
def test_hostile_extra_data(data: bytes) -> None:
    slow = oracle.market_of(data)
    if slow is None:
        with pytest.raises(_core.InvalidInput, match=r"extra_data|denominator|elasticity"):
            _core.FeeMarket.of_extra_data(data)
        return
    fast = _core.FeeMarket.of_extra_data(data)
    assert (fast.elasticity, fast.denominator) == (slow.elasticity, slow.denominator)
    assert fast.min_base_fee_wei == slow.min_base_fee_wei


@given(
    base=amounts,
    minimum=st.integers(0, 10**9),
    rewards=st.lists(amounts, max_size=30),
    percent=st.integers(0, 100),
)
def test_first_offer(base: int, minimum: int, rewards: list[int], percent: int) -> None:
    policy = _core.FeePolicy(tip_percentile=percent, max_cap_wei=10**13)
    fees = _core.choose_fees(
        base,
        min_base_fee_wei=minimum,
        rewards_wei=np.array(rewards, dtype=np.uint64),
        policy=policy,
    )
    tip = min(max(oracle.percentile(rewards, percent), 1), 10**9)
    wanted = max(2 * base + tip, 2 * minimum)
    assert (fees.tip_wei, fees.cap_wei) == (tip, min(wanted, 10**13))
    assert fees.reason == ("CEILING" if wanted > 10**13 else "MARKET")


@given(
    tip=tips,
    above=amounts,
    market_tip=tips.map(lambda tip: max(tip, 1)),
    base=amounts,
    minimum=amounts,
    bps=st.integers(1_000, 10_000),
    gas=st.integers(0, 16_777_216),
    extras=st.tuples(amounts, amounts, amounts),
    budget=st.integers(0, 10**24),
    ceiling=st.sampled_from([10**9, 10**12, 10**30]),
    multiple=st.integers(1, 10),
    small=st.sampled_from([0, 10**9, 10**30]),
)
def test_bump(
    tip: int,
    above: int,
    market_tip: int,
    base: int,
    minimum: int,
    bps: int,
    gas: int,
    extras: tuple[int, int, int],
    budget: int,
    ceiling: int,
    multiple: int,
    small: int,
) -> None:
    old = (tip, tip + above)
    policy = _core.FeePolicy(
        bump_bps=bps, max_cap_wei=ceiling, max_multiple=multiple, multiple_from_wei=small
    )
    around = {
        "value_wei": extras[0],
        "l1_fee_wei": extras[1],
        "operator_fee_wei": extras[2],
    }
    fees = _core.bump_fees(
        tip,
        cap_wei=old[1],
        market_tip_wei=market_tip,
        next_base_fee_wei=base,
        min_base_fee_wei=minimum,
        gas_limit=gas,
        budget_wei=budget,
        policy=policy,
        **around,
    )
    new = oracle.bump(old, market_tip=market_tip, base_fee=base, min_base_fee=minimum, bps=bps)
    assert oracle.replaces(old, new)
    market = (market_tip, max(2 * base + market_tip, 2 * minimum))
    pairs = list(zip(new, market, strict=True))
    worst = gas * new[1] + sum(extras)
    if any(field >= small and field > multiple * asked for field, asked in pairs):
        expected = "MULTIPLE"
    elif new[1] > ceiling:
        expected = "CEILING"
    elif worst > budget:
        expected = "BUDGET"
    else:
        expected = "BUMP"
    assert fees.reason == expected
    assert (fees.tip_wei, fees.cap_wei) == (new if expected == "BUMP" else old)
    if expected == "BUMP":
        assert _core.max_spend(gas, cap_wei=new[1], **around) == worst <= budget


@given(budget=amounts, out=st.lists(amounts, max_size=16))
def test_budget(budget: int, out: list[int]) -> None:
    assert _core.budget_left(budget, in_flight_wei=out) == max(budget - sum(out), 0)
