"""The providers' keys in memory: the door asks the database in the background, not per signal."""

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from vanta import logs

if TYPE_CHECKING:
    from vanta.store.providers import Providers

log = logs.get(__name__)

DATABASE_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a statement raises when the server or the way to it is gone; timeouts are OSErrors."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A signing key as the door needs it: every live secret, and whether it may still be used."""

    key_id: str
    provider_id: int
    secrets: tuple[bytes, ...]
    revoked: bool
    suspended: bool

    def __repr__(self) -> str:
        return f"Key({self.key_id!r}, provider_id={self.provider_id})"


class KeyBook:
    """All keys by id, re-read every `interval_s`: a revoked key works at most that much longer."""

    def __init__(self, providers: "Providers", *, interval_s: float = 1.0) -> None:
        self._providers = providers
        self._interval_s = interval_s
        self._keys: dict[str, Key] = {}

    def find(self, key_id: str) -> Key | None:
        """Return the key, also a revoked one, or None."""
        return self._keys.get(key_id)

    async def refresh(self) -> None:
        """Read all keys. A failing read leaves the known ones as they are and raises."""
        self._keys = {
            row.key_id: Key(
                key_id=row.key_id,
                provider_id=row.provider_id,
                secrets=tuple(row.secrets),
                revoked=row.revoked,
                suspended=row.suspended,
            )
            for row in await self._providers.all_keys()
        }

    async def run(self) -> None:
        """Refresh for ever; while the database is away the known keys stay."""
        failing = False
        while True:
            try:
                await self.refresh()
                failing = False
            except DATABASE_AWAY as error:
                if not failing:
                    log.warning("door.keys_not_refreshed", error=type(error).__name__)
                failing = True
            await asyncio.sleep(self._interval_s)
