"""Calldata, logs and hashes through the border, beside what a user would pick instead.

Every round runs all 256 inputs, so that no input is ever warm; `per` in the JSON says how many
operations a round is. Peers give the same bytes (asserted before anything is timed):

    python -m pytest bench/python/test_bench_abi.py --benchmark-group-by=group
"""

import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from eth_abi import abi as eth_abi
from eth_utils.crypto import keccak
from web3 import Web3

from vanta import _core

E6 = 10**6
E10 = 10**10
SETS = 256
TUPLE = "(address,uint256,uint256,uint256,uint256,uint256,bool,uint256,uint256,uint256,uint256)"
OPEN = [TUPLE, "uint8", "uint256"]
CLOSE = ["uint256"] * 4
OPEN_SELECTOR = bytes.fromhex("19cde9a1")
CLOSE_SELECTOR = bytes.fromhex("e5a97c92")
TRADE_FIELDS = [
    ("trader", "address"),
    ("pairIndex", "uint256"),
    ("index", "uint256"),
    ("initialPosToken", "uint256"),
    ("positionSizeUSDC", "uint256"),
    ("openPrice", "uint256"),
    ("buy", "bool"),
    ("leverage", "uint256"),
    ("tp", "uint256"),
    ("sl", "uint256"),
    ("timestamp", "uint256"),
]
FUNCTIONS: Any = [
    {
        "type": "function",
        "name": "openTrade",
        "stateMutability": "payable",
        "inputs": [
            {
                "name": "t",
                "type": "tuple",
                "components": [{"name": name, "type": kind} for name, kind in TRADE_FIELDS],
            },
            {"name": "_type", "type": "uint8"},
            {"name": "_slippageP", "type": "uint256"},
        ],
        "outputs": [{"name": "orderId", "type": "uint256"}],
    },
    {
        "type": "event",
        "name": "Transfer",
        "anonymous": False,
        "inputs": [
            {"name": "from", "type": "address", "indexed": True},
            {"name": "to", "type": "address", "indexed": True},
            {"name": "value", "type": "uint256", "indexed": False},
        ],
    },
]
CONTRACT = Web3().eth.contract(abi=FUNCTIONS)
DTYPES: dict[str, Any] = {"pair_index": np.uint16, "is_long": np.bool_, "order_type": np.uint8}

Order = dict[str, Any]


def _orders(count: int) -> list[Order]:
    seeded = random.Random(20261120)
    return [
        {
            "trader": seeded.randbytes(20),
            "pair_index": seeded.randrange(120),
            "collateral_e6": seeded.randint(10 * E6, 10_000 * E6),
            "open_price_e10": seeded.randint(E10 // 10, 100_000 * E10),
            "is_long": seeded.random() < 0.5,
            "leverage_e10": seeded.randint(E10, 75 * E10),
            "tp_e10": seeded.randint(E10 // 10, 200_000 * E10),
            "sl_e10": seeded.randint(E10 // 10, 100_000 * E10),
            "order_type": seeded.randrange(4),
            "slippage_e10": E10,
        }
        for _ in range(count)
    ]


def _args(order: Order) -> tuple[Any, ...]:
    trader, pair, collateral, price, is_long, leverage, tp, sl, kind, slippage = order.values()
    trade = (trader, pair, 0, 0, collateral, price, is_long, leverage, tp, sl, 0)
    return trade, kind, slippage


ORDERS = _orders(SETS)
ARGS = [_args(order) for order in ORDERS]
PACK = struct.Struct(">4s12x20s24xQ32x32x24xQ24xQ31x?24xQ24xQ24xQ32x31xB24xQ")
FLAT = [(a[0][0], a[0][1], *a[0][4:10], a[1], a[2]) for a in ARGS]
TABLE = _core.AbiTable()


def by_core() -> list[bytes]:
    encode = _core.open_trade_calldata
    return [encode(**order) for order in ORDERS]


def by_core_table() -> list[bytes]:
    encode = TABLE.encode_call
    return [encode("openTrade", args) for args in ARGS]


def by_web3() -> list[bytes]:
    return [
        bytes.fromhex(CONTRACT.encode_abi("openTrade", args=args).removeprefix("0x"))
        for args in ARGS
    ]


def by_eth_abi() -> list[bytes]:
    return [OPEN_SELECTOR + eth_abi.encode(OPEN, args) for args in ARGS]


def by_faster_eth_abi() -> list[bytes]:
    faster = pytest.importorskip("faster_eth_abi")
    encode = faster.encode
    return [OPEN_SELECTOR + encode(OPEN, args) for args in ARGS]


def by_struct() -> list[bytes]:
    pack = PACK.pack
    return [pack(OPEN_SELECTOR, *flat) for flat in FLAT]


ENCODERS: dict[str, Callable[[], list[bytes]]] = {
    "core": by_core,
    "core by type": by_core_table,
    "web3": by_web3,
    "eth-abi": by_eth_abi,
    "faster-eth-abi": by_faster_eth_abi,
    "python struct": by_struct,
}


@pytest.mark.benchmark(group="openTrade calldata")
@pytest.mark.parametrize("who", list(ENCODERS))
def test_open_trade(benchmark: Any, who: str) -> None:
    benchmark.extra_info["per"] = SETS
    assert ENCODERS[who]() == by_core()
    benchmark(ENCODERS[who])


@pytest.mark.benchmark(group="closeTradeMarket calldata")
@pytest.mark.parametrize("who", ["core", "eth-abi", "faster-eth-abi"])
def test_close_trade(benchmark: Any, who: str) -> None:
    benchmark.extra_info["per"] = SETS
    rows = [(a[1], a[1] % 40, a[2], a[3]) for a in FLAT]

    def core() -> list[bytes]:
        close = _core.close_trade_calldata
        return [
            close(pair_index=pair, index=index, amount_e6=amount, wanted_price_e10=price)
            for pair, index, amount, price in rows
        ]

    def python() -> list[bytes]:
        return [CLOSE_SELECTOR + encode(CLOSE, row) for row in rows]

    encode = eth_abi.encode
    if who == "faster-eth-abi":
        encode = pytest.importorskip("faster_eth_abi").encode
    assert core() == python()
    benchmark(core if who == "core" else python)


@pytest.mark.benchmark(group="openTrade calldata of orders in the core")
@pytest.mark.parametrize("count", [1, 64, 4_096])
def test_resident_orders(benchmark: Any, count: int) -> None:
    many = _orders(4_096)
    columns = {
        name: np.array([order[name] for order in many], dtype=DTYPES.get(name, np.int64))
        for name in many[0]
        if name != "trader"
    }
    traders = np.frombuffer(b"".join(order["trader"] for order in many), dtype=np.uint8)
    books = [
        _core.OpenOrders(
            trader=traders[at * 20 : (at + count) * 20],
            **{name: column[at : at + count] for name, column in columns.items()},
        )
        for at in range(0, min(4_096, SETS * count), count)
    ]
    benchmark.extra_info["per"] = len(books) * count
    wanted = [_core.open_trade_calldata(**order) for order in many[:count]]
    assert books[0].calldata().tobytes() == b"".join(wanted)
    benchmark(lambda: [book.calldata() for book in books])


def _transfers() -> list[tuple[bytes, list[bytes], bytes]]:
    seeded = random.Random(20261120)
    out = []
    for _ in range(SETS):
        values = [seeded.randbytes(20), seeded.randbytes(20), seeded.randrange(2**64)]
        out.append((bytes(20), *TABLE.encode_log("Transfer", values)))
    return out


@pytest.mark.benchmark(group="decode 256 logs")
@pytest.mark.parametrize("who", ["core", "web3"])
def test_logs(benchmark: Any, who: str) -> None:
    benchmark.extra_info["per"] = SETS
    logs = _transfers()
    nothing: Any = {"logIndex": 0, "transactionIndex": 0, "blockNumber": 0}
    nothing |= {"transactionHash": b"", "blockHash": b"", "address": "0x" + "00" * 20}
    receipts: Any = [{**nothing, "topics": topics, "data": data} for _, topics, data in logs]

    def core() -> list[int]:
        return [event.fields["value"] for event in TABLE.decode_logs(logs) if event]

    def web3() -> list[int]:
        read = CONTRACT.events.Transfer().process_log
        return [read(receipt)["args"]["value"] for receipt in receipts]

    assert core() == web3()
    benchmark(core if who == "core" else web3)


@pytest.mark.parametrize("size", [32, 420])
@pytest.mark.parametrize("who", ["core", "eth-hash"])
def test_keccak(benchmark: Any, who: str, size: int) -> None:
    benchmark.group = f"keccak-256 of {size} bytes"
    benchmark.extra_info["per"] = SETS
    seeded = random.Random(20261120)
    texts = [seeded.randbytes(size) for _ in range(SETS)]
    hashed: Callable[[bytes], bytes] = _core.keccak256 if who == "core" else keccak

    def run() -> list[bytes]:
        return [hashed(text) for text in texts]

    assert run() == [keccak(text) for text in texts]
    benchmark(run)
