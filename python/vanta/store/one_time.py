"""Tokens that work once: for the panel of secrets, and for confirming a command.

The token itself is never stored, only its SHA-256; it is used by deleting its row.
"""

import hashlib
import secrets
from enum import StrEnum
from typing import Final

from vanta.store.pool import Pool

TOKEN_BYTES: Final = 16  # 128 bits


class Purpose(StrEnum):
    """What a token is for; one for the panel confirms nothing."""

    PANEL = "panel"
    CONFIRM = "confirm"


class OneTimeTokens:
    """One-time tokens, each bound to its user, purpose and subject."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # The newest counts, however many are asked for at once. What is over goes on the way.
    _ISSUE: Final = """
        WITH over AS (
            DELETE FROM one_time_tokens
            WHERE user_id = $1 AND expires_ns <= $5 AND (purpose, about) <> ($2, $3)
        )
        INSERT INTO one_time_tokens (user_id, purpose, about, hash, expires_ns)
        VALUES ($1, $2, $3, $4, $6)
        ON CONFLICT (user_id, purpose, about) DO UPDATE SET
            hash = excluded.hash, expires_ns = excluded.expires_ns
    """

    async def issue(
        self, user_id: int, purpose: Purpose, about: bytes, *, now_ns: int, life_ns: int
    ) -> str:
        """Return a new token; an earlier one of this user for the same subject ends."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._pool.execute(
            self._ISSUE, user_id, purpose, about, _hash(token), now_ns, now_ns + life_ns
        )
        return token

    # Of any number of uses at once one deletes the row; the others find none.
    _USE: Final = """
        DELETE FROM one_time_tokens
        WHERE hash = $1 AND purpose = $2 AND about = $3 AND expires_ns > $4
          AND ($5::integer IS NULL OR user_id = $5)
        RETURNING user_id
    """

    async def use(
        self, token: str, purpose: Purpose, about: bytes, *, now_ns: int, user_id: int | None = None
    ) -> int | None:
        """Use a token and return whose it is; None for every token that is not good here and now.

        With `user_id` somebody else's token stays unused. Any text may be asked for.
        """
        used: int | None = await self._pool.fetchval(
            self._USE, _hash(token), purpose, about, now_ns, user_id
        )
        return used


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
