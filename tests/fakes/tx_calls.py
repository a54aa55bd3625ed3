"""One good call per binding of transactions, for tests that replace its arguments."""

from typing import Any

import numpy as np

from tests.fakes.hostile import UNSIGNED_64, UNSIGNED_256, Area, Calls
from vanta import _core

SECRET = bytes([0x46]) * 32
CALLED = bytes([2]) * 20
KEYRING = _core.Keyring(seed=bytes(32))
HANDLE = KEYRING.add(SECRET)
LEAVE = _core.authorization_sign(KEYRING, handle=HANDLE, chain_id=8453, address=CALLED, nonce=4)
ACCESSES = [(bytes([3]) * 20, [bytes([4]) * 32])]
FEES: dict[str, Any] = {"max_fee_per_gas_wei": 100, "max_priority_fee_per_gas_wei": 7}
CALL: dict[str, Any] = {
    "chain_id": 8453,
    "nonce": 3,
    "gas_limit": 90_000,
    "to": CALLED,
    "value_wei": 1_000,
    "data": b"\x00\x01\x02\xff",
}
TYPES: dict[int, dict[str, Any]] = {
    0: {"type": 0, **CALL, "gas_price_wei": 100},
    1: {"type": 1, **CALL, "gas_price_wei": 100, "access_list": ACCESSES},
    2: {"type": 2, **CALL, **FEES, "access_list": ACCESSES},
    3: {
        "type": 3,
        **CALL,
        **FEES,
        "access_list": ACCESSES,
        "max_fee_per_blob_gas_wei": 9,
        "blob_hashes": [bytes([1]) * 32],
    },
    4: {"type": 4, **CALL, **FEES, "access_list": ACCESSES, "authorizations": [LEAVE]},
}
TX = _core.Transaction(**TYPES[2])
RAW, HASH = _core.tx_sign(KEYRING, handle=HANDLE, tx=TX)
SIGNATURE = _core.tx_decode(RAW).signature
BATCH: dict[str, Any] = {
    "handle": HANDLE,
    "orders": [b"\x01\x02", b"\x03"],
    "chain_id": 8453,
    "to": CALLED,
    "nonce": np.array([3, 4], dtype=np.uint64),
    "gas_limit": np.array([90_000, 91_000], dtype=np.uint64),
    "max_fee_per_gas_wei": np.array([100, 101], dtype=np.uint64),
    "max_priority_fee_per_gas_wei": np.array([7, 8], dtype=np.uint64),
    "value_wei": np.array([0, 1], dtype=np.uint64),
}


def der(signature: bytes) -> bytes:
    """Strict DER of r || s || v."""

    def element(tag: int, body: bytes) -> bytes:
        return bytes([tag, len(body)]) + body

    def integer(word: bytes) -> bytes:
        short = word.lstrip(b"\x00") or b"\x00"
        return element(2, b"\x00" * (short[0] >> 7) + short)

    return element(0x30, integer(signature[:32]) + integer(signature[32:64]))


def calls() -> Calls:
    """By name: the function and its good arguments, the positional one too."""
    return {
        **{f"type {kind}": (_core.Transaction, good) for kind, good in TYPES.items()},
        "tx_preimage": (_core.tx_preimage, {"tx": TX}),
        "tx_signing_hash": (_core.tx_signing_hash, {"tx": TX}),
        "tx_sign": (_core.tx_sign, {"keyring": KEYRING, "handle": HANDLE, "tx": TX}),
        "tx_signs": (_core.tx_signs, {"keyring": KEYRING, **BATCH}),
        "tx_assemble": (_core.tx_assemble, {"tx": TX, "signature": SIGNATURE}),
        "tx_decode": (_core.tx_decode, {"raw": RAW}),
        "authorization_hash": (
            _core.authorization_hash,
            {"chain_id": 8453, "address": CALLED, "nonce": 4},
        ),
        "authorization_sign": (
            _core.authorization_sign,
            {
                "keyring": KEYRING,
                "handle": HANDLE,
                "chain_id": 8453,
                "address": CALLED,
                "nonce": 4,
            },
        ),
        "normalize_signature": (
            _core.normalize_signature,
            {
                "der": der(SIGNATURE),
                "digest": _core.tx_signing_hash(TX),
                "expected_address": KEYRING.address(HANDLE),
            },
        ),
        "intrinsic_gas": (
            _core.intrinsic_gas,
            {"tx": TX, "nonzero_byte": 16, "create": 32_000, "init_word": 2, "floor_token": 10},
        ),
        "rlp_encode": (_core.rlp_encode, {"item": [b"\x01", [b""]]}),
        "rlp_decode": (_core.rlp_decode, {"data": b"\xc3\x01\xc1\x80"}),
        "create_address": (_core.create_address, {"sender": CALLED, "nonce": 3}),
        "create2_address": (
            _core.create2_address,
            {"sender": CALLED, "salt": SECRET, "init_code_hash": SECRET},
        ),
        "checksum_address": (_core.checksum_address, {"address": CALLED}),
        "parse_address": (_core.parse_address, {"text": "0x" + CALLED.hex()}),
    }


FEE_NAMES = ("gas_price_wei", *FEES, "max_fee_per_blob_gas_wei")
AREA = Area(
    name="tx",
    calls=calls,
    limits=UNSIGNED_64,
    wide=dict.fromkeys(("value_wei", *FEE_NAMES), UNSIGNED_256)
    # A chain to give leave on is 256 bits wide (EIP-7702).
    | {f"authorization_{what}.chain_id": UNSIGNED_256 for what in ("hash", "sign")},
    fine=(
        "type 0.chain_id.none",  # before EIP-155
        *(f"type {kind}.to.none" for kind in (0, 1, 2)),  # makes a contract
        "type *.data.* bytes",
        *(f"tx_signs.{name}.integer" for name in ("gas_limit", FEE_NAMES[2], "value_wei")),
        "tx_decode.raw.* bytes",
        "normalize_signature.der.* bytes",
        "rlp_*.* bytes",
        "rlp_encode.item.bytes",
    ),
    needed=frozenset(f"type {kind}.{name}" for kind in TYPES for name in FEE_NAMES)
    | {f"type {kind}.type" for kind in TYPES if kind != 2}  # the default
    | {"type 4.authorizations"},
)
