"""A signal from an outside client to a position, and the same one a thousand times."""

import asyncio
import time

import aiohttp

from tests.e2e.instance import Instance, open_signal


async def filled(demo: Instance, http: aiohttp.ClientSession, signal_id: str) -> dict:
    give_up = time.monotonic() + 10
    while True:
        async with http.get(
            f"{demo.ready['signals_url']}/{signal_id}", headers=demo.signed(f"get_{signal_id}", "")
        ) as response:
            told = await response.json()
            assert response.status == 200, told
        if told["stages"].get("filled") or time.monotonic() > give_up:
            return told
        await asyncio.sleep(0.02)


async def test_a_signed_signal_fills_once(demo: Instance) -> None:
    async with aiohttp.ClientSession() as http:
        status, receipt = await demo.send(http, "sig_e2e_0001", open_signal(market="SOL"))
        assert status == 202, receipt
        told = await filled(demo, http, "sig_e2e_0001")
        way = [told["stages"][s] for s in ("received", "verified", "committed", "decided", "sent")]
        assert [*way, told["stages"]["filled"]] == sorted([*way, told["stages"]["filled"]])
        again, repeated = await demo.send(http, "sig_e2e_0001", open_signal(market="SOL"))
        assert again == 200
        assert repeated["signal_id"] == receipt["signal_id"]
        other, _ = await demo.send(http, "sig_e2e_0001", open_signal(market="SOL", leverage="6"))
        assert other == 409
    orders = demo.cli_json("orders")["orders"]
    assert [o["state"] for o in orders if o["intent"]["market"] == "SOL/USD"] == ["FILLED"]


async def test_a_thousand_deliveries_make_one_order(demo: Instance) -> None:
    body = open_signal(market="BNB")
    connector = aiohttp.TCPConnector(limit=50)
    async with aiohttp.ClientSession(connector=connector) as http:
        answers = await asyncio.gather(
            *(demo.send(http, "sig_e2e_1000", body) for _ in range(1000))
        )
        statuses = [status for status, _ in answers]
        assert statuses.count(202) == 1
        assert set(statuses) <= {200, 202, 429}
        await filled(demo, http, "sig_e2e_1000")
    orders = demo.cli_json("orders")["orders"]
    assert [o["state"] for o in orders if o["intent"]["market"] == "BNB/USD"] == ["FILLED"]
    positions = demo.cli_json("positions")["positions"]
    assert [p["collateral"] for p in positions if p["market"] == "BNB/USD"] == ["100"]
