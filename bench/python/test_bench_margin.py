"""Margin maths through the border, beside pure-Python twins in integers and in `Decimal`.

Every round runs all 512 positions, so no input is ever warm. Twins give the same answers (asserted
before anything is timed); the table's ratios come from one run:

    python -m pytest bench/python/test_bench_margin.py --benchmark-group-by=group
"""

import random
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from vanta import _core

E6 = 10**6
E10 = 10**10
THRESHOLD = 85 * 10**8
BUFFER = E10 // 20
SETS = 512
D10 = Decimal(E10)

Set = dict[str, Any]


def _sets(count: int) -> list[Set]:
    seeded = random.Random(20261120)
    out = []
    for _ in range(count):
        entry = seeded.randint(E10 // 10, 100_000 * E10)
        out.append(
            {
                "entry_e10": entry,
                "price_e10": seeded.randint(entry * 98 // 100, entry * 102 // 100),
                "collateral_e6": seeded.randint(E6, 10_000 * E6),
                "leverage_e10": seeded.randint(E10, 100 * E10),
                "is_long": seeded.random() < 0.5,
            }
        )
    return out


def pnl_int(
    *, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool
) -> int:
    move = price_e10 - entry_e10 if is_long else entry_e10 - price_e10
    return max(move * collateral_e6 * leverage_e10 // (entry_e10 * E10), -collateral_e6)


def pnl_decimal(
    *, entry_e10: int, price_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool
) -> int:
    entry, price = Decimal(entry_e10), Decimal(price_e10)
    move = price - entry if is_long else entry - price
    exact = move * collateral_e6 * leverage_e10 / (entry * D10)
    return max(int(exact.to_integral_value(ROUND_FLOOR)), -collateral_e6)


def liquidation_int(
    *, entry_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool, threshold_e10: int
) -> int:
    distance = entry_e10 * collateral_e6 * threshold_e10 // (collateral_e6 * leverage_e10)
    return max(entry_e10 - distance if is_long else entry_e10 + distance, 0)


def liquidation_decimal(
    *, entry_e10: int, collateral_e6: int, leverage_e10: int, is_long: bool, threshold_e10: int
) -> int:
    entry, size = Decimal(entry_e10), Decimal(collateral_e6)
    distance = entry * (size * threshold_e10) / (size * leverage_e10)
    line = entry - distance if is_long else entry + distance
    return max(int(line.to_integral_value(ROUND_CEILING if is_long else ROUND_FLOOR)), 0)


def _without_price(sets: list[Set]) -> list[Set]:
    keep = ("entry_e10", "collateral_e6", "leverage_e10", "is_long")
    return [{**{k: s[k] for k in keep}, "threshold_e10": THRESHOLD} for s in sets]


def health_int(s: Set) -> tuple[int, int, int, int, int]:
    entry, price, is_long = s["entry_e10"], s["price_e10"], s["is_long"]
    size = {k: s[k] for k in ("collateral_e6", "leverage_e10", "is_long")}
    line = liquidation_int(entry_e10=entry, threshold_e10=THRESHOLD, **size)
    sign = 1 if is_long else -1
    whole, left = (entry - line) * sign, (price - line) * sign
    shift = -(-whole * BUFFER // E10)
    safe = line + shift * sign
    profit = pnl_int(entry_e10=entry, price_e10=price, **size)
    share = left * E10 // whole if left > 0 and whole > 0 else 0
    state = 2 if left <= 0 else 1 if (price - safe) * sign <= 0 else 0
    return line, safe, profit, share, state


def _columns(sets: list[Set]) -> dict[str, Any]:
    names = ("entry_e10", "price_e10", "collateral_e6", "leverage_e10")
    out: dict[str, Any] = {n: np.array([s[n] for s in sets], dtype=np.int64) for n in names}
    out["is_long"] = np.array([s["is_long"] for s in sets])
    out["threshold_e10"] = np.full(len(sets), THRESHOLD)
    out["buffer_e10"] = np.full(len(sets), BUFFER)
    return out


def _each(function: Callable[..., int], sets: list[Set]) -> list[int]:
    return [function(**one) for one in sets]


PNLS: dict[str, Callable[..., int]] = {
    "core": _core.pnl,
    "python int": pnl_int,
    "python Decimal": pnl_decimal,
}
LIQUIDATIONS: dict[str, Callable[..., int]] = {
    "core": _core.liquidation_price,
    "python int": liquidation_int,
    "python Decimal": liquidation_decimal,
}


@pytest.mark.benchmark(group="pnl of 512 positions")
@pytest.mark.parametrize("who", list(PNLS))
def test_pnl(benchmark: Any, who: str) -> None:
    sets = _sets(SETS)
    with localcontext(prec=60):
        assert _each(PNLS[who], sets) == _each(_core.pnl, sets)
        benchmark(_each, PNLS[who], sets)


@pytest.mark.benchmark(group="pnl of 512 positions")
def test_pnl_batch(benchmark: Any) -> None:
    sets = _sets(SETS)
    columns = _columns(sets)
    del columns["threshold_e10"], columns["buffer_e10"]
    assert _core.pnls(**columns).tolist() == _each(_core.pnl, sets)
    benchmark(lambda: _core.pnls(**columns))


@pytest.mark.benchmark(group="liquidation price of 512 positions")
@pytest.mark.parametrize("who", list(LIQUIDATIONS))
def test_liquidation_price(benchmark: Any, who: str) -> None:
    sets = _without_price(_sets(SETS))
    with localcontext(prec=60):
        assert _each(LIQUIDATIONS[who], sets) == _each(_core.liquidation_price, sets)
        benchmark(_each, LIQUIDATIONS[who], sets)


@pytest.mark.parametrize("count", [1, 64, 4_096])
@pytest.mark.parametrize("who", ["core", "python int"])
def test_health_scan(benchmark: Any, who: str, count: int) -> None:
    benchmark.group = f"health scan of {count}"
    # 256 books of positions, one after another, so that a small scan is never warm either.
    books = [_sets(count * 2)[i % count :][:count] for i in range(256 if count < 4_096 else 2)]
    columns = [_columns(sets) for sets in books]
    turn = 0

    def core() -> Any:
        nonlocal turn
        turn = (turn + 1) % len(columns)
        return _core.health_scan(**columns[turn])

    def python() -> list[Any]:
        nonlocal turn
        turn = (turn + 1) % len(books)
        return [health_int(one) for one in books[turn]]

    scan = core()
    expected = [health_int(one) for one in books[1]]
    assert [row[0] for row in expected] == scan.liquidation_e10.tolist()
    assert [row[1] for row in expected] == scan.safe_line_e10.tolist()
    assert [row[2] for row in expected] == scan.pnl_e6.tolist()
    assert [row[3] for row in expected] == scan.distance_left_e10.tolist()
    assert [row[4] for row in expected] == scan.state.tolist()
    benchmark(core if who == "core" else python)


MANY = 1_000_000


def _many(count: int) -> dict[str, Any]:
    seeded = np.random.default_rng(20261120)
    entry = seeded.integers(E10 // 10, 100_000 * E10, count)
    return {
        "entry_e10": entry,
        "price_e10": entry * 98 // 100 + seeded.integers(0, entry // 25),
        "collateral_e6": seeded.integers(E6, 10_000 * E6, count),
        "leverage_e10": seeded.integers(E10, 100 * E10, count),
        "is_long": seeded.random(count) < 0.5,
        "threshold_e10": np.full(count, THRESHOLD),
        "buffer_e10": np.full(count, BUFFER),
    }


def scan_core(columns: dict[str, Any]) -> Callable[[], Any]:
    used = _core.health_scan(**columns)
    return lambda: _core.health_scan(**columns, out=used)


def scan_core_fresh(columns: dict[str, Any]) -> Callable[[], Any]:
    return lambda: _core.health_scan(**columns)


def scan_int(columns: dict[str, Any]) -> Callable[[], Any]:
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))

    def run() -> list[tuple[int, int, bool]]:
        out = []
        for entry, price, size, leverage, is_long, threshold, _ in rows:
            distance = entry * threshold // leverage
            line = max(entry - distance if is_long else entry + distance, 0)
            move = price - entry if is_long else entry - price
            pnl = max(move * size * leverage // (entry * E10), -size)
            out.append((line, pnl, price <= line if is_long else price >= line))
        return out

    return run


def scan_decimal(columns: dict[str, Any]) -> Callable[[], Any]:
    rows = [
        (*(Decimal(x) for x in row[:4]), row[4], Decimal(row[5]))
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]

    def run() -> list[tuple[Decimal, Decimal, bool]]:
        out = []
        for entry, price, size, leverage, is_long, threshold in rows:
            distance = entry * threshold / leverage
            line = entry - distance if is_long else entry + distance
            move = price - entry if is_long else entry - price
            pnl = max(move * size * leverage / (entry * D10), -size)
            out.append((line, pnl, price <= line if is_long else price >= line))
        return out

    return run


def scan_numpy_floats(columns: dict[str, Any]) -> Callable[[], Any]:
    entry, price, size, leverage = (columns[k].astype(float) for k in list(columns)[:4])
    sign, threshold = np.where(columns["is_long"], 1.0, -1.0), columns["threshold_e10"] / E10

    def run() -> tuple[Any, ...]:
        line = np.maximum(entry - sign * (entry * threshold * E10 / leverage), 0)
        pnl = np.maximum((price - entry) * sign * (size * leverage / E10) / entry, -size)
        return line, pnl, (price - line) * sign <= 0

    return run


SCANS = {
    "core, into a used answer": scan_core,
    "core, into fresh memory": scan_core_fresh,
    "python int": scan_int,
    "python Decimal": scan_decimal,
    "numpy floats, not exact": scan_numpy_floats,
}


@pytest.mark.parametrize("who", list(SCANS))
def test_a_million_positions(benchmark: Any, who: str) -> None:
    """Liquidation, profit and whether it is hit; the core adds safe line and distance left.

    The wall is reading 57 and writing 33 bytes for each position, about 10 ns here.
    """
    benchmark.group = "1,000,000 positions: liquidation, profit, hit"
    small = _many(1_000)
    core = _core.health_scan(**small)
    expected = [(row[0], row[1]) for row in scan_int(small)()]
    assert list(zip(core.liquidation_e10.tolist(), core.pnl_e6.tolist(), strict=True)) == expected
    run = SCANS[who](_many(MANY))
    benchmark.pedantic(run, rounds=7 if "python" not in who else 1)
