"""Whole instances to break."""

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
