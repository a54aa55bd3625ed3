"""Sealed records: another library opens them, and nothing but the right key and owner does."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import seal as oracle
from vanta import _core

BOUND: dict[str, Any] = {
    "owner": "user 7",
    "subject": b"webhook",
    "family": "evm",
    "purpose": "signals",
}
KEY = bytes(range(32))
RANDOM = bytes(range(100, 132))
FIELD = st.text(min_size=1, max_size=20)
BOUNDS = st.fixed_dictionaries(
    {
        "owner": FIELD,
        "subject": st.binary(min_size=1, max_size=40),
        "family": FIELD,
        "purpose": FIELD,
    }
)
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
RANDOMS = st.binary(min_size=32, max_size=32).filter(lambda given: len(set(given)) > 1)


def kek(**change: Any) -> _core.Kek:
    return _core.Kek(**{"key": KEY, "id": "main", "version": 1, **change})


@given(
    secret=st.binary(min_size=1, max_size=2000),
    bound=BOUNDS,
    key=RANDOMS,
    kek_id=IDS,
    version=st.integers(0, 2**32 - 1),
    wrapped=st.none() | st.binary(min_size=1, max_size=300),
    entropy=RANDOMS,
)
def test_another_library_opens_the_record(
    secret: bytes,
    bound: dict[str, Any],
    key: bytes,
    kek_id: str,
    version: int,
    wrapped: bytes | None,
    entropy: bytes,
) -> None:
    extra = {} if wrapped is None else {"wrapped_dek": wrapped}
    named = _core.Kek(key, id=kek_id, version=version, **extra)
    record = _core.seal(secret, kek=named, **bound, entropy=entropy)
    assert oracle.opened(record, key, kind=b"secret", **bound) == secret
    assert _core.unseal(record, keks=[named], **bound) == secret
    said = _core.seal_info(record)
    assert (said.kek_id, said.kek_version) == (kek_id, version)
    assert said.is_external == (wrapped is not None)
    if wrapped is not None:
        assert said.wrapped_dek == wrapped


@pytest.mark.parametrize("length", [1, 15, 16, 17, 31, 32, 33, 4_095, 4_096, 65_535, 65_536])
def test_sizes(length: int) -> None:
    secret = bytes(index % 251 for index in range(length))
    record = _core.seal(secret, kek=kek(), **BOUND, entropy=RANDOM)
    assert _core.unseal(record, keks=(kek(),), **BOUND) == secret
    assert oracle.opened(record, KEY, kind=b"secret", **BOUND) == secret


@pytest.mark.parametrize("extra", [{}, {"wrapped_dek": b"opaque bytes of a kms"}])
def test_every_flipped_bit_is_refused(extra: dict[str, Any]) -> None:
    record = _core.seal(b"the secret", kek=kek(**extra), **BOUND, entropy=RANDOM)
    keks = [kek(**extra), kek(id="other")]
    for bit in range(len(record) * 8):
        flipped = bytearray(record)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(_core.SealError):
            _core.unseal(bytes(flipped), keks=keks, **BOUND)


@given(bound=BOUNDS, other=BOUNDS, field=st.sampled_from(sorted(BOUND)))
def test_any_changed_field_is_refused(bound: Any, other: Any, field: str) -> None:
    record = _core.seal(b"x", kek=kek(), **bound, entropy=RANDOM)
    changed = {**bound, field: other[field]}
    if changed == bound:
        return
    with pytest.raises(_core.SealError, match="wrong owner"):
        _core.unseal(record, keks=[kek()], **changed)


@pytest.mark.parametrize(
    "other", [kek(version=2), kek(id="mail"), kek(wrapped_dek=b"x"), kek(key=b"k" * 32)]
)
def test_another_key_does_not_open(other: _core.Kek) -> None:
    record = _core.seal(b"x", kek=kek(), **BOUND, entropy=RANDOM)
    with pytest.raises(_core.SealError):
        _core.unseal(record, keks=[other], **BOUND)
    with pytest.raises(_core.SealError, match="main version 1, which is not given"):
        _core.unseal(record, keks=[], **BOUND)
    # Chosen by name among others, wherever it stands.
    if (other.id, other.version) != ("main", 1):
        assert _core.unseal(record, keks=[other, kek()], **BOUND) == b"x"


@given(secret=st.binary(min_size=1, max_size=200), entropy=RANDOMS)
def test_rewrapping_keeps_the_secret_closed(secret: bytes, entropy: bytes) -> None:
    old, new = kek(), kek(key=bytes(range(1, 33)), version=2)
    record = _core.seal(secret, kek=old, **BOUND, entropy=RANDOM)
    renewed = _core.rewrap(record, old_kek=old, new_kek=new, entropy=entropy)
    before, after = oracle.parse(record), oracle.parse(renewed)
    assert (before.nonce, before.ciphertext, before.tag) == (
        after.nonce,
        after.ciphertext,
        after.tag,
    )
    assert before.wrapped != after.wrapped
    assert _core.unseal(renewed, keks=[new], **BOUND) == secret
    assert _core.unseal(record, keks=[old], **BOUND) == secret
    with pytest.raises(_core.SealError):
        _core.unseal(renewed, keks=[old], **BOUND)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    for record in (garbage, b"\1\1\4main" + garbage, b"\1\2\4main" + garbage):
        with pytest.raises(_core.SealError) as raised:
            _core.unseal(record, keks=[kek()], **BOUND)
        assert len(str(raised.value)) < 400
