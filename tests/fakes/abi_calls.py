"""One good call per binding of the ABI, for tests that replace its arguments."""

from typing import Any

import numpy as np

from tests.fakes.core_calls import E10
from tests.fakes.hostile import SIGNED_64, Area, Calls
from vanta import _core

TRADER = bytes(range(20))
TRADE: dict[str, Any] = {
    "trader": TRADER,
    "pair_index": 1,
    "collateral_e6": 100 * 10**6,
    "open_price_e10": 1_000 * E10,
    "is_long": True,
    "leverage_e10": 10 * E10,
    "tp_e10": 1_100 * E10,
    "sl_e10": 0,
    "order_type": 2,
    "slippage_e10": E10,
}
DTYPES: dict[str, Any] = {"pair_index": np.uint16, "is_long": np.bool_, "order_type": np.uint8}
TOPIC = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
WORD = bytes(31) + b"\1"
TRANSFER = (TRADER, [TOPIC, bytes(32), WORD], WORD)
TABLE = _core.AbiTable()


def rows(count: int = 2) -> dict[str, Any]:
    """`TRADE` as columns of `count` rows, each row its own trader."""
    columns: dict[str, Any] = {
        name: np.full(count, value, dtype=DTYPES.get(name, np.int64))
        for name, value in TRADE.items()
        if name != "trader"
    }
    return {"trader": np.arange(20 * count, dtype=np.uint8), **columns}


def calls() -> Calls:
    """Return name to (function, good arguments); all of them can be given by keyword."""
    return {
        "open_trade_calldata": (_core.open_trade_calldata, TRADE),
        "close_trade_calldata": (
            _core.close_trade_calldata,
            {"pair_index": 1, "index": 2, "amount_e6": 3, "wanted_price_e10": 4},
        ),
        "OpenOrders": (_core.OpenOrders, rows()),
        "abi_encode": (_core.abi_encode, {"types": ["uint8", "bool"], "values": [1, True]}),
        "abi_encode_packed": (_core.abi_encode_packed, {"types": ["uint8"], "values": [1]}),
        "abi_decode": (_core.abi_decode, {"types": ["uint8"], "data": WORD}),
        "selector": (_core.selector, {"signature": "f(uint8)"}),
        "keccak256": (_core.keccak256, {"data": b""}),
        "append_builder_code": (
            _core.append_builder_code,
            {"calldata": b"\1", "code": bytes(32), "rate": 5, "rate_bytes": 2},
        ),
        "split_builder_code": (
            _core.split_builder_code,
            {"calldata": bytes(40), "rate_bytes": 2},
        ),
        "AbiTable": (_core.AbiTable, {"extra": ["v2? event E(uint8 indexed a)"]}),
        "encode_call": (TABLE.encode_call, {"name": "approve", "args": [TRADER, 1]}),
        "decode_call": (TABLE.decode_call, {"calldata": bytes(4)}),
        "decode_error": (TABLE.decode_error, {"data": bytes(4)}),
        "encode_return": (TABLE.encode_return, {"name": "approve", "values": [True]}),
        "decode_return": (TABLE.decode_return, {"name": "approve", "data": WORD}),
        "encode_log": (TABLE.encode_log, {"name": "Transfer", "values": [TRADER, TRADER, 1]}),
        "decode_logs": (TABLE.decode_logs, {"logs": [TRANSFER], "emitters": [TRADER]}),
    }


AREA = Area(
    name="abi",
    calls=calls,
    limits=SIGNED_64,
    fine=(
        "decode_logs.emitters.none",  # no filter
        *(f"{call}.* bytes" for call in ("keccak256.data", "*.calldata", "decode_error.data")),
    ),
    by_place=frozenset(
        {"abi_encode", "abi_encode_packed", "abi_decode", "encode_call"}
        | {"encode_return", "decode_return", "encode_log"}
    ),
)
