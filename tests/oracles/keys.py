"""Wallet files and keys by the libraries of others."""

import hashlib
import hmac
import json
from typing import Any, Literal

from Crypto.Cipher import AES
from Crypto.Hash import keccak
from Crypto.Util.Padding import pad
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json
from eth_keys.datatypes import PrivateKey

Kdf = Literal["pbkdf2", "scrypt"]


def keystore(secret: bytes, password: bytes, *, kdf: Kdf, cost: int) -> dict[str, Any]:
    """Write a keystore V3."""
    return create_keyfile_json(secret, password, kdf=kdf, iterations=cost)


def address(secret: bytes) -> bytes:
    """Address of a key."""
    return bytes.fromhex(Account.from_key(secret).address[2:])


def new_key(entropy: bytes) -> bytes:
    """Make the key that a keyring makes of 64 random bytes."""
    return hmac.digest(entropy, b"vanta new key 1", "sha512")[:32]


def public_key(secret: bytes) -> bytes:
    """Public key, uncompressed."""
    return b"\4" + PrivateKey(secret).public_key.to_bytes()


def signature(secret: bytes, digest: bytes) -> bytes:
    """Sign a digest: r, s, v."""
    return bytes(Account.unsafe_sign_hash(digest, secret).signature)


def crowdsale(seed: bytes, password: bytes, iv: bytes) -> tuple[bytes, bytes]:
    """Write a crowdsale wallet; returns its text and the key it holds."""
    key = hashlib.pbkdf2_hmac("sha256", password, password, 2000, 16)
    sealed = iv + AES.new(key, AES.MODE_CBC, iv).encrypt(pad(seed, 16))
    secret = keccak.new(digest_bits=256, data=seed).digest()
    wallet = {"encseed": sealed.hex(), "ethaddr": address(secret).hex()}
    return json.dumps(wallet).encode(), secret
