"""JSON answers and errors: one shape everywhere, never a stack trace."""

from typing import Any, Final

import asyncpg
import msgspec
from aiohttp import web

from vanta.domain.errors import InputError, echo
from vanta.store.pool import AWAY

BODY_CAP: Final = 16_384
TRACE: Final = web.RequestKey("trace", str)
"""Where the trace id of a request is kept."""
STORE_AWAY: Final = (
    *AWAY,
    asyncpg.InsufficientResourcesError,  # disk full, out of connections
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or set so by its operator
)
"""What a store that is away raises. Every other error of the database is a fault of ours."""


class ApiError(Exception):
    """An answer other than yes, thrown from inside a handler and rendered by the middleware."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        field: str | None = None,
        value: Any = None,
        limit: str | None = None,
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.field = field
        self.value = value
        self.limit = limit
        self.headers = headers or {}
        self.more = more or {}

    def body(self, trace_id: str) -> dict[str, Any]:
        """Return the JSON object of this error."""
        error: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.field is not None:
            error["field"] = self.field
        if self.value is not None:
            error["value"] = echo(self.value)
        if self.limit is not None:
            error["limit"] = self.limit
        return {"error": error, **self.more, "trace_id": trace_id}


def from_input(error: InputError, status: int = 422) -> ApiError:
    """Turn an input error of the domain into an answer."""
    return ApiError(
        status, error.code, str(error), field=error.field, value=error.value, limit=error.limit
    )


def json_answer(
    body: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Render `body` as JSON; answers carry account data, so nobody may cache them."""
    return web.Response(
        body=msgspec.json.encode(body) + b"\n",
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def too_large(size: int | None) -> ApiError:
    """Return the 413 answer."""
    return ApiError(
        413,
        "E-ARG",
        "The request is too large.",
        field="body",
        value=None if size is None else f"{size} bytes",
        limit=f"{BODY_CAP} bytes",
        headers={"Connection": "close"},
    )
