"""An append-only file of JSON lines that survives a killed process.

A record is handed to the operating system before `append` returns, so `kill -9` loses nothing; a
half-written last line (power loss) is cut off at the next start. `rewrite` replaces the whole file
atomically: that is how a deleted message really leaves the disk.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson


class Journal:
    """One file, one writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self.lines = 0

    def load(self) -> list[tuple[str, Any]]:
        """Open the file and return its records, oldest first."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        data = self._path.read_bytes()
        records: list[tuple[str, Any]] = []
        sound = 0
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                kind, value = orjson.loads(line)
            except (orjson.JSONDecodeError, ValueError, TypeError):
                break
            records.append((kind, value))
            sound += len(line)
        if sound < len(data):
            os.ftruncate(self._fd, sound)
        self.lines = len(records)
        return records

    def append(self, kind: str, value: Any) -> None:
        os.write(self._fd, orjson.dumps([kind, value]) + b"\n")
        self.lines += 1

    def rewrite(self, records: Iterable[tuple[str, Any]]) -> None:
        """Replace everything by `records`."""
        lines = [orjson.dumps([kind, value]) + b"\n" for kind, value in records]
        fresh = self._path.with_suffix(".new")
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.write(fd, b"".join(lines))
        os.fsync(fd)
        fresh.replace(self._path)
        self.close()
        self._fd = fd
        self.lines = len(lines)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
