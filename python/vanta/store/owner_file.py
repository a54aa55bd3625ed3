"""HOME/owner.json: the hash of the one-time owner code and its end. The code is shown once only."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from vanta.domain.errors import ConfigError

FILE_NAME: Final = "owner.json"
LIFE_NS: Final = 24 * 3600 * 10**9
_BYTES: Final = 20  # 160 bits
# 32 signs, none read as another: public, and no secret.
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # pragma: allowlist secret


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    expires_ns: int


def new_code() -> str:
    """Return a fresh code that fits a Telegram start link."""
    number = int.from_bytes(secrets.token_bytes(_BYTES))
    return "".join(_ALPHABET[number >> (5 * i) & 31] for i in range(_BYTES * 8 // 5))


def code_hash(code: str) -> bytes:
    """Return what is stored of a code."""
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()


def write(home: Path, code: str, *, now_ns: int) -> int:
    """Store a code's hash, ending any earlier code; return when it ends. Raises `ConfigError`."""
    note = _Note(sha256=code_hash(code).hex(), expires_ns=now_ns + LIFE_NS)
    path = home / FILE_NAME
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, 0o600)
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(fd)
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    return note.expires_ns


def matches(home: Path, code: str, *, now_ns: int) -> bool:
    """Tell whether this is the code of the file and not over; whatever is odd is a no."""
    try:
        note = msgspec.json.decode((home / FILE_NAME).read_bytes(), type=_Note)
        expected = bytes.fromhex(note.sha256)
    except (OSError, ValueError, msgspec.DecodeError):
        return False
    return hmac.compare_digest(expected, code_hash(code)) and now_ns < note.expires_ns


def remove(home: Path) -> None:
    """Remove the file of a used code. Raises `OSError` when that cannot be."""
    (home / FILE_NAME).unlink(missing_ok=True)
