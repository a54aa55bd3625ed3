"""Sign-In with Ethereum: one reading of every text, and nothing accepted that was not asked for."""

import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.eip712_calls import SECRET, TRADER
from vanta import _core
from vanta.domain.errors import InputError
from vanta.domain.rfc3339 import parse_time_ns
from vanta.domain.siwe import MAX_CHARS, SiweMessage, SiweTerms, parse, render, verify
from vanta.domain.uri import is_authority, is_uri

MESSAGE = SiweMessage(
    domain="vanta.example:8443",
    address=TRADER,
    statement="Bind this wallet to Telegram user 7",
    uri="https://vanta.example/bind",
    chain_id=8453,
    nonce="abcDEF0123",
    issued_at="2026-11-20T08:00:00Z",
    expiration_time="2026-11-20T08:10:00Z",
    not_before="2026-11-20T08:00:00Z",
    request_id="tg-7",
    resources=("https://vanta.example/terms",),
)
TERMS = SiweTerms(
    domain=MESSAGE.domain,
    uri=MESSAGE.uri,
    chain_id=MESSAGE.chain_id,
    nonce=MESSAGE.nonce,
    statement=MESSAGE.statement,
    request_id=MESSAGE.request_id,
    resources=MESSAGE.resources,
)
TEXT = render(MESSAGE)
LINES = TEXT.split("\n")
FROM = parse_time_ns("2026-11-20T08:00:00Z", field="from")
UNTIL = parse_time_ns("2026-11-20T08:10:00Z", field="until")


def signed(text: str) -> bytes:
    ring = _core.Keyring(seed=bytes(32))
    return ring.sign_digest(ring.add(SECRET), _core.personal_digest(text.encode()))


def test_the_right_text_is_verified() -> None:
    assert verify(TEXT, signature=signed(TEXT), terms=TERMS, now_ns=FROM) == MESSAGE


def test_times_are_a_half_open_span() -> None:
    signature = signed(TEXT)
    for now_ns in (FROM, FROM + 1, UNTIL - 1):
        verify(TEXT, signature=signature, terms=TERMS, now_ns=now_ns)
    for now_ns, field in ((FROM - 1, "Not Before"), (UNTIL, "Expiration Time")):
        with pytest.raises(InputError) as raised:
            verify(TEXT, signature=signature, terms=TERMS, now_ns=now_ns)
        assert raised.value.field == field


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("domain", "vanta.example"),
        ("domain", "VANTA.example:8443"),
        ("uri", "https://vanta.example/bind/"),
        ("chain_id", 1),
        ("nonce", "abcDEF0124"),
        ("statement", "Bind this wallet to Telegram user 8"),
        ("statement", None),
        ("request_id", "tg-8"),
        ("request_id", None),
        ("scheme", "https"),
        ("resources", None),
        ("resources", ()),
    ],
)
def test_each_term_is_held(name: str, other: Any) -> None:
    terms = msgspec.structs.replace(TERMS, **{name: other})
    with pytest.raises(InputError) as raised:
        verify(TEXT, signature=signed(TEXT), terms=terms, now_ns=FROM)
    assert raised.value.field == name


def test_the_signature_must_be_the_addresss_over_this_text() -> None:
    good = signed(TEXT)
    other = render(msgspec.structs.replace(MESSAGE, nonce="12345678"))
    for signature in (signed(other), b"", good[:64], good + b"\0", bytes(65), good[::-1]):
        with pytest.raises(InputError) as raised:
            verify(TEXT, signature=signature, terms=TERMS, now_ns=FROM)
        assert raised.value.field == "signature"
        assert good.hex()[:16] not in str(raised.value)
    zero_based = good[:64] + bytes([good[64] - 27])
    assert verify(TEXT, signature=zero_based, terms=TERMS, now_ns=FROM) == MESSAGE


@pytest.mark.parametrize("place", range(len(LINES)))
def test_every_line_has_its_place(place: int) -> None:
    line, before, behind = LINES[place], LINES[:place], LINES[place + 1 :]
    may_go = line.startswith(("Bind", "Expiration Time", "Not Before", "Request ID", "- "))
    may_come_twice, may_be_led = line.startswith("- "), line.startswith("Bind")
    for put in ([], [line, line], [line + "\r"], [" " + line], [line, ""]):
        if (put == [] and may_go) or (put == [line, line] and may_come_twice):
            continue
        if put == [" " + line] and may_be_led:
            continue
        with pytest.raises(InputError):
            parse("\n".join([*before, *put, *behind]))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (" wants you", " want you", "domain"),
        ("vanta.example:8443 wants", " wants", "domain"),
        ("vanta.example:8443 wants", "#vanta wants", "domain"),
        ("vanta.example:8443 wants", "vanta.example/x wants", "domain"),
        ("vanta.example:8443 wants", "1ps://vanta.example wants", "scheme"),
        ("vanta.example:8443 wants", "https:// wants", "domain"),
        ("vanta.example:8443 wants", "https://https://vanta wants", "domain"),
        ("0xf39F", "0xF39F", "address"),
        ("0xf39F", "f39F", "address"),
        ("2266\n", "22\n", "address"),
        ("user 7", "user\t7", "statement"),
        ("user 7", "us\u00e9r 7", "statement"),
        ("user 7", 'user "7"', "statement"),
        ("URI: https://", "URI: //", "URI"),
        ("URI: ", "URI:", "URI"),
        ("URI: ", "uri: ", "URI"),
        ("Version: 1", "Version: 2", "Version"),
        ("Version: 1", "Version: 01", "Version"),
        ("Chain ID: 8453", "Chain ID: 0x2105", "Chain ID"),
        ("Chain ID: 8453", "Chain ID: 08453", "Chain ID"),
        ("Chain ID: 8453", "Chain ID: ", "Chain ID"),
        ("Chain ID: 8453", "Chain ID: ٣", "Chain ID"),
        ("Nonce: abcDEF0123", "Nonce: abcDEF0", "Nonce"),
        ("Nonce: abcDEF0123", "Nonce: abcDEF-123", "Nonce"),
        ("Issued At: 2026-11-20T08:00:00Z", "Issued At: 2026-11-20", "Issued At"),
        ("Issued At: 2026-11-20T08:00:00Z", "Issued At: 2026-02-30T08:00:00Z", "Issued At"),
        ("Issued At: 2026-11-20T08:00:00Z", "Issued At: 2026-11-20T08:00:00", "Issued At"),
        ("Expiration Time: 2026", "Expiration Time: 26", "Expiration Time"),
        ("Not Before: 2026", "Not Before: 26", "Not Before"),
        ("Request ID: tg-7", "Request ID: tg 7", "Request ID"),
        ("- https://vanta", "- vanta", "Resources"),
        ("- https://vanta", "* https://vanta", "message"),
    ],
)
def test_a_malformed_field_is_named(old: str, new: str, field: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as raised:
        parse(TEXT.replace(old, new, 1))
    assert raised.value.field == field
    assert len(str(raised.value)) < 300


def test_ends_are_ends() -> None:
    for text in (TEXT + "\n", "\n" + TEXT, TEXT + "\n- ", "", "x" * (MAX_CHARS + 1), TEXT + "\0"):
        with pytest.raises(InputError):
            parse(text)
    with pytest.raises(InputError):
        parse(TEXT.encode())  # type: ignore[arg-type]


def test_an_empty_list_is_not_no_list() -> None:
    for resources in (None, ()):
        message = msgspec.structs.replace(MESSAGE, resources=resources)
        assert parse(render(message)) == message
    assert render(msgspec.structs.replace(MESSAGE, resources=())).endswith("\nResources:")


@pytest.mark.parametrize(
    "change",
    [
        {"statement": "ok\n\nURI: https://evil.example"},
        {"statement": ""},
        {"statement": "a\nb"},
        {"nonce": "abcDEF0123\nIssued At: 2020-01-01T00:00:00Z"},
        {"request_id": "7\nResources:"},
        {"uri": "https://a b"},
        {"domain": "https://vanta.example"},
        {"scheme": "a b"},
        {"chain_id": 0},
        {"chain_id": -1},
        {"address": b"\x01" * 19},
        {"resources": ("https://a\n- https://b",)},
        {"issued_at": ""},
    ],
)
def test_a_field_that_does_not_fit_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        render(msgspec.structs.replace(MESSAGE, **change))


@given(
    st.builds(
        SiweMessage,
        domain=st.sampled_from(["a", "a.b:1", "[::1]:80", "me@a", "127.0.0.1", "xn--4ca", "a%2Fb"]),
        address=st.binary(min_size=20, max_size=20),
        uri=st.sampled_from(["a:b", "https://a/?q#f", "did:key:z6", "https://[2001:db8::1]/"]),
        chain_id=st.integers(1, 10**18 - 1),
        nonce=st.text(string.ascii_letters + string.digits, min_size=8, max_size=128),
        issued_at=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5+14:00"]),
        scheme=st.none() | st.sampled_from(["https", "a+b"]),
        statement=st.none() | st.text("azAZ09 :/?#[]@!$&'()*+,;=-._~", min_size=1),
        expiration_time=st.none() | st.just("2026-01-01T00:00:00Z"),
        not_before=st.none() | st.just("2026-12-31T23:59:60Z"),
        request_id=st.none() | st.text("aZ0-._~!$&'()*+,;=:@"),
        resources=st.none() | st.lists(st.just("ipfs://x"), max_size=3).map(tuple),
    )
)
def test_what_is_written_reads_the_same(message: SiweMessage) -> None:
    text = render(message)
    assert parse(text) == message
    assert render(parse(text)) == text


@given(st.text(st.characters(codec="ascii")), st.integers(0, len(TEXT)), st.integers(0, 3))
def test_what_reads_writes_the_same(put: str, place: int, cut: int) -> None:
    text = TEXT[:place] + put[:3] + TEXT[place + cut :]
    try:
        message = parse(text)
    except InputError:
        return
    assert render(message) == text


@pytest.mark.parametrize(
    "good",
    [
        "a",
        "a.b",
        "a:",
        "a:80",
        "u@a",
        "u:p@a",
        "[::1]",
        "[::1]:8",
        "[v1.a:b]",
        "1.2.3.4",
        "a%20b",
        "-",
    ],
)
def test_authorities(good: str) -> None:
    assert is_authority(good)
    assert is_uri(f"https://{good}/p?q=1#f")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "@",
        "u@",
        ":80",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "[::g]",
        "[::1",
        "::1",
        "[]",
        "a%2",
        "é",
        "[fe80::1%eth0]",
        "[1.2.3.4]",
        "a:b",
        "a:80:80",
        "a@b@c",
        "a\n",
        "[::1]x",
        "a\\b",
    ],
)
def test_no_authorities(bad: str) -> None:
    assert not is_authority(bad)
    if bad and not set(bad) & set("/?#"):
        assert not is_uri(f"https://{bad}/")


@pytest.mark.parametrize(
    "uri",
    ["a:", "a:b", "a:/b", "a:b/c", "mailto:a@b", "file:///x", "urn:x:y", "a:?q", "A+1-.:b#f?"],
)
def test_uris(uri: str) -> None:
    assert is_uri(uri)


@pytest.mark.parametrize(
    "uri", ["", "a", "/a", "//a", ":a", "1:a", "a: b", "a:%g0", "a:b#c#d", "a:[b]"]
)
def test_no_uris(uri: str) -> None:
    assert not is_uri(uri)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.0000000019Z", 1),
        ("1970-01-01T00:00:00-00:01", 60 * 10**9),
        ("1970-01-01T00:00:00+00:01", -60 * 10**9),
        ("1969-12-31T23:59:60Z", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * 10**9),
        ("9999-12-31T23:59:59Z", 253_402_300_799 * 10**9),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * 10**9),
    ],
)
def test_times(text: str, ns: int) -> None:
    assert parse_time_ns(text, field="time") == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-1-01T00:00:00Z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00Z\n",
        "٢024-01-01T00:00:00Z",
    ],
)
def test_no_times(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_time_ns(text, field="time")
    assert raised.value.field == "time"
