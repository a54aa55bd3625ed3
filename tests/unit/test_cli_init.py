"""`vanta init`: a home, a code shown once, and what to do next."""

import json
import os
from pathlib import Path

import pytest

from vanta.cli import main
from vanta.clock import SystemClock
from vanta.keys.configured import sandbox_key
from vanta.store import owner_file


def run(capsys: pytest.CaptureFixture[str], home: Path, *words: str, **environ: str) -> tuple:
    exit_code = main(["init", *words], {"VANTA_HOME": str(home), **environ})
    said = capsys.readouterr()
    return exit_code, said.out, said.err


def counts(home: Path, code: str) -> bool:
    return owner_file.matches(home, code, now_ns=SystemClock().now_ns())


def test_it_makes_the_home_and_shows_the_code_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "new" / "home"
    exit_code, out, told = run(capsys, home)
    code = out.strip()
    assert exit_code == 0
    assert counts(home, code)
    assert f"/start {code}" in told
    assert code not in (home / owner_file.FILE_NAME).read_text()
    assert (home / owner_file.FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_the_newest_code_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run(capsys, tmp_path)[1].strip() for _ in range(2))
    assert not counts(tmp_path, first)
    assert counts(tmp_path, second)


def test_it_says_whether_a_master_key_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "master.key"
    assert "vanta key new" in run(capsys, tmp_path)[2]
    assert str(key) in run(capsys, tmp_path, VANTA_MASTER_KEY_FILE=str(key))[2]
    key.write_text("anything")
    assert "vanta key new" not in run(capsys, tmp_path, VANTA_MASTER_KEY_FILE=str(key))[2]
    document = json.loads(run(capsys, tmp_path, "--json")[1])
    assert document["master_key"] is False
    assert counts(tmp_path, document["owner_code"])
    assert document["expires_at"].endswith("+00:00")


def test_it_finds_the_key_that_a_demo_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = sandbox_key(tmp_path)
    key.parent.mkdir()
    key.write_text("anything")
    told = run(capsys, tmp_path)[2]
    assert "No master key yet" not in told
    assert f"VANTA_MASTER_KEY_FILE={key}" in told  # what `vanta run` asks for
    assert json.loads(run(capsys, tmp_path, "--json")[1])["master_key"] is True


def test_it_does_not_say_to_start_what_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Start it" in run(capsys, tmp_path)[2]
    running = {"http_url": "http://127.0.0.1:1", "token": "t" * 20, "pid": os.getpid()}
    (tmp_path / "instance.json").write_text(json.dumps(running))
    assert "Start it" not in run(capsys, tmp_path)[2]


def test_a_home_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    exit_code, out, told = run(capsys, tmp_path / "file" / "home")
    assert (exit_code, out) == (4, "")
    assert "VANTA_HOME" in told
