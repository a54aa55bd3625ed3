"""JSON-RPC over HTTP to several endpoints of one chain: small, strict and distrustful.

A reply counts only when it is well-formed, carries the ids that were asked and fits the size cap.
An endpoint that fails is put aside for a while, twice as long each time; when all are aside the one
due first is tried, because trying is better than certain failure. Errors the *node* reports are
values (`Reply`), errors of the *way there* are exceptions. URLs often hold keys: only the host of
an endpoint is ever logged or named in an error.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from vanta import logs
from vanta.domain.errors import VantaError, echo
from vanta.domain.ports import Clock

_log = logs.get(__name__)

MAX_REPLY: Final = 4 << 20
MAX_BATCH: Final = 100
TIMEOUT_S: Final = 5.0
EJECT_FIRST_NS: Final = 1_000_000_000
EJECT_MAX_NS: Final = 60_000_000_000
# The node says "not me, not now": another endpoint may do better.
_BUSY_CODES: Final = frozenset({-32005, -32016, -32097, 429})


class RpcError(VantaError):
    """Root of what can go wrong on the way to a node."""


class RpcUnreachableError(RpcError):
    """No connection, cut connection, or an HTTP status that is no answer. Worth retrying."""


class RpcTimeoutError(RpcUnreachableError):
    """No complete answer in time. The request may have taken effect."""


class RpcBusyError(RpcUnreachableError):
    """Rate limited."""


class RpcBadReplyError(RpcError):
    """An answer that breaks the protocol: shape, ids or size."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A node's answer to one call: a result, or its own error."""

    result: Any = None
    code: int = 0
    message: str = ""
    data: Any = None

    @property
    def ok(self) -> bool:
        """Tell whether the node answered with a result."""
        return self.code == 0 and not self.message


class _Error(msgspec.Struct):
    code: int
    message: str = ""
    data: Any = None


class _Wire(msgspec.Struct):
    jsonrpc: str
    id: int | None
    result: Any = None
    error: _Error | None = None


_one = msgspec.json.Decoder(_Wire)
_many = msgspec.json.Decoder(list[_Wire])


class _Endpoint:
    __slots__ = ("aside_ns", "failures", "host", "until_ns", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = urlsplit(url).hostname or "?"
        self.until_ns = 0
        self.aside_ns = 0
        self.failures = 0


class Rpc:
    """Client of one chain. `session` makes the HTTP session; use as an async context manager.

    `timeout_s` bounds one attempt at one endpoint; a call tries each endpoint at most once.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        session: Callable[[], aiohttp.ClientSession],
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
        max_reply: int = MAX_REPLY,
    ) -> None:
        if not urls:
            raise ValueError("rpc urls: at least one is needed")
        self._endpoints = [_Endpoint(url) for url in urls]
        self._make_session = session
        self._session: aiohttp.ClientSession | None = None
        self._clock = clock
        self._timeout_s = timeout_s
        self._max_reply = max_reply
        self._next_id = 0

    async def __aenter__(self) -> "Rpc":
        self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the HTTP session; a later call opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def status(self) -> list[dict[str, Any]]:
        """Describe the endpoints by host: failures so far, and whether they are put aside."""
        now = self._clock.mono_ns()
        return [
            {"host": e.host, "failures": e.failures, "aside": e.until_ns > now}
            for e in self._endpoints
        ]

    async def call(self, method: str, params: Sequence[Any] = ()) -> Reply:
        """Make one call. Raises `RpcError` when no endpoint gave a usable answer."""
        return (await self.batch([(method, params)]))[0]

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Reply]:
        """Make several calls in one request, answered by one endpoint, in the asked order.

        Raises `RpcError` when no endpoint gave a usable answer, `ValueError` above 100 calls.
        """
        if not calls:
            return []
        if len(calls) > MAX_BATCH:
            raise ValueError(f"rpc batch of {len(calls)}: at most {MAX_BATCH} calls")
        error: RpcError | None = None
        for endpoint in self._in_turn():
            try:
                replies = await self._ask(endpoint, calls)
            except RpcError as failure:
                self._failed(endpoint, failure)
                error = failure
            else:
                endpoint.aside_ns = 0
                endpoint.until_ns = 0
                return replies
        assert error is not None
        raise error

    def _in_turn(self) -> list[_Endpoint]:
        now = self._clock.mono_ns()
        ready = [e for e in self._endpoints if e.until_ns <= now]
        return ready or [min(self._endpoints, key=lambda e: e.until_ns)]

    def _failed(self, endpoint: _Endpoint, error: RpcError) -> None:
        endpoint.failures += 1
        endpoint.aside_ns = min(max(endpoint.aside_ns * 2, EJECT_FIRST_NS), EJECT_MAX_NS)
        endpoint.until_ns = self._clock.mono_ns() + endpoint.aside_ns
        _log.warning(
            "rpc.endpoint_failed",
            host=endpoint.host,
            reason=f"{type(error).__name__}: {error}",
            aside_ms=endpoint.aside_ns // 1_000_000,
        )

    async def _ask(
        self, endpoint: _Endpoint, calls: Sequence[tuple[str, Sequence[Any]]]
    ) -> list[Reply]:
        first = self._next_id
        self._next_id += len(calls)
        requests = [
            {"jsonrpc": "2.0", "id": first + i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(calls)
        ]
        body = msgspec.json.encode(requests if len(calls) > 1 else requests[0])
        raw = await self._post(endpoint, body)
        return _replies(raw, first, len(calls), endpoint.host)

    async def _post(self, endpoint: _Endpoint, body: bytes) -> bytes:
        host = endpoint.host
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._open().post(
                    endpoint.url,
                    data=body,
                    headers={"Content-Type": "application/json"},
                    allow_redirects=False,
                ) as response,
            ):
                if response.status == 429:
                    raise RpcBusyError(f"{host}: HTTP 429")
                raw = await _read_capped(response, self._max_reply, host)
                if response.status != 200:
                    raise RpcUnreachableError(f"{host}: HTTP {response.status}")
                return raw
        except TimeoutError as error:
            raise RpcTimeoutError(f"{host}: no answer in {self._timeout_s} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # The text of a client error may hold the whole URL.
            raise RpcUnreachableError(f"{host}: {type(error).__name__}") from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = self._make_session()
        return self._session


async def _read_capped(response: aiohttp.ClientResponse, cap: int, host: str) -> bytes:
    parts = bytearray()
    async for chunk in response.content.iter_chunked(64 << 10):
        parts += chunk
        if len(parts) > cap:
            raise RpcBadReplyError(f"{host}: reply above {cap} bytes")
    return bytes(parts)


def _replies(raw: bytes, first: int, n: int, host: str) -> list[Reply]:
    try:
        # A batch may be refused as a whole with a single error object.
        wires = _many.decode(raw) if raw.lstrip()[:1] == b"[" else [_one.decode(raw)]
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RpcBadReplyError(f"{host}: {echo(str(error))}") from error
    found: dict[int, Reply] = {}
    for wire in wires:
        if wire.jsonrpc != "2.0":
            raise RpcBadReplyError(f"{host}: not JSON-RPC 2.0")
        if wire.error is not None and wire.error.code in _BUSY_CODES:
            raise RpcBusyError(f"{host}: {echo(wire.error.message)}")
        if wire.id is None or not first <= wire.id < first + n or wire.id in found:
            reason = echo(wire.error.message) if wire.error else f"unexpected id {wire.id}"
            raise RpcBadReplyError(f"{host}: {reason}")
        found[wire.id] = _reply(wire)
    if len(found) != n:
        raise RpcBadReplyError(f"{host}: {len(found)} answers to {n} calls")
    return [found[first + i] for i in range(n)]


def _reply(wire: _Wire) -> Reply:
    if wire.error is None:
        return Reply(result=wire.result)
    return Reply(
        code=wire.error.code, message=wire.error.message[:200] or "error", data=wire.error.data
    )
