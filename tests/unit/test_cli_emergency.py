"""The stop file from the command line, where nothing else runs."""

import json
import os
from pathlib import Path

import pytest

from vanta.cli import main
from vanta.domain.system import STOP_FILE, Stop, read_stop


def run(home: Path, *words: str, **environ: str) -> int:
    return main(words, {"VANTA_HOME": str(home), "NO_COLOR": "1", **environ})


def stands(home: Path) -> tuple[Stop, str]:
    return read_stop((home / STOP_FILE).read_text())


@pytest.mark.parametrize(
    ("words", "stop"),
    [
        ((), (Stop.OPENS, "")),
        (("--all",), (Stop.ALL, "")),
        (("--all", "--reason", "chain\nhalted"), (Stop.ALL, "chain halted")),
    ],
)
def test_a_stop_is_a_file(tmp_path: Path, words: tuple[str, ...], stop: tuple[Stop, str]) -> None:
    assert run(tmp_path, "emergency-stop", *words) == 0
    assert stands(tmp_path) == stop
    assert [path.name for path in tmp_path.iterdir()] == [STOP_FILE]


def test_a_stop_works_where_another_setting_is_wrong(tmp_path: Path) -> None:
    assert run(tmp_path, "emergency-stop", VANTA_PORT="eighty", VANTA_MASTER_KEY="odd") == 0
    assert stands(tmp_path)[0] is Stop.OPENS


def test_a_weaker_stop_does_not_loosen_a_stricter_one(tmp_path: Path) -> None:
    run(tmp_path, "emergency-stop", "--all", "--reason", "first")
    run(tmp_path, "emergency-stop", "--reason", "second")
    assert stands(tmp_path) == (Stop.ALL, "first")


def test_a_home_that_is_not_there_is_not_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "other", "emergency-stop") == 3
    assert "nothing was stopped" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_resume_removes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "emergency-stop")
    capsys.readouterr()
    assert run(tmp_path, "--json", "emergency-resume") == 0
    assert json.loads(capsys.readouterr().out)["removed"] is True
    assert not (tmp_path / STOP_FILE).exists()
    assert run(tmp_path, "emergency-resume") == 6  # nothing to remove and nobody to ask


@pytest.mark.parametrize("words", [("emergency-stop", "--all"), ("emergency-resume",)])
def test_a_folder_in_the_place_of_the_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (tmp_path / STOP_FILE).mkdir()
    assert run(tmp_path, *words) == 1
    told = capsys.readouterr().err
    assert f"{tmp_path / STOP_FILE} cannot be" in told
    assert "stops new trades only" in told or "goes on stopping" in told
    assert [path.name for path in tmp_path.iterdir()] == [STOP_FILE]


def test_whatever_stands_there_is_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / STOP_FILE
    for make in (os.mkfifo, lambda path: path.symlink_to("nowhere"), huge):
        make(path)
        assert run(tmp_path, "emergency-stop", "--all") == 0
        assert stands(tmp_path) == (Stop.ALL, "")
        path.unlink()
        make(path)
        assert run(tmp_path, "emergency-resume") == 0
        assert list(tmp_path.iterdir()) == []


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)
