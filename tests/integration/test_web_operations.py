"""Health, readiness, metrics, status, the landing page, and errors of the server itself."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.web_desk import TOKEN, WebBench, web_bench
from vanta.store.pool import Pool
from vanta.web import operations


@pytest.fixture
async def bench(pool: Pool, clock: ManualClock) -> AsyncIterator[WebBench]:
    async with web_bench(pool, clock) as opened:
        yield opened


async def test_alive_even_when_not_ready(bench: WebBench) -> None:
    bench.checks["postgres"] = (False, "no answer")
    assert (await bench.call("GET", "/healthz", token=None))[0] == 200


@pytest.mark.parametrize("path", ["/readyz", "/health"])
async def test_ready_or_503_with_the_failing_parts(path: str, bench: WebBench) -> None:
    status, answer = await bench.call("GET", path, token=None)
    assert (status, answer["status"], answer["failing"]) == (200, "ready", [])
    bench.checks["prices"] = (False, "BTC/USD is STALE")
    status, answer = await bench.call("GET", path, token=None)
    assert (status, answer["failing"]) == (503, ["prices"])
    assert answer["parts"]["prices"] == {"ok": False, "detail": "BTC/USD is STALE"}
    assert answer["parts"]["postgres"]["ok"] is True


async def test_metrics_count_requests_by_route_and_not_by_address(bench: WebBench) -> None:
    for number in range(3):
        await bench.call("GET", f"/api/v1/orders/{number + 10**6}")
    await bench.call("GET", "/nothing/here")
    async with bench.client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    assert 'vanta_http_requests_total{route="/api/v1/orders/{id}",status="404"} 3.0' in text
    assert 'vanta_http_requests_total{route="unmatched",status="404"} 1.0' in text
    assert len(re.findall(r"^# TYPE vanta_", text, re.MULTILINE)) >= 10


async def test_status_names_everything_and_no_account(bench: WebBench) -> None:
    await bench.open()
    bench.clock.advance(1_500_000_000)
    status, answer = await bench.call("GET", "/status", token=None)
    assert status == 200
    assert answer["mode"] == "DRY"
    assert answer["core"]["build"] in ("release", "debug")
    assert answer["uptime_s"] == "1.5"
    assert answer["counts"] == {"users": 2, "open_positions": 1}
    assert [m["symbol"] for m in answer["markets"]] == ["BTC/USD", "ETH/USD", "SOL/USD"]
    assert set(answer["parts"]) == {"postgres", "prices"}
    assert answer["tasks"] == {"feed": {"running": True}}
    _, full = await bench.call("GET", "/api/v1/status")
    assert full["tasks"] == {"feed": {"running": True, "last_error": "OSError: dsn"}}
    assert TOKEN not in json.dumps(answer)
    assert "equity" not in json.dumps(answer)


async def test_status_does_not_wait_for_a_store_that_hangs(
    bench: WebBench, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "CHECK_TIMEOUT_S", 0.1)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE positions")
        async with asyncio.timeout(5):
            status, answer = await bench.call("GET", "/status", token=None)
    assert (status, answer["counts"]) == (200, {})


async def test_landing_page_is_self_contained(bench: WebBench) -> None:
    async with bench.client.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "default-src 'none'" in policy
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//(?!127\.0\.0\.1)", page)
    for link in ("/status", "/readyz", "/metrics", "http://127.0.0.1:8081/"):
        assert f'href="{link}"' in page
    assert "SIMULATED" in page
    assert "BTC/USD" in page
    assert "61,240.0" in page
    assert TOKEN not in page


async def test_foreign_host_is_refused_where_we_listen_on_loopback(bench: WebBench) -> None:
    for path in ("/", "/status", "/metrics", "/api/v1/positions"):
        status, answer = await bench.call("GET", path, headers={"Host": "evil.example"})
        assert (status, answer["error"]["field"]) == (403, "Host")
    # Probes come by whatever name the orchestrator knows.
    assert (await bench.call("GET", "/healthz", headers={"Host": "pod-1"}))[0] == 200


async def test_any_host_where_we_listen_to_the_world(pool: Pool, clock: ManualClock) -> None:
    async with web_bench(pool, clock, host="0.0.0.0") as bench:
        status, _ = await bench.call("GET", "/api/v1/positions", headers={"Host": "vanta.example"})
        assert status == 200


async def test_errors_are_json_with_codes_and_no_traces(bench: WebBench) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("POST", "/healthz", 405),
        ("GET", "/broken", 500),
        ("GET", "/%00", 404),
        ("GET", "/..%2f..%2fetc/passwd", 404),
    ):
        got, answer = await bench.call(method, path)
        assert got == status, path
        assert answer["error"]["code"].startswith("E-")
        assert "secret detail" not in json.dumps(answer)
        assert re.fullmatch(r"[0-9a-f]{16}", answer["trace_id"])


async def test_trace_id_is_taken_over_when_it_looks_like_one(bench: WebBench) -> None:
    for given, taken in (("0123456789abcdef", True), ("x" * 16, False), ("<script>", False)):
        async with bench.client.get("/healthz", headers={"X-Trace-Id": given}) as response:
            assert (response.headers["X-Trace-Id"] == given) is taken


async def test_security_headers(bench: WebBench) -> None:
    async with bench.client.get("/status") as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_token_with_bytes_that_are_no_text(bench: WebBench) -> None:
    server = bench.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"GET /api/v1/risk HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Authorization: Bearer \xff\xfe\x80\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 401 ")
