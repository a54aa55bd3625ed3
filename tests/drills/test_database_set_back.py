"""A database restored from an older backup: a start notices, opens nothing, and says why."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.drills.test_stop import open_trade, trade
from tests.e2e.instance import Instance
from vanta.sandbox.home import Home
from vanta.store.highwater import FILE_NAME as FILE


def cluster(instance: Instance) -> Path:
    return Home(instance.home).postgres_folder()


def back_up(instance: Instance, to: Path) -> None:
    shutil.copytree(cluster(instance), to, symlinks=True)


def restore(instance: Instance, backup: Path) -> None:
    place = cluster(instance)
    give_up = time.monotonic() + 30
    while (place / "postmaster.pid").exists():  # the server ends a moment after its parent
        assert time.monotonic() < give_up
        time.sleep(0.05)
    owner = place.stat()
    shutil.rmtree(place)
    shutil.copytree(backup, place, symlinks=True)
    for path in (place, *place.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    place.chmod(0o700)


def noted(instance: Instance, order_id: int) -> None:
    """Wait until the fill of an order stands in the note, a moment after it happened."""
    give_up = time.monotonic() + 10
    while json.loads((instance.home / FILE).read_text())["filled_order_id"] < order_id:
        assert time.monotonic() < give_up, "the fill was not noted"
        time.sleep(0.02)


def test_a_restored_backup_opens_nothing_until_an_operator_has_looked(
    start: Callable[..., Instance], open_folder: Path
) -> None:
    instance = start("--seed", "7")
    assert open_trade(instance) == "FILLED"
    assert instance.stop() == 0
    backup = open_folder / "backup"
    back_up(instance, backup)

    # A start on the database as it was left is a start like any other.
    instance = start("--seed", "7")
    assert open_trade(instance) == "FILLED"
    noted(instance, 2)
    instance.kill()
    restore(instance, backup)

    instance = start("--seed", "7")
    assert "E-STOPPED" in open_trade(instance)
    [held] = instance.cli_json("positions")["positions"]
    assert trade(instance, "close", str(held["id"])) == "FILLED", "closing works"
    assert "the database was set back" in instance.log_path.read_text()
    log = instance.cli_json("audit", "verify")
    assert log["ok"]
    assert "E-STOPPED" in open_trade(instance)
