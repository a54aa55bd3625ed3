"""The core's combination against the fraction oracle, and its batches against its scalars."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.price_combination import Voice, combine
from vanta._core import PRICE_REJECTS, QUALITIES, AggregateConfig, PriceBook

ONE = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
MONO = 50 * SECOND

# Prices crowd around the tolerances: 0.5 %, 0.8 %, 1.5 %, and a hair beside them.
near = st.sampled_from([0, 40, 50, 51, 80, 100, 149, 150, 151, 300])


@st.composite
def voices(draw: st.DrawFn) -> list[Voice]:
    base = draw(st.sampled_from([ONE // 1000, ONE, 60_000 * ONE, 3_333_333_333]))
    count = draw(st.integers(0, 9))
    primary = draw(st.integers(-1, count))
    made = []
    for index in range(count):
        away = base * draw(near) // 10_000 * draw(st.sampled_from([-1, 1]))
        price = base + away + draw(st.integers(-2, 2))
        conf = draw(st.one_of(st.just(0), st.integers(1, price // 200)))
        deviation = draw(st.sampled_from([0, 0, 0, ONE // 200, ONE // 100]))
        made.append(Voice(price, conf, deviation, index == primary))
    return made


def book_of(voices: list[Voice], *, with_primary: bool) -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=MONO)
    book.add_market(0, min_price_e10=1, max_price_e10=2**62)
    for index, voice in enumerate(voices):
        book.add_feed(
            0,
            index,
            kind="push" if voice.deviation_e10 else "stream",
            group=index,
            primary=voice.primary,
            heartbeat_ns=1_200 * SECOND,
            deviation_e10=voice.deviation_e10,
        )
    if with_primary and not any(v.primary for v in voices):
        book.add_feed(0, 15, kind="stream", group=15, primary=True)
    return book


def say(book: PriceBook, voices: list[Voice], order: list[int]) -> None:
    for index, voice in enumerate(voices):
        if voice.deviation_e10:
            book.set_head(index, head_ns=WALL, now_wall_ns=WALL, now_mono_ns=MONO)
    for index in order:
        voice = voices[index]
        code = book.update(
            0,
            index,
            value=voice.price,
            conf=voice.conf or None,
            publish_ns=WALL,
            recv_wall_ns=WALL,
            recv_mono_ns=MONO,
        )
        assert PRICE_REJECTS[code] == "ACCEPTED"


@settings(max_examples=400, deadline=None)
@given(voices=voices(), with_primary=st.booleans(), data=st.data())
def test_the_combination_is_that_of_the_oracle(
    voices: list[Voice], with_primary: bool, data: st.DataObject
) -> None:
    # All at one instant, in any order: nothing but the combination is at work.
    order = data.draw(st.permutations(range(len(voices))))
    has_primary = with_primary or any(v.primary for v in voices)
    book = book_of(voices, with_primary=with_primary)
    say(book, voices, order)
    quote = book.quote(0, now_wall_ns=WALL, now_mono_ns=MONO)
    expected = combine(voices, has_primary=has_primary)
    assert QUALITIES[quote.quality] == expected.quality
    if expected.price:
        assert quote.price_e10 == expected.price
        assert set(quote.sources_used) == expected.used
    else:
        assert quote.sources_used == ()


rows = st.lists(
    st.tuples(
        st.integers(0, 3),  # market 3 does not exist
        st.integers(0, 4),  # source 4 does not exist
        st.integers(-5, 1_100 * ONE),
        st.sampled_from([0, 0, 1, ONE, 90 * ONE]),
        st.integers(-2, 3),
        st.sampled_from([-1, 0, 1, 2]),
    ),
    max_size=60,
)


def three_markets() -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=MONO)
    for market in range(3):
        book.add_market(market, min_price_e10=ONE, max_price_e10=1_000 * ONE)
        for source in range(4):
            book.add_feed(market, source, kind="stream", group=source // 2, primary=source == 0)
    return book


@settings(max_examples=200, deadline=None)
@given(rows=rows)
def test_batches_do_what_scalars_do(rows: list[tuple[int, ...]]) -> None:
    one, many = three_markets(), three_markets()
    scalar = [
        one.update(
            market,
            source,
            value=price,
            conf=conf or None,
            publish_ns=WALL + ahead * SECOND,
            seq=None if seq == -1 else seq,
            recv_wall_ns=WALL,
            recv_mono_ns=MONO,
        )
        for market, source, price, conf, ahead, seq in rows
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 6
    batch = many.update_batch(
        np.array(columns[0], dtype=np.uint16),
        np.array(columns[1], dtype=np.uint16),
        price_e10=np.array(columns[2], dtype=np.int64),
        conf_e10=np.array(columns[3], dtype=np.int64),
        publish_ns=np.array([WALL + a * SECOND for a in columns[4]], dtype=np.int64),
        seq=np.array(columns[5], dtype=np.int64),
        recv_wall_ns=WALL,
        recv_mono_ns=MONO,
    )
    assert batch.dtype == np.uint8
    assert batch.tolist() == scalar
    assert many.counters() == one.counters()
    asked = np.array([2, 0, 1, 0], dtype=np.uint16)
    now = {"now_wall_ns": WALL + SECOND, "now_mono_ns": MONO + SECOND}
    quotes = many.quotes(asked, **now)
    for row, market in enumerate(asked.tolist()):
        quote = one.quote(market, **now)
        assert quotes.market_ix[row] == quote.market_ix == market
        assert quotes.price_e10[row] == quote.price_e10
        assert quotes.quality[row] == quote.quality
        assert quotes.breaker[row] == quote.breaker
        assert quotes.as_of_ns[row] == quote.as_of_ns


@settings(max_examples=200, deadline=None)
@given(rows=rows, steps=st.lists(st.integers(0, 2 * SECOND), min_size=60, max_size=60))
def test_a_tick_is_an_update_and_a_quote(rows: list[tuple[int, ...]], steps: list[int]) -> None:
    apart, at_once = three_markets(), three_markets()
    passed = 0
    for (market, source, price, conf, ahead, seq), step in zip(rows, steps, strict=False):
        if market not in range(3):
            continue
        passed += step
        wall, mono = WALL + passed, MONO + passed
        publish = wall + ahead * SECOND
        code = apart.update(
            market,
            source,
            value=price,
            conf=conf or None,
            publish_ns=publish,
            seq=None if seq == -1 else seq,
            recv_wall_ns=wall,
            recv_mono_ns=mono,
        )
        quote = apart.quote(market, now_wall_ns=wall, now_mono_ns=mono)
        expected = (code, quote.price_e10, quote.quality, quote.breaker)
        assert at_once.tick(market, source, price, publish, wall, mono, conf, seq) == expected
    assert apart.counters() == at_once.counters()
