"""Text and JSON on their way into Postgres.

Postgres text holds neither NUL nor half a surrogate pair, and its error would come in the middle
of a caller's transaction. So it is met here, before a byte is sent: a *name* (ids, refs, keys) with
such a character or over its limit is refused with `InputError`; *prose* (reasons, details) is
defused and cut, because a venue's odd words must never keep a fill from being booked.
"""

import re
from typing import Any, Final

import msgspec

from vanta.domain.errors import InputError

REF_LIMIT: Final = 200
NAME_LIMIT: Final = 64
REASON_LIMIT: Final = 1000
ACTOR_LIMIT: Final = 128

_BAD: Final = re.compile("[\x00\ud800-\udfff]")
# An escaped NUL, but not an escaped backslash followed by "u0000".
_JSON_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def name(value: str, *, field: str, limit: int = NAME_LIMIT) -> str:
    """Return `value` when it can be stored as a name of at most `limit` characters.

    Raises `InputError` E-ARG naming the field.
    """
    if not 1 <= len(value) <= limit or _BAD.search(value):
        raise InputError(
            "E-ARG", field=field, value=value, limit=f"1 to {limit} characters, no NUL"
        )
    return value


def prose(value: str, *, limit: int = REASON_LIMIT) -> str:
    """Return `value` with what Postgres cannot hold replaced, cut to `limit` characters."""
    return _BAD.sub("\N{REPLACEMENT CHARACTER}", value)[:limit]


def json_bytes(value: Any) -> bytes:
    """Encode a struct, dict or list for a `jsonb` column; bytes are taken as JSON already."""
    raw = value if isinstance(value, bytes) else _encode(value)
    return _JSON_NUL.sub(rb"\1\\ufffd", raw)


def _encode(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_defused(msgspec.to_builtins(value)))


def _defused(value: Any) -> Any:
    if isinstance(value, str):
        return _BAD.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_defused(k): _defused(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_defused(v) for v in value]
    return value
