"""The running instance of a home: what it wrote down about itself when it became ready."""

import os
import re
from pathlib import Path
from typing import Final

import msgspec

from vanta.domain.errors import NotRunningError

FILE_NAME: Final = "instance.json"
_URL: Final = re.compile(r"http://[A-Za-z0-9.\-\[\]:]+", re.ASCII)
_HINT: Final = "Start one with `make run` or `vanta demo`."


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the running instance. Never shown: it holds the operator's token."""

    http_url: str
    token: str
    pid: int
    chat_url: str = ""
    provider_key_id: str = ""
    provider_secret: str = ""
    provider_id: int = 0
    trader_id: int = 0

    def __repr__(self) -> str:
        return f"Instance(http_url={self.http_url!r}, pid={self.pid})"


def find(home: Path) -> Instance:
    """Read `home`/instance.json.

    Raises `NotRunningError` when there is none, it cannot be read, or its process is gone.
    """
    path = home / FILE_NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Instance)
    except FileNotFoundError:
        raise NotRunningError(f"No Vanta is running with the home {home}. {_HINT}") from None
    except PermissionError:
        raise NotRunningError(
            f"The instance of {home} belongs to another user: {path} cannot be read."
        ) from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise NotRunningError(f"{path} cannot be understood. {_HINT}") from None
    if not _URL.fullmatch(found.http_url):
        raise NotRunningError(f"{path} names no usable address. {_HINT}")
    if not is_alive(found.pid):
        raise NotRunningError(
            f"Vanta (process {found.pid}) of {home} is gone; what it had is kept. {_HINT}"
        )
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process with this id exists."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True
