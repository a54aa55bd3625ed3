"""Key to address, and the signature over the hash of nothing (ethereum/tests `keyaddrtest`).

The signatures of the file are older than the rules for nonces and low s, and nobody knows what was
hashed for them: they recover to the key's address neither over keccak("") nor over any other digest
of nothing that was in use. What is checked of them is their form; what is checked of ours is all.
"""

from typing import Any

from eth_keys import keys
from eth_utils import keccak

from tests.vectors.files import Family, Row
from vanta import _core

EMPTY = keccak(b"")


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("seed", name)), row) for name, row in listed]


def check(row: Any) -> None:
    keyring = _core.Keyring(seed=bytes(32))
    secret = bytes.fromhex(row["key"])
    handle = keyring.add(secret)
    address = bytes.fromhex(row["addr"])
    assert keyring.address(handle) == address, "address"
    if "seed" in row:
        assert keccak(text=row["seed"]) == secret, "seed"
    given = row["sig_of_emptystring"]
    r, s, v = (int(given[part]) for part in "rsv")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
    assert len(_core.recover_address(EMPTY, signature=signature)) == 20, "form"
    made = keyring.sign_digest(handle, EMPTY)
    assert _core.recover_address(EMPTY, signature=made) == address, "signer"
    vrs = (made[64] - 27, int.from_bytes(made[:32]), int.from_bytes(made[32:64]))
    assert keys.PrivateKey(secret).sign_msg_hash(EMPTY).vrs == vrs, "signature"


FAMILIES = (Family(r"key[-_]?addr(?:ess)?(?:test)?(?:[.\-_].*)?\.json(?:\.gz)?", rows, check),)
