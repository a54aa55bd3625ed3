"""The folder an instance lives in: layout, lock, and what may be wiped.

    HOME/lock            held by the running instance; holds its pid
    HOME/instance.json   written by the running instance for the command line
    HOME/high-water.json how far its database had come, as of the last moments of a run
    HOME/data/           ours alone, marked; what `--fresh` removes
        postgres/        or a link to a folder elsewhere (see `postgres_folder`)
        redis/
    HOME/sockets         path of the short socket folder of the last run

Unix socket paths are limited to about 100 bytes, so sockets live in a short folder under /tmp.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError

ELSEWHERE: Final = Path("/var/lib/vanta")
NOBODY: Final = 65534
_MARK: Final = "made-by-vanta"
_SOCKET_ROOT: Final = Path("/tmp")  # noqa: S108  # short by need; each folder is mkdtemp, 0711
_SOCKET_PREFIX: Final = "vanta-"


def traversable(folder: Path) -> bool:
    """Tell whether any user of this machine may pass through `folder` and all its parents."""
    real = folder.resolve()
    return all(p.stat().st_mode & 0o001 for p in (real, *real.parents))


class Home:
    """One instance's folder. Nothing outside it is changed, except what it made itself."""

    def __init__(self, path: Path, *, elsewhere: Path = ELSEWHERE) -> None:
        self.path = path.absolute()
        self._elsewhere = elsewhere
        self._lock_fd: int | None = None

    @property
    def instance_path(self) -> Path:
        return self.path / "instance.json"

    @property
    def data(self) -> Path:
        return self.path / "data"

    def lock(self) -> None:
        """Take the home for this process. Raises `ConfigError` when another one has it."""
        if self._lock_fd is not None:
            return
        self.make()
        try:
            fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot write {self.path / 'lock'}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(fd, 32).decode("ascii", "replace").strip()
            os.close(fd)
            raise ConfigError(
                f"{self.path} is in use by another Vanta (pid {owner or 'unknown'}): "
                "stop it, or set VANTA_HOME to another folder"
            ) from error
        except OSError as error:
            os.close(fd)
            raise ConfigError(
                f"{self.path} is on a file system without locks ({error.strerror}): "
                "set VANTA_HOME to a local folder"
            ) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._lock_fd = fd

    def unlock(self) -> None:
        """Give the home back. The lock file stays: removing it would let two hold "the" lock."""
        if self._lock_fd is not None:
            os.ftruncate(self._lock_fd, 0)
            os.close(self._lock_fd)
            self._lock_fd = None

    def make(self) -> None:
        """Make the folder; one that exists stays as it is. Raises `ConfigError`."""
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.is_dir():
                self.path.mkdir(mode)
                self.path.chmod(mode)  # mkdir is subject to the umask
        except OSError as error:
            raise ConfigError(f"cannot use {self.path} as VANTA_HOME: {error.strerror}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise ConfigError(f"cannot write to {self.path}: set VANTA_HOME to a folder of yours")

    def _make_data(self) -> None:
        _make_marked(self.data, self.path)

    def folder(self, name: str) -> Path:
        """Return `data/name`, made when missing."""
        self._make_data()
        path = self.data / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def postgres_folder(self) -> Path:
        """Return where Postgres keeps its cluster; the folder itself may not exist yet.

        Postgres refuses to run as root and so runs as another user, who must be able to reach the
        folder. Where a parent is closed to others (anything under a 0700 /root) the cluster
        lives elsewhere, and a link remembers where, so that it is found again whatever changes.
        """
        self._make_data()
        place = self.data / "postgres"
        if place.is_symlink():
            there = place.readlink()
            _make_marked(there.parent, self.path)
            return there
        if place.exists():
            return place
        if os.geteuid() != 0 or traversable(self.data):
            return place
        key = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        self._elsewhere.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not traversable(self._elsewhere):
            raise ConfigError(
                f"Postgres cannot run as root, and user {NOBODY} can reach neither {self.data} "
                f"nor {self._elsewhere}: set VANTA_HOME to a folder others may pass through"
            )
        there = self._elsewhere / key
        if there.exists():
            # No link of ours points there: it belonged to a home of this path that was removed.
            _check_marked(there)
            shutil.rmtree(there)
        _make_marked(there, self.path)
        place.symlink_to(there / "postgres")
        return there / "postgres"

    def socket_folder(self) -> Path:
        """Make a fresh short folder for sockets; the one of an earlier run is removed."""
        self.remove_sockets()
        folder = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir=_SOCKET_ROOT))
        (self.path / "sockets").write_text(str(folder))
        if os.geteuid() == 0:
            folder.chmod(0o711)
        return folder

    def sockets(self) -> Path | None:
        """Return the socket folder of the last run, when it is still there and ours."""
        try:
            folder = Path((self.path / "sockets").read_text())
        except FileNotFoundError:
            return None
        ours = folder.parent == _SOCKET_ROOT and folder.name.startswith(_SOCKET_PREFIX)
        # Root may have taken over the home of somebody whose last run was killed.
        owners = (os.geteuid(), self.path.stat().st_uid)
        return folder if ours and folder.is_dir() and folder.lstat().st_uid in owners else None

    def remove_sockets(self) -> None:
        """Remove the socket folder of the last run."""
        if (folder := self.sockets()) is not None:
            shutil.rmtree(folder, ignore_errors=True)  # refuses to follow a link
        (self.path / "sockets").unlink(missing_ok=True)

    def wipe(self) -> None:
        """Remove all data. Only folders that carry our mark are touched; call it locked."""
        place = self.data / "postgres"
        if place.is_symlink():
            there = place.readlink().parent
            if (there / _MARK).is_file():
                shutil.rmtree(there)
            place.unlink()
        if self.data.exists():
            _check_marked(self.data)
            shutil.rmtree(self.data)


def _make_marked(folder: Path, home: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        _check_marked(folder)
        return
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    # Names the home, so that a folder elsewhere whose home was removed can be told from others.
    (folder / _MARK).write_text(f"Data of {home}; `vanta demo --fresh` may wipe this folder.\n")


def _check_marked(folder: Path) -> None:
    if not (folder / _MARK).is_file():
        raise ConfigError(
            f"{folder} exists and was not made by Vanta: set VANTA_HOME to another folder"
        )
