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
import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from statistics import median
from typing import Any

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


Tick = tuple[int, int, int]


class DecimalRules(Rules):
    """The same rules over exact decimals, as a book of `Decimal` prices would keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.prices: list[Decimal | None] = [None] * SOURCES

    def take(self, source: int, price: Decimal, publish: int, wall: int, mono: int) -> None:
        known, before = self.prices[source], self.last[source]
        if not price.is_finite() or price <= 0 or publish > wall + SECOND:
            return
        if known is not None and before is not None:
            if publish <= before[1]:
                return
            moved = abs(price - known) / known
            if moved > Decimal("0.02"):
                root = (Decimal(publish - before[1]) / SECOND).sqrt() * Decimal("0.005")
                if moved > min(Decimal("0.1"), Decimal("0.02") + root):
                    return
        self.prices[source] = price
        self.last[source] = (0, publish, mono + MAX_AGE - max(0, wall - publish))

    def tick(self, source: int, price: Decimal, publish: int, wall: int, mono: int) -> Decimal:
        self.take(source, price, publish, wall, mono)
        fresh = sorted(
            (value, index, seen[1])
            for index, (value, seen) in enumerate(zip(self.prices, self.last, strict=True))
            if value is not None
            and seen is not None
            and -SECOND <= wall - seen[1] <= MAX_AGE
            and mono <= seen[2]
        )
        if len(fresh) < 3:
            return Decimal(0)
        middle = median(value for value, _, _ in fresh)
        noise = Decimal("4.4478") * median(abs(value - middle) for value, _, _ in fresh)
        tolerance = max(middle * Decimal("0.005"), noise if len(fresh) >= 5 else Decimal(0))
        agreed = [voice for voice in fresh if abs(voice[0] - middle) <= tolerance]
        self.spread = (fresh[-1][0] - fresh[0][0]) / fresh[0][0]
        if len(agreed) < 2 or 2 * len(agreed) <= len(fresh):
            return Decimal(0)
        self.as_of = min(voice[2] for voice in agreed)
        primary = next((voice[0] for voice in agreed if voice[1] == 0), None)
        return primary if primary is not None else median(voice[0] for voice in agreed)


class NumpyRules:
    """All markets of a book at once, one column per source."""

    def __init__(self, markets: int) -> None:
        self.price = np.zeros((markets, SOURCES), dtype=np.int64)
        self.publish = np.full((markets, SOURCES), -1, dtype=np.int64)
        self.stale = np.zeros((markets, SOURCES), dtype=np.int64)

    def update(self, price: Any, publish: Any, wall: int, mono: int) -> Any:
        known = self.publish >= 0
        moved = np.abs(price - self.price)
        # 50 times a price leaves 64 bits: by division, as floats do not know the last digits.
        jumps = known & (moved > self.price // 50)
        ok = (price > 0) & (price <= 2**62) & (publish <= wall + SECOND)
        ok &= (publish > self.publish) & ~jumps
        self.price = np.where(ok, price, self.price)
        self.publish = np.where(ok, publish, self.publish)
        stale = mono + MAX_AGE - np.maximum(0, wall - publish)
        self.stale = np.where(ok, stale, self.stale)
        return ok

    def quotes(self, wall: int, mono: int) -> tuple[Any, ...]:
        age = wall - self.publish
        fresh = (self.publish >= 0) & (age >= -SECOND) & (age <= MAX_AGE) & (mono <= self.stale)
        count = fresh.sum(axis=1)
        # Whoever is not fresh is sorted behind the others.
        prices = np.where(fresh, self.price, 2**62)
        ordered = np.sort(prices, axis=1)
        rows, half = np.arange(len(prices)), count // 2
        upper = ordered[rows, np.minimum(half, SOURCES - 1)]
        lower = ordered[rows, np.maximum(half - 1, 0)]
        middle = np.where(count % 2 == 1, upper, lower + (upper - lower) // 2)
        far = np.where(fresh, np.abs(self.price - middle[:, None]), 2**62)
        noise = np.where(count >= 5, np.sort(far, axis=1)[:, SOURCES // 2] * 44_478 // 10_000, 0)
        close = fresh & (far <= np.maximum(middle // 200, noise)[:, None])
        agreed = close.sum(axis=1)
        high = np.where(fresh, self.price, 0).max(axis=1)
        low = np.maximum(ordered[:, 0], 1)
        spread = (high - low) / low
        as_of = np.where(close, self.publish, 2**62).min(axis=1)
        kept = np.sort(np.where(close, self.price, 2**62), axis=1)
        other = kept[rows, np.minimum(agreed // 2, SOURCES - 1)]
        price = np.where(close[:, 0], self.price[:, 0], other)
        good = (agreed >= 2) & (2 * agreed > count)
        return np.where(good, price, 0), good, as_of, as_of + MAX_AGE, spread


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


Matrix = tuple[Any, Any, int, int]
MARKETS = 1_000


@pytest.fixture(scope="module")
def matrices(sets: list[Prices]) -> list[Matrix]:
    """Prices and publish times of 1,000 markets by 5 sources, for each of 256 rounds."""
    table, every = np.array(sets, dtype=np.int64), np.arange(MARKETS)
    out = []
    for n in range(256):
        at = n * 1_000_000
        prices = np.ascontiguousarray(table[(every + 7 * n) % SETS])
        out.append((prices, np.full_like(prices, WALL + at), WALL + at, MONO + at))
    return out


Run = Callable[[list[Matrix]], list[Any]]


def batch_core() -> Run:
    book = book_of(MARKETS)
    return lambda rounds: batch_through(book, rounds)


def batch_through(book: PriceBook, rounds: list[Matrix]) -> list[Any]:
    every = np.arange(MARKETS, dtype=np.uint16)
    market = np.repeat(every, SOURCES)
    source = np.tile(np.arange(SOURCES, dtype=np.uint16), MARKETS)
    none, minus = np.zeros(market.size, dtype=np.int64), np.full(market.size, -1, dtype=np.int64)
    made = []
    for prices, publish, wall, mono in rounds:
        book.update_batch(
            market,
            source,
            price_e10=prices.ravel(),
            conf_e10=none,
            publish_ns=publish.ravel(),
            seq=minus,
            recv_wall_ns=wall,
            recv_mono_ns=mono,
        )
        made.append(book.quotes(every, now_wall_ns=wall, now_mono_ns=mono).price_e10)
    return made


def batch_rules() -> Run:
    books = [Rules() for _ in range(MARKETS)]
    return lambda rounds: batch_of_rules(books, rounds)


def batch_of_rules(books: list[Rules], rounds: list[Matrix]) -> list[Any]:
    made = []
    for prices, _, wall, mono in rounds:
        row = []
        for rules, five in zip(books, prices.tolist(), strict=True):
            for source, price in enumerate(five):
                rules.update(source, price, wall, wall, mono)
            row.append(rules.quote(wall, mono)[1])
        made.append(row)
    return made


def batch_rules_numpy() -> Run:
    rules = NumpyRules(MARKETS)

    def run(rounds: list[Matrix]) -> list[Any]:
        made = []
        for prices, publish, wall, mono in rounds:
            rules.update(prices, publish, wall, mono)
            made.append(rules.quotes(wall, mono)[0])
        return made

    return run


def batch_int(rounds: list[Matrix]) -> list[Any]:
    return [
        [combine_int([(price, wall) for price in five], wall) for five in prices.tolist()]
        for prices, _, wall, _ in rounds
    ]


def batch_numpy_sort(rounds: list[Matrix]) -> list[Any]:
    made = []
    for prices, publish, wall, _ in rounds:
        fresh = np.where(wall - publish <= MAX_AGE, prices, 2**62)
        middle = np.sort(fresh, axis=1)[:, SOURCES // 2]
        close = np.abs(fresh - middle[:, None]) <= middle[:, None] // 200
        kept = np.sort(np.where(close, fresh, 2**62), axis=1)
        made.append(kept[np.arange(len(kept)), close.sum(axis=1) // 2])
    return made


def batch_polars(rounds: list[Matrix]) -> list[Any]:
    pl = pytest.importorskip("polars")
    market = np.repeat(np.arange(MARKETS), SOURCES)
    price, made = pl.col("price"), []
    for prices, publish, wall, _ in rounds:
        told = {"market": market, "price": prices.ravel(), "publish": publish.ravel()}
        fresh = pl.DataFrame(told).lazy().filter(wall - pl.col("publish") <= MAX_AGE)
        middle = price.median().over("market")
        kept = fresh.filter((price - middle).abs() <= middle / 200)
        made.append(kept.group_by("market").agg(price.median()).collect())
    return made


BATCHES: dict[str, Callable[[], Run]] = {
    "core": batch_core,
    "int": lambda: batch_int,
    "numpy sort": lambda: batch_numpy_sort,
    "polars": lambda: batch_polars,
    "rules, int": batch_rules,
    "rules, numpy": batch_rules_numpy,
}


@pytest.mark.parametrize("way", list(BATCHES))
def test_batch(benchmark, matrices: list[Matrix], way: str) -> None:
    benchmark.group = "price: 1,000 markets x 5 sources, 16 rounds"
    if way == "core":
        few = matrices[:4]
        expected = batch_rules()(few)
        assert [row.tolist() for row in batch_core()(few)] == expected
        assert [row.tolist() for row in batch_rules_numpy()(few)] == expected
    run = BATCHES[way]()
    turn = itertools.count(0, 16)

    def setup() -> tuple[tuple[list[Matrix]], dict[str, object]]:
        first = next(turn)
        return (matrices[first : first + 16],), {}

    # Each set is told once, in order: what was told before is refused as a duplicate.
    benchmark.pedantic(run, setup=setup, rounds=16)
