"""JSON as the door reads it: no duplicate keys, no number silently turned into a float.

Numbers keep their text, so that a refusal can show what was sent and no digit is lost before the
schema has decided.
"""

import json
from typing import Any, Final

from vanta.domain.errors import echo
from vanta.webhook.reply import Refused

MAX_DEPTH_HINT: Final = "an object of plain fields"


class JsonNumber:
    """A JSON number (or NaN, Infinity) as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class _DuplicateKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise _DuplicateKeyError(key)
        fields[key] = value
    return fields


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=JsonNumber,
    parse_int=JsonNumber,
    parse_constant=JsonNumber,
)


def decode_object(body: bytes) -> dict[str, Any]:
    """Decode a body that must be one JSON object. Raises `Refused` 400."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8", "UTF-8 text") from None
    try:
        content = _DECODER.decode(text)
    except _DuplicateKeyError as error:
        name = echo(error.key)
        raise Refused(
            400,
            "E-ARG",
            f'The field "{name}" is given twice; I cannot tell which one you mean.',
            result="malformed",
            field=name,
            limit="each field once",
        ) from None
    except RecursionError:
        raise _malformed("it is nested too deep", MAX_DEPTH_HINT) from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} at character {error.pos}", "one JSON object") from None
    if not isinstance(content, dict):
        raise _malformed("it is not an object", "one JSON object")
    return content


def _malformed(what: str, limit: str) -> Refused:
    return Refused(
        400,
        "E-ARG",
        f"The body is not the JSON I read: {what}.",
        result="malformed",
        field="body",
        limit=limit,
    )
