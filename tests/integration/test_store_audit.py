"""The audit log is a chain: whatever is changed behind its back shows, and where."""

import asyncio

import asyncpg
import pytest

from tests.fakes.owner import as_owner, forge
from vanta.store.audit import Audit
from vanta.store.audit_chain import START, Link
from vanta.store.pool import Pool

ROWS = 6


@pytest.fixture
async def audit(pool: Pool) -> Audit:
    """A log of six acts."""
    log = Audit(pool)
    for n in range(1, ROWS + 1):
        about = {"n": n, "ratio": 0.1, "who": "Ä ü 漢"}
        await log.append(None, f"admin:{n}", "limit.set", f"user:{n}", about, f"trace-{n}", 100 + n)
    return log


async def broken(audit: Audit, expect: Link | None = None) -> tuple[int, str] | None:
    chain = await audit.verify(expect)
    return chain.broken and (chain.broken.seq, chain.broken.kind)


async def test_an_untouched_log_holds_and_ends_at_its_head(audit: Audit) -> None:
    chain = await audit.verify()
    assert (chain.rows, chain.broken) == (ROWS, None)
    assert chain.head == await audit.head()
    assert chain.head.seq == ROWS
    assert [row.seq for row in await audit.recent(9)] == list(range(ROWS, 0, -1))


async def test_every_row_has_a_trace_id(pool: Pool) -> None:
    for _ in range(2):
        await Audit(pool).append(None, "system", "system.mode", "system", {}, "", 5)
    one, other = await Audit(pool).recent(2)
    assert one.trace_id
    assert one.trace_id != other.trace_id


async def test_an_empty_log_holds(pool: Pool) -> None:
    chain = await Audit(pool).verify()
    assert (chain.rows, chain.head, chain.broken) == (0, Link(seq=0, hash=START), None)


@pytest.mark.parametrize(
    "column",
    [
        "actor = 'nobody'", "action = 'x'", "object = 'x'", "detail = '{\"n\": 33}'", "id = 9999",
        "trace_id = 'x'", "at_ns = at_ns + 1", "hash = sha256('x')", "prev_hash = sha256('x')",
        # The bytes stay the same, only their border moves.
        "actor = actor || 'l', action = 'imit.set'",
    ],
)  # fmt: skip
async def test_a_changed_row_is_found(pool: Pool, audit: Audit, column: str) -> None:
    await forge(pool, f"UPDATE audit_log SET {column} WHERE seq = 3")
    assert await broken(audit) == (3, "changed")


async def test_a_removed_row_is_found(pool: Pool, audit: Audit) -> None:
    await forge(pool, "DELETE FROM audit_log WHERE seq = 3")
    assert await broken(audit) == (3, "missing")


async def test_a_removed_row_is_found_when_the_gap_is_closed(pool: Pool, audit: Audit) -> None:
    await forge(
        pool,
        "DELETE FROM audit_log WHERE seq = 3",
        "UPDATE audit_log SET seq = seq - 1 WHERE seq > 3",
        "UPDATE audit_head SET seq = seq - 1",
    )
    assert await broken(audit) == (3, "changed")


async def test_a_doubled_row_is_found(pool: Pool, audit: Audit) -> None:
    copied = "seq, prev_hash, hash, at_ns, actor, action, object, detail, trace_id"
    await forge(
        pool, f"INSERT INTO audit_log ({copied}) SELECT {copied} FROM audit_log WHERE seq = 3"
    )
    assert await broken(audit) == (3, "doubled")


async def test_a_removed_end_is_found(pool: Pool, audit: Audit) -> None:
    await forge(pool, "DELETE FROM audit_log WHERE seq > 4")
    assert await broken(audit) == (5, "cut")
    assert await forge(pool, "DELETE FROM audit_log") is None
    assert await broken(audit) == (1, "cut")


async def test_a_removed_end_with_its_head_set_back_needs_a_head_kept_elsewhere(
    pool: Pool, audit: Audit
) -> None:
    kept = await audit.head()
    await forge(
        pool,
        "DELETE FROM audit_log WHERE seq > 4",
        "UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_log WHERE seq = 4)",
    )
    assert await broken(audit) is None
    assert await broken(audit, kept) == (5, "cut")
    for _ in range(3):  # written anew, as long as before and longer
        await audit.append(None, "mallory", "nothing", "happened", {}, "t", 900)
    assert await broken(audit) is None
    assert await broken(audit, kept) == (6, "foreign")


async def test_an_earlier_head_is_still_in_the_chain(audit: Audit) -> None:
    kept = await audit.head()
    await audit.append(None, "me", "look", "it", {}, "t", 900)
    assert await broken(audit, kept) is None
    assert await broken(audit, Link(seq=0, hash=START)) is None
    assert await broken(audit, Link(seq=0, hash=kept.hash)) == (0, "foreign")


async def test_two_swapped_rows_are_found(pool: Pool, audit: Audit) -> None:
    await forge(pool, "UPDATE audit_log SET seq = 7 - seq WHERE seq IN (2, 5)")
    assert await broken(audit) == (2, "changed")


async def test_a_row_hashed_anew_is_found_by_the_one_after_it(pool: Pool, audit: Audit) -> None:
    anew = (
        "UPDATE audit_log SET actor = 'nobody', hash = audit_hash("
        "seq, id, at_ns, 'nobody', action, object, detail, trace_id, prev_hash) WHERE seq = "
    )
    await forge(pool, f"{anew} 3")
    assert await broken(audit) == (4, "unlinked")
    await forge(pool, "DELETE FROM audit_log WHERE seq > 3", "UPDATE audit_head SET seq = 3")
    assert await broken(audit) == (3, "head")


async def test_a_lost_head_is_found(pool: Pool, audit: Audit) -> None:
    await forge(pool, "DELETE FROM audit_head")
    assert await broken(audit) == (ROWS, "head")
    with pytest.raises(asyncpg.NoDataFoundError):
        await audit.append(None, "me", "look", "it", {}, "t", 900)


async def test_many_at_once_make_one_chain(pool: Pool) -> None:
    log = Audit(pool)

    async def one(n: int) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await log.append(conn, f"a{n}", "b", "c", {"n": n}, "t", n)

    await asyncio.gather(*(one(n) for n in range(200)))
    chain = await log.verify()
    assert (chain.rows, chain.broken) == (200, None)


async def test_a_rolled_back_act_leaves_no_gap(pool: Pool, audit: Audit) -> None:
    async with pool.acquire() as conn:
        undone = conn.transaction()
        await undone.start()
        await audit.append(conn, "me", "look", "it", {}, "t", 900)
        await undone.rollback()
    await audit.append(None, "me", "look", "it", {}, "t", 901)
    chain = await audit.verify()
    assert (chain.rows, chain.head.seq, chain.broken) == (ROWS + 1, ROWS + 1, None)


async def test_a_writer_cannot_choose_its_place_nor_go_around(pool: Pool, audit: Audit) -> None:
    await pool.execute(
        "INSERT INTO audit_log (actor, action, object, detail, trace_id, at_ns, seq, hash)"
        " VALUES ('a', 'b', 'c', '{}', 't', 1, 99, sha256('x'))"
    )
    assert (await audit.head()).seq == ROWS + 1
    async with pool.acquire() as conn:
        # A table of the session's own does not stand in for the head.
        await conn.execute("CREATE TEMP TABLE audit_head AS SELECT 40::bigint AS seq, ''::bytea h")
        await audit.append(conn, "a", "b", "c", {}, "t", 1)
        await conn.execute("DROP TABLE pg_temp.audit_head")
    chain = await audit.verify()
    assert (chain.rows, chain.broken) == (ROWS + 2, None)
    part = await as_owner(pool, "SELECT make_month_partitions(0, 1)")
    assert part == 1  # order_events alone: the rows of 1970 are in the default partition
    await as_owner(
        pool,
        "INSERT INTO audit_log_default (actor, action, object, detail, trace_id, at_ns)"
        " VALUES ('a', 'b', 'c', '{}', 't', 1)",
    )
    assert (await audit.verify()).rows == ROWS + 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "UPDATE order_events SET reason = ''",
        "DELETE FROM order_events",
        "TRUNCATE order_events",
        "DELETE FROM audit_log_default",
        "INSERT INTO audit_log_default SELECT * FROM audit_log",
        "UPDATE audit_head SET seq = 0",
        "DELETE FROM audit_head",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER chained ON audit_log",
        "ALTER FUNCTION chain_audit() SECURITY INVOKER",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
async def test_the_process_has_no_right_to_forge(pool: Pool, audit: Audit, sql: str) -> None:
    for _ in range(2):  # the role comes back with each release of the connection
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(sql)
    assert await pool.fetchval("SELECT current_user") == "vanta_app"
    assert await broken(audit) is None
