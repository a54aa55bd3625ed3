"""The right to trade on a database: one engine at a time.

Two engines on one database would each check limits against a memory that the other makes stale.
So an engine holds an advisory lock on a connection of its own: the server gives it back the moment
that connection ends, and a killed process leaves nothing to clean up. A row tells whose the lock
was last; by it an engine that lost its connection knows whether another one has traded since.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from vanta import logs
from vanta.domain.errors import ConfigError
from vanta.domain.ports import Clock
from vanta.store.pool import AWAY, CONNECT_TIMEOUT_S, Conn
from vanta.supervise import beat

_log = logs.get(__name__)

LOCK: Final = 7_711_003  # any number, the same in every version
TAKE_WITHIN_S: Final = 3.0  # the session of a process killed just now may need a moment to end
TRY_EVERY_S: Final = 0.2
CHECK_EVERY_S: Final = 1.0
CHECK_TIMEOUT_S: Final = 5.0

# Over a network the server is to notice within half a minute that our machine is gone.
_KEEPALIVES: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class Claim:
    """This process's right to trade on one database.

    Needs a direct connection: a pooler that shares sessions cannot hold the lock.
    """

    def __init__(
        self,
        dsn: str,
        *,
        clock: Clock,
        on_lost: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._dsn = dsn
        self._clock = clock
        self._on_lost = on_lost
        self._sleep = sleep
        self._token = secrets.token_hex(16)
        self._conn: asyncpg.Connection[asyncpg.Record] | None = None
        self.lost_to = ""  # who has the database now; then this process must end

    def is_held(self) -> bool:
        """Tell whether new risk may be taken: the connection with the lock stands."""
        return self._conn is not None and not self._conn.is_closed()

    async def take(self) -> None:
        """Take the database. Raises `ConfigError` when another engine has it."""
        conn = await self._connect()
        try:
            await self._lock(conn)
            await conn.execute(
                self._NOTE,
                self._token,
                f"pid {os.getpid()} on {socket.gethostname()}"[:128],
                self._clock.now_ns(),
            )
        except BaseException:
            conn.terminate()
            raise
        self._conn = conn

    async def keep(self) -> None:
        """Watch over the lock and take it again after a lost connection; run it for ever.

        When another engine has had the database meanwhile, what this process remembers is worth
        nothing: it calls `on_lost`, once, and never holds the claim again.
        """
        while not self.lost_to:
            await self._sleep(CHECK_EVERY_S)
            beat()
            try:
                await self._check()
            except (*AWAY, asyncpg.PostgresError) as error:
                if self._conn is not None:
                    _log.warning("claim.connection_lost", error=type(error).__name__)
                self._drop()
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Give the database back."""
        self._drop()

    def check(self) -> None:
        """Raise `ConfigError` when the claim went to another engine."""
        if self.lost_to:
            raise ConfigError(_taken(self.lost_to))

    async def _check(self) -> None:
        if self.is_held() and self._conn is not None:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._still_ours(self._conn)
            return
        self._drop()
        conn = await self._connect()
        try:
            locked = await self._try_lock(conn)
            # Not locked, and still noted as ours: the server has not yet noticed that our former
            # session is gone. It will.
            if await self._still_ours(conn) and locked:
                self._conn = conn
                _log.info("claim.regained")
        finally:
            if self._conn is not conn:
                conn.terminate()

    async def _still_ours(self, conn: Conn) -> bool:
        token, owner = await conn.fetchrow(self._OWNER) or ("", "nobody known")
        if token == self._token:
            return True
        self.lost_to = owner
        self._drop()
        _log.error("claim.lost", to=owner)
        self._on_lost()
        return False

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=CHECK_TIMEOUT_S,
            server_settings=_KEEPALIVES,
        )

    _TRY: Final = "SELECT pg_try_advisory_lock($1)"
    _OWNER: Final = "SELECT value, set_by FROM controls WHERE key = 'engine'"
    _NOTE: Final = """
        INSERT INTO controls (key, value, set_by, at_ns) VALUES ('engine', $1, $2, $3)
        ON CONFLICT (key) DO UPDATE SET
            value = excluded.value, set_by = excluded.set_by, at_ns = excluded.at_ns
    """

    async def _lock(self, conn: Conn) -> None:
        for _ in range(round(TAKE_WITHIN_S / TRY_EVERY_S)):
            if await self._try_lock(conn):
                return
            await self._sleep(TRY_EVERY_S)
        raise ConfigError(_taken(await self._owner(conn)))

    async def _try_lock(self, conn: Conn) -> bool:
        got: bool = await conn.fetchval(self._TRY, LOCK)
        return got

    async def _owner(self, conn: Conn) -> str:
        row = await conn.fetchrow(self._OWNER)
        return "nobody known" if row is None else str(row["set_by"])

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None


def _taken(owner: str) -> str:
    return (
        f"another Vanta ({owner}) trades on this database: stop it, "
        "or set VANTA_POSTGRES_DSN to a database of its own"
    )
