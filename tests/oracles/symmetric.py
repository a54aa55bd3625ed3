"""Schemes of other projects that Vanta does not speak, for their vectors only."""

from collections.abc import Callable

from Crypto.Cipher import AES
from eth_keys.backends.native.jacobian import fast_multiply

Mac = Callable[[bytes, bytes], bytes]
Hash = Callable[[bytes], bytes]


def aes_ctr(key: bytes, counter: bytes, data: bytes) -> bytes:
    """AES in counter mode, big-endian 16-byte counter; encrypts and decrypts."""
    block = AES.new(key, AES.MODE_ECB)
    start = int.from_bytes(counter)
    stream = b"".join(
        block.encrypt(((start + number) % 2**128).to_bytes(16))
        for number in range(-(-len(data) // 16))
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def ecies_open(secret: bytes, sealed: bytes, *, sha256: Hash, hmac_sha256: Mac) -> bytes:
    """ECIES of devp2p: point(65) ‖ iv(16) ‖ AES-128-CTR ‖ HMAC-SHA-256(32).

    Keys are the concatenation KDF (SP 800-56A) over the shared point's x; digests by the caller's
    functions, so that those of the core take part.
    """
    point, iv, body, tag = sealed[1:65], sealed[65:81], sealed[81:-32], sealed[-32:]
    x, _ = fast_multiply(
        (int.from_bytes(point[:32]), int.from_bytes(point[32:])), int.from_bytes(secret)
    )
    derived = sha256((1).to_bytes(4) + x.to_bytes(32))
    if sealed[0] != 4 or hmac_sha256(sha256(derived[16:]), iv + body) != tag:
        raise ValueError("tag differs")
    return aes_ctr(derived[:16], iv, body)
