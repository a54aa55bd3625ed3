"""EIP-712 by the letter of the standard, slow and obvious: no cache, no table, no JSON text.

`eth_account` is the other witness; it has no fixed array sizes, takes values of wrong types and
passes over unknown fields, so this one says what is refused as well.
"""

import re
from typing import Any

from eth_utils import keccak

Types = dict[str, list[dict[str, str]]]

DOMAIN = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
    "salt": "bytes32",
}


def digest(data: dict[str, Any]) -> bytes:
    domain = [{"name": k, "type": t} for k, t in DOMAIN.items() if k in data["domain"]]
    types = {"EIP712Domain": domain} | data["types"]
    separator = hash_struct(types, "EIP712Domain", data["domain"])
    message = hash_struct(types, data["primaryType"], data["message"])
    return keccak(b"\x19\x01" + separator + message)


def hash_struct(types: Types, name: str, value: dict[str, Any]) -> bytes:
    words = [word(types, field["type"], value[field["name"]]) for field in types[name]]
    return keccak(keccak(text=encode_type(types, name)) + b"".join(words))


def encode_type(types: Types, name: str) -> str:
    def spelled(one: str) -> str:
        return f"{one}({','.join(f['type'] + ' ' + f['name'] for f in types[one])})"

    return spelled(name) + "".join(map(spelled, sorted(used(types, name) - {name})))


def used(types: Types, name: str) -> set[str]:
    found, todo = {name}, [name]
    while todo:
        for field in types[todo.pop()]:
            root = field["type"].partition("[")[0]
            if root in types and root not in found:
                found.add(root)
                todo.append(root)
    return found


def word(types: Types, kind: str, value: Any) -> bytes:
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return keccak(b"".join(word(types, inner, one) for one in value))
    if kind in types:
        return bytes(32) if value is None else hash_struct(types, kind, value)
    if kind == "string":
        return keccak(text=value)
    if kind == "bytes":
        return keccak(bytes.fromhex(value[2:]))
    if kind == "bool":
        return bytes([0] * 31 + [value])
    if kind == "address":
        return bytes(12) + bytes.fromhex(value[2:])
    if match := re.fullmatch(r"u?int([0-9]+)", kind):
        number = int(value, 0) if isinstance(value, str) else value
        return (number % 2**256).to_bytes(32, "big") if match else b""
    return bytes.fromhex(value[2:]).ljust(32, b"\0")
