"""A thousand markets with five sources each, all of them speaking in one batch, then all quotes.

Peers as in `test_bench_price`: the short ones know neither gates nor state, the `rules` ones keep
the same rules. Polars expresses no state between two rounds: its `rules` leave out the jump guard,
the order of a source's words and the clock on which a word grows old without the wall clock.

A batch goes the way of single ticks, word by word, without a call for each. The wall is memory: of
each market about 3.2 KB of state are read and written, and its combination divides twice (spread,
smoothed gap).
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from price_peers import (
    MAX_AGE,
    MONO,
    SECOND,
    SETS,
    SOURCES,
    WALL,
    NumpyRules,
    Prices,
    Rules,
    book_of,
    combine_int,
    make_sets,
)

from vanta._core import PriceBook


@pytest.fixture(scope="module")
def sets() -> list[Prices]:
    return make_sets()


Matrix = tuple[Any, Any, int, int]
MARKETS = 1_000
# Of one call.
ROUNDS = 16


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


def batch_rules_polars(rounds: list[Matrix]) -> list[Any]:
    pl = pytest.importorskip("polars")
    told = {"market": np.repeat(np.arange(MARKETS), SOURCES)}
    told["source"] = np.tile(np.arange(SOURCES), MARKETS)
    price, publish, close = pl.col("price"), pl.col("publish"), pl.col("close")
    middle, far = pl.col("middle"), pl.col("far")
    agreed, count = pl.col("agreed"), pl.col("count")
    made = []
    for prices, published, wall, _ in rounds:
        frame = pl.DataFrame(told | {"price": prices.ravel(), "publish": published.ravel()})
        fresh = frame.lazy().filter(
            (price > 0)
            & (price <= 2**62)
            & (publish <= wall + SECOND)
            & (wall - publish <= MAX_AGE)
        )
        combined = (
            fresh.with_columns(middle=price.median().over("market"))
            .with_columns(far=(price - middle).abs())
            .with_columns(noise=far.median().over("market") * 4.4478)
            .with_columns(close=far <= pl.max_horizontal(middle / 200, "noise"))
            .group_by("market", maintain_order=True)
            .agg(
                count=pl.len(),
                agreed=close.sum(),
                spread=(price.max() - price.min()) / price.min(),
                as_of=publish.filter(close).min(),
                primary=price.filter(close & (pl.col("source") == 0)).first(),
                other=price.filter(close).median(),
            )
            .with_columns(good=(agreed >= 2) & (2 * agreed > count))
            .with_columns(price=pl.when("good").then(pl.coalesce("primary", "other")).otherwise(0))
        )
        made.append(combined.collect())
    return made


BATCHES: dict[str, Callable[[], Run]] = {
    "core": batch_core,
    "int": lambda: batch_int,
    "numpy sort": lambda: batch_numpy_sort,
    "polars": lambda: batch_polars,
    "rules, polars": lambda: batch_rules_polars,
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
    if way == "rules, polars":
        few = matrices[:4]
        assert [rows["price"].to_list() for rows in batch_rules_polars(few)] == batch_rules()(few)
    run = BATCHES[way]()
    benchmark.extra_info["per"] = ROUNDS * MARKETS
    turn = itertools.count(0, ROUNDS)

    def setup() -> tuple[tuple[list[Matrix]], dict[str, object]]:
        first = next(turn)
        return (matrices[first : first + ROUNDS],), {}

    # Each set is told once, in order: what was told before is refused as a duplicate.
    benchmark.pedantic(run, setup=setup, rounds=16)
