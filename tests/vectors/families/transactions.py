"""Transactions of ethers: unsigned, signed and signature for each of five kinds; and `txtest`.

A kind the row's fields do not allow is an empty text (EIP-155 without a chain).
"""

from typing import Any

from tests.oracles.forks import HALF_ORDER
from tests.vectors.files import Family, Row
from vanta import _core

KINDS = {"Legacy": 0, "Eip155": 0, "Berlin": 1, "London": 2, "Cancun": 3, "Prague": 4}
PARTS = ("unsigned", "signed", "signature")


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def number(given: Any) -> int:
    return int(given, 0) if isinstance(given, str) else int(given)


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("name", name)), row) for name, row in listed]


def accesses(given: Any) -> list[Any]:
    return [
        (
            _core.parse_address(entry["address"]),
            [from_hex(slot) for slot in entry["storageKeys"]],
        )
        for entry in given
    ]


def leave(given: Any) -> Any:
    signature = given["signature"]
    parity = number(signature.get("yParity", signature.get("v", 0)))
    return (
        number(given["chainId"]),
        _core.parse_address(given["address"]),
        number(given["nonce"]),
        parity - 27 if parity >= 27 else parity,
        number(signature["r"]),
        number(signature["s"]),
    )


def transaction(kind: str, given: Any) -> _core.Transaction:
    """The transaction of one kind; a field that is not given is zero or empty."""
    chain_id = None if kind == "Legacy" else number(given.get("chainId", 0))
    to = given.get("to")
    fields: dict[str, Any] = {
        "type": KINDS[kind],
        "chain_id": chain_id,
        "nonce": number(given.get("nonce", 0)),
        "gas_limit": number(given.get("gasLimit", 0)),
        "to": _core.parse_address(to) if to else None,
        "value_wei": number(given.get("value", 0)),
        "data": from_hex(given.get("data", "0x")),
    }
    if KINDS[kind] <= 1:
        fields["gas_price_wei"] = number(given.get("gasPrice", 0))
    else:
        fields["max_fee_per_gas_wei"] = number(given.get("maxFeePerGas", 0))
        fields["max_priority_fee_per_gas_wei"] = number(given.get("maxPriorityFeePerGas", 0))
    if KINDS[kind] >= 1:
        fields["access_list"] = accesses(given.get("accessList", []))
    if kind == "Cancun":
        # The type creates no contract: ethers writes the zero address for none.
        fields["to"] = fields["to"] or bytes(20)
        fields["max_fee_per_blob_gas_wei"] = number(given.get("maxFeePerBlobGas", 0))
        fields["blob_hashes"] = [from_hex(blob) for blob in given.get("blobVersionedHashes", [])]
    if kind == "Prague":
        fields["to"] = fields["to"] or bytes(20)
        fields["authorizations"] = [leave(entry) for entry in given.get("authorizationList", [])]
    return _core.Transaction(**fields)


def parity(kind: str, given: Any, chain_id: int | None) -> int:
    v = number(given["v"])
    if kind == "Legacy":
        return v - 27
    if kind == "Eip155":
        assert chain_id is not None
        return v - 35 - 2 * chain_id
    return v


def check_kind(kind: str, row: Any) -> None:
    tx = transaction(kind, row["transaction"])
    keyring = _core.Keyring(seed=bytes(32))
    handle = keyring.add(from_hex(row["privateKey"]))
    assert _core.tx_preimage(tx) == from_hex(row[f"unsigned{kind}"]), f"unsigned{kind}"
    assert _core.tx_signing_hash(tx) == _core.keccak256(_core.tx_preimage(tx)), f"{kind} hash"
    given = row[f"signature{kind}"]
    signature = b"".join(
        (
            number(given["r"]).to_bytes(32, "big"),
            number(given["s"]).to_bytes(32, "big"),
            bytes([27 + parity(kind, given, tx.chain_id)]),
        )
    )
    signed = from_hex(row[f"signed{kind}"])
    assembled = _core.tx_assemble(tx, signature=signature)
    assert assembled == (signed, _core.keccak256(signed)), f"signed{kind}"
    if kind not in {"Legacy", "Cancun"}:  # those are read, never signed here
        assert _core.tx_sign(keyring, handle=handle, tx=tx) == assembled, f"{kind} signed here"
    decoded = _core.tx_decode(signed)
    assert decoded.tx == tx, f"{kind} read back"
    assert (decoded.sender, decoded.signature) == (keyring.address(handle), signature), "sender"
    assert decoded.hash == assembled[1], f"{kind} hash read back"


def check(row: Any) -> None:
    known = {part + kind for part in PARTS for kind in KINDS}
    unknown = set(row) - known - {"name", "comment", "transaction", "privateKey", "address"}
    assert not unknown, f"unknown fields {sorted(unknown)}"
    some = False
    for kind in KINDS:
        if row.get(f"unsigned{kind}"):
            check_kind(kind, row)
            some = True
        else:
            assert not row.get(f"signed{kind}"), f"signed{kind} without unsigned{kind}"
    assert some, "no kind at all"


def check_legacy(row: Any) -> None:
    tx = _core.Transaction(
        type=0,
        chain_id=None,
        nonce=number(row["nonce"]),
        gas_limit=number(row["startgas"]),
        gas_price_wei=number(row["gasprice"]),
        to=from_hex(row["to"]) or None,
        value_wei=number(row["value"]),
        data=from_hex(row["data"]),
    )
    fields = _core.rlp_decode(_core.tx_preimage(tx))
    # The file is older than EIP-155: what it calls unsigned has three empty fields behind.
    assert _core.rlp_encode([*fields, b"", b"", b""]) == from_hex(row["unsigned"]), "unsigned"
    keyring = _core.Keyring(seed=bytes(32))
    handle = keyring.add(from_hex(row["key"]))
    decoded = _core.tx_decode(from_hex(row["signed"]))
    assert decoded.tx == tx, "signed"
    assert decoded.sender == keyring.address(handle), "sender"
    # It is older than low s and than RFC 6979 too: only what is low can be put together again.
    if int.from_bytes(decoded.signature[32:64], "big") <= HALF_ORDER:
        raw, _ = _core.tx_assemble(tx, signature=decoded.signature)
        assert raw == from_hex(row["signed"]), "put together again"


FAMILIES = (
    Family(r"transactions?([.\-_].*)?\.json(\.gz)?", rows, check),
    Family(r"txtests?([.\-_].*)?\.json(\.gz)?", rows, check_legacy),
)
