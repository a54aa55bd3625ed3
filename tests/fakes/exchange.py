"""A public exchange's websocket: each connection plays the next script, then hangs."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Script = Callable[[web.WebSocketResponse], Awaitable[None]]


class FakeExchange:
    """Speaks true websocket frames. `hello` holds what clients sent, per connection."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = deque(scripts)
        self.connections = 0
        self.hello: list[list[str]] = []
        self._stop = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/", self._connection)
        server = TestServer(app)
        await server.start_server()
        try:
            yield str(server.make_url("/")).replace("http", "ws", 1)
        finally:
            self._stop.set()
            await server.close()

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.connections += 1
        said: list[str] = []
        self.hello.append(said)
        said.append((await ws.receive()).data)
        if self.scripts:
            await self.scripts.popleft()(ws)
            return ws
        reader = asyncio.create_task(self._listen(ws, said))
        await self._stop.wait()
        reader.cancel()
        await ws.close()
        return ws

    async def _listen(self, ws: web.WebSocketResponse, said: list[str]) -> None:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                said.append(message.data)


def says(*frames: str) -> Script:
    """Send the frames and close politely."""

    async def script(ws: web.WebSocketResponse) -> None:
        for frame in frames:
            await ws.send_str(frame)
        await ws.close()

    return script


def holds(*frames: str) -> Script:
    """Send the frames, then keep the connection open and say nothing: half-open."""

    async def script(ws: web.WebSocketResponse) -> None:
        for frame in frames:
            await ws.send_str(frame)
        async for _ in ws:
            pass

    return script


def drops(*frames: str) -> Script:
    """Send the frames, then cut the wire without a closing handshake."""

    async def script(ws: web.WebSocketResponse) -> None:
        for frame in frames:
            await ws.send_str(frame)
        assert ws._req is not None and ws._req.transport is not None
        ws._req.transport.abort()

    return script


def tells(frames: "asyncio.Queue[str]") -> Script:
    """Send what the test puts into the queue, for ever."""

    async def script(ws: web.WebSocketResponse) -> None:
        while True:
            await ws.send_str(await frames.get())

    return script
