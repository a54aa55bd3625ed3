"""The door on aiohttp: reads bodies under a cap and a time limit, writes replies, nothing else."""

import asyncio
import contextlib

from aiohttp import web

from vanta.webhook.door import Door
from vanta.webhook.reply import Reply
from vanta.webhook.request import incomplete, too_large, wrong_method


def routes(door: Door) -> list[web.AbstractRouteDef]:
    """Return the routes of the door: `POST /v1/signals` and `GET /v1/signals/{id}`."""

    async def post(request: web.Request) -> web.StreamResponse:
        return await _take(door, request)

    async def show(request: web.Request) -> web.StreamResponse:
        refused = door.refuse_early(request.raw_headers, source=request.remote or "")
        if refused is not None:
            return _response(refused)
        return _response(await door.show(request.raw_headers, request.match_info["id"]))

    async def only_post(request: web.Request) -> web.StreamResponse:
        return _response(door.refuse(wrong_method(request.method, "POST")))

    async def only_get(request: web.Request) -> web.StreamResponse:
        return _response(door.refuse(wrong_method(request.method, "GET")))

    return [
        web.post("/v1/signals", post),
        web.route("*", "/v1/signals", only_post),
        web.get("/v1/signals/{id}", show, allow_head=False),
        web.route("*", "/v1/signals/{id}", only_get),
    ]


async def _take(door: Door, request: web.Request) -> web.StreamResponse:
    reply = door.refuse_early(request.raw_headers, source=request.remote or "")
    if reply is None:
        body = await _body(request, door.limits.max_body, door.limits.body_timeout_s)
        if body is None:
            reply = door.refuse(incomplete(door.limits.body_timeout_s))
        elif len(body) > door.limits.max_body:
            reply = door.refuse(too_large(door.limits.max_body))
        else:
            reply = await door.accept(request.raw_headers, body)
    response = _response(reply)
    try:
        # A sender that is gone asks again and gets its receipt: nothing to do about it here.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write_eof()
            # The loop hands queued bytes to the kernel at the end of its turn: let that turn end,
            # so that the answer is out before the engine hears of the signal.
            await asyncio.sleep(0)
    finally:
        door.acknowledged(reply)
    return response


async def _body(request: web.Request, cap: int, timeout_s: float) -> bytes | None:
    """Read the body, at most one chunk beyond `cap`; None when it breaks off or takes too long."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            async for part in request.content.iter_any():
                parts.append(part)
                size += len(part)
                if size > cap:
                    break
    except (TimeoutError, web.RequestPayloadError):
        return None
    return b"".join(parts)


def _response(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))
    if reply.close:
        response.force_close()
    return response
