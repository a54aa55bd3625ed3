"""Limits of users, versioned: a version is never changed once it is written."""

from typing import Final

import msgspec

from vanta.domain.policy import Policy
from vanta.store import text
from vanta.store.pool import Conn, Pool


class Policies:
    """The newest version counts; a user without one has the defaults as version 0."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _CURRENT: Final = """
        SELECT version, limits FROM policies WHERE user_id = $1 ORDER BY version DESC LIMIT 1
    """

    async def current(self, user_id: int) -> tuple[int, Policy]:
        """Return the version in force and its limits."""
        row = await self._pool.fetchrow(self._CURRENT, user_id)
        return (0, Policy()) if row is None else (row["version"], _policy(row["limits"]))

    _ALL_CURRENT: Final = """
        SELECT DISTINCT ON (user_id) user_id, limits FROM policies
        ORDER BY user_id, version DESC
    """

    async def all_current(self) -> dict[int, Policy]:
        """Return the limits in force by user; users with the defaults are not in it."""
        rows = await self._pool.fetch(self._ALL_CURRENT)
        return {row["user_id"]: _policy(row["limits"]) for row in rows}

    # Locking the user makes two changes at once two versions, not one error.
    _LOCK: Final = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE"
    _SET: Final = """
        INSERT INTO policies (user_id, version, limits, set_by, at_ns)
        SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4 FROM policies WHERE user_id = $1
        RETURNING version
    """

    async def set(self, user_id: int, policy: Policy, now_ns: int, by: str) -> int:
        """Write the next version and return its number."""
        async with self._pool.acquire() as conn, conn.transaction():
            await self.lock(conn, user_id)
            return await self.put(conn, user_id, policy, now_ns, by)

    async def lock(self, conn: Conn, user_id: int) -> tuple[int, Policy]:
        """Return what `current` does, and keep others from changing it until the end."""
        await conn.execute(self._LOCK, user_id)
        row = await conn.fetchrow(self._CURRENT, user_id)
        return (0, Policy()) if row is None else (row["version"], _policy(row["limits"]))

    async def put(self, conn: Conn, user_id: int, policy: Policy, now_ns: int, by: str) -> int:
        """Write the next version of locked limits and return its number."""
        who = text.prose(by, limit=text.ACTOR_LIMIT)
        version: int = await conn.fetchval(self._SET, user_id, text.json_bytes(policy), who, now_ns)
        return version


def _policy(raw: bytes) -> Policy:
    return msgspec.json.decode(raw, type=Policy)
