"""RLP: ethers ({decoded, encoded}) and the Ethereum project ({in, out}, some of them invalid)."""

from typing import Any

import pytest

from tests.vectors.files import Family, Row
from vanta import _core


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def rows(content: Any) -> list[Row]:
    listed = content.items() if isinstance(content, dict) else enumerate(content)
    return [(str(row.get("name", name)), row) for name, row in listed]


def from_hex_tree(tree: Any) -> Any:
    return [from_hex_tree(leaf) for leaf in tree] if isinstance(tree, list) else from_hex(tree)


def from_ethereum(tree: Any) -> Any:
    """Text is its bytes, an integer its shortest big-endian bytes, `#` a long integer."""
    if isinstance(tree, list):
        return [from_ethereum(leaf) for leaf in tree]
    if isinstance(tree, str) and not tree.startswith("#"):
        return tree.encode()
    value = int(tree[1:]) if isinstance(tree, str) else tree
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def check_tree(tree: Any, encoded: bytes) -> None:
    assert _core.rlp_encode(tree) == encoded, "encoded"
    assert _core.rlp_decode(encoded) == tree, "decoded"


def check(row: Any) -> None:
    if "encoded" in row:
        check_tree(from_hex_tree(row["decoded"]), from_hex(row["encoded"]))
        return
    encoded = from_hex(row["out"])
    if row["in"] == "INVALID":
        with pytest.raises(_core.AbiError):
            _core.rlp_decode(encoded)
    elif row["in"] == "VALID":
        assert _core.rlp_encode(_core.rlp_decode(encoded)) == encoded, "written back"
    else:
        check_tree(from_ethereum(row["in"]), encoded)


FAMILIES = (
    Family(r"(invalid|random)?[-_]?rlp[-_]?(tests?)?([.\-_].*)?\.json(\.gz)?", rows, check),
)
