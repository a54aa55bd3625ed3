"""The count of rows checked per vector file, shown at the end of the run."""

from collections.abc import Iterator
from typing import Any

import pytest

COUNTS = pytest.StashKey[dict[str, tuple[int, int]]]()
OUTPUT = "vector_counts"


@pytest.fixture(scope="session")
def counts(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[int, int]]]:
    """File name to (rows that passed, rows)."""
    yield request.config.stash.setdefault(COUNTS, {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    # In a run of several processes each hands its counts to the one that prints.
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = session.config.stash.get(COUNTS, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    found = getattr(node, "workeroutput", {}).get(OUTPUT, {})
    held = node.config.stash.setdefault(COUNTS, {})
    held.update({name: (passed, total) for name, (passed, total) in found.items()})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(COUNTS, {})
    if not found:
        return
    terminalreporter.section("vectors")
    for name, (passed, total) in sorted(found.items()):
        terminalreporter.write_line(f"{name}: {passed} of {total} rows")
    passed, total = (sum(column) for column in zip(*found.values(), strict=True))
    terminalreporter.write_line(f"all: {passed} of {total} rows in {len(found)} files")
