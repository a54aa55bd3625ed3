"""A sealed record opened by another library, field by field as its layout is documented."""

import struct
from dataclasses import dataclass

from Crypto.Cipher import AES


@dataclass(frozen=True)
class Record:
    """A record in its parts."""

    algorithm: int
    kek_id: bytes
    kek_version: int
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes
    tag: bytes


def parse(record: bytes) -> Record:
    """Cut a record; no checks."""
    _, algorithm, length = record[:3]
    at = 3 + length
    kek_version, wrapped = struct.unpack(">IH", record[at : at + 6])
    dek, rest = record[at + 6 : at + 6 + wrapped], record[at + 6 + wrapped :]
    return Record(algorithm, record[3:at], kek_version, dek, rest[:12], rest[12:-16], rest[-16:])


def bound(*fields: bytes) -> bytes:
    """Join fields, each after its length in four bytes."""
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def opened(
    record: bytes,
    key: bytes,
    *,
    kind: bytes,
    owner: str,
    subject: bytes,
    family: str,
    purpose: str,
) -> bytes:
    """Open with the KEK, or with the data key where a KMS wrapped it; raises `ValueError`."""
    parts = parse(record)
    version = struct.pack(">I", parts.kek_version)
    fields = [b"vanta seal 1", kind, owner.encode(), subject, family.encode(), purpose.encode()]
    if parts.algorithm == 1:
        nonce, body, tag = parts.wrapped[:12], parts.wrapped[12:-16], parts.wrapped[-16:]
        about_key = bound(b"vanta seal 1", b"data key", parts.kek_id, version)
        dek = _gcm(key, nonce, about_key, body, tag)
        fields.append(b"local")
    else:
        dek = key
        fields += [b"external", parts.kek_id, version, parts.wrapped]
    return _gcm(dek, parts.nonce, bound(*fields), parts.ciphertext, parts.tag)


def _gcm(key: bytes, nonce: bytes, about: bytes, body: bytes, tag: bytes) -> bytes:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(about)
    return cipher.decrypt_and_verify(body, tag)


def forged(
    key: bytes, kek_id: bytes, secret: bytes, *, owner: str, address: bytes, purpose: str
) -> bytes:
    """Make the record that somebody who has the KEK can make: any bytes as a signing key."""
    dek, version = bytes(range(32)), struct.pack(">I", 1)

    def shut(with_key: bytes, about: bytes, body: bytes) -> bytes:
        cipher = AES.new(with_key, AES.MODE_GCM, nonce=bytes(12))
        cipher.update(about)
        return bytes(12) + b"".join(cipher.encrypt_and_digest(body))

    wrapped = shut(key, bound(b"vanta seal 1", b"data key", kek_id, version), dek)
    fields = [b"signing key", owner.encode(), address, b"evm", purpose.encode(), b"local"]
    head = bytes([1, 1, len(kek_id)]) + kek_id + version + struct.pack(">H", len(wrapped))
    return head + wrapped + shut(dek, bound(b"vanta seal 1", *fields), secret)
