"""What the trigger book refuses that no other call has: what does not fit a kind, whole batches.

What every call must refuse is in `test_core_hostile`.
"""

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import E10, I64, i64
from tests.fakes.threads import together
from tests.fakes.trigger_calls import (
    ARM,
    ARMS,
    BUFFER,
    LIMIT,
    QUOTES,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING,
    loaded,
    stop,
)
from vanta import _core
from vanta.domain.enums import TriggerKind


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

    def run(first: int) -> None:
        ids = np.arange(first, first + 200)
        rows = {**ARMS, **{k: np.resize(v, 200) for k, v in ARMS.items()}, "id": ids}
        for _ in range(20):
            book.arm_batch(**rows)
            book.on_quotes(**{**QUOTES, "price_e10": i64(100 * E10, 100 * E10)})
            assert book.disarm_batch(ids).all()
            book.arm(**stop(first, 10 * E10))
            book.on_quote(2, 100 * E10)
            assert book.disarm(first)

    together(*(partial(run, 1_000 * worker) for worker in range(4)))
    assert len(book) == 0
