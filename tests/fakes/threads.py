"""Threads that share an object of the core, for tests that want them to meet in it."""

import threading
from collections.abc import Callable


def together(*works: Callable[[], object]) -> None:
    """Run each in a thread of its own; whatever one raises fails the test, a panic too."""
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert failures == []
