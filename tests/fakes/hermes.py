"""Pyth's Hermes v2: `latest` and the SSE `stream`, with the faults it is known for."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer


class Act(msgspec.Struct, kw_only=True):
    """How one stream connection goes."""

    status: int = 200
    chunks: list[bytes] = []
    headers: dict[str, str] = {}
    then: str = "close"  # or "hang", "cut"


def parsed(id_: str, price: str, *, at_s: int, slot: int | None = 1, conf: str = "100") -> dict:
    """One feed of an update, in Hermes's shape."""
    own = {"price": price, "conf": conf, "expo": -8, "publish_time": at_s}
    return {
        "id": id_,
        "price": own,
        "ema_price": own,
        "metadata": {"slot": slot, "proof_available_time": at_s, "prev_publish_time": at_s - 1},
    }


def update(*rows: dict) -> dict[str, Any]:
    return {"binary": {"encoding": "base64", "data": ["UE5BVQEA"]}, "parsed": list(rows)}


def event(data: object, name: str = "") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    head = f"event:{name}\n" if name else ""
    return f"{head}data:{text}\n\n".encode()


class FakeHermes:
    """Answers `latest` with `self.latest`; each stream connection plays the next act."""

    def __init__(self, *acts: Act, key: str = "") -> None:
        self.acts = deque(acts)
        self.key = key
        self.latest: object = update()
        self.latest_status = deque[int]()
        self.requests: list[str] = []
        self.queries: list[list[tuple[str, str]]] = []
        self._stop = asyncio.Event()

    @property
    def streams(self) -> int:
        return self.requests.count("stream")

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/v2/updates/price/latest", self._latest)
        app.router.add_get("/v2/updates/price/stream", self._stream)
        server = TestServer(app)
        await server.start_server()
        try:
            yield str(server.make_url("")).rstrip("/")
        finally:
            self._stop.set()
            await server.close()

    def _allowed(self, request: web.Request) -> bool:
        return not self.key or request.headers.get("Authorization") == f"Bearer {self.key}"

    async def _latest(self, request: web.Request) -> web.StreamResponse:
        self.requests.append("latest")
        self.queries.append(list(request.query.items()))
        if not self._allowed(request):
            return web.Response(status=403)
        status = self.latest_status.popleft() if self.latest_status else 200
        return web.json_response(self.latest, status=status)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.requests.append("stream")
        act = self.acts.popleft() if self.acts else Act(then="hang")
        response = web.StreamResponse(
            status=act.status, headers={"Content-Type": "text/event-stream", **act.headers}
        )
        await response.prepare(request)
        for chunk in act.chunks:
            await response.write(chunk)
        if act.then == "hang":
            await self._stop.wait()
        elif act.then == "cut":
            assert request.transport is not None
            request.transport.abort()
        return response
