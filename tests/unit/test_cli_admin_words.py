"""What the command line refuses by itself before it asks the instance."""

import json
import os
from pathlib import Path

import pytest

from vanta.cli import main


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home whose instance is this process and does not listen."""
    known = {"http_url": "http://127.0.0.1:9", "token": "t" * 32, "pid": os.getpid()}
    (tmp_path / "instance.json").write_text(json.dumps(known))
    (tmp_path / "instance.json").chmod(0o600)
    return {"VANTA_HOME": str(tmp_path), "NO_COLOR": "1"}


@pytest.mark.parametrize(
    "words",
    [[""], ["../../x"], ["users\0"], ["user", "\ud800"], ["ｕｓｅｒｓ"], ["users", "--bogus"]],
)
def test_words_that_no_command_has(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["admin", *words], environ) == 2
    assert "E-ARG" in capsys.readouterr().err


def test_a_pin_is_never_an_argument(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for flags in (["--pin", "482915"], ["--code", "482915"], ["--pin-stdin=482915"]):
        assert main(["admin", "emergency_resume", *flags], environ) == 2
        capsys.readouterr()
    assert main(["security", "pin", "482915"], environ) == 2


def test_nobody_answers(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "users"], environ) == 6
    assert "E-NOT-RUNNING" in capsys.readouterr().err
