"""The Python face of the price book: declarations, wrong arguments, names, threads."""

import threading

import numpy as np
import pytest

from vanta._core import (
    BREAKERS,
    PRICE_REJECTS,
    QUALITIES,
    AggregateConfig,
    InvalidInput,
    PriceBook,
)
from vanta.domain.enums import Breaker, Quality

ONE = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
NOW = {"now_wall_ns": WALL, "now_mono_ns": SECOND}
RECEIVED = {"recv_wall_ns": WALL, "recv_mono_ns": SECOND}


def a_book(markets: int = 1, sources: int = 2) -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, **NOW)
    for market in range(markets):
        book.add_market(market, min_price_e10=1, max_price_e10=2**62)
        for source in range(sources):
            book.add_feed(market, source, kind="stream", group=source, primary=source == 0)
    return book


def columns(count: int) -> dict[str, np.ndarray]:
    return {
        "price_e10": np.full(count, ONE, dtype=np.int64),
        "conf_e10": np.zeros(count, dtype=np.int64),
        "publish_ns": np.full(count, WALL, dtype=np.int64),
        "seq": np.full(count, -1, dtype=np.int64),
    }


def test_names_are_those_of_the_domain() -> None:
    assert [q.name for q in Quality] == list(QUALITIES)
    assert [b.name for b in Breaker] == list(BREAKERS)
    assert PRICE_REJECTS[0] == "ACCEPTED"
    assert list(a_book().counters()) == list(PRICE_REJECTS)


@pytest.mark.parametrize(
    ("constants", "names"),
    [
        ({"strikes": 9}, "strikes 9"),
        ({"deviation_e10": -1}, "deviation_e10 -1"),
        ({"tolerance_cap_e10": ONE + 1}, "tolerance_cap_e10"),
        ({"version": 10**30}, "version"),
        ({"breaker_window_ns": 16 * SECOND}, "breaker_window_ns"),
        ({"stream_max_age_ns": 0}, "stream_max_age_ns 0"),
    ],
)
def test_a_constant_out_of_range_is_named(constants: dict[str, int], names: str) -> None:
    assert AggregateConfig(version=2**63 - 2).version == 2**63 - 2
    with pytest.raises(InvalidInput, match=names):
        AggregateConfig(**constants)


def test_an_unknown_constant_or_a_float_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="no_such"):
        AggregateConfig(no_such=1)
    with pytest.raises(TypeError, match="version must be an integer"):
        AggregateConfig(version=1.5)


def test_constants_reach_the_book() -> None:
    book = PriceBook(AggregateConfig(version=3, stream_max_age_ns=SECOND))
    book.set_clock_offset(0, **NOW)
    book.add_market(0, min_price_e10=1, max_price_e10=ONE)
    book.add_feed(0, 0, kind="stream", group=0, primary=True)
    book.update(0, 0, value=1, publish_ns=WALL, **RECEIVED)
    quote = book.quote(0, now_wall_ns=WALL + SECOND, now_mono_ns=2 * SECOND)
    assert QUALITIES[quote.quality] == "SINGLE"
    assert quote.config_version == 3
    late = book.quote(0, now_wall_ns=WALL + SECOND + 1, now_mono_ns=2 * SECOND + 1)
    assert QUALITIES[late.quality] == "STALE"


@pytest.mark.parametrize(
    "declare",
    [
        lambda b: b.add_market(0, min_price_e10=1, max_price_e10=2),
        lambda b: b.add_market(1, min_price_e10=0, max_price_e10=2),
        lambda b: b.add_market(1, min_price_e10=3, max_price_e10=2),
        lambda b: b.add_market(70_000, min_price_e10=1, max_price_e10=2),
        lambda b: b.add_market(-1, min_price_e10=1, max_price_e10=2),
        lambda b: b.add_market(1, min_price_e10=1, max_price_e10=2**63),
        lambda b: b.add_feed(9, 0, kind="stream", group=0),
        lambda b: b.add_feed(0, 0, kind="stream", group=0),
        lambda b: b.add_feed(0, 5, kind="pull", group=0),
        lambda b: b.add_feed(0, 5, kind="push", group=5),
        lambda b: b.add_feed(0, 5, kind="stream", group=5, primary=True),
        lambda b: b.add_feed(0, 5, kind="stream", group=5, expo=-19),
        lambda b: b.add_feed(0, 5, kind="stream", group=5, interval_ns=0),
        lambda b: b.set_head(0, head_ns=WALL, **NOW),
        lambda b: b.withdraw(0, 9, **NOW),
        lambda b: b.repin(9, 0, expo=-8, **NOW),
        lambda b: b.quote(9, **NOW),
        lambda b: b.quote(0, now_wall_ns=-1, now_mono_ns=0),
        lambda b: b.alarms(9, **NOW),
        lambda b: b.ages(9, **NOW),
        lambda b: b.quotes(np.array([0, 9], dtype=np.uint16), **NOW),
        lambda b: b.quotes(np.array([0], dtype=np.int64), **NOW),
        lambda b: b.quotes(np.zeros((1, 1), dtype=np.uint16), **NOW),
        lambda b: b.quotes(np.zeros(4, dtype=np.uint16)[::2], **NOW),
        lambda b: b.quotes([0], **NOW),
    ],
)
def test_a_wrong_argument_is_invalid_input(declare) -> None:
    with pytest.raises(InvalidInput):
        declare(a_book())


@pytest.mark.parametrize("name", ["price_e10", "conf_e10", "publish_ns", "seq"])
def test_a_column_of_a_batch_is_checked_and_nothing_is_applied(name: str) -> None:
    book = a_book()
    ix = np.zeros(3, dtype=np.uint16)
    for wrong in (
        np.zeros(2, dtype=np.int64),
        np.zeros(3, dtype=np.float64),
        np.zeros(6, dtype=np.int64)[::2],
    ):
        with pytest.raises(InvalidInput, match=name):
            book.update_batch(ix, ix, **columns(3) | {name: wrong}, **RECEIVED)
    assert sum(book.counters().values()) == 0


@pytest.mark.parametrize(("market", "source"), [(9, 0), (0, 9), (70_000, 0), (0, -1), (2**80, 0)])
def test_an_unknown_feed_is_an_answer_not_an_exception(market: int, source: int) -> None:
    book = a_book()
    code = book.update(market, source, value=ONE, publish_ns=WALL, **RECEIVED)
    assert PRICE_REJECTS[code] == "MALFORMED"
    assert book.counters()["MALFORMED"] == 1


def test_an_empty_batch_is_fine() -> None:
    book = a_book()
    ix = np.zeros(0, dtype=np.uint16)
    assert book.update_batch(ix, ix, **columns(0), **RECEIVED).tolist() == []
    assert book.quotes(ix, **NOW).price_e10.tolist() == []


def test_objects_cannot_be_changed() -> None:
    book = a_book()
    book.update(0, 0, value=ONE, publish_ns=WALL, **RECEIVED)
    quote = book.quote(0, **NOW)
    assert repr(quote).startswith("Quote(market_ix=0, price_e10=10000000000, quality=SINGLE")
    for thing, name in ((quote, "price_e10"), (book, "update"), (AggregateConfig(), "version")):
        with pytest.raises(AttributeError):
            setattr(thing, name, 1)


def test_threads_share_a_book() -> None:
    book = a_book(markets=50)
    rounds, workers = 200, 4
    every = np.arange(50, dtype=np.uint16)
    failures: list[BaseException] = []

    def work(source: int) -> None:
        try:
            for n in range(rounds):
                at = WALL + n
                book.update_batch(
                    every,
                    np.full(50, source % 2, dtype=np.uint16),
                    **columns(50) | {"publish_ns": np.full(50, at, dtype=np.int64)},
                    recv_wall_ns=at,
                    recv_mono_ns=SECOND + n,
                )
                book.quotes(every, now_wall_ns=at, now_mono_ns=SECOND + n)
                book.update(0, source % 2, value=ONE, publish_ns=at, **RECEIVED)
                book.quote(n % 50, now_wall_ns=at, now_mono_ns=SECOND + n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(book.counters().values()) == workers * rounds * 51
    last = book.quotes(every, now_wall_ns=WALL + rounds, now_mono_ns=SECOND + rounds)
    assert {QUALITIES[q] for q in last.quality} == {"GOOD"}
