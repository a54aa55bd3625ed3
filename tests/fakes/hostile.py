"""From good calls to hostile ones: each argument replaced by what does not belong in its place.

An `Area` is a table of good calls and what is particular about their arguments. From it come the
cases: what must be refused by name, and what may be answered or refused but never panics.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from vanta import _core

Call = tuple[Callable[..., Any], dict[str, Any]]
Calls = dict[str, Call]

SIGNED_64 = (-(2**63), 2**63 - 1)
UNSIGNED_64 = (0, 2**64 - 1)
UNSIGNED_128 = (0, 2**128 - 1)
UNSIGNED_256 = (0, 2**256 - 1)
REFUSALS = (
    TypeError,
    _core.InvalidInput,
    _core.AbiError,
    _core.NonceError,
    _core.SealError,
)


@dataclass(frozen=True)
class Area:
    """Good calls, by keyword, and where their arguments differ from the usual."""

    name: str
    calls: Callable[[], Calls]
    limits: tuple[int, int]
    """An integer outside of these is refused; within them it may be."""
    wide: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Other limits, by argument or `call.argument`."""
    fine: tuple[str, ...] = ()
    """Patterns of `call.argument.label`: cases that need not be refused."""
    needed: frozenset[str] = frozenset()
    """`call.argument` with a default that does not suit the good call."""
    by_place: frozenset[str] = frozenset()
    """Calls that take more than their first argument by place."""

    def limits_of(self, call: str, name: str) -> tuple[int, int]:
        return self.wide.get(f"{call}.{name}", self.wide.get(name, self.limits))

    def is_fine(self, case: "Case") -> bool:
        told = f"{case.call}.{case.name}.{case.label}"
        return any(fnmatchcase(told, pattern) for pattern in self.fine)


class Case(NamedTuple):
    """One replaced argument of one call."""

    area: str
    call: str
    name: str
    label: str
    value: Any

    @property
    def argument(self) -> str:
        return f"{self.area}-{self.call}-{self.name}"


NO_INTEGERS = {
    "none": None,
    "true": True,
    "false": False,
    "text": "1",
    "bytes": b"1",
    "float": 1.0,
    "nan": math.nan,
    "complex": 1j,
    "list": [],
    "dict": {},
    "object": object(),
    "numpy float": np.float64(1),
    "numpy bool": np.True_,
    "array of text": np.array(["x"]),
    "method": (1).bit_length,
}
"""What an integer argument must refuse; a numpy integer is an integer."""

NONSENSE = {
    **NO_INTEGERS,
    "integer": 7,
    "surrogate": "\ud800",
    "set": set(),
    "class": int,
    "range": range(2),
    "iterator": iter([]),
    "bytearray": bytearray(32),
    "memoryview": memoryview(bytes(32)),
    "byte array": np.zeros(32, dtype=np.uint8),
}

KINDS: dict[type, tuple[type, ...]] = {
    bool: (bool, np.bool),
    int: (),
    list: (list, tuple),
    str: (str,),
    bytes: (bytes,),
    dict: (dict,),
}
"""Type of a good value, and of the values that are then not of another type."""


CHILDREN = {kind: type("Child", (kind,), {}) for kind in (int, str, bytes, list, dict)}
"""Classes of one's own stand for what they are made of."""


def told(error: BaseException) -> str:
    return f"{error} {getattr(error, '__notes__', [])}"


def stated(function: Callable[..., Any]) -> object:
    """What the object of a method holds, to see that a refused call changed nothing."""
    match getattr(function, "__self__", None):
        case _core.RiskBook() as book:
            shown = [book.exposure(user, now_ns=20_000 * 86_400 * 10**9) for user in (7, 8)]
            return [
                getattr(one, name) for one in shown for name in dir(one) if not name.startswith("_")
            ]
        case _core.NonceLedger() as ledger:
            try:
                return ledger.dump(0)
            except _core.InvalidInput:
                return None
        case _core.TriggerBook() as book:
            return len(book), [book.level(id_) for id_ in range(1, 10)]
        case _core.PriceBook() as book:
            return book.counters()
        case _core.Keyring() as ring:
            return len(ring)
        case _:
            return None


def by_place(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]


def refused(area: Area) -> Iterator[Case]:
    """Every value that an argument must refuse, by a text that names it."""
    return (case for case in _wrong(area) if not area.is_fine(case))


def at_the_ends(area: Area) -> Iterator[Case]:
    """What is answered or refused, but never a panic: integers, rows, children, what is fine."""
    yield from (case for case in _wrong(area) if area.is_fine(case))
    for call, name, good in _arguments(area):
        if type(good) in CHILDREN:
            yield Case(area.name, call, name, "child", CHILDREN[type(good)](good))
        if type(good) is int:
            least, most = area.limits_of(call, name)
            powers = [2**bits for bits in (31, 32, 63, 64, 127)]
            for value in sorted({least, -1, 0, 1, 6, most, *powers, *(p - 1 for p in powers)}):
                if least <= value <= most:
                    yield Case(area.name, call, name, str(value), value)
        elif isinstance(good, np.ndarray) and good.dtype.kind in "iu":
            ends = np.iinfo(good.dtype)
            for value in sorted({int(ends.min), -1, 0, int(ends.max)}):
                if ends.min <= value <= ends.max:
                    row = good.copy()
                    row[-1] = value
                    yield Case(area.name, call, name, f"row {value}", row)


def _arguments(area: Area) -> Iterator[tuple[str, str, Any]]:
    for call, (_, good) in area.calls().items():
        for name, value in good.items():
            yield call, name, value


def _wrong(area: Area) -> Iterator[Case]:
    calls = area.calls()
    for call, (_, all_good) in calls.items():
        columns = sum(isinstance(value, np.ndarray | list) for value in all_good.values())
        for name, good in all_good.items():
            wrong = _of_other_types(good)
            if type(good) is int:
                wrong |= _out_of_bounds(*area.limits_of(call, name))
            elif isinstance(good, bytes):
                wrong |= _of_other_lengths(good)
            elif isinstance(good, str):
                wrong |= {**OTHER_WORDS, "in capitals": good.upper()}
            elif isinstance(good, list):
                wrong |= OTHER_ELEMENTS
            elif isinstance(good, np.ndarray):
                wrong |= _of_other_shapes(good, alone=columns == 1)
            for label, value in wrong.items():
                yield Case(area.name, call, name, label, value)


OTHER_WORDS = {"surrogate": "\ud800", "unsaid": "no such word", "long": "x" * 10_000, "empty": ""}
OTHER_ELEMENTS = {
    "of none": [None],
    "of objects": [object()],
    "of floats": [1.5],
    "nested": [[object()]],
}


def _of_other_types(good: Any) -> dict[str, Any]:
    own = next((own for of, own in KINDS.items() if type(good) is of), (type(good),))
    nonsense = NO_INTEGERS if type(good) is int else NONSENSE
    return {label: value for label, value in nonsense.items() if type(value) not in own}


def _out_of_bounds(least: int, most: int) -> dict[str, Any]:
    return {
        "least - 1": least - 1,
        "most + 1": most + 1,
        "2**256": 2**256,
        "-2**256": -(2**256),
        "vast": 10**5000,
        "-vast": -(10**5000),
    }


def _of_other_lengths(good: bytes) -> dict[str, Any]:
    values = (b"", good[:1], good[:-1], good + b"\1", good * 1000)
    of_lengths = {f"{len(value)} bytes": value for value in values}
    return {**of_lengths, "copy": bytearray(good), "view": memoryview(good), "hex": good.hex()}


def _of_other_shapes(good: Any, *, alone: bool) -> dict[str, Any]:
    found = {
        "as list": good.tolist(),
        "floats": good.astype(np.float64),
        "int32": good.astype(np.int32),
        "other kind": good.astype(np.float32 if good.dtype == np.bool_ else np.bool_),
        "objects": good.astype(object),
        "2-D": good.reshape(1, -1),
        "0-D": np.array(good[0]),
        "strided": np.repeat(good, 4)[::2],
        "backwards": np.repeat(good, 2)[::-1],
    }
    if good.dtype.itemsize > 1:
        found["big endian"] = good.astype(good.dtype.newbyteorder(">"))
    if not alone:
        found |= {f"{n} rows": np.resize(good, n) for n in (0, len(good) - 1, len(good) + 1)}
    return found
