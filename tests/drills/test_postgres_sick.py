"""Postgres answers, but not as it should: read-only, disk full, locked, all lines taken.

A full disk is acted by triggers that raise its error code (53100): an ordinary user cannot mount a
small file system for the server.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import asyncpg
import pytest

from tests.drills.test_servers_lost import ready_again
from tests.e2e.instance import Instance, open_signal
from vanta.sandbox.home import Home
from vanta.sandbox.stack import running_postgres

WITHIN_S = 30.0
LOCK_S = 5.0
FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END $$
"""
WRITTEN = ("orders", "signals", "order_events", "fills", "outbox", "audit_log")

Act = Callable[[Any], Awaitable[None]]


async def owner(instance: Instance) -> Any:
    dsn = running_postgres(Home(instance.home))
    assert dsn is not None
    return await asyncpg.connect(dsn, server_settings={"default_transaction_read_only": "off"})


async def read_only(conn: Any) -> None:
    await conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await conn.execute("SELECT pg_reload_conf()")


async def writable(conn: Any) -> None:
    await conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await conn.execute("SELECT pg_reload_conf()")


async def disk_full(conn: Any) -> None:
    await conn.execute(FULL)
    for table in WRITTEN:
        await conn.execute(
            f"CREATE TRIGGER a_full_disk BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )


async def disk_freed(conn: Any) -> None:
    await conn.execute("DROP FUNCTION full_disk CASCADE")


async def opened(http: aiohttp.ClientSession, instance: Instance, key: str) -> tuple[int, Any]:
    """Open by hand over HTTP; return the status and the answer."""
    token = json.loads((instance.home / "instance.json").read_text())["token"]
    async with http.post(
        f"{instance.ready['http_url']}/api/v1/trades",
        json={"market": "ETH", "side": "long", "collateral": "50", "leverage": "3"},
        headers={
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": key,
        },
    ) as response:
        return response.status, await response.json()


class Load:
    """Signals and trades by hand; each answer is held against what is there afterwards."""

    def __init__(self, instance: Instance, http: aiohttp.ClientSession, name: str) -> None:
        self._instance = instance
        self._http = http
        self._name = name
        self.signals: dict[str, int] = {}
        self.trades: dict[str, int] = {}

    async def signal(self, number: int) -> int:
        signal_id = f"sig_{self._name}_{number:04}"
        body = open_signal(leverage="2", collateral="50")
        self.signals[signal_id], _ = await self._instance.send(self._http, signal_id, body)
        return self.signals[signal_id]

    async def trade(self, number: int) -> int:
        key = f"{self._name}-{number}"
        self.trades[key], _ = await opened(self._http, self._instance, key)
        return self.trades[key]

    async def hold(self) -> None:
        """Check: what was promised is there, what was not may be asked again and exists once."""
        for signal_id, status in self.signals.items():
            async with self._http.get(
                f"{self._instance.ready['signals_url']}/{signal_id}",
                headers=self._instance.signed(f"get_{signal_id}", ""),
            ) as response:
                assert (response.status == 200) or status == 503, f"{signal_id} is gone"
        for key in self.trades:
            first, answer = await settled(self._http, self._instance, key)
            # Filled, or refused like any open: six in a minute are more than one may.
            assert first == 200 or answer["error"]["code"] == "E-RATE", answer
            again, other = await settled(self._http, self._instance, key)
            assert (again, other["order"]["id"]) == (first, answer["order"]["id"])


async def settled(http: aiohttp.ClientSession, instance: Instance, key: str) -> tuple[int, Any]:
    """Ask with the same key until there is an answer that stays."""
    give_up = time.monotonic() + WITHIN_S
    while True:
        status, answer = await opened(http, instance, key)
        if status not in (202, 500, 503):
            return status, answer
        assert time.monotonic() < give_up, answer
        await asyncio.sleep(0.2)


async def nothing_left(conn: Any) -> None:
    """Wait until no order is on its way: none was left half written."""
    give_up = time.monotonic() + WITHIN_S
    ask = "SELECT count(*) FROM orders WHERE state IN ('CREATED', 'SENT', 'UNKNOWN')"
    while await conn.fetchval(ask):
        assert time.monotonic() < give_up, "orders were left on their way"
        await asyncio.sleep(0.1)
    twice = "SELECT order_id FROM fills GROUP BY 1 HAVING count(*) > 1"
    assert await conn.fetch(twice) == []


@pytest.mark.parametrize(
    ("sick", "well"), [(read_only, writable), (disk_full, disk_freed)], ids=["read-only", "full"]
)
async def test_a_database_that_takes_no_writes(
    start: Callable[..., Instance], sick: Act, well: Act
) -> None:
    instance = start("--seed", "7")
    conn = await owner(instance)
    async with aiohttp.ClientSession() as http:
        load = Load(instance, http, "sick")
        assert (await load.signal(0), await load.trade(0)) == (202, 200)
        await nothing_left(conn)
        before = await conn.fetchval("SELECT count(*) FROM orders")
        await sick(conn)
        give_up = time.monotonic() + WITHIN_S
        while (await load.signal(1)) != 503:  # new settings reach sessions a moment later
            assert time.monotonic() < give_up
        for number in range(2, 5):
            assert await load.signal(number) == 503
            assert await load.trade(number) == 503
        if sick is read_only:
            async with http.get(f"{instance.ready['http_url']}/readyz") as response:
                told = await response.json()
                assert (response.status, "database" in told["failing"]) == (503, True), told
        assert await conn.fetchval("SELECT count(*) FROM orders") <= before + 1
        await well(conn)
        await ready_again(http, instance)
        await load.hold()
        await nothing_left(conn)
    await conn.close()


@asynccontextmanager
async def locked(conn: Any, tables: str) -> AsyncIterator[None]:
    """Lock all of these tables or none: waiting with half of them could be a deadlock."""
    while True:
        transaction = conn.transaction()
        await transaction.start()
        try:
            await conn.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE NOWAIT")
            break
        except asyncpg.LockNotAvailableError:
            await transaction.rollback()
    try:
        yield
    finally:
        await transaction.rollback()


async def test_locks_that_are_waited_for_and_a_pool_without_a_line(
    start: Callable[..., Instance],
) -> None:
    """For five seconds every statement waits, more of them than the pool has connections."""
    instance = start("--seed", "7")
    conn = await owner(instance)
    async with aiohttp.ClientSession() as http:
        load = Load(instance, http, "lock")
        assert (await load.signal(0), await load.trade(0)) == (202, 200)
        async with locked(conn, "orders, signals, users"):
            asked = [asyncio.create_task(load.signal(n)) for n in range(1, 15)]
            asked += [asyncio.create_task(load.trade(n)) for n in range(1, 15)]
            await asyncio.sleep(LOCK_S)
            assert await conn.fetchval("SELECT count(*) FROM orders") <= 2
        await asyncio.gather(*asked)
        assert set(load.signals.values()) <= {200, 202, 503}
        assert set(load.trades.values()) <= {200, 202, 409, 503}  # 409: six in a minute
        await ready_again(http, instance)
        await load.hold()
        await nothing_left(conn)
    await conn.close()
