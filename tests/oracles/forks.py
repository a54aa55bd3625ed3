"""What each hard fork of Ethereum takes: the rules Vanta itself does not need, written slowly.

Vanta lives on the newest fork of one chain; the tests of the Ethereum project ask about all.
Reading, hashing, recovering and summing gas is the core's; here is only who allowed what when.
"""

from typing import Final

from vanta import _core

FORKS: Final = (
    "Frontier",
    "Homestead",
    "EIP150",
    "EIP158",
    "Byzantium",
    "Constantinople",
    "ConstantinopleFix",
    "Istanbul",
    "MuirGlacier",
    "Berlin",
    "London",
    "ArrowGlacier",
    "GrayGlacier",
    "Paris",
    "Shanghai",
    "Cancun",
    "Prague",
    "Osaka",
)
ALIASES: Final = {
    "TangerineWhistle": "EIP150",
    "SpuriousDragon": "EIP158",
    "Petersburg": "ConstantinopleFix",
    "Merge": "Paris",
    "MergeEOF": "Paris",
}
FIRST_WITH_TYPE: Final = ("Frontier", "Berlin", "London", "Cancun", "Prague")
MAINNET: Final = 1
HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
MAX_INIT_CODE: Final = 49_152
BLOBS: Final = {"Cancun": 6, "Prague": 9, "Osaka": 6}
OSAKA_GAS_CAP: Final = 2**24


class RefusedError(Exception):
    """The fork does not take the transaction."""


def since(fork: str, first: str) -> bool:
    """Whether `fork` is `first` or later; `ValueError` for a fork nobody knows."""
    known = ALIASES.get(fork, fork)
    if known not in FORKS:
        raise ValueError(f"{fork} is a fork nobody knows")
    return FORKS.index(known) >= FORKS.index(first)


def intrinsic_gas(fork: str, tx: _core.Transaction) -> tuple[int, int]:
    """(charged before code runs, charged at least) under the prices of `fork`."""
    return _core.intrinsic_gas(
        tx,
        nonzero_byte=16 if since(fork, "Istanbul") else 68,
        create=32_000 if since(fork, "Homestead") else 0,
        init_word=2 if since(fork, "Shanghai") else 0,
        floor_token=10 if since(fork, "Prague") else 0,
    )


def accept(fork: str, raw: bytes) -> _core.SignedTransaction:
    """Read `raw` as a node of `fork` on mainnet does, or raise `RefusedError`."""
    try:
        signed = _core.tx_decode(raw)
    except _core.AbiError as error:
        raise RefusedError(str(error)) from error
    tx = signed.tx
    _check(since(fork, FIRST_WITH_TYPE[tx.type]), f"type {tx.type} did not exist")
    if tx.type == 0:
        # EIP-155 came with Spurious Dragon; before it v was 27 or 28.
        _check(tx.chain_id is None or since(fork, "EIP158"), "chain before EIP-155")
    _check(tx.chain_id in {None, MAINNET}, f"chain {tx.chain_id}")
    low = int.from_bytes(signed.signature[32:64], "big") <= HALF_ORDER
    _check(low or not since(fork, "Homestead"), "high s")
    _check(tx.gas_limit >= max(intrinsic_gas(fork, tx)), "too little gas")
    _check(tx.gas_limit * tx.max_fee_per_gas_wei < 2**256, "price of all gas overflows")
    if tx.to is None and since(fork, "Shanghai"):
        _check(len(tx.data) <= MAX_INIT_CODE, "init code too long")
    if tx.type == 3:
        blobs = tx.blob_hashes
        _check(0 < len(blobs) <= BLOBS[ALIASES.get(fork, fork)], f"{len(blobs)} blobs")
        _check(all(blob[0] == 1 for blob in blobs), "version of a blob hash")
    if since(fork, "Osaka"):
        _check(tx.gas_limit <= OSAKA_GAS_CAP, "more gas than a transaction may have")
    return signed


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RefusedError(otherwise)
