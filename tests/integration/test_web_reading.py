"""GET endpoints: one's own only, exact figures, proper refusals."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.web_desk import WebBench, web_bench
from vanta.store.pool import Pool


@pytest.fixture
async def bench(pool: Pool, clock: ManualClock) -> AsyncIterator[WebBench]:
    async with web_bench(pool, clock) as opened:
        yield opened


PATHS = ["positions", "orders", "pnl", "risk", "markets", "prices", "quotes", "status"]


async def test_every_endpoint_needs_the_token(bench: WebBench) -> None:
    for path in PATHS:
        assert (await bench.call("GET", f"/api/v1/{path}"))[0] == 200, path
        for token in (None, "", "wrong", "operator-token-of-the-testz"):
            status, answer = await bench.call("GET", f"/api/v1/{path}", token=token)
            assert (status, answer["error"]["code"]) == (401, "E-AUTH"), path


async def test_unknown_addresses_below_the_api_need_the_token_too(bench: WebBench) -> None:
    assert (await bench.call("GET", "/api/v1/nothing", token=None))[0] == 401
    assert (await bench.call("GET", "/api/v1/nothing"))[0] == 404
    assert (await bench.call("GET", "/api/v1/trades"))[0] == 405


async def test_positions_at_the_mark(bench: WebBench) -> None:
    _, opened = await bench.open(leverage="25", tp="63000")
    bench.clock.advance(10**9)
    bench.desk.price(61_852_4000000000)  # 1 % up
    status, answer = await bench.call("GET", "/api/v1/positions")
    assert status == 200
    [position] = answer["positions"]
    assert position["id"] == opened["position"]["id"]
    assert position["notional"] == "2500"
    assert position["mark"] == "61852.4"
    assert position["pnl"] == "25"
    assert position["pnl_ratio"] == "0.25"
    assert position["take_profit"] == "63000"
    assert position["stop_loss"] is None
    assert position["protected_by"] == "Vanta buffer"


async def test_a_stale_price_is_no_mark(bench: WebBench) -> None:
    await bench.open()
    bench.clock.advance(60 * 10**9)
    _, answer = await bench.call("GET", "/api/v1/positions")
    [position] = answer["positions"]
    assert position["quality"] == "STALE"
    assert (position["mark"], position["pnl"], position["liquidation_distance"]) == (None,) * 3


async def test_others_positions_and_orders_do_not_exist(bench: WebBench) -> None:
    _, opened = await bench.open(user=bench.other.id)
    order, position = opened["order"]["id"], opened["position"]["id"]
    for path in (f"orders/{order}", f"positions/{position}"):
        assert (await bench.call("GET", f"/api/v1/{path}"))[0] == 404
        assert (await bench.call("GET", f"/api/v1/{path}", user=bench.other.id))[0] == 200
    assert (await bench.call("GET", "/api/v1/positions"))[1]["positions"] == []
    assert (await bench.call("GET", "/api/v1/orders"))[1]["orders"] == []


async def test_user_header(bench: WebBench) -> None:
    assert (await bench.call("GET", "/api/v1/risk"))[1]["user_id"] == bench.trader.id
    answer = await bench.call("GET", "/api/v1/risk", user=bench.other.id)
    assert answer[1]["user_id"] == bench.other.id
    assert (await bench.call("GET", "/api/v1/risk", user=999_999))[0] == 404
    assert (await bench.call("GET", "/api/v1/risk", user=2**31))[0] == 404
    assert (await bench.call("GET", "/api/v1/risk", user=10**18 - 1))[0] == 404
    for text in ("me", "-1", "1.0", "", "9" * 30, "1 OR 1=1"):
        assert (await bench.call("GET", "/api/v1/risk", user=text))[0] == 422


async def test_ids_no_row_could_have(bench: WebBench) -> None:
    for path in ("orders", "positions"):
        for number in (0, 2**31, 2**63 - 1, 2**63, 10**18 - 1):
            status, _ = await bench.call("GET", f"/api/v1/{path}/{number}")
            assert status in (404, 422), (path, number)


async def test_why_tells_the_whole_life(bench: WebBench) -> None:
    _, opened = await bench.open()
    status, answer = await bench.call("GET", f"/api/v1/orders/{opened['order']['id']}")
    assert status == 200
    assert [event["state"] for event in answer["events"]] == ["CREATED", "FILLED"]
    assert answer["order"]["intent"]["trace_id"] == opened["trace_id"]
    [fill] = answer["fills"]
    assert fill["price"] == "61240"
    assert fill["fee"] == "0.6"
    assert fill["tx_hash"].startswith("0x")


async def test_why_of_a_refusal_keeps_its_reasons(bench: WebBench) -> None:
    bench.desk.outcome = "refuse"
    _, refused = await bench.open()
    _, answer = await bench.call("GET", f"/api/v1/orders/{refused['order']['id']}")
    assert answer["order"]["verdict"] == refused["order"]["verdict"]
    assert answer["fills"] == []


async def test_orders_newest_first_and_limited(bench: WebBench) -> None:
    for _ in range(3):
        await bench.open()
    _, answer = await bench.call("GET", "/api/v1/orders?limit=2")
    ids = [order["id"] for order in answer["orders"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 2
    for limit in ("0", "201", "x", "-1", "1e1", ""):
        status, wrong = await bench.call("GET", f"/api/v1/orders?limit={limit}")
        assert (status, wrong["error"]["field"]) == (422, "limit")


async def test_pnl_per_day(bench: WebBench) -> None:
    await bench.day(-12_345_678)
    _, answer = await bench.call("GET", "/api/v1/pnl")
    assert answer["days"] == [
        {"day": "2026-09-21", "realised": "-12.345678", "fees": "0.6", "fills": 2}
    ]
    assert answer["deposited"] == "10000"
    assert answer["equity"] == "10000"


async def test_risk_says_what_is_left(bench: WebBench) -> None:
    _, answer = await bench.call("GET", "/api/v1/risk")
    assert answer["mode"] == "DRY"
    limits = {row["key"]: row for row in answer["limits"]}
    opens = limits["opens_per_minute"]
    assert (opens["used"], opens["limit"], opens["left"]) == ("0", "5", "5")
    assert limits["max_daily_loss_pct"]["limit"] == "0.2"
    assert limits["max_leverage"]["limit"] == "50"


async def test_prices(bench: WebBench) -> None:
    _, every = await bench.call("GET", "/api/v1/prices")
    assert [p["symbol"] for p in every["prices"]] == ["BTC/USD", "ETH/USD", "SOL/USD"]
    _, some = await bench.call("GET", "/api/v1/prices?symbol=sol&symbol=BTC/USD")
    assert [p["symbol"] for p in some["prices"]] == ["SOL/USD", "BTC/USD"]
    status, one = await bench.call("GET", "/api/v1/prices/btc-usd")
    assert status == 200
    assert one["price"]["price"] == "61240"
    assert one["price"]["quality"] == "GOOD"
    assert one["price"]["opens"] is True
    assert one["price"]["sources_used"] == ["alpha", "beta", "gamma"]
    assert (await bench.call("GET", "/api/v1/prices/BTC%2FUSD"))[0] == 200
    for path in ("prices/BCT", "prices?symbol=BCT", "prices/%00", "prices/%E2%82%BF"):
        status, answer = await bench.call("GET", f"/api/v1/{path}")
        assert (status, answer["error"]["code"]) == (404, "E-SYM")
    many = "&".join(["symbol=BTC"] * 51)
    assert (await bench.call("GET", f"/api/v1/prices?{many}"))[0] == 422


async def test_signal_is_told_through_the_describer(bench: WebBench) -> None:
    bench.described = {"signal_id": "sig_00000001", "status": "decided"}
    assert await bench.call("GET", "/api/v1/signals/7/sig_00000001") == (200, bench.described)
    assert (await bench.call("GET", "/api/v1/signals/8/sig_00000001"))[0] == 404
    assert (await bench.call("GET", "/api/v1/signals/7/%00"))[0] == 404
    assert (await bench.call("GET", "/api/v1/signals/x/sig_00000001"))[0] == 422
