"""Telegram's HTML: text with a few tags becomes plain text plus entities, as the real server does.

The chat page draws from the entities, so no markup that somebody sent ever reaches a browser.
"""

import re
from html import unescape
from typing import Any, Final

_TOKEN: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s[^<>]*)?)>|([^<]+)|(<)")
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z-]+)\s*=\s*\"([^\"]*)\"")
_KINDS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "tg-spoiler": "spoiler",
    "blockquote": "blockquote",
}


class MarkupError(ValueError):
    """The text is not what the Bot API accepts as HTML; the message says where."""


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: the unit of entity offsets and of JavaScript strings."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Split HTML into plain text and its entities.

    Raises `MarkupError` on an unknown, unopened or unclosed tag.
    """
    parts: list[str] = []
    length = 0
    open_tags: list[tuple[str, dict[str, Any]]] = []
    entities: list[dict[str, Any]] = []
    for token in _TOKEN.finditer(source):
        closing, name, attributes, text, stray = token.groups()
        if text is not None:
            plain = unescape(text)
            parts.append(plain)
            length += utf16_length(plain)
        elif stray is not None:
            raise MarkupError(f'Unsupported start tag "" at byte offset {token.start()}')
        elif closing:
            if not open_tags or open_tags[-1][0] != name.lower():
                raise MarkupError(f"Unexpected end tag at byte offset {token.start()}")
            _, entity = open_tags.pop()
            entity["length"] = length - entity["offset"]
            if entity["length"]:
                entities.append(entity)
        else:
            open_tags.append((name.lower(), _entity(name.lower(), attributes, length, token)))
    if open_tags:
        raise MarkupError(f"Can't find end tag corresponding to start tag {open_tags[-1][0]}")
    entities.sort(key=lambda e: (e["offset"], -e["length"]))
    return "".join(parts), entities


def _entity(name: str, attributes: str, offset: int, token: re.Match[str]) -> dict[str, Any]:
    kind = _KINDS.get(name)
    if kind is None:
        raise MarkupError(f'Unsupported start tag "{name}" at byte offset {token.start()}')
    entity: dict[str, Any] = {"type": kind, "offset": offset, "length": 0}
    if kind == "text_link":
        entity["url"] = unescape(dict(_ATTRIBUTE.findall(attributes)).get("href", ""))
    return entity
