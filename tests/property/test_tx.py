"""Transactions against `eth_account`, byte for byte, and a batch against its rows."""

from typing import Any

import numpy as np
from eth_account import Account
from eth_account.typed_transactions.set_code_transaction import Authorization
from hypothesis import given, settings
from hypothesis import strategies as st

from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

U64 = 2**64 - 1
SECRETS = [bytes([first]) * 32 for first in range(1, 9)]
KEYRING = _core.Keyring(seed=bytes(32))
HANDLES = [KEYRING.add(secret) for secret in SECRETS]


def spread_out(high: int) -> st.SearchStrategy[int]:
    """Integers of every magnitude, both ends included."""
    bits = st.integers(0, high.bit_length())
    return bits.flatmap(lambda n: st.integers(0, min(high, 2**n)))


addresses = st.binary(min_size=20, max_size=20)
words = st.binary(min_size=32, max_size=32)
accesses = st.lists(st.tuples(addresses, st.lists(words, max_size=3)), max_size=3)
# `eth_account` takes values only up to 2**256 - 1 and fees likewise.
wei = spread_out(2**256 - 1)
fees = st.tuples(wei, wei).map(sorted)
calls = st.fixed_dictionaries(
    {
        "chain_id": spread_out(2**63),
        "nonce": spread_out(U64 - 1),
        "gas_limit": spread_out(U64),
        "to": addresses,
        "value_wei": wei,
        "data": st.binary(max_size=300),
    }
)


def shown(access_list: Any) -> list[dict[str, Any]]:
    return [
        {"address": "0x" + a.hex(), "storageKeys": ["0x" + s.hex() for s in slots]}
        for a, slots in access_list
    ]


def theirs(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "chainId": call["chain_id"],
        "nonce": call["nonce"],
        "gas": call["gas_limit"],
        "to": call["to"] or b"",
        "value": call["value_wei"],
        "data": call["data"],
    }


def same(which: int, tx: _core.Transaction, expected: dict[str, Any]) -> None:
    """Signed alike, assembled alike, and read back to what it was."""
    peer = Account.sign_transaction(expected, SECRETS[which])
    raw, hash_ = _core.tx_sign(KEYRING, handle=HANDLES[which], tx=tx)
    assert raw == bytes(peer.raw_transaction)
    assert hash_ == bytes(peer.hash)
    read = _core.tx_decode(raw)
    assert read.tx == tx
    assert (read.hash, read.sender) == (hash_, KEYRING.address(HANDLES[which]))
    assert _core.tx_assemble(tx, signature=read.signature) == (raw, hash_)
    assert _core.keccak256(_core.tx_preimage(tx)) == _core.tx_signing_hash(tx)


@unhurried
@given(st.integers(0, 7), calls, fees, accesses, st.booleans())
def test_type_2(
    which: int, call: dict[str, Any], fees: list[int], access_list: Any, creates: bool
) -> None:
    if creates:
        call = {**call, "to": None}
    priority, most = fees
    tx = _core.Transaction(
        **call,
        max_fee_per_gas_wei=most,
        max_priority_fee_per_gas_wei=priority,
        access_list=access_list,
    )
    same(
        which,
        tx,
        {
            "type": 2,
            **theirs(call),
            "maxFeePerGas": most,
            "maxPriorityFeePerGas": priority,
            "accessList": shown(access_list),
        },
    )


leaves = st.tuples(st.integers(0, 7), spread_out(2**63), addresses, spread_out(U64 - 1))


@unhurried
@given(st.integers(0, 7), calls, fees, accesses, st.lists(leaves, min_size=1, max_size=3))
def test_type_4(
    which: int, call: dict[str, Any], fees: list[int], access_list: Any, leaves: Any
) -> None:
    priority, most = fees
    signed, peers = [], []
    for who, chain_id, address, nonce in leaves:
        terms = {"chain_id": chain_id, "address": address, "nonce": nonce}
        signed.append(_core.authorization_sign(KEYRING, handle=HANDLES[who], **terms))
        account = Account.from_key(SECRETS[who])
        peers.append(
            account.sign_authorization({"chainId": chain_id, "address": address, "nonce": nonce})
        )
        hashed = Authorization(chain_id, address, nonce).hash()
        assert _core.authorization_hash(**terms) == bytes(hashed)
    tx = _core.Transaction(
        type=4,
        **call,
        max_fee_per_gas_wei=most,
        max_priority_fee_per_gas_wei=priority,
        access_list=access_list,
        authorizations=signed,
    )
    assert list(tx.authorizations) == signed
    same(
        which,
        tx,
        {
            "type": 4,
            **theirs(call),
            "maxFeePerGas": most,
            "maxPriorityFeePerGas": priority,
            "accessList": shown(access_list),
            "authorizationList": peers,
        },
    )


@unhurried
@given(st.integers(0, 7), calls, wei, accesses, st.integers(0, 1))
def test_older_types(
    which: int, call: dict[str, Any], price: int, access_list: Any, kind: int
) -> None:
    listed = {"access_list": access_list} if kind == 1 else {}
    tx = _core.Transaction(type=kind, **call, gas_price_wei=price, **listed)
    expected = {**theirs(call), "gasPrice": price}
    if kind == 1:
        expected |= {"type": 1, "accessList": shown(access_list)}
    same(which, tx, expected)


rows = st.lists(
    st.tuples(
        st.binary(max_size=40), spread_out(U64 - 1), spread_out(U64), spread_out(U64), spread_out(9)
    ),
    max_size=5,
)


@unhurried
@given(rows, addresses, spread_out(U64))
def test_a_batch_is_its_rows(rows: Any, to: bytes, chain_id: int) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    nonce, gas, most, value = (np.array(column, dtype=np.uint64) for column in columns[1:])
    same_value = int(value[0]) if len(value) else 0
    made = _core.tx_signs(
        KEYRING,
        handle=HANDLES[0],
        orders=list(columns[0]),
        chain_id=chain_id,
        to=to,
        nonce=nonce,
        gas_limit=gas,
        max_fee_per_gas_wei=most,
        max_priority_fee_per_gas_wei=np.minimum(most, np.uint64(5)),
        value_wei=same_value,
    )
    assert made == [
        _core.tx_sign(
            KEYRING,
            handle=HANDLES[0],
            tx=_core.Transaction(
                chain_id=chain_id,
                nonce=row[1],
                gas_limit=row[2],
                to=to,
                value_wei=same_value,
                data=row[0],
                max_fee_per_gas_wei=row[3],
                max_priority_fee_per_gas_wei=min(row[3], 5),
            ),
        )
        for row in rows
    ]
