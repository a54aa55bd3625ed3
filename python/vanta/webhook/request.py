"""What can be refused before a body is read: its size, its encoding, its type."""

from typing import Final

from vanta.webhook.auth import RawHeaders
from vanta.webhook.reply import Refused

_FOREIGN_TYPES: Final = ("multipart/", "image/", "audio/", "video/", "font/", "model/", "message/")
_FOREIGN: Final = frozenset(
    {
        "application/xml",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/msgpack",
        "application/x-protobuf",
        "application/protobuf",
        "application/cbor",
        "text/xml",
        "text/html",
        "text/csv",
        "text/css",
        "text/javascript",
    }
)


def check_head(headers: RawHeaders, *, max_body: int) -> None:
    """Refuse what the header alone shows to be wrong. Raises `Refused` 413 or 415."""
    for raw_name, raw_value in headers:
        name = raw_name.lower()
        if name == b"content-length":
            # The server refused lengths that are no number; a huge one is only a large number.
            if raw_value.isdigit() and (len(raw_value) > 18 or int(raw_value) > max_body):
                raise too_large(max_body)
        elif name == b"content-encoding":
            if raw_value.strip().lower() not in (b"", b"identity"):
                raise _wrong_type(
                    "content-encoding",
                    raw_value,
                    "no encoding: the signature covers the bytes as they were before it",
                )
        elif name == b"content-type":
            _check_type(raw_value)


def too_large(max_body: int) -> Refused:
    """Make the 413; the rest of the request stays unread."""
    return Refused(
        413,
        "E-ARG",
        f"The body is larger than {max_body} bytes.",
        result="too_large",
        field="body",
        limit=f"{max_body} bytes",
        close=True,
    )


def incomplete(timeout_s: float) -> Refused:
    """Make the 408 for a body that drips or breaks off."""
    return Refused(
        408,
        "E-ARG",
        f"The body did not arrive whole within {timeout_s:g} s.",
        result="incomplete",
        field="body",
        limit=f"{timeout_s:g} s",
        close=True,
    )


def wrong_method(method: str, allowed: str) -> Refused:
    """Make the 405."""
    return Refused(
        405,
        "E-ARG",
        f"This address takes {allowed}.",
        result="wrong_method",
        field="method",
        value=method[:16],
        limit=allowed,
        headers=(("allow", allowed),),
    )


def _check_type(raw_value: bytes) -> None:
    # Alert senders name all sorts of types for the JSON they send, and common clients put the
    # form type where none was given: the content decides. Only what cannot be JSON is refused.
    kind = raw_value.decode("latin-1").partition(";")[0].strip().lower()
    if kind in _FOREIGN or kind.startswith(_FOREIGN_TYPES):
        raise _wrong_type("content-type", raw_value, "application/json")


def _wrong_type(field: str, raw_value: bytes, limit: str) -> Refused:
    value = raw_value.decode("ascii", "replace")[:40]
    return Refused(
        415,
        "E-ARG",
        f"I read plain JSON; this says {field}.",
        result="wrong_type",
        field=field,
        value="".join(c if c.isprintable() else "?" for c in value),
        limit=limit,
        close=True,
    )
