"""The price book through the border, against the same sum done by hand in Python.

`rules` does in plain integers what a tick costs the book when nothing goes wrong: the gates, both
clocks, the tolerance, the majority, validity. `int` and `decimal` only drop stale sources, take the
median, drop outliers and take the median again. Compare groups of one run only:
`pytest bench/python/test_bench_price.py --benchmark-columns=median,ops`.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from statistics import median

import numpy as np
import pytest

from vanta._core import AggregateConfig, PriceBook

ONE = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
MONO = SECOND
SETS = 512
SOURCES = 5
MAX_AGE = 5 * SECOND

Prices = tuple[int, ...]


@pytest.fixture(scope="module")
def sets() -> list[Prices]:
    """Rotating inputs: a handful of repeated ones would be learnt by the branch predictor."""
    dice = random.Random(7)
    made = []
    for _ in range(SETS):
        prices = [60_000 * ONE + dice.randrange(60 * ONE) for _ in range(SOURCES)]
        if dice.randrange(16) == 0:
            prices[-1] += 1_800 * ONE
        made.append(tuple(prices))
    return made


def book_of(markets: int) -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=MONO)
    for market in range(markets):
        book.add_market(market, min_price_e10=1, max_price_e10=2**62)
        for source in range(SOURCES):
            book.add_feed(market, source, kind="stream", group=source, primary=source == 0)
    return book


def ticks(sets: list[Prices]) -> Iterator[tuple[int, int, int]]:
    """(source, price, nanoseconds since the start), for ever."""
    for n in itertools.count(1):
        yield n % SOURCES, sets[n // SOURCES % SETS][n % SOURCES], n * 1_000_000


def combine_int(latest: list[tuple[int, int]], now: int) -> int:
    fresh = sorted(price for price, at in latest if now - at <= MAX_AGE)
    if not fresh:
        return 0
    middle = fresh[len(fresh) // 2]
    kept = [price for price in fresh if abs(price - middle) * 200 <= middle]
    return kept[len(kept) // 2]


def combine_decimal(latest: list[tuple[Decimal, int]], now: int) -> Decimal:
    fresh = [price for price, at in latest if now - at <= MAX_AGE]
    if not fresh:
        return Decimal(0)
    middle = median(fresh)
    return median(price for price in fresh if abs(price - middle) / middle <= Decimal("0.005"))


class Rules:
    """One market by the published rules, without what a quiet market never reaches."""

    def __init__(self) -> None:
        self.last: list[tuple[int, int, int] | None] = [None] * SOURCES
        self.accepted = 0

    def update(self, source: int, price: int, publish: int, wall: int, mono: int) -> str:
        if publish < 0 or not isinstance(price, int) or abs(price) >= 10**30:
            return "MALFORMED"
        if price <= 0:
            return "NONPOSITIVE"
        if not 1 <= price <= 2**62:
            return "OUT_OF_BOUNDS"
        if publish > wall + SECOND:
            return "FUTURE"
        known = self.last[source]
        if known is not None:
            if publish == known[1]:
                return "DUPLICATE" if price == known[0] else "EQUIVOCATION"
            if publish < known[1]:
                return "OUT_OF_ORDER"
            if abs(price - known[0]) * 50 > known[0]:
                root = math.isqrt(25 * 10**14 * (publish - known[1]) // SECOND)
                if abs(price - known[0]) * ONE > min(ONE // 10, ONE // 50 + root) * known[0]:
                    return "JUMP"
        self.last[source] = (price, publish, mono + MAX_AGE - max(0, wall - publish))
        self.accepted += 1
        return "ACCEPTED"

    def quote(self, wall: int, mono: int) -> tuple[str, int, int, int, int, list[int]]:
        fresh = sorted(
            (known[0], index, known[1])
            for index, known in enumerate(self.last)
            if known is not None and -SECOND <= wall - known[1] <= MAX_AGE and mono <= known[2]
        )
        count = len(fresh)
        if count < 3:
            return ("NONE", 0, 0, 0, 0, [])
        middle = fresh[count // 2][0]
        far = sorted(abs(price - middle) for price, _, _ in fresh)
        noise = 44_478 * far[count // 2] if count >= 5 else 0
        agreed = [
            voice
            for voice in fresh
            if abs(voice[0] - middle) * 200 <= middle or abs(voice[0] - middle) * 10_000 <= noise
        ]
        low = fresh[0][0]
        spread = -(-(fresh[-1][0] - low) * ONE // low)
        if len(agreed) < 2 or 2 * len(agreed) <= count:
            return ("CONFLICT", 0, 0, 0, spread, [])
        as_of = min(voice[2] for voice in agreed)
        used = [voice[1] for voice in agreed]
        primary = next((voice[0] for voice in agreed if voice[1] == 0), None)
        if primary is not None:
            return ("GOOD", primary, as_of, as_of + MAX_AGE, spread, used)
        price = agreed[len(agreed) // 2][0]
        return ("DEGRADED", price, as_of, as_of + MAX_AGE, spread, used)


def tick_core(sets: list[Prices]) -> Callable[[], object]:
    book, stream = book_of(1), ticks(sets)

    def tick() -> object:
        source, price, passed = next(stream)
        wall, mono = WALL + passed, MONO + passed
        book.update(0, source, value=price, publish_ns=wall, recv_wall_ns=wall, recv_mono_ns=mono)
        return book.quote(0, now_wall_ns=wall, now_mono_ns=mono).price_e10

    return tick


def tick_rules(sets: list[Prices]) -> Callable[[], object]:
    rules, stream = Rules(), ticks(sets)

    def tick() -> object:
        source, price, passed = next(stream)
        wall, mono = WALL + passed, MONO + passed
        rules.update(source, price, publish=wall, wall=wall, mono=mono)
        return rules.quote(wall=wall, mono=mono)[1]

    return tick


def tick_int(sets: list[Prices]) -> Callable[[], object]:
    latest, stream = [(0, 0)] * SOURCES, ticks(sets)

    def tick() -> object:
        source, price, passed = next(stream)
        latest[source] = (price, WALL + passed)
        return combine_int(latest, WALL + passed)

    return tick


def tick_decimal(sets: list[Prices]) -> Callable[[], object]:
    exact = [tuple(Decimal(price) / ONE for price in prices) for prices in sets]
    latest, stream = [(Decimal(0), 0)] * SOURCES, ticks(exact)

    def tick() -> object:
        source, price, passed = next(stream)
        latest[source] = (price, WALL + passed)
        return combine_decimal(latest, WALL + passed)

    return tick


@pytest.mark.benchmark(group="price: one tick and its quote")
@pytest.mark.parametrize("make", [tick_core, tick_rules, tick_int, tick_decimal])
def test_tick(benchmark, sets: list[Prices], make) -> None:
    benchmark.pedantic(make(sets), rounds=200, iterations=500, warmup_rounds=5)


def test_the_rules_by_hand_agree_with_the_book(sets: list[Prices]) -> None:
    core, rules = tick_core(sets), tick_rules(sets)
    for _ in range(50):
        core(), rules()  # both need a few ticks until all sources spoke
    assert all(core() == rules() for _ in range(5_000))


def sweep_core(sets: list[Prices], markets: int) -> Callable[[], object]:
    book = book_of(markets)
    every = np.arange(markets, dtype=np.uint16)
    table = np.array(sets, dtype=np.int64)
    none, minus = np.zeros(markets, dtype=np.int64), np.full(markets, -1, dtype=np.int64)
    rounds = itertools.count(1)

    def sweep() -> object:
        n = next(rounds)
        source, wall, mono = n % SOURCES, WALL + n * 1_000_000, MONO + n * 1_000_000
        book.update_batch(
            every,
            np.full(markets, source, dtype=np.uint16),
            price_e10=table[(every + n) % SETS, source],
            conf_e10=none,
            publish_ns=np.full(markets, wall, dtype=np.int64),
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
