"""A real Redis of our own: append-only file, on a unix socket, gone when we are gone."""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.sandbox import binaries, process

START_TIMEOUT_S: Final = 30.0
_LEFTOVER_PATIENCE_S: Final = 2.0
_STOP: Final = ((signal.SIGTERM, 10.0),)


class EmbeddedRedis:
    """One Redis in one folder, started as the current user."""

    def __init__(self, data_dir: Path, socket_dir: Path, *, log: Path | None = None) -> None:
        self._data = data_dir
        self._socket = socket_dir / "r.sock"
        self._log = log or data_dir.with_name("redis.log")
        # Redis writes its pid; what it was started with is noted beside, to know it again.
        self._pid_file = data_dir / "redis.pid"
        self._note = data_dir / "redis.socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def has_died(self) -> bool:
        """Tell whether the server was started and ended without `stop`."""
        return self._process is not None and self._process.poll() is not None

    async def start(self) -> str:
        """Start the server and return its URL.

        Raises `ConfigError` with the end of its log when it does not come up.
        """
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        await self.clear_leftover()
        self._note.write_text(str(self._socket))
        self._process = server = process.spawn(
            [
                binaries.redis_server(),
                "--port", "0",
                "--unixsocket", self._socket,
                "--unixsocketperm", "700",
                "--pidfile", self._pid_file.name,
                "--save", "",
                "--appendonly", "yes",
                "--appendfsync", "everysec",
                # What a crash cut off at the end of the file is dropped, not a reason to stay down.
                "--aof-load-truncated", "yes",
                "--daemonize", "no",
            ],
            cwd=self._data,
            log=self._log,
            death_signal=signal.SIGTERM,
        )  # fmt: skip
        await process.until(
            lambda: self._answers() or server.poll() is not None, timeout_s=START_TIMEOUT_S
        )
        if server.poll() is not None or not self._answers():
            await self.stop()
            raise ConfigError(f"Redis did not start:\n{process.tail(self._log)}")
        return self.url

    async def stop(self) -> None:
        """Stop the server cleanly; a second call does nothing."""
        if self._process is not None:
            server, self._process = self._process, None
            await process.stop(server, _STOP)

    async def clear_leftover(self) -> None:
        """Wait for, or end, the server of a killed run.

        Raises `ConfigError` when it does not end.
        """
        try:
            pid, socket_path = int(self._pid_file.read_text()), self._note.read_text()
        except (FileNotFoundError, ValueError):
            return

        def is_ours(candidate: int) -> bool:
            # In its arguments at first, later in the title it gives itself.
            command = process.command_of(candidate)
            return "redis-server" in command and socket_path in command

        if not await process.end_leftover(pid, is_ours, patience_s=_LEFTOVER_PATIENCE_S):
            raise ConfigError(f"an old Redis (pid {pid}) on {self._data} does not stop")
        self._pid_file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        # PING, because while it loads its file it accepts connections and answers -LOADING.
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(0.5)
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
