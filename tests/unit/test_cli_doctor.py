"""`vanta doctor`: each check sees its trouble, names it, and says how to fix it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vanta
from tests.fakes.envelope import MASTER_KEY
from tests.fakes.http_stub import Stub, http_stub
from tests.unit.test_cli_exits import Home
from vanta.cli import checks, main
from vanta.domain.errors import ConfigError
from vanta.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with http_stub(Stub()) as stub:
        made = Home(tmp_path, stub)
        (tmp_path / "instance.json").chmod(0o600)
        # Any port is fine: what is taken on this machine is not what is tested here.
        made.environ |= {"VANTA_PORT": "0"}
        yield made


def examine(home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = home.run("doctor", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code
    return code, {finding["name"]: finding for finding in document["findings"]}


def test_all_in_place(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examine(home, capsys)
    assert code == 0
    bad = [f for f in found.values() if f["level"] == "fail"]
    assert bad == []
    assert {"python", "core", "clock", "settings", "home", "disk", "postgres", "redis",
            "telegram", "instance", "web port"} <= set(found)  # fmt: skip
    assert found["instance"]["level"] == "ok"


def test_every_line_that_is_not_ok_says_how_to_fix_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.environ |= {"VANTA_TELEGRAM_TOKEN": "nonsense", "VANTA_POSTGRES_DSN": "postgresql://x@/"}
    home.write(pid=0)
    _, found = examine(home, capsys)
    wrong = [f for f in found.values() if f["level"] != "ok"]
    assert len(wrong) >= 3
    assert all(f["fix"] or "make run" in f["text"] for f in wrong)


def test_wrong_settings_exit_4_each_on_its_line(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.environ |= {"VANTA_PORT": "eighty", "LOG_LEVEL": "loud"}
    assert home.run("doctor") == 4
    out = capsys.readouterr().out
    assert sum(line.startswith("FAIL") and "settings" in line for line in out.splitlines()) == 2
    assert "VANTA_PORT" in out
    assert "LOG_LEVEL" in out


def test_home_that_is_a_file(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    file = home.path / "file"
    file.write_text("")
    home.environ["VANTA_HOME"] = str(file / "below")
    code, found = examine(home, capsys)
    assert code == 4
    assert found["home"]["level"] == "fail"
    assert "VANTA_HOME" in found["home"]["fix"]


def test_stores_that_do_not_answer_fail_without_showing_passwords(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ":".join(("vanta", "hunter2"))
    home.environ |= {
        "VANTA_POSTGRES_DSN": f"postgresql://{who}@127.0.0.1:1/vanta",
        "VANTA_REDIS_URL": f"redis://{who}@127.0.0.1:1/0",
        "VANTA_MASTER_KEY": MASTER_KEY,
    }
    code, found = examine(home, capsys)
    assert code == 1
    assert found["postgres"]["level"] == found["redis"]["level"] == "fail"
    assert "hunter2" not in json.dumps(found)


def test_the_master_key_is_looked_at_and_not_shown(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(home, capsys)[1]["master key"]["level"] == "ok"
    home.environ["VANTA_MASTER_KEY_FILE"] = str(home.path / "master.key")
    code, found = examine(home, capsys)
    assert (code, found["master key"]["level"]) == (4, "fail")
    assert "vanta key new" in found["master key"]["fix"]
    (home.path / "master.key").write_text(MASTER_KEY)
    (home.path / "master.key").chmod(0o644)
    assert "expected 0600" in examine(home, capsys)[1]["master key"]["text"]
    (home.path / "master.key").chmod(0o600)
    _, found = examine(home, capsys)
    assert found["master key"]["level"] == "ok"
    assert MASTER_KEY not in json.dumps(found)


def test_production_without_configured_stores(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.environ["ENVIRONMENT"] = "production"
    code, found = examine(home, capsys)
    assert code == 4
    assert "VANTA_POSTGRES_DSN" in found["postgres"]["text"]
    home.environ["VANTA_ALLOW_EMBEDDED"] = "1"
    assert examine(home, capsys)[0] == 0


def test_programs_that_are_missing_or_cannot_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    def missing() -> Path:
        raise ConfigError("no Postgres found")

    found = checks.embedded(settings, "postgres", "X", missing)
    assert (found.level, found.text, found.fix) == (
        "fail",
        "no Postgres found",
        "Run `make setup`.",
    )
    program = tmp_path / "postgres"
    program.write_text("")
    program.chmod(0o644)
    found = checks.embedded(settings, "postgres", "X", lambda: program)
    assert (found.level, found.fix) == ("fail", f"Run: chmod +x {program}")


def test_token_file_that_others_can_read(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (home.path / "instance.json").chmod(0o644)
    code, found = examine(home, capsys)
    assert code == 0
    assert found["token file"]["level"] == "warn"
    assert "chmod 600" in found["token file"]["fix"]


def test_taken_port_fails_unless_it_is_our_own(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        home.environ |= {"VANTA_PORT": str(taken.getsockname()[1]), "VANTA_CHAT_PORT": "0"}
        _, found = examine(home, capsys)
        assert found["web port"]["level"] == "ok"
        home.write(pid=0)
        code, found = examine(home, capsys)
        assert code == 1
        assert found["web port"]["level"] == "fail"
        assert "VANTA_PORT" in found["web port"]["fix"]


def test_taken_port_that_nobody_asked_for_gives_way(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(home=tmp_path, port=port, port_is_default=True)
        found = checks.ports(settings, is_running=False)[0]
    assert (found.level, "next free" in found.text) == ("ok", True)


def test_without_the_core_every_command_says_how_to_build_it(tmp_path: Path) -> None:
    package = Path(vanta.__file__).parent
    shutil.copytree(package, tmp_path / "vanta", ignore=shutil.ignore_patterns("_core*.so"))
    for words in (["doctor"], ["version"], ["demo", "--port", "0"], ["status", "--json"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "vanta.cli", *words],
            env={"PYTHONPATH": str(tmp_path), "VANTA_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        told = done.stdout + done.stderr
        assert done.returncode == 1, told
        assert "make setup" in told
        assert "E-CORE" in told
        assert "Traceback" not in told


def test_malformed_bot_token_is_not_shown(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.environ["VANTA_TELEGRAM_TOKEN"] = "my-secret-token"
    code, found = examine(home, capsys)
    assert code == 4
    assert found["telegram"]["level"] == "fail"
    assert "my-secret-token" not in json.dumps(found)


def test_clock_behind_the_build(capsys: pytest.CaptureFixture[str]) -> None:
    levels = {finding.name: finding.level for finding in checks.core(now_ns=10**18)}
    assert levels["clock"] == "fail"


def test_not_running_is_only_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"], {"VANTA_HOME": str(tmp_path), "VANTA_PORT": "0"})
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    [instance] = [f for f in document["findings"] if f["name"] == "instance"]
    assert instance["level"] == "warn"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_home_that_cannot_be_written(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    closed = home.path / "closed"
    closed.mkdir(mode=0o500)
    home.environ["VANTA_HOME"] = str(closed / "vanta")
    assert examine(home, capsys)[0] == 4
