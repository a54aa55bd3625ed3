"""Time under the test's control, sleepers included, and waiting for real I/O without a clock."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from tests.fakes.clock import ManualClock


class ManualTime(ManualClock):
    """A manual clock whose `sleep` returns when `advance` has passed the deadline."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self.mono_time_ns + int(seconds * 1e9), future)
        self._sleepers.append(entry)
        try:
            await future
        finally:
            self._sleepers.remove(entry)

    @property
    def asleep(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)

    def advance(self, ns: int) -> None:
        super().advance(ns)
        for due_ns, future in self._sleepers:
            if due_ns <= self.mono_time_ns and not future.done():
                future.set_result(None)


class InstantTime(ManualClock):
    """A manual clock whose `sleep` lets the time pass at once."""

    def __init__(self, *args: int) -> None:
        super().__init__(*args)
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.advance(round(seconds * 1e9))
        await asyncio.sleep(0)


class NoJitter(random.Random):
    """Chooses the shortest wait, so that only fixed waits are left."""

    def uniform(self, a: float, b: float) -> float:
        return a


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run `work` beside the test and stop it at the end; a failure of it is the test's."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def eventually(true: Callable[[], object], task: asyncio.Task[None] | None = None) -> None:
    """Let the loop turn (I/O included) until `true()`; the runner's time limit is the bound."""
    while not true():
        if task is not None and task.done():
            task.result()
            raise AssertionError("the task ended early")
        await asyncio.sleep(0)
