"""The count of rows checked per vector file, shown at the end of the run."""

from collections.abc import Iterator

import pytest

COUNTS = pytest.StashKey[dict[str, tuple[int, int]]]()


@pytest.fixture(scope="session")
def counts(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[int, int]]]:
    """File name to (rows that passed, rows)."""
    yield request.config.stash.setdefault(COUNTS, {})


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
