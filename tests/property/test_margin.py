"""Margin maths against exact fractions, over the whole range of 64 bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.oracles import margin as oracle
from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

E6 = 10**6
E10 = 10**10
I64 = 2**63 - 1


def spread_out(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers of every magnitude, both ends included."""
    return st.one_of(
        st.integers(low, min(high, low + 3)),
        st.integers(low, min(high, 10**7)),
        st.integers(low, min(high, 10**13)),
        st.integers(low, high),
        st.just(high),
    )


prices = spread_out(1, I64)
collaterals = spread_out(1, I64)
leverages = st.one_of(st.integers(1, 500).map(lambda x: x * E10), spread_out(1, I64))
shares = st.one_of(st.sampled_from([0, 1, E10 // 20, 85 * 10**8, E10]), st.integers(0, E10))
charges = st.one_of(st.just(0), st.integers(-(10**12), 10**12), st.integers(-I64, I64))


def same(ours: Callable[..., int], theirs: Callable[..., int | None], **kwargs: Any) -> None:
    """The core's answer is the oracle's; where that does not fit, the core says so."""
    expected = theirs(**kwargs)
    if expected is None:
        with pytest.raises(_core.ArithmeticOverflow):
            ours(**kwargs)
    else:
        assert ours(**kwargs) == expected


@unhurried
@given(collateral_e6=spread_out(0, I64), leverage_e10=spread_out(0, I64))
def test_notional(collateral_e6: int, leverage_e10: int) -> None:
    same(
        _core.notional,
        oracle.notional,
        collateral_e6=collateral_e6,
        leverage_e10=leverage_e10,
    )


@unhurried
@given(notional_e6=spread_out(0, I64), rate_e10=spread_out(0, I64))
def test_fee(notional_e6: int, rate_e10: int) -> None:
    same(_core.fee, oracle.fee, notional_e6=notional_e6, rate_e10=rate_e10)


@unhurried
@given(price_e10=prices, spread_e10=shares, is_long=st.booleans(), is_open=st.booleans())
def test_execution_price(price_e10: int, spread_e10: int, is_long: bool, is_open: bool) -> None:
    same(
        _core.execution_price,
        oracle.execution_price,
        price_e10=price_e10,
        spread_e10=spread_e10,
        is_long=is_long,
        is_open=is_open,
    )


@unhurried
@given(
    entry_e10=prices,
    price_e10=prices,
    collateral_e6=spread_out(0, I64),
    leverage_e10=leverages,
    is_long=st.booleans(),
)
@example(entry_e10=I64, price_e10=1, collateral_e6=I64, leverage_e10=I64, is_long=False)
@example(entry_e10=1, price_e10=I64, collateral_e6=I64, leverage_e10=I64, is_long=True)
def test_pnl(**kwargs: Any) -> None:
    same(_core.pnl, oracle.pnl, **kwargs)


@unhurried
@given(
    entry_e10=prices,
    collateral_e6=collaterals,
    leverage_e10=leverages,
    is_long=st.booleans(),
    threshold_e10=shares,
    rollover_e6=charges,
    funding_e6=charges,
)
@example(
    entry_e10=I64, collateral_e6=I64, leverage_e10=I64, is_long=False, threshold_e10=E10,
    rollover_e6=-I64, funding_e6=-I64,
)  # fmt: skip
def test_liquidation_price(**kwargs: Any) -> None:
    same(_core.liquidation_price, oracle.liquidation_price, **kwargs)


@unhurried
@given(
    entry_e10=prices,
    liquidation_e10=spread_out(0, I64),
    buffer_e10=shares,
    is_long=st.booleans(),
)
def test_safe_line(**kwargs: Any) -> None:
    same(_core.safe_line, oracle.safe_line, **kwargs)


@unhurried
@given(
    risk_e6=spread_out(0, 10**15),
    entry_e10=st.integers(2, 10**17),
    distance=st.integers(1, E10 - 1),
    leverage_e10=st.integers(E10 // 10, 1000 * E10),
    cost_e10=st.integers(0, E10),
    is_long=st.booleans(),
)
def test_size_for_risk_is_the_largest(
    risk_e6: int, entry_e10: int, distance: int, leverage_e10: int, cost_e10: int, is_long: bool
) -> None:
    away = min(max(1, entry_e10 * distance // E10), entry_e10 - 1)
    trade: dict[str, Any] = {
        "entry_e10": entry_e10,
        "stop_e10": entry_e10 - away if is_long else entry_e10 + away,
        "leverage_e10": leverage_e10,
        "cost_e10": cost_e10,
        "is_long": is_long,
    }
    try:
        size = _core.size_for_risk(risk_e6=risk_e6, **trade)
    except _core.ArithmeticOverflow:
        # No bound within 64 bits: the largest collateral still loses less than the risk.
        assert oracle.loss_at_stop(I64, **trade) <= risk_e6
        return
    assert oracle.loss_at_stop(size, **trade) <= risk_e6
    larger = oracle.loss_at_stop(size + 1, **trade)
    # An amount that outgrows its unit is larger than any risk.
    fits = oracle.notional(collateral_e6=size + 1, leverage_e10=leverage_e10) is not None
    assert larger > risk_e6 or not fits


positions = st.tuples(
    st.integers(1, 10**16),
    st.integers(1, 10**16),
    st.integers(1, 10**14),
    st.integers(E10, 1000 * E10),
    st.booleans(),
    shares,
    shares,
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9),
)


def _column(rows: list[tuple[Any, ...]], index: int, dtype: Any = np.int64) -> Any:
    return np.array([row[index] for row in rows], dtype=dtype)


@unhurried
@given(rows=st.lists(positions, max_size=20))
def test_batches_are_the_scalar_function_row_by_row(rows: list[tuple[Any, ...]]) -> None:
    expected = []
    for entry, price, collateral, leverage, is_long, threshold, buffer, *_ in rows:
        one = oracle.health(
            entry_e10=entry,
            price_e10=price,
            collateral_e6=collateral,
            leverage_e10=leverage,
            is_long=is_long,
            threshold_e10=threshold,
            buffer_e10=buffer,
        )
        if one is None:
            return
        expected.append(one)
    size: dict[str, Any] = {
        "entry_e10": _column(rows, 0),
        "collateral_e6": _column(rows, 2),
        "leverage_e10": _column(rows, 3),
        "is_long": _column(rows, 4, np.bool_),
    }
    price_e10 = _column(rows, 1)
    health = _core.health_scan(
        price_e10=price_e10,
        threshold_e10=_column(rows, 5),
        buffer_e10=_column(rows, 6),
        **size,
    )
    scanned = zip(
        health.liquidation_e10.tolist(),
        health.safe_line_e10.tolist(),
        health.pnl_e6.tolist(),
        health.distance_left_e10.tolist(),
        health.state.tolist(),
        strict=True,
    )
    assert list(scanned) == expected
    profits = _core.pnls(price_e10=price_e10, **size)
    assert profits.dtype == np.int64
    assert profits.tolist() == health.pnl_e6.tolist()
    charged = [
        oracle.liquidation_price(
            entry_e10=row[0],
            collateral_e6=row[2],
            leverage_e10=row[3],
            is_long=row[4],
            threshold_e10=row[5],
            rollover_e6=row[7],
            funding_e6=row[8],
        )
        for row in rows
    ]
    arrays: dict[str, Any] = {
        "threshold_e10": _column(rows, 5),
        "rollover_e6": _column(rows, 7),
        "funding_e6": _column(rows, 8),
        **size,
    }
    if None in charged:
        with pytest.raises(_core.ArithmeticOverflow, match=f"row {charged.index(None)}: "):
            _core.liquidation_prices(**arrays)
    else:
        assert _core.liquidation_prices(**arrays).tolist() == charged


def long_columns(count: int) -> dict[str, Any]:
    seeded = np.random.default_rng(7)
    entry = seeded.integers(E10, 100_000 * E10, count)
    # Every seventh row lies beyond what the quick way takes.
    entry[::7] += 2**57
    return {
        "entry_e10": entry,
        "price_e10": entry - entry // 50 + seeded.integers(0, entry // 25),
        "collateral_e6": seeded.integers(E6, 10_000 * E6, count),
        "leverage_e10": seeded.integers(E10, 100 * E10, count),
        "is_long": seeded.random(count) < 0.5,
        "threshold_e10": np.full(count, 85 * 10**8),
        "buffer_e10": np.full(count, E10 // 20),
    }


def test_a_scan_of_many_pieces_is_the_scalar_functions_row_by_row() -> None:
    count = 2 * 32_768 + 5
    columns = long_columns(count)
    scan = _core.health_scan(**columns)
    pnls = _core.pnls(**{k: v for k, v in columns.items() if not k.endswith(("old_e10", "r_e10"))})
    assert (scan.pnl_e6 == pnls).all()
    for row in (0, 1, 32_767, 32_768, 65_535, 65_536, count - 1, *range(7, count, 4_999)):
        one = {name: column[row].item() for name, column in columns.items()}
        buffer, price = one.pop("buffer_e10"), one.pop("price_e10")
        line = _core.liquidation_price(**one)
        assert scan.liquidation_e10[row] == line
        entry, is_long = one["entry_e10"], one["is_long"]
        safe = _core.safe_line(
            entry_e10=entry, liquidation_e10=line, buffer_e10=buffer, is_long=is_long
        )
        assert scan.safe_line_e10[row] == safe
        del one["threshold_e10"]
        assert scan.pnl_e6[row] == _core.pnl(**one, price_e10=price)


def test_a_scan_into_a_used_answer_is_the_same_answer() -> None:
    columns = long_columns(32_768 + 3)
    used = _core.health_scan(**{**columns, "price_e10": columns["entry_e10"]})
    again = _core.health_scan(**columns, out=used)
    fresh = _core.health_scan(**columns)
    assert again is used
    for name in ("liquidation_e10", "safe_line_e10", "pnl_e6", "distance_left_e10", "state"):
        assert (getattr(again, name) == getattr(fresh, name)).all()


def test_a_scan_names_the_row_of_the_whole_batch_and_a_wrong_out() -> None:
    columns = long_columns(32_768 + 3)
    columns["leverage_e10"][32_769] = 0
    with pytest.raises(_core.InvalidInput, match=r"row 32769: leverage_e10 0"):
        _core.health_scan(**columns)
    columns["leverage_e10"][32_769] = E10
    other = _core.health_scan(**long_columns(3))
    with pytest.raises(_core.InvalidInput, match="out has 3 rows, entry_e10 has 32771"):
        _core.health_scan(**columns, out=other)
    own = _core.health_scan(**columns)
    own.pnl_e6.flags.writeable = False
    with pytest.raises(_core.InvalidInput, match="out cannot be written"):
        _core.health_scan(**columns, out=own)
