"""Transaction tests of the Ethereum project (`tt*`): what each fork says to the same bytes.

{file: {test: {txbytes, result: {fork: {hash, sender, intrinsicGas} or {exception}}}}}; a file of
one test, not packed with its siblings, is understood too.
"""

from collections.abc import Iterator
from typing import Any

from tests.oracles.forks import HALF_ORDER, RefusedError, accept, intrinsic_gas
from tests.vectors.files import Family, Row
from vanta import _core


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def rows(content: Any, path: str = "") -> Iterator[Row]:
    if "txbytes" in content:
        assert content["result"], "no fork"
        for fork, result in content["result"].items():
            yield f"{path} {fork}", (content["txbytes"], fork, result)
        return
    for name, inner in content.items():
        if name != "_info":
            yield from rows(inner, f"{path}/{name}")


def check(row: Any) -> None:
    raw, fork, result = from_hex(row[0]), *row[1:]
    unknown = set(result) - {"exception", "hash", "sender", "intrinsicGas"}
    assert not unknown, f"unknown answers {sorted(unknown)}"
    if "exception" in result:
        try:
            accept(fork, raw)
        except RefusedError as error:
            if "INTRINSIC_GAS_TOO_LOW" in result["exception"]:
                assert str(error) == "too little gas", str(error)
                gas, _ = intrinsic_gas(fork, _core.tx_decode(raw).tx)
                assert gas == int(result["intrinsicGas"], 16), "gas"
            return
        raise AssertionError(f"taken, should be {result['exception']}")
    signed = accept(fork, raw)
    assert signed.hash == from_hex(result["hash"]), "hash"
    assert signed.sender == from_hex(result["sender"]), "sender"
    if "intrinsicGas" in result:
        assert intrinsic_gas(fork, signed.tx)[0] == int(result["intrinsicGas"], 16), "gas"
    if int.from_bytes(signed.signature[32:64], "big") <= HALF_ORDER:  # a high s is never written
        assert _core.tx_assemble(signed.tx, signature=signed.signature)[0] == raw, "written back"


FAMILIES = (Family(r"tt[A-Z][A-Za-z0-9]*([.\-_].*)?\.json(\.gz)?", rows, check),)
