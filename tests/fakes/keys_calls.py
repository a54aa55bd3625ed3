"""One good call per binding of seals, keys, hashes and webhooks; tests replace its arguments."""

import base64
import json
from typing import Any

from tests.fakes.hostile import Area, Calls
from tests.oracles import keys as oracle
from vanta import _core

KEY = bytes.fromhex("c0ffee" * 10 + "4d42")
SEED = bytes(range(32))
RANDOM = bytes(range(100, 132))
KEK_KEY = bytes.fromhex("feedbeef" * 8)
PASSWORD = b"correct horse battery"
PHRASE = b"legal winner thank year wave sausage worth useful legal winner thank yellow"
SECRET = b"twenty-four secret bytes"
KEYSTORE = json.dumps(oracle.keystore(KEY, PASSWORD, kdf="pbkdf2", cost=2)).encode()

BOUND: dict[str, Any] = {
    "owner": "user 7",
    "subject": b"webhook",
    "family": "evm",
    "purpose": "signals",
}
DELIVERY: dict[str, Any] = {
    "id": b"identifier",
    "timestamp": b"1763625600",
    "body": b"{}",
    "signature": b"v1,"
    + base64.b64encode(_core.hmac_digest("sha256", key=SECRET, data=b"identifier.1763625600.{}")),
}


def kek(**change: Any) -> _core.Kek:
    return _core.Kek(**{"key": KEK_KEY, "id": "main", "version": 1, **change})


def ring() -> tuple[_core.Keyring, int]:
    """Return a ring with one key, and its handle."""
    made = _core.Keyring(seed=SEED)
    return made, made.add(KEY)


def calls() -> Calls:
    keys, handle = ring()
    bound_key = {"owner": "user 7", "purpose": "trade"}
    record = _core.seal(SECRET, kek=kek(), **BOUND, entropy=RANDOM)
    key_record = keys.seal(handle, kek=kek(), **bound_key, entropy=RANDOM)
    kdf = {"password": PASSWORD, "salt": b"salt", "length": 32}
    return {
        "hash_bytes": (_core.hash_bytes, {"algorithm": "sha256", "data": b"x"}),
        "hmac_digest": (
            _core.hmac_digest,
            {"algorithm": "sha512", "key": b"key", "data": b"x"},
        ),
        "derive_key": (
            _core.derive_key,
            {"algorithm": "scrypt", **kdf, "n": 2, "r": 1, "p": 1},
        ),
        "derive_key_pbkdf2": (
            _core.derive_key,
            {"algorithm": "pbkdf2-sha256", **kdf, "iterations": 1},
        ),
        "Kek": (_core.Kek, {"key": KEK_KEY, "id": "main", "version": 1, "wrapped_dek": b"kms"}),
        "seal": (_core.seal, {"secret": SECRET, "kek": kek(), **BOUND, "entropy": RANDOM}),
        "unseal": (_core.unseal, {"record": record, "keks": [kek()], **BOUND}),
        "rewrap": (
            _core.rewrap,
            {"record": record, "old_kek": kek(), "new_kek": kek(version=2), "entropy": RANDOM},
        ),
        "seal_info": (_core.seal_info, {"record": record}),
        "Keyring": (_core.Keyring, {"seed": SEED}),
        "add": (keys.add, {"secret": KEY}),
        "add_sealed": (
            keys.add_sealed,
            {
                "record": key_record,
                "keks": [kek()],
                **bound_key,
                "address": keys.address(handle),
            },
        ),
        "add_keystore": (keys.add_keystore, {"json": KEYSTORE, "password": PASSWORD}),
        "add_mnemonic": (
            keys.add_mnemonic,
            {"phrase": PHRASE, "path": "m/44'/60'/0'/0/0", "passphrase": b"x"},
        ),
        "mnemonic_node": (
            keys.mnemonic_node,
            {"phrase": PHRASE, "path": "m/44'/60'/0'/0/0", "passphrase": b"x"},
        ),
        "create": (
            keys.create,
            {"entropy": RANDOM + SEED, "kek": kek(), **bound_key},
        ),
        "Keyring.seal": (
            keys.seal,
            {"handle": handle, "kek": kek(), **bound_key, "entropy": RANDOM},
        ),
        "address": (keys.address, {"handle": handle}),
        "public_key": (keys.public_key, {"handle": handle}),
        "sign_digest": (keys.sign_digest, {"handle": handle, "digest": SEED}),
        "sign_digests": (keys.sign_digests, {"handle": handle, "digests": SEED * 2}),
        "forget": (keys.forget, {"handle": keys.add(KEY)}),
        "standard_webhook_verify": (
            _core.standard_webhook_verify,
            {**DELIVERY, "secrets": [SECRET]},
        ),
        "standard_webhook_verify_batch": (
            _core.standard_webhook_verify_batch,
            {**{name: [value] for name, value in DELIVERY.items()}, "secrets": [SECRET]},
        ),
    }


AREA = Area(
    name="keys",
    calls=calls,
    limits=(0, 2**32 - 1),
    fine=(
        *(f"*.{text}.unsaid" for text in ("owner", "family", "purpose")),
        *(f"*.{text}.in capitals" for text in ("owner", "family", "purpose", "id")),
        *(f"*.{name}.* bytes" for name in ("data", "password", "salt", "passphrase", "subject")),
        *(f"{name}.* bytes" for name in ("hmac_digest.key", "Kek.wrapped_dek", "*.record")),
        *(f"{name}.* bytes" for name in ("seal.secret", "sign_digests.digests")),
        "standard_webhook_verify.*.* bytes",  # a delivery that is not genuine
    ),
    needed=frozenset(f"derive_key.{name}" for name in ("n", "r", "p"))
    | {"derive_key_pbkdf2.iterations"},
    by_place=frozenset({"hash_bytes", "sign_digest", "sign_digests"}),
)
