"""A server dies under a running instance: nothing acknowledged is lost, and it comes back."""

import asyncio
import contextlib
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


def children_of(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if stat.rpartition(")")[2].split()[1] == str(parent):
                found.append(int(entry.name))
    return found


async def ready_again(http: aiohttp.ClientSession, instance: Instance) -> None:
    give_up = time.monotonic() + BACK_WITHIN_S
    while True:
        async with http.get(f"{instance.ready['http_url']}/readyz") as response:
            if response.status == 200:
                return
            told = await response.text()
        assert time.monotonic() < give_up, told[-400:]
        await asyncio.sleep(0.1)


async def test_postgres_gone_under_load(start: Callable[..., Instance]) -> None:
    """Killed, then restarted as its operator would."""
    instance = start("--seed", "7")
    for how in (signal.SIGKILL, signal.SIGINT):
        await postgres_gone(instance, how)


async def postgres_gone(instance: Instance, how: signal.Signals) -> None:
    async with aiohttp.ClientSession() as http:
        answers: dict[str, int] = {}

        async def provider(number: int) -> None:
            signal_id = f"sig_lost_{how.name}_{number:05}"
            # 202 or 200 is a promise; 503 means: come again.
            status, _ = await instance.send(http, signal_id, open_signal(leverage="2"))
            answers[signal_id] = status

        await provider(0)
        os.kill(child_named(instance, "postgres"), how)
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
        status, _ = await instance.send(http, f"sig_after_{how.name}", open_signal(market="ETH"))
        assert status == 202


async def test_a_postgres_that_hangs_shows_in_each_part_that_waits_for_it(
    start: Callable[..., Instance],
) -> None:
    """It neither answers nor ends a connection: the claim is in doubt, and tasks fall silent."""
    instance = start("--seed", "7")
    server = child_named(instance, "postgres")
    held = [server, *children_of(server)]
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        async with aiohttp.ClientSession() as http:
            expected = {"database", "engine", "tasks"}
            failing: set[str] = set()
            give_up = time.monotonic() + 2 * BACK_WITHIN_S
            while not expected <= failing:
                assert time.monotonic() < give_up, failing
                async with http.get(f"{instance.ready['http_url']}/readyz") as response:
                    told = await response.json()
                    failing = set(told["failing"])
                await asyncio.sleep(0.2)
            assert "silent for" in told["parts"]["tasks"]["detail"]
            assert "redis" not in failing
            status, _ = await instance.send(http, "sig_hangs_00001", open_signal())
            assert status == 503
            for pid in held:
                os.kill(pid, signal.SIGCONT)
            await ready_again(http, instance)
            status, _ = await instance.send(http, "sig_hangs_00001", open_signal())
            assert status in (200, 202)
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


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
