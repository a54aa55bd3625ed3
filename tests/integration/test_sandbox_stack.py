"""The embedded servers in ordinary life: durable, alone on their home, deaf to the environment.

Each start here has the disk settings a newcomer gets.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.sandbox_kit import alive, query, words, write
from vanta.domain.errors import ConfigError
from vanta.sandbox.stack import Stack


async def test_data_outlives_a_restart(open_folder: Path) -> None:
    for round_ in range(2):
        async with Stack(open_folder / "h") as stack:
            await write(stack, f"w{round_}")
            pids = stack.pids
        assert not any(alive(pid) for pid in pids if pid)
    async with Stack(open_folder / "h") as stack:
        assert await words(stack) == (["w0", "w1"], [b"w0", b"w1"])


async def test_fresh_starts_over(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
        await write(stack, "old")
    async with Stack(open_folder / "h", fresh=True) as stack:
        assert await query(stack.postgres_dsn, "SELECT to_regclass('kept')") is None
        async with Redis.from_url(stack.redis_url) as redis:
            assert await redis.dbsize() == 0


async def test_the_database_is_set_to_keep_what_it_acknowledged(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
        }.items():
            assert await query(stack.postgres_dsn, f"SHOW {setting}") == value
        async with Redis.from_url(stack.redis_url) as redis:
            assert (await redis.config_get("append*"))["appendfsync"] == "everysec"
            assert (await redis.config_get("port"))["port"] == "0"


async def test_two_instances_never_share_a_home(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
        await write(stack, "mine")
        with pytest.raises(ConfigError, match="in use by another Vanta"):
            await Stack(open_folder / "h", fresh=True).start()
        assert (await words(stack))[0] == ["mine"]
        async with Stack(open_folder / "other"):
            pass


async def test_a_path_may_hold_spaces_and_signs(open_folder: Path) -> None:
    home = open_folder / "Application Support" / "v{a}n't ä%20"
    for _ in range(2):
        async with Stack(home) as stack:
            await write(stack, "w")
    async with Stack(home) as stack:
        assert await words(stack) == (["w", "w"], [b"w", b"w"])


async def test_nothing_of_the_environment_reaches_a_server_or_its_client(open_folder: Path) -> None:
    odd = {
        "PGHOST": "example.invalid",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGPASSWORD": "x",
        "PGDATABASE": "none",
        "PGDATA": "/nonexistent",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/nonexistent",
        "PGSSLNEGOTIATION": "direct",
        "PGTARGETSESSIONATTRS": "standby",
        "PGSERVICE": "none",
        "PGPASSFILE": "/nonexistent",
        "PGOPTIONS": "-c fsync=off",
        "PGTZ": "Asia/Tokyo",
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Asia/Tokyo",
        "TMPDIR": "/nonexistent",
    }
    code = (
        "import asyncio, sys, asyncpg; from pathlib import Path\n"
        "from vanta.sandbox.stack import Stack; from vanta.store.migrate import migrate\n"
        "async def main():\n"
        "    async with Stack(Path(sys.argv[1])) as stack:\n"
        "        await migrate(stack.postgres_dsn)\n"
        "        conn = await asyncpg.connect(stack.postgres_dsn)\n"
        "        print(await conn.fetchval('SHOW timezone'), await conn.fetchval('SHOW fsync'))\n"
        "        await conn.close()\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(open_folder / "h")],
        env={**os.environ, **odd},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["UTC", "on"], "")


async def test_a_server_that_will_not_start_shows_its_own_words(open_folder: Path) -> None:
    async with Stack(open_folder / "h"):
        pass
    with (open_folder / "h" / "data" / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(ConfigError, match="no_such_setting"):
        await Stack(open_folder / "h").start()


async def test_a_cluster_of_another_version_is_said_and_the_home_given_back(
    open_folder: Path,
) -> None:
    async with Stack(open_folder / "h"):
        pass
    version = open_folder / "h" / "data" / "postgres" / "PG_VERSION"
    made_by = version.read_text()
    for text, words_ in (("9\n", "made by Postgres 9, installed is"), ("9.6\n", "not a cluster")):
        version.write_text(text)
        with pytest.raises(ConfigError, match=words_):
            await Stack(open_folder / "h").start()
    version.write_text(made_by)
    async with Stack(open_folder / "h"):
        pass
