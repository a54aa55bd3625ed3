"""The database goes away, comes back, or loses its word: no receipt for what is not there."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import orjson
import pytest

from tests.conftest import Servers
from tests.fakes.cut_proxy import CutProxy, cut_proxy
from tests.fakes.door import DoorBench, open_door
from tests.fakes.owner import as_owner
from tests.fakes.signals import encode, open_body
from vanta.store.pool import Pool, open_pool
from vanta.webhook.keys import DATABASE_AWAY
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import TRACE_HEADER

ID = "msg_00000001"


class Switch:
    """Turns a database off for everybody, and on again."""

    def __init__(self, servers: Servers, dsn: str, pool: Pool) -> None:
        self._servers = servers
        self._pool = pool
        self._name = dsn.split("@/")[1].split("?", maxsplit=1)[0]

    async def off(self) -> None:
        await self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false")
        await self._run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'"
        )
        # Until the pool has noticed: a statement on a line that is just ending is another story.
        while self._pool.get_idle_size():
            await asyncio.sleep(0)

    async def on(self) -> None:
        await self._run(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")

    async def _run(self, sql: str) -> None:
        conn = await asyncpg.connect(self._servers.postgres_dsn)
        try:
            await conn.execute(sql)
        finally:
            await conn.close()


@pytest.fixture
def switch(servers: Servers, database_dsn: str, pool: Pool) -> Switch:
    return Switch(servers, database_dsn, pool)


@pytest.fixture
async def cutting(database_dsn: str) -> AsyncIterator[tuple[CutProxy, DoorBench]]:
    """A door whose way to the database leads through the proxy."""
    # A short folder: the path of a unix socket has little room.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        async with cut_proxy(database_dsn, Path(folder), marker=ID.encode()) as (proxy, dsn):
            pool = await open_pool(dsn, min_size=1, max_size=4)
            try:
                async with open_door(pool) as bench:
                    yield proxy, bench
            finally:
                await pool.close()


async def test_while_the_database_is_away_nothing_is_acknowledged(
    pool: Pool, switch: Switch
) -> None:
    async with open_door(pool) as bench:
        assert (await bench.send("msg_00000000", open_body()))[0] == 202
        await switch.off()
        replies = await asyncio.gather(
            *(bench.deliver(f"msg_{n:08d}", open_body()) for n in range(1, 21))
        )
        assert {reply.status for reply in replies} == {503}
        for reply in replies:
            assert 1 <= int(dict(reply.headers)["retry-after"]) <= 5
            assert orjson.loads(reply.body)["error"]["code"] == "E-STORE"
        assert (await bench.show(ID))[0] == 503
        await switch.on()
        # No manual step: the same door stores again.
        assert (await bench.send(ID, open_body()))[0] == 202
        assert await bench.stored() == 2
        assert len(bench.sink.keys) == 2


async def test_a_late_repeat_is_not_told_stale_while_nobody_can_look(
    pool: Pool, switch: Switch
) -> None:
    async with open_door(pool) as bench:
        body = open_body(ts=bench.clock.now_ns() // 10**6)
        first = await bench.deliver(ID, body)
        bench.clock.advance(60 * 10**9)
        await switch.off()
        assert (await bench.deliver(ID, body)).status == 503
        await switch.on()
        again = await bench.deliver(ID, body)
        assert (again.status, again.body) == (200, first.body)


async def test_keys_survive_an_outage(pool: Pool, switch: Switch) -> None:
    async with open_door(pool) as bench:
        await switch.off()
        with pytest.raises(DATABASE_AWAY):
            await bench.keys.refresh()
        await switch.on()
        assert (await bench.send(ID, open_body()))[0] == 202


async def test_a_lost_word_of_a_commit_is_asked_for_again(
    cutting: tuple[CutProxy, DoorBench],
) -> None:
    proxy, bench = cutting
    proxy.cuts = 1
    reply = await bench.deliver(ID, open_body())
    assert proxy.cut == 1
    assert reply.status == 202, reply.body
    record = await bench.signals.get(bench.provider_id, ID)
    assert record is not None
    assert record.trace_id == dict(reply.headers)[TRACE_HEADER]
    assert record.deliveries == 2  # the first attempt was durable, the second found it
    assert bench.sink.keys == [(bench.provider_id, ID)]
    assert await bench.stored() == 1


async def test_a_word_lost_twice_is_no_acknowledgement_and_the_retry_gets_the_receipt(
    cutting: tuple[CutProxy, DoorBench],
) -> None:
    proxy, bench = cutting
    proxy.cuts = 2
    reply = await bench.deliver(ID, open_body())
    assert proxy.cut == 2
    assert reply.status == 503
    assert bench.sink.keys == []
    again = await bench.deliver(ID, open_body())
    assert again.status == 200
    record = await bench.signals.get(bench.provider_id, ID)
    assert record is not None
    assert orjson.loads(again.body)["trace_id"] == record.trace_id
    assert await bench.stored() == 1
    # Nobody was told 202: the sweeper finds the row, the engine is not told twice from here.
    assert await bench.signals.undecided(bench.clock.now_ns() + 1, 10) == [(bench.provider_id, ID)]


async def test_copies_sharing_a_batch_with_a_lost_word_still_have_one_winner(
    cutting: tuple[CutProxy, DoorBench],
) -> None:
    proxy, bench = cutting
    proxy.cuts = 1
    replies = await asyncio.gather(*(bench.deliver(ID, open_body()) for _ in range(200)))
    assert Counter(reply.status for reply in replies) == {202: 1, 200: 199}
    assert len({reply.body for reply in replies}) == 1
    assert await bench.stored() == 1


async def test_a_row_the_database_refuses_does_not_take_others_with_it(pool: Pool) -> None:
    async with open_door(pool) as bench:
        await as_owner(
            bench.pool,
            "ALTER TABLE signals ADD CONSTRAINT odd CHECK (signal_id <> 'msg_00000007')",
        )
        replies = await asyncio.gather(
            *(bench.deliver(f"msg_{n:08d}", open_body()) for n in range(20))
        )
        assert Counter(reply.status for reply in replies) == {202: 19, 503: 1}
        assert replies[7].status == 503
        assert await bench.stored() == 19


async def test_a_full_queue_answers_at_once(pool: Pool) -> None:
    async with open_door(pool, DoorLimits(max_pending=5)) as bench:
        replies = await asyncio.gather(
            *(bench.deliver(f"msg_{n:08d}", open_body()) for n in range(40))
        )
        statuses = Counter(reply.status for reply in replies)
        assert set(statuses) == {202, 503}
        assert statuses[202] >= 5
        assert await bench.stored() == statuses[202]


async def test_a_database_that_hangs_is_not_waited_for(
    pool: Pool,
) -> None:
    async with open_door(pool, DoorLimits(commit_timeout_s=0.02)) as bench:
        async with pool.acquire() as conn, conn.transaction():
            # A migration or a backup that holds the table: the door must not wait for it.
            await conn.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
            replies = await asyncio.gather(
                *(bench.deliver(f"msg_{n:08d}", open_body()) for n in range(10))
            )
            assert {reply.status for reply in replies} == {503}
        assert bench.sink.keys == []
        assert await bench.stored() == 0


async def test_closing_tells_those_who_wait(pool: Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
        async with open_door(pool) as bench:
            body = encode(open_body())
            waiting = asyncio.create_task(bench.door.accept(bench.sign(ID, body), body))
            while not await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert waiting.done(), "told when the door closes, not when its patience ends"
        assert (await waiting).status == 503


async def test_draining_waits_for_the_commit_under_way(pool: Pool) -> None:
    async with open_door(pool) as bench:
        sending = [
            asyncio.create_task(bench.deliver(f"msg_{n:08d}", open_body())) for n in range(100)
        ]
        await asyncio.sleep(0)
        await bench.door.drain()
        assert all(task.done() for task in sending)
        assert {(await task).status for task in sending} == {202}
        assert await bench.stored() == 100
        refused = bench.door.refuse_early([], source="10.0.0.1")
        assert refused is not None
        assert refused.status == 503
