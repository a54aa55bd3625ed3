"""A real Postgres of our own: durable, on a unix socket, gone when we are gone."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.sandbox import binaries, process
from vanta.sandbox.home import NOBODY

START_TIMEOUT_S: Final = 60.0  # after a crash it replays its log first
_LEFTOVER_PATIENCE_S: Final = 2.0
_LEFTOVER_BLINK_S: Final = 0.3
_ORPHANS: Final = b"pre-existing shared memory block"
_ORPHAN_ATTEMPTS: Final = 50
_ORPHAN_PAUSE_S: Final = 0.1
_IS_LINUX: Final = sys.platform == "linux"
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


def dsn_at(socket_dir: Path) -> str:
    """Return the address of the server whose socket is in a folder."""
    # The password is never asked for; without one asyncpg would look for a password file.
    return (
        "postgresql://postgres:unused@/postgres"  # pragma: allowlist secret
        f"?host={socket_dir}&port=5432"
        "&sslmode=disable&sslnegotiation=postgres&target_session_attrs=any"
    )


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
        return dsn_at(self._sockets)

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def has_died(self) -> bool:
        """Tell whether the server was started and ended without `stop`."""
        return self._process is not None and self._process.poll() is not None

    async def start(self) -> str:
        """Start the server, making the cluster first if there is none; return its DSN.

        Raises `ConfigError` with the end of the server's log when it does not come up.
        """
        user = self._run_as()
        programs = binaries.postgres_bin(
            for_other_user=user is not None, made_by=self._cluster_version()
        )
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            os.chown(self._sockets, user, user)
        if self._cluster_version() is None:
            await self._create(programs, user)
        await self.clear_leftover()
        log_start = self._log.stat().st_size if self._log.exists() else 0
        await self._launch(programs, user)
        # Workers of a killed server end by themselves, a moment after it; until then a new one
        # sees their shared memory and refuses.
        attempts = _ORPHAN_ATTEMPTS
        while self._process is None and attempts and _ORPHANS in self._new_log(log_start):
            attempts -= 1
            log_start = self._log.stat().st_size
            await asyncio.sleep(_ORPHAN_PAUSE_S)
            await self._launch(programs, user)
        if self._process is None:
            raise ConfigError(f"Postgres did not start:\n{process.tail(self._log)}")
        return self.dsn

    async def _launch(self, programs: Path, user: int | None) -> None:
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

    def _new_log(self, start: int) -> bytes:
        return self._log.read_bytes()[start:]

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

    def _cluster_version(self) -> int | None:
        try:
            return int((self._data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ConfigError(f"{self._data} is not a cluster of Postgres 10 or newer") from error

    async def _create(self, programs: Path, user: int | None) -> None:
        if self._data.exists() and any(self._data.iterdir()):
            raise ConfigError(f"{self._data} holds something that is not a Postgres cluster")
        # Made beside its place and renamed: a kill in the middle leaves no half cluster behind.
        # A name of its own each time, because a killed initdb may still be writing into the last.
        for half in self._data.parent.glob(f"{self._data.name}.new-*"):
            shutil.rmtree(half, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self._data.name}.new-", dir=self._data.parent))
        if user is not None:
            os.chown(fresh, user, user)
        # One sync of the file system instead of one for each of a thousand files (from 17 on).
        sync = ["--sync-method=syncfs"] if binaries.major(programs) >= 17 and _IS_LINUX else []
        maker = process.spawn(
            [
                programs / "initdb", "-D", fresh, "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-instructions", *sync,
            ],
            cwd=fresh,
            log=self._log,
            user=user,
            group=user,
            death_signal=signal.SIGKILL,
        )  # fmt: skip
        try:
            await process.until(lambda: maker.poll() is not None, timeout_s=START_TIMEOUT_S)
        finally:
            await process.stop(maker, (), group=True)
        if maker.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise ConfigError(f"initdb failed:\n{process.tail(self._log)}")
        if self._data.exists():
            self._data.rmdir()
        fresh.rename(self._data)  # noqa: ASYNC240  # one system call

    async def clear_leftover(self) -> None:
        """Wait for, or end, the server of a killed run; remove a pid file that names a stranger.

        Raises `ConfigError` when the old server does not end.
        """
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        # A server writes it in one go right after making it; what stays unreadable was cut off.
        await process.until(lambda: self._recorded_pid() is not None, timeout_s=_LEFTOVER_BLINK_S)
        pid = self._recorded_pid()
        if pid is None:
            pid_file.unlink(missing_ok=True)
            return
        if not await process.end_leftover(pid, self._is_ours, patience_s=_LEFTOVER_PATIENCE_S):
            raise ConfigError(f"an old Postgres (pid {pid}) on {self._data} does not stop")
        if self._recorded_pid() == pid and process.exists(pid):
            # The pid is another program's by now, or a dead server's that nobody has collected.
            # Postgres would take either for its old self; shared memory still guards the data.
            pid_file.unlink(missing_ok=True)

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
