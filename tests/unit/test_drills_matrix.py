"""The table of drills names tests that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MATRIX = TESTS / "drills" / "README.md"
DRILLS = {*range(10, 15), 33, *range(35, 38), *range(41, 47), 49, 50}


def names_in(path: Path) -> set[str]:
    return set(re.findall(r"^\s*(?:async )?def test_(\w+)", path.read_text(), re.MULTILINE))


def test_each_named_test_exists() -> None:
    named = re.findall(r"`(\w+/test_\w+\.py)::(\w+)`", MATRIX.read_text())
    assert len(named) > len(DRILLS)
    assert [f"{file}::{name}" for file, name in named if name not in names_in(TESTS / file)] == []


def test_each_drill_has_a_row_with_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*::", MATRIX.read_text(), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(DRILLS)


def test_each_file_of_drills_is_named() -> None:
    text = MATRIX.read_text()
    files = {path.name for path in MATRIX.parent.glob("test_*.py")}
    assert {name for name in files if f"drills/{name}::" not in text} == set()
