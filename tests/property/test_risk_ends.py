"""The risk book with numbers from all over 64 bits: a verdict or a named error, never a panic.

The core is built with overflow checks, so any unchecked sum would end as a `PanicException`, which
is no `Exception` and ends the test.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

E10 = 10**10
I64 = 2**63 - 1
anything = st.one_of(
    st.sampled_from([0, 1, E10, 10**12, I64 - 1, I64]),
    st.integers(0, 10**12),
    st.integers(0, I64),
)
signed = st.one_of(anything, anything.map(lambda x: -x), st.just(-I64 - 1))
amounts = st.integers(-I64, I64) | anything
share = st.integers(0, E10)

LIMITS = (
    "max_leverage_e10", "max_position_e6", "max_account_risk_e10", "max_daily_loss_e10",
    "opens_per_minute", "trades_per_day", "volume_hour_e6", "volume_day_e6", "max_losses_in_row",
)  # fmt: skip


def attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return the answer, or the core's own error."""
    try:
        return call(*arguments, **named)
    except _core.VantaError as error:
        assert str(error)
        return error


def column(value: int) -> Any:
    return np.array([value], dtype=np.int64)


def one_row(ask: dict[str, Any]) -> dict[str, Any]:
    """The same open as arrays of one row."""
    arrays = {
        name: np.array([value], dtype=np.int64)
        for name, value in ask.items()
        if name.endswith(("_e6", "_e10"))
    }
    return {
        "market_ix": np.array([1], dtype=np.uint16),
        "is_long": np.array([ask["is_long"]]),
        "now_ns": ask["now_ns"],
        **arrays,
    }


USER = np.array([7], dtype=np.uint32)


@unhurried
@given(data=st.data())
def test_no_number_panics(data: st.DataObject) -> None:
    draw = data.draw
    book = _core.RiskBook()
    attempt(
        book.set_market,
        1,
        min_leverage_e10=0,
        max_leverage_e10=draw(anything),
        min_notional_e6=draw(anything),
        threshold_e10=draw(share),
        open_fee_e10=draw(share),
        close_fee_e10=draw(share),
        spread_e10=draw(share),
    )
    book.load_users(
        USER,
        cash_e6=column(draw(amounts)),
        day_start_equity_e6=column(draw(amounts)),
        losses_in_row=column(draw(anything)),
        liquidation_buffer_e10=column(draw(share)),
        **{name: column(draw(anything)) for name in LIMITS},
    )
    for _ in range(draw(st.integers(1, 6))):
        ask: dict[str, Any] = {
            "market_ix": 1,
            "is_long": draw(st.booleans()),
            "collateral_e6": draw(anything),
            "leverage_e10": draw(anything),
            "price_e10": draw(anything),
            "stop_loss_e10": draw(anything),
            "now_ns": draw(anything),
        }
        match draw(st.sampled_from(["ask", "batch", "fill", "mark", "opens", "day"])):
            case "ask":
                verdict = attempt(book.admit, 7, **ask)
                if isinstance(verdict, _core.RiskVerdict):
                    assert verdict.ok == (verdict.reservation != 0)
                    assert 0 <= verdict.nearest_collateral_e6 < ask["collateral_e6"]
                    assert verdict.worst_loss_e6 >= 0
            case "batch":
                attempt(book.admit_batch, USER, **one_row(ask))
            case "fill":
                attempt(
                    book.apply_fill,
                    7,
                    position_id=draw(signed),
                    market_ix=1,
                    is_long=ask["is_long"],
                    entry_e10=ask["price_e10"],
                    collateral_e6=ask["collateral_e6"],
                    leverage_e10=ask["leverage_e10"],
                    cash_delta_e6=draw(signed),
                    realised_e6=draw(signed),
                    is_close=draw(st.booleans()),
                    at_ns=ask["now_ns"],
                    reservation=draw(st.integers(0, 3)),
                )
            case "mark":
                price_e10 = column(ask["price_e10"])
                attempt(book.set_marks, np.array([1], dtype=np.uint16), price_e10=price_e10)
            case "opens":
                at_ns, notional_e6 = column(ask["now_ns"]), column(ask["collateral_e6"])
                attempt(book.load_opens, USER, at_ns=at_ns, notional_e6=notional_e6)
            case "day":
                equity_e6 = draw(signed)
                attempt(book.start_day, 7, day_start_ns=ask["now_ns"], equity_e6=equity_e6)
        attempt(book.exposure, 7, now_ns=ask["now_ns"])
    for reservation in range(1, 8):
        book.release(reservation)
    book.dump()
