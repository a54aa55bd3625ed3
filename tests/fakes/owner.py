"""Statements that the process's own role may not run: they change tables or forge records."""

from typing import Any

from vanta.store.pool import Pool


async def as_owner(pool: Pool, *statements: str) -> Any:
    """Run statements with the rights of the login; return the first value of the last one."""
    value = None
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL ROLE NONE")
        for statement in statements:
            value = await conn.fetchval(statement)
    return value


async def forge(pool: Pool, *statements: str) -> None:
    """Change records behind the back of every trigger, as a superuser can."""
    await as_owner(pool, "SET LOCAL session_replication_role = replica", *statements)
