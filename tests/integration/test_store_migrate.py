"""Migrations: from nothing to head, once, whoever starts; and what the database itself refuses."""

import asyncio
import datetime
import subprocess
import sys

import asyncpg
import pytest

from tests.fakes.owner import as_owner
from vanta.domain.errors import ConfigError
from vanta.store.audit import Audit
from vanta.store.migrate import HEAD, REVISIONS, migrate
from vanta.store.pool import Pool

NOV_NS = 1_793_491_200 * 10**9  # 2026-11-01 00:00 UTC


async def tables(dsn: str) -> set[str]:
    conn = await asyncpg.connect(dsn)
    try:
        rows = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await conn.close()
    return {row["tablename"] for row in rows}


async def test_an_empty_database_is_brought_to_head_and_stays_there(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == HEAD
    made = await tables(empty_dsn)
    assert {"users", "signals", "orders", "fills", "positions", "outbox", "audit_log"} <= made
    assert await migrate(empty_dsn) == HEAD
    assert await tables(empty_dsn) == made


async def test_two_at_once_migrate_once(empty_dsn: str) -> None:
    assert await asyncio.gather(*(migrate(empty_dsn) for _ in range(4))) == [HEAD] * 4


async def test_a_newer_database_is_refused(database_dsn: str) -> None:
    conn = await asyncpg.connect(database_dsn)
    await conn.execute("UPDATE alembic_version SET version_num = '9999'")
    await conn.close()
    with pytest.raises(ConfigError, match="revision 9999"):
        await migrate(database_dsn)


def test_a_database_at_head_costs_no_import_of_alembic(database_dsn: str) -> None:
    code = (
        "import asyncio, sys; from vanta.store.migrate import migrate\n"
        f"asyncio.run(migrate({database_dsn!r}))\n"
        "sys.exit(bool({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_revisions_are_in_order() -> None:
    assert list(REVISIONS) == [f"{n:04d}" for n in range(1, len(REVISIONS) + 1)]


async def partitions(pool: Pool, parent: str) -> set[str]:
    rows = await pool.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = $1::text::regclass",
        parent,
    )
    return {row["name"] for row in rows}


async def test_coming_months_are_made_once(pool: Pool) -> None:
    year_ns = 366 * 86_400 * 10**9
    ask = f"SELECT make_month_partitions({NOV_NS + 5 * year_ns}, 3)"
    made = await as_owner(pool, ask)
    assert made == 6
    assert {f"audit_log_2031_{m}" for m in ("11", "12")} <= await partitions(pool, "audit_log")
    assert "order_events_2032_01" in await partitions(pool, "order_events")
    assert await as_owner(pool, ask) == 0


async def test_partitions_are_made_by_several_at_once(pool: Pool) -> None:
    ask = "SELECT make_month_partitions(0, 2)"
    made = await asyncio.gather(*(as_owner(pool, ask) for _ in range(5)))
    assert sorted(made) == [0, 0, 0, 0, 4]


async def test_a_month_goes_where_it_belongs_from_its_first_nanosecond(pool: Pool) -> None:
    await as_owner(pool, "SELECT make_month_partitions(0, 1)")
    february = int(datetime.datetime(1970, 2, 1, tzinfo=datetime.UTC).timestamp()) * 10**9
    audit = Audit(pool)
    for at_ns in (0, february - 1, february):
        await audit.append(None, "me", "look", "it", {}, "t", at_ns)
    rows = await pool.fetch("SELECT at_ns, tableoid::regclass::text AS part FROM audit_log")
    assert {row["at_ns"]: row["part"] for row in rows} == {
        0: "audit_log_1970_01",
        february - 1: "audit_log_1970_01",
        february: "audit_log_default",
    }


async def test_rows_that_came_before_their_partition_stay_readable(pool: Pool) -> None:
    audit = Audit(pool)
    await audit.append(None, "me", "look", "it", {"n": 1}, "t", 5)
    assert await as_owner(pool, "SELECT make_month_partitions(0, 1)") == 1  # order_events alone
    await audit.append(None, "me", "look", "it", {"n": 2}, "t", 6)
    assert [row.detail for row in await audit.recent(5)] == [{"n": 2}, {"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "TRUNCATE audit_log_default",
        "TRUNCATE audit_log_1970_01",
        "UPDATE audit_log_1970_01 SET actor = 'nobody'",
        "DELETE FROM audit_log_1970_01",
        "INSERT INTO audit_log SELECT * FROM audit_log ON CONFLICT (id, at_ns)"
        " DO UPDATE SET actor = 'nobody'",
    ],
)
async def test_the_audit_log_refuses_to_forget(pool: Pool, sql: str) -> None:
    await as_owner(pool, "SELECT make_month_partitions(0, 1)")
    await Audit(pool).append(None, "admin:1", "stop", "system", {"why": "drill"}, "t", 5)
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await as_owner(pool, sql)
    (row,) = await Audit(pool).recent(5)
    assert row.actor == "admin:1"


async def test_odd_text_never_keeps_an_act_from_being_written(pool: Pool) -> None:
    detail = {"nul\x00": "a\x00b", "half\ud800": ["\udfff"], "escaped": "\\u0000"}
    await Audit(pool).append(None, "a\x00" * 500, "b\ud800", "c" * 999, detail, "t", 5)
    (row,) = await Audit(pool).recent(1)
    assert len(row.actor) == 128
    assert row.detail == {"nul�": "a�b", "half�": ["�"], "escaped": "\\u0000"}
