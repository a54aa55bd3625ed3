"""Sign-In with Ethereum (EIP-4361): the message a wallet signs to prove that it is somebody's.

A message is read by the standard's grammar to the letter and by nothing else: every text has one
reading and `render(parse(text)) == text`. `verify` compares all that the message says with what was
asked for, so that a signature given elsewhere, or for somebody else, proves nothing here. It proves
a key, not a contract wallet (EIP-1271), and not once only: the caller uses up the nonce.

    text = render(message)             what the wallet shows and signs
    verify(text, signature=…, …)       the same text again, never one put together from parts
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from vanta._core import InvalidInput, checksum_address, personal_digest, recover_address
from vanta.domain.errors import InputError
from vanta.domain.rfc3339 import parse_time_ns
from vanta.domain.uri import is_authority, is_uri

MAX_CHARS: Final = 8192
VERSION: Final = "1"
ADDRESS_BYTES: Final = 20

_INTRODUCTION: Final = " wants you to sign in with your Ethereum account:"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_ADDRESS: Final = re.compile(r"0x[0-9A-Fa-f]{40}")
_STATEMENT: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;= -]+")
_CHAIN_ID: Final = re.compile(r"[1-9][0-9]{0,17}")
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,128}")
_REQUEST_ID: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*")


class SiweMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says. Times are RFC 3339 text, since their spelling is signed too.

    `resources` None: no such line; empty: the line without any below it.
    """

    domain: str
    address: bytes
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    scheme: str | None = None
    statement: str | None = None
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None


class SiweTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a message must say: all of it, and nothing where it is None.

    Put whom the wallet is bound to into `request_id`: without it a signature phished from its owner
    binds the wallet to the thief's account.
    """

    domain: str
    uri: str
    chain_id: int
    nonce: str
    statement: str | None
    request_id: str | None
    scheme: str | None = None
    resources: tuple[str, ...] | None = None


def parse(text: str) -> SiweMessage:
    """Read a message.

    Raises `InputError` naming the first field that is missing, out of its order or malformed.
    """
    if not isinstance(text, str) or len(text) > MAX_CHARS:
        raise _wrong(
            "message", "" if isinstance(text, str) else text, f"1 to {MAX_CHARS} characters"
        )
    lines = _Lines(text)
    scheme, domain = _origin(lines.next("domain"))
    address = _address(lines.next("address"))
    lines.empty("statement")
    statement = lines.peek()
    if statement:
        lines.next("statement")
        if not _STATEMENT.fullmatch(statement):
            raise _wrong("statement", statement, "URI characters and spaces on one line")
    lines.empty("statement")
    uri = _checked("URI", lines.after("URI: "), is_uri, "an absolute URI (RFC 3986)")
    _matched("Version", lines.after("Version: "), re.compile(VERSION), VERSION)
    chain_id = _matched("Chain ID", lines.after("Chain ID: "), _CHAIN_ID, "a whole number")
    nonce = _matched("Nonce", lines.after("Nonce: "), _NONCE, "8 to 128 letters and digits")
    issued_at = lines.after("Issued At: ")
    expiration_time = lines.after_if("Expiration Time: ")
    not_before = lines.after_if("Not Before: ")
    for field, time in (
        ("Issued At", issued_at),
        ("Expiration Time", expiration_time),
        ("Not Before", not_before),
    ):
        if time is not None:
            parse_time_ns(time, field=field)
    request_id = lines.after_if("Request ID: ")
    if request_id is not None:
        _matched("Request ID", request_id, _REQUEST_ID, "URI path characters")
    resources = lines.listed("Resources:")
    for resource in resources or ():
        _checked("Resources", resource, is_uri, "absolute URIs (RFC 3986)")
    lines.end()
    return SiweMessage(
        scheme=scheme,
        domain=domain,
        address=address,
        statement=statement or None,
        uri=uri,
        chain_id=int(chain_id),
        nonce=nonce,
        issued_at=issued_at,
        expiration_time=expiration_time,
        not_before=not_before,
        request_id=request_id,
        resources=resources,
    )


def render(message: SiweMessage) -> str:
    """Write the text that is signed.

    Raises `InputError` naming the field that no message can hold.
    """
    if len(message.address) != ADDRESS_BYTES:
        raise _wrong("address", message.address, f"{ADDRESS_BYTES} bytes")
    origin = message.domain if message.scheme is None else f"{message.scheme}://{message.domain}"
    lines = [origin + _INTRODUCTION, checksum_address(message.address), ""]
    lines += [] if message.statement is None else [message.statement]
    lines += [
        "",
        f"URI: {message.uri}",
        f"Version: {VERSION}",
        f"Chain ID: {message.chain_id}",
        f"Nonce: {message.nonce}",
        f"Issued At: {message.issued_at}",
    ]
    for name, value in (
        ("Expiration Time", message.expiration_time),
        ("Not Before", message.not_before),
        ("Request ID", message.request_id),
    ):
        lines += [] if value is None else [f"{name}: {value}"]
    if message.resources is not None:
        lines += ["Resources:", *(f"- {resource}" for resource in message.resources)]
    text = "\n".join(lines)
    # A field with a line break would pose as the fields behind it.
    if parse(text) != message:
        raise _wrong("message", text, "fields that each stay on their line")
    return text


def verify(text: str, *, signature: bytes, terms: SiweTerms, now_ns: int) -> SiweMessage:
    """Check the signed text against its terms, the time and the signature.

    `signature` is r || s || v, 65 bytes; `now_ns` Unix nanoseconds: from `not_before` on, and
    before `expiration_time`. Raises `InputError` naming what differs. A signature can be respelled:
    never take it for an id, use up the nonce instead.
    """
    message = parse(text)
    for name in terms.__struct_fields__:
        said, asked = getattr(message, name), getattr(terms, name)
        if said != asked:
            raise _wrong(name, said, f"what was asked for, {asked!r}")
    if message.not_before is not None and now_ns < parse_time_ns(
        message.not_before, field="Not Before"
    ):
        raise _wrong("Not Before", message.not_before, "a time that has come")
    if message.expiration_time is not None and now_ns >= parse_time_ns(
        message.expiration_time, field="Expiration Time"
    ):
        raise _wrong("Expiration Time", message.expiration_time, "a time to come")
    try:
        signer = recover_address(personal_digest(text.encode()), signature=signature)
    except InvalidInput:
        signer = b""
    if signer != message.address:
        raise _wrong("signature", "***", f"the key of {checksum_address(message.address)}")
    return message


class _Lines:
    """The lines of a message, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._place = 0

    def peek(self) -> str | None:
        return self._lines[self._place] if self._place < len(self._lines) else None

    def next(self, field: str) -> str:
        line = self.peek()
        if line is None:
            raise _wrong(field, "", "a line of its own")
        self._place += 1
        return line

    def empty(self, field: str) -> None:
        line = self.next(field)
        if line:
            raise _wrong(field, line, "an empty line there")

    def after(self, tag: str) -> str:
        value = self.after_if(tag)
        if value is None:
            raise _wrong(tag.removesuffix(": "), self.peek() or "", f'a line "{tag}…" there')
        return value

    def after_if(self, tag: str) -> str | None:
        line = self.peek()
        if line is None or not line.startswith(tag):
            return None
        self._place += 1
        return line.removeprefix(tag)

    def listed(self, tag: str) -> tuple[str, ...] | None:
        if self.peek() != tag:
            return None
        self._place += 1
        found = []
        while (item := self.after_if("- ")) is not None:
            found.append(item)
        return tuple(found)

    def end(self) -> None:
        line = self.peek()
        if line is not None:
            raise _wrong("message", line, "nothing behind its last field")


def _origin(line: str) -> tuple[str | None, str]:
    origin = line.removesuffix(_INTRODUCTION)
    if origin == line:
        raise _wrong("domain", line, f'"{_INTRODUCTION}" behind it')
    scheme, colon, domain = origin.partition("://")
    if not colon:
        return None, _checked("domain", origin, is_authority, "a host, perhaps with a port")
    _matched("scheme", scheme, _SCHEME, "the scheme of a URI")
    return scheme, _checked("domain", domain, is_authority, "a host, perhaps with a port")


def _address(line: str) -> bytes:
    address = bytes.fromhex(_matched("address", line, _ADDRESS, "0x and 40 hex digits")[2:])
    if checksum_address(address) != line:
        raise _wrong("address", line, "the letters' case of its checksum (EIP-55)")
    return address


def _matched(field: str, value: str, pattern: re.Pattern[str], limit: str) -> str:
    if not pattern.fullmatch(value):
        raise _wrong(field, value, limit)
    return value


def _checked(field: str, value: str, check: Callable[[str], bool], limit: str) -> str:
    if not check(value):
        raise _wrong(field, value, limit)
    return value


def _wrong(field: str, value: object, limit: str) -> InputError:
    return InputError("E-ARG", field=field, value=value, limit=limit)
