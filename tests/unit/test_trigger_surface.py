"""Every binding of the trigger book, fed with what does not belong: named errors, no effect."""

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import E10, I64, NO_INTEGERS, i64
from tests.fakes.trigger_calls import (
    ARM,
    ARMS,
    BUFFER,
    LIMIT,
    QUOTES,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING,
    calls,
    loaded,
    stop,
)
from vanta import _core
from vanta.domain.enums import TriggerKind

ARGUMENTS = [(call, name) for call, (_, good) in calls().items() for name in good]
ARRAYS = [(c, n) for c, n in ARGUMENTS if isinstance(calls()[c][1][n], np.ndarray)]
INTEGERS = [
    (c, n)
    for c, n in ARGUMENTS
    if isinstance(calls()[c][1][n], int) and not isinstance(calls()[c][1][n], bool)
]


def bad_call(call: str, name: str, value: Any) -> Callable[[], Any]:
    function, good = calls()[call]
    return lambda: function(**{**good, name: value})


@pytest.mark.parametrize("call", list(calls()))
def test_arguments_are_known_and_required(call: str) -> None:
    function, good = calls()[call]
    function(**good)
    with pytest.raises(TypeError):
        function(**good, nonsense=1)
    if len(good) > 2:
        with pytest.raises(TypeError):
            function(*good.values())
    parameters = inspect.signature(function).parameters
    assert set(parameters) == set(good)
    for name, parameter in parameters.items():
        rest = {key: value for key, value in good.items() if key != name}
        if parameter.default is inspect.Parameter.empty:
            with pytest.raises(TypeError, match=name):
                calls()[call][0](**rest)


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
    "value", [2**64, -(2**64), 10**5000, -(2**63) - 1], ids=["+65", "-65", "+", "-64"]
)
def test_integers_beyond_64_bits_are_refused(call: str, name: str, value: int) -> None:
    with pytest.raises(_core.InvalidInput, match=name) as raised:
        bad_call(call, name, value)()
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(("call", "name"), INTEGERS)
@pytest.mark.parametrize("value", [-1, -(2**63), I64, 2**63, 6, 2**32])
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
        "objects": good.astype(object),
        "two dimensions": good.reshape(1, 2),
        "no dimension": np.array(good[0]),
        "every other element": np.repeat(good, 2)[::2],
        "backwards": good[::-1],
    }
    if good.dtype.itemsize > 1:
        wrong["big endian"] = good.astype(good.dtype.newbyteorder(">"))
    for label, value in wrong.items():
        with pytest.raises(_core.InvalidInput, match=name):
            bad_call(call, name, value)()
            pytest.fail(label)


@pytest.mark.parametrize(("call", "name"), ARRAYS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_lengths_must_be_equal(call: str, name: str, count: int) -> None:
    if call == "disarm_batch":  # has only one
        return
    good = calls()[call][1][name]
    with pytest.raises(_core.InvalidInput, match="rows"):
        bad_call(call, name, np.resize(good, count))()


@pytest.mark.parametrize("call", [call for call, name in ARRAYS if name in ("id", "market_ix")])
def test_empty_and_read_only_arrays_are_fine(call: str) -> None:
    function, good = calls()[call]
    function(**{k: v[:0] for k, v in good.items()})
    frozen = {k: v.copy() for k, v in good.items()}
    for value in frozen.values():
        value.setflags(write=False)
    function(**frozen)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kind": 6}, "kind 6 is outside of 0..=5"),
        ({"version": 2**32}, "version 4294967296 does not fit 0..=4294967295"),
        ({"level_e10": -1}, "level_e10 -1 is outside"),
        ({"distance_e10": 0}, "distance_e10 0 must be above 0 for BREAK_EVEN"),
        ({"offset_e10": 5 * E10}, "offset_e10 50000000000 must be below distance_e10 50000000000"),
        (
            {"is_long": False, "distance_e10": 100 * E10},
            "distance_e10 1000000000000 activates at price 0",
        ),
        ({"kind": TRAILING}, "offset_e10 10000000000 must be 0 for TRAILING"),
        ({"kind": TRAILING, "offset_e10": 0, "distance_e10": 0}, "above 0 for TRAILING"),
        ({"kind": TAKE_PROFIT, "offset_e10": 0}, "distance_e10 50000000000 must be 0"),
        ({"kind": STOP_LOSS, "distance_e10": 0}, "offset_e10 10000000000 must be 0"),
        ({"kind": LIMIT, "distance_e10": 0}, "must be 0 for LIMIT"),
        ({"kind": BUFFER, "distance_e10": 0}, "must be 0 for BUFFER"),
        ({"id": 7}, "version 1 of trigger 7 is not above 1, which is armed"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(change: dict[str, Any], text: str) -> None:
    book = loaded()
    with pytest.raises(_core.InvalidInput) as raised:
        book.arm(**{**ARM, **change})
    assert text in str(raised.value)
    assert (len(book), book.level(7)) == (1, 95 * E10)


@pytest.mark.parametrize(
    "change",
    [
        {"level_e10": I64},
        {"is_long": False, "distance_e10": 101 * E10},
        {"offset_e10": -101 * E10},
        {"is_long": False, "level_e10": I64, "offset_e10": -1},
        {"kind": TRAILING, "is_long": False, "level_e10": I64, "offset_e10": 0},
    ],
)
def test_levels_beyond_all_prices_overflow(change: dict[str, Any]) -> None:
    book = loaded()
    with pytest.raises(_core.ArithmeticOverflow, match="level_e10"):
        book.arm(**{**ARM, **change})
    assert len(book) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"id": i64(3, 7)}, "row 1: version 1 of trigger 7"),
        ({"id": i64(3, 3)}, "row 1: version 1 of trigger 3 is not above 1"),
        ({"distance_e10": i64(5 * E10, 0)}, "row 1: distance_e10 0"),
        ({"level_e10": i64(100 * E10, -1)}, "row 1: level_e10 -1"),
        ({"kind": np.array([4, 6], dtype=np.uint8)}, "row 1: kind 6"),
    ],
)
def test_a_wrong_row_arms_nothing(change: dict[str, Any], text: str) -> None:
    book = loaded()
    with pytest.raises(_core.InvalidInput) as raised:
        book.arm_batch(**{**ARMS, **change})
    assert text in str(raised.value)
    assert (len(book), 3 in book, 7 in book) == (1, False, True)


def test_a_wrong_price_fires_nothing() -> None:
    book = loaded()
    with pytest.raises(_core.InvalidInput, match="row 1: price_e10 -1 is outside"):
        book.on_quotes(**{**QUOTES, "price_e10": i64(90 * E10, -1)})
    with pytest.raises(_core.InvalidInput, match="price_e10 -1 is outside"):
        book.on_quote(2, -1)
    assert book.on_quote(2, 0) == ()
    assert book.on_quote(2, 90 * E10) == ((7, 1, STOP_LOSS, 95 * E10),)


def test_a_later_row_may_replace_an_earlier_one() -> None:
    book = _core.TriggerBook()
    rising = {**ARMS, "id": i64(5, 5), "version": np.array([1, 2], dtype=np.uint32)}
    book.arm_batch(**rising)
    assert len(book) == 1
    assert book.disarm_batch(i64(5, 5, 6)).tolist() == [True, False, False]


def test_names_and_types() -> None:
    assert _core.TRIGGER_KINDS == (
        "TAKE_PROFIT",
        "STOP_LOSS",
        "LIMIT",
        "TRAILING",
        "BREAK_EVEN",
        "BUFFER",
    )
    assert {kind.name for kind in TriggerKind} <= set(_core.TRIGGER_KINDS)
    book = loaded()
    assert book.on_quote(2, 96 * E10) is book.on_quote(9, 1)
    out = book.on_quotes(**QUOTES)
    assert [
        out.row.dtype,
        out.id.dtype,
        out.version.dtype,
        out.kind.dtype,
        out.level_e10.dtype,
    ] == [
        np.uint32,
        np.int64,
        np.uint32,
        np.uint8,
        np.int64,
    ]
    with pytest.raises(AttributeError):
        setattr(out, "row", out.row)  # noqa: B010  # the type checker refuses it plainly
    with pytest.raises(TypeError):
        type("Child", (_core.TriggerBook,), {})
    for wrong in (None, 1.0, "7", True):
        with pytest.raises(TypeError, match="id"):
            book.__contains__(wrong)  # type: ignore[operator]


def test_threads_share_one_book() -> None:
    book = _core.TriggerBook()
    failures: list[BaseException] = []

    def run(first: int) -> None:
        ids = np.arange(first, first + 200)
        rows = {**ARMS, **{k: np.resize(v, 200) for k, v in ARMS.items()}, "id": ids}
        try:
            for _ in range(20):
                book.arm_batch(**rows)
                book.on_quotes(**{**QUOTES, "price_e10": i64(100 * E10, 100 * E10)})
                assert book.disarm_batch(ids).all()
                book.arm(**stop(first, 10 * E10))
                book.on_quote(2, 100 * E10)
                assert book.disarm(first)
        except BaseException as error:  # a thread's panic must fail the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i * 1_000,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert failures == []
    assert len(book) == 0
