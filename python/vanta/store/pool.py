"""The connection pool, and how values travel."""

from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:  # asyncpg's classes take parameters in its stubs only
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Conn: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Conn = asyncpg.Connection | PoolConnectionProxy
Row: TypeAlias = asyncpg.Record

AWAY: Final = (
    OSError,  # timeouts too
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a line that the server ended while it lay in the pool
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""Raised when the server or the way to it is gone: nobody knows whether a write happened."""

_JSONB_VERSION: Final = b"\x01"  # first byte of jsonb's binary form
CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 30.0


async def open_pool(dsn: str, *, role: str = "", min_size: int = 2, max_size: int = 10) -> Pool:
    """Open a pool whose `jsonb` values are bytes of JSON, both ways.

    Its connections act as `role` from their first statement on and after each release; empty means
    as the login. The caller closes it. Raises what asyncpg raises when the server is not there.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=_init,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={"role": role} if role else None,
    )


async def _init(conn: Conn) -> None:
    # msgspec decodes bytes straight into structs, so text never exists in between.
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_JSONB_VERSION.__add__,
        decoder=lambda data: data[1:],
        format="binary",
    )
