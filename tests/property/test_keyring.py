"""Keys: addresses, signatures and imports against the libraries of others."""

import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.types import Language
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.threads import together
from tests.oracles import keys as oracle
from tests.oracles import seal as sealing
from vanta import _core

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
RING = _core.Keyring(seed=bytes(range(32)))
KEK = _core.Kek(bytes(range(1, 33)), id="main", version=1)
SECRETS = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32))
DIGESTS = st.binary(min_size=32, max_size=32)
RANDOMS = st.binary(min_size=32, max_size=32).filter(lambda given: len(set(given)) > 1)
KDFS: list[tuple[oracle.Kdf, int]] = [("pbkdf2", 50), ("scrypt", 16)]
LANGUAGES = list(Language)


def all_random(entropy: bytes) -> bool:
    return all(len(set(half)) > 1 for half in (entropy[:32], entropy[32:]))


@given(secret=SECRETS, digests=st.lists(DIGESTS, max_size=8))
def test_signatures_and_addresses(secret: bytes, digests: list[bytes]) -> None:
    handle = RING.add(secret)
    assert RING.address(handle) == oracle.address(secret)
    assert RING.public_key(handle) == oracle.public_key(secret)
    signed = RING.sign_digests(handle, b"".join(digests))
    assert len(signed) == 65 * len(digests)
    for index, digest in enumerate(digests):
        one = RING.sign_digest(handle, digest)
        assert signed[65 * index :][:65] == one == oracle.signature(secret, digest)
    RING.forget(handle)


@given(secret=SECRETS)
def test_hex_and_raw_bytes_are_one_key(secret: bytes) -> None:
    text = secret.hex().encode()
    handles = [RING.add(given) for given in (secret, text, b"0x" + text, text.upper())]
    assert {RING.address(handle) for handle in handles} == {oracle.address(secret)}
    for handle in handles:
        RING.forget(handle)


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_what_is_no_key_is_refused(number: int) -> None:
    with pytest.raises(_core.InvalidInput, match="below the group order"):
        RING.add(number.to_bytes(32))


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (bytes(31) + b"\x01", "holds the key of another address"),
        (bytes(32), "holds no key"),
        (bytes(31) + b"\x02" + b"\x00", "does not hold a key of 32 bytes"),
        (bytes(31) + b"\x02", ""),
    ],
)
def test_a_record_made_by_somebody_with_the_kek_holds_the_key_of_its_row(
    secret: bytes, told: str
) -> None:
    row: dict[str, Any] = {
        "owner": "u",
        "purpose": "p",
        "address": oracle.address(bytes(31) + b"\x02"),
    }
    record = sealing.forged(bytes(range(1, 33)), b"main", secret, **row)
    if not told:
        RING.forget(RING.add_sealed(record, keks=[KEK], **row))
        return
    with pytest.raises(_core.SealError, match=told):
        RING.add_sealed(record, keks=[KEK], **row)


@given(secret=SECRETS, entropy=RANDOMS, owner=st.text("abc7 ", min_size=1, max_size=9))
def test_a_sealed_key_comes_back_to_its_owner_only(
    secret: bytes, entropy: bytes, owner: str
) -> None:
    ring = _core.Keyring(seed=entropy)
    handle = ring.add(secret)
    address = ring.address(handle)
    record = ring.seal(handle, kek=KEK, owner=owner, purpose="trade", entropy=entropy)
    assert secret not in record
    ring.forget(handle)
    good: dict[str, Any] = {"keks": [KEK], "owner": owner, "purpose": "trade", "address": address}
    back = ring.add_sealed(record, **good)
    assert back == handle + 1
    assert ring.sign_digest(back, entropy) == oracle.signature(secret, entropy)
    other = ring.address(ring.add(bytes(31) + b"\1"))
    changes: list[dict[str, Any]] = [
        {"owner": owner + "x"},
        {"purpose": "sweep"},
        {"address": other},
        {"keks": []},
    ]
    for change in changes:
        if change != {"address": address}:
            with pytest.raises(_core.SealError):
                ring.add_sealed(record, **{**good, **change})
    with pytest.raises(_core.SealError):
        _core.unseal(
            record, keks=[KEK], owner=owner, subject=address, family="evm", purpose="trade"
        )


@given(entropy=st.binary(min_size=64, max_size=64).filter(all_random))
def test_a_new_key_is_returned_sealed(entropy: bytes) -> None:
    ring = _core.Keyring(seed=entropy[:32])
    handle, record, address = ring.create(entropy, kek=KEK, owner="u", purpose="p")
    assert address == ring.address(handle) == oracle.address(oracle.new_key(entropy))
    back = ring.add_sealed(record, keks=[KEK], owner="u", purpose="p", address=address)
    assert ring.public_key(back) == ring.public_key(handle)


@settings(max_examples=20, deadline=None)
@given(
    secret=SECRETS,
    password=st.binary(max_size=40),
    kdf=st.sampled_from(KDFS),
    change=st.sampled_from(["none", "case", "address", "0x"]),
)
def test_keystores_of_eth_keyfile(
    secret: bytes, password: bytes, kdf: tuple[oracle.Kdf, int], change: str
) -> None:
    wallet = oracle.keystore(secret, password, kdf=kdf[0], cost=kdf[1])
    match change:
        case "case":
            wallet["Crypto"] = wallet.pop("crypto")
        case "address":
            del wallet["address"]
        case "0x":
            wallet["address"] = "0x" + wallet["address"].removeprefix("0x")
    handle = RING.add_keystore(json.dumps(wallet).encode(), password=password)
    assert RING.address(handle) == oracle.address(secret)
    RING.forget(handle)
    with pytest.raises(_core.InvalidInput, match="password does not open this wallet"):
        RING.add_keystore(json.dumps(wallet).encode(), password=password + b"x")


@settings(max_examples=30, deadline=None)
@given(
    seed=st.binary(min_size=1, max_size=100),
    password=st.binary(min_size=1, max_size=40),
    iv=st.binary(min_size=16, max_size=16),
)
def test_crowdsale_wallets(seed: bytes, password: bytes, iv: bytes) -> None:
    wallet, secret = oracle.crowdsale(seed, password, iv)
    handle = RING.add_keystore(wallet, password=password)
    assert RING.address(handle) == oracle.address(secret)
    RING.forget(handle)
    with pytest.raises(_core.InvalidInput, match="password"):
        RING.add_keystore(wallet, password=password + b"x")


@settings(max_examples=40, deadline=None)
@given(
    language=st.sampled_from(LANGUAGES),
    entropy=st.sampled_from([16, 20, 24, 28, 32]).flatmap(
        lambda size: st.binary(min_size=size, max_size=size)
    ),
    passphrase=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    steps=st.lists(st.tuples(st.integers(0, 2**31 - 1), st.booleans()), max_size=5),
)
def test_phrases_of_eth_account(
    language: Language, entropy: bytes, passphrase: str, steps: list[tuple[int, bool]]
) -> None:
    Account.enable_unaudited_hdwallet_features()
    phrase = Mnemonic(language).to_mnemonic(entropy)
    path = "m" + "".join(f"/{index}{chr(39) * hard}" for index, hard in steps)
    wanted = Account.from_mnemonic(phrase, passphrase=passphrase, account_path=path)
    given: Any = {"path": path, "passphrase": passphrase.encode()}
    handle = RING.add_mnemonic(phrase.encode(), **given)
    assert RING.address(handle).hex() == wanted.address[2:].lower()
    x = RING.public_key(handle)[1:33]
    assert RING.mnemonic_node(phrase.encode(), **given)[5][1:] == x
    RING.forget(handle)


def test_the_default_path_is_the_first_account() -> None:
    phrase = b"test test test test test test test test test test test junk"
    first = RING.add_mnemonic(phrase)
    assert RING.address(first).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    second = RING.add_mnemonic(phrase, path="m/44'/60'/0'/0/1")
    assert RING.address(second).hex() == "70997970c51812dc3a010c7d01b50e0d17dc79c8"


def test_threads_share_one_ring() -> None:
    """Batches sign with the interpreter released while others add and forget keys."""
    ring = _core.Keyring(seed=bytes(32))
    handle = ring.add(bytes(31) + b"\1")
    digests = bytes(range(32)) * 200
    wanted = ring.sign_digests(handle, digests)

    def sign() -> None:
        for _ in range(10):
            assert ring.sign_digests(handle, digests) == wanted

    def churn() -> None:
        for _ in range(300):
            ring.forget(ring.add(bytes(31) + b"\2"))

    together(sign, churn, sign, churn)
    assert len(ring) == 1
    assert ring.add(bytes(31) + b"\3") == 601
