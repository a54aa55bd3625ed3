"""One good call per binding of fees, for tests that replace its arguments."""

import numpy as np

from tests.fakes.hostile import UNSIGNED_128, Area, Calls
from vanta import _core

EXTRA_DATA = b"\x01" + (125).to_bytes(4, "big") + (6).to_bytes(4, "big") + bytes(8)


def calls() -> Calls:
    market = _core.FeeMarket.of_extra_data(EXTRA_DATA)
    policy = _core.FeePolicy()
    return {
        "FeeMarket": (
            _core.FeeMarket,
            {"elasticity": 6, "denominator": 125, "min_base_fee_wei": 0},
        ),
        "of_extra_data": (_core.FeeMarket.of_extra_data, {"extra_data": EXTRA_DATA}),
        "next_base_fee": (
            market.next_base_fee,
            {"base_fee_wei": 1, "gas_used": 1, "gas_limit": 600, "blob_gas_used": 1, "blocks": 1},
        ),
        "FeePolicy": (
            _core.FeePolicy,
            {
                "min_tip_wei": 1,
                "max_tip_wei": 10**9,
                "max_cap_wei": 10**11,
                "tip_percentile": 50,
                "bump_bps": 1_250,
                "max_multiple": 5,
                "multiple_from_wei": 0,
            },
        ),
        "choose_fees": (
            _core.choose_fees,
            {
                "next_base_fee_wei": 1,
                "min_base_fee_wei": 1,
                "rewards_wei": np.array([1, 2], dtype=np.uint64),
                "policy": policy,
            },
        ),
        "bump_fees": (
            _core.bump_fees,
            {
                "tip_wei": 1,
                "cap_wei": 10,
                "market_tip_wei": 1,
                "next_base_fee_wei": 1,
                "min_base_fee_wei": 1,
                "gas_limit": 21_000,
                "budget_wei": 10**18,
                "value_wei": 0,
                "l1_fee_wei": 0,
                "operator_fee_wei": 0,
                "policy": policy,
            },
        ),
        "max_spend": (
            _core.max_spend,
            {
                "gas_limit": 21_000,
                "cap_wei": 1,
                "value_wei": 0,
                "l1_fee_wei": 0,
                "operator_fee_wei": 0,
            },
        ),
        "budget_left": (_core.budget_left, {"budget_wei": 1, "in_flight_wei": [1]}),
    }


AREA = Area(name="fees", calls=calls, limits=UNSIGNED_128)
