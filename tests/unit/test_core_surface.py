"""Margin and risk at their limits: overflow, batches that apply nothing, threads on one book.

What every call must refuse is in `test_core_hostile`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import ASK, ASKS, E6, E10, I64, NOW, calls, i64, loaded
from tests.fakes.threads import together
from vanta import _core


@pytest.mark.parametrize(
    ("call", "change"),
    [
        ("notional", {"collateral_e6": I64, "leverage_e10": 2 * E10}),
        ("fee", {"notional_e6": I64, "rate_e10": 2 * E10}),
        ("execution_price", {"price_e10": I64, "spread_e10": 1}),
        ("pnl", {"entry_e10": 1, "price_e10": I64, "collateral_e6": I64}),
        ("liquidation_price", {"entry_e10": I64, "is_long": False}),
        ("size_for_risk", {"risk_e6": I64, "leverage_e10": 1}),
        ("check", {"collateral_e6": I64}),
        ("admit", {"collateral_e6": I64}),
        ("apply_fill", {"cash_delta_e6": I64}),
        (
            "pnls",
            {"price_e10": i64(1, I64), "entry_e10": i64(1, 1), "is_long": np.array([True, True])},
        ),
        ("admit_batch", {"collateral_e6": i64(E6, I64)}),
    ],
)
def test_overflow_is_its_own_error(call: str, change: dict[str, Any]) -> None:
    function, good = calls()[call]
    with pytest.raises(_core.ArithmeticOverflow) as raised:
        function(**{**good, **change})
    assert isinstance(raised.value, ArithmeticError)
    assert isinstance(raised.value, _core.VantaError)
    assert not isinstance(raised.value, ValueError)


def test_a_wrong_batch_reserves_nothing() -> None:
    book = loaded()
    with pytest.raises(_core.InvalidInput, match="row 1: user_ix 9 is unknown"):
        book.admit_batch(**{**ASKS, "user_ix": np.array([7, 9], dtype=np.uint32)})
    assert book.exposure(7, now_ns=NOW).reserved_e6 == 0


def test_names_and_build() -> None:
    assert _core.RULES[0] == "NONE"
    assert len(_core.RULES) == len(set(_core.RULES)) == 17
    assert _core.build_profile in {"release", "debug"}
    assert _core.__version__
    assert _core.InvalidInput.__mro__[1:3] == (_core.VantaError, ValueError)
    assert _core.ArithmeticOverflow.__mro__[1:3] == (_core.VantaError, ArithmeticError)


def test_answers_are_frozen() -> None:
    book = loaded()
    verdict = book.admit(**ASK)
    for answer, name in ((verdict, "ok"), (book.exposure(7, now_ns=NOW), "cash_e6")):
        with pytest.raises(AttributeError):
            setattr(answer, name, 1)
    with pytest.raises(TypeError):
        type("Child", (_core.RiskBook,), {})


def test_threads_share_one_book() -> None:
    """Batches compute with the interpreter released while others check, admit and release."""
    book = loaded()
    many: dict[str, Any] = {
        name: np.resize(value, 500) if isinstance(value, np.ndarray) else value
        for name, value in ASKS.items()
    }

    def run(work: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            for _ in range(20):
                work()

        return body

    def batch() -> None:
        for reservation in book.admit_batch(**many).reservation.tolist():
            assert book.release(reservation) == (reservation != 0)

    def single() -> None:
        reservation = book.admit(**ASK).reservation
        book.exposure(7, now_ns=NOW)
        book.check(**ASK)
        assert book.release(reservation) == (reservation != 0)

    together(*(run(work) for work in (batch, batch, single, single)))
    for user_ix in (7, 8):
        exposure = book.exposure(user_ix, now_ns=NOW)
        assert (exposure.reserved_e6, exposure.trades_today) == (0, 0)
