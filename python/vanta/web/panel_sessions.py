"""Sessions of the secure panel: short, one for each person, kept in memory only."""

import hashlib
import secrets
from typing import Final

from vanta.domain.ports import Clock

LIFE_S: Final = 10 * 60
MAX_SESSIONS: Final = 1_000
TOKEN_BYTES: Final = 24


class PanelSessions:
    """Who has the panel open. A token is known by its digest; a restart ends all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[bytes, tuple[int, int]] = {}  # digest -> (user, end)

    def begin(self, user_id: int) -> str:
        """Open a session and end the person's earlier one; returns its token."""
        now_ns = self._clock.mono_ns()
        self._open = {
            digest: (whose, ends_ns)
            for digest, (whose, ends_ns) in self._open.items()
            if whose != user_id and ends_ns > now_ns
        }
        while len(self._open) >= MAX_SESSIONS:
            del self._open[next(iter(self._open))]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._open[_digest(token)] = (user_id, now_ns + LIFE_S * 10**9)
        return token

    def whose(self, token: str) -> int | None:
        """Return the person of an open session; None for any other text."""
        user_id, ends_ns = self._open.get(_digest(token), (None, 0))
        return user_id if ends_ns > self._clock.mono_ns() else None

    def end(self, token: str) -> None:
        self._open.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
