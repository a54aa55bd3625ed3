"""Key work of an operator beside a running Vanta: on its database, with its source of keys."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from vanta.clock import SystemClock
from vanta.domain.errors import ConfigError, NotRunningError
from vanta.keys.configured import MISSING, configured_source, sandbox_key
from vanta.keys.keeper import KeyKeeper
from vanta.keys.rotation import Rotated, Rotation
from vanta.keys.source import FileKeys, KeySource
from vanta.keys.verification import Verified, verify
from vanta.metrics import Metrics
from vanta.sandbox.home import Home
from vanta.sandbox.stack import running_postgres
from vanta.settings import Settings
from vanta.store.pool import Pool, open_pool
from vanta.store.sealed import SealedBox

ACTOR = "operator"


async def rotate_keys(settings: Settings, tell: Callable[[int, int], None]) -> Rotated:
    """Move every sealed row to a new key. Raises `ConfigError`, `NotRunningError`."""
    async with _opened(settings) as (pool, keeper):
        clock = SystemClock()
        return await Rotation(pool=pool, keeper=keeper, clock=clock, tell=tell).run()


async def verify_keys(settings: Settings) -> Verified:
    """Open every sealed row. Raises `ConfigError`, `NotRunningError`."""
    async with _opened(settings) as (pool, keeper):
        return await verify(pool, keeper)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Pool, KeyKeeper]]:
    source = _source(settings)
    try:
        pool = await open_pool(_dsn(settings), min_size=1, max_size=3)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        # Drivers put addresses and sometimes passwords into their texts: only the kind is told.
        raise ConfigError(
            f"the database does not answer ({type(error).__name__}): check VANTA_POSTGRES_DSN"
        ) from None
    try:
        keeper = KeyKeeper(
            pool=pool, source=source, box=SealedBox(Metrics()), clock=SystemClock(), actor=ACTOR
        )
        await keeper.open(register=False)
        yield pool, keeper
    except asyncpg.UndefinedTableError:
        raise ConfigError(
            "this database has no keys yet: start this version of Vanta on it once"
        ) from None
    finally:
        await pool.close()


def _source(settings: Settings) -> KeySource:
    if (source := configured_source(settings)) is not None:
        return source
    path = sandbox_key(settings.home)
    if settings.postgres_dsn is None and path.exists():
        return FileKeys(path, name="the sandbox's master key")
    raise ConfigError(MISSING)


def _dsn(settings: Settings) -> str:
    if settings.postgres_dsn is not None:
        return settings.postgres_dsn.reveal()
    if (found := running_postgres(Home(settings.home))) is None:
        raise NotRunningError(
            "No database: VANTA_POSTGRES_DSN is not set, and none runs with the home "
            f"{settings.home}. Start one with `make run` or `vanta demo`."
        )
    return found
