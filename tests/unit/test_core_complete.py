"""Nothing of the core is left out: every call is fed with nonsense somewhere, the stub stays short.

`test_core_hostile` replaces each argument of each call in the tables of `core_areas`. A new
binding that is in no table has no such test, and fails here.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import abi_calls, core_calls, price_calls, trigger_calls
from tests.fakes.core_areas import AREAS
from vanta import _core

STUB = Path(_core.__file__).with_name("_core.pyi")
CLASSES = [
    value
    for name, value in vars(_core).items()
    if isinstance(value, type) and not issubclass(value, Exception) and not name.startswith("_")
]


def takes_arguments(value: Any) -> bool:
    return any(name != "self" for name in inspect.signature(value).parameters)


def public_calls() -> Iterator[str]:
    """Functions, constructors and methods that take an argument, as `name` or `Class.name`."""
    for name, value in vars(_core).items():
        if name.startswith("_") or not callable(value):
            continue
        if not isinstance(value, type):
            yield name
        elif value in CLASSES:
            if takes_arguments(value):
                yield name
            for method in vars(value):
                called = getattr(value, method)
                if not method.startswith("_") and callable(called) and takes_arguments(called):
                    yield f"{name}.{method}"


def fed_calls() -> set[str]:
    """What the core calls the functions of the areas."""
    return {
        function.__qualname__ for area in AREAS.values() for function, _ in area.calls().values()
    }


def test_every_call_is_fed_with_nonsense() -> None:
    assert sorted(set(public_calls()) - fed_calls()) == []


def test_every_table_feeds_what_there_is() -> None:
    assert sorted(fed_calls() - set(public_calls())) == []


def test_what_takes_nothing_is_given_something() -> None:
    for kind in CLASSES:
        if not takes_arguments(kind):
            with pytest.raises(TypeError):
                kind(1)
    for value in (
        price_calls.a_book(),
        core_calls.loaded(),
        trigger_calls.loaded(),
        abi_calls.TABLE,
    ):
        for name in dir(value):
            method = getattr(value, name)
            if not name.startswith("_") and callable(method) and not takes_arguments(method):
                with pytest.raises(TypeError):
                    method(1)


@pytest.mark.parametrize("kind", CLASSES)
def test_no_class_of_the_core_has_children(kind: type) -> None:
    with pytest.raises(TypeError):
        type("Child", (kind,), {})


def test_the_stub_can_be_read_in_one_sitting() -> None:
    lines = STUB.read_text().splitlines()
    assert len(lines) <= 500
    assert max(map(len, lines)) <= 100
