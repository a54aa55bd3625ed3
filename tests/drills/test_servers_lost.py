"""A server dies under a running instance: nothing acknowledged is lost, and it comes back."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from tests.e2e.instance import Instance, open_signal

BACK_WITHIN_S = 30.0


def child_named(instance: Instance, name: str) -> int:
    """Find the server process that our own instance has started."""
    assert instance.process is not None
    parent = str(instance.process.pid)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        comm, rest = stat[stat.index("(") + 1 :].rsplit(")", 1)
        if name in comm and rest.split()[1] == parent:
            return int(entry.name)
    raise AssertionError(f"no {name} under process {parent}")


async def ready_again(http: aiohttp.ClientSession, instance: Instance) -> None:
    give_up = time.monotonic() + BACK_WITHIN_S
    while True:
        async with http.get(f"{instance.ready['http_url']}/readyz") as response:
            if response.status == 200:
                return
            told = await response.text()
        assert time.monotonic() < give_up, told
        await asyncio.sleep(0.1)


async def test_postgres_killed_under_load(start: Callable[..., Instance]) -> None:
    instance = start("--seed", "7")
    async with aiohttp.ClientSession() as http:
        answers: dict[str, int] = {}

        async def provider(number: int) -> None:
            signal_id = f"sig_lost_{number:05}"
            # 202 or 200 is a promise; 503 means: come again.
            status, _ = await instance.send(http, signal_id, open_signal(leverage="2"))
            answers[signal_id] = status

        await provider(0)
        os.kill(child_named(instance, "postgres"), signal.SIGKILL)
        await asyncio.gather(*(provider(n) for n in range(1, 60)))
        assert set(answers.values()) <= {200, 202, 503}
        await ready_again(http, instance)
        for signal_id, status in answers.items():
            async with http.get(
                f"{instance.ready['signals_url']}/{signal_id}",
                headers=instance.signed(f"get_{signal_id}", ""),
            ) as response:
                if status in (200, 202):
                    assert response.status == 200, f"{signal_id} was acknowledged and is gone"
        status, _ = await instance.send(http, "sig_after_0001", open_signal(market="ETH"))
        assert status == 202


async def test_redis_killed_stops_opens_with_a_reason_and_nothing_else(
    start: Callable[..., Instance],
) -> None:
    instance = start("--seed", "7")
    async with aiohttp.ClientSession() as http:
        os.kill(child_named(instance, "redis"), signal.SIGKILL)
        status, _ = await instance.send(http, "sig_noredis_0001", open_signal())
        assert status == 202
        await ready_again(http, instance)
        again, _ = await instance.send(http, "sig_noredis_0001", open_signal())
        assert again == 200
        # Each signal since was answered by an order: opened, or refused for the lost counters.
        give_up = time.monotonic() + BACK_WITHIN_S
        number = 2
        while True:
            status, _ = await instance.send(http, f"sig_noredis_{number:04}", open_signal())
            assert status == 202
            orders = await asyncio.to_thread(lambda: instance.cli_json("orders")["orders"])
            for order in orders:
                if order["state"] == "REFUSED":
                    rules = {reason["rule"] for reason in order["verdict"]["reasons"]}
                    assert rules == {"RATE_COUNTERS"}
            if any(order["state"] == "FILLED" for order in orders):
                return
            assert time.monotonic() < give_up, orders
            number += 1
