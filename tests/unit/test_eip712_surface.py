"""What the bindings of typed data refuse that no other call has: fields, rows and signatures.

What every call must refuse is in `test_core_hostile`.
"""

import math
from typing import Any

import numpy as np
import pytest

from tests.fakes.eip712_calls import (
    CODE,
    DELEGATE,
    I256,
    NOTHING_SIGNED,
    OPEN,
    SECRET,
    TRADE,
    TRADER,
    TRIGGER,
    U256,
    a_domain,
)
from vanta import _core

NONSENSE: list[Any] = [
    None,
    True,
    1.5,
    math.nan,
    1j,
    {},
    {"a": 1},
    object(),
    np.float64(1),
    np.zeros(2),
    bytearray(20),
    [None],
]
MESSAGES = {
    "OpenTradeReq": OPEN,
    "DelegateReq": DELEGATE,
    "TpSlReq": TRIGGER,
    "RegisterCodeReq": CODE,
}
FIELDS = [(kind, field) for kind, message in MESSAGES.items() for field in message]


@pytest.mark.parametrize("kind", list(MESSAGES))
def test_fields_are_exactly_those_of_the_type(kind: str) -> None:
    good = MESSAGES[kind]
    assert _core.decode_intent(kind, data=_core.intent_bytes(kind, message=good)) == good
    for field in good:
        less = {key: value for key, value in good.items() if key != field}
        with pytest.raises(_core.InvalidInput, match=f"{field} is missing from {kind}"):
            _core.intent_bytes(kind, message=less)
    with pytest.raises(_core.InvalidInput, match='message has the field "deadlines"'):
        _core.intent_bytes(kind, message={**good, "deadlines": 1})
    with pytest.raises(_core.InvalidInput, match="message has the field") as raised:
        _core.intent_bytes(kind, message={**good, "x" * 10_000: 1})
    assert len(str(raised.value)) < 200
    with pytest.raises(_core.InvalidInput, match="message has the field"):
        _core.intent_bytes(kind, message={**good, 1: 1})  # type: ignore[dict-item]


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_value_must_be_of_its_fields_type(kind: str, field: str) -> None:
    good = MESSAGES[kind]
    was = good[field]
    others: list[Any] = [*NONSENSE, "1", b"\x01", 1, bytes(33), "\udc80", 10**5000, -(10**5000)]
    for value in others:
        if type(value) is type(was) and not isinstance(was, bytes | dict | int):
            continue
        if type(value) is type(was) is int and abs(value) < 2**200:
            continue
        if type(value) is bool and isinstance(was, bool):
            continue
        with pytest.raises((TypeError, _core.InvalidInput)) as raised:
            _core.intent_bytes(kind, message={**good, field: value})
        assert field in str(raised.value) or "is missing from Trade" in str(raised.value)
        assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("kind", "field", "least", "most"),
    [
        ("OpenTradeReq", "_type", 0, 255),
        ("OpenTradeReq", "_nonce", 0, U256),
        ("TpSlReq", "triggerType", 0, 255),
        ("TpSlReq", "percentage", -I256 - 1, I256),
        ("DelegateReq", "expiry", 0, U256),
    ],
)
def test_integers_fit_their_type_and_no_more(kind: str, field: str, least: int, most: int) -> None:
    good = MESSAGES[kind]
    for value in (least, least + 1, most - 1, most):
        message = {**good, field: value}
        data = _core.intent_bytes(kind, message=message)
        assert _core.decode_intent(kind, data=data)[field] == value
    for value in (least - 1, most + 1):
        with pytest.raises(_core.InvalidInput, match=field):
            _core.intent_bytes(kind, message={**good, field: value})


def test_nested_fields_are_checked_too() -> None:
    for trade, said in (
        ({**TRADE, "buy": 1}, "buy must be a bool"),
        ({**TRADE, "x": 1}, '_t has the field "x", Trade has not'),
        ({k: v for k, v in TRADE.items() if k != "sl"}, "sl is missing from Trade"),
        (tuple(TRADE.values()), "_t must be a dict"),
    ):
        with pytest.raises((TypeError, _core.InvalidInput), match=said):
            _core.intent_bytes("OpenTradeReq", message={**OPEN, "_t": trade})


def test_text_is_bounded() -> None:
    at_limit = {"entityId": "é" * 2048}
    data = _core.intent_bytes("CancelOffchainOrder", message=at_limit)
    assert _core.decode_intent("CancelOffchainOrder", data=data) == at_limit
    with pytest.raises(_core.InvalidInput, match="entityId has 4097 bytes, at most 4096"):
        _core.intent_bytes("CancelOffchainOrder", message={"entityId": "é" * 2048 + "x"})


@pytest.mark.parametrize("kind", list(MESSAGES))
def test_only_the_canonical_bytes_are_read(kind: str) -> None:
    data = _core.intent_bytes(kind, message=MESSAGES[kind])
    wrong = [b"", data[:-1], data[:-32], data + b"\0", data + bytes(32), data[32:]]
    wrong += [
        bytes([255]) + data[1:],
        data[:31] + b"\xff" + data[32:-32] + bytes(31) + b"\x09" * 33,
    ]
    for one in wrong:
        if kind == "RegisterCodeReq" and one[:1] == b"\xff":
            continue  # its first word is any 32 bytes
        with pytest.raises(_core.AbiError, match=kind):
            _core.decode_intent(kind, data=one)


def test_every_flipped_bit_is_another_intent_or_none() -> None:
    """What decodes, encodes back to the same bytes: nothing in them is passed over."""
    for kind, message in MESSAGES.items():
        data = _core.intent_bytes(kind, message=message)
        for bit in range(0, len(data) * 8, 3):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << (bit % 8)
            try:
                read = _core.decode_intent(kind, data=bytes(flipped))
            except _core.AbiError:
                continue
            assert read != message
            assert _core.intent_bytes(kind, message=read) == bytes(flipped)


def test_a_wrong_row_names_itself_and_signs_nothing() -> None:
    ring, domain = _core.Keyring(seed=bytes(32)), a_domain()
    handle = ring.add(SECRET)
    rows = [OPEN, {**OPEN, "_type": 256}]
    with pytest.raises(_core.InvalidInput, match=r"row 1: _type 256 is outside of 0\.\.=255"):
        _core.intent_digests("OpenTradeReq", messages=rows, domain=domain)
    with pytest.raises(TypeError, match="row 1: message must be a dict"):
        _core.intent_digests("OpenTradeReq", messages=[OPEN, 1], domain=domain)  # type: ignore[list-item]
    two = {"kind": "OpenTradeReq", "messages": [OPEN, OPEN], "domain": domain}
    with pytest.raises(_core.InvalidInput, match="row 1: handle 9 is unknown"):
        _core.sign_intents(ring, handles=[handle, 9], **two)
    with pytest.raises(_core.InvalidInput, match="handles has 1 rows, messages has 2"):
        _core.sign_intents(ring, handles=[handle], **two)
    empty = {"kind": "OpenTradeReq", "messages": [], "domain": domain}
    assert _core.sign_intents(ring, handles=[], **empty) == []


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (bytes(64), "has 64 bytes, must have 65"),
        (bytes(66), "has 66 bytes, must have 65"),
        (bytes(65), "was made by no key"),
        (b"\xff" * 64 + b"\x1b", "was made by no key"),
        (bytes(31) + b"\1" + bytes(31) + b"\1" + b"\x02", "ends in v = 2, must be 0, 1, 27 or 28"),
        (bytes(31) + b"\1" + bytes(31) + b"\1" + b"\xff", "ends in v = 255"),
    ],
)
def test_a_signature_of_no_key_is_refused(signature: bytes, said: str) -> None:
    with pytest.raises(_core.InvalidInput, match=said):
        _core.recover_address(NOTHING_SIGNED, signature=signature)


def test_codes_that_delegate_to_nobody() -> None:
    assert _core.delegate_of(b"\xef\x01\x00" + TRADER) == TRADER
    for code in (b"", b"\xef\x01\x00", b"\xef\x01\x00" + TRADER + b"\0", b"\xef\x01\x01" + TRADER):
        assert _core.delegate_of(code) is None


def test_answers_are_frozen_and_tell_no_secret() -> None:
    ring = _core.Keyring(seed=bytes(32))
    one = {"handle": ring.add(SECRET), "kind": "OpenTradeReq", "message": OPEN}
    signed = _core.sign_intent(ring, **one, domain=a_domain())
    for answer, name in ((signed, "signature"), (a_domain(), "separator")):
        with pytest.raises(AttributeError):
            setattr(answer, name, b"")
    with pytest.raises(_core.InvalidInput) as raised:
        _core.execute_calldata(calls=[], nonce=0, signature=signed.signature[:64])
    assert signed.signature.hex()[:16] not in str(raised.value)
