"""`vanta audit verify`: reads the database itself, prints the head to keep, exits 1 on a break."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import Servers
from tests.fakes.owner import forge
from vanta.cli import main
from vanta.cli.exits import Exit
from vanta.store.audit import Audit
from vanta.store.highwater import FILE_NAME, HighWater, Mark
from vanta.store.pool import Pool


@pytest.fixture
async def log(pool: Pool) -> Audit:
    made = Audit(pool)
    for n in range(3):
        await made.append(None, "me", "look", "it", {"n": n}, "t", n)
    return made


class Command:
    """Runs the command in a thread, for it has a loop of its own."""

    def __init__(self, dsn: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.environ = {"VANTA_POSTGRES_DSN": dsn, "VANTA_HOME": str(home), "NO_COLOR": "1"}
        self._capsys = capsys

    async def __call__(self, *arguments: str) -> tuple[int, str, str]:
        given = ["audit", "verify", *arguments]
        code = await asyncio.to_thread(main, given, self.environ)
        told = self._capsys.readouterr()
        return code, told.out, told.err

    async def document(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = await self("--json", *arguments)
        return code, json.loads(out)


@pytest.fixture
def verify(database_dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(database_dsn, tmp_path, capsys)


async def test_a_whole_chain_prints_its_head(log: Audit, verify: Command) -> None:
    code, out, err = await verify()
    head = await log.head()
    assert (code, out) == (0, f"The chain holds: 3 rows.\nhead {head}\n")
    assert "elsewhere" in err
    code, document = await verify.document("--expect", str(head))
    assert (code, document) == (
        0,
        {
            "ok": True,
            "rows": 3,
            "head": str(head),
            "compared_with": "--expect",
            "broken": None,
        },
    )


async def test_a_broken_chain_exits_1_and_says_where(
    pool: Pool, log: Audit, verify: Command
) -> None:
    await forge(pool, "UPDATE audit_log SET actor = 'nobody' WHERE seq = 2")
    code, out, _ = await verify()
    assert code == 1
    assert "broken at row 2 (changed)" in out
    code, document = await verify.document()
    assert (code, document["rows"], document["broken"]["seq"]) == (1, 1, 2)


async def test_an_expected_head_shows_a_log_that_was_set_back(
    pool: Pool, log: Audit, verify: Command
) -> None:
    kept = str(await log.head())
    await forge(
        pool,
        "DELETE FROM audit_log WHERE seq = 3",
        "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_log WHERE seq = 2)",
    )
    assert (await verify())[0] == 0
    code, out, _ = await verify("--expect", kept)
    assert code == 1
    assert "cut" in out


async def rewrite(pool: Pool) -> None:
    """Write the whole log anew, consistent in itself, as a superuser can."""
    await forge(
        pool,
        "CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM audit_log",
        "DELETE FROM audit_log",
        "UPDATE audit_head SET seq = 0, hash = decode(repeat('00', 32), 'hex')",
        "SET LOCAL session_replication_role = origin",
        "INSERT INTO audit_log (actor, action, object, detail, trace_id, at_ns)"
        " SELECT 'nobody', action, object, detail, trace_id, at_ns FROM kept ORDER BY seq",
    )


async def test_a_log_that_was_written_anew_is_shown_by_the_note_in_the_home(
    pool: Pool, log: Audit, verify: Command
) -> None:
    store = HighWater(pool)
    note = Path(verify.environ["VANTA_HOME"]) / FILE_NAME
    note.write_bytes(msgspec.json.encode(await store.now(await store.name(1), 0)))
    await log.append(None, "me", "look", "it", {}, "t", 9)
    code, document = await verify.document()
    assert (code, document["compared_with"]) == (0, str(note))
    await rewrite(pool)
    assert (await log.verify()).broken is None, "nothing inside the database can tell"
    code, out, err = await verify()
    assert code == 1
    assert "row 3 (foreign)" in out
    assert str(note) in err


async def test_a_note_of_another_database_is_not_compared_with(
    log: Audit, verify: Command, pool: Pool
) -> None:
    note = Path(verify.environ["VANTA_HOME"]) / FILE_NAME
    for mark in (Mark(database="other", audit_seq=9, audit_hash="00" * 32), Mark(database="")):
        note.write_bytes(msgspec.json.encode(mark))
        code, document = await verify.document()
        assert (code, document["compared_with"]) == (0, None)
    note.write_text("{")
    code, _, err = await verify()
    assert code == 1
    assert str(note) in err
    assert (await verify("--expect", str(await log.head())))[0] == 0


@pytest.mark.parametrize("text", ["", "3", "3:", "x:" + "00" * 32, "3:" + "00" * 31, "-1:zz", "é:"])
async def test_a_head_that_is_none_is_a_usage_error(verify: Command, text: str) -> None:
    code, _, err = await verify("--expect", text)
    assert code == Exit.USAGE
    assert "--expect" in err


async def test_no_database_no_schema_no_running_demo(
    verify: Command, empty_dsn: str, servers: Servers
) -> None:
    verify.environ["VANTA_POSTGRES_DSN"] = servers.dsn("nosuch")
    code, _, err = await verify()
    assert code == Exit.NOT_RUNNING
    assert "does not answer" in err
    verify.environ["VANTA_POSTGRES_DSN"] = empty_dsn
    assert (await verify())[0] == Exit.CONFIG
    del verify.environ["VANTA_POSTGRES_DSN"]
    code, _, err = await verify()
    assert code == Exit.NOT_RUNNING
    assert "none runs with the home" in err
