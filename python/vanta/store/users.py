"""People and demo accounts."""

from typing import Final

from vanta.domain.errors import NotFoundError
from vanta.domain.policy import User
from vanta.store import text
from vanta.store.pool import Pool, Row


class Users:
    """Users by id and by Telegram id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _GET: Final = "SELECT * FROM users WHERE id = $1"

    async def get(self, user_id: int) -> User:
        """Return the user. Raises `NotFoundError`."""
        row = await self._pool.fetchrow(self._GET, user_id)
        if row is None:
            raise NotFoundError(f"no user {user_id}")
        return _user(row)

    _BY_TELEGRAM: Final = "SELECT * FROM users WHERE telegram_id = $1"

    async def by_telegram(self, telegram_id: int) -> User | None:
        """Return the user a Telegram account is bound to, if any."""
        row = await self._pool.fetchrow(self._BY_TELEGRAM, telegram_id)
        return None if row is None else _user(row)

    # Two /start at once make one user; the second finds the first (NULLs never conflict).
    _CREATE: Final = """
        INSERT INTO users (name, role, telegram_id, created_ns) VALUES ($1, $2, $3, $4)
        ON CONFLICT (telegram_id) DO NOTHING RETURNING *
    """

    async def create(
        self, name: str, role: str, telegram_id: int | None = None, *, now_ns: int
    ) -> User:
        """Make a user; when the Telegram account has one already, return that one unchanged.

        Raises `InputError` for a name that cannot be stored (1 to 64 characters, no NUL).
        """
        text.name(name, field="name")
        row = await self._pool.fetchrow(self._CREATE, name, role, telegram_id, now_ns)
        if row is None:
            row = await self._pool.fetchrow(self._BY_TELEGRAM, telegram_id)
        if row is None:
            raise NotFoundError(f"no user for telegram id {telegram_id}")
        return _user(row)

    _ALL: Final = "SELECT * FROM users ORDER BY id"

    async def all(self) -> list[User]:
        """Return everybody, by id."""
        return [_user(row) for row in await self._pool.fetch(self._ALL)]

    _BIND: Final = "UPDATE users SET telegram_id = $2 WHERE id = $1"

    async def bind_telegram(self, user_id: int, telegram_id: int | None) -> None:
        """Bind a Telegram account to a user, or unbind with None.

        Raises `asyncpg.UniqueViolationError` when it is another user's.
        """
        await self._pool.execute(self._BIND, user_id, telegram_id)


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        telegram_id=row["telegram_id"],
        name=row["name"],
        role=row["role"],
        created_ns=row["created_ns"],
    )
