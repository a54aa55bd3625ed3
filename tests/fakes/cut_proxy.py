"""A proxy before Postgres that loses answers: the statement runs, its word never arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

SOCKET: Final = ".s.PGSQL.5432"
# How messages of the wire protocol begin: the run of a prepared statement, and plain words.
BIND: Final = b"B"
QUERY: Final = b"Q"


class CutProxy:
    """Forwards both ways; while `cuts` > 0 a message with `marker` in it loses its answer and line.

    The first `skips` of them pass.
    """

    def __init__(self, upstream: Path, marker: bytes, begins: bytes) -> None:
        self._upstream = upstream
        self._marker = marker
        self._begins = begins
        self.skips = 0
        self.cuts = 0
        self.cut = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one client until either side ends."""
        from_server, to_server = await asyncio.open_unix_connection(str(self._upstream))
        mute = asyncio.Event()
        answering = asyncio.create_task(self._answer(from_server, writer, mute))
        try:
            while chunk := await reader.read(65_536):
                if self.cuts and chunk.startswith(self._begins) and self._marker in chunk:
                    if self.skips:
                        self.skips -= 1
                    else:
                        self.cuts -= 1
                        self.cut += 1
                        mute.set()
                to_server.write(chunk)
                await to_server.drain()
        except ConnectionError:
            pass  # the client went first
        finally:
            answering.cancel()
            to_server.close()
            writer.close()

    async def _answer(
        self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter, mute: asyncio.Event
    ) -> None:
        while chunk := await from_server.read(65_536):
            if mute.is_set():
                break  # the server answers after it has committed: nobody hears it
            writer.write(chunk)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def cut_proxy(
    dsn: str, folder: Path, *, marker: bytes, begins: bytes = BIND
) -> AsyncIterator[tuple[CutProxy, str]]:
    """Serve on a socket in `folder`; yield the proxy and the address that leads through it."""
    host = parse_qs(urlsplit(dsn).query)["host"][0]
    proxy = CutProxy(Path(host) / SOCKET, marker, begins)
    server = await asyncio.start_unix_server(proxy.serve, str(folder / SOCKET))
    async with server:
        yield proxy, dsn.replace(host, str(folder))
