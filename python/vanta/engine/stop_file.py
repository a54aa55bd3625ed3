"""The stop file: a switch that anybody at the machine can turn, and our own last resort."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from vanta import logs
from vanta.domain.system import Stop, read_stop, stop_text

_log = logs.get(__name__)

READ_LIMIT: Final = 1_000  # bytes


class StopFile:
    """`HOME/STOP` as it was when it was last looked at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stop = Stop.NONE
        self.reason = ""
        self._own = ""  # what we wrote there while the database was away

    @property
    def is_own(self) -> bool:
        """Tell whether it is there only until the database takes what it says."""
        return bool(self._own)

    def look(self) -> bool:
        """Read it; tell whether it says something else than before."""
        before = (self.stop, self.reason)
        self.stop, self.reason = self._read()
        return (self.stop, self.reason) != before

    def write(self, stop: Stop, reason: str) -> None:
        """Keep a stop here; an operator's own file is made stricter and stays the operator's."""
        text = stop_text(stop, reason)
        is_ours = self.stop is Stop.NONE or self.is_own
        try:
            self.path.write_text(text)
        except OSError:
            _log.exception("stop_file.not_written", path=str(self.path))
            return
        self._own = text if is_ours else ""
        self.stop, self.reason = read_stop(text)

    def take_back(self) -> None:
        """Remove what we wrote, unless somebody has changed it since."""
        try:
            if self._text() == self._own:
                self.path.unlink()
        except FileNotFoundError:
            pass  # an operator was faster
        except OSError:
            _log.exception("stop_file.not_removed", path=str(self.path))
        self._own = ""
        self.look()

    def _read(self) -> tuple[Stop, str]:
        try:
            return read_stop(self._text())
        except FileNotFoundError:
            if not self.path.is_symlink():
                return Stop.NONE, ""
            return Stop.OPENS, f"{self.path.name} cannot be read: it is a link to nowhere"
        except OSError as error:
            # It is there and cannot be read: that is no permission to go on.
            return Stop.OPENS, f"{self.path.name} cannot be read: {error.strerror}"

    def _text(self) -> str:
        # Never waits: opening a pipe would hold up the whole engine.
        file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "it is no plain file")
            return os.read(file, READ_LIMIT).decode("utf-8", "replace")
        finally:
            os.close(file)
