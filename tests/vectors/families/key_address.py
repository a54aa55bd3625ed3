"""Key to address, and the signature over the hash of nothing (ethereum/tests `keyaddrtest`)."""

from typing import Any

from eth_utils import keccak

from tests.vectors.files import Family, Row
from vanta import _core

EMPTY = keccak(b"")


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("seed", name)), row) for name, row in listed]


def check(row: Any) -> None:
    keyring = _core.Keyring(seed=bytes(32))
    handle = keyring.add(bytes.fromhex(row["key"]))
    address = bytes.fromhex(row["addr"])
    assert keyring.address(handle) == address, "address"
    if "seed" in row:
        assert keccak(text=row["seed"]).hex().removeprefix("0x") == row["key"], "seed"
    given = row["sig_of_emptystring"]
    r, s, v = (int(given[part]) for part in "rsv")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
    assert _core.recover_address(EMPTY, signature=signature) == address, "signer"
    # The file is older than RFC 6979: its nonces are others and its s may be high.
    made = keyring.sign_digest(handle, EMPTY)
    assert _core.recover_address(EMPTY, signature=made) == address, "own signature"


FAMILIES = (Family(r"key[-_]?addr(?:ess)?(?:test)?(?:[.\-_].*)?\.json(?:\.gz)?", rows, check),)
