"""The providers' keys in memory: the door asks the database in the background, not per signal."""

import asyncio
from typing import Final

import asyncpg

from vanta import logs
from vanta.store.providers import ProviderKey, Providers
from vanta.supervise import beat

log = logs.get(__name__)

DATABASE_AWAY: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a line that the server ended while it lay in the pool
)
"""What a statement raises when the server or the way to it is gone; timeouts are OSErrors."""


class KeyBook:
    """All keys by id, re-read every `interval_s`: a revoked key works at most that much longer."""

    def __init__(self, providers: Providers, *, interval_s: float = 1.0) -> None:
        self._providers = providers
        self._interval_s = interval_s
        self._keys: dict[str, ProviderKey] = {}

    def find(self, key_id: str) -> ProviderKey | None:
        """Return the key, also a revoked one, or None."""
        return self._keys.get(key_id)

    async def refresh(self) -> None:
        """Read all keys. A failing read leaves the known ones as they are and raises."""
        self._keys = {key.key_id: key for key in await self._providers.all_keys()}

    async def run(self) -> None:
        """Refresh for ever; while the database is away the known keys stay."""
        failing = False
        while True:
            beat()
            try:
                await self.refresh()
                failing = False
            except DATABASE_AWAY as error:
                if not failing:
                    log.warning("door.keys_not_refreshed", error=type(error).__name__)
                failing = True
            await asyncio.sleep(self._interval_s)
