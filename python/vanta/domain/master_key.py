"""Master keys as people keep them: text, one key a line, and the name a key goes by.

A master key is 32 random bytes, written in base64. The first of several seals what is new, the
others still open what was sealed under them.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final

from vanta.domain.errors import ConfigError

KEY_BYTES: Final = 32
MAX_KEYS: Final = 16
WANTED: Final = "base64 of 32 random bytes, as `vanta key new` prints it"

_LABEL: Final = b"vanta master key id 1"
_GAPS: Final = re.compile(r"[\s,]+")
_COMMENT: Final = re.compile(r"#[^\n]*")


def key_id(key: bytes) -> str:
    """Name a key: 16 hex digits of a hash keyed by it, from which nothing of it can be told."""
    return hmac.digest(key, _LABEL, "sha256")[:8].hex()


def parse_keys(text: str, *, name: str) -> tuple[bytes, ...]:
    """Read keys divided by lines, commas or blanks; `#` starts a comment.

    Raises `ConfigError` that says `name` (the setting) and what it wants, never the text.
    """
    words = [word for word in _GAPS.split(_COMMENT.sub(" ", text)) if word]
    if not words:
        raise ConfigError(f"{name} holds no key: expected {WANTED}")
    if len(words) > MAX_KEYS:
        raise ConfigError(f"{name} holds {len(words)} keys: expected at most {MAX_KEYS}")
    keys = tuple(_key(word, nth, name) for nth, word in enumerate(words, 1))
    if len(set(keys)) < len(keys):
        raise ConfigError(f"{name} holds one key twice: expected each once, the newest first")
    return keys


def _key(word: str, nth: int, name: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # One repeated byte is memory or a placeholder that was never filled.
    if len(key) != KEY_BYTES or len(set(key)) == 1:
        raise ConfigError(f"{name}: key {nth} is malformed, expected {WANTED}") from None
    return key


def format_key(key: bytes) -> str:
    """Write a key as `parse_keys` reads it."""
    return base64.b64encode(key).decode("ascii")


def new_key() -> bytes:
    """Make a key from the system's random source."""
    return secrets.token_bytes(KEY_BYTES)


def fingerprint(pepper: bytes, secret: bytes, subject: bytes) -> bytes:
    """Tell equal secrets of one subject apart from others, to nobody without the pepper."""
    return hashlib.blake2b(
        len(subject).to_bytes(4) + subject + secret, key=pepper, digest_size=32
    ).digest()
