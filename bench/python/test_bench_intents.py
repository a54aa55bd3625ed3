"""Intents through the border, beside the venue's own package and one bare libsecp256k1 signature.

Every round runs all 256 messages, so no input is ever warm; answers are compared before anything is
timed. One operation is what a relayed open needs: struct hash, digest, signature and ABI bytes.

    python -m pytest bench/python/test_bench_intents.py --benchmark-group-by=group
"""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from vanta import _core

SETS = 256
SECRET = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ROUTER = bytes.fromhex("44914408af82bc9983bbb330e3578e1105e11d4e")
KIND = "OpenTradeReq"
SPOKEN_DOMAIN = {
    "name": "AvantisTrading",
    "version": "1",
    "chainId": 8453,
    "verifyingContract": _core.checksum_address(ROUTER),
}
DOMAIN = _core.IntentDomain(
    name="AvantisTrading", version="1", chain_id=8453, verifying_contract=ROUTER
)
RING = _core.Keyring(seed=bytes(32))
HANDLE = RING.add(SECRET)
TRADER = RING.address(HANDLE)

Message = dict[str, Any]


def _messages() -> list[Message]:
    seeded = random.Random(20261120)
    return [
        {
            "_t": {
                "trader": TRADER,
                "pairIndex": seeded.randrange(200),
                "index": 0,
                "initialPosToken": 0,
                "positionSizeUSDC": seeded.randrange(10**7, 10**10),
                "openPrice": seeded.randrange(10**9, 10**15),
                "buy": seeded.random() < 0.5,
                "leverage": seeded.randrange(10**10, 10**12),
                "tp": seeded.randrange(10**15),
                "sl": seeded.randrange(10**15),
                "timestamp": 0,
            },
            "_type": seeded.randrange(4),
            "_slippageP": 10**10,
            "_deadline": 1_790_000_000_000 + seeded.randrange(10**9),
            "_nonce": seeded.getrandbits(256),
        }
        for _ in range(SETS)
    ]


MESSAGES = _messages()
SPOKEN = [
    {**message, "_t": {**message["_t"], "trader": _core.checksum_address(TRADER)}}
    for message in MESSAGES
]
DIGESTS = _core.intent_digests(KIND, messages=MESSAGES, domain=DOMAIN)


def core_sign() -> list[_core.SignedIntent]:
    one: dict[str, Any] = {"handle": HANDLE, "kind": KIND, "domain": DOMAIN}
    return [_core.sign_intent(RING, message=message, **one) for message in MESSAGES]


def core_sign_64s() -> list[_core.SignedIntent]:
    handles = [HANDLE] * 64
    out = []
    for start in range(0, SETS, 64):
        messages = MESSAGES[start : start + 64]
        out += _core.sign_intents(
            RING, handles=handles, kind=KIND, messages=messages, domain=DOMAIN
        )
    return out


def _run(benchmark: Any, group: str, work: Callable[[], Any], per: int = SETS) -> None:
    benchmark.group = group
    benchmark.extra_info["per"] = per
    benchmark(work)


@pytest.mark.parametrize("name", ["sign_intent", "sign_intents of 64"])
def test_sign_in_the_core(benchmark: Any, name: str) -> None:
    work = core_sign if name == "sign_intent" else core_sign_64s
    assert [signed.digest for signed in work()] == DIGESTS
    _run(benchmark, "sign an intent", work)


@pytest.mark.parametrize("backend", ["CoinCurve", "Native"])
def test_sign_in_the_venues_package(
    benchmark: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With libsecp256k1 under eth-account, and as it is installed: curves computed in Python."""
    pytest.importorskip("coincurve")
    monkeypatch.setenv("ECC_BACKEND_CLASS", f"eth_keys.backends.{backend}ECCBackend")
    local_intents = pytest.importorskip("veranta_sdk.execution.local_intents")
    signing = pytest.importorskip("veranta_sdk.signing.intents")
    local = pytest.importorskip("veranta_sdk.signing.local")
    builder = local_intents.LocalIntentBuilder(8453, "0x" + ROUTER.hex())
    signer = local.LocalSigner("0x" + SECRET.hex())

    spoken = SPOKEN if backend == "CoinCurve" else SPOKEN[:16]  # Python takes milliseconds for each

    def work() -> list[Any]:
        return [signing.sign_intent(builder.build(KIND, message), signer) for message in spoken]

    for theirs, ours in zip(work(), core_sign(), strict=backend == "CoinCurve"):
        assert theirs.signature == "0x" + ours.signature.hex()
        assert theirs.payload.encoded_intent == "0x" + ours.intent.hex()
    _run(benchmark, "sign an intent", work, len(spoken))


def test_one_bare_signature(benchmark: Any) -> None:
    coincurve = pytest.importorskip("coincurve")
    key = coincurve.PrivateKey(SECRET)

    def work() -> list[bytes]:
        return [key.sign_recoverable(digest, hasher=None) for digest in DIGESTS]

    assert work()[0][:64] == core_sign()[0].signature[:64]
    _run(benchmark, "sign an intent", work)


def test_sign_a_digest_in_the_core(benchmark: Any) -> None:
    _run(benchmark, "sign an intent", lambda: [RING.sign_digest(HANDLE, one) for one in DIGESTS])


def test_digest_and_bytes_in_the_core(benchmark: Any) -> None:
    """All of a signed intent but the signature, in two calls."""

    def work() -> list[tuple[bytes, bytes]]:
        return [
            (
                _core.intent_digest(KIND, message=message, domain=DOMAIN),
                _core.intent_bytes(KIND, message=message),
            )
            for message in MESSAGES
        ]

    _run(benchmark, "hash and encode an intent", work)


@pytest.mark.parametrize("name", ["one by one", "batch"])
def test_digest_in_the_core(benchmark: Any, name: str) -> None:
    def one_by_one() -> list[bytes]:
        return [_core.intent_digest(KIND, message=one, domain=DOMAIN) for one in MESSAGES]

    def batch() -> list[bytes]:
        return _core.intent_digests(KIND, messages=MESSAGES, domain=DOMAIN)

    work = batch if name == "batch" else one_by_one
    assert work() == DIGESTS
    _run(benchmark, "hash an intent", work)


def _documents() -> list[dict[str, Any]]:
    structs = [one.partition("(") for one in _core.intent_type(KIND)[0].split(")")[:-1]]
    types = {
        name: [
            dict(zip(("type", "name"), field.split(" "), strict=True))
            for field in fields.split(",")
        ]
        for name, _, fields in structs
    }
    types["EIP712Domain"] = [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ]
    return [
        {"types": types, "domain": SPOKEN_DOMAIN, "primaryType": KIND, "message": message}
        for message in SPOKEN
    ]


def test_typed_data_in_the_core(benchmark: Any) -> None:
    texts = [json.dumps(document).encode() for document in _documents()]
    assert [_core.typed_data_digest(text) for text in texts] == DIGESTS
    _run(benchmark, "hash typed data", lambda: [_core.typed_data_digest(text) for text in texts])


def test_typed_data_in_eth_account(benchmark: Any) -> None:
    messages = pytest.importorskip("eth_account.messages")
    documents = _documents()

    def work() -> list[bytes]:
        return [
            messages._hash_eip191_message(messages.encode_typed_data(full_message=document))
            for document in documents
        ]

    assert work() == DIGESTS
    _run(benchmark, "hash typed data", work)
