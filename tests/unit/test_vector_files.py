"""The vectors' own machinery: what must turn a run red does, and says which file and row.

Each case is a folder as `VANTA_VECTORS_DIR` would name it, run in a process of its own.
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"name": "empty", "data": "0x", "sha256": "0x" + "e3b0c44298fc1c149afbf4c8996fb924"}
GOOD["sha256"] += "27ae41e4649b934ca495991b7852b855"
WRONG = GOOD | {"name": "wrong", "sha256": "0x" + "00" * 32}
COMPUTE = {"id": "x.0001", "function": "scale_usdc", "args": ["1.5"], "result": "1500000"}


def put(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)


def run(folder: Path) -> tuple[bool, str]:
    """Whether the run was green, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/vectors"],
        cwd=ROOT,
        env=os.environ | {"VANTA_VECTORS_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_good_files_are_green_and_counted(tmp_path: Path) -> None:
    put(tmp_path, "hashes.json", [GOOD])
    put(tmp_path, "deep/er/hashes.json.gz", [GOOD, GOOD])
    put(tmp_path, "avantis_compute.held-out.json", {"meta": {}, "vectors": [COMPUTE]})
    put(tmp_path, "README.md", b"beside")
    put(tmp_path, "deep/LICENSE-MIT", b"beside")
    put(tmp_path, ".hidden", b"beside")
    green, said = run(tmp_path)
    assert green, said
    assert "er/hashes.json.gz: 2 of 2 rows" in said
    assert "all: 4 of 4 rows in 3 files" in said


@pytest.mark.parametrize(
    ("name", "content", "said_too"),
    [
        ("hashes.json", [], "hashes.json holds no rows"),
        ("avantis_compute.json", {"vectors": []}, "avantis_compute.json holds no rows"),
        ("create.json", [{"sender": "0x", "creates": []}], "create.json holds no rows"),
        ("hashes.json", [GOOD, WRONG], "1 of 2 rows differ: wrong: AssertionError: sha256"),
        ("deep/hashes.json.gz", [WRONG], "1 of 1 rows differ: wrong"),
        (
            "avantis_compute.json",
            {"vectors": [COMPUTE | {"function": "guess"}]},
            "x.0001: LookupError: unknown function guess",
        ),
        (
            "avantis_compute.json",
            {"vectors": [COMPUTE | {"error": "ValueError"}]},
            "1 of 1 rows differ: x.0001",
        ),
        ("avantis_v1_calldata.json", {"guesses": []}, "unknown parts {'guesses'}"),
        ("veranta_intents.json", {"guesses": []}, "unknown sections {'guesses'}"),
        ("guess.json", [GOOD], "guess.json: 0 families know this file"),
        ("deep/guess.json.gz", [GOOD], "guess.json.gz: 0 families know this file"),
        ("hashes.csv", b"a,b", "hashes.csv: 0 families know this file"),
        ("hashes.json", b"[", "JSONDecodeError"),
    ],
)
def test_what_turns_a_run_red(tmp_path: Path, name: str, content: Any, said_too: str) -> None:
    put(tmp_path, name, content)
    green, said = run(tmp_path)
    assert not green, said
    assert said_too in said


def test_no_folder_and_no_file_turn_a_run_red(tmp_path: Path) -> None:
    green, said = run(tmp_path)
    assert not green
    assert "no vector file found" in said
    green, said = run(tmp_path / "nowhere")
    assert not green
    assert "is not a folder" in said
