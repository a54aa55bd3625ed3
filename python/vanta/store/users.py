"""People and demo accounts."""

from typing import Final

from vanta.domain.enums import Mode
from vanta.domain.errors import NotFoundError
from vanta.domain.policy import User
from vanta.domain.roles import Role, Standing
from vanta.store import text
from vanta.store.pool import Conn, Pool, Row

WAITING_LIMIT: Final = 1000  # strangers remembered at once
_RIGHTS_LOCK: Final = 7711010
_WAITING_LOCK: Final = 7711011


class Users:
    """Users by id and by Telegram id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _GET: Final = "SELECT * FROM users WHERE id = $1"

    async def get(self, user_id: int, conn: Conn | None = None) -> User:
        """Return the user, as a transaction sees it when one is given. Raises `NotFoundError`."""
        row = await (conn or self._pool).fetchrow(self._GET, user_id)
        if row is None:
            raise NotFoundError(f"no user {user_id}")
        return _user(row)

    _BY_TELEGRAM: Final = "SELECT * FROM users WHERE telegram_id = $1"

    async def by_telegram(self, telegram_id: int, conn: Conn | None = None) -> User | None:
        """Return the user a Telegram account is bound to, if any."""
        row = await (conn or self._pool).fetchrow(self._BY_TELEGRAM, telegram_id)
        return None if row is None else _user(row)

    # Two /start at once make one user; the second finds the first (NULLs never conflict).
    _CREATE: Final = """
        INSERT INTO users (name, role, telegram_id, created_ns, standing)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (telegram_id) DO NOTHING RETURNING *
    """

    async def create(
        self,
        name: str,
        role: str,
        telegram_id: int | None = None,
        *,
        now_ns: int,
        standing: str = Standing.ACTIVE,
        conn: Conn | None = None,
    ) -> User:
        """Make a user; when the Telegram account has one already, return that one unchanged.

        Raises `InputError` for a name that cannot be stored (1 to 64 characters, no NUL).
        """
        text.name(name, field="name")
        on = conn or self._pool
        row = await on.fetchrow(self._CREATE, name, role, telegram_id, now_ns, standing)
        if row is None:
            row = await on.fetchrow(self._BY_TELEGRAM, telegram_id)
        if row is None:
            raise NotFoundError(f"no user for telegram id {telegram_id}")
        return _user(row)

    _ALL: Final = "SELECT * FROM users ORDER BY id"

    async def all(self) -> list[User]:
        """Return everybody, by id."""
        return [_user(row) for row in await self._pool.fetch(self._ALL)]

    _OWNER: Final = """
        SELECT * FROM users WHERE role = 'super_admin' AND standing = 'active' ORDER BY id LIMIT 1
    """

    async def owner(self) -> User | None:
        """Return the first active super admin, if there is one."""
        row = await self._pool.fetchrow(self._OWNER)
        return None if row is None else _user(row)

    _FIRST: Final = "SELECT * FROM users ORDER BY id LIMIT 1"

    async def first(self) -> User | None:
        """Return who was here first, if anybody is."""
        row = await self._pool.fetchrow(self._FIRST)
        return None if row is None else _user(row)

    _BIND: Final = "UPDATE users SET telegram_id = $2 WHERE id = $1"

    async def bind_telegram(self, user_id: int, telegram_id: int | None) -> None:
        """Bind a Telegram account to a user, or unbind with None.

        Raises `asyncpg.UniqueViolationError` when it is another user's.
        """
        await self._pool.execute(self._BIND, user_id, telegram_id)

    _SET_MODE: Final = "UPDATE users SET mode = $2 WHERE id = $1 RETURNING *"

    async def set_mode(self, conn: Conn, user_id: int, mode: Mode) -> User:
        """Set a person's own wish of mode. Raises `NotFoundError`."""
        row = await conn.fetchrow(self._SET_MODE, user_id, mode.value)
        if row is None:
            raise NotFoundError(f"no user {user_id}")
        return _user(row)

    # --- rights ---------------------------------------------------------------------------------

    _LOCK: Final = "SELECT pg_advisory_xact_lock($1)"

    async def hold_rights(self, conn: Conn) -> None:
        """Wait until no other transaction changes rights, and keep others waiting until this ends.

        Who changes a role or standing reads everything it decides on after this call.
        """
        await conn.execute(self._LOCK, _RIGHTS_LOCK)

    _SET_RIGHTS: Final = "UPDATE users SET role = $2, standing = $3 WHERE id = $1 RETURNING *"

    async def set_rights(self, conn: Conn, user_id: int, role: str, standing: str) -> User:
        """Set role and standing; call `hold_rights` first. Raises `NotFoundError`."""
        row = await conn.fetchrow(self._SET_RIGHTS, user_id, role, standing)
        if row is None:
            raise NotFoundError(f"no user {user_id}")
        return _user(row)

    _SUPERS: Final = """
        SELECT count(*) FROM users
        WHERE role = 'super_admin' AND standing = 'active' AND id <> $1
    """

    async def other_super_admins(self, user_id: int, conn: Conn | None = None) -> int:
        """Count the active super admins besides this user."""
        count: int = await (conn or self._pool).fetchval(self._SUPERS, user_id)
        return count

    _WAITING: Final = "SELECT count(*) FROM users WHERE standing = 'waiting'"

    async def wait(self, conn: Conn, name: str, telegram_id: int, now_ns: int) -> User | None:
        """Remember a stranger, in the caller's transaction.

        None when this person is known already, or too many wait.
        """
        await conn.execute(self._LOCK, _WAITING_LOCK)
        if await self.by_telegram(telegram_id, conn) is not None:
            return None
        if await conn.fetchval(self._WAITING) >= WAITING_LIMIT:
            return None
        return await self.create(
            name, Role.VIEWER, telegram_id, now_ns=now_ns, standing=Standing.WAITING, conn=conn
        )

    _CLAIMED: Final = "SELECT EXISTS (SELECT FROM owner_claims WHERE code_hash = $1)"

    async def is_code_used(self, conn: Conn, code_hash: bytes) -> bool:
        """Tell whether an owner code made somebody super admin already."""
        return bool(await conn.fetchval(self._CLAIMED, code_hash))

    _CLAIM: Final = "INSERT INTO owner_claims (code_hash, user_id, at_ns) VALUES ($1, $2, $3)"

    async def use_code(self, conn: Conn, code_hash: bytes, user_id: int, now_ns: int) -> None:
        """Use an owner code up, for ever. Raises `asyncpg.UniqueViolationError` when it was."""
        await conn.execute(self._CLAIM, code_hash, user_id, now_ns)


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        telegram_id=row["telegram_id"],
        name=row["name"],
        role=row["role"],
        created_ns=row["created_ns"],
        standing=row["standing"],
        mode=row["mode"],
    )
