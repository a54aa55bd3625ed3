"""The risk book against the slow one: single questions with random limits and histories."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.risk import DAY, E10, HOUR, MINUTE, Ask, Limits, Market
from tests.oracles.risk_pair import Pair

unhurried = settings(deadline=None)  # a busy machine is no failure

E6 = 10**6
NOON = 20_000 * DAY + DAY // 2


def near(limit: int) -> st.SearchStrategy[int]:
    """Values of every size, those around `limit` often."""
    return st.one_of(st.integers(max(0, limit - 1), limit + 1), st.integers(0, 3 * limit + 1))


shares = st.one_of(st.sampled_from([0, E10 // 20, E10 // 10, E10]), st.integers(0, E10))
rates = st.one_of(st.sampled_from([0, 6 * 10**6]), st.integers(0, E10 // 50))
markets = st.builds(
    Market,
    min_leverage_e10=st.sampled_from([0, E10, 2 * E10]),
    max_leverage_e10=st.sampled_from([5 * E10, 100 * E10]),
    min_notional_e6=near(100 * E6),
    threshold_e10=shares,
    open_fee_e10=rates,
    close_fee_e10=rates,
    spread_e10=rates,
    is_open=st.sampled_from([True, True, True, False]),
)
limits = st.builds(
    Limits,
    max_leverage_e10=near(50 * E10),
    max_position_e6=near(10_000 * E6),
    max_account_risk_e10=shares,
    liquidation_buffer_e10=shares,
    max_daily_loss_e10=shares,
    opens_per_minute=st.integers(0, 6),
    trades_per_day=st.integers(0, 8),
    volume_hour_e6=near(20_000 * E6),
    volume_day_e6=near(50_000 * E6),
    max_losses_in_row=st.integers(0, 12),
)
leverages = st.one_of(st.integers(1, 120).map(lambda x: x * E10), st.integers(1, 60 * E10))
moments = st.one_of(
    st.integers(NOON - DAY, NOON),
    st.integers(NOON - HOUR - 2, NOON - HOUR + 2),
    st.integers(NOON - MINUTE - 2, NOON),
)


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    price = draw(st.one_of(st.just(1_000 * E10), st.integers(1_000, 10**6 * E10)))
    away = draw(st.one_of(st.none(), st.integers(-price // 10, price // 2)))
    is_long = draw(st.booleans())
    stop = 0 if away is None else max(1, price - away if is_long else price + away)
    return Ask(
        user_ix=7,
        market_ix=draw(st.sampled_from([1, 1, 1, 1, 2])),
        is_long=is_long,
        collateral_e6=draw(near(500 * E6)) + 1,
        leverage_e10=draw(leverages),
        price_e10=price,
        stop_loss_e10=stop,
        now_ns=NOON,
    )


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    books = Pair()
    books.set_market(1, draw(markets))
    books.load_user(
        7,
        cash_e6=draw(near(1_000 * E6)),
        start_e6=draw(near(1_000 * E6)),
        losses_in_row=draw(st.integers(0, 12)),
        limits=draw(limits),
    )
    books.load_opens(7, draw(st.lists(st.tuples(moments, near(3_000 * E6)), max_size=8)))
    return books


@unhurried
@given(data=st.data(), ask=asks())
def test_every_answer_is_the_slow_books_answer(data: st.DataObject, ask: Ask) -> None:
    books = data.draw(pairs())
    if data.draw(st.booleans()):
        books.start_day(7, NOON - NOON % DAY, data.draw(near(1_000 * E6)))
    books.check(ask)
    books.admit(ask)
    books.exposure(7, ask.now_ns)


@unhurried
@given(data=st.data(), ask=asks())
def test_release_undoes_admit(data: st.DataObject, ask: Ask) -> None:
    books = data.draw(pairs())
    before = books.exposure(7, ask.now_ns)
    reservation = books.admit(ask)
    assert books.release(reservation) == (reservation != 0)
    assert books.exposure(7, ask.now_ns) == before
    assert not books.release(reservation)


@unhurried
@given(data=st.data(), rows=st.lists(asks(), max_size=12))
def test_a_batch_is_admit_row_by_row(data: st.DataObject, rows: list[Ask]) -> None:
    books = data.draw(pairs())

    def column(name: str, dtype: Any) -> Any:
        return np.array([getattr(row, name) for row in rows], dtype=dtype)

    # A second core book gets the batch; `books` gets the rows.
    twin = Pair()
    twin.set_market(1, books.slow.markets[1])
    user = books.slow.users[7]
    twin.load_user(
        7,
        cash_e6=user.cash_e6,
        start_e6=user.start_e6,
        losses_in_row=user.losses_in_row,
        limits=user.limits,
    )
    twin.load_opens(7, [(at, size) for at, size, _ in user.opens])
    batch = twin.core.admit_batch(
        column("user_ix", np.uint32),
        market_ix=column("market_ix", np.uint16),
        is_long=column("is_long", np.bool_),
        collateral_e6=column("collateral_e6", np.int64),
        leverage_e10=column("leverage_e10", np.int64),
        price_e10=column("price_e10", np.int64),
        stop_loss_e10=column("stop_loss_e10", np.int64),
        now_ns=NOON,
    )
    for index, row in enumerate(rows):
        verdict = books.core.admit(**row.__dict__)
        first = verdict.failures[0] if verdict.failures else None
        assert bool(batch.ok[index]) == verdict.ok
        assert int(batch.rule[index]) == (first.rule if first else 0)
        assert int(batch.value[index]) == (first.value if first else 0)
        assert int(batch.limit[index]) == (first.limit if first else 0)
        assert int(batch.resets_at_ns[index]) == (first.resets_at_ns if first else 0)
        assert int(batch.nearest_collateral_e6[index]) == verdict.nearest_collateral_e6
        assert int(batch.reservation[index]) == verdict.reservation
    one, other = books.core.exposure(7, now_ns=NOON), twin.core.exposure(7, now_ns=NOON)
    assert (one.reserved_e6, one.volume_day_e6) == (other.reserved_e6, other.volume_day_e6)
