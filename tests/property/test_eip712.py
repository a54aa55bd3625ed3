"""Typed data and intents against the standard spelled out, `eth_account` and `eth_abi`."""

import json
from typing import Any

import pytest
from eth_abi import encode as abi_encode
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.eip712_calls import ROUTER, a_domain
from tests.oracles import typed_data as oracle
from vanta import _core

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 2 * HALF_ORDER + 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ADDRESS = st.binary(min_size=20, max_size=20)
SECRET = st.integers(1, ORDER - 1).map(lambda key: key.to_bytes(32, "big"))
KINDS = [
    "OpenTradeReq",
    "OpenTradeCoinExposureReq",
    "CloseTradeReq",
    "CloseTradeCoinExposureReq",
    "IncreasePositionSizeReq",
    "IncreasePositionSizeWithCoinExposureReq",
    "UpdateTpSlReq",
    "TpSlReq",
    "TwapOpenOrder",
    "TwapCloseOrder",
    "TwapCancelReq",
    "CancelOffchainOrder",
    "RfqOpenOrder",
    "RfqCloseOrder",
    "DelegateReq",
    "RegisterCodeReq",
    "SetTraderReferralCodeByUserReq",
]
ABI_ORDER = {"DelegateReq": ["trader", "delegate", "expiry", "tnc", "deadline", "nonce"]}


def types_of(kind: str) -> oracle.Types:
    """Read the structs of a type string."""
    structs = [one.partition("(") for one in _core.intent_type(kind)[0].split(")")[:-1]]
    return {
        name: [
            dict(zip(("type", "name"), field.split(" "), strict=True))
            for field in fields.split(",")
        ]
        for name, _, fields in structs
    }


def integers(kind: str) -> st.SearchStrategy[int]:
    bits = int(kind.removeprefix("u").removeprefix("int"))
    least, most = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return st.integers(least, most) | st.sampled_from([least, most, 0, 1])


def values(types: oracle.Types, kind: str) -> st.SearchStrategy[Any]:
    """Values of a type as the core takes them."""
    if kind in types:
        return st.fixed_dictionaries({f["name"]: values(types, f["type"]) for f in types[kind]})
    if kind == "address":
        return ADDRESS
    if kind == "bytes32":
        return st.binary(min_size=32, max_size=32)
    if kind == "string":
        return TEXT
    return st.booleans() if kind == "bool" else integers(kind)


INTENTS = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind), values(types_of(kind), kind))
)


def spoken(value: Any) -> Any:
    """Turn bytes into hex, all the way down."""
    if isinstance(value, dict):
        return {key: spoken(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [spoken(inner) for inner in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def abi_of(types: oracle.Types, kind: str, value: Any) -> tuple[str, Any]:
    if kind not in types:
        return kind, value
    order = ABI_ORDER.get(kind, [field["name"] for field in types[kind]])
    kinds = {field["name"]: field["type"] for field in types[kind]}
    parts = [abi_of(types, kinds[name], value[name]) for name in order]
    return f"({','.join(part[0] for part in parts)})", tuple(part[1] for part in parts)


@given(INTENTS, SECRET)
def test_intents_are_what_the_standard_and_the_libraries_say(
    intent: tuple[str, Any], secret: bytes
) -> None:
    kind, message = intent
    types, domain = types_of(kind), a_domain()
    data = {
        "types": types,
        "domain": {
            "name": "AvantisTrading",
            "version": "1",
            "chainId": 8453,
            "verifyingContract": "0x" + ROUTER.hex(),
        },
        "primaryType": kind,
        "message": spoken(message),
    }
    digest = oracle.digest(data)
    assert _core.intent_struct_hash(kind, message=message) == oracle.hash_struct(
        types, kind, spoken(message)
    )
    assert _core.intent_digest(kind, message=message, domain=domain) == digest
    assert _core.typed_data_digest(json.dumps(data)) == digest
    tuple_type, flat = abi_of(types, kind, message)
    encoded = _core.intent_bytes(kind, message=message)
    assert encoded == abi_encode([tuple_type], [flat])
    assert _core.decode_intent(kind, data=encoded) == message
    own = {"types": types | {"EIP712Domain": DECLARED}} | {k: data[k] for k in data if k != "types"}
    theirs = Account.sign_message(encode_typed_data(full_message=own), secret)
    ring = _core.Keyring(seed=bytes(32))
    handle = ring.add(secret)
    one = {"kind": kind, "domain": domain}
    signed = _core.sign_intent(ring, handle=handle, message=message, **one)
    assert (signed.digest, signed.intent) == (digest, encoded)
    assert signed.signature == theirs.signature
    assert int.from_bytes(signed.signature[32:64], "big") <= HALF_ORDER
    assert signed.signature[64] in {27, 28}
    assert _core.recover_address(digest, signature=signed.signature) == ring.address(handle)
    twice = _core.sign_intents(ring, handles=[handle] * 2, messages=[message] * 2, **one)
    for again in twice:
        assert again.signature == signed.signature
        assert (again.digest, again.intent) == (digest, encoded)
    assert _core.intent_digests(messages=[message] * 3, **one) == [digest] * 3


DECLARED = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
ATOMS = ["address", "bool", "string", "bytes", "bytes1", "bytes31", "bytes32", "uint8", "uint136"]
ATOMS += ["uint256", "int8", "int248", "int256"]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw typed data of any nesting that needs no null."""
    types: oracle.Types = {}
    for place in range(draw(st.integers(1, 4))):
        known = st.sampled_from(ATOMS + list(types))
        brackets = st.lists(st.sampled_from(["[]", "[0]", "[1]", "[3]"]), max_size=2).map("".join)
        kinds = draw(st.lists(st.tuples(known, brackets), max_size=4))
        types[f"T{draw(st.integers(0, 999))}x{place}"] = [
            {"name": f"{draw(st.sampled_from(['a', '_b', '$c']))}{n}", "type": k + b}
            for n, (k, b) in enumerate(kinds)
        ]
    primary = draw(st.sampled_from(list(types)))
    domain_fields = draw(st.sets(st.sampled_from(list(oracle.DOMAIN))))
    domain = {
        name: draw(json_values(types, kind))
        for name, kind in oracle.DOMAIN.items()
        if name in domain_fields
    }
    message = draw(json_values(types, primary))
    return {"types": types, "domain": domain, "primaryType": primary, "message": message}


def json_values(types: oracle.Types, kind: str) -> st.SearchStrategy[Any]:
    if kind.endswith("]"):
        inner, _, size = kind[:-1].rpartition("[")
        least, most = (0, 3) if size == "" else (int(size), int(size))
        return st.lists(json_values(types, inner), min_size=least, max_size=most)
    if kind in types:
        return st.fixed_dictionaries(
            {f["name"]: json_values(types, f["type"]) for f in types[kind]}
        )
    if kind == "address":
        checksummed = ADDRESS.map(_core.checksum_address)
        return checksummed | ADDRESS.map(spoken) | checksummed.map(str.lower)
    if kind.startswith("bytes"):
        size = int(kind[5:]) if kind != "bytes" else None
        return st.binary(min_size=size or 0, max_size=size or 40).map(spoken)
    if kind == "string":
        return TEXT
    if kind == "bool":
        return st.booleans()
    numbers = integers(kind)
    return numbers | numbers.map(str) | numbers.filter(lambda n: n >= 0).map(hex)


@settings(max_examples=300)
@given(documents())
def test_typed_data_is_what_the_standard_says(data: dict[str, Any]) -> None:
    digest = oracle.digest(data)
    for text in (json.dumps(data), json.dumps(data, ensure_ascii=False, indent=1).encode()):
        assert _core.typed_data_digest(text) == digest
    types = {"EIP712Domain": [], **data["types"]}
    hashed = oracle.hash_struct(types, data["primaryType"], data["message"])
    assert keccak(_core.typed_data_encoded(json.dumps(data))) == hashed


@settings(max_examples=300)
@given(documents(), st.data())
def test_a_damaged_document_is_refused_or_another(
    data: dict[str, Any], draw: st.DataObject
) -> None:
    text = json.dumps(data).encode()
    place = draw.draw(st.integers(0, len(text) - 1))
    by = draw.draw(st.sampled_from([b"", b"0", b'"', b"{", b"]", b"\xff", b",", b"\\", b"null"]))
    damaged = text[:place] + by + text[place + draw.draw(st.integers(0, 3)) :]
    try:
        digest = _core.typed_data_digest(damaged)
    except _core.InvalidInput as error:
        assert str(error).startswith("data ")
        assert len(str(error)) < 200
        return
    # What is still signed says the same as the JSON says to any reader.
    assert digest == oracle.digest(json.loads(damaged))


@given(st.binary(max_size=200) | TEXT)
def test_anything_else_is_refused(data: bytes | str) -> None:
    with pytest.raises(_core.InvalidInput, match="data "):
        _core.typed_data_digest(data)


@given(st.binary(max_size=300), SECRET)
def test_personal_messages_are_signed_as_by_the_library(message: bytes, secret: bytes) -> None:
    theirs = Account.sign_message(encode_defunct(message), secret)
    digest = _core.personal_digest(message)
    assert digest == bytes(theirs.message_hash)
    ring = _core.Keyring(seed=bytes(32))
    handle = ring.add(secret)
    signature = ring.sign_digest(handle, digest)
    assert signature == theirs.signature
    for v in (signature[64], signature[64] - 27):
        signer = _core.recover_address(digest, signature=signature[:64] + bytes([v]))
        assert signer == ring.address(handle)
    # The high-s twin is of the same key: nobody may take a signature for an id.
    s = ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
    assert _core.recover_address(digest, signature=twin) == ring.address(handle)


CALLS = st.lists(st.tuples(ADDRESS, integers("uint256"), st.binary(max_size=80)), max_size=4)


@given(ADDRESS, integers("uint64"), CALLS, integers("uint256"), st.binary(min_size=65, max_size=65))
def test_relayed_calls_are_what_the_standards_say(
    account: bytes, chain_id: int, calls: list[Any], nonce: int, signature: bytes
) -> None:
    mode = bytes.fromhex("01000000000078210001").ljust(32, b"\0")
    types = {
        "Execute": [
            {"name": "mode", "type": "bytes32"},
            {"name": "calls", "type": "Call[]"},
            {"name": "nonce", "type": "uint256"},
        ],
        "Call": [
            {"name": "to", "type": "address"},
            {"name": "value", "type": "uint256"},
            {"name": "data", "type": "bytes"},
        ],
    }
    domain = {
        "name": "GelatoDelegation",
        "version": "0.0.1",
        "chainId": chain_id,
        "verifyingContract": spoken(account),
    }
    named = [dict(zip(("to", "value", "data"), call, strict=True)) for call in calls]
    message = spoken({"mode": mode, "calls": named, "nonce": nonce})
    data = {"types": types, "domain": domain, "primaryType": "Execute", "message": message}
    digest = _core.execute_digest(account, chain_id=chain_id, calls=calls, nonce=nonce)
    assert digest == oracle.digest(data)
    signed = (nonce >> 64).to_bytes(24, "big") + signature
    execution = abi_encode(["(address,uint256,bytes)[]", "bytes"], [calls, signed])
    calldata = keccak(text="execute(bytes32,bytes)")[:4]
    calldata += abi_encode(["bytes32", "bytes"], [mode, execution])
    assert _core.execute_calldata(calls=calls, nonce=nonce, signature=signature) == calldata
