"""PIN and code of people: what is checked, how often it went wrong, until when a proof counts.

All counting happens in single statements, so that any number of guesses at once, and a process that
dies in the middle, are counted right.
"""

from typing import Final

import msgspec

from vanta.store.pool import Conn, Pool, Row

TRIES: Final = 5
LOCK_NS: Final = 15 * 60 * 10**9
LONGEST_LOCK_NS: Final = 24 * 3600 * 10**9


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One person's row. `totp` and `totp_pending` are sealed; `*_ns` 0 = never."""

    user_id: int
    pin_hash: str | None
    totp: bytes | None
    totp_pending: bytes | None
    pending_until_ns: int
    totp_last_step: int
    failures: int
    locked_until_ns: int
    session_from_ns: int
    session_until_ns: int
    settles_ns: int  # from then on a proof opens what admins do
    version: int

    @property
    def is_set(self) -> bool:
        return self.pin_hash is not None or self.totp is not None

    def is_fresh(self, now_ns: int) -> bool:
        """Tell whether a proof counts now; a clock that went back ends it."""
        return self.session_from_ns <= now_ns < self.session_until_ns

    def __repr__(self) -> str:
        return f"Credential(user_id={self.user_id})"


class Credentials:
    """Credentials by user."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _GET: Final = "SELECT * FROM credentials WHERE user_id = $1"

    async def get(self, user_id: int) -> Credential | None:
        """Return a person's row; None when nothing was ever set."""
        row = await self._pool.fetchrow(self._GET, user_id)
        return None if row is None else _credential(row)

    # --- proving --------------------------------------------------------------------------------

    # Counted before the check: whoever is killed during it has failed. Every fifth failure in a row
    # locks, each time twice as long; while locked nothing is counted or checked.
    _TRY: Final = """
        UPDATE credentials SET
            failures = failures + 1,
            locked_until_ns = CASE WHEN (failures + 1) % $3 = 0
                THEN $2 + LEAST($5::bigint, $4::bigint << LEAST((failures + 1) / $3 - 1, 10))
                ELSE locked_until_ns END
        WHERE user_id = $1 AND locked_until_ns <= $2
        RETURNING *
    """

    async def count_try(self, user_id: int, now_ns: int) -> Credential | None:
        """Count a try as failed and return the row to check it against; None while locked."""
        row = await self._pool.fetchrow(self._TRY, user_id, now_ns, TRIES, LOCK_NS, LONGEST_LOCK_NS)
        return None if row is None else _credential(row)

    # A step counts once; what changed since the try was counted ends the proof.
    _PROVEN: Final = """
        UPDATE credentials SET failures = 0, locked_until_ns = 0,
            session_from_ns = $3, session_until_ns = $4,
            totp_last_step = GREATEST(totp_last_step, $5)
        WHERE user_id = $1 AND version = $2 AND ($5 = 0 OR totp_last_step < $5)
        RETURNING true
    """

    async def begin_session(
        self, conn: Conn, tried: Credential, now_ns: int, until_ns: int, step: int = 0
    ) -> bool:
        """Clear the failures and let the proof count; False when it came too late."""
        return bool(
            await conn.fetchval(self._PROVEN, tried.user_id, tried.version, now_ns, until_ns, step)
        )

    _END: Final = """
        UPDATE credentials SET session_from_ns = 0, session_until_ns = 0, version = version + 1
        WHERE user_id = $1
    """

    async def end_session(self, conn: Conn | None, user_id: int) -> None:
        """Let no proof count any more, also none that is being checked now."""
        await (conn or self._pool).execute(self._END, user_id)

    # --- changing -------------------------------------------------------------------------------

    # Who has nothing yet sets the first; who has something needs a proof of it that counts now.
    _MAY_CHANGE: Final = """
        ((credentials.pin_hash IS NULL AND credentials.totp IS NULL)
         OR (credentials.session_from_ns <= $2 AND $2 < credentials.session_until_ns))
    """
    # The first one waits unless the machine vouched; a later one never puts the wait off.
    _SETTLES: Final = """
        settles_ns = CASE
            WHEN credentials.pin_hash IS NOT NULL OR credentials.totp IS NOT NULL
                THEN LEAST(credentials.settles_ns, $4::bigint)
            WHEN credentials.vouched_until_ns > $2 THEN 0
            ELSE $4::bigint END,
        vouched_until_ns = 0
    """
    _SET_PIN: Final = f"""
        INSERT INTO credentials (user_id, pin_hash, changed_ns, settles_ns)
        VALUES ($1, $3, $2, $4)
        ON CONFLICT (user_id) DO UPDATE SET
            pin_hash = excluded.pin_hash, changed_ns = excluded.changed_ns, {_SETTLES},
            session_from_ns = 0, session_until_ns = 0, version = credentials.version + 1
        WHERE {_MAY_CHANGE}
        RETURNING settles_ns
    """  # noqa: S608  # our own words

    async def set_pin(
        self, conn: Conn, user_id: int, pin_hash: str, now_ns: int, settles_ns: int
    ) -> int | None:
        """Set the PIN and end the session; None when that needs a fresh proof.

        Returns from when it opens what admins do; `settles_ns` is that of a first one.
        """
        settles: int | None = await conn.fetchval(
            self._SET_PIN, user_id, now_ns, pin_hash, settles_ns
        )
        return settles

    _PENDING: Final = f"""
        INSERT INTO credentials (user_id, totp_pending, pending_until_ns, changed_ns)
        VALUES ($1, $3, $4, $2)
        ON CONFLICT (user_id) DO UPDATE SET
            totp_pending = excluded.totp_pending, pending_until_ns = excluded.pending_until_ns
        WHERE {_MAY_CHANGE}
        RETURNING true
    """  # noqa: S608  # our own words

    async def set_pending(self, user_id: int, sealed: bytes, now_ns: int, until_ns: int) -> bool:
        """Keep a code's secret until it is confirmed; False when that needs a fresh proof."""
        return bool(await self._pool.fetchval(self._PENDING, user_id, now_ns, sealed, until_ns))

    _CONFIRM: Final = f"""
        UPDATE credentials SET totp = totp_pending, totp_pending = NULL, pending_until_ns = 0,
            totp_last_step = $3, changed_ns = $2, {_SETTLES},
            session_from_ns = 0, session_until_ns = 0, version = version + 1
        WHERE user_id = $1 AND totp_pending = $5 AND pending_until_ns > $2 AND {_MAY_CHANGE}
        RETURNING settles_ns
    """  # noqa: S608  # our own words

    async def confirm_pending(  # noqa: PLR0917  # one parameter of the statement each
        self, conn: Conn, user_id: int, now_ns: int, step: int, sealed: bytes, settles_ns: int
    ) -> int | None:
        """Let the pending secret count and end the session; None where that may not be.

        Returns from when it opens what admins do; `settles_ns` is that of a first one.
        """
        settles: int | None = await conn.fetchval(
            self._CONFIRM, user_id, now_ns, step, settles_ns, sealed
        )
        return settles

    _FORGET: Final = """
        WITH tickets AS (DELETE FROM one_time_tokens WHERE user_id = $1)
        UPDATE credentials SET pin_hash = NULL, totp = NULL, totp_pending = NULL,
            pending_until_ns = 0, failures = 0, locked_until_ns = 0, session_from_ns = 0,
            session_until_ns = 0, settles_ns = 0, vouched_until_ns = 0,
            version = version + 1, changed_ns = $2
        WHERE user_id = $1
    """

    async def forget(self, conn: Conn, user_id: int, now_ns: int) -> None:
        """Remove PIN, code and open tickets: the person sets new ones. The last used step stays."""
        await conn.execute(self._FORGET, user_id, now_ns)

    _VOUCH: Final = """
        INSERT INTO credentials (user_id, changed_ns, vouched_until_ns) VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE SET vouched_until_ns = excluded.vouched_until_ns
    """

    async def vouch(self, conn: Conn, user_id: int, now_ns: int, until_ns: int) -> None:
        """Let the next first PIN or code count for everything at once, until then."""
        await conn.execute(self._VOUCH, user_id, now_ns, until_ns)


def _credential(row: Row) -> Credential:
    return Credential(
        user_id=row["user_id"],
        pin_hash=row["pin_hash"],
        totp=row["totp"],
        totp_pending=row["totp_pending"],
        pending_until_ns=row["pending_until_ns"],
        totp_last_step=row["totp_last_step"],
        failures=row["failures"],
        locked_until_ns=row["locked_until_ns"],
        session_from_ns=row["session_from_ns"],
        session_until_ns=row["session_until_ns"],
        settles_ns=row["settles_ns"],
        version=row["version"],
    )
