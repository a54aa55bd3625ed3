"""Helpers for the tests of the embedded servers."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from vanta.sandbox.stack import Stack

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root runs servers as another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel signals on Linux only")

# Starts a stack, says the pids, then waits to be killed.
HOLDER = """
import asyncio, sys
from pathlib import Path
from vanta.sandbox.stack import Stack

async def main():
    async with Stack(Path(sys.argv[1])) as stack:
        print(*stack.pids, stack.postgres_dsn, stack.redis_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def query(dsn: str, sql: str, *args: object) -> object:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(sql, *args)
    finally:
        await conn.close()


async def write(stack: Stack, word: str) -> None:
    await query(stack.postgres_dsn, "CREATE TABLE IF NOT EXISTS kept (word text)")
    await query(stack.postgres_dsn, "INSERT INTO kept VALUES ($1)", word)
    async with Redis.from_url(stack.redis_url) as redis:
        await redis.rpush("kept", word)


async def words(stack: Stack) -> tuple[object, list[bytes]]:
    found = await query(stack.postgres_dsn, "SELECT array_agg(word) FROM kept")
    async with Redis.from_url(stack.redis_url) as redis:
        return found, await redis.lrange("kept", 0, -1)


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"  # a zombie is dead, only not yet collected


def hold(home: Path, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )


def answer(holder: "subprocess.Popen[str]") -> tuple[list[int], str, str]:
    assert holder.stdout is not None
    one, two, dsn, url = holder.stdout.readline().split()
    return [int(one), int(two)], dsn, url
