"""What the bindings of fees refuse that no other call has, and how their answers compare.

What every call must refuse is in `test_core_hostile`.
"""

from typing import Any

import pytest

from tests.fakes.fees_calls import calls
from vanta import _core


def bad_call(call: str, name: str, value: Any) -> Any:
    function, good = calls()[call]
    return function(**{**good, name: value})


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
