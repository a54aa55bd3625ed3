"""The price book through the border, against the same sum done by hand in Python.

Two kinds of peers. The short ones (`int`, `decimal`, `numpy`, `polars`) only drop stale sources,
take the median, drop outliers and take it again. The `rules` ones do what a tick costs the book
when nothing goes wrong: gates, both clocks, the tolerance, the majority, validity; they leave out
quarantine, frozen feeds, failover, breaker and alarms, and the one in NumPy the order of several
words of one source. Polars expresses no state between two rounds, so it has no such twin.

Ticks are made beforehand and rotate through 512 sets of five prices. The walls: a call across the
border with six integers, about 0.15 us; for a batch, reading the 3 KB of a market with five
sources. On a busy machine count CPU time (`--benchmark-timer=time.process_time`). Compare groups
of one run only: `pytest bench/python/test_bench_price.py --benchmark-columns=median,ops`.
"""

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from price_peers import (
    MAX_AGE,
    MONO,
    ONE,
    SETS,
    SOURCES,
    WALL,
    DecimalRules,
    NumpyRules,
    Prices,
    Rules,
    Tick,
    book_of,
    combine_decimal,
    combine_int,
    make_sets,
    ticks,
)


@pytest.fixture(scope="module")
def sets() -> list[Prices]:
    return make_sets()


def one_tick_core(many: list[Tick]) -> list[object]:
    tick = book_of(1).tick
    return [
        tick(0, source, price, WALL + ns, WALL + ns, MONO + ns)[1] for source, price, ns in many
    ]


def one_tick_two_calls(many: list[Tick]) -> list[object]:
    book = book_of(1)
    made: list[object] = []
    for source, price, ns in many:
        wall, mono = WALL + ns, MONO + ns
        book.update(0, source, value=price, publish_ns=wall, recv_wall_ns=wall, recv_mono_ns=mono)
        made.append(book.quote(0, now_wall_ns=wall, now_mono_ns=mono).price_e10)
    return made


def one_tick_rules(many: list[Tick]) -> list[object]:
    rules = Rules()
    made: list[object] = []
    for source, price, ns in many:
        wall, mono = WALL + ns, MONO + ns
        rules.update(source, price, wall, wall, mono)
        made.append(rules.quote(wall, mono)[1])
    return made


def one_tick_rules_decimal(many: list[Tick]) -> list[object]:
    rules = DecimalRules()
    return [
        rules.tick(source, price, WALL + ns, WALL + ns, MONO + ns)  # type: ignore[arg-type]
        for source, price, ns in many
    ]


def one_tick_rules_numpy(many: list[Tick]) -> list[object]:
    rules = NumpyRules(1)
    made: list[object] = []
    price, publish = rules.price.copy(), rules.publish.copy()
    for source, value, ns in many:
        price[0, source], publish[0, source] = value, WALL + ns
        rules.update(price, publish, WALL + ns, MONO + ns)
        made.append(rules.quotes(WALL + ns, MONO + ns)[0][0])
    return made


def one_tick_int(many: list[Tick]) -> list[object]:
    latest = [(0, 0)] * SOURCES
    made: list[object] = []
    for source, price, ns in many:
        latest[source] = (price, WALL + ns)
        made.append(combine_int(latest, WALL + ns))
    return made


def one_tick_decimal(many: list[Tick]) -> list[object]:
    latest: list[Any] = [(Decimal(0), 0)] * SOURCES
    made: list[object] = []
    for source, price, ns in many:
        latest[source] = (price, WALL + ns)
        made.append(combine_decimal(latest, WALL + ns))
    return made


def one_tick_numpy(many: list[Tick]) -> list[object]:
    price, at = np.full(SOURCES, np.nan), np.zeros(SOURCES, dtype=np.int64)
    made: list[object] = []
    for source, value, ns in many:
        price[source], at[source] = value, WALL + ns
        fresh = np.where(WALL + ns - at <= MAX_AGE, price, np.nan)
        middle = np.nanmedian(fresh)
        made.append(np.nanmedian(np.where(np.abs(fresh - middle) <= middle / 200, fresh, np.nan)))
    return made


WAYS = {
    "core": one_tick_core,
    "core, update and quote": one_tick_two_calls,
    "int": one_tick_int,
    "decimal": one_tick_decimal,
    "numpy": one_tick_numpy,
    "rules, int": one_tick_rules,
    "rules, decimal": one_tick_rules_decimal,
    "rules, numpy": one_tick_rules_numpy,
}


@pytest.mark.benchmark(group="price: 2,560 ticks, each with its quote")
@pytest.mark.parametrize("way", list(WAYS))
def test_tick(benchmark, sets: list[Prices], way: str) -> None:
    many = list(itertools.islice(ticks(sets), 512 * SOURCES))
    if "decimal" in way:
        many = [(s, Decimal(p) / ONE, ns) for s, p, ns in many]  # type: ignore[misc]
    benchmark.extra_info["per"] = len(many)
    benchmark.pedantic(WAYS[way], args=(many,), rounds=20 if "numpy" not in way else 3)
    if way == "core":
        benchmark.extra_info["bytes_per_market_of_5"] = book_of(1_000).memory_bytes() // 1_000


def test_the_rules_by_hand_agree_with_the_book(sets: list[Prices]) -> None:
    # All need a few ticks until all sources spoke.
    many = list(itertools.islice(ticks(sets), 5_000))
    core = one_tick_core(many)[50:]
    assert core == one_tick_two_calls(many)[50:] == one_tick_rules(many)[50:]
    assert core == [int(price) for price in one_tick_rules_numpy(many)[50:]]
    exact = [(source, Decimal(price) / ONE, ns) for source, price, ns in many]
    assert core == [price * ONE for price in one_tick_rules_decimal(exact)[50:]]  # type: ignore


def sweep_core(sets: list[Prices], markets: int) -> Callable[[], object]:
    book = book_of(markets)
    every = np.arange(markets, dtype=np.uint16)
    table = np.array(sets, dtype=np.int64)
    none, minus = np.zeros(markets, dtype=np.int64), np.full(markets, -1, dtype=np.int64)
    publish = np.zeros(markets, dtype=np.int64)
    # What a feed handler has at hand: making arrays would cost more than the two calls.
    told = [
        (np.full(markets, n % SOURCES, dtype=np.uint16), table[(every + n) % SETS, n % SOURCES])
        for n in range(64 * SOURCES)
    ]
    rounds = itertools.count(1)

    def sweep() -> object:
        n = next(rounds)
        wall, mono = WALL + n * 1_000_000, MONO + n * 1_000_000
        source, price = told[n % len(told)]
        publish.fill(wall)
        book.update_batch(
            every,
            source,
            price_e10=price,
            conf_e10=none,
            publish_ns=publish,
            seq=minus,
            recv_wall_ns=wall,
            recv_mono_ns=mono,
        )
        return book.quotes(every, now_wall_ns=wall, now_mono_ns=mono).price_e10

    return sweep


def sweep_rules(sets: list[Prices], markets: int) -> Callable[[], object]:
    books = [Rules() for _ in range(markets)]
    rounds = itertools.count(1)

    def sweep() -> object:
        n = next(rounds)
        source, wall, mono = n % SOURCES, WALL + n * 1_000_000, MONO + n * 1_000_000
        made = []
        for market, rules in enumerate(books):
            rules.update(source, sets[(market + n) % SETS][source], wall, wall, mono)
            made.append(rules.quote(wall, mono)[1])
        return made

    return sweep


def sweep_int(sets: list[Prices], markets: int) -> Callable[[], object]:
    latest = [[(0, 0)] * SOURCES for _ in range(markets)]
    rounds = itertools.count(1)

    def sweep() -> object:
        n = next(rounds)
        source, wall = n % SOURCES, WALL + n * 1_000_000
        made = []
        for market, known in enumerate(latest):
            known[source] = (sets[(market + n) % SETS][source], wall)
            made.append(combine_int(known, wall))
        return made

    return sweep


@pytest.mark.parametrize("markets", [1, 64, 4_096])
@pytest.mark.parametrize("make", [sweep_core, sweep_rules, sweep_int])
def test_sweep(benchmark, sets: list[Prices], make, markets: int) -> None:
    benchmark.group = f"price: update and quote {markets} markets"
    benchmark.pedantic(make(sets, markets), rounds=30, iterations=max(1, 2_000 // markets))
