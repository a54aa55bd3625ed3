"""Fees the slow and obvious way: exact fractions, and what a strict node accepts as replacement.

Written from the published rules (EIP-1559, the OP stack's execution engine, the replacement rule of
both clients), not from the core.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor


@dataclass(frozen=True)
class Market:
    elasticity: int
    denominator: int
    min_base_fee_wei: int = 0
    counts_footprint: bool = False


def market_of(extra_data: bytes) -> Market | None:
    """Tell the market of an OP-stack header; None when the bytes are none."""
    if not extra_data or len(extra_data) != {0: 9, 1: 17}.get(extra_data[0]):
        return None
    denominator = int.from_bytes(extra_data[1:5], "big")
    elasticity = int.from_bytes(extra_data[5:9], "big")
    if denominator == 0 or elasticity == 0:
        return None
    return Market(
        elasticity, denominator, int.from_bytes(extra_data[9:], "big"), extra_data[0] == 1
    )


def next_base_fee(
    market: Market, base_fee: int, *, gas_used: int, gas_limit: int, blob_gas_used: int = 0
) -> int:
    target = floor(Fraction(gas_limit, market.elasticity))
    metered = max(gas_used, blob_gas_used) if market.counts_footprint else gas_used
    distance = Fraction(abs(metered - target))
    # Two divisions, each rounded down, as the chain does them.
    change = floor(Fraction(floor(base_fee * distance / target), market.denominator))
    moved = base_fee + max(change, 1) if metered > target else base_fee - change
    return max(moved, market.min_base_fee_wei, 0)


def replaces(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether the strictest node takes (tip, cap) `new` in place of `old`."""
    return all(
        after > before and Fraction(after) >= before * Fraction(110, 100)
        for before, after in zip(old, new, strict=True)
    )


def percentile(rewards: list[int], percent: int) -> int:
    """Smallest reward that at least `percent` of all do not exceed; 0 without any."""
    for reward in sorted(rewards):
        if sum(1 for other in rewards if other <= reward) * 100 >= percent * len(rewards):
            return reward
    return 0


def bump(
    old: tuple[int, int],
    *,
    market_tip: int,
    base_fee: int,
    min_base_fee: int,
    bps: int,
) -> tuple[int, int]:
    """New (tip, cap) before any ceiling: four cases, by which field of the market's is enough."""

    def cap_around(tip: int) -> int:
        return max(2 * base_fee + tip, 2 * min_base_fee)

    least_tip, least_cap = (
        max(ceil(field * Fraction(10_000 + bps, 10_000)), field + 1) for field in old
    )
    market_cap = cap_around(market_tip)
    if market_tip >= least_tip and market_cap >= least_cap:
        return market_tip, market_cap
    if market_tip >= least_tip:
        return market_tip, least_cap
    if market_cap >= least_cap:
        return least_tip, cap_around(least_tip)
    return least_tip, least_cap
