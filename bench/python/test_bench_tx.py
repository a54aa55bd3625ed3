"""From an order to signed bytes through the border, beside web3.py and eth-account.

Every round signs all 256 orders, so no input is ever warm. Peers give the same bytes (asserted
before anything is timed). eth-account signs with libsecp256k1 where coincurve is installed and in
pure Python ("stock") where it is not; the table's ratios come from one run:

    python -m pytest bench/python/test_bench_tx.py --benchmark-group-by=group
"""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from eth_account import Account
from web3 import Web3

from vanta import _core

E6 = 10**6
E10 = 10**10
SETS = 256
STOCK_SETS = 16  # pure Python takes milliseconds for each
CHAIN = 8453
GAS = 900_000
MAX_FEE, PRIORITY = 50_000_000, 1_000_000
EXECUTION_FEE = 350_000_000_000_000
SECRET = bytes([0x42]) * 32
TO = bytes.fromhex("44914408af82bc9983bbb330e3578e1105e11d4e")
FIELDS = (
    ("trader", "address"), ("pairIndex", "uint256"), ("index", "uint256"),
    ("initialPosToken", "uint256"), ("positionSizeUSDC", "uint256"), ("openPrice", "uint256"),
    ("buy", "bool"), ("leverage", "uint256"), ("tp", "uint256"), ("sl", "uint256"),
    ("timestamp", "uint256"),
)  # fmt: skip
OPEN_TRADE = {
    "type": "function",
    "name": "openTrade",
    "stateMutability": "payable",
    "outputs": [],
    "inputs": [
        {
            "name": "t",
            "type": "tuple",
            "components": [{"name": name, "type": type_} for name, type_ in FIELDS],
        },
        {"name": "_type", "type": "uint8"},
        {"name": "_slippageP", "type": "uint256"},
    ],
}

KEYRING = _core.Keyring(seed=bytes(range(32)))
HANDLE = KEYRING.add(SECRET)
TRADER = KEYRING.address(HANDLE)
CONTRACT = Web3().eth.contract(address=Web3.to_checksum_address("0x" + TO.hex()), abi=[OPEN_TRADE])

Order = dict[str, Any]


def _orders(count: int) -> list[Order]:
    seeded = random.Random(20261120)
    out = []
    for _ in range(count):
        price = seeded.randint(E10 // 10, 100_000 * E10)
        out.append(
            {
                "pair_index": seeded.randrange(100),
                "collateral_e6": seeded.randint(10 * E6, 10_000 * E6),
                "open_price_e10": price,
                "is_long": seeded.random() < 0.5,
                "leverage_e10": seeded.randint(E10, 100 * E10),
                "tp_e10": price * 11 // 10,
                "sl_e10": price * 9 // 10,
                "order_type": 0,
                "slippage_e10": E10,
            }
        )
    return out


ORDERS = _orders(SETS)
CALLS = [_core.open_trade_calldata(TRADER, **order) for order in ORDERS]
DTYPES = {"pair_index": np.uint16, "is_long": np.bool_, "order_type": np.uint8}
KEPT = _core.OpenOrders(
    trader=TRADER,
    **{
        name: np.array([order[name] for order in ORDERS], dtype=DTYPES.get(name, np.int64))
        for name in ORDERS[0]
    },
)
NONCES = np.arange(SETS, dtype=np.uint64)


@pytest.fixture
def coincurve(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = pytest.importorskip("coincurve")
    monkeypatch.setenv("ECC_BACKEND_CLASS", "eth_keys.backends.CoinCurveECCBackend")
    return found


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECC_BACKEND_CLASS", "eth_keys.backends.NativeECCBackend")


def ours_from_call(nonce: int) -> bytes:
    tx = _core.Transaction(
        chain_id=CHAIN,
        nonce=nonce,
        gas_limit=GAS,
        max_fee_per_gas_wei=MAX_FEE,
        max_priority_fee_per_gas_wei=PRIORITY,
        to=TO,
        value_wei=EXECUTION_FEE,
        data=CALLS[nonce],
    )
    return _core.tx_sign(KEYRING, handle=HANDLE, tx=tx)[0]


def ours_from_orders() -> list[tuple[bytes, bytes]]:
    return _core.tx_signs(
        KEYRING,
        handle=HANDLE,
        orders=KEPT,
        chain_id=CHAIN,
        to=TO,
        nonce=NONCES,
        gas_limit=GAS,
        max_fee_per_gas_wei=MAX_FEE,
        max_priority_fee_per_gas_wei=PRIORITY,
        value_wei=EXECUTION_FEE,
    )


def theirs_from_call(nonce: int, data: Any) -> bytes:
    signed = Account.sign_transaction(
        {
            "type": 2,
            "chainId": CHAIN,
            "nonce": nonce,
            "gas": GAS,
            "maxFeePerGas": MAX_FEE,
            "maxPriorityFeePerGas": PRIORITY,
            "to": CONTRACT.address,
            "value": EXECUTION_FEE,
            "data": data,
        },
        SECRET,
    )
    return bytes(signed.raw_transaction)


def theirs_from_order(nonce: int) -> bytes:
    order = ORDERS[nonce]
    trade = (
        TRADER, order["pair_index"], 0, 0, order["collateral_e6"], order["open_price_e10"],
        order["is_long"], order["leverage_e10"], order["tp_e10"], order["sl_e10"], 0,
    )  # fmt: skip
    data = CONTRACT.encode_abi("openTrade", args=[trade, 0, order["slippage_e10"]])
    return theirs_from_call(nonce, data)


EXPECTED = [raw for raw, _ in ours_from_orders()]


def timed(benchmark: Any, run: Callable[[], Any], count: int, group: str) -> None:
    benchmark.group = group
    benchmark.extra_info["per"] = count
    benchmark(run)


def test_order_to_signed_ours(benchmark: Any) -> None:
    timed(benchmark, ours_from_orders, SETS, "order to signed transaction")


def test_order_to_signed_web3_coincurve(benchmark: Any, coincurve: Any) -> None:
    assert [theirs_from_order(n) for n in range(3)] == EXPECTED[:3]
    timed(
        benchmark,
        lambda: [theirs_from_order(n) for n in range(SETS)],
        SETS,
        "order to signed transaction",
    )


def test_order_to_signed_web3_stock(benchmark: Any, stock: None) -> None:
    assert [theirs_from_order(n) for n in range(3)] == EXPECTED[:3]
    timed(
        benchmark,
        lambda: [theirs_from_order(n) for n in range(STOCK_SETS)],
        STOCK_SETS,
        "order to signed transaction",
    )


def test_sign_ours(benchmark: Any) -> None:
    assert [ours_from_call(n) for n in range(SETS)] == EXPECTED
    timed(benchmark, lambda: [ours_from_call(n) for n in range(SETS)], SETS, "sign type 2")


def test_sign_eth_account_coincurve(benchmark: Any, coincurve: Any) -> None:
    timed(
        benchmark,
        lambda: [theirs_from_call(n, CALLS[n]) for n in range(SETS)],
        SETS,
        "sign type 2",
    )


def test_sign_eth_account_stock(benchmark: Any, stock: None) -> None:
    timed(
        benchmark,
        lambda: [theirs_from_call(n, CALLS[n]) for n in range(STOCK_SETS)],
        STOCK_SETS,
        "sign type 2",
    )


def test_sign_bare_coincurve(benchmark: Any, coincurve: Any) -> None:
    """One bare libsecp256k1 signature from Python: the wall."""
    key = coincurve.PrivateKey(SECRET)
    digests = [_core.keccak256(raw) for raw in EXPECTED]
    timed(
        benchmark,
        lambda: [key.sign_recoverable(digest, hasher=None) for digest in digests],
        SETS,
        "sign type 2",
    )


def test_decode_ours(benchmark: Any) -> None:
    assert all(_core.tx_decode(raw).sender == TRADER for raw in EXPECTED)
    timed(benchmark, lambda: [_core.tx_decode(raw) for raw in EXPECTED], SETS, "decode and recover")


def test_decode_eth_account_coincurve(benchmark: Any, coincurve: Any) -> None:
    assert bytes.fromhex(Account.recover_transaction(EXPECTED[0])[2:]) == TRADER
    timed(
        benchmark,
        lambda: [Account.recover_transaction(raw) for raw in EXPECTED],
        SETS,
        "decode and recover",
    )
