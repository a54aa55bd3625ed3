"""One good call per binding of the trigger book, for tests that replace its arguments."""

from typing import Any

import numpy as np

from tests.fakes.core_calls import E10, i64
from tests.fakes.hostile import SIGNED_64, Area, Calls
from vanta import _core

TAKE_PROFIT, STOP_LOSS, LIMIT, TRAILING, BREAK_EVEN, BUFFER = range(6)
ARM: dict[str, Any] = {
    "id": 1,
    "version": 1,
    "market_ix": 2,
    "kind": BREAK_EVEN,
    "is_long": True,
    "level_e10": 100 * E10,
    "distance_e10": 5 * E10,
    "offset_e10": E10,
}
ARMS: dict[str, Any] = {
    "id": i64(1, 2),
    "version": np.array([1, 1], dtype=np.uint32),
    "market_ix": np.array([2, 2], dtype=np.uint16),
    "kind": np.array([BREAK_EVEN, BREAK_EVEN], dtype=np.uint8),
    "is_long": np.array([True, False]),
    "level_e10": i64(100 * E10, 100 * E10),
    "distance_e10": i64(5 * E10, 5 * E10),
    "offset_e10": i64(E10, E10),
}
QUOTES: dict[str, Any] = {
    "market_ix": np.array([2, 3], dtype=np.uint16),
    "price_e10": i64(90 * E10, 90 * E10),
    "tradable": np.array([True, False]),
}


def stop(id_: int, level_e10: int, **change: Any) -> dict[str, Any]:
    """A long's stop in market 2."""
    plain = {"kind": STOP_LOSS, "distance_e10": 0, "offset_e10": 0}
    return {**ARM, **plain, "id": id_, "level_e10": level_e10, **change}


def loaded() -> _core.TriggerBook:
    """A book with a long's stop 7 at 95."""
    book = _core.TriggerBook()
    book.arm(**stop(7, 95 * E10))
    return book


def calls() -> Calls:
    book = loaded()
    return {
        "arm": (book.arm, ARM),
        "arm_batch": (book.arm_batch, ARMS),
        "disarm": (book.disarm, {"id": 7}),
        "disarm_batch": (book.disarm_batch, {"id": i64(7, 8)}),
        "on_quote": (book.on_quote, {"market_ix": 2, "price_e10": 100 * E10}),
        "on_quotes": (book.on_quotes, QUOTES),
        "next_levels": (book.next_levels, {"market_ix": 2}),
        "level": (book.level, {"id": 7}),
    }


AREA = Area(
    name="trigger",
    calls=calls,
    limits=SIGNED_64,
    needed=frozenset({"arm.distance_e10"}),  # of a break-even stop
    by_place=frozenset({"on_quote"}),
)
