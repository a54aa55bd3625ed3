"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Recorded market data, never part of the repository."""
    path = Path(os.environ.get("VANTA_DATA_DIR", REPO.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"recorded data not found at {path}; set VANTA_DATA_DIR")
    return path
