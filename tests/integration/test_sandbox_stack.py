"""The embedded servers: durable, alone on their home, and gone when we are gone.

Each start here has the disk settings a newcomer gets.
"""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.conftest import roomy_memory
from vanta.domain.errors import ConfigError
from vanta.sandbox import process
from vanta.sandbox.home import Home, traversable
from vanta.sandbox.postgres import EmbeddedPostgres
from vanta.sandbox.redis import EmbeddedRedis
from vanta.sandbox.stack import Stack
from vanta.store.pool import open_pool
from vanta.store.redis import open_redis

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


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder everybody may pass through, as /home or /srv are."""
    with tempfile.TemporaryDirectory(prefix="vanta-test-", dir=roomy_memory() or "/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


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


async def test_data_outlives_a_restart(base: Path) -> None:
    for round_ in range(2):
        async with Stack(base / "h") as stack:
            await write(stack, f"w{round_}")
            pids = stack.pids
        assert not any(alive(pid) for pid in pids if pid)
    async with Stack(base / "h") as stack:
        assert await words(stack) == (["w0", "w1"], [b"w0", b"w1"])


async def test_fresh_starts_over(base: Path) -> None:
    async with Stack(base / "h") as stack:
        await write(stack, "old")
    async with Stack(base / "h", fresh=True) as stack:
        assert await query(stack.postgres_dsn, "SELECT to_regclass('kept')") is None
        async with Redis.from_url(stack.redis_url) as redis:
            assert await redis.dbsize() == 0


async def test_the_database_is_set_to_keep_what_it_acknowledged(base: Path) -> None:
    async with Stack(base / "h") as stack:
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


async def test_two_instances_never_share_a_home(base: Path) -> None:
    async with Stack(base / "h") as stack:
        await write(stack, "mine")
        with pytest.raises(ConfigError, match="in use by another Vanta"):
            await Stack(base / "h", fresh=True).start()
        assert (await words(stack))[0] == ["mine"]
        async with Stack(base / "other"):
            pass


async def test_a_path_may_hold_spaces_and_signs(base: Path) -> None:
    home = base / "Application Support" / "v{a}n't ä%20"
    for _ in range(2):
        async with Stack(home) as stack:
            await write(stack, "w")
    async with Stack(home) as stack:
        assert await words(stack) == (["w", "w"], [b"w", b"w"])


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


@on_linux
async def test_a_killed_parent_leaves_no_orphan_and_loses_nothing(base: Path) -> None:
    with hold(base / "h") as holder:
        pids, dsn, url = answer(holder)
        await query(dsn, "CREATE TABLE kept (word text)")
        await query(dsn, "INSERT INTO kept VALUES ('before')")
        async with Redis.from_url(url) as redis:
            await redis.rpush("kept", "before")
        holder.kill()
        holder.wait()
        # At once, while the old servers may still be going down.
        async with Stack(base / "h") as stack:
            assert await words(stack) == (["before"], [b"before"])
            assert not any(alive(pid) for pid in pids)


@on_linux
async def test_a_server_killed_with_its_parent_comes_back_with_all_it_acknowledged(
    base: Path,
) -> None:
    with hold(base / "h") as holder:
        pids, dsn, _ = answer(holder)
        await query(dsn, "CREATE TABLE kept (word text)")
        await query(dsn, "INSERT INTO kept VALUES ('before')")
        for pid in (pids[0], holder.pid):  # Postgres first: it gets no chance to tidy up
            os.kill(pid, signal.SIGKILL)
        holder.wait()
    async with Stack(base / "h") as stack:
        assert await query(stack.postgres_dsn, "SELECT word FROM kept") == "before"


async def test_nothing_of_the_environment_reaches_a_server_or_its_client(base: Path) -> None:
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
        [sys.executable, "-c", code, str(base / "h")],
        env={**os.environ, **odd},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["UTC", "on"], "")


def as_postgres_user(command: list[str], cwd: Path) -> "subprocess.Popen[bytes]":
    user = 65534 if ROOT else None
    return subprocess.Popen(
        command, user=user, group=user, extra_groups=[] if ROOT else None, cwd=cwd
    )


async def expect_spared(base: Path, pid: int) -> None:
    """Name `pid` in both pid files; the next start must work and leave that process alone."""
    data = base / "h" / "data"
    (data / "postgres" / "postmaster.pid").write_text(
        f"{pid}\n{data / 'postgres'}\n1\n5432\n\n\n\nready\n"
    )
    (data / "redis" / "redis.pid").write_text(f"{pid}\n")
    async with Stack(base / "h") as stack:
        await write(stack, "w")
    assert alive(pid)


@pytest.mark.parametrize("inside", [False, True], ids=["elsewhere", "standing in the data"])
async def test_a_pid_file_that_names_a_stranger_is_no_obstacle(base: Path, inside: bool) -> None:
    async with Stack(base / "h"):
        pass
    cwd = base / "h" / "data" / "postgres" if inside else Path("/")
    with as_postgres_user(["sleep", "100"], cwd) as stranger:
        try:
            await expect_spared(base, stranger.pid)
        finally:
            stranger.kill()


async def test_another_cluster_of_ours_is_a_stranger_too(base: Path) -> None:
    async with Stack(base / "h"):
        pass
    async with Stack(base / "other") as other:
        for pid in other.pids:
            assert pid is not None
            await expect_spared(base, pid)


@pytest.mark.parametrize("text", ["", "\n", "what\nis\nthis", "99999999\n/nowhere\n"])
async def test_a_broken_pid_file_is_no_obstacle(base: Path, text: str) -> None:
    async with Stack(base / "h"):
        pass
    data = base / "h" / "data"
    (data / "postgres" / "postmaster.pid").write_text(text)
    (data / "redis" / "redis.pid").write_text(text)
    async with Stack(base / "h") as stack:
        await write(stack, "w")


async def test_a_left_over_postgres_is_ended_before_a_new_one_starts(base: Path) -> None:
    old = EmbeddedPostgres(base / "pg", base / "s1")
    dsn = await old.start()
    await query(dsn, "CREATE TABLE kept (word text)")
    old_pid = old.pid
    new = EmbeddedPostgres(base / "pg", base / "s2")
    dsn = await new.start()
    try:
        assert await query(dsn, "SELECT count(*) FROM kept") == 0
        assert old_pid is not None
        assert not alive(old_pid)
    finally:
        await new.stop()
        await old.stop()


async def test_a_left_over_redis_is_ended_before_a_new_one_starts(base: Path) -> None:
    (base / "r").mkdir()
    old = EmbeddedRedis(base / "r", base / "s1")
    async with Redis.from_url(await old.start()) as redis:
        await redis.set("kept", "w")
    old_pid = old.pid
    new = EmbeddedRedis(base / "r", base / "s2")
    async with Redis.from_url(await new.start()) as redis:
        assert await redis.get("kept") == b"w"
    assert old_pid is not None
    assert not alive(old_pid)
    await new.stop()
    await old.stop()


async def test_a_server_that_will_not_start_shows_its_own_words(base: Path) -> None:
    async with Stack(base / "h"):
        pass
    with (base / "h" / "data" / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(ConfigError, match="no_such_setting"):
        await Stack(base / "h").start()


async def test_a_server_that_dies_is_brought_back_under_the_same_address(base: Path) -> None:
    async with Stack(base / "h") as stack:
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


async def test_clients_go_on_after_a_restart_of_their_servers(base: Path) -> None:
    stack = Stack(base / "h")
    async with stack:
        pool = await open_pool(stack.postgres_dsn, min_size=3, max_size=3)
        redis = await open_redis(stack.redis_url)
        await redis.set("k", "v")
        for server in stack.servers:
            await server.stop()
            await server.start()
        found = await asyncio.gather(*(pool.fetchval("SELECT 7") for _ in range(6)))
        assert found == [7] * 6
        assert await redis.get("k") == b"v"
        await pool.close()
        await redis.aclose()


async def test_a_cut_off_redis_log_is_no_obstacle(base: Path) -> None:
    async with Stack(base / "h") as stack:
        await write(stack, "w")
    with (base / "h" / "data" / "redis" / "appendonly.aof").open("ab") as log:
        log.write(b"*3\r\n$5\r\nRPUSH\r\n$4\r\nke")
    async with Stack(base / "h") as stack:
        assert await words(stack) == (["w"], [b"w"])


async def test_a_cluster_of_another_version_is_said_and_the_home_given_back(base: Path) -> None:
    async with Stack(base / "h"):
        pass
    version = base / "h" / "data" / "postgres" / "PG_VERSION"
    made_by = version.read_text()
    for text, words_ in (("9\n", "made by Postgres 9, installed is"), ("9.6\n", "not a cluster")):
        version.write_text(text)
        with pytest.raises(ConfigError, match=words_):
            await Stack(base / "h").start()
    version.write_text(made_by)
    async with Stack(base / "h"):
        pass


async def test_a_start_killed_while_making_the_cluster_is_taken_up_again(base: Path) -> None:
    half = base / "h" / "data" / "postgres.new-abc"
    home = Home(base / "h")
    home.lock()
    home.folder("redis")
    home.unlock()
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with Stack(base / "h") as stack:
        await write(stack, "w")
    assert not half.exists()


async def test_starting_under_ctrl_c_leaves_nothing_behind(base: Path) -> None:
    stack = Stack(base / "h")
    starting = asyncio.ensure_future(stack.start())
    await process.until(lambda: stack.pids != (None, None), timeout_s=30)
    pids = [pid for pid in stack.pids if pid]
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(alive(pid) for pid in pids)
    async with Stack(base / "h"):
        pass


@as_root
async def test_root_behind_a_closed_parent_keeps_its_data_elsewhere(
    tmp_path: Path, base: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not traversable(closed)

    def home() -> Home:
        return Home(closed / "h", elsewhere=base / "e")

    async with Stack(home()) as stack:
        await write(stack, "w")
    async with Stack(home()) as stack:
        assert await words(stack) == (["w"], [b"w"])
    async with Stack(home(), fresh=True) as stack:
        assert await query(stack.postgres_dsn, "SELECT to_regclass('kept')") is None
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
async def test_programs_reached_through_a_closed_link_are_run_all_the_same(
    tmp_path: Path, base: Path
) -> None:
    # As when a closed folder links to a virtual environment that is open.
    (tmp_path / "packages").symlink_to(Path(asyncpg.__file__).parent.parent)
    assert not traversable(tmp_path)
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(tmp_path / 'packages')!r})\n"
        "from vanta.sandbox.stack import Stack\n"
        "async def main():\n"
        "    async with Stack(Path(sys.argv[1])) as stack: print(stack.pids)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(base / "h")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@as_root
async def test_root_never_runs_postgres_as_root(base: Path) -> None:
    async with Stack(base / "h") as stack:
        status = Path(f"/proc/{stack.pids[0]}/status").read_text()
        owner = await query(stack.postgres_dsn, "SELECT current_setting('unix_socket_directories')")
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert uids == ["65534"] * 4
    groups = next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:]
    assert groups == []
    assert str(owner).startswith("/tmp/vanta-")


# The interpreter may live in a folder closed to others: import first, then change the user.
ORDINARY = """
import asyncio, getpass, os, sys, encodings.idna
from pathlib import Path
import asyncpg.pool, redis.asyncio
from vanta.sandbox import binaries
from vanta.sandbox.stack import Stack

user = int(sys.argv[3])
os.setgroups([]); os.setgid(user); os.setuid(user)

async def main():
    home = Path(sys.argv[1])
    for _ in range(2):
        async with Stack(home) as stack:
            conn = await asyncpg.connect(stack.postgres_dsn)
            await conn.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
            await conn.execute("INSERT INTO kept VALUES ('w')")
            print(await conn.fetchval("SELECT count(*) FROM kept"), stack.pids[0], flush=True)
            await conn.close()
            owner = Path(f"/proc/{stack.pids[0]}").stat().st_uid
            assert owner == user, owner
    if sys.argv[2] == "hold":
        async with Stack(home) as stack:
            print(*stack.pids, flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@as_root
async def test_an_ordinary_user_runs_them_as_itself(base: Path) -> None:
    home = base / "h"
    home.mkdir()
    someone = pwd.getpwnam("daemon").pw_uid  # initdb wants a user that has a name
    os.chown(home, someone, someone)
    with subprocess.Popen(
        [sys.executable, "-c", ORDINARY, str(home), "hold", str(someone)],
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline().split()[:1] == ["1"]
        assert user.stdout.readline().split()[:1] == ["2"]
        pids = [int(pid) for pid in user.stdout.readline().split()]
        assert all(alive(pid) for pid in pids)
        # After setuid the kernel forgets a parent-death signal; ours is set later.
        user.kill()
        user.wait()
    assert await process.until(lambda: not any(alive(pid) for pid in pids), timeout_s=30)
    # Root takes such a home over without changing whose data it is, and tidies up after it.
    left = Path((home / "sockets").read_text())
    assert left.is_dir()
    async with Stack(home) as stack:
        assert await query(stack.postgres_dsn, "SELECT count(*) FROM kept") == 2
        assert Path(f"/proc/{stack.pids[0]}").stat().st_uid == someone
        assert not left.exists()


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
