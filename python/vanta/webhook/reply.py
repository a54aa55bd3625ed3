"""Replies of the door: status, JSON body and headers, free of any server's types.

| status | code | when |
| --- | --- | --- |
| 202 | | accepted: the signal is durable; the body is its receipt |
| 200 | | the same id with the same body came before; the body is the first receipt |
| 400 | E-ARG, E-SYM | body, field or market cannot be understood; names field, value and limit |
| 401 | E-AUTH | headers, signature or clock; one body for all of them |
| 403 | E-ROLE | the provider is suspended |
| 404 | E-ARG | no such signal of this provider |
| 405, 413, 415 | E-ARG | method, size, encoding or type of the request |
| 408 | E-ARG | the body did not arrive in time |
| 409 | E-DUP | the id was used before with another body |
| 410 | E-AUTH | the key was revoked: stop sending with it |
| 422 | E-ARG, E-LEV, E-RISK-POS, E-STALE | understood, but late, over a cap or not available yet |
| 429 | E-RATE | over the provider's or the address's rate; `retry-after` in whole seconds |
| 503 | E-STORE, E-MAINT, E-STOPPED | nothing was stored; send it again after `retry-after` |
"""

from typing import Any, Final

import msgspec
import orjson

TRACE_HEADER: Final = "x-trace-id"

Pairs = tuple[tuple[str, str], ...]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back. `key` is set when a signal became durable by this very request."""

    status: int
    body: bytes
    result: str  # bounded name for metrics
    trace_id: str
    headers: Pairs = ()
    key: tuple[int, str] | None = None
    close: bool = False  # the request was not read to its end


class Refused(Exception):  # noqa: N818  # an expected answer on its way out, not an error
    """Carries the refusal from where it is found to where it is answered. Stays in this room."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        result: str,
        field: str = "",
        value: str = "",
        limit: str = "",
        retry_after_s: int = 0,
        remaining: int | None = None,
        headers: Pairs = (),
        close: bool = False,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.result = result
        self.field = field
        self.value = value
        self.limit = limit
        self.retry_after_s = retry_after_s
        self.remaining = remaining
        self.headers = headers
        self.close = close

    def reply(self, trace_id: str) -> Reply:
        """Render as the error JSON that all of Vanta's HTTP answers share."""
        error: dict[str, Any] = {"code": self.code, "text": self.text}
        for name in ("field", "value", "limit"):
            if getattr(self, name):
                error[name] = getattr(self, name)
        headers = self.headers
        if self.retry_after_s:
            error["retry_after_s"] = self.retry_after_s
            headers += (("retry-after", str(self.retry_after_s)),)
        if self.remaining is not None:
            error["remaining"] = self.remaining
            headers += (("ratelimit-remaining", str(self.remaining)),)
        content: dict[str, Any] = {"error": error}
        if self.status != 401:  # one body for all of them, to the byte
            content["trace_id"] = trace_id
        return json_reply(
            self.status,
            content,
            result=self.result,
            trace_id=trace_id,
            headers=headers,
            close=self.close,
        )


def json_reply(
    status: int,
    content: Any,
    *,
    result: str,
    trace_id: str,
    headers: Pairs = (),
    key: tuple[int, str] | None = None,
    close: bool = False,
) -> Reply:
    """Build a reply with a JSON body and the trace id in its header."""
    return Reply(
        status=status,
        body=orjson.dumps(content),
        result=result,
        trace_id=trace_id,
        headers=(
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            (TRACE_HEADER, trace_id),
            *headers,
        ),
        key=key,
        close=close,
    )
