"""Fees through the border, beside pure-Python twins in integers. 512 headers rotate every round.

python -m pytest bench/python/test_bench_fees.py --benchmark-group-by=group
"""

import random
from typing import Any

import numpy as np
import pytest

from vanta import _core

SETS = 512
ELASTICITY, DENOMINATOR, MINIMUM = 6, 125, 5_000_000
LIMIT = 150_000_000

Set = dict[str, int]


def _sets() -> list[Set]:
    seeded = random.Random(20261120)
    return [
        {
            "base_fee_wei": MINIMUM + seeded.randrange(10**10),
            "gas_used": seeded.randrange(LIMIT),
            "gas_limit": LIMIT,
            "blob_gas_used": seeded.randrange(LIMIT),
        }
        for _ in range(SETS)
    ]


def next_int(*, base_fee_wei: int, gas_used: int, gas_limit: int, blob_gas_used: int) -> int:
    target = gas_limit // ELASTICITY
    metered = max(gas_used, blob_gas_used)
    change = base_fee_wei * abs(metered - target) // target // DENOMINATOR
    moved = base_fee_wei + max(change, 1) if metered > target else base_fee_wei - change
    return max(moved, MINIMUM)


def bump_int(tip: int, cap: int, market_tip: int, base: int) -> tuple[int, int]:
    least_tip, least_cap = (max(-(-f * 11_250 // 10_000), f + 1) for f in (tip, cap))
    new_tip = max(market_tip, least_tip)
    if max(2 * base + market_tip, 2 * MINIMUM) >= least_cap:
        return new_tip, max(2 * base + new_tip, 2 * MINIMUM)
    return new_tip, least_cap


def market() -> _core.FeeMarket:
    numbers = DENOMINATOR.to_bytes(4, "big") + ELASTICITY.to_bytes(4, "big")
    return _core.FeeMarket.of_extra_data(b"\x01" + numbers + MINIMUM.to_bytes(8, "big"))


@pytest.mark.benchmark(group="next base fee of 512 headers")
@pytest.mark.parametrize("who", ["core", "python int"])
def test_next_base_fee(benchmark: Any, who: str) -> None:
    sets = _sets()
    function = market().next_base_fee if who == "core" else next_int
    assert [function(**one) for one in sets] == [next_int(**one) for one in sets]
    benchmark(lambda: [function(**one) for one in sets])


@pytest.mark.benchmark(group="512 bumps")
@pytest.mark.parametrize("who", ["core", "python int"])
def test_bump(benchmark: Any, who: str) -> None:
    policy = _core.FeePolicy(multiple_from_wei=10**12, max_cap_wei=10**12)
    sets = [(10**6, one["base_fee_wei"], 1_200_000, one["base_fee_wei"]) for one in _sets()]

    def core(tip: int, cap: int, market_tip: int, base: int) -> tuple[int, int]:
        fees = _core.bump_fees(
            tip,
            cap_wei=cap,
            market_tip_wei=market_tip,
            next_base_fee_wei=base,
            min_base_fee_wei=MINIMUM,
            gas_limit=600_000,
            budget_wei=10**20,
            policy=policy,
        )
        return fees.tip_wei, fees.cap_wei

    function = core if who == "core" else bump_int
    assert [function(*one) for one in sets] == [bump_int(*one) for one in sets]
    benchmark(lambda: [function(*one) for one in sets])


@pytest.mark.benchmark(group="512 first offers from 10 rewards")
@pytest.mark.parametrize("who", ["core", "python sorted"])
def test_first_offer(benchmark: Any, who: str) -> None:
    seeded = random.Random(7)
    policy = _core.FeePolicy()
    lists = [[seeded.randrange(5_000_000) for _ in range(10)] for _ in range(SETS)]
    arrays = [np.array(rewards, dtype=np.uint64) for rewards in lists]

    def core() -> list[int]:
        return [
            _core.choose_fees(
                MINIMUM, min_base_fee_wei=MINIMUM, rewards_wei=rewards, policy=policy
            ).cap_wei
            for rewards in arrays
        ]

    def python() -> list[int]:
        return [2 * MINIMUM + min(max(sorted(rewards)[4], 1), 10**9) for rewards in lists]

    assert core() == python()
    benchmark(core if who == "core" else python)
