"""The embedded servers under root, and under an ordinary user."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.integration.sandbox_kit import alive, as_root, query, words, write
from vanta.sandbox import process
from vanta.sandbox.home import Home, traversable
from vanta.sandbox.stack import Stack


@as_root
async def test_root_behind_a_closed_parent_keeps_its_data_elsewhere(
    tmp_path: Path, open_folder: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not traversable(closed)

    def home() -> Home:
        return Home(closed / "h", elsewhere=open_folder / "e")

    async with Stack(home()) as stack:
        await write(stack, "w")
    async with Stack(home()) as stack:
        assert await words(stack) == (["w"], [b"w"])
    async with Stack(home(), fresh=True) as stack:
        assert await query(stack.postgres_dsn, "SELECT to_regclass('kept')") is None
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
async def test_programs_reached_through_a_closed_link_are_run_all_the_same(
    tmp_path: Path, open_folder: Path
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
        [sys.executable, "-c", code, str(open_folder / "h")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@as_root
async def test_root_never_runs_postgres_as_root(open_folder: Path) -> None:
    async with Stack(open_folder / "h") as stack:
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


NO_RIGHTS = """
import asyncio, os, sys, encodings.idna
from pathlib import Path
import asyncpg.pool, redis.asyncio
from vanta.domain.errors import ConfigError
from vanta.sandbox.stack import Stack

os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    asyncio.run(Stack(Path(sys.argv[1])).start())
except ConfigError as error:
    print(error)
"""


@as_root
@pytest.mark.parametrize("closed", ["h", "h/lock", "h/data", "h/data/redis"])
async def test_a_home_that_is_somebody_elses_is_said_in_words(
    open_folder: Path, closed: str
) -> None:
    for name in ("h", "h/lock", "h/data", "h/data/made-by-vanta", "h/data/redis"):
        path = open_folder / name
        if path.suffix or name.endswith(("lock", "made-by-vanta")):
            path.write_text("")
        else:
            path.mkdir()
        os.chown(path, *((0, 0) if name == closed else (65534, 65534)))
        path.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-c", NO_RIGHTS, str(open_folder / "h")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert "cannot" in done.stdout
    assert str(open_folder) in done.stdout


@as_root
async def test_an_ordinary_user_runs_them_as_itself(open_folder: Path) -> None:
    home = open_folder / "h"
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
