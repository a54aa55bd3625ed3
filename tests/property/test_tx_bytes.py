"""Bytes of others: RLP against `rlp`, mutated transactions, signatures of key services."""

from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.tx_calls import TYPES, der
from tests.oracles.forks import HALF_ORDER
from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

ORDER = 2 * HALF_ORDER + 1
SECRETS = [bytes([first]) * 32 for first in range(1, 9)]
KEYRING = _core.Keyring(seed=bytes(32))
HANDLES = [KEYRING.add(secret) for secret in SECRETS]

words = st.binary(min_size=32, max_size=32)
trees = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5))


@unhurried
@given(trees)
def test_rlp_trees(tree: Any) -> None:
    encoded = rlp.encode(tree)
    assert _core.rlp_encode(tree) == encoded
    assert _core.rlp_decode(encoded) == tree


@unhurried
@given(st.binary(max_size=80))
def test_rlp_of_any_bytes(data: bytes) -> None:
    try:
        expected = as_lists(rlp.decode(data, strict=True))
    except rlp.DecodingError:
        with pytest.raises(_core.AbiError):
            _core.rlp_decode(data)
        return
    assert _core.rlp_decode(data) == expected


def as_lists(tree: Any) -> Any:
    return tree if isinstance(tree, bytes) else [as_lists(leaf) for leaf in tree]


@unhurried
@given(
    st.sampled_from([0, 1, 2, 4]),
    st.binary(max_size=100),
    st.integers(0, 600),
    st.binary(max_size=2),
    st.integers(0, 2),
)
def test_mutated_bytes(kind: int, data: bytes, at: int, put: bytes, cut: int) -> None:
    tx = _core.Transaction(**{**TYPES[kind], "data": data})
    raw, _ = _core.tx_sign(KEYRING, handle=HANDLES[0], tx=tx)
    at %= len(raw)
    mutated = raw[:at] + put + raw[at + cut :]
    try:
        read = _core.tx_decode(mutated)
    except _core.AbiError as error:
        assert len(str(error)) < 300
        return
    if int.from_bytes(read.signature[32:64], "big") <= HALF_ORDER:
        assert _core.tx_assemble(read.tx, signature=read.signature)[0] == mutated


@unhurried
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x01", b"\x02", b"\x03", b"\x04"]))
def test_any_bytes(data: bytes, kind: bytes) -> None:
    try:
        _core.tx_decode(kind + data)
    except _core.AbiError:
        return
    raise AssertionError("bytes of no meaning were read as a transaction")


@unhurried
@given(st.integers(0, 7), words, st.booleans(), st.data())
def test_signatures_of_key_services(which: int, digest: bytes, is_high: bool, data: Any) -> None:
    tx_like = Account.from_key(SECRETS[which]).unsafe_sign_hash(digest)
    r, s, v = tx_like.r, tx_like.s, tx_like.v
    low = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])
    twin = r.to_bytes(32, "big") + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    encoded = der(twin if is_high else low)
    mine = KEYRING.address(HANDLES[which])
    assert _core.normalize_signature(encoded, digest=digest, expected_address=mine) == low
    at = data.draw(st.integers(0, len(encoded) - 1))
    changed = encoded[:at] + bytes([encoded[at] ^ data.draw(st.integers(1, 255))])
    for wrong in (encoded + b"\x00", encoded[:-1], changed + encoded[at + 1 :]):
        with pytest.raises(_core.InvalidInput):
            _core.normalize_signature(wrong, digest=digest, expected_address=mine)
    with pytest.raises(_core.InvalidInput, match="was not made"):
        _core.normalize_signature(
            encoded, digest=digest, expected_address=KEYRING.address(HANDLES[which - 1])
        )
