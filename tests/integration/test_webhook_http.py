"""The door over real sockets: what a server, a proxy or a rude client does to a request."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import orjson
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.fakes.door import DoorBench, open_door
from tests.fakes.signals import KEY_ID, SECRET, encode, open_body
from vanta.domain.webhook_signature import format_secret
from vanta.store.pool import Pool
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import TRACE_HEADER
from vanta.webhook.routes import routes

ID = "msg_00000001"
BODY = encode(open_body())


class Site:
    """A door on a port of its own."""

    def __init__(self, bench: DoorBench, port: int) -> None:
        self.bench = bench
        self.port = port
        self.url = f"http://127.0.0.1:{port}/v1/signals"

    def headers(self, message_id: str = ID, body: bytes = BODY) -> dict[str, str]:
        return {n.decode(): v.decode() for n, v in self.bench.sign(message_id, body)}

    async def raw(self, request: bytes, *, then: bytes = b"") -> tuple[int, dict]:
        """Write bytes, read one answer; `then` follows after the first bytes were taken."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await writer.drain()
        if then:
            writer.write(then)
            await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        writer.close()
        return int(head.split()[1]), orjson.loads(body)

    def head(self, *lines: str, message_id: str = ID, body: bytes = BODY) -> bytes:
        """Return a signed request head with `lines` added."""
        signed = [f"{n}: {v}" for n, v in self.headers(message_id, body).items()]
        start = ["POST /v1/signals HTTP/1.1", "Host: localhost", *signed, *lines]
        return "\r\n".join([*start, "", ""]).encode()


@asynccontextmanager
async def open_site(pool: Pool, limits: DoorLimits | None = None) -> AsyncIterator[Site]:
    async with open_door(pool, limits) as bench:
        app = web.Application()
        app.add_routes(routes(bench.door))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        server = web.TCPSite(runner, "127.0.0.1", 0)
        await server.start()
        port: int = runner.addresses[0][1]
        try:
            yield Site(bench, port)
        finally:
            await runner.cleanup()


@pytest.fixture
async def site(pool: Pool) -> AsyncIterator[Site]:
    async with open_site(pool) as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        yield session


async def test_the_outside_client_sends_reads_and_repeats(
    site: Site, http: aiohttp.ClientSession
) -> None:
    at = datetime.fromtimestamp(site.bench.now_s, UTC)
    client = Webhook(format_secret(SECRET))

    def signed(message_id: str, body: str) -> dict[str, str]:
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": client.sign(message_id, at, body),
            "vanta-key-id": KEY_ID,
        }

    text = BODY.decode()
    async with http.post(site.url, data=BODY, headers=signed(ID, text)) as first:
        assert first.status == 202
        receipt = await first.json()
        assert first.headers[TRACE_HEADER] == receipt["trace_id"]
        assert first.content_type == "application/json"
    async with http.post(site.url, data=BODY, headers=signed(ID, text)) as again:
        assert again.status == 200
        assert await again.json() == receipt
    assert site.bench.sink.keys == [(site.bench.provider_id, ID)]
    async with http.get(f"{site.url}/{ID}", headers=signed("get_00000001", "")) as shown:
        assert shown.status == 200
        assert (await shown.json())["trace_id"] == receipt["trace_id"]
    async with http.get(f"{site.url}/{ID}") as unsigned:
        assert unsigned.status == 401


async def test_a_thousand_parallel_posts_are_one_signal(
    site: Site, http: aiohttp.ClientSession
) -> None:
    headers = site.headers()

    async def post() -> tuple[int, bytes]:
        async with http.post(site.url, data=BODY, headers=headers) as answer:
            return answer.status, await answer.read()

    answers = await asyncio.gather(*(post() for _ in range(1_000)))
    statuses = [status for status, _ in answers]
    assert statuses.count(202) == 1
    assert statuses.count(200) == 999
    assert len({body for _, body in answers}) == 1
    assert await site.bench.stored() == 1
    assert site.bench.sink.keys == [(site.bench.provider_id, ID)]


@pytest.mark.parametrize(
    "kind", [None, "application/json", "application/json; charset=utf-8", "text/plain"]
)
async def test_the_content_decides_not_its_label(
    site: Site, http: aiohttp.ClientSession, kind: str | None
) -> None:
    headers = site.headers() | ({"content-type": kind} if kind else {})
    async with http.post(site.url, data=BODY, headers=headers) as answer:
        assert answer.status == 202


async def test_a_foreign_type_is_refused(site: Site, http: aiohttp.ClientSession) -> None:
    headers = site.headers() | {"content-type": "multipart/form-data; boundary=x"}
    async with http.post(site.url, data=BODY, headers=headers) as answer:
        assert answer.status == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(
    site: Site, http: aiohttp.ClientSession, method: str
) -> None:
    async with http.request(method, site.url) as answer:
        assert answer.status == 405
        assert answer.headers["allow"] == "POST"
        assert (await answer.json())["error"]["code"] == "E-ARG"
    if method != "GET":
        async with http.request(method, f"{site.url}/{ID}") as answer:
            assert answer.status == 405
            assert answer.headers["allow"] == "GET"


async def test_a_compressed_body_is_refused(site: Site, http: aiohttp.ClientSession) -> None:
    packed = gzip.compress(BODY)
    headers = site.headers(body=packed) | {"content-encoding": "gzip"}
    async with http.post(site.url, data=packed, headers=headers) as answer:
        assert answer.status == 415
    assert await site.bench.stored() == 0


async def test_too_long_is_refused_before_the_body_comes(site: Site) -> None:
    status, answer = await site.raw(site.head("Content-Length: 1000000000"))
    assert status == 413
    assert answer["error"]["limit"] == "16384 bytes"


async def test_too_long_in_chunks_is_refused_before_the_end(site: Site) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    status, _ = await site.raw(site.head("Transfer-Encoding: chunked"), then=chunk * 5)
    assert status == 413


async def test_chunks_within_the_cap_are_one_body(site: Site) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (BODY[:7], BODY[7:8], BODY[8:]))
    status, _ = await site.raw(site.head("Transfer-Encoding: chunked"), then=chunks + b"0\r\n\r\n")
    assert status == 202


@pytest.mark.parametrize(
    "broken", [b"zz\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n\r\n", b"ffffffffffffffffffff\r\n"]
)
async def test_broken_chunks_are_a_client_error(site: Site, broken: bytes) -> None:
    request = site.head("Transfer-Encoding: chunked") + broken + b"0\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(request)
    answer = await reader.read(4_096)
    writer.close()
    assert answer == b"" or answer.split()[1].startswith(b"4")
    assert await site.bench.stored() == 0


async def test_a_body_that_stops_dripping_is_cut_off(pool: Pool) -> None:
    async with open_site(pool, DoorLimits(body_timeout_s=0.05)) as site:
        status, answer = await site.raw(site.head(f"Content-Length: {len(BODY)}") + BODY[:10])
        assert status == 408
        assert answer["error"]["field"] == "body"
        assert await site.bench.stored() == 0


@pytest.mark.parametrize("length", [0, 5, len(BODY) - 1])
async def test_a_body_longer_than_announced_is_no_signal(site: Site, length: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(site.head(f"Content-Length: {length}") + BODY)
    await writer.drain()
    writer.write_eof()
    writer.close()
    await writer.wait_closed()
    assert (await site.bench.send("msg_00000002", BODY))[0] == 202
    assert await site.bench.stored() == 1


async def test_a_header_twice_is_refused(site: Site) -> None:
    for name, value in site.headers().items():
        request = site.head(f"{name}: {value}", f"Content-Length: {len(BODY)}") + BODY
        assert (await site.raw(request))[0] == 401
    assert await site.bench.stored() == 0


async def test_every_unauthorized_answer_is_the_same_to_the_byte(
    site: Site, http: aiohttp.ClientSession
) -> None:
    good = site.headers()
    wrong = [
        good | {"vanta-key-id": "key_nobody"},
        good | {"webhook-signature": "v1," + "A" * 43 + "="},
        good | {"webhook-timestamp": str(site.bench.now_s - 600)},
        good | {"webhook-id": "no"},
        {},
    ]
    bodies = set()
    for headers in wrong:
        async with http.post(site.url, data=BODY, headers=headers) as answer:
            assert answer.status == 401
            bodies.add(await answer.read())
    assert len(bodies) == 1


async def test_a_sender_that_hangs_up_before_the_answer_is_served_all_the_same(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(site.head(f"Content-Length: {len(BODY)}") + BODY)
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(30):
        while not site.bench.sink.keys:
            await asyncio.sleep(0)
    status, receipt = await site.bench.send(ID, BODY)
    assert status == 200
    assert receipt["signal_id"] == ID
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_draining_finishes_what_was_taken_and_takes_no_more(
    site: Site, http: aiohttp.ClientSession
) -> None:
    async with http.post(site.url, data=BODY, headers=site.headers()) as answer:
        assert answer.status == 202
    await site.bench.door.drain()
    async with http.post(site.url, data=BODY, headers=site.headers("msg_00000002")) as answer:
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert (await answer.json())["error"]["code"] == "E-MAINT"
    assert await site.bench.stored() == 1
