"""A chain's JSON-RPC endpoint that knows block heads and AggregatorV3 proxies."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from eth_abi import encode


class Proxy(msgspec.Struct, kw_only=True):
    """State behind one proxy address."""

    description: str = ""
    decimals: int = 8
    phase: int = 1
    round: int = 1
    answer: int = 1
    started_at: int = 0
    updated_at: int = 0
    aggregator: str = "0x" + "11" * 20
    reverts: bool = False

    @property
    def round_id(self) -> int:
        return self.phase << 64 | self.round


class FakeRpc:
    """Answers batches truthfully, unless `faults` says otherwise for the next requests.

    Faults: hang, cut, 429, 500, garbage, ids, short, twice, big, busy, refused.
    """

    def __init__(self) -> None:
        self.number = 1000
        self.time_s = 0
        self.proxies: dict[str, Proxy] = {}
        self.faults: deque[str] = deque()
        self.batches: list[Any] = []
        self._stop = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/{tail:.*}", self._post)
        server = TestServer(app)
        await server.start_server()
        try:
            yield str(server.make_url("/v1/secretpath"))
        finally:
            self._stop.set()
            await server.close()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.read())
        self.batches.append(asked)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "hang":
            await self._stop.wait()
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        if fault in ("429", "500"):
            return web.Response(status=int(fault), text="no")
        if fault == "garbage":
            return web.Response(body=b"\x1f\x8b<html>")
        if fault == "refused":
            error = {"code": -32600, "message": "batch too large"}
            return web.json_response({"jsonrpc": "2.0", "id": None, "error": error})
        if fault == "busy":
            error = {"code": -32005, "message": "rate limited"}
            return web.json_response({"jsonrpc": "2.0", "id": None, "error": error})
        many = isinstance(asked, list)
        answers = [self._answer(one) for one in (asked if many else [asked])]
        if fault == "ids":
            answers[0]["id"] += 1_000
        if fault == "short":
            answers.pop()
        if fault == "twice":
            answers.append(answers[-1])
        if fault == "big":
            body = json.dumps(answers if many else answers[0]).encode()
            return web.Response(body=body + b" " * (5 << 20))
        # The specification lets a batch come back in any order.
        return web.json_response(answers[::-1] if many else answers[0])

    def _answer(self, one: dict[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": one["id"]}
        if one["method"] == "eth_getBlockByNumber":
            block = {"number": hex(self.number), "timestamp": hex(self.time_s), "hash": "0x00"}
            return {**head, "result": block}
        if one["method"] != "eth_call":
            return {**head, "error": {"code": -32601, "message": "method not found"}}
        call = one["params"][0]
        proxy = self.proxies.get(call["to"])
        if proxy is None:
            return {**head, "result": "0x"}
        if proxy.reverts:
            return {**head, "error": {"code": 3, "message": "execution reverted", "data": "0x"}}
        return {**head, "result": "0x" + self._data(proxy, call["data"]).hex()}

    def _data(self, proxy: Proxy, selector: str) -> bytes:
        if selector == "0x313ce567":
            return encode(["uint8"], [proxy.decimals])
        if selector == "0x7284e416":
            return encode(["string"], [proxy.description])
        if selector == "0x245a7bfc":
            return encode(["address"], [proxy.aggregator])
        assert selector == "0xfeaf968c"
        return encode(
            ["uint80", "int256", "uint256", "uint256", "uint80"],
            [
                proxy.round_id,
                proxy.answer,
                proxy.started_at or proxy.updated_at,
                proxy.updated_at,
                proxy.round_id,
            ],
        )
