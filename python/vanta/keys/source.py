"""Where a master key comes from: the environment, a file, or a KMS. Exactly one of them."""

import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from vanta.domain.errors import ConfigError
from vanta.domain.master_key import MAX_KEYS, format_key, key_id, new_key, parse_keys
from vanta.store.master_keys import MasterKeyRow

MAX_FILE_BYTES: Final = 4_096


class RawKey(msgspec.Struct, frozen=True, kw_only=True):
    """Key bytes on their way into the core. `wrapped`: as the KMS gave it."""

    key: bytes
    wrapped: bytes | None = None

    @property
    def id(self) -> str:
        return key_id(self.key)

    def __repr__(self) -> str:
        return "RawKey(***)"


class KeySource(Protocol):
    """Gives keys. Every method raises `ConfigError` that names the setting, never a key."""

    kind: str  # as in `master_keys.source`
    name: str  # the setting, for messages
    is_read_anew: bool  # a running process sees a change

    async def newest(self) -> RawKey | None:
        """Return the key that the operator wants to be used; None where the record decides."""
        ...

    async def open(self, row: MasterKeyRow) -> RawKey | None:
        """Return the key of that record; None when it is not here."""
        ...

    async def make(self) -> RawKey:
        """Make the next key and keep it, at an operator's word."""
        ...


class TextKeys:
    """Keys written in a setting."""

    kind = "local"
    is_read_anew = False

    def __init__(self, text: str, *, name: str) -> None:
        self.name = name
        self._keys = tuple(RawKey(key=key) for key in parse_keys(text, name=name))

    def __repr__(self) -> str:
        return f"TextKeys({self.name})"

    async def newest(self) -> RawKey | None:
        return self._keys[0]

    async def open(self, row: MasterKeyRow) -> RawKey | None:
        return _named(row.id, self._keys)

    async def make(self) -> RawKey:
        raise ConfigError(
            f"{self.name} holds no new key: make one with `vanta key new`, put it before the "
            "present one (divided by a comma), restart Vanta, and run `vanta key rotate` again"
        )


class FileKeys:
    """Keys in a file of their owner alone, read anew each time: it may change while we run."""

    kind = "local"
    is_read_anew = True

    def __init__(self, path: Path, *, name: str) -> None:
        self.name = name
        self._path = path

    def __repr__(self) -> str:
        return f"FileKeys({str(self._path)!r})"

    async def newest(self) -> RawKey:
        return self._read()[0]

    async def open(self, row: MasterKeyRow) -> RawKey | None:
        return _named(row.id, self._read())

    async def make(self) -> RawKey:
        held = self._read()
        if len(held) >= MAX_KEYS:
            raise ConfigError(
                f"{self.name} ({self._path}) holds {len(held)} keys, the most there may be: take "
                "out the last ones, which serve old backups only, and keep them there"
            )
        made = RawKey(key=new_key())
        write_keys(self._path.resolve(), (made, *held))  # where a link points, not in its place
        return made

    def _read(self) -> tuple[RawKey, ...]:
        name = f"{self.name} ({self._path})"
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)) as file:
                about = os.fstat(file.fileno())
                if not stat.S_ISREG(about.st_mode):
                    raise ConfigError(f"{name} is not a file")
                if about.st_mode & 0o077:
                    mode = stat.S_IMODE(about.st_mode)
                    raise ConfigError(
                        f"{name} may be read by others (mode {mode:04o}): "
                        "expected 0600, its owner alone"
                    )
                text = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"{name} cannot be read: {error.strerror}; "
                "make a key with `vanta key new --out FILE`, or restore the one that was there"
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(f"{name} is not text") from None
        if len(text) > MAX_FILE_BYTES:
            raise ConfigError(f"{name} is longer than {MAX_FILE_BYTES} bytes")
        return tuple(RawKey(key=key) for key in parse_keys(text, name=name))


def write_keys(path: Path, keys: Sequence[RawKey], *, new: bool = False) -> None:
    """Write a key file (mode 0600) whole or not at all; `new`: refuse where one is already.

    Raises `ConfigError` naming the path.
    """
    text = "".join(format_key(raw.key) + "\n" for raw in keys)
    temporary: Path | None = None
    try:
        descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(made)  # mkstemp made it for its owner alone
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            path.hardlink_to(temporary)  # fails where something is, unlike a rename
            temporary.unlink()
        else:
            temporary.replace(path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise ConfigError(f"{path} exists: a key is never overwritten") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(wanted: str, keys: Sequence[RawKey]) -> RawKey | None:
    return next((raw for raw in keys if raw.id == wanted), None)
