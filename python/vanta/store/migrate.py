"""Bring a database to the newest revision, once, whoever asks first.

Most starts find the database at head: that path is one query and imports neither Alembic nor
SQLAlchemy. Several processes may start at the same time; an advisory lock lets one of them work.
"""

from pathlib import Path
from typing import Final

import asyncpg

from vanta.domain.errors import ConfigError
from vanta.store import app_role
from vanta.store.pool import Conn

FOLDER: Final = Path(__file__).parent / "migrations"
REVISIONS: Final = tuple(sorted(p.name[:4] for p in FOLDER.glob("versions/[0-9]*_*.py")))
HEAD: Final = REVISIONS[-1]
LOCK: Final = 7_711_001  # any number, the same in every version
MONTHS_AHEAD: Final = 3

_CURRENT = "SELECT version_num FROM alembic_version"
# The server's clock is good enough here: a partition made a little early or late changes nothing.
_PARTITIONS = "SELECT make_month_partitions((extract(epoch FROM now()) * 1000000000)::bigint, $1)"


async def migrate(dsn: str) -> str:
    """Migrate to head under an advisory lock and make the coming month partitions.

    Needs a direct connection (a pooler that shares sessions cannot hold the lock), as the owner of
    the tables. Returns the revision the database is at. Raises `ConfigError` when the database is
    newer than this program.
    """
    conn = await asyncpg.connect(dsn)
    try:
        if await _revision(conn) != HEAD or not await app_role.usable(conn):
            await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
            try:
                if await _revision(conn) != HEAD:
                    await _upgrade(dsn)
                await app_role.provide(conn)  # to tables just made, or of a restored database
            finally:
                await conn.execute("SELECT pg_advisory_unlock($1)", LOCK)
        await conn.execute(_PARTITIONS, MONTHS_AHEAD)
    finally:
        await conn.close()
    return HEAD


async def _revision(conn: Conn) -> str | None:
    try:
        current: str | None = await conn.fetchval(_CURRENT)
    except asyncpg.UndefinedTableError:
        return None
    if current is not None and current not in REVISIONS:
        raise ConfigError(
            f"the database is at revision {current}, this program knows up to {HEAD}: "
            "run the newer program, or restore a backup of the older database"
        )
    return current


async def _upgrade(dsn: str) -> None:
    # Imported here: together they cost more than the rest of a warm start.
    from alembic import command  # noqa: PLC0415  # see above
    from alembic.config import Config  # noqa: PLC0415  # see above
    from sqlalchemy import Connection, pool  # noqa: PLC0415  # see above
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415  # see above

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async def connect() -> Conn:
        return await asyncpg.connect(dsn)  # the DSN as asyncpg reads it, not SQLAlchemy's dialect

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()
