"""Whole instances for end-to-end tests."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.instance import Instance, new_home

Start = Callable[..., Instance]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts instances on one home and takes them down afterwards."""
    home = new_home()
    made: list[Instance] = []

    def make(*arguments: str, command: str = "demo", **environ: str) -> Instance:
        instance = Instance(home=home, arguments=arguments, command=command, environ=environ)
        made.append(instance)
        return instance.start()

    yield make
    for instance in made:
        instance.remove()


@pytest.fixture(scope="session")
def demo() -> Iterator[Instance]:
    """One demo shared by tests that only add to it."""
    instance = Instance(home=new_home(), arguments=["--seed", "7"])
    instance.start()
    yield instance
    instance.remove()
