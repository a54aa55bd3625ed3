"""Sign-In with Ethereum messages (EIP-4361): texts to read and signed ones to verify, good and bad.

Every file is an object of rows by name. Texts come with the fields they hold (`fields`); signed
rows hold the fields flat, with `signature` and perhaps `time`, `domainBinding` and `matchNonce`.
Contract wallets (EIP-1271) need a chain to answer: they are read and their signatures refused.
"""

from collections.abc import Callable
from typing import Any

from tests.vectors.files import Family, Row
from vanta.domain.errors import InputError
from vanta.domain.rfc3339 import parse_time_ns
from vanta.domain.siwe import SiweMessage, SiweTerms, parse, render, verify

NAMES = {
    "scheme": "scheme",
    "domain": "domain",
    "statement": "statement",
    "uri": "uri",
    "nonce": "nonce",
    "issuedAt": "issued_at",
    "expirationTime": "expiration_time",
    "notBefore": "not_before",
    "requestId": "request_id",
}
BESIDE = {
    "address",
    "chainId",
    "version",
    "resources",
    "signature",
    "time",
    "domainBinding",
    "matchNonce",
    "message",
    "type",
}
KEPT = ("domain", "uri", "chain_id", "nonce", "statement", "request_id", "scheme", "resources")


def from_hex(text: str | None) -> bytes:
    """Read hex; what is none is empty, which is refused."""
    try:
        return bytes.fromhex((text or "").removeprefix("0x"))
    except ValueError:
        return b""


def text_of(row: Any) -> str:
    """Find the text of a row; one given by its fields is written by us."""
    if isinstance(row, str):
        return row
    if "message" in row:
        return row["message"]
    return render(message_of(row))


def message_of(fields: dict[str, Any]) -> SiweMessage:
    """Make the message of a row's fields; one that is not there is empty, which is refused."""
    unknown = set(fields) - set(NAMES) - BESIDE
    assert not unknown, f"unknown fields {unknown}"
    if str(fields.get("version")) != "1":
        raise InputError("E-ARG", field="version", value=fields.get("version"), limit="1")
    given = {name: fields.get(key) for key, name in NAMES.items()}
    for name in ("domain", "uri", "nonce", "issued_at"):
        given[name] = given[name] or ""
    resources = fields.get("resources")
    address, chain_id = fields.get("address") or "", str(fields.get("chainId"))
    message = SiweMessage(
        address=from_hex(address),
        chain_id=int(chain_id) if chain_id.isdecimal() else 0,
        resources=None if resources is None else tuple(resources),
        **given,
    )
    if address not in render(message):
        raise InputError("E-ARG", field="address", value=address, limit="its checksum")
    return message


def check_parsing_positive(row: Any) -> None:
    text, fields = row["message"], row["fields"]
    message = parse(text)
    assert message == message_of(fields)
    assert render(message) == text


def check_verification_positive(row: Any) -> None:
    text = text_of(row)
    message = parse(text)
    terms = SiweTerms(**{name: getattr(message, name) for name in KEPT})
    for changed in ("domainBinding", "matchNonce"):
        name = {"domainBinding": "domain", "matchNonce": "nonce"}[changed]
        if row.get(changed) is not None:
            changes = {field: getattr(terms, field) for field in KEPT} | {name: row[changed]}
            terms = SiweTerms(**changes)
    signature = from_hex(row.get("signature"))
    now_ns = parse_time_ns(row.get("time") or message.issued_at, field="time")
    assert verify(text, signature=signature, terms=terms, now_ns=now_ns) == message


def refused(check: Callable[[Any], Any]) -> Callable[[Any], None]:
    def check_refused(row: Any) -> None:
        try:
            check(row)
        except InputError:
            return
        raise AssertionError("was not refused")

    return check_refused


def check_contract_wallet(row: Any) -> None:
    parse(text_of(row))
    refused(check_verification_positive)(row)


def rows(content: Any) -> list[Row]:
    return list(content.items())


def family(name: str, check: Callable[[Any], None]) -> Family:
    return Family(rf"(?:siwe[.\-_])?{name}(?:[.\-_].*)?\.json(?:\.gz)?", rows, check)


FAMILIES = (
    family("parsing[-_]?positive", check_parsing_positive),
    family("parsing[-_]?negative(?:[-_]?objects?)?", refused(lambda row: parse(text_of(row)))),
    family("verification[-_]?positive", check_verification_positive),
    family("verification[-_]?negative", refused(check_verification_positive)),
    family("(?:verification[-_]?)?eip[-_]?1271", check_contract_wallet),
)
