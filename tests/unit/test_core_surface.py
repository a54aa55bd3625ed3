"""Every binding of margin and risk, fed with what does not belong: a named error, never a panic.

One good call per binding; then each argument in turn is replaced. `PanicException` is a
`BaseException`, so a panic passes no `pytest.raises` here and ends the run.
"""

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import ASK, ASKS, E6, E10, I64, NO_INTEGERS, NOW, calls, i64, loaded
from vanta import _core

ARGUMENTS = [(call, name) for call, (_, good) in calls().items() for name in good]
ARRAYS = [
    (call, name)
    for call, (_, good) in calls().items()
    for name, value in good.items()
    if isinstance(value, np.ndarray)
]
INTEGERS = [
    (call, name)
    for call, (_, good) in calls().items()
    for name, value in good.items()
    if isinstance(value, int) and not isinstance(value, bool)
]


def bad_call(call: str, name: str, value: Any) -> Callable[[], Any]:
    function, good = calls()[call]
    return lambda: function(**{**good, name: value})


@pytest.mark.parametrize("call", list(calls()))
def test_the_good_call_is_good(call: str) -> None:
    function, good = calls()[call]
    function(**good)


@pytest.mark.parametrize("call", list(calls()))
def test_arguments_are_known_required_and_by_keyword(call: str) -> None:
    function, good = calls()[call]
    with pytest.raises(TypeError):
        function(**good, nonsense=1)
    if call != "release":  # one argument cannot be swapped with another
        with pytest.raises(TypeError):
            function(*good.values())
    parameters = inspect.signature(function).parameters
    assert list(parameters) == [name for name in parameters if name in good]
    assert set(parameters) == set(good)
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty:
            with pytest.raises(TypeError, match=name):
                function(**{key: value for key, value in good.items() if key != name})
        else:
            function(**{key: value for key, value in good.items() if key != name})


@pytest.mark.parametrize(("call", "name"), ARGUMENTS)
def test_wrong_types_are_refused(call: str, name: str) -> None:
    a_flag = isinstance(calls()[call][1][name], bool)
    for value in NO_INTEGERS:
        if a_flag and isinstance(value, bool | np.bool):
            continue
        with pytest.raises((TypeError, _core.InvalidInput)) as raised:
            bad_call(call, name, value)()
        notes = getattr(raised.value, "__notes__", [])
        assert name in f"{raised.value} {notes}", f"{value!r}: {raised.value}"


@pytest.mark.parametrize(("call", "name"), INTEGERS)
@pytest.mark.parametrize(
    "value",
    [2**64, -(2**64), 10**5000, -(10**5000), -(2**63) - 1],
    ids=["+65", "-65", "+", "-", "-64"],
)
def test_integers_beyond_64_bits_are_refused(call: str, name: str, value: int) -> None:
    with pytest.raises(_core.InvalidInput, match=name) as raised:
        bad_call(call, name, value)()
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(("call", "name"), INTEGERS)
@pytest.mark.parametrize("value", [-1, -(2**63), I64, 2**63], ids=["-1", "min", "max", "max+1"])
def test_integers_at_the_ends_never_panic(call: str, name: str, value: int) -> None:
    try:
        bad_call(call, name, value)()
    except (_core.InvalidInput, _core.ArithmeticOverflow) as error:
        assert isinstance(error, _core.VantaError)


@pytest.mark.parametrize(("call", "name"), ARRAYS)
def test_wrong_arrays_are_refused_by_name(call: str, name: str) -> None:
    good = calls()[call][1][name]
    other = np.float64 if good.dtype == np.bool_ else np.bool_
    wrong = {
        "a list": good.tolist(),
        "a float array": good.astype(np.float64),
        "another integer": good.astype(np.int32),
        "another kind": good.astype(other),
        "big endian": good.astype(good.dtype.newbyteorder(">"))
        if good.dtype.itemsize > 1
        else good.astype(np.int16),
        "objects": good.astype(object),
        "two dimensions": good.reshape(1, 2),
        "no dimension": np.array(good[0]),
        "every other element": np.repeat(good, 2)[::2],
        "backwards": good[::-1],
    }
    for label, value in wrong.items():
        with pytest.raises(_core.InvalidInput, match=name):
            bad_call(call, name, value)()
            pytest.fail(label)


@pytest.mark.parametrize(("call", "name"), ARRAYS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_lengths_must_be_equal(call: str, name: str, count: int) -> None:
    good = calls()[call][1][name]
    with pytest.raises(_core.InvalidInput, match="rows"):
        bad_call(call, name, np.resize(good, count))()


@pytest.mark.parametrize(("call", "name"), ARRAYS)
@pytest.mark.parametrize("value", [-1, -(2**63), I64], ids=["-1", "min", "max"])
def test_rows_at_the_ends_never_panic(call: str, name: str, value: int) -> None:
    good = calls()[call][1][name]
    if good.dtype != np.int64:
        return
    row = np.array([good[0], value], dtype=np.int64)
    try:
        bad_call(call, name, row)()
    except (_core.InvalidInput, _core.ArithmeticOverflow) as error:
        assert "row 1: " in str(error)


@pytest.mark.parametrize(
    "call", [call for call, (_, good) in calls().items() if call.endswith("s")]
)
def test_empty_and_read_only_arrays_are_fine(call: str) -> None:
    function, good = calls()[call]
    if not any(isinstance(value, np.ndarray) for value in good.values()):
        return
    function(**{k: v[:0] if isinstance(v, np.ndarray) else v for k, v in good.items()})
    frozen = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in good.items()}
    for value in frozen.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    function(**frozen)


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
    failures: list[BaseException] = []
    many: dict[str, Any] = {
        name: np.resize(value, 500) if isinstance(value, np.ndarray) else value
        for name, value in ASKS.items()
    }

    def run(work: Callable[[], None]) -> Callable[[], None]:
        def body() -> None:
            try:
                for _ in range(20):
                    work()
            except BaseException as error:  # a thread's panic must fail the test
                failures.append(error)

        return body

    def batch() -> None:
        for reservation in book.admit_batch(**many).reservation.tolist():
            assert book.release(reservation) == (reservation != 0)

    def single() -> None:
        reservation = book.admit(**ASK).reservation
        book.exposure(7, now_ns=NOW)
        book.check(**ASK)
        assert book.release(reservation) == (reservation != 0)

    threads = [threading.Thread(target=run(work)) for work in (batch, batch, single, single)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert failures == []
    for user_ix in (7, 8):
        exposure = book.exposure(user_ix, now_ns=NOW)
        assert (exposure.reserved_e6, exposure.trades_today) == (0, 0)
