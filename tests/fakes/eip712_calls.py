"""One good call per binding of typed data, for tests that replace its arguments."""

import json
from typing import Any

from tests.fakes.hostile import UNSIGNED_256, Area, Calls
from vanta import _core

SECRET = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
TRADER = bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
ROUTER = bytes.fromhex("44914408af82bc9983bbb330e3578e1105e11d4e")
U256 = 2**256 - 1
I256 = 2**255 - 1

TRADE: dict[str, Any] = {
    "trader": TRADER,
    "pairIndex": 1,
    "index": 0,
    "initialPosToken": 0,
    "positionSizeUSDC": 100 * 10**6,
    "openPrice": 1_000 * 10**10,
    "buy": True,
    "leverage": 10 * 10**10,
    "tp": 0,
    "sl": 0,
    "timestamp": 0,
}
OPEN: dict[str, Any] = {
    "_t": TRADE,
    "_type": 0,
    "_slippageP": 10**10,
    "_deadline": 1_790_000_000_000,
    "_nonce": U256,
}
DELEGATE: dict[str, Any] = {
    "trader": TRADER,
    "delegate": ROUTER,
    "expiry": 1_790_000_000,
    "deadline": 1_790_000_000_000,
    "tnc": "I accept the terms: été",
    "nonce": 7,
}
TRIGGER: dict[str, Any] = {
    "trader": TRADER,
    "pairIndex": 1,
    "index": 0,
    "triggerType": 255,
    "coinSize": 10**10,
    "buy": False,
    "price": 0,
    "percentage": -(2**255),
    "timestamp": 0,
    "signTimestamp": 0,
    "orderType": 4,
    "nonce": 1,
}
CODE: dict[str, Any] = {"_code": bytes(32), "_referrer": TRADER, "_deadline": 1, "_nonce": 1}

TYPED: dict[str, Any] = {
    "types": {"Note": [{"name": "text", "type": "string"}, {"name": "of", "type": "uint8[]"}]},
    "domain": {"name": "Notes", "chainId": 8453},
    "primaryType": "Note",
    "message": {"text": "hi", "of": [1, 2]},
}
NOTHING_SIGNED = bytes(32)


def a_domain() -> _core.IntentDomain:
    return _core.IntentDomain(
        name="AvantisTrading", version="1", chain_id=8453, verifying_contract=ROUTER
    )


def calls() -> Calls:
    """Return name to (function, good arguments); all of them can be given by keyword."""
    ring = _core.Keyring(seed=bytes(32))
    handle = ring.add(SECRET)
    domain = a_domain()
    kind = "OpenTradeReq"
    done = [(ROUTER, 0, b"\x01\x02"), (TRADER, U256, b"")]
    signature = ring.sign_digest(handle, NOTHING_SIGNED)
    one = {"kind": kind, "message": OPEN}
    many = {"kind": kind, "messages": [OPEN], "domain": domain}
    return {
        "IntentDomain": (
            _core.IntentDomain,
            {"name": "A", "version": "1", "chain_id": 1, "verifying_contract": ROUTER},
        ),
        "intent_type": (_core.intent_type, {"kind": kind}),
        "intent_struct_hash": (_core.intent_struct_hash, one),
        "intent_digest": (_core.intent_digest, {**one, "domain": domain}),
        "intent_digests": (_core.intent_digests, many),
        "intent_bytes": (_core.intent_bytes, one),
        "decode_intent": (
            _core.decode_intent,
            {"kind": kind, "data": _core.intent_bytes(kind, message=OPEN)},
        ),
        "sign_intent": (
            _core.sign_intent,
            {"keyring": ring, "handle": handle, **one, "domain": domain},
        ),
        "sign_intents": (_core.sign_intents, {"keyring": ring, "handles": [handle], **many}),
        "typed_data_digest": (_core.typed_data_digest, {"data": json.dumps(TYPED)}),
        "typed_data_encoded": (_core.typed_data_encoded, {"data": json.dumps(TYPED)}),
        "personal_digest": (_core.personal_digest, {"message": b"hi"}),
        "recover_address": (
            _core.recover_address,
            {"digest": NOTHING_SIGNED, "signature": signature},
        ),
        "delegate_of": (_core.delegate_of, {"code": b"\xef\x01\x00" + ROUTER}),
        "execute_digest": (
            _core.execute_digest,
            {"account": TRADER, "chain_id": 8453, "calls": done, "nonce": 1 << 64},
        ),
        "execute_calldata": (
            _core.execute_calldata,
            {"calls": done, "nonce": 1 << 64, "signature": signature},
        ),
    }


WORDS = ("unsaid", "in capitals", "long", "empty")
AREA = Area(
    name="eip712",
    calls=calls,
    limits=UNSIGNED_256,
    fine=(
        *(f"IntentDomain.{text}.{label}" for text in ("name", "version") for label in WORDS),
        "decode_intent.data.* bytes",  # named by the type
        "personal_digest.message.* bytes",
        "delegate_of.code.* bytes",
    ),
)
