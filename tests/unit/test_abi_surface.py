"""What the ABI's bindings refuse that no other call has: values of types, logs, rows of orders.

What every call must refuse is in `test_core_hostile`.
"""

import enum
from typing import Any

import numpy as np
import pytest

from tests.fakes.abi_calls import TABLE, TOPIC, TRADE, TRADER, TRANSFER, WORD, calls, rows
from tests.fakes.core_calls import I64
from tests.fakes.hostile import told
from tests.fakes.threads import together
from vanta import _core


def change(call: str, name: str, value: Any) -> Any:
    function, good = calls()[call]
    return function(**{**good, name: value})


@pytest.mark.parametrize(
    ("call", "name", "last"),
    [
        ("open_trade_calldata", "pair_index", 2**16 - 1),
        ("open_trade_calldata", "collateral_e6", I64),
        ("open_trade_calldata", "open_price_e10", I64),
        ("open_trade_calldata", "order_type", 3),
        ("open_trade_calldata", "slippage_e10", I64),
        ("close_trade_calldata", "index", 2**16 - 1),
        ("close_trade_calldata", "amount_e6", I64),
        ("append_builder_code", "rate", 2**16 - 1),
        ("append_builder_code", "rate_bytes", 32),
        ("split_builder_code", "rate_bytes", 32),
    ],
)
def test_the_last_integer_is_the_last(call: str, name: str, last: int) -> None:
    change(call, name, last)
    with pytest.raises(_core.InvalidInput, match=name):
        change(call, name, last + 1)


@pytest.mark.parametrize(
    ("name", "value"), [("collateral_e6", -1), ("tp_e10", -1), ("order_type", 4)]
)
def test_a_wrong_row_is_named(name: str, value: int) -> None:
    column = rows()[name]
    column[1] = value
    with pytest.raises(_core.InvalidInput, match=f"row 1: {name} {value} "):
        change("OpenOrders", name, column)


def test_orders_are_the_single_calls() -> None:
    columns = rows(3)
    orders = _core.OpenOrders(**columns)
    singles = b"".join(
        _core.open_trade_calldata(
            **{name: column[row].item() for name, column in columns.items() if name != "trader"},
            trader=columns["trader"][row * 20 : row * 20 + 20].tobytes(),
        )
        for row in range(3)
    )
    assert len(orders) == 3
    assert orders.calldata().tobytes() == singles
    one = _core.OpenOrders(**{**columns, "trader": TRADER})
    assert one.calldata().tobytes() == _core.open_trade_calldata(**TRADE) * 3
    empty = _core.OpenOrders(**{name: column[:0] for name, column in columns.items()})
    assert (len(empty), len(empty.calldata())) == (0, 0)


class Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("uint8", [256, -1, 2**300, None, True, 1.0, "1", b"1", [1]]),
        ("int8", [128, -129, None, False, 1.0]),
        ("bool", [0, 1, None, "true", np.True_]),
        ("address", [bytes(19), bytes(21), "0x" + "0" * 40, None, bytearray(20)]),
        ("bytes4", [bytes(3), bytes(5), "abcd", None]),
        ("function", [bytes(23), bytes(25), None]),
        ("bytes", ["ab", None, bytearray(2), [1]]),
        ("string", [b"ab", None, 1, "\ud800"]),
        ("uint8[]", [1, "12", b"12", {1: 2}, (n for n in (1, 2)), [1, 256], [[1]], None]),
        ("uint8[2]", [[1], [1, 2, 3], [], [1, None]]),
        ("(uint8,bool)", [(1,), (1, True, 2), (True, 1), {"a": 1}, 1, None]),
    ],
)
def test_values_that_do_not_fit_their_type(kind: str, bad: list[Any]) -> None:
    for value in bad:
        with pytest.raises((TypeError, _core.InvalidInput, _core.AbiError)) as raised:
            _core.abi_encode(["bool", kind], [True, value])
        text = told(raised.value)
        assert "values" in text, text
        assert "index 1" in text or "[1]" in text, text


def test_what_may_stand_for_what() -> None:
    assert _core.abi_encode(["uint8"], [Number.ONE]) == WORD
    nested = _core.abi_encode(["(uint8,bool)[]"], [[(1, True)]])
    assert _core.abi_encode(("(uint8,bool)[]",), ([[1, True]],)) == nested
    assert _core.abi_decode(["(uint8,bool)[]"], nested) == ([(1, True)],)
    assert _core.abi_decode(["uint256", "int8"], b"\xff" * 64) == (2**256 - 1, -1)


def test_an_error_shows_little_of_what_it_refuses() -> None:
    for work in (
        lambda: _core.abi_decode(["bytes"], b"\xab" * 10_000),
        lambda: _core.abi_encode(["bytes4"], [b"\xab" * 10_000]),
        lambda: _core.selector("f" * 10_000),
        lambda: TABLE.encode_call("x" * 10_000, []),
        lambda: _core.AbiTable(["v1 event " + "x" * 10_000]),
        lambda: _core.abi_encode(["uint8"], [10**4000]),
    ):
        with pytest.raises((_core.AbiError, _core.InvalidInput)) as raised:
            work()
        assert len(str(raised.value)) < 300


def test_logs_of_others_are_none_and_wrong_rows_are_errors() -> None:
    [event] = TABLE.decode_logs([TRANSFER])
    assert event is not None
    assert event.fields == {"from": bytes(20), "to": bytes(19) + b"\1", "value": 1}
    emitter, topics, data = TRANSFER
    foreign: list[Any] = [
        (emitter, [], data),
        (emitter, [bytes(32)], data),
        (emitter, topics[:2], data),
        (emitter, [*topics, WORD], data),
        (emitter, [*topics, WORD, WORD], data),
        (emitter, [TOPIC, b"\xff" * 32, WORD], data),
        (emitter, topics, b""),
        (emitter, topics, data[:31]),
        (emitter, topics, data + bytes(32)),
        (emitter, topics, data + b"\0"),
    ]
    assert TABLE.decode_logs(foreign) == [None] * len(foreign)
    mixed = [event is not None for event in TABLE.decode_logs([foreign[0], TRANSFER, foreign[1]])]
    assert mixed == [False, True, False]
    assert TABLE.decode_logs([TRANSFER], emitters=[bytes(20)]) == [None]
    assert TABLE.decode_logs([TRANSFER], emitters=[]) == [None]
    assert TABLE.decode_logs([]) == []
    wrong: list[Any] = [
        1,
        (),
        (emitter, topics),
        (b"", topics, data),
        (emitter, [b""], data),
        (emitter, topics, "00"),
        (emitter, None, data),
    ]
    for log in wrong:
        with pytest.raises((TypeError, _core.InvalidInput), match="logs"):
            TABLE.decode_logs([TRANSFER, log])


def test_answers_are_frozen() -> None:
    [event] = TABLE.decode_logs([TRANSFER])
    with pytest.raises(AttributeError):
        setattr(event, "name", "x")  # noqa: B010  # the type checker would refuse an assignment
    for kind in (_core.Event, _core.AbiTable, _core.OpenOrders):
        with pytest.raises(TypeError):
            type("Child", (kind,), {})


def test_threads_share_one_table_and_one_set_of_orders() -> None:
    orders = _core.OpenOrders(**rows(2_000))
    wanted = orders.calldata().tobytes()

    def body() -> None:
        for _ in range(20):
            assert orders.calldata().tobytes() == wanted
            assert all(TABLE.decode_logs([TRANSFER] * 50))

    together(*[body] * 4)
