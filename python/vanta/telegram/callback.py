"""Callback data of buttons: `v1:<verb>:<ref>`, at most 64 bytes.

`ref` is a ticket's nonce or the number of an order or position. Nothing in it is believed: terms
live on the server, and every number is looked up as the presser's own.
"""

import re
import secrets
from typing import Final, NamedTuple

MAX_BYTES: Final = 64
_SHAPE: Final = re.compile(r"v1:([a-z]{1,12})([0-9]{0,2}):([A-Za-z0-9_.-]{1,40})", re.ASCII)


class Callback(NamedTuple):
    """A decoded press; `pick` is the option's number, -1 when the verb has none."""

    verb: str
    pick: int
    ref: str

    @property
    def number(self) -> int:
        """The ref as a number; 0 when it is none."""
        return int(self.ref) if self.ref.isdigit() and len(self.ref) <= 15 else 0


def new_nonce() -> str:
    """Make a nonce: 96 bits, URL-safe."""
    return secrets.token_urlsafe(12)


def encode(verb: str, ref: str | int) -> str:
    """Build callback data.

    Raises ValueError for what would not come back.
    """
    data = f"v1:{verb}:{ref}"
    if len(data.encode()) > MAX_BYTES or not _SHAPE.fullmatch(data):
        raise ValueError(f"callback data {data!r} does not fit")
    return data


def decode(data: str | None) -> Callback | None:
    """Read callback data; None for anything we never sent."""
    found = _SHAPE.fullmatch(data or "")
    if found is None:
        return None
    verb, pick, ref = found.groups()
    return Callback(verb, int(pick) if pick else -1, ref)
