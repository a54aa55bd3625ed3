"""`vanta key rotate`, killed at random rows until it is through: every row opens all the while."""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.fakes.clock import ManualClock
from tests.fakes.keyed import add_secrets, file_source, keeper_of, key_file, opened, secret
from vanta.keys.verification import verify
from vanta.store.master_keys import MasterKeys
from vanta.store.pool import Pool
from vanta.store.providers import Providers

ROWS = 500
MOST_KILLS = 20
PROGRESS = re.compile(r"(\d+) of (\d+) rows")


class Operator:
    """The command line on a database and a key file."""

    def __init__(self, home: Path, dsn: str, key: Path) -> None:
        self._environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "VANTA_HOME": str(home),
            "VANTA_POSTGRES_DSN": dsn,
            "VANTA_MASTER_KEY_FILE": str(key),
        }

    def rotate(self, *, kill_after: int = -1) -> int:
        """Rotate; with `kill_after` kill it when it has told its progress that often."""
        with subprocess.Popen(
            [sys.executable, "-m", "vanta.cli", "key", "rotate"],
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            told = 0
            for line in process.stderr:
                told += PROGRESS.search(line) is not None
                if told == kill_after:
                    process.send_signal(signal.SIGKILL)
                    break
        return process.returncode

    def verify(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vanta.cli", "key", "verify"],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


async def test_a_rotation_killed_at_random_rows_loses_none(
    pool: Pool, database_dsn: str, tmp_path: Path, clock: ManualClock
) -> None:
    rng = random.Random()
    key = key_file(tmp_path)
    runs = keeper_of(pool, clock, file_source(key))
    await runs.open()
    await add_secrets(pool, runs.box, ROWS)
    operator = Operator(tmp_path / "home", database_dsn, key)
    written, kills, between = ROWS, 0, 0
    while operator.rotate(kill_after=rng.randint(1, 4)) == -signal.SIGKILL:
        kills += 1
        assert kills < MOST_KILLS
        await runs.follow()
        between += len(runs.box.key_ids) == 2
        # What stands there opens, and new rows come in all the while.
        assert len(await opened(Providers(pool, runs.box))) == written
        written += 1
        await add_secrets(pool, runs.box, written, first=written)
    assert kills >= 2
    assert between >= 2
    await runs.follow()
    assert await opened(Providers(pool, runs.box)) == {
        f"k{n}": [secret(n)] for n in range(1, written + 1)
    }
    new, old = await MasterKeys(pool).all()
    assert (new.retired_ns, old.retired_ns > 0) == (0, True)
    assert [(k.id, k.rows) for k in (await verify(pool, runs)).keys] == [(new.id, written + 1)]
    shown = operator.verify()
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split()[-3:] == [new.id, "2", str(written + 1)]
    assert len(key.read_text().split()) == 2  # killed and begun again, it made one key


async def test_verify_names_the_row_that_does_not_open(
    pool: Pool, database_dsn: str, tmp_path: Path, clock: ManualClock
) -> None:
    key = key_file(tmp_path)
    keeper = keeper_of(pool, clock, file_source(key))
    await keeper.open()
    await add_secrets(pool, keeper.box, 3)
    await pool.execute(
        "UPDATE provider_secrets SET secret = substring(secret FROM 1 FOR octet_length(secret) - 1)"
        " WHERE key_id = 'k2'"
    )
    found = Operator(tmp_path / "home", database_dsn, key).verify()
    assert found.returncode == 1
    assert "provider_secrets.secret 2 k2" in found.stdout
    assert "Traceback" not in found.stderr
