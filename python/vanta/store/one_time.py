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

    # The newest counts: whoever asks again has lost the token before. What is over goes on the way.
    _CLEAR: Final = """
        DELETE FROM one_time_tokens
        WHERE user_id = $1 AND purpose = $2 AND (about = $3 OR expires_ns <= $4)
    """
    _ISSUE: Final = "INSERT INTO one_time_tokens VALUES ($1, $2, $3, $4, $5)"

    async def issue(
        self, user_id: int, purpose: Purpose, about: bytes, *, now_ns: int, life_ns: int
    ) -> str:
        """Return a new token; earlier ones of this user for the same subject end."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._CLEAR, user_id, purpose, about, now_ns)
            await conn.execute(self._ISSUE, _hash(token), user_id, purpose, about, now_ns + life_ns)
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
