"""`vanta run` on configured servers: what it refuses, and what it does without Redis."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import Servers
from tests.fakes.clock import ManualClock
from tests.fakes.envelope import MASTER_KEY
from tests.fakes.keyed import file_source, keeper_of, key_file
from tests.fakes.sleeper import eventually
from tests.integration.test_store_claim import cut
from vanta.app import operators
from vanta.control.people import DRY_CASH_E6
from vanta.store.audit import Audit
from vanta.store.claim import Claim
from vanta.store.pool import Pool
from vanta.store.users import Users


class Run:
    """A `vanta run` process on a home of its own."""

    def __init__(self, home: Path, *, postgres: str, redis: str, **environ: str) -> None:
        self.ready_file = home / "ready.json"
        self._environ = {
            "PATH": os.environ["PATH"],
            "VANTA_HOME": str(home / "home"),
            "VANTA_READY_FILE": str(self.ready_file),
            "VANTA_POSTGRES_DSN": postgres,
            "VANTA_REDIS_URL": redis,
            "VANTA_PORT": "0",
            "VANTA_MASTER_KEY": MASTER_KEY,
            **environ,
        }

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vanta.cli", "run"),
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def refused(self) -> str:
        """Start it and return what it says when it refuses its configuration."""
        process = await self.start()
        _, talk = await process.communicate()
        assert process.returncode == 4, talk.decode()
        assert b"Traceback" not in talk
        return talk.decode()


async def test_a_database_that_another_engine_has_is_refused(
    servers: Servers, database_dsn: str, clock: ManualClock, tmp_path: Path
) -> None:
    """Two homes, one configured database: the lock of the home cannot help here."""
    mine = Claim(database_dsn, clock=clock, on_lost=lambda: None)
    await mine.take()
    said = await Run(tmp_path, postgres=database_dsn, redis=servers.redis_url).refused()
    assert "another Vanta (pid" in said
    assert mine.is_held()
    await mine.release()


async def test_one_whose_database_was_taken_over_ends(
    servers: Servers, database_dsn: str, clock: ManualClock, tmp_path: Path
) -> None:
    run = Run(tmp_path, postgres=database_dsn, redis=servers.redis_url)
    process = await run.start()
    try:
        talk = asyncio.ensure_future(process.communicate())
        await eventually(lambda: run.ready_file.exists() or talk.done())
        process.send_signal(signal.SIGSTOP)  # else it may be quicker and take its claim again
        await cut(database_dsn)
        other = Claim(database_dsn, clock=clock, on_lost=lambda: None)
        await other.take()
        process.send_signal(signal.SIGCONT)
        _, said = await talk
        assert process.returncode == 4, said.decode()
        assert b"another Vanta (pid" in said
        assert b"Traceback" not in said
        assert other.is_held()
        await other.release()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("postgres", "redis", "words"),
    [
        ("postgresql://postgres@/x?host=/nowhere", "unix:///nowhere", "cannot use Postgres"),
        ("mysql://somewhere", "unix:///nowhere", "VANTA_POSTGRES_DSN"),
        ("", "carrier-pigeon://somewhere", "VANTA_REDIS_URL cannot be understood"),
    ],
)
async def test_an_address_that_does_not_work_is_named(
    database_dsn: str, tmp_path: Path, postgres: str, redis: str, words: str
) -> None:
    said = await Run(tmp_path, postgres=postgres or database_dsn, redis=redis).refused()
    assert words in said


async def test_operators_of_the_settings_are_admitted_once_and_on_record(
    pool: Pool, clock: ManualClock
) -> None:
    for _ in range(2):
        await operators.admit(pool, clock, admins=[7, 9, 7], super_admins=[9])
    admitted = await Users(pool).all()
    assert [(user.telegram_id, user.role) for user in admitted] == [
        (7, "admin"),
        (9, "super_admin"),
    ]
    acts = await Audit(pool).recent(9)
    assert [(act.action, act.object) for act in acts] == [
        ("user.admit", "operator-9"),
        ("user.admit", "operator-7"),
    ]
    assert {act.detail["cash_e6"] for act in acts} == {DRY_CASH_E6}


async def test_without_redis_it_starts_and_stays_in_dry(database_dsn: str, tmp_path: Path) -> None:
    run = Run(tmp_path, postgres=database_dsn, redis="unix:///nowhere/r.sock")
    process = await run.start()
    try:
        gone = asyncio.ensure_future(process.wait())
        await eventually(lambda: run.ready_file.exists() or gone.done())
        ready = json.loads(run.ready_file.read_text())
        async with aiohttp.ClientSession() as http:
            async with http.get(ready["http_url"] + "/readyz") as response:
                assert response.status == 503
                assert "redis" in json.dumps(await response.json())
            async with http.get(ready["http_url"] + "/status") as response:
                assert (await response.json())["mode"] == "DRY"
            async with http.post(ready["signals_url"], data=b"{}") as response:
                assert response.status == 401  # the door is open
        process.terminate()
        assert await gone == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_no_key_and_another_key_refuse_to_start(
    servers: Servers, database_dsn: str, pool: Pool, clock: ManualClock, tmp_path: Path
) -> None:
    async def said(**environ: str) -> str:
        run = Run(tmp_path, postgres=database_dsn, redis=servers.redis_url, **environ)
        return await run.refused()

    nothing = await said(VANTA_MASTER_KEY="")
    assert "no master key is configured: set VANTA_MASTER_KEY_FILE" in nothing
    assert "vanta key new" in nothing
    assert not await pool.fetchval("SELECT count(*) FROM master_keys")
    assert not (tmp_path / "home" / "keys").exists()
    key = key_file(tmp_path)
    await keeper_of(pool, clock, file_source(key)).open()
    another = await said()
    assert "VANTA_MASTER_KEY is another key" in another
    assert MASTER_KEY not in another
    key.chmod(0o640)
    open_to_all = await said(VANTA_MASTER_KEY="", VANTA_MASTER_KEY_FILE=str(key))
    assert "VANTA_MASTER_KEY_FILE" in open_to_all
    assert "expected 0600" in open_to_all
