"""The role of the running process: made once a server, given its rights in each database."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Servers
from vanta.cli import checks
from vanta.cli.checks import Finding
from vanta.settings import Secret, Settings
from vanta.store.app_role import ROLE, provide, role_for
from vanta.store.audit import Audit
from vanta.store.migrate import REVISIONS, migrate
from vanta.store.pool import Pool, open_pool

OWNER = "hosted_owner"


@pytest.fixture
async def hosted_dsn(servers: Servers, empty_dsn: str) -> AsyncIterator[str]:
    """A database whose owner may make neither roles nor members of them."""
    name = empty_dsn.partition("@/")[2].partition("?")[0]
    conn = await asyncpg.connect(empty_dsn)
    await conn.execute(f"CREATE ROLE {OWNER} LOGIN")
    await conn.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}")
    await conn.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    yield empty_dsn.replace("postgres:unused@", f"{OWNER}:unused@")
    await conn.execute(f"DROP OWNED BY {OWNER} CASCADE")
    await conn.execute(f"ALTER DATABASE {name} OWNER TO postgres")
    await conn.execute(f"DROP ROLE {OWNER}")
    await conn.close()


async def test_an_owner_without_the_right_to_make_roles_goes_on(hosted_dsn: str) -> None:
    await migrate(hosted_dsn)
    assert await role_for(hosted_dsn) == ""
    await migrate(hosted_dsn)
    pool = await open_pool(hosted_dsn, role="", min_size=1)
    await Audit(pool).append(None, "me", "look", "it", {}, "t", 5)
    with pytest.raises(asyncpg.RestrictViolationError):  # the triggers refuse all the same
        await pool.execute("DELETE FROM audit_log")
    assert (await Audit(pool).verify()).broken is None
    await pool.close()


async def test_doctor_says_what_to_run(hosted_dsn: str, database_dsn: str, tmp_path: Path) -> None:
    await migrate(hosted_dsn)

    async def look(dsn: str) -> Finding:
        settings = Settings(home=tmp_path, postgres_dsn=Secret(dsn))
        [finding] = await asyncio.to_thread(checks.database_role, settings)
        return finding

    assert (await look(database_dsn)).level == "ok"
    found = await look(hosted_dsn)
    assert found.level == "warn"
    assert "GRANT vanta_app TO" in found.fix


async def test_a_role_made_later_is_taken_at_the_next_start(
    hosted_dsn: str, empty_dsn: str
) -> None:
    await migrate(hosted_dsn)
    conn = await asyncpg.connect(empty_dsn)
    await conn.execute(f"GRANT {ROLE} TO {OWNER}")
    await conn.close()
    assert await role_for(hosted_dsn) == ""  # of the role, but without rights on the tables
    await migrate(hosted_dsn)
    assert await role_for(hosted_dsn) == ROLE


async def test_several_databases_of_a_server_share_the_role(database_dsn: str) -> None:
    conns = [await asyncpg.connect(database_dsn) for _ in range(4)]
    assert await asyncio.gather(*(provide(conn) for conn in conns)) == [True] * 4
    for conn in conns:
        await conn.close()
    assert await role_for(database_dsn) == ROLE


async def test_every_table_can_be_read_and_only_records_not_rewritten(pool: Pool) -> None:
    asked = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    may = ", ".join(f"has_table_privilege(oid, '{right}')" for right in asked)
    rows = await pool.fetch(
        f"SELECT relname::text AS name, ARRAY[{may}] AS rights FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition"
    )
    rights = {row["name"]: tuple(row["rights"]) for row in rows}
    assert len(rights) > 15
    for name in ("audit_log", "order_events"):
        assert rights.pop(name) == (True, True, False, False, False)
    for name in ("audit_head", "alembic_version"):
        assert rights.pop(name) == (True, False, False, False, False)
    assert set(rights.values()) == {(True, True, True, True, False)}


async def test_rows_from_before_the_chain_are_chained(empty_dsn: str) -> None:
    conn = await asyncpg.connect(empty_dsn)
    versions = "vanta.store.migrations.versions"
    for name in ("0001_first_tables", "0002_rights", "0003_limits"):
        for statement in importlib.import_module(f"{versions}.{name}").STATEMENTS:
            await conn.execute(statement)
    await conn.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    await conn.execute("INSERT INTO alembic_version VALUES ('0003')")
    for n in (3, 1, 2):
        await conn.execute(
            "INSERT INTO audit_log (actor, action, object, detail, trace_id, at_ns)"
            " VALUES ('old', 'act', 'thing', jsonb_build_object('n', $1::int), 't', $2)", n, n * 10
        )  # fmt: skip
    await migrate(empty_dsn)
    assert await conn.fetchval("SELECT version_num FROM alembic_version") == REVISIONS[-1]
    with pytest.raises(asyncpg.RestrictViolationError):
        await conn.execute("DELETE FROM audit_log")
    await conn.close()
    pool = await open_pool(empty_dsn, role=ROLE, min_size=1)
    await Audit(pool).append(None, "new", "act", "thing", {"n": 4}, "t", 40)
    chain = await Audit(pool).verify()
    assert (chain.rows, chain.broken) == (4, None)
    in_order = sorted(await Audit(pool).recent(9), key=lambda row: row.seq)
    assert [row.detail["n"] for row in in_order] == [3, 1, 2, 4]
    await pool.close()
