"""The embedded servers after everything that can be killed was killed."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.integration.sandbox_kit import ROOT, alive, answer, hold, on_linux, query, words, write
from vanta.sandbox import process
from vanta.sandbox.home import Home
from vanta.sandbox.postgres import EmbeddedPostgres
from vanta.sandbox.redis import EmbeddedRedis
from vanta.sandbox.stack import Stack
from vanta.store.pool import open_pool
from vanta.store.redis import redis_client


@on_linux
async def test_a_killed_parent_leaves_no_orphan_and_loses_nothing(open_folder: Path) -> None:
    with hold(open_folder / "h") as holder:
        pids, dsn, url = answer(holder)
        await query(dsn, "CREATE TABLE kept (word text)")
        await query(dsn, "INSERT INTO kept VALUES ('before')")
        async with Redis.from_url(url) as redis:
            await redis.rpush("kept", "before")
        holder.kill()
        holder.wait()
        # At once, while the old servers may still be going down.
        async with Stack(open_folder / "h") as stack:
            assert await words(stack) == (["before"], [b"before"])
            assert not any(alive(pid) for pid in pids)


@on_linux
async def test_a_server_killed_with_its_parent_comes_back_with_all_it_acknowledged(
    open_folder: Path,
) -> None:
    with hold(open_folder / "h") as holder:
        pids, dsn, _ = answer(holder)
        await query(dsn, "CREATE TABLE kept (word text)")
        await query(dsn, "INSERT INTO kept VALUES ('before')")
        for pid in (pids[0], holder.pid):  # Postgres first: it gets no chance to tidy up
            os.kill(pid, signal.SIGKILL)
        holder.wait()
    async with Stack(open_folder / "h") as stack:
        assert await query(stack.postgres_dsn, "SELECT word FROM kept") == "before"


def as_postgres_user(command: list[str], cwd: Path) -> "subprocess.Popen[bytes]":
    user = 65534 if ROOT else None
    return subprocess.Popen(
        command, user=user, group=user, extra_groups=[] if ROOT else None, cwd=cwd
    )


async def expect_spared(open_folder: Path, pid: int) -> None:
    """Name `pid` in both pid files; the next start must work and leave that process alone."""
    data = open_folder / "h" / "data"
    (data / "postgres" / "postmaster.pid").write_text(
        f"{pid}\n{data / 'postgres'}\n1\n5432\n\n\n\nready\n"
    )
    (data / "redis" / "redis.pid").write_text(f"{pid}\n")
    async with Stack(open_folder / "h") as stack:
        await write(stack, "w")
    assert alive(pid)


@pytest.mark.parametrize("inside", [False, True], ids=["elsewhere", "standing in the data"])
async def test_a_pid_file_that_names_a_stranger_is_no_obstacle(
    open_folder: Path, inside: bool
) -> None:
    async with Stack(open_folder / "h"):
        pass
    cwd = open_folder / "h" / "data" / "postgres" if inside else Path("/")
    with as_postgres_user(["sleep", "100"], cwd) as stranger:
        try:
            await expect_spared(open_folder, stranger.pid)
        finally:
            stranger.kill()


async def test_another_cluster_of_ours_is_a_stranger_too(open_folder: Path) -> None:
    async with Stack(open_folder / "h"):
        pass
    async with Stack(open_folder / "other") as other:
        for pid in other.pids:
            assert pid is not None
            await expect_spared(open_folder, pid)


@pytest.mark.parametrize("text", ["", "\n", "what\nis\nthis", "99999999\n/nowhere\n"])
async def test_a_broken_pid_file_is_no_obstacle(open_folder: Path, text: str) -> None:
    async with Stack(open_folder / "h"):
        pass
    data = open_folder / "h" / "data"
    (data / "postgres" / "postmaster.pid").write_text(text)
    (data / "redis" / "redis.pid").write_text(text)
    async with Stack(open_folder / "h") as stack:
        await write(stack, "w")


async def test_a_left_over_postgres_is_ended_before_a_new_one_starts(open_folder: Path) -> None:
    old = EmbeddedPostgres(open_folder / "pg", open_folder / "s1")
    dsn = await old.start()
    await query(dsn, "CREATE TABLE kept (word text)")
    old_pid = old.pid
    new = EmbeddedPostgres(open_folder / "pg", open_folder / "s2")
    dsn = await new.start()
    try:
        assert await query(dsn, "SELECT count(*) FROM kept") == 0
        assert old_pid is not None
        assert not alive(old_pid)
    finally:
        await new.stop()
        await old.stop()


async def test_a_left_over_redis_is_ended_before_a_new_one_starts(open_folder: Path) -> None:
    (open_folder / "r").mkdir()
    old = EmbeddedRedis(open_folder / "r", open_folder / "s1")
    async with Redis.from_url(await old.start()) as redis:
        await redis.set("kept", "w")
    old_pid = old.pid
    new = EmbeddedRedis(open_folder / "r", open_folder / "s2")
    async with Redis.from_url(await new.start()) as redis:
        assert await redis.get("kept") == b"w"
    assert old_pid is not None
    assert not alive(old_pid)
    await new.stop()
    await old.stop()


async def test_a_server_that_dies_is_brought_back_under_the_same_address(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
        await write(stack, "w")
        watching = asyncio.ensure_future(stack.watch())
        before = stack.pids
        for pid in before:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        while True:
            try:
                found = await words(stack)
                break
            except (OSError, RedisError, asyncpg.PostgresError):
                await asyncio.sleep(0)
        assert found == (["w"], [b"w"])
        assert not set(before) & set(stack.pids)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching


async def test_clients_go_on_after_a_restart_of_their_servers(open_folder: Path) -> None:
    stack = Stack(open_folder / "h")
    async with stack:
        pool = await open_pool(stack.postgres_dsn, min_size=3, max_size=3)
        redis = redis_client(stack.redis_url)
        await redis.set("k", "v")
        for server in stack.servers:
            await server.stop()
            await server.start()
        found = await asyncio.gather(*(pool.fetchval("SELECT 7") for _ in range(6)))
        assert found == [7] * 6
        assert await redis.get("k") == b"v"
        await pool.close()
        await redis.aclose()


async def test_a_cut_off_redis_log_is_no_obstacle(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
        await write(stack, "w")
    with (open_folder / "h" / "data" / "redis" / "appendonly.aof").open("ab") as log:
        log.write(b"*3\r\n$5\r\nRPUSH\r\n$4\r\nke")
    async with Stack(open_folder / "h") as stack:
        assert await words(stack) == (["w"], [b"w"])


async def test_a_start_killed_while_making_the_cluster_is_taken_up_again(open_folder: Path) -> None:
    half = open_folder / "h" / "data" / "postgres.new-abc"
    home = Home(open_folder / "h")
    home.lock()
    home.folder("redis")
    home.unlock()
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with Stack(open_folder / "h") as stack:
        await write(stack, "w")
    assert not half.exists()


async def test_starting_under_ctrl_c_leaves_nothing_behind(open_folder: Path) -> None:
    stack = Stack(open_folder / "h")
    starting = asyncio.ensure_future(stack.start())
    await process.until(lambda: stack.pids != (None, None), timeout_s=30)
    pids = [pid for pid in stack.pids if pid]
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(alive(pid) for pid in pids)
    async with Stack(open_folder / "h"):
        pass


@on_linux
def test_a_child_born_after_its_parent_died_does_not_start() -> None:
    # The hook belongs to this process; run by a grandchild it finds another parent.
    code = (
        "import os, signal; from vanta.sandbox.process import die_with_parent\n"
        "hook = die_with_parent(signal.SIGKILL)\n"
        "if (child := os.fork()) == 0:\n"
        "    if (grandchild := os.fork()) == 0:\n"
        "        hook(); os._exit(0)\n"
        "    os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
