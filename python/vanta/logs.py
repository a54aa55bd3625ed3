"""Structured logs: a stable event name and fields, as text for people or JSON for machines.

Every line carries the trace id bound to the running task, from the press or signal to the fill.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

import orjson

_trace: ContextVar[str] = ContextVar("vanta_trace", default="")
_RESERVED: Final = "vanta_fields"


class Logger:
    """Thin face over `logging` that takes an event name and fields."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: Any) -> None:
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._log(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Log at ERROR with the current exception's trace."""
        self._log(logging.ERROR, event, fields, exc_info=True)

    def _log(self, level: int, event: str, fields: dict[str, Any], exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            fields.setdefault("trace_id", _trace.get())
            self._logger.log(level, event, extra={_RESERVED: fields}, exc_info=exc_info)


def get(name: str) -> Logger:
    """Return the logger of a module."""
    return Logger(name)


@contextlib.contextmanager
def bind_trace(trace_id: str) -> Iterator[None]:
    """Put a trace id on every line logged inside the block, in this task."""
    token = _trace.set(trace_id)
    try:
        yield
    finally:
        _trace.reset(token)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {k: v for k, v in getattr(record, _RESERVED, {}).items() if v != ""}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        fields = " ".join(
            f"{k}={v}" for k, v in getattr(record, _RESERVED, {}).items() if v not in ("", None)
        )
        line = f"{at} {record.levelname[:4].lower()} {record.getMessage()} {fields}".rstrip()
        # One event, one line: foreign text must not be able to forge a second one.
        line = line.replace("\r", "\\r").replace("\n", "\\n")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(*, json: bool, level: str) -> None:
    """Send all logs to stderr in one format; quiet the chatty libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if json else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiogram", "aiohttp.access", "alembic", "sqlalchemy", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
