"""The oracle of hard forks: each rule at the fork that brought it and the one before."""

from typing import Any

import pytest

from tests.fakes.tx_calls import CALLED, HANDLE, KEYRING, TYPES
from tests.oracles.forks import HALF_ORDER, RefusedError, accept
from vanta import _core


def signed(kind: int, **change: Any) -> bytes:
    fields = {**TYPES[kind], "chain_id": 1, "gas_limit": 2_000_000, **change}
    return _core.tx_sign(KEYRING, handle=HANDLE, tx=_core.Transaction(**fields))[0]


def chainless_twin() -> bytes:
    """A type 0 without chain and with a high s, field by field."""
    tx = _core.Transaction(**{**TYPES[0], "chain_id": None})
    signature = KEYRING.sign_digest(HANDLE, _core.tx_signing_hash(tx))
    s = 2 * HALF_ORDER + 1 - int.from_bytes(signature[32:64], "big")
    fields = _core.rlp_decode(_core.tx_preimage(tx))
    v = bytes([55 - signature[64]])
    return _core.rlp_encode([*fields, v, signature[:32], s.to_bytes(32, "big").lstrip(b"\x00")])


@pytest.mark.parametrize(
    ("raw", "last_without", "first_with"),
    [
        (signed(0), "EIP150", "EIP158"),
        (signed(1), "Istanbul", "Berlin"),
        (signed(2), "Berlin", "London"),
        (signed(4), "Cancun", "Prague"),
        (chainless_twin(), "Homestead", "Frontier"),
        (signed(2, to=None, data=bytes(49_153)), "Shanghai", "London"),
        (signed(0, data=b"\x01" * 50, gas_limit=21_799), "EIP158", None),
        (signed(0, data=b"\x01" * 50, gas_limit=21_800), "EIP158", "Istanbul"),
        (signed(2, max_fee_per_gas_wei=2**236), "London", None),
        (signed(2, chain_id=5), "London", None),
        (signed(2, gas_limit=2**24 + 1), "Osaka", "Prague"),
    ],
)
def test_a_rule_and_its_fork(raw: bytes, last_without: str, first_with: str | None) -> None:
    with pytest.raises(RefusedError):
        accept(last_without, raw)
    if first_with is None:
        with pytest.raises(RefusedError):
            accept("Istanbul", raw)
    else:
        assert accept(first_with, raw).sender == KEYRING.address(HANDLE)


def test_an_unknown_fork_is_no_answer() -> None:
    with pytest.raises(ValueError, match="Amsterdam"):
        accept("Amsterdam", signed(2, to=CALLED))
