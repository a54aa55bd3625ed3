"""Server-sent events, as far as Hermes uses them: bytes in, events out, with a size cap."""

from collections.abc import Iterator

import msgspec

from vanta.prices.connect import MAX_MESSAGE, LostError


class Event(msgspec.Struct, frozen=True):
    """One event: its name ("message" unless told) and its data."""

    name: str
    data: str


class SseReader:
    """Cuts a byte stream into events. An event above `cap` bytes ends the connection."""

    def __init__(self, cap: int = MAX_MESSAGE) -> None:
        self._cap = cap
        self._buffer = bytearray()
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Take the next bytes and yield the events they complete; raises `LostError` above cap."""
        self._buffer += chunk
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            if line:
                self._field(line)
            elif self._data or self._name:
                yield Event(
                    self._name or "message", b"\n".join(self._data).decode("utf-8", "replace")
                )
                self._name, self._data, self._size = "", [], 0
        if self._size + len(self._buffer) > self._cap:
            raise LostError(f"event above {self._cap} bytes")

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value)
            self._data.append(value)
        elif name == b"event":
            self._name = value[:64].decode("utf-8", "replace")
