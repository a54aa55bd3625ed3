"""Triggers through the border, beside a list, NumPy arrays and a `SortedList` per direction.

100,000 and 1,000,000 triggers of all kinds in one market, so that the peers need not look for the
market; ticks rotate over 1,024 prices of which none fires. Peers hold levels only: they do without
trailing stops and break-evens, which the book has besides. A round is 256 calls (numpy 8, list 1):
`per` in the extra info says so, and `bench/report.py` divides by it. Ratios of one run:

    python -m pytest bench/python/test_bench_trigger.py --benchmark-group-by=group
"""

import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vanta import _core

E10 = 10**10
MID = 60_000 * E10
CALLS = 256
COUNTS = (100_000, 1_000_000)
TAKE_PROFIT, STOP_LOSS, LIMIT, TRAILING, BREAK_EVEN, BUFFER = range(6)

Columns = dict[str, Any]


@cache
def armed(count: int) -> Columns:
    """Triggers of all kinds at least 1 % away; each trailing stop with a mark of its own."""
    seeded = np.random.default_rng(20261120)
    kind = (np.arange(count) % 6).astype(np.uint8)
    is_long = seeded.integers(0, 2, count).astype(bool)
    away = seeded.integers(MID // 50, MID // 10, count)
    above = (kind == TAKE_PROFIT) == is_long
    level = np.where(above, MID + away, MID - away)
    level = np.where(kind == BREAK_EVEN, MID, level)
    mark = MID + seeded.integers(0, MID // 100, count)
    return {
        "id": np.arange(count, dtype=np.int64),
        "version": np.ones(count, dtype=np.uint32),
        "market_ix": np.zeros(count, dtype=np.uint16),
        "kind": kind,
        "is_long": is_long,
        "level_e10": np.where(kind == TRAILING, mark, level),
        "distance_e10": np.where((kind == TRAILING) | (kind == BREAK_EVEN), away, 0),
        "offset_e10": np.zeros(count, dtype=np.int64),
    }


@cache
def book(count: int) -> _core.TriggerBook:
    made = _core.TriggerBook()
    made.arm_batch(**armed(count))
    return made


def levels(count: int) -> tuple[Any, Any]:
    """Plain level and direction of each, for the peers."""
    columns = armed(count)
    above = (columns["kind"] == TAKE_PROFIT) == columns["is_long"]
    away = abs(columns["level_e10"] - MID) + columns["distance_e10"]
    return np.where(above, MID + away, MID - away), above


def prices() -> Iterator[int]:
    seeded = random.Random(7)
    return itertools.cycle([MID + seeded.randrange(MID // 1_000) for _ in range(1_024)])


Ticks = Callable[[list[int]], list[Any]]
"""What a run of prices fires; each looks at all there is for each price."""


def tick_core(count: int) -> Ticks:
    on_quote = book(count).on_quote

    def run(prices: list[int]) -> list[Any]:
        return [fired for price in prices if (fired := on_quote(0, price))]

    return run


def tick_list(count: int) -> Ticks:
    level, above = levels(count)
    rows = list(zip(range(count), level.tolist(), above.tolist(), strict=True))

    def run(prices: list[int]) -> list[Any]:
        return [
            i
            for price in prices
            for i, level, above in rows
            if (price >= level if above else price <= level)
        ]

    return run


def tick_numpy(count: int) -> Ticks:
    """One pass over level and direction, as a table of triggers is scanned."""
    level, above = levels(count)

    def run(prices: list[int]) -> list[Any]:
        found: list[Any] = []
        for price in prices:
            found.extend(np.flatnonzero(np.where(above, level <= price, level >= price)))
        return found

    return run


def tick_numpy_split(count: int) -> Ticks:
    """The same, kept apart by direction, which halves it and more."""
    level, above = levels(count)
    ups, downs = level[above], level[~above]

    def run(prices: list[int]) -> list[Any]:
        found: list[Any] = []
        for price in prices:
            found.extend(np.flatnonzero(ups <= price))
            found.extend(np.flatnonzero(downs >= price))
        return found

    return run


def sorted_lists(count: int) -> tuple[Any, Any]:
    made = pytest.importorskip("sortedcontainers").SortedList
    level, above = levels(count)
    rows = zip(level.tolist(), range(count), above.tolist(), strict=True)
    pairs = [((level, id_), above) for level, id_, above in rows]
    return made(p for p, above in pairs if above), made(p for p, above in pairs if not above)


def tick_sorted(count: int) -> Ticks:
    ups, downs = sorted_lists(count)

    def run(prices: list[int]) -> list[Any]:
        found: list[Any] = []
        for price in prices:
            while ups and ups[0][0] <= price:
                found.append(ups.pop(0))
            while downs and downs[-1][0] >= price:
                found.append(downs.pop())
        return found

    return run


TICKS: dict[str, tuple[Callable[[int], Ticks], int]] = {
    "core": (tick_core, CALLS),
    "sortedlist": (tick_sorted, CALLS),
    "numpy": (tick_numpy, 8),
    "numpy split": (tick_numpy_split, 8),
    "list": (tick_list, 1),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("who", list(TICKS))
def test_tick_none_fires(benchmark: Any, who: str, count: int) -> None:
    make, calls = TICKS[who]
    run = make(count)
    turn = prices()
    # The core's marks and activations settle; nothing fires for anybody.
    assert run(list(itertools.islice(turn, 1_024 if who == "core" else 4))) == []

    def setup() -> tuple[tuple[list[int]], dict[str, Any]]:
        return (list(itertools.islice(turn, calls)),), {}

    benchmark.group = f"ticks, none of {count:,} fires"
    benchmark.extra_info["per"] = calls
    benchmark.pedantic(run, setup=setup, rounds=30 if calls == 1 else 200)


@pytest.mark.parametrize("count", COUNTS)
def test_tick_new_extreme(benchmark: Any, count: int) -> None:
    run = tick_core(count)
    climb = itertools.count(MID + MID // 1_000)
    assert run([next(climb)]) == []

    def setup() -> tuple[tuple[list[int]], dict[str, Any]]:
        return (list(itertools.islice(climb, CALLS)),), {}

    benchmark.group = f"tick that moves all trailing of {count:,}"
    benchmark.extra_info["per"] = CALLS
    benchmark.pedantic(run, setup=setup, rounds=200)


Change = Callable[[list[tuple[int, int]]], None]
"""Add and remove again each of some (id, level)."""


def change_core(count: int) -> Change:
    made = book(count)
    arm, disarm = made.arm, made.disarm

    def run(some: list[tuple[int, int]]) -> None:
        for id_, level in some:
            arm(id_, version=1, market_ix=0, kind=TAKE_PROFIT, is_long=True, level_e10=level)
            disarm(id_)

    return run


def change_sorted(count: int) -> Change:
    ups, _ = sorted_lists(count)

    def run(some: list[tuple[int, int]]) -> None:
        for id_, level in some:
            ups.add((level, id_))
            ups.remove((level, id_))

    return run


def change_sorted_bare(count: int) -> Change:
    """The cheapest it can be: levels without ids, as many as in the book."""
    made = pytest.importorskip("sortedcontainers").SortedList
    ups = made(levels(count)[0].tolist())

    def run(some: list[tuple[int, int]]) -> None:
        for _, level in some:
            ups.add(level)
            ups.remove(level)

    return run


CHANGES = {
    "core": change_core,
    "sortedlist": change_sorted,
    "sortedlist of bare levels": change_sorted_bare,
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("who", list(CHANGES))
def test_add_and_remove(benchmark: Any, who: str, count: int) -> None:
    run = CHANGES[who](count)
    seeded = random.Random(11)
    pairs = itertools.cycle(
        [(count + i, MID + seeded.randrange(MID // 50, MID // 10)) for i in range(1_024)]
    )

    def setup() -> tuple[tuple[list[tuple[int, int]]], dict[str, Any]]:
        return (list(itertools.islice(pairs, CALLS)),), {}

    benchmark.group = f"add and remove among {count:,}"
    benchmark.extra_info["per"] = CALLS
    benchmark.pedantic(run, setup=setup, rounds=200)


@pytest.mark.parametrize("count", COUNTS)
def test_arm_batch(benchmark: Any, count: int) -> None:
    columns = armed(count)
    benchmark.group = f"arm {count:,}"
    benchmark.pedantic(
        lambda fresh: fresh.arm_batch(**columns),
        setup=lambda: ((_core.TriggerBook(),), {}),
        rounds=3,
    )


@pytest.mark.parametrize("count", [1, 64, 4_096])
def test_on_quotes(benchmark: Any, count: int) -> None:
    made = book(100_000)
    turn = prices()
    rows: list[Columns] = [
        {
            "market_ix": np.zeros(count, dtype=np.uint16),
            "price_e10": np.array(list(itertools.islice(turn, count)), dtype=np.int64),
            "tradable": np.ones(count, dtype=bool),
        }
        for _ in range(256 if count < 4_096 else 16)
    ]
    again = itertools.cycle(rows)
    benchmark.group = f"batch of {count} ticks, none fires"
    benchmark(lambda: made.on_quotes(**next(again)))


def measure(count: int) -> tuple[float, float]:
    """Bytes a trigger: what the book says it holds, and what the process took on for it."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4_096

    columns = armed(count)
    made = _core.TriggerBook()
    before = resident()
    for at in range(0, count, 1_000):  # in pieces, so that the batch's own copy is small
        made.arm_batch(**{name: column[at : at + 1_000] for name, column in columns.items()})
    return made.memory_bytes / count, (resident() - before) / count


@pytest.mark.parametrize("count", COUNTS)
def test_memory(benchmark: Any, count: int) -> None:
    # In a process of its own: memory that others gave back would be taken on unseen.
    command = [sys.executable, __file__, str(count)]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    said, took = (float(word) for word in out.stdout.split())
    benchmark.group = "bytes a trigger"
    benchmark.extra_info.update({"said": round(said, 1), "resident": round(took, 1)})
    assert said <= 64
    benchmark(lambda: book(count).memory_bytes)


if __name__ == "__main__":
    print(*measure(int(sys.argv[1])))
