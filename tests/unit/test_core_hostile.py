"""Every binding of the core, fed with what does not belong: a named error, never a panic.

Each argument of each good call is replaced in turn. `PanicException` is a `BaseException`, so a
panic passes no `pytest.raises` here and ends the run.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from tests.fakes import hostile
from tests.fakes.core_areas import AREAS
from tests.fakes.hostile import Area, Case
from vanta import _core


def by_argument(cases_of: Callable[[Area], Iterable[Case]]) -> dict[str, list[Case]]:
    """One test per argument: there are tens of thousands of cases."""
    found: dict[str, list[Case]] = {}
    for area in AREAS.values():
        for case in cases_of(area):
            found.setdefault(case.argument, []).append(case)
    return found


USED = {name: area.calls() for name, area in AREAS.items()}
"""Calls that are refused change nothing, so all of them are made of the same objects."""
CALLS = [(area, call) for area, calls in USED.items() for call in calls]
REFUSED = by_argument(hostile.refused)
ENDS = by_argument(hostile.at_the_ends)
COLUMNS = [
    (area, call)
    for area, call in CALLS
    if any(isinstance(value, np.ndarray) for value in USED[area][call][1].values())
]


@pytest.mark.parametrize(("area", "call"), CALLS)
def test_arguments_are_known_required_and_by_keyword(area: str, call: str) -> None:
    function, good = AREAS[area].calls()[call]
    function(**good)
    with pytest.raises(TypeError):
        function(**good, nonsense=1)
    placed = hostile.by_place(function)
    assert len(placed) <= 1 or call in AREAS[area].by_place
    if len(placed) < len(good):
        with pytest.raises(TypeError):
            function(*good.values())


@pytest.mark.parametrize(("area", "call"), CALLS)
def test_an_argument_is_given_or_has_a_default_that_works(area: str, call: str) -> None:
    for name, parameter in inspect.signature(USED[area][call][0]).parameters.items():
        function, good = AREAS[area].calls()[call]
        less = {key: value for key, value in good.items() if key != name}
        if parameter.default is inspect.Parameter.empty:
            with pytest.raises(TypeError, match=name):
                function(**less)
        elif f"{call}.{name}" in AREAS[area].needed and name in good:
            with pytest.raises((TypeError, _core.InvalidInput)):
                function(**less)
        else:
            function(**less)


def test_no_argument_is_left_out() -> None:
    fed: dict[Any, set[str]] = {}
    for area, call in CALLS:
        function, good = USED[area][call]
        fed.setdefault(function.__qualname__, set()).update(good)
    for area, call in CALLS:
        function, _ = USED[area][call]
        assert set(inspect.signature(function).parameters) == fed[function.__qualname__], call


@pytest.mark.parametrize("argument", REFUSED)
def test_what_does_not_belong_is_refused_by_name(argument: str) -> None:
    for case in REFUSED[argument]:
        function, good = USED[case.area][case.call]
        before = hostile.stated(function)
        with pytest.raises(hostile.REFUSALS) as raised:
            function(**{**good, case.name: case.value})
            pytest.fail(case.label)
        told = hostile.told(raised.value)
        named = case.name in told or f"row 0: {case.name.removesuffix('s')} " in told
        assert named, f"{case.label}: {told}"
        assert len(told) < 300, case.label
        assert hostile.stated(function) == before, case.label


@pytest.mark.parametrize("argument", ENDS)
def test_what_is_at_the_ends_is_answered_or_refused(argument: str) -> None:
    for case in ENDS[argument]:
        function, good = AREAS[case.area].calls()[case.call]
        try:
            function(**{**good, case.name: case.value})
        except (_core.VantaError, TypeError) as error:
            told = str(error)
            is_named = isinstance(error, _core.VantaError) or "must be given for type" in told
            assert is_named, f"{case.label}: {told}"
            assert len(told) < 300, case.label
            if case.label.startswith("row "):
                assert f"row {len(case.value) - 1}: " in told, case.label


@pytest.mark.parametrize(("area", "call"), COLUMNS)
def test_empty_and_read_only_columns_are_fine(area: str, call: str) -> None:
    function, good = AREAS[area].calls()[call]
    good = {name: value for name, value in good.items() if not isinstance(value, _core.Health)}
    frozen = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in good.items()}
    for value in frozen.values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    function(**{k: v[:0] if isinstance(v, np.ndarray | list) else v for k, v in good.items()})
    function(**frozen)
