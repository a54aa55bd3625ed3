"""Keys through the border: signatures, seals and webhooks beside the usual libraries.

Every round takes all 256 inputs, so none is ever warm. Peers give the same answers (asserted before
anything is timed); the table's ratios come from one run:

    python -m pytest bench/python/test_bench_keys.py --benchmark-group-by=group
"""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from Crypto.Cipher import AES
from eth_account import Account
from standardwebhooks import Webhook

from vanta import _core
from vanta.domain import webhook_signature as door

SETS = 256
SEEDED = random.Random(20261120)
SECRETS = [SEEDED.randbytes(32) for _ in range(SETS)]
DIGESTS = [SEEDED.randbytes(32) for _ in range(SETS)]
RING = _core.Keyring(seed=SEEDED.randbytes(32))
HANDLES = [RING.add(secret) for secret in SECRETS]
KEK_KEY = SEEDED.randbytes(32)
KEK = _core.Kek(KEK_KEY, id="main", version=1)
BOUND: dict[str, Any] = {"owner": "user 7", "subject": b"s", "family": "evm", "purpose": "p"}


def sign_core() -> list[bytes]:
    sign = RING.sign_digest
    return [sign(handle, digest) for handle, digest in zip(HANDLES, DIGESTS, strict=True)]


def sign_account() -> list[bytes]:
    sign = Account.unsafe_sign_hash
    return [
        bytes(sign(digest, secret).signature)
        for secret, digest in zip(SECRETS, DIGESTS, strict=True)
    ]


@cache
def coincurve_keys() -> list[Any]:
    coincurve = pytest.importorskip("coincurve")
    return [coincurve.PrivateKey(secret) for secret in SECRETS]


def sign_coincurve() -> list[bytes]:
    signed = [
        key.sign_recoverable(digest, hasher=None)
        for key, digest in zip(coincurve_keys(), DIGESTS, strict=True)
    ]
    return [one[:64] + bytes([27 + one[64]]) for one in signed]


@pytest.mark.benchmark(group="256 signatures, a key each")
@pytest.mark.parametrize("who", [sign_core, sign_account, sign_coincurve])
def test_sign(benchmark: Any, who: Callable[[], list[bytes]]) -> None:
    assert who() == sign_core()
    benchmark(who)


@pytest.mark.parametrize("count", [1, 64, 4_096])
def test_sign_digests(benchmark: Any, count: int) -> None:
    benchmark.group = f"{count} signatures of one key"
    packed = [SEEDED.randbytes(32 * count) for _ in range(8)]
    turn = 0

    def core() -> bytes:
        nonlocal turn
        turn = (turn + 1) % len(packed)
        return RING.sign_digests(HANDLES[turn], packed[turn])

    assert core()[:65] == RING.sign_digest(HANDLES[1], packed[1][:32])
    benchmark(core)


def envelope_twin(secret: bytes, nonce: bytes) -> bytes:
    """Two AES-256-GCM encryptions by pycryptodome: the data key's and the secret's."""
    dek = hmac.digest(nonce, secret, "sha512")[:32]
    inner = AES.new(KEK_KEY, AES.MODE_GCM, nonce=nonce[:12])
    wrapped, wrapped_tag = inner.update(b"key").encrypt_and_digest(dek)
    outer = AES.new(dek, AES.MODE_GCM, nonce=nonce[12:24])
    body, tag = outer.update(b"owner").encrypt_and_digest(secret)
    return nonce + wrapped + wrapped_tag + body + tag


@pytest.mark.benchmark(group="256 keys sealed")
@pytest.mark.parametrize("who", ["core", "pycryptodome"])
def test_seal(benchmark: Any, who: str) -> None:
    def core() -> list[bytes]:
        return [
            _core.seal(secret, kek=KEK, **BOUND, entropy=digest)
            for secret, digest in zip(SECRETS, DIGESTS, strict=True)
        ]

    def twin() -> list[bytes]:
        return [
            envelope_twin(secret, digest) for secret, digest in zip(SECRETS, DIGESTS, strict=True)
        ]

    benchmark(core if who == "core" else twin)


@pytest.mark.benchmark(group="256 keys opened")
def test_add_sealed(benchmark: Any) -> None:
    ring = _core.Keyring(seed=DIGESTS[0])
    bound = {"owner": "user 7", "purpose": "p"}
    sealed = [
        (
            RING.seal(handle, kek=KEK, **bound, entropy=digest),
            RING.address(handle),
        )
        for handle, digest in zip(HANDLES, DIGESTS, strict=True)
    ]

    def core() -> None:
        for record, address in sealed:
            ring.forget(ring.add_sealed(record, keks=[KEK], **bound, address=address))

    benchmark(core)


@pytest.mark.benchmark(group="scrypt of a wallet, N = 2^18")
@pytest.mark.parametrize("who", ["core", "hashlib"])
def test_scrypt(benchmark: Any, who: str) -> None:
    cost = {"n": 2**18, "r": 8, "p": 1}

    def core() -> bytes:
        return _core.derive_key("scrypt", password=b"p", salt=b"s", length=32, **cost)

    def openssl() -> bytes:
        return hashlib.scrypt(b"p", salt=b"s", **cost, dklen=32, maxmem=2**30)

    assert core() == openssl()
    benchmark.pedantic(core if who == "core" else openssl, rounds=3)


HOOKS = [SEEDED.randbytes(32) for _ in range(2)]
IDS = [f"msg_{SEEDED.randbytes(12).hex()}" for _ in range(SETS)]
BODIES = [b'{"type":"signal","n":"%b"}' % SEEDED.randbytes(200).hex().encode() for _ in range(SETS)]
SIGNED = [door.sign(HOOKS[1], *each) for each in zip(IDS, [1763625600] * SETS, BODIES, strict=True)]
COLUMNS: dict[str, Any] = {
    "id": [each.encode() for each in IDS],
    "timestamp": [b"1763625600"] * SETS,
    "body": BODIES,
    "signature": [each.encode() for each in SIGNED],
}


def hooks_batch() -> list[int]:
    signers: list[int] = _core.standard_webhook_verify_batch(**COLUMNS, secrets=HOOKS).tolist()
    return signers


def hooks_scalar() -> list[int]:
    verify = _core.standard_webhook_verify
    rows = zip(*COLUMNS.values(), strict=True)
    return [verify(id=i, timestamp=t, body=b, signature=s, secrets=HOOKS) for i, t, b, s in rows]


def hooks_python() -> list[int]:
    found = []
    for message_id, body, signature in zip(IDS, BODIES, SIGNED, strict=True):
        content = b"%b.1763625600.%b" % (message_id.encode(), body)
        macs = [base64.b64encode(hmac.digest(hook, content, "sha256")) for hook in HOOKS]
        found.append(
            next(n for n, m in enumerate(macs) if hmac.compare_digest(m, signature[3:].encode()))
        )
    return found


def hooks_library() -> list[int]:
    # Its clock check cannot be turned off, so its signing, the larger part, stands for it.
    sign = Webhook(base64.b64encode(HOOKS[1]).decode())
    when = datetime.fromtimestamp(1763625600, UTC)
    return [
        1 * hmac.compare_digest(sign.sign(i, when, b.decode()), s)
        for i, b, s in zip(IDS, BODIES, SIGNED, strict=True)
    ]


@pytest.mark.benchmark(group="256 deliveries against two secrets")
@pytest.mark.parametrize("who", [hooks_batch, hooks_scalar, hooks_python, hooks_library])
def test_webhooks(benchmark: Any, who: Callable[[], list[int]]) -> None:
    assert who() == [1] * SETS
    benchmark(who)
