"""Rows about the contract ABI: values to bytes and back, selectors, packed hashes, logs.

Rows write addresses and bytes as hex and integers as decimal or hex text; the type says which.
"""

import re
from collections.abc import Iterable
from typing import Any

from tests.oracles.hex_prefix import hex_prefix
from tests.vectors.files import Family, Row
from vanta import _core

TABLE = _core.AbiTable()
KNOWN = {signature for _, signature, _, _, _ in TABLE.entries()}
OTHERS = {
    ("PairInfos", "pairParams"): _core.AbiTable(
        ["v1 function pairParams(uint256) view returns (uint256, uint256, uint256)"]
    )
}
"""Functions of a selector that another contract answers in another shape: the table holds one."""


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def integer(value: Any) -> int:
    if isinstance(value, str):
        sign = -1 if value.startswith("-") else 1
        digits = value.removeprefix("-")
        return sign * (int(digits, 16) if digits.startswith("0x") else int(digits))
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    return value


def parts(text: str) -> list[str]:
    """Split the inside of a tuple at the commas that are its own."""
    out, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            out.append("")
        else:
            out[-1] += letter
    return out if text else []


def value(kind: str, raw: Any) -> Any:
    """Turn a row's value of a type into what the core takes for it."""
    array = re.fullmatch(r"(.*)\[\d*\]", kind)
    if array:
        return [value(array[1], item) for item in raw]
    if kind.startswith(("(", "tuple")):
        inner = parts(kind.removeprefix("tuple")[1:-1])
        items = list(raw.values()) if isinstance(raw, dict) else raw
        return tuple(value(k, item) for k, item in zip(inner, items, strict=True))
    if kind.startswith(("uint", "int")):
        return integer(raw)
    if kind == "bool":
        return raw if isinstance(raw, bool) else {"true": True, "false": False}[raw]
    if kind == "string":
        return raw
    if kind.startswith(("bytes", "address", "function")):
        if raw.startswith("0x") or kind == "address":
            return unhex(raw)
        return raw.encode()
    raise LookupError(f"unknown type {kind}")


def check_codec(kinds: list[str], raw: list[Any], encoded: bytes) -> None:
    values = tuple(value(kind, item) for kind, item in zip(kinds, raw, strict=True))
    assert _core.abi_encode(kinds, values) == encoded
    assert _core.abi_decode(kinds, encoded) == values


def plain(verbose: dict[str, Any]) -> Any:
    """Take the tags off a `verbose` value, having looked at each."""
    kind, held = verbose["type"], verbose["value"]
    if kind in ("object", "array"):
        return [plain(item) for item in held]
    if kind == "null":
        return None
    if kind not in ("address", "boolean", "hexstring", "number", "string"):
        raise LookupError(f"unknown kind {kind}")
    return held


def ethers_abi(row: Any) -> None:
    for raw in (row["value"], plain(row["verbose"])):
        check_codec([row["type"]], [raw], unhex(row["encoded"]))


def contract_signature(row: Any) -> None:
    assert _core.selector(row["signature"]) == unhex(row["sigHash"])


def digest(name: str, data: bytes) -> bytes:
    return _core.keccak256(data) if name == "keccak256" else _core.hash_bytes(name, data)


def solidity_hash(row: Any) -> None:
    values = [value(kind, item) for kind, item in zip(row["types"], row["values"], strict=True)]
    packed = _core.abi_encode_packed(row["types"], values)
    checks = set(row) - {"name", "types", "values"}
    assert checks
    for name in checks:
        # A 20-byte hash stands in a word, at its front.
        assert digest(name, packed).ljust(32, b"\0") == unhex(row[name]), name


def plain_hash(row: Any) -> None:
    checks = set(row) - {"name", "data"}
    assert checks
    for name in checks:
        assert digest(name, unhex(row["data"])) == unhex(row[name]), name


def basic_abi(row: Any) -> None:
    check_codec(row["types"], row["args"], unhex(row["result"]))


def trie_path(row: Any) -> None:
    assert hex_prefix(row["seq"], row["term"]) == row["out"]


def inputs(signature: str) -> list[str]:
    return parts(signature[signature.index("(") + 1 : -1])


def venue_call(row: Any) -> None:
    kinds, calldata = inputs(row["signature"]), unhex(row["calldata"])
    args = tuple(value(kind, item) for kind, item in zip(kinds, row["args"], strict=True))
    assert _core.selector(row["signature"]) == unhex(row["selector"])
    table = TABLE
    if row["signature"] not in KNOWN:
        table = _core.AbiTable([f"v1 function {row['signature']}"])
    assert table.encode_call(row["signature"], args) == calldata
    assert table.decode_call(calldata) == (row["signature"], args)


def same_fields(found: Any, wanted: Any) -> None:
    """Compare fields by name; the core's own values say how the row's texts are to be read."""
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for name, item in wanted.items():
            same_fields(found[name], item)
    elif isinstance(wanted, list):
        items = list(found.values()) if isinstance(found, dict) else found
        assert len(items) == len(wanted)
        for one, item in zip(items, wanted, strict=True):
            same_fields(one, item)
    elif isinstance(found, bytes):
        assert found == unhex(wanted)
    elif isinstance(found, bool | str):
        assert found == wanted
    else:
        assert found == integer(wanted)


def venue_log(row: Any) -> None:
    topics, data = [unhex(topic) for topic in row["topics"]], unhex(row["data"])
    [event] = TABLE.decode_logs([(bytes(20), topics, data)])
    assert event is not None
    assert (event.name, event.signature) == (row["event"], row["signature"])
    # A token's events have no version of the venue's contracts.
    assert event.version in {row["version"], "erc20"}
    same_fields(event.fields, row["decoded"])
    values = [_positional(item) for item in event.fields.values()]
    assert TABLE.encode_log(row["signature"], values) == (topics, data)


def _positional(item: Any) -> Any:
    return tuple(_positional(one) for one in item.values()) if isinstance(item, dict) else item


def venue_return(row: Any) -> None:
    data = unhex(row["return_data"])
    check_codec(row["output_types"], row["values"], data)
    by_type = _core.abi_decode(row["output_types"], data)
    if sum(name.startswith(row["function"] + "(") for name in KNOWN) != 1:
        return  # one of overloads, or nothing a bot asks: the row does not say its arguments
    table = OTHERS.get((row["contract"], row["function"]), TABLE)
    assert table.decode_return(row["function"], data) == by_type
    assert table.encode_return(row["function"], by_type) == data


VENUE = {"vectors": venue_call, "event_logs": venue_log, "return_data": venue_return}


def venue_rows(content: Any) -> Iterable[Row]:
    known = {"meta", *VENUE}
    if set(content) - known:
        raise LookupError(f"unknown parts {set(content) - known}")
    for part in VENUE:
        for row in content.get(part, []):
            yield row["id"], (part, row)


def venue(row: Any) -> None:
    part, inner = row
    VENUE[part](inner)


def listed(content: Any) -> Iterable[Row]:
    return [(row["name"], row) for row in content]


def named(content: Any) -> Iterable[Row]:
    return list(content.items())


def _file(stem: str) -> str:
    return rf"{stem}([.\-_].*)?\.json(\.gz)?"


FAMILIES = (
    Family(_file("avantis[-_]v1[-_]calldata"), venue_rows, venue),
    Family(_file("abi"), listed, ethers_abi),
    Family(_file("contract[-_]signatures"), listed, contract_signature),
    Family(_file("solidity[-_]hashes"), listed, solidity_hash),
    Family(_file("hashes"), listed, plain_hash),
    Family(_file("basic[-_]abi[-_]tests"), named, basic_abi),
    Family(_file("hexencodetest"), named, trie_path),
)
