"""Whole instances for end-to-end tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.instance import Instance

Start = Callable[..., Instance]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that makes instances and takes them down afterwards."""
    made: list[Instance] = []

    def make(*arguments: str, home: str = "home", **environ: str) -> Instance:
        instance = Instance(home=tmp_path / home, arguments=arguments, environ=environ)
        made.append(instance)
        return instance.start()

    yield make
    for instance in made:
        instance.kill()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One demo shared by tests that only add to it."""
    instance = Instance(home=tmp_path_factory.mktemp("shared") / "home", arguments=["--seed", "7"])
    instance.start()
    yield instance
    instance.kill()
