"""The venue's maths through the border, beside twins in integers, `Decimal` and NumPy.

A million positions exactly, 1,000 followers of one fill, and single calls over 512 rotating sets.
Twins give the same answers (asserted before anything is timed); ratios come from one run:

    python -m pytest bench/python/test_bench_margin_venue.py --benchmark-group-by=group
"""

import random
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from tests.fakes.margin_calls import CAPS, RULES

from vanta import _core

E6 = 10**6
E10 = 10**10
WHOLE = 100 * E10
THRESHOLD = 85 * 10**8
SETS = 512
MILLION = 1_000_000
SAMPLE = 20_000
"""Rows the slow twins of a million run over; their rate is per row, as is the core's."""

Columns = dict[str, Any]


def book(count: int, seed: int = 20261120) -> Columns:
    """Positions of 1 to 10,000 USD at 1x to 100x on prices of 0.1 to 100,000."""
    seeded = np.random.default_rng(seed)
    entry = seeded.integers(E10 // 10, 100_000 * E10, count)
    return {
        "entry_e10": entry,
        "price_e10": entry + seeded.integers(-(entry // 50), entry // 50 + 1),
        "collateral_e6": seeded.integers(E6, 10_000 * E6, count),
        "leverage_e10": seeded.integers(E10, 100 * E10, count),
        "is_long": seeded.random(count) < 0.5,
    }


def core_book(all_: Columns) -> tuple[Any, Any]:
    size = {k: v for k, v in all_.items() if k != "price_e10"}
    n = len(all_["entry_e10"])
    none = np.zeros(n, dtype=np.int64)
    lines = _core.liquidation_prices(
        **size, threshold_e10=np.full(n, THRESHOLD), rollover_e6=none, funding_e6=none
    )
    return lines, _core.pnls(**all_)


def rows_of(all_: Columns) -> list[tuple[int, int, int, int, bool]]:
    names = ("entry_e10", "price_e10", "collateral_e6", "leverage_e10", "is_long")
    return list(zip(*(all_[name].tolist() for name in names), strict=True))


def int_row(entry: int, price: int, size: int, leverage: int, is_long: bool) -> tuple[int, int]:
    distance = entry * size * THRESHOLD // (size * leverage)
    line = max(entry - distance if is_long else entry + distance, 0)
    move = price - entry if is_long else entry - price
    return line, max(move * size * leverage // (entry * E10), -size)


def decimal_row(entry: Any, price: Any, size: Any, leverage: Any, is_long: bool) -> tuple[int, int]:
    distance = entry * (size * THRESHOLD) / (size * leverage)
    line = entry - distance if is_long else entry + distance
    move = price - entry if is_long else entry - price
    rounding = ROUND_CEILING if is_long else ROUND_FLOOR
    profit = (move * size * leverage / (entry * E10)).to_integral_value(ROUND_FLOOR)
    return max(int(line.to_integral_value(rounding)), 0), int(max(profit, -size))


def object_book(all_: Columns) -> tuple[Any, Any]:
    """NumPy over Python integers: what stays exact there."""
    entry, price, size, leverage = (
        all_[name].astype(object)
        for name in ("entry_e10", "price_e10", "collateral_e6", "leverage_e10")
    )
    sign = np.where(all_["is_long"], 1, -1).astype(object)
    line = entry - sign * (entry * THRESHOLD // leverage)
    profit = (price - entry) * sign * size * leverage // (entry * E10)
    return np.maximum(line, 0), np.maximum(profit, -size)


@pytest.mark.benchmark(group="liquidation and pnl of 20,000 positions, exact")
@pytest.mark.parametrize("who", ["core", "python int", "python Decimal", "numpy object"])
def test_exact_book(benchmark: Any, who: str) -> None:
    benchmark.extra_info["per"] = SAMPLE
    books = [book(SAMPLE, seed) for seed in range(8)]
    rows = [rows_of(one) for one in books]
    decimals: list[Any] = [[(*map(Decimal, row[:4]), row[4]) for row in one] for one in rows]
    turn = 0

    def next_turn() -> int:
        nonlocal turn
        turn = (turn + 1) % len(books)
        return turn

    ways: dict[str, Callable[[int], Any]] = {
        "core": lambda i: core_book(books[i]),
        "python int": lambda i: [int_row(*row) for row in rows[i]],
        "python Decimal": lambda i: [decimal_row(*row) for row in decimals[i]],
        "numpy object": lambda i: object_book(books[i]),
    }
    with localcontext(prec=60):
        lines, profits = core_book(books[0])
        answer = ways[who](0)
        pairs = answer if isinstance(answer, list) else list(zip(*answer, strict=True))
        assert pairs == list(zip(lines.tolist(), profits.tolist(), strict=True))
        benchmark(lambda: ways[who](next_turn()))


@pytest.mark.benchmark(group="liquidation and pnl of 1,000,000 positions")
@pytest.mark.parametrize("who", ["core, exact", "numpy float64, not exact"])
def test_a_million_positions(benchmark: Any, who: str) -> None:
    benchmark.extra_info["per"] = MILLION
    books: Iterator[Columns] = iter([])
    kept = [book(MILLION, seed) for seed in range(2)]

    def float_book(all_: Columns) -> tuple[Any, Any]:
        entry, price = all_["entry_e10"] / E10, all_["price_e10"] / E10
        size, leverage = all_["collateral_e6"] / E6, all_["leverage_e10"] / E10
        sign = np.where(all_["is_long"], 1.0, -1.0)
        profit = np.maximum((price - entry) * sign / entry * leverage * size, -size)
        return np.maximum(entry - sign * entry * 0.85 / leverage, 0), profit

    def run() -> Any:
        nonlocal books
        one = next(books, None)
        if one is None:
            books = iter(kept)
            one = next(books)
        return core_book(one) if who.startswith("core") else float_book(one)

    benchmark.pedantic(run, rounds=8, warmup_rounds=1)


def followers(count: int) -> Columns:
    seeded = np.random.default_rng(7)
    return {
        "allowed": seeded.random(count) < 0.95,
        "mode": seeded.integers(0, 4, count).astype(np.uint8),
        "value": np.where(seeded.random(count) < 0.5, E10 // 20, 50 * E6),
        "equity_e6": seeded.integers(100 * E6, 50_000 * E6, count),
        "free_e6": seeded.integers(0, 5_000 * E6, count),
        "max_collateral_e6": seeded.integers(10 * E6, 1_000 * E6, count),
        "max_notional_e6": seeded.integers(100 * E6, 10_000 * E6, count),
        "max_leverage_e10": seeded.integers(E10, 50 * E10, count),
        "min_leader_e6": np.zeros(count, dtype=np.int64),
        "max_leader_e6": np.full(count, 10**15),
        "max_delay_ns": np.full(count, 10**9),
        "max_slip_e10": np.full(count, E10 // 100),
    }


LEADER: dict[str, Any] = {
    "leader_collateral_e6": 1_000 * E6,
    "leader_leverage_e10": 20 * E10,
    "leader_equity_e6": 40_000 * E6,
    "delay_ns": 10**8,
    "slip_e10": E10 // 1000,
    "min_leverage_e10": E10,
    "max_market_leverage_e10": 100 * E10,
    "min_notional_e6": 100 * E6,
    "open_fee_p_e10": E10 // 20,
}


def copy_int(a: int, mode: int, f: tuple[int, ...], k: dict[str, int]) -> int:
    value, equity, free, most, notional, leverage, small, large, delay, slip = f
    taken, lev = k["leader_collateral_e6"], k["leader_leverage_e10"]
    size = taken * lev // E10
    if not a or k["delay_ns"] > delay or k["slip_e10"] > slip or not small <= size <= large:
        return 0
    lev = min(lev, leverage, k["max_market_leverage_e10"])
    if lev < k["min_leverage_e10"]:
        return 0
    if mode == 0:
        want = value
    elif mode == 1:
        want = taken * value // E10
    elif mode == 2:
        want = equity * value // E10
    else:
        want = value * equity * taken // (k["leader_equity_e6"] * E10)
    one = WHOLE * E10
    cash = free * one // (one + lev * k["open_fee_p_e10"])
    more = cash + 1
    if more - -((more * lev // E10) * k["open_fee_p_e10"]) // WHOLE <= free:
        cash = more
    collateral = min(want, most, ((notional + 1) * E10 - 1) // lev, cash)
    return collateral if collateral * lev // E10 >= k["min_notional_e6"] else 0


@pytest.mark.benchmark(group="copy sizes of 1,000 followers")
@pytest.mark.parametrize("who", ["core", "python int"])
def test_copy_sizes(benchmark: Any, who: str) -> None:
    every = followers(SETS * 1_000)
    batches = [
        {name: column[i * 1_000 : (i + 1) * 1_000].copy() for name, column in every.items()}
        for i in range(256)
    ]
    turn = 0

    def python(one: Columns) -> list[int]:
        names = [name for name in one if name not in {"allowed", "mode"}]
        fields = zip(*(one[name].tolist() for name in names), strict=True)
        heads = zip(one["allowed"].tolist(), one["mode"].tolist(), strict=True)
        return [copy_int(a, m, f, LEADER) for (a, m), f in zip(heads, fields, strict=True)]

    def run() -> Any:
        nonlocal turn
        turn = (turn + 1) % len(batches)
        one = batches[turn]
        return _core.copy_sizes(**LEADER, **one) if who == "core" else python(one)

    sizes = _core.copy_sizes(**LEADER, **batches[0])
    assert python(batches[0]) == sizes.collateral_e6.tolist()
    benchmark(run)


def order_sets() -> list[dict[str, Any]]:
    seeded = random.Random(20261120)
    return [
        {
            "is_long": seeded.random() < 0.5,
            "collateral_e6": seeded.randint(10 * E6, 5_000 * E6),
            "leverage_e10": seeded.randint(E10, 120 * E10),
            "wallet_oi_e6": 0,
            "open_trades": seeded.randint(0, 4),
            "take_profit_p_e10": seeded.randint(0, 1_000 * E10),
            "stop_loss_p_e10": seeded.randint(0, 100 * E10),
            "spread_p_e10": seeded.randint(0, E10),
        }
        for _ in range(SETS)
    ]


@pytest.mark.benchmark(group="validate 512 orders")
def test_validate_order(benchmark: Any) -> None:
    rules, caps = _core.OrderRules(**RULES), _core.OiCaps(**CAPS)
    sets = order_sets()
    assert any(_core.validate_order(rules, caps, **one)[0] for one in sets)
    benchmark(lambda: [_core.validate_order(rules, caps, **one) for one in sets])


def net_int(
    *,
    entry_e10: int,
    price_e10: int,
    collateral_e6: int,
    leverage_e10: int,
    is_long: bool,
    rollover_e6: int,
    funding_e6: int,
    close_fee_p_e10: int,
) -> int:
    move = price_e10 - entry_e10 if is_long else entry_e10 - price_e10
    gross = move * collateral_e6 * leverage_e10 // (entry_e10 * E10)
    fee = -(-(collateral_e6 * leverage_e10 // E10) * close_fee_p_e10 // WHOLE)
    return gross - fee - rollover_e6 - funding_e6


@pytest.mark.benchmark(group="net pnl of 512 positions")
@pytest.mark.parametrize("who", ["core", "python int"])
def test_net_pnl(benchmark: Any, who: str) -> None:
    columns = book(SETS)
    names = list(columns)
    sets: list[dict[str, Any]] = [
        dict(zip(names, row, strict=True))
        | {"rollover_e6": 12_345, "funding_e6": -678, "close_fee_p_e10": 8 * E10 // 100}
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]
    assert [_core.net_pnl(**one).net_e6 for one in sets] == [net_int(**one) for one in sets]
    function: Callable[..., Any] = _core.net_pnl if who == "core" else net_int
    benchmark(lambda: [function(**one) for one in sets])
