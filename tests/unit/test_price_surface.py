"""Every binding of the price book, fed with what is no integer: a named error, nothing changed."""

import inspect
import math
from typing import Any

import numpy as np
import pytest

from tests.fakes.core_calls import NO_INTEGERS
from vanta._core import PRICE_REJECTS, AggregateConfig, InvalidInput, PriceBook

E10 = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
NOW = {"now_wall_ns": WALL, "now_mono_ns": SECOND}

CALLS: dict[str, dict[str, Any]] = {
    "add_market": {"market_ix": 1, "min_price_e10": 1, "max_price_e10": E10, "max_conf_e10": 0},
    "add_feed": {
        "market_ix": 0,
        "source_ix": 2,
        "kind": "stream",
        "group": 2,
        "expo": -10,
        "interval_ns": SECOND,
        "max_age_ns": 0,
        "heartbeat_ns": 0,
        "deviation_e10": 0,
    },
    "update": {
        "market_ix": 0,
        "source_ix": 0,
        "value": E10,
        "expo": -10,
        "publish_ns": WALL,
        "seq": 1,
        "recv_wall_ns": WALL,
        "recv_mono_ns": SECOND,
    },
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
INTEGERS = [
    (call, name)
    for call, good in CALLS.items()
    for name, value in good.items()
    if type(value) is int and name != "value"
]
CONSTRUCTORS: dict[str, dict[str, Any]] = {
    "AggregateConfig": {
        name: parameter.default
        for name, parameter in inspect.signature(AggregateConfig).parameters.items()
    },
    "PriceBook": {"config": AggregateConfig()},
}
ARRAYS = [
    (call, name)
    for call, good in CALLS.items()
    for name, value in good.items()
    if isinstance(value, np.ndarray)
]
FLAGS = [
    ("add_market", "has_hours"),
    ("add_feed", "primary"),
    ("add_feed", "conf_required"),
    ("set_sequencer", "up"),
    ("update", "session_open"),
]
MAY_BE_NONE = {"seq", "offset_ns"}


def a_book() -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, **NOW)
    book.add_market(0, min_price_e10=1, max_price_e10=2**62)
    book.add_feed(0, 0, kind="stream", group=0, primary=True)
    book.add_feed(0, 1, kind="push", group=1, heartbeat_ns=SECOND)
    return book


@pytest.mark.parametrize("call", list(CALLS))
def test_the_good_call_is_good_and_time_is_required(call: str) -> None:
    getattr(a_book(), call)(**CALLS[call])
    for name in inspect.signature(getattr(PriceBook, call)).parameters:
        if name.endswith(("wall_ns", "mono_ns")):
            less = {key: value for key, value in CALLS[call].items() if key != name}
            with pytest.raises(TypeError, match=name):
                getattr(a_book(), call)(**less)


@pytest.mark.parametrize(("call", "name"), INTEGERS)
def test_what_is_no_integer_is_refused_by_name(call: str, name: str) -> None:
    for value in NO_INTEGERS:
        if value is None and name in MAY_BE_NONE:
            continue
        with pytest.raises((TypeError, InvalidInput), match=name):
            getattr(a_book(), call)(**CALLS[call] | {name: value})
            pytest.fail(repr(value))


@pytest.mark.parametrize("value", [True, 1.5, math.nan, math.inf, np.float64(1), np.True_, b"1"])
@pytest.mark.parametrize("name", ["value", "conf"])
def test_a_price_that_is_no_integer_is_malformed_and_counted(name: str, value: object) -> None:
    book = a_book()
    code = book.update(**CALLS["update"] | {name: value})
    assert PRICE_REJECTS[code] == "MALFORMED"
    assert book.counters()["MALFORMED"] == 1


@pytest.mark.parametrize("constant", list(CONSTRUCTORS["AggregateConfig"]))
def test_a_constant_that_is_no_integer_is_refused_by_name(constant: str) -> None:
    good = CONSTRUCTORS["AggregateConfig"]
    assert AggregateConfig(**good).version == good["version"]
    for value in NO_INTEGERS:
        with pytest.raises(TypeError, match=f"{constant} must be an integer"):
            AggregateConfig(**good | {constant: value})
    for value in (2**64, -(2**64), 10**5000, -(10**5000), -1):
        with pytest.raises(InvalidInput, match=constant) as raised:
            AggregateConfig(**good | {constant: value})
        assert len(str(raised.value)) < 200


def test_what_is_no_config_makes_no_book() -> None:
    PriceBook(**CONSTRUCTORS["PriceBook"])
    for value in (*NO_INTEGERS, 1, AggregateConfig, a_book()):
        with pytest.raises(TypeError, match="config"):
            PriceBook(config=value)
    with pytest.raises(TypeError):
        PriceBook()  # type: ignore[call-arg]


@pytest.mark.parametrize(("call", "name"), FLAGS)
def test_what_is_no_flag_is_refused_by_name(call: str, name: str) -> None:
    for value in (*NO_INTEGERS, 0, 1):
        if isinstance(value, bool | np.bool) or (value is None and name == "session_open"):
            continue
        with pytest.raises(TypeError, match=name):
            getattr(a_book(), call)(**CALLS[call] | {name: value})
            pytest.fail(repr(value))


@pytest.mark.parametrize(("call", "name"), ARRAYS)
def test_wrong_arrays_are_refused_by_name_and_change_nothing(call: str, name: str) -> None:
    book, good = a_book(), CALLS[call][name]
    wrong = {
        "a list": good.tolist(),
        "nothing": None,
        "floats": good.astype(np.float64),
        "another integer": good.astype(np.int32),
        "flags": good.astype(np.bool_),
        "big endian": good.astype(good.dtype.newbyteorder(">")),
        "objects": good.astype(object),
        "two dimensions": good.reshape(1, -1),
        "no dimension": np.array(good[0]),
        "every other element": np.repeat(good, 4)[::4] if len(good) > 1 else np.zeros(4)[::2],
        "backwards": np.repeat(good, 2)[::-1],
    }
    if call == "update_batch" and name != "market_ix":  # the first column sets the length
        wrong |= {"too short": good[:-1], "too long": np.append(good, good[:1])}
    before = book.counters()
    for label, value in wrong.items():
        with pytest.raises(InvalidInput, match=name):
            getattr(book, call)(**CALLS[call] | {name: value})
            pytest.fail(label)
    assert book.counters() == before


@pytest.mark.parametrize("call", ["update_batch", "tick"])
def test_rows_at_the_ends_are_answers_never_panics(call: str) -> None:
    book = a_book()
    for name, value in CALLS[call].items():
        if name in ("market_ix", "source_ix", "recv_wall_ns", "recv_mono_ns"):
            continue
        for end in (-1, 0, 2**63 - 1, -(2**63)):
            given = np.full(2, end) if isinstance(value, np.ndarray) else end
            answer = getattr(book, call)(**CALLS[call] | {name: given})
            codes = answer.tolist() if call == "update_batch" else [answer[0]]
            assert set(codes) <= set(range(len(PRICE_REJECTS))), (name, end)
