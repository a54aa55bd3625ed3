"""Addresses of ethers: of a key, as checked text and as ICAP; of contracts (CREATE, CREATE2)."""

from typing import Any

import pytest

from tests.oracles.icap import icap
from tests.vectors.files import Family, Row
from vanta import _core


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("name", name)), row) for name, row in listed]


def created(content: Any) -> list[Row]:
    return [
        (str(inner.get("name", place)), (row["sender"], inner))
        for row in content
        for place, inner in enumerate(row["creates"])
    ]


def check_account(row: Any) -> None:
    unknown = set(row) - {"name", "privateKey", "address", "icap"}
    assert not unknown, f"unknown fields {sorted(unknown)}"
    text = row["address"]
    address = from_hex(text)
    if "privateKey" in row:
        keyring = _core.Keyring(seed=bytes(32))
        assert keyring.address(keyring.add(from_hex(row["privateKey"]))) == address, "of the key"
    assert _core.checksum_address(address) == text, "text"
    for same in (text, text.lower(), "0x" + text[2:].upper()):
        assert _core.parse_address(same) == address, "read"
    for place, letter in enumerate(text[2:], start=2):
        if letter.isalpha():
            mistyped = text[:place] + letter.swapcase() + text[place + 1 :]
            if mistyped[2:] not in {text[2:].lower(), text[2:].upper()}:
                with pytest.raises(_core.InvalidInput, match="checksum"):
                    _core.parse_address(mistyped)
    if "icap" in row:
        assert icap(address) == row["icap"], "icap"


def number(given: Any) -> int:
    return int(given, 0) if isinstance(given, str) else int(given)


def check_create(row: Any) -> None:
    sender, inner = row
    created = _core.create_address(_core.parse_address(sender), nonce=number(inner["nonce"]))
    assert _core.checksum_address(created) == inner["address"], "address"


def check_create2(row: Any) -> None:
    sender, inner = row
    code_hash = from_hex(inner["initCodeHash"])
    if "initCode" in inner:
        assert _core.keccak256(from_hex(inner["initCode"])) == code_hash, "hash of the code"
    created = _core.create2_address(
        _core.parse_address(sender), salt=from_hex(inner["salt"]), init_code_hash=code_hash
    )
    assert _core.checksum_address(created) == inner["address"], "address"


FAMILIES = (
    Family(r"accounts?([.\-_].*)?\.json(\.gz)?", rows, check_account),
    Family(r"create([.\-_].*)?\.json(\.gz)?", created, check_create),
    Family(r"create2([.\-_].*)?\.json(\.gz)?", created, check_create2),
)
