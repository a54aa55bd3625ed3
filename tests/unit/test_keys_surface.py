"""What seals, keys, hashes and webhooks refuse that no other call has, and in which words.

What every call must refuse is in `test_core_hostile`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.keys_calls import KEY, RANDOM, SEED, calls, kek, ring
from vanta import _core

FIXED = {
    ("Kek", "key"): 32,
    ("seal", "entropy"): 32,
    ("rewrap", "entropy"): 32,
    ("Keyring", "seed"): 32,
    ("create", "entropy"): 64,
    ("Keyring.seal", "entropy"): 32,
    ("add_sealed", "address"): 20,
    ("sign_digest", "digest"): 32,
}


def bad_call(call: str, name: str, value: Any) -> Callable[[], Any]:
    function, good = calls()[call]
    return lambda: function(**{**good, name: value})


@pytest.mark.parametrize(("call", "name"), list(FIXED))
def test_wrong_lengths_are_refused(call: str, name: str) -> None:
    length = FIXED[call, name]
    for wrong in (0, 1, length - 1, length + 1, 10 * length):
        with pytest.raises(
            _core.InvalidInput, match=f"{name} has {wrong} bytes, must have {length}"
        ):
            bad_call(call, name, (RANDOM * 30)[:wrong])()


@pytest.mark.parametrize(
    ("call", "change", "told"),
    [
        ("hash_bytes", {"algorithm": "md5"}, "is none of sha256"),
        ("hmac_digest", {"algorithm": "SHA256"}, "is none of sha224"),
        ("derive_key", {"algorithm": "argon2"}, "must be pbkdf2-sha256"),
        ("derive_key", {"iterations": 1}, "must be pbkdf2-sha256"),
        ("derive_key_pbkdf2", {"n": 2}, "must be pbkdf2-sha256"),
        ("derive_key", {"n": 2**40}, "must be within 1..=4194304"),
        ("derive_key", {"n": 3}, "n 3 must be a power of two"),
        ("derive_key", {"r": 2**31}, "must be within 1..=4194304"),
        ("derive_key", {"length": 129}, "length 129 is outside of 1..=128"),
        ("derive_key_pbkdf2", {"iterations": 10**7 + 1}, "outside of 1..=10000000"),
        ("derive_key_pbkdf2", {"iterations": 0}, "outside of 1..=10000000"),
        ("Kek", {"id": ""}, "id has 0 bytes"),
        ("Kek", {"id": "a b"}, "printable ASCII"),
        ("Kek", {"id": "k" * 256}, "id has 256 bytes"),
        ("Kek", {"id": "\ud800"}, "id has a lone surrogate"),
        ("Kek", {"wrapped_dek": b""}, "wrapped_dek has 0 bytes"),
        ("seal", {"secret": b""}, "secret has 0 bytes, must have 1 to 65536"),
        ("seal", {"secret": bytes(65_537)}, "secret has 65537 bytes"),
        ("seal", {"entropy": bytes(32)}, "entropy repeats one byte"),
        ("seal", {"owner": ""}, "owner has 0 bytes"),
        ("seal", {"subject": bytes(256)}, "subject has 256 bytes"),
        ("seal", {"family": ""}, "family has 0 bytes"),
        ("seal", {"purpose": "p" * 256}, "purpose has 256 bytes"),
        ("unseal", {"keks": [kek()] * 65}, "keks has 65 keys, the limit is 64"),
        ("rewrap", {"new_kek": kek()}, "new_kek has the name of old_kek"),
        ("rewrap", {"old_kek": kek(wrapped_dek=b"x")}, "old_kek is held by a KMS"),
        ("add", {"secret": b"x" * 64}, "secret has 64 bytes, must have 32"),
        ("add", {"secret": bytes(32)}, "key is zero or not below"),
        ("create", {"entropy": bytes(32) + SEED}, "entropy repeats one byte"),
        ("create", {"entropy": SEED + bytes(32)}, "entropy repeats one byte"),
        ("create", {"owner": ""}, "owner has 0 bytes"),
        ("sign_digests", {"digests": bytes(33)}, "digests has 33 bytes, must have 32 for each"),
        ("add_keystore", {"json": b"{}"}, "json has no version"),
        ("add_keystore", {"json": bytes(65_537)}, "json has 65537 bytes"),
        ("add_keystore", {"password": b""}, "password does not open this wallet"),
        ("add_mnemonic", {"phrase": b""}, "phrase has 0 words"),
        ("add_mnemonic", {"phrase": b"\xff"}, "phrase is not UTF-8"),
        ("add_mnemonic", {"passphrase": b"\xff"}, "passphrase is not UTF-8"),
        ("add_mnemonic", {"path": "44'/60'"}, "path must start with m"),
        ("mnemonic_node", {"path": "m/x"}, "path has a step 1"),
        ("address", {"handle": 99}, "handle 99 is unknown"),
        ("standard_webhook_verify", {"secrets": []}, "secrets has 0, must have 1 to 16"),
        ("standard_webhook_verify", {"secrets": [bytes(24)] * 17}, "secrets has 17"),
        ("standard_webhook_verify", {"secrets": [bytes(23)]}, "one of 23 bytes"),
        ("standard_webhook_verify_batch", {"body": []}, "body has 0 rows, id has 1"),
        ("standard_webhook_verify_batch", {"signature": [b"", b""]}, "signature has 2 rows"),
    ],
)
def test_values_out_of_range_are_refused(call: str, change: dict[str, Any], told: str) -> None:
    function, good = calls()[call]
    with pytest.raises(_core.InvalidInput) as raised:
        function(**{**good, **change})
    assert told in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("call", ["unseal", "rewrap", "seal_info", "add_sealed"])
@pytest.mark.parametrize("record", [b"", b"\1", b"\2\1\4main", bytes(200), b"\1\1\xff" + bytes(90)])
def test_records_that_are_none_are_refused(call: str, record: bytes) -> None:
    with pytest.raises(_core.SealError, match="sealed record"):
        bad_call(call, "record", record)()


def test_a_refused_import_adds_nothing() -> None:
    keys, handle = ring()
    for refused in (
        lambda: keys.add(bytes(32)),
        lambda: keys.add_keystore(b"{}", password=b""),
        lambda: keys.add_mnemonic(b"x"),
        lambda: keys.create(bytes(64), kek=kek(), owner="u", purpose="p"),
    ):
        with pytest.raises(_core.InvalidInput):
            refused()
    assert len(keys) == 1
    assert keys.add(KEY) == handle + 1


def test_a_forgotten_handle_is_told_apart_from_an_unknown_one() -> None:
    keys, handle = ring()
    keys.forget(handle)
    for use in (
        lambda: keys.address(handle),
        lambda: keys.public_key(handle),
        lambda: keys.sign_digest(handle, SEED),
        lambda: keys.sign_digests(handle, SEED),
        lambda: keys.seal(handle, kek=kek(), owner="u", purpose="p", entropy=RANDOM),
        lambda: keys.forget(handle),
    ):
        with pytest.raises(_core.InvalidInput, match=f"handle {handle} was forgotten"):
            use()
    with pytest.raises(_core.InvalidInput, match="handle 5 is unknown"):
        keys.address(5)
