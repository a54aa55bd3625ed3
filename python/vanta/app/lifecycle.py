"""How the process ends, and how it tells that it is ready."""

import asyncio
import ctypes
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

from vanta import logs

_log = logs.get(__name__)

EXIT_INTERRUPTED = 130
_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Keep the memory of this process, keys included, out of core files and other users' reach.

    Servers that we start inherit the limit. The second half is Linux's: no dump by a handler of
    the system either, and nobody but root may attach.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class Shutdown:
    """First SIGTERM or SIGINT asks for a drain; a second SIGINT ends the process at once."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()

    def install(self) -> None:
        """Take over the process's signals; call it inside the running loop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: signal.Signals) -> None:
        if self.requested.is_set() and number == signal.SIGINT:
            os._exit(EXIT_INTERRUPTED)
        _log.info("shutdown.requested", signal=signal.Signals(number).name)
        self.requested.set()


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
