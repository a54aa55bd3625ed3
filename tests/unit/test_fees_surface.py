"""Every binding of fees, fed with what does not belong: a named error, never a panic.

`PanicException` is a `BaseException`, so a panic passes no `pytest.raises` here and ends the run.
"""

import inspect
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import NO_INTEGERS
from tests.fakes.fees_calls import calls
from vanta import _core

ARGUMENTS = [(call, name) for call, (_, good) in calls().items() for name in good]
INTEGERS = [
    (call, name)
    for call, (_, good) in calls().items()
    for name, value in good.items()
    if isinstance(value, int)
]


def bad_call(call: str, name: str, value: Any) -> Any:
    function, good = calls()[call]
    return function(**{**good, name: value})


@pytest.mark.parametrize("call", list(calls()))
def test_arguments_are_known_required_and_by_keyword(call: str) -> None:
    function, good = calls()[call]
    function(**good)
    with pytest.raises(TypeError):
        function(**good, nonsense=1)
    if len(good) > 1:
        with pytest.raises(TypeError):
            function(*good.values())
    parameters = inspect.signature(function).parameters
    assert set(parameters) == set(good)
    for name, parameter in parameters.items():
        rest = {key: value for key, value in good.items() if key != name}
        if parameter.default is inspect.Parameter.empty:
            with pytest.raises(TypeError, match=name):
                function(**rest)
        else:
            function(**rest)


@pytest.mark.parametrize(("call", "name"), ARGUMENTS)
def test_wrong_types_are_refused(call: str, name: str) -> None:
    good = calls()[call][1][name]
    for value in NO_INTEGERS:
        if type(value) is type(good):
            continue
        with pytest.raises((TypeError, _core.InvalidInput)) as raised:
            bad_call(call, name, value)
        notes = getattr(raised.value, "__notes__", [])
        assert name in f"{raised.value} {notes}", f"{value!r}: {raised.value}"


@pytest.mark.parametrize(("call", "name"), INTEGERS)
@pytest.mark.parametrize(
    "value",
    [-1, 2**128, 2**256, 10**5000, -(10**5000)],
    ids=["-1", "+129", "+257", "+", "-"],
)
def test_integers_beyond_128_bits_are_refused(call: str, name: str, value: int) -> None:
    with pytest.raises(_core.InvalidInput, match=name) as raised:
        bad_call(call, name, value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(("call", "name"), INTEGERS)
@pytest.mark.parametrize("value", [0, 2**63, 2**64 - 1, 2**64, 2**127, 2**128 - 1])
def test_integers_at_the_ends_never_panic(call: str, name: str, value: int) -> None:
    try:
        bad_call(call, name, value)
    except (_core.InvalidInput, _core.ArithmeticOverflow) as error:
        assert isinstance(error, _core.VantaError)


@pytest.mark.parametrize(
    "value",
    [
        [1],
        np.array([1], dtype=np.int64),
        np.array([1], dtype=np.float64),
        np.array([[1]], dtype=np.uint64),
        np.array(1, dtype=np.uint64),
        np.array([1, 2, 3], dtype=np.uint64)[::2],
        np.array([1], dtype=">u8"),
        np.array([1], dtype=object),
    ],
)
def test_wrong_rewards_are_refused(value: Any) -> None:
    with pytest.raises(_core.InvalidInput, match="rewards_wei"):
        bad_call("choose_fees", "rewards_wei", value)


def test_rows_of_a_budget_are_integers() -> None:
    for value in ([1, None], [True], ["1"], [-1], [1.0], (1,)):
        with pytest.raises((TypeError, _core.InvalidInput), match="in_flight_wei"):
            bad_call("budget_left", "in_flight_wei", value)
    with pytest.raises(_core.ArithmeticOverflow):
        bad_call("budget_left", "in_flight_wei", [2**127, 2**127])
    assert bad_call("budget_left", "in_flight_wei", []) == 1


def test_answers_are_frozen_and_compare() -> None:
    function, good = calls()["bump_fees"]
    fees = function(**good)
    assert fees == function(**good)
    assert repr(fees) == "Fees(BUMP, tip_wei=2, cap_wei=12)"
    with pytest.raises(AttributeError):
        fees.tip_wei = 1
    market, fields = calls()["FeeMarket"]
    assert market(**fields) == market(**fields)
