"""A batch answers what its parts do, however long it is."""

import numpy as np
import pytest

from vanta import _core

SECOND = 10**9
WALL = 1_700_000_000 * SECOND
MONO = 10**12
MARKETS = 300
SOURCES = 5
PART = 1_000


def a_book() -> _core.PriceBook:
    book = _core.PriceBook(_core.AggregateConfig())
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=MONO)
    for market in range(MARKETS):
        book.add_market(market, min_price_e10=10**9, max_price_e10=10**18)
        for source in range(SOURCES):
            book.add_feed(market, source, kind="stream", group=source, primary=source == 0)
    return book


def columns(rows: int) -> dict[str, np.ndarray]:
    """Many words of each feed; some jump, some come out of order."""
    seeded = np.random.default_rng(20261120)
    market = seeded.integers(0, MARKETS, rows).astype(np.uint16)
    price = (100 + market.astype(np.int64)) * 10**10 + seeded.integers(-(10**7), 10**7, rows)
    price[seeded.random(rows) < 0.02] *= 2
    return {
        "market_ix": market,
        "source_ix": seeded.integers(0, SOURCES, rows).astype(np.uint16),
        "price_e10": price,
        "conf_e10": np.zeros(rows, np.int64),
        "publish_ns": WALL - seeded.integers(0, SECOND, rows),
        "seq": np.full(rows, -1, np.int64),
    }


def offer(book: _core.PriceBook, rows: dict[str, np.ndarray]) -> list[int]:
    clocks = {"recv_wall_ns": WALL, "recv_mono_ns": MONO}
    market, source, *_ = rows.values()
    rest = {name: rows[name] for name in ("price_e10", "conf_e10", "publish_ns", "seq")}
    return book.update_batch(market, source, **rest, **clocks).tolist()


def seen(book: _core.PriceBook) -> list[list[int]]:
    every = np.arange(MARKETS, dtype=np.uint16)
    quotes = book.quotes(every, now_wall_ns=WALL, now_mono_ns=MONO)
    return [quotes.price_e10.tolist(), quotes.quality.tolist(), quotes.as_of_ns.tolist()]


@pytest.mark.parametrize("rows", [PART - 1, PART, PART + 1, 25 * PART])
def test_a_long_batch_answers_as_its_parts(rows: int) -> None:
    whole, parts, asked = a_book(), a_book(), columns(rows)
    answers = offer(whole, asked)
    in_parts: list[int] = []
    for start in range(0, rows, PART):
        in_parts += offer(
            parts, {name: column[start : start + PART] for name, column in asked.items()}
        )
    assert answers == in_parts
    assert len(set(answers)) > 2
    assert seen(whole) == seen(parts)
    assert whole.counters() == parts.counters()
