"""The role that the running process acts as: it writes everywhere and rewrites no record.

The owner of the tables migrates, makes partitions and holds the claim. The pool acts as `ROLE`,
which may add to the append-only tables and no more. Roles belong to the whole server, so several
databases share this one. Where the owner may not make roles (many hosted servers) the pool acts as
the owner and says so; the triggers refuse changes there all the same.
"""

import asyncio
from typing import Final

import asyncpg

from vanta import logs
from vanta.store.pool import Conn

_log = logs.get(__name__)

ROLE: Final = "vanta_app"
APPEND_ONLY: Final = ("audit_log", "order_events")
READ_ONLY: Final = ("audit_head", "alembic_version")
_TRIES: Final = 5
# What two databases of one server do to each other's roles at the same moment.
_RACES: Final = (
    asyncpg.DuplicateObjectError,
    asyncpg.UniqueViolationError,
    asyncpg.InternalServerError,  # "tuple concurrently updated"
)
_REFUSED: Final = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidParameterValueError,  # no such role
    asyncpg.UndefinedObjectError,
)

_EXISTS: Final = "SELECT 1 FROM pg_roles WHERE rolname = $1"
_MAKE: Final = f"CREATE ROLE {ROLE} NOLOGIN"
_JOIN: Final = f"GRANT {ROLE} TO CURRENT_USER"
_MAY_ACT: Final = "SELECT pg_has_role(current_user, $1, 'MEMBER')"
# Partitions get nothing: rows go in and out through their parent.
_GRANT: Final = f"""
    DO $$
    DECLARE
        place regnamespace := current_schema()::regnamespace;
        found record;
    BEGIN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO {ROLE}', place);
        FOR found IN
            SELECT oid::regclass AS name, relname, relkind FROM pg_class
            WHERE relnamespace = place AND relkind IN ('r', 'p', 'S') AND NOT relispartition
        LOOP
            IF found.relkind = 'S' THEN
                EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO {ROLE}', found.name);
                CONTINUE;
            END IF;
            EXECUTE format('REVOKE ALL ON %s FROM {ROLE}', found.name);
            EXECUTE format('GRANT %s ON %s TO {ROLE}', CASE
                WHEN found.relname = ANY (ARRAY{list(READ_ONLY)}) THEN 'SELECT'
                WHEN found.relname = ANY (ARRAY{list(APPEND_ONLY)}) THEN 'SELECT, INSERT'
                ELSE 'SELECT, INSERT, UPDATE, DELETE' END, found.name);
        END LOOP;
    END $$
"""  # noqa: S608  # our own constants


async def provide(conn: Conn) -> bool:
    """Make the role when it is missing and give it its rights on this database's tables.

    Run it as the owner after each migration. False, and a warning, when the owner may not.
    """
    for left in reversed(range(_TRIES)):
        try:
            async with conn.transaction():
                if await conn.fetchval(_EXISTS, ROLE) is None:
                    await conn.execute(_MAKE)
                if not await conn.fetchval(_MAY_ACT, ROLE):
                    await conn.execute(_JOIN)
                await conn.execute(_GRANT)
        except _REFUSED as error:
            _log.warning("app_role.refused", role=ROLE, error=str(error))
            return False
        except _RACES:
            if not left:
                raise
            await asyncio.sleep(0.05)
        else:
            return True
    raise AssertionError("unreachable")


async def role_for(dsn: str) -> str:
    """Return what the pool of a migrated database shall act as; "" is the login itself."""
    conn = await asyncpg.connect(dsn)
    try:
        return ROLE if await usable(conn) else ""
    finally:
        await conn.close()


async def usable(conn: Conn) -> bool:
    """Tell whether this login can act as the role, and the role can do its work here."""
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL ROLE {ROLE}")
            may: bool = await conn.fetchval("SELECT has_table_privilege('audit_log', 'INSERT')")
            return may
    except _REFUSED:
        return False
