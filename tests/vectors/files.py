"""Which vector files there are, and what knows how to check the rows of each.

A family says by the file's name which files it understands, how one falls into rows, and how a row
is checked. Families are the modules of `tests/vectors/families`; each holds a tuple `FAMILIES`.
"""

import gzip
import importlib
import json
import os
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent.parent / "shared" / "vectors"
BESIDE = frozenset({"", ".md", ".txt", ".py", ".pyc"})
"""Endings of what is no file of vectors; a hidden file has none."""

Row = tuple[str, Any]


@dataclass(frozen=True)
class Family:
    """Files whose whole name matches `pattern`, the rows of one, and the check of a row."""

    pattern: str
    rows: Callable[[Any], Iterable[Row]]
    """Content to (id, row) pairs; every row of the file, none left out."""
    check: Callable[[Any], None]
    """Raises `AssertionError` (or anything) for a row that the core answers differently."""

    def knows(self, name: str) -> bool:
        return re.fullmatch(self.pattern, name, re.IGNORECASE) is not None


def families() -> list[Family]:
    """All families, by module name."""
    package = importlib.import_module("tests.vectors.families")
    found: list[Family] = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        found += importlib.import_module(f"{package.__name__}.{module.name}").FAMILIES
    return found


def family_of(path: Path) -> Family:
    """Find the one family that knows the file."""
    knowing = [family for family in families() if family.knows(path.name)]
    if len(knowing) != 1:
        raise LookupError(f"{path.name}: {len(knowing)} families know this file, must be one")
    return knowing[0]


def vector_files() -> list[Path]:
    """List the files of `VANTA_VECTORS_DIR`, else our own and those beside the project."""
    chosen = os.environ.get("VANTA_VECTORS_DIR")
    if chosen:
        folder = Path(chosen)
        if not folder.is_dir():
            raise NotADirectoryError(f"VANTA_VECTORS_DIR {chosen} is not a folder")
        return _below(folder)
    return _below(HERE) + _below(SHARED / "external")


def _below(folder: Path) -> list[Path]:
    """All files, in subfolders too, but for the texts and programs that stand beside vectors."""
    if not folder.is_dir():
        return []
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if path.suffix.lower() not in BESIDE)


def content(path: Path) -> Any:
    """Read the file; numbers with a fraction become `Decimal`, so that no digit is lost."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    return json.loads(text, parse_float=Decimal)
