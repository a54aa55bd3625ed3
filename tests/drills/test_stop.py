"""Stops of a whole instance: under load, by file, across kill -9, with its servers gone."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from tests.drills.test_servers_lost import child_named
from tests.e2e.instance import Instance, open_signal

WITHIN_S = 30.0


async def metric(http: aiohttp.ClientSession, instance: Instance, name: str) -> float:
    async with http.get(f"{instance.ready['http_url']}/metrics") as response:
        for line in (await response.text()).splitlines():
            if line.startswith(f"{name} "):
                return float(line.partition(" ")[2])
    raise AssertionError(f"no metric {name}")


async def until(http: aiohttp.ClientSession, instance: Instance, name: str, value: float) -> None:
    give_up = time.monotonic() + WITHIN_S
    while await metric(http, instance, name) != value:
        assert time.monotonic() < give_up, f"{name} did not become {value}"
        await asyncio.sleep(0.05)


def trade(instance: Instance, *words: str) -> str:
    """Open or close by hand; return the order's state, or the codes of the refusal."""
    order = instance.cli_json("trade", *words)["order"]
    codes = ",".join(reason["code"] for reason in order["verdict"]["reasons"])
    return codes or str(order["state"])


def open_trade(instance: Instance) -> str:
    return trade(instance, "open", "BTC", "long", "--collateral", "100", "--leverage", "3")


async def test_a_stop_in_the_middle_of_a_load_and_its_resume(
    start: Callable[..., Instance],
) -> None:
    """No signal is taken after the stop, no open of before fills after it, closes go on."""
    instance = start("--seed", "7")
    assert open_trade(instance) == "FILLED"
    async with aiohttp.ClientSession() as http:
        statuses: dict[int, int] = {}

        async def send(number: int) -> None:
            body = open_signal(collateral="50", leverage="2")
            statuses[number], _ = await instance.send(http, f"sig_stop_{number:05}", body)

        load = [asyncio.create_task(send(number)) for number in range(150)]
        stop = instance.home / "STOP"
        while len(statuses) < 20:
            await asyncio.sleep(0)
        stop.write_text("opens\ndrill")
        await until(http, instance, "vanta_stop_level", 1)
        stopped_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        await asyncio.gather(*load, *(send(number) for number in range(150, 170)))
        assert {statuses[number] for number in range(150, 170)} == {503}
        assert set(statuses.values()) <= {202, 503}
        orders = instance.cli_json("orders", "--limit", "200")["orders"]
        filled = [order["updated_at"] for order in orders if order["state"] == "FILLED"]
        assert filled
        assert max(filled) <= stopped_at
        assert "E-STOPPED" in open_trade(instance)  # the load has used up the rate besides
        assert trade(instance, "close", "1") == "FILLED"
        done = instance.cli("emergency-resume")
        assert done.returncode == 0, done.stderr
        await until(http, instance, "vanta_stop_level", 0)
        assert await metric(http, instance, "vanta_mode_live") == 0
    assert "E-STOPPED" not in open_trade(instance)


async def test_a_stop_by_command_survives_kill(start: Callable[..., Instance]) -> None:
    operator = {"SUPER_ADMIN_IDS": "7"}
    instance = start("--seed", "7", **operator)
    done = instance.cli("admin", "emergency_stop", "all", "drill", "--yes")
    assert done.returncode == 5
    assert "E-STEPUP" in done.stderr  # closing would be blocked: a proof first
    done = instance.cli("admin", "emergency_stop", "drill", "--yes")
    assert done.returncode == 0, done.stderr
    assert open_trade(instance) == "E-STOPPED"
    instance.kill()
    again = start("--seed", "7", **operator)
    assert open_trade(again) == "E-STOPPED"
    async with aiohttp.ClientSession() as http:
        assert (await again.send(http, "sig_stop_00001", open_signal()))[0] == 503
        assert await metric(http, again, "vanta_stop_level") == 1


async def test_the_file_stops_with_redis_and_postgres_gone(
    start: Callable[..., Instance],
) -> None:
    """Both servers are killed; the file is obeyed all the same, also by a later start."""
    instance = start("--seed", "7")
    async with aiohttp.ClientSession() as http:
        for server in ("redis", "postgres"):
            os.kill(child_named(instance, server), signal.SIGKILL)
        stopping = await asyncio.to_thread(instance.cli, "emergency-stop", "--all")
        assert stopping.returncode == 0, stopping.stderr
        await until(http, instance, "vanta_stop_level", 2)
        instance.kill()
        again = start("--seed", "7")
        assert await metric(http, again, "vanta_stop_level") == 2
        assert open_trade(again) == "E-STOPPED"


async def flush(instance: Instance) -> None:
    folder = Path((instance.home / "sockets").read_text())
    client = Redis(unix_socket_path=str(folder / "r" / "r.sock"))
    try:
        await client.flushall()
    finally:
        await client.aclose()


async def why_dry(http: aiohttp.ClientSession, instance: Instance) -> str:
    """Ask as the operator what keeps everything in DRY."""
    token = json.loads((instance.home / "instance.json").read_text())["token"]
    async with http.post(
        f"{instance.ready['http_url']}/api/v1/commands/mode",
        json={"args": [], "token": "", "word": ""},
        headers={"Authorization": f"Bearer {token}"},
    ) as response:
        return str((await response.json())["data"]["why"])


async def test_the_mode_follows_redis(start: Callable[..., Instance]) -> None:
    """Paused, killed or flushed: unhealthy with the first failed read, healthy after three."""
    instance = start("--seed", "7")
    async with aiohttp.ClientSession() as http:

        async def becomes(*, healthy: bool) -> None:
            give_up = time.monotonic() + WITHIN_S
            while ("Redis is not healthy" in (why := await why_dry(http, instance))) is healthy:
                assert time.monotonic() < give_up, why
                await asyncio.sleep(0.05)

        await becomes(healthy=True)
        for end in (signal.SIGCONT, signal.SIGKILL):
            # Held first: one that is killed is started again perhaps before anybody has read.
            server = child_named(instance, "redis")
            os.kill(server, signal.SIGSTOP)
            await becomes(healthy=False)
            os.kill(server, end)
            await becomes(healthy=True)
            assert await asyncio.to_thread(open_trade, instance) == "FILLED"
        await flush(instance)
        assert await metric(http, instance, "vanta_redis_healthy") == 1
        assert "Redis" not in await why_dry(http, instance)
    assert open_trade(instance) == "FILLED"
