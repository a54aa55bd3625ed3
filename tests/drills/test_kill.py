"""Kill -9 at each durable step of a signal's way: after a restart exactly one fill."""

import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest

from tests.e2e.instance import Instance, open_signal
from vanta.crashpoints import NAMES

SETTLED_WITHIN_S = 30.0


def fills_of(instance: Instance) -> list[dict]:
    return [o for o in instance.cli_json("orders")["orders"] if o["state"] == "FILLED"]


def wait_for_fill(instance: Instance) -> list[dict]:
    """Poll until something is filled; the fill must not take longer than the bound."""
    give_up = time.monotonic() + SETTLED_WITHIN_S
    while not (filled := fills_of(instance)):
        assert time.monotonic() < give_up, "no fill after the restart"
        time.sleep(0.1)
    return filled


@pytest.mark.parametrize("point", sorted(NAMES))
async def test_killed_at(point: str, start: Callable[..., Instance]) -> None:
    instance = start("--seed", "7", VANTA_CRASH_POINT=point)
    async with aiohttp.ClientSession() as http:
        try:
            status, _ = await instance.send(http, "sig_drill_0001", open_signal())
            assert status == 202
        except aiohttp.ClientError:
            pass  # died before the answer: the provider would retry, so does this test below
    await asyncio.to_thread(instance.wait_dead)

    again = start("--seed", "7")
    async with aiohttp.ClientSession() as http:
        status, _ = await again.send(http, "sig_drill_0001", open_signal())
        assert status == 200, "the first delivery was durable before the crash"
    filled = wait_for_fill(again)
    assert len(filled) == 1
    positions = again.cli_json("positions")["positions"]
    assert len(positions) == 1
    assert positions[0]["collateral"] == "100"


async def test_a_committed_position_survives_kill(start: Callable[..., Instance]) -> None:
    instance = start("--seed", "7")
    opened = instance.cli_json(
        "trade", "open", "ETH", "short", "--collateral", "50", "--leverage", "4"
    )
    assert opened["order"]["state"] == "FILLED"
    before = instance.cli_json("positions")["positions"]
    instance.kill()
    again = start("--seed", "7")
    after = again.cli_json("positions")["positions"]
    fixed = ("id", "market", "side", "entry", "collateral", "leverage", "liquidation")
    assert [{k: p[k] for k in fixed} for p in after] == [{k: p[k] for k in fixed} for p in before]
    assert again.cli_json("trade", "close", str(after[0]["id"]))["order"]["state"] == "FILLED"
    assert again.cli_json("positions")["positions"] == []
