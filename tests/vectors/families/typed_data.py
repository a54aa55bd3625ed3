"""Typed data (ethers): digest, what is hashed for the message, and a signature where there is one.

Rows come as a list or by name.
"""

import json
from typing import Any

from eth_utils import keccak

from tests.vectors.files import Family, Row
from vanta import _core


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("name", name)), row) for name, row in listed]


def check(row: Any) -> None:
    data = {
        "types": row["types"],
        "domain": row["domain"],
        "primaryType": row["primaryType"],
        "message": row.get("data", row.get("message")),
    }
    for text in (json.dumps(data), json.dumps(data, ensure_ascii=False).encode()):
        digest = _core.typed_data_digest(text)
        assert digest == from_hex(row["digest"]), "digest"
        if "encoded" in row:
            encoded = _core.typed_data_encoded(text)
            assert encoded == from_hex(row["encoded"]), "encoded"
    if "structHash" in row:
        assert keccak(_core.typed_data_encoded(json.dumps(data))) == from_hex(row["structHash"])
    if "signature" in row:
        keyring = _core.Keyring(seed=bytes(32))
        handle = keyring.add(from_hex(row["privateKey"]))
        signature = from_hex(row["signature"])
        assert keyring.sign_digest(handle, digest) == signature, "signature"
        signer = _core.recover_address(digest, signature=signature)
        assert signer == keyring.address(handle), "signer"


FAMILIES = (Family(r"typed[-_]?data(?:[.\-_].*)?\.json(?:\.gz)?", rows, check),)
