"""Every row of every vector file, through the border.

`VANTA_VECTORS_DIR` names another folder of files of the same formats. A file that no family knows,
a file without rows and a row about an unknown function fail. So does a file of an ending
nobody expects: only texts and programs may stand beside vectors.
"""

from pathlib import Path

import pytest

from tests.vectors.files import SHARED, content, family_of, vector_files

FILES = vector_files()
SHOWN = 5


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_row(path: Path, counts: dict[str, tuple[int, int]]) -> None:
    family = family_of(path)
    rows = list(family.rows(content(path)))
    assert rows, f"{path.name} holds no rows"
    wrong: list[str] = []
    for name, row in rows:
        try:
            family.check(row)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    counts[f"{path.parent.name}/{path.name}"] = (len(rows) - len(wrong), len(rows))
    assert not wrong, f"{len(wrong)} of {len(rows)} rows differ: " + "; ".join(wrong[:SHOWN])


def test_there_are_files() -> None:
    assert FILES, "no vector file found"


def test_shared_vectors_are_there() -> None:
    if not (SHARED / "external").is_dir():
        pytest.skip(f"no vectors of other projects at {SHARED / 'external'}; set VANTA_VECTORS_DIR")
