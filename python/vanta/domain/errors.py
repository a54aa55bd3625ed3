"""What can go wrong, as types. Business refusals are values (`Verdict`), not exceptions."""

from typing import Any, Final

from vanta._core import (
    AbiError,
    ArithmeticOverflow,
    InvalidInput,
    NonceError,
    SealError,
    VantaError,
)

__all__ = [
    "AbiError",
    "ArithmeticOverflow",
    "ConfigError",
    "InputError",
    "InvalidInput",
    "NonceError",
    "NotFoundError",
    "NotRunningError",
    "SealError",
    "VantaError",
]

MAX_ECHO: Final = 60


class InputError(VantaError, ValueError):
    """Input from outside that cannot be understood: names field, value and limit.

    `code` is one of the published error codes (E-ARG, E-SYM, ...).
    """

    def __init__(self, code: str, *, field: str, value: Any, limit: str) -> None:
        self.code = code
        self.field = field
        self.value = echo(value)
        self.limit = limit
        text = f'I did not get {field} "{self.value}": needs {limit}'
        if code == "E-SYM":
            near = limit.removeprefix("one of ")
            text = f'No market "{self.value}". Did you mean {near}?'
        super().__init__(text)


class NotFoundError(VantaError, LookupError):
    """A named thing does not exist, or is not this user's."""


class ConfigError(VantaError):
    """A setting is missing or malformed; the process must not start."""


class NotRunningError(VantaError):
    """No running instance answers."""


def echo(value: Any) -> str:
    """Shorten and defuse foreign text so that it can stand inside our own messages."""
    text = value if isinstance(value, str) else repr(value)
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:200])
    return (
        printable
        if len(printable) <= MAX_ECHO
        else printable[: MAX_ECHO - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )
