"""Fixtures shared by all tests: recorded data, and real Postgres and Redis of our own."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from vanta.sandbox.stack import Stack
from vanta.store.app_role import ROLE
from vanta.store.migrate import migrate
from vanta.store.pool import Pool, open_pool
from vanta.store.redis import redis_client

REPO = Path(__file__).resolve().parent.parent
TEMPLATE = "vanta_template"
T = TypeVar("T")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Recorded market data, never part of the repository."""
    path = Path(os.environ.get("VANTA_DATA_DIR", REPO.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"recorded data not found at {path}; set VANTA_DATA_DIR")
    return path


class Servers(NamedTuple):
    """Addresses of the session's servers; `postgres_dsn` has the database's name open."""

    postgres_dsn: str
    redis_url: str

    def dsn(self, database: str) -> str:
        return self.postgres_dsn.replace("@/postgres?", f"@/{database}?")


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, leaving no trace for the loops of the tests."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One Postgres and one Redis for the whole session, the database template migrated."""
    # Not below pytest's own folder: that is closed to the user Postgres runs as under root.
    home = Path(tempfile.mkdtemp(prefix="vanta-test-", dir=roomy_memory() or "/tmp"))
    home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    # Nothing here outlives the session, so nothing has to reach the disk.
    stack = Stack(home, postgres_options={"fsync": "off", "full_page_writes": "off"})
    run_apart(stack.start())
    try:
        found = Servers(stack.postgres_dsn, stack.redis_url)
        run_apart(_make_template(found))
        yield found
    finally:
        run_apart(stack.stop())
        shutil.rmtree(home)


def roomy_memory() -> str | None:
    """Tell where a file system in memory is: there a new database costs a tenth of the time."""
    place = Path("/dev/shm")
    if not place.is_dir() or shutil.disk_usage(place).free < 2**30:
        return None
    return str(place)


async def _make_template(servers: Servers) -> None:
    await _command(servers, f"CREATE DATABASE {TEMPLATE}")
    await migrate(servers.dsn(TEMPLATE))


async def _command(servers: Servers, sql: str) -> None:
    conn = await asyncpg.connect(servers.postgres_dsn)
    try:
        await conn.execute(sql)
    finally:
        await conn.close()


@pytest.fixture
async def empty_dsn(servers: Servers) -> AsyncIterator[str]:
    """Address of a database without any table, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    await _command(servers, f"CREATE DATABASE {name}")
    yield servers.dsn(name)
    await _command(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_dsn(servers: Servers) -> AsyncIterator[str]:
    """Address of a clean, migrated database of this test alone, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    await _command(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield servers.dsn(name)
    await _command(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[Pool]:
    """Pool on a clean, migrated database of this test alone."""
    # As the process does: with the rights of its role, which are not the owner's.
    opened = await open_pool(database_dsn, role=ROLE, min_size=1, max_size=10)
    yield opened
    await opened.close()


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """Address of the session's Redis; use the `redis` fixture for an empty one."""
    return servers.redis_url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Client of an empty Redis."""
    client = redis_client(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder everybody may pass through, as below /home or /srv; pytest's own is closed."""
    with tempfile.TemporaryDirectory(prefix="vanta-test-", dir=roomy_memory() or "/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def clock() -> ManualClock:
    """Time that moves only when told to."""
    return ManualClock()
