"""Exit codes and the one exception that carries them."""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The published exit codes."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFIG = 4
    REFUSED = 5
    NOT_RUNNING = 6
    UNKNOWN = 7
    VENUE = 8
    DIVERGED = 9
    INTERRUPTED = 130


class CliError(Exception):
    """A command ends without what was asked for.

    `hint` says what to do next; `document` is the server's own answer, shown whole with --json.
    """

    def __init__(
        self,
        exit_code: Exit,
        code: str,
        text: str,
        *,
        hint: str = "",
        more: dict[str, Any] | None = None,
        document: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.code = code
        self.text = text
        self.hint = hint
        self.more = more or {}
        self.document = document
