"""A real Postgres of our own: durable, on a unix socket, gone when we are gone."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.sandbox import binaries, process
from vanta.sandbox.home import NOBODY

START_TIMEOUT_S: Final = 60.0  # after a crash it replays its log first
_LEFTOVER_PATIENCE_S: Final = 2.0
_STOP: Final = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0))
_PID_LINE: Final = 0
_STATUS_LINE: Final = 7
_OPTIONS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One cluster in one folder.

    As root the server runs as the owner of an existing cluster, else as uid 65534; folders that
    are not ours are never changed. `options` overrides server settings (tests turn `fsync` off).
    """

    def __init__(
        self,
        data_dir: Path,
        socket_dir: Path,
        *,
        log: Path | None = None,
        options: dict[str, str] | None = None,
    ) -> None:
        self._data = data_dir.resolve()
        self._sockets = socket_dir
        self._log = log or self._data.with_name("postgres.log")
        self._options = _OPTIONS | (options or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Address for asyncpg. Says everything, so that no PG* variable fills a gap."""
        # The password is never asked for; without one asyncpg would look for a password file.
        return (
            f"postgresql://postgres:unused@/postgres?host={self._sockets}&port=5432"
            "&sslmode=disable&sslnegotiation=postgres&target_session_attrs=any"
        )

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> str:
        """Start the server, making the cluster first if there is none; return its DSN.

        Raises `ConfigError` with the end of the server's log when it does not come up.
        """
        user = self._run_as()
        programs = binaries.postgres_bin(for_other_user=user is not None)
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            os.chown(self._sockets, user, user)
        if not (self._data / "PG_VERSION").exists():
            await self._create(programs, user)
        await self.clear_leftover()
        settings = [f"--{name}={value}" for name, value in self._options.items()]
        self._process = server = process.spawn(
            [programs / "postgres", "-D", self._data, "-k", self._sockets, *settings],
            cwd=self._data,
            log=self._log,
            user=user,
            group=user,
            death_signal=signal.SIGINT,  # "fast shutdown": roll back, checkpoint, leave
        )
        await process.until(
            lambda: self._is_ready(server.pid) or server.poll() is not None,
            timeout_s=START_TIMEOUT_S,
        )
        if not self._is_ready(server.pid):
            await self.stop()
            raise ConfigError(f"Postgres did not start:\n{process.tail(self._log)}")
        return self.dsn

    async def stop(self) -> None:
        """Stop the server cleanly; a second call does nothing."""
        if self._process is not None:
            server, self._process = self._process, None
            await process.stop(server, _STOP)

    def _run_as(self) -> int | None:
        if os.geteuid() != 0:
            return None
        owner = self._data.stat().st_uid if self._data.exists() else 0
        return owner or NOBODY

    async def _create(self, programs: Path, user: int | None) -> None:
        # Made beside its place and renamed: a kill in the middle leaves no half cluster behind.
        fresh = self._data.with_name(self._data.name + ".new")
        if fresh.exists():
            shutil.rmtree(fresh)
        if self._data.exists() and any(self._data.iterdir()):
            raise ConfigError(f"{self._data} holds something that is not a Postgres cluster")
        fresh.mkdir(mode=0o700)
        if user is not None:
            os.chown(fresh, user, user)
        maker = process.spawn(
            [
                programs / "initdb", "-D", fresh, "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-instructions",
            ],
            cwd=fresh,
            log=self._log,
            user=user,
            group=user,
            death_signal=signal.SIGKILL,
        )  # fmt: skip
        await process.until(lambda: maker.poll() is not None, timeout_s=START_TIMEOUT_S)
        if maker.poll() != 0:
            await process.stop(maker, ())
            raise ConfigError(f"initdb failed:\n{process.tail(self._log)}")
        if self._data.exists():
            self._data.rmdir()
        fresh.rename(self._data)

    async def clear_leftover(self) -> None:
        """Wait for, or end, the server of a killed run; remove a pid file that names a stranger.

        Raises `ConfigError` when the old server does not end.
        """
        pid = self._recorded_pid()
        if pid is None:
            return
        if not await process.end_leftover(pid, self._is_ours, patience_s=_LEFTOVER_PATIENCE_S):
            raise ConfigError(f"an old Postgres (pid {pid}) on {self._data} does not stop")
        command = process.command_of(pid)
        if self._recorded_pid() == pid and command and "postgres" not in command:
            # The pid belongs to another program by now; Postgres would take it for its old self.
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        command = process.command_of(pid)
        if "postgres" not in command:
            return False
        folder = process.folder_of(pid)  # a running server stands in its data folder
        return folder == self._data if folder else f" -D {self._data} " in command

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _recorded_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[_PID_LINE]) if lines and lines[_PID_LINE].strip().isdecimal() else None

    def _is_ready(self, pid: int) -> bool:
        # The server itself writes its state there; asking by connecting would be slower.
        lines = self._pid_file()
        return (
            len(lines) > _STATUS_LINE
            and lines[_PID_LINE].strip() == str(pid)
            and lines[_STATUS_LINE].strip() == "ready"
        )
