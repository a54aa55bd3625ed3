"""Child servers: started with a clean environment, gone when we are gone.

On Linux the kernel signals a child when the *thread* that started it ends (PR_SET_PDEATHSIG), so
start servers from a thread that lives as long as the process: the main one. Other systems have no
such thing; there a left-over server is found by its pid file at the next start.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError

_PR_SET_PDEATHSIG: Final = 1
_POLL_S: Final = 0.003
_LOG_LIMIT: Final = 4 * 1024 * 1024
# Nothing of the caller's environment reaches a server: PGDATA, PGPORT, LD_PRELOAD, LANG ...
CLEAN_ENV: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_PRCTL = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that has the kernel send `sig` when this process ends.

    It runs after the change of user, which would clear the setting.
    """
    parent = os.getpid()

    def set_death_signal() -> None:
        if _PRCTL is not None:
            _PRCTL(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above: nobody will signal us
            os._exit(1)

    return set_death_signal


def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    user: int | None = None,
    group: int | None = None,
    death_signal: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to `log`. Raises `ConfigError` when it cannot be started."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".old"))
    with log.open("ab") as output, warnings.catch_warnings():
        # Python warns that a fork beside threads may deadlock; the hook takes no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return subprocess.Popen(  # noqa: S603  # our own programs, no shell
                [str(part) for part in command],
                cwd=cwd,
                env=CLEAN_ENV,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                # A Ctrl-C in the terminal must reach us, not the servers under us.
                start_new_session=True,
                preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509  # takes no lock
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"cannot start {Path(command[0]).name}: {error}") from error


async def until(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    """Wait until `condition` holds; False when the time is up first."""
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110  # another process tells us nothing
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return False
    return True


async def stop(
    process: subprocess.Popen[bytes],
    signals: Sequence[tuple[signal.Signals, float]],
    *,
    group: bool = False,
) -> None:
    """Send each signal in turn and give it its seconds, then kill; always reaps.

    `group`: the kill also goes to what the process started.
    """
    for sig, patience_s in signals:
        if process.poll() is not None:
            return
        process.send_signal(sig)
        if await until(lambda: process.poll() is not None, timeout_s=patience_s):
            return
    if group and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def exists(pid: int) -> bool:
    """Tell whether a process has this pid, be it one that is dead and not yet collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def folder_of(pid: int) -> Path | None:
    """Return the working folder of a running process where the system tells it, else None."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def command_of(pid: int) -> str:
    """Return the command line of a running process; empty when it does not run."""
    if sys.platform == "linux":
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
            return raw.replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""
    shown = subprocess.run(  # noqa: S603  # the arguments are ours
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False, text=True
    )
    return shown.stdout.strip()


async def end_leftover(pid: int, is_ours: Callable[[int], bool], *, patience_s: float) -> bool:
    """Wait for a server whose parent was killed; after `patience_s` tell it to stop.

    `is_ours` looks at the process, so that a reused pid is never touched. False when the server
    would not end.
    """

    def gone() -> bool:
        return not is_ours(pid)

    if await until(gone, timeout_s=patience_s):
        return True
    for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return True
        if await until(gone, timeout_s=3.0):
            return True
    return False


def tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of a log, for an error text."""
    try:
        text = log.read_text("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
