"""Both servers together, on one home, up in parallel and down in order."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.sandbox.home import Home
from vanta.sandbox.postgres import EmbeddedPostgres, dsn_at
from vanta.sandbox.redis import EmbeddedRedis

_WATCH_S: Final = 0.2
_PG: Final = "p"


def running_postgres(home: Home) -> str | None:
    """Return the address of the database that the instance of a home runs; None without one."""
    sockets = home.sockets()
    return None if sockets is None else dsn_at(sockets / _PG)


class Stack:
    """Embedded Postgres and Redis of one home.

    Enter it from the main thread: servers die with the thread that started them. `fresh` wipes
    the data of the home first. Raises `ConfigError` when another instance has the home, and when
    the home cannot be used.
    """

    def __init__(
        self,
        home: Path | Home,
        fresh: bool = False,  # as `--fresh` reads at the call
        *,
        postgres_options: dict[str, str] | None = None,
    ) -> None:
        self.home = home if isinstance(home, Home) else Home(home)
        self.postgres_dsn = ""
        self.redis_url = ""
        self._fresh = fresh
        self._options = postgres_options
        self._servers: tuple[EmbeddedPostgres, EmbeddedRedis] | None = None

    @property
    def pids(self) -> tuple[int | None, int | None]:
        """Return the process ids of Postgres and Redis."""
        if self._servers is None:
            return (None, None)
        return (self._servers[0].pid, self._servers[1].pid)

    @property
    def servers(self) -> tuple[EmbeddedPostgres | EmbeddedRedis, ...]:
        """Return the servers while they run: drills stop and start them one by one."""
        return self._servers or ()

    async def start(self) -> None:
        """Lock the home and start both servers."""
        self.home.lock()
        try:
            if self._fresh:
                # A server of a killed run may still be writing into what is to be wiped.
                for server in self._make(self.home.path):
                    await server.clear_leftover()
                self.home.wipe()
            sockets = self.home.socket_folder()
            servers = self._servers = self._make(sockets)
            async with asyncio.TaskGroup() as group:
                dsn = group.create_task(servers[0].start())
                url = group.create_task(servers[1].start())
            self.postgres_dsn, self.redis_url = dsn.result(), url.result()
        except BaseException as error:
            await self.stop()
            if isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            if isinstance(error, OSError):  # no space, no permission, read-only ...
                raise ConfigError(f"cannot use {self.home.path}: {error}") from error
            raise error from None

    async def watch(self) -> None:
        """Start a server again that ended without being told to; run it for ever, as a task.

        Addresses stay the same. Raises `ConfigError` when a server does not come back.
        """
        while True:
            await asyncio.sleep(_WATCH_S)
            for server in self.servers:
                if server.has_died():
                    await server.start()

    def _make(self, sockets: Path) -> tuple[EmbeddedPostgres, EmbeddedRedis]:
        # A folder each: Postgres runs as another user when we are root.
        return (
            EmbeddedPostgres(self.home.postgres_folder(), sockets / _PG, options=self._options),
            EmbeddedRedis(self.home.folder("redis"), sockets / "r"),
        )

    async def stop(self) -> None:
        """Stop both servers and give the home back; a second call does nothing."""
        try:
            if self._servers is not None:
                servers, self._servers = self._servers, None
                async with asyncio.TaskGroup() as group:
                    for server in servers:
                        group.create_task(server.stop())
                self.home.remove_sockets()
        finally:
            self.home.unlock()

    async def __aenter__(self) -> "Stack":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
