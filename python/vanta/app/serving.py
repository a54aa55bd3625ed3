"""HTTP servers of the process: bind, serve, stop."""

import errno
import socket
from types import TracebackType
from typing import Final

from aiohttp import web

from vanta.domain.errors import ConfigError

SHUTDOWN_S: Final = 5.0
_TRIES: Final = 50


def bind(host: str, port: int, *, move_on: bool) -> socket.socket:
    """Bind a listening socket; with `move_on` a taken port gives way to the next free one.

    Raises `ConfigError` naming host and port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    candidates = range(port, min(port + _TRIES, 65_536)) if move_on and port else [port]
    for candidate in candidates:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and candidate != candidates[-1]:
                continue
            raise ConfigError(
                f"cannot listen on {host}:{candidate}: {error.strerror}; "
                "set VANTA_PORT or --port to a free one"
            ) from None
        listener.setblocking(False)
        return listener
    raise ConfigError(f"no free port from {port} on {host}")


def url_of(listener: socket.socket) -> str:
    """Return the address people can open; a wildcard bind is reached over loopback."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class HttpServer:
    """One application on one bound socket."""

    def __init__(self, app: web.Application, listener: socket.socket) -> None:
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None)
        self._listener = listener

    async def __aenter__(self) -> "HttpServer":
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, shutdown_timeout=SHUTDOWN_S).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
