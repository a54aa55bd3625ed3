"""Simulated money of users."""

from typing import Final

from vanta.domain.errors import NotFoundError
from vanta.domain.policy import Account, UserBreaker
from vanta.store.pool import Conn, Pool, Row


class Accounts:
    """One account a user."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _GET: Final = "SELECT * FROM accounts WHERE user_id = $1"

    async def get(self, user_id: int, conn: Conn | None = None) -> Account:
        """Return the account. Raises `NotFoundError`."""
        row = await (conn or self._pool).fetchrow(self._GET, user_id)
        if row is None:
            raise NotFoundError(f"user {user_id} has no account")
        return _account(row)

    _OPEN: Final = """
        INSERT INTO accounts (user_id, cash_e6, deposited_e6) VALUES ($1, $2, $2)
        ON CONFLICT (user_id) DO NOTHING
    """

    async def open(self, user_id: int, cash_e6: int, conn: Conn | None = None) -> Account:
        """Open an account with `cash_e6`; one that exists stays as it is."""
        await (conn or self._pool).execute(self._OPEN, user_id, cash_e6)
        return await self.get(user_id, conn)

    _ALL: Final = "SELECT * FROM accounts ORDER BY user_id"

    async def all(self) -> list[Account]:
        """Return all accounts, by user."""
        return [_account(row) for row in await self._pool.fetch(self._ALL)]

    # Of two breakers the one that holds longer counts.
    _APPLY: Final = """
        UPDATE accounts SET cash_e6 = cash_e6 + $2, losses_in_row = $3,
            breaker_losses = CASE WHEN $4 > breaker_until_ns THEN $5 ELSE breaker_losses END,
            breaker_limit = CASE WHEN $4 > breaker_until_ns THEN $6 ELSE breaker_limit END,
            breaker_until_ns = greatest(breaker_until_ns, $4)
        WHERE user_id = $1 RETURNING *
    """

    async def apply(
        self,
        conn: Conn,
        user_id: int,
        cash_delta_e6: int,
        losses_in_row: int,
        breaker: UserBreaker | None = None,
    ) -> Account:
        """Move cash, set the losing streak, open a breaker; holds the account until the end.

        Raises `NotFoundError`.
        """
        opened = breaker or UserBreaker(until_ns=0)
        row = await conn.fetchrow(
            self._APPLY,
            user_id,
            cash_delta_e6,
            losses_in_row,
            opened.until_ns,
            opened.losses,
            opened.limit,
        )
        if row is None:
            raise NotFoundError(f"user {user_id} has no account")
        return _account(row)

    async def trip(self, user_id: int, breaker: UserBreaker) -> Account:
        """Open a breaker and spend the losing streak. Raises `NotFoundError`."""
        async with self._pool.acquire() as conn:
            return await self.apply(conn, user_id, 0, 0, breaker)

    _PAUSE: Final = """
        UPDATE accounts SET breaker_until_ns = $2, breaker_losses = 0, breaker_limit = 0
        WHERE user_id = $1 AND breaker_until_ns < $2
    """

    async def pause(self, conn: Conn, user_id: int, until_ns: int) -> None:
        """Open the breaker by hand; one that holds longer stays as it is."""
        await conn.execute(self._PAUSE, user_id, until_ns)

    _SHORTEN: Final = """
        UPDATE accounts SET breaker_until_ns = least(breaker_until_ns, $2)
        WHERE user_id = $1 RETURNING *
    """

    async def shorten_breaker(self, conn: Conn, user_id: int, until_ns: int) -> Account:
        """Let an open breaker end at `until_ns` if that is sooner. Raises `NotFoundError`."""
        row = await conn.fetchrow(self._SHORTEN, user_id, until_ns)
        if row is None:
            raise NotFoundError(f"user {user_id} has no account")
        return _account(row)


def _account(row: Row) -> Account:
    return Account(
        user_id=row["user_id"],
        cash_e6=row["cash_e6"],
        deposited_e6=row["deposited_e6"],
        losses_in_row=row["losses_in_row"],
        breaker_until_ns=row["breaker_until_ns"],
        breaker_losses=row["breaker_losses"],
        breaker_limit=row["breaker_limit"],
    )
