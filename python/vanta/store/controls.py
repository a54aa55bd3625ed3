"""Switches of the whole system: mode, stops, maintenance."""

from typing import Final

from vanta.store import text
from vanta.store.pool import Pool

VALUE_LIMIT: Final = 1000


class Controls:
    """Values by key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _GET: Final = "SELECT value FROM controls WHERE key = $1"

    async def get(self, key: str) -> str | None:
        """Return a value; None when it was never set."""
        value: str | None = await self._pool.fetchval(self._GET, key)
        return value

    _SET: Final = """
        INSERT INTO controls (key, value, set_by, at_ns) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET
            value = excluded.value, set_by = excluded.set_by, at_ns = excluded.at_ns
    """

    async def set(self, key: str, value: str, by: str, now_ns: int) -> None:
        """Set a value. Raises `InputError` for a key or value that cannot be stored."""
        await self._pool.execute(
            self._SET,
            text.name(key, field="key"),
            text.name(value, field=key, limit=VALUE_LIMIT),
            text.prose(by, limit=text.ACTOR_LIMIT),
            now_ns,
        )

    _ALL: Final = "SELECT key, value FROM controls ORDER BY key"

    async def all(self) -> dict[str, str]:
        """Return every value by key."""
        return {row["key"]: row["value"] for row in await self._pool.fetch(self._ALL)}
