"""One good call per binding of the price book, for tests that replace its arguments."""

import inspect
from typing import Any

import numpy as np

from tests.fakes.hostile import SIGNED_64, Area, Calls
from vanta._core import AggregateConfig, PriceBook

E10 = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
NOW = {"now_wall_ns": WALL, "now_mono_ns": SECOND}
UPDATE: dict[str, Any] = {
    "market_ix": 0,
    "source_ix": 0,
    "value": E10,
    "expo": -10,
    "conf": 0,
    "publish_ns": WALL,
    "seq": 1,
    "session_open": True,
    "recv_wall_ns": WALL,
    "recv_mono_ns": SECOND,
}
METHODS: dict[str, dict[str, Any]] = {
    "add_market": {
        "market_ix": 1,
        "min_price_e10": 1,
        "max_price_e10": E10,
        "has_hours": False,
        "max_conf_e10": 0,
    },
    "add_feed": {
        "market_ix": 0,
        "source_ix": 2,
        "kind": "stream",
        "group": 2,
        "primary": False,
        "expo": -10,
        "interval_ns": SECOND,
        "max_age_ns": 0,
        "heartbeat_ns": 0,
        "deviation_e10": 0,
        "conf_required": False,
    },
    "update": UPDATE,
    "tick": {
        "market_ix": 0,
        "source_ix": 0,
        "price_e10": E10,
        "publish_ns": WALL,
        "recv_wall_ns": WALL,
        "recv_mono_ns": SECOND,
        "conf_e10": 0,
        "seq": 1,
    },
    "update_batch": {
        "market_ix": np.zeros(2, dtype=np.uint16),
        "source_ix": np.zeros(2, dtype=np.uint16),
        "price_e10": np.full(2, E10),
        "conf_e10": np.zeros(2, dtype=np.int64),
        "publish_ns": np.full(2, WALL),
        "seq": np.arange(2),
        "recv_wall_ns": WALL,
        "recv_mono_ns": SECOND,
    },
    "set_head": {"source_ix": 1, "head_ns": WALL, **NOW},
    "set_sequencer": {"up": True, "since_ns": 0, **NOW},
    "set_clock_offset": {"offset_ns": 0, **NOW},
    "withdraw": {"market_ix": 0, "source_ix": 0, **NOW},
    "repin": {"market_ix": 0, "source_ix": 0, "expo": -8, **NOW},
    "quote": {"market_ix": 0, **NOW},
    "quotes": {"market_ix": np.zeros(1, dtype=np.uint16), **NOW},
    "ages": {"market_ix": 0, **NOW},
    "alarms": {"market_ix": 0, **NOW},
}
CONSTANTS: dict[str, Any] = {
    name: parameter.default
    for name, parameter in inspect.signature(AggregateConfig).parameters.items()
}


def a_book() -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, **NOW)
    book.add_market(0, min_price_e10=1, max_price_e10=2**62)
    book.add_feed(0, 0, kind="stream", group=0, primary=True)
    book.add_feed(0, 1, kind="push", group=1, heartbeat_ns=SECOND)
    return book


def calls() -> Calls:
    """Return name to (function, good arguments); each method has a book of its own."""
    return {
        "AggregateConfig": (AggregateConfig, CONSTANTS),
        "PriceBook": (PriceBook, {"config": AggregateConfig()}),
        **{name: (getattr(a_book(), name), good) for name, good in METHODS.items()},
    }


AREA = Area(
    name="price",
    calls=calls,
    limits=SIGNED_64,
    fine=(
        "update.value.*",  # malformed and counted, as all that is wrong with what a feed sends
        "update.conf.*",
        *(f"update.*.{label}" for label in ("least - 1", "most + 1", "*2**256", "*vast")),
        *(f"{name}.none" for name in ("update.seq", "update.session_open", "*.offset_ns")),
    ),
    by_place=frozenset({"add_feed", "update", "tick", "update_batch", "withdraw", "repin"}),
)
