"""What the bindings of transactions refuse that no other call has: fields of other types, rows.

What every call must refuse is in `test_core_hostile`.
"""

from typing import Any

import numpy as np
import pytest

from tests.fakes.tx_calls import (
    BATCH,
    CALLED,
    FEE_NAMES,
    HANDLE,
    HASH,
    KEYRING,
    LEAVE,
    RAW,
    SIGNATURE,
    TX,
    TYPES,
)
from vanta import _core


@pytest.mark.parametrize("kind", list(TYPES))
def test_a_field_of_another_type_is_refused(kind: int) -> None:
    own = TYPES[kind]
    for other in TYPES.values():
        for name in set(other) - set(own):
            with pytest.raises(_core.InvalidInput, match=f"{name} does not belong to type {kind}"):
                _core.Transaction(**own, **{name: other[name]})
    for name in set(own) & set(FEE_NAMES):
        with pytest.raises(TypeError, match=f"{name} must be given for type {kind}"):
            _core.Transaction(**{key: value for key, value in own.items() if key != name})


@pytest.mark.parametrize("kind", [5, 127, 255, 65_535])
def test_unknown_types_are_refused(kind: int) -> None:
    with pytest.raises(_core.InvalidInput, match=f"type {kind} is not"):
        _core.Transaction(**{**TYPES[2], "type": kind})


@pytest.mark.parametrize(
    "entry",
    [
        (),
        (CALLED,),
        (CALLED, [], []),
        (CALLED, b""),
        (CALLED, [bytes(31)]),
        (CALLED[:-1], []),
        (CALLED, [None]),
        CALLED,
        None,
        {CALLED: []},
    ],
)
def test_wrong_accesses_are_refused(entry: Any) -> None:
    with pytest.raises((TypeError, _core.InvalidInput), match="access_list"):
        _core.Transaction(**{**TYPES[2], "access_list": [entry]})


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("value", [None, True, -1, 2**256, b"", b"\x00" * 21])
def test_wrong_leaves_are_refused(at: int, value: Any) -> None:
    leave: list[Any] = list(LEAVE)
    leave[at] = value
    for wrong in (leave, LEAVE[:-1], (*LEAVE, 0)):
        with pytest.raises((TypeError, _core.InvalidInput), match="authorizations"):
            _core.Transaction(**{**TYPES[4], "authorizations": [wrong]})


@pytest.mark.parametrize(("kind", "name"), [(3, "type"), (0, "chain_id")])
def test_what_vanta_must_not_sign(kind: int, name: str) -> None:
    fields = {**TYPES[kind], "chain_id": None} if kind == 0 else TYPES[kind]
    with pytest.raises(_core.InvalidInput, match=f"^{name}"):
        _core.tx_sign(KEYRING, handle=HANDLE, tx=_core.Transaction(**fields))


def test_a_wrong_row_fails_the_batch() -> None:
    fees = np.array([100, 7], dtype=np.uint64)
    with pytest.raises(_core.InvalidInput, match="row 1: max_priority_fee_per_gas_wei 8 is above"):
        _core.tx_signs(KEYRING, **{**BATCH, "max_fee_per_gas_wei": fees})
    with pytest.raises(_core.InvalidInput, match="handle 7 is unknown"):
        _core.tx_signs(KEYRING, **{**BATCH, "handle": 7})
    for orders in ([b"", None], [b"", "0x"], b"", None):
        with pytest.raises(TypeError, match="orders"):
            _core.tx_signs(KEYRING, **{**BATCH, "orders": orders})
    with pytest.raises(_core.InvalidInput, match="row 0: gas_limit"):
        _core.tx_signs(KEYRING, **{**BATCH, "gas_limit": 2**64})


def test_orders_of_the_core_are_their_calldata() -> None:
    e10 = 10**10
    prices = np.array([60_000 * e10, 61_000 * e10], dtype=np.int64)
    orders = _core.OpenOrders(
        trader=CALLED,
        pair_index=np.array([1, 2], dtype=np.uint16),
        collateral_e6=np.array([10**8, 10**9], dtype=np.int64),
        open_price_e10=prices,
        is_long=np.array([True, False]),
        leverage_e10=np.array([10 * e10, 20 * e10], dtype=np.int64),
        tp_e10=np.zeros(2, dtype=np.int64),
        sl_e10=np.zeros(2, dtype=np.int64),
        order_type=np.zeros(2, dtype=np.uint8),
        slippage_e10=np.array([e10, e10], dtype=np.int64),
    )
    written = orders.calldata().tobytes()
    made = _core.tx_signs(KEYRING, **{**BATCH, "orders": orders})
    assert made == _core.tx_signs(KEYRING, **{**BATCH, "orders": [written[:420], written[420:]]})
    assert [_core.tx_decode(raw).tx.data for raw, _ in made] == [written[:420], written[420:]]
    with pytest.raises(_core.InvalidInput, match="nonce has 3 rows, orders has 2"):
        three = np.arange(3, dtype=np.uint64)
        _core.tx_signs(KEYRING, **{**BATCH, "orders": orders, "nonce": three})


def test_an_empty_batch() -> None:
    none = np.zeros(0, dtype=np.uint64)
    empty: dict[str, Any] = {k: none if isinstance(v, np.ndarray) else v for k, v in BATCH.items()}
    assert _core.tx_signs(KEYRING, **{**empty, "orders": []}) == []


def test_values_are_frozen_and_compare() -> None:
    again = _core.Transaction(**TYPES[2])
    assert again == TX
    assert again != _core.Transaction(**{**TYPES[2], "nonce": 4})
    assert TX != "a transaction"
    for value, name in ((TX, "nonce"), (_core.tx_decode(RAW), "sender")):
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
    for kind, fields in TYPES.items():
        tx = _core.Transaction(**fields)
        for name, given in fields.items():
            if name != "gas_price_wei":
                shown = getattr(tx, name)
                same = [(a, list(b)) for a, b in shown] if name == "access_list" else shown
                assert (list(same) if isinstance(given, list) else same) == given, (kind, name)
    old = _core.Transaction(**TYPES[0])
    assert (old.max_fee_per_gas_wei, old.max_priority_fee_per_gas_wei) == (100, 100)


def test_texts_tell_no_data() -> None:
    fields = {**TYPES[2], "data": b"\xde\xad\xbe\xef" * 100}
    assert "deadbeef" not in repr(_core.Transaction(**fields))
    with pytest.raises(_core.InvalidInput) as raised:
        _core.tx_assemble(TX, signature=SIGNATURE[:32] + b"\xff" * 32 + b"\x1b")
    assert SIGNATURE[:32].hex() not in str(raised.value)
    assert _core.keccak256(RAW) == HASH


def test_rlp_of_what_is_no_tree() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(_core.AbiError, match="512"):
        _core.rlp_encode(endless)
    for item in ("text", 1, None, [b"", 1], {b""}, bytearray(b"x")):
        with pytest.raises(TypeError, match="item"):
            _core.rlp_encode(item)
    assert _core.rlp_encode((b"", [b""])) == _core.rlp_encode([b"", (b"",)])


@pytest.mark.parametrize("text", ["\ud800", "0x" + "é" * 20, "0x" + "0" * 39 + "é", "x" * 10**6])
def test_text_that_is_no_address(text: str) -> None:
    with pytest.raises(_core.InvalidInput, match="text") as raised:
        _core.parse_address(text)
    assert len(str(raised.value)) < 100
