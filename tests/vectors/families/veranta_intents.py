"""The venue's intents: types, digests, bytes and signatures, and the envelope they travel in.

The file falls into sections; each becomes rows of its own kind. A section nobody knows is an error.
"""

from collections.abc import Callable, Iterable
from typing import Any

from eth_abi import encode as abi_encode
from eth_utils import keccak

from tests.vectors.files import Family, Row
from vanta import _core

Fields = list[dict[str, str]]
File = dict[str, Any]


def from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


class Signers:
    """The file's keys, by address."""

    def __init__(self, file: File) -> None:
        self.ring = _core.Keyring(seed=bytes(32))
        self.handles: dict[bytes, int] = {}
        for address, secret in file["meta"]["private_keys"].items():
            handle = self.ring.add(from_hex(secret))
            assert self.ring.address(handle) == from_hex(address), address
            self.handles[from_hex(address)] = handle

    def handle(self, address: str) -> int:
        return self.handles[from_hex(address)]


def message_of(types: dict[str, Fields], name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Turn the JSON of a message into the arguments of the core."""

    def value(kind: str, raw: Any) -> Any:
        if kind in types:
            return message_of(types, kind, raw)
        if kind in {"address", "bytes32"}:
            return from_hex(raw)
        return int(raw) if "int" in kind else raw

    fields = {field["name"]: field["type"] for field in types[name]}
    assert set(fields) == set(given)
    return {field: value(kind, given[field]) for field, kind in fields.items()}


def tuple_of(types: dict[str, Fields], kind: str, order: list[str]) -> str:
    """Spell the ABI tuple of a type whose fields stand in `order`."""
    fields = {field["name"]: field["type"] for field in types[kind]}
    members = [
        tuple_of(types, fields[name], [f["name"] for f in types[fields[name]]])
        if fields[name] in types
        else fields[name]
        for name in order
    ]
    return f"({','.join(members)})"


def check_type(file: File, kind: str) -> None:
    types = file["types"][kind]
    spelled, hashed = _core.intent_type(kind)
    assert spelled == file["type_strings"][kind], "type string"
    assert hashed == from_hex(file["type_hashes"][kind]) == keccak(text=spelled), "type hash"
    own = spelled.partition("(")[2].partition(")")[0].split(",")
    assert own == [f"{field['type']} {field['name']}" for field in types[kind]], "fields"
    # The order of the ABI bytes shows where numbers that are told apart come out.
    order = file["abi_field_order"][kind]
    assert tuple_of(types, kind, order) == file["abi_tuple"][kind], "tuple"
    one = next(row for row in file["intents"] if row["kind"] == kind)
    message = message_of(types, kind, one["message"])
    flat = tuple(tuple(v.values()) if isinstance(v := message[name], dict) else v for name in order)
    encoded = abi_encode([file["abi_tuple"][kind]], [flat])
    assert _core.intent_bytes(kind, message=message) == encoded, "order"


def check_intent(file: File, row: dict[str, Any]) -> None:
    signers, kind, spoken = Signers(file), row["kind"], row["domain"]
    assert [field["name"] for field in file["eip712_domain_type"]] == list(spoken)
    domain = _core.IntentDomain(
        name=spoken["name"],
        version=spoken["version"],
        chain_id=int(spoken["chainId"]),
        verifying_contract=from_hex(spoken["verifyingContract"]),
    )
    message = message_of(file["types"][kind], kind, row["message"])
    digest, encoded = from_hex(row["digest"]), from_hex(row["encoded_intent"])
    assert domain.separator == from_hex(row["domain_separator"]), "separator"
    struct_hash = _core.intent_struct_hash(kind, message=message)
    assert struct_hash == from_hex(row["struct_hash"]), "struct hash"
    assert _core.intent_digest(kind, message=message, domain=domain) == digest, "digest"
    assert _core.intent_digests(kind, messages=[message] * 2, domain=domain) == [digest] * 2
    assert _core.intent_bytes(kind, message=message) == encoded, "bytes"
    assert _core.decode_intent(kind, data=encoded) == message, "decoded"
    assert from_hex(row.get("published_digest", row["digest"])) == digest, "published digest"
    published = row.get("published_struct_hash", row["struct_hash"])
    assert from_hex(published) == struct_hash, "published struct hash"
    handle = signers.handle(row["signer"])
    signed = _core.sign_intent(
        signers.ring, handle=handle, kind=kind, message=message, domain=domain
    )
    assert signed.digest == digest
    assert signed.intent == encoded
    assert signed.signature == from_hex(row["signature"]), "signature"
    signer = _core.recover_address(digest, signature=signed.signature)
    assert signer == from_hex(row["signer"]), "signer"


def leave_of(signers: Signers, signer: str, spoken: dict[str, Any]) -> dict[str, Any]:
    """Sign a leave to run the spoken address' code; the values JSON would hold."""
    chain_id, address, nonce, y_parity, r, s = _core.authorization_sign(
        signers.ring,
        handle=signers.handle(signer),
        chain_id=int(spoken["chainId"]),
        address=from_hex(spoken["address"]),
        nonce=int(spoken["nonce"]),
    )
    return {
        "address": hexed(address),
        "chainId": chain_id,
        "nonce": nonce,
        "r": f"0x{r:064x}",
        "s": f"0x{s:064x}",
        "yParity": y_parity,
    }


def check_authorization(file: File, row: dict[str, Any]) -> None:
    given = row["authorization"]
    made = leave_of(Signers(file), row["signer"], given)
    made |= {"chainId": str(made["chainId"]), "nonce": str(made["nonce"])}
    made["address"] = given["address"]
    assert made == given
    assert _core.delegate_of(from_hex(row["delegated_code"])) == from_hex(given["address"])


def check_execute(file: File, row: dict[str, Any]) -> None:
    signers, signer = Signers(file), row["signer"]
    calls = [(from_hex(c["to"]), int(c["value"]), from_hex(c["data"])) for c in row["calls"]]
    nonce, chain_id = int(row["nonce"]), int(row["chain_id"])
    digest = _core.execute_digest(from_hex(signer), chain_id=chain_id, calls=calls, nonce=nonce)
    signature = signers.ring.sign_digest(signers.handle(signer), digest)
    assert signature == from_hex(row["execute_signature"]), "signature"
    calldata = _core.execute_calldata(calls=calls, nonce=nonce, signature=signature)
    assert calldata == from_hex(row["calldata"]), "calldata"
    assert calldata[4:36] == from_hex(row["mode"]), "mode"

    relay, batched = row["relay_tx_params"], row["batched_market_eip7702"]
    (leave,) = relay["authorizationList"]
    made = leave_of(signers, signer, leave) | {"address": leave["address"]}
    made["v"] = 27 + made["yParity"]
    assert relay == {
        "to": signer,
        "data": hexed(calldata),
        "value": "0",
        "gasLimit": relay["gasLimit"],
        "chainId": chain_id,
        "transactionType": 4,
        "authorizationList": [made],
    }
    assert batched == {
        "chainId": str(chain_id),
        "to": signer,
        "data": hexed(calldata),
        "gas": batched["gas"],
        "authorizationList": [made | {key: str(made[key]) for key in ("chainId", "nonce", "v")}],
    }


def check_transaction(file: File, row: dict[str, Any]) -> None:
    signers, given = Signers(file), row["tx"]
    transaction = _core.Transaction(
        type=2,
        chain_id=int(given["chainId"]),
        nonce=int(given["nonce"]),
        gas_limit=int(given["gas"]),
        to=from_hex(given["to"]),
        value_wei=int(given["value"]),
        data=from_hex(given["data"]),
        max_fee_per_gas_wei=int(given["maxFeePerGas"]),
        max_priority_fee_per_gas_wei=int(given["maxPriorityFeePerGas"]),
    )
    handle = signers.handle(row["signer"])
    raw, hashed = _core.tx_sign(signers.ring, handle=handle, tx=transaction)
    assert raw == from_hex(row["raw"]), "raw"
    assert hashed == from_hex(row["hash"]), "hash"


def check_with_signature(file: File, row: dict[str, Any]) -> None:
    (intent,) = (one for one in file["intents"] if one["id"] == row["intent_id"])
    kind = intent["kind"]
    message = message_of(file["types"][kind], kind, intent["message"])
    encoded = _core.intent_bytes(kind, message=message)
    arguments = abi_encode(["bytes", "bytes"], [from_hex(intent["signature"]), encoded])
    calldata = keccak(text=row["function"])[:4] + arguments
    assert calldata == from_hex(row["calldata"]), "calldata"
    assert from_hex(row["to"]) == from_hex(intent["domain"]["verifyingContract"]), "to"


SECTIONS: dict[str, Callable[[File, Any], None]] = {
    "types": check_type,
    "intents": check_intent,
    "eip7702_authorizations": check_authorization,
    "eip7702_execute": check_execute,
    "type2_transactions": check_transaction,
    "with_sig_calldata": check_with_signature,
}
READ_WITH_TYPES = {
    "meta",
    "eip712_domain_type",
    "abi_tuple",
    "abi_field_order",
    "type_hashes",
    "type_strings",
    "tnc_string",
}


def rows(content: Any) -> Iterable[Row]:
    unknown = set(content) - set(SECTIONS) - READ_WITH_TYPES
    assert not unknown, f"unknown sections {unknown}"
    for section, check in SECTIONS.items():
        for place, row in enumerate(content.get(section, ())):
            name = row["id"] if isinstance(row, dict) and "id" in row else str(row)[:40]
            yield f"{section}[{place}] {name}", (check, content, row)


def check(row: Any) -> None:
    checked, content, one = row
    checked(content, one)


FAMILIES = (Family(r"veranta[-_]intents(?:[.\-_].*)?\.json(?:\.gz)?", rows, check),)
