"""Supervision: failing tasks come back, others do not notice, cancellation ends all."""

import asyncio
import random

import pytest

from tests.fakes.clock import ManualClock
from vanta.metrics import Metrics
from vanta.supervise import FIRST_DELAY_S, MAX_DELAY_S, Supervisor


class Sleeps:
    """Records delays and yields to the loop instead of waiting."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def __call__(self, delay_s: float) -> None:
        self.delays.append(delay_s)
        await asyncio.sleep(0)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def supervisor(sleeps: Sleeps) -> Supervisor:
    return Supervisor(ManualClock(), Metrics(), rng=random.Random(1), sleep=sleeps)


async def test_a_failing_task_is_restarted_and_its_neighbour_keeps_running(
    supervisor: Supervisor, sleeps: Sleeps
) -> None:
    runs = 0
    back = asyncio.Event()
    neighbour_cancelled = asyncio.Event()

    async def failing() -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            raise RuntimeError("broken")
        back.set()
        await asyncio.Event().wait()

    async def neighbour() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            neighbour_cancelled.set()

    supervisor.add("failing", failing)
    supervisor.add("neighbour", neighbour)
    task = asyncio.ensure_future(supervisor.run())
    await asyncio.wait_for(back.wait(), 5)
    assert not neighbour_cancelled.is_set()
    assert supervisor.states["failing"].restarts == 3
    assert supervisor.states["neighbour"].restarts == 0
    assert supervisor.states["failing"].last_error == "RuntimeError: broken"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert neighbour_cancelled.is_set()


async def test_delays_grow_with_jitter_up_to_the_ceiling(
    supervisor: Supervisor, sleeps: Sleeps
) -> None:
    enough = asyncio.Event()

    async def failing() -> None:
        if len(sleeps.delays) >= 20:
            enough.set()
            await asyncio.Event().wait()
        raise RuntimeError("broken")

    supervisor.add("failing", failing)
    task = asyncio.ensure_future(supervisor.run())
    await asyncio.wait_for(enough.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert FIRST_DELAY_S / 2 <= sleeps.delays[0] <= FIRST_DELAY_S
    assert MAX_DELAY_S / 2 <= sleeps.delays[-1] <= MAX_DELAY_S
    assert len(set(sleeps.delays)) == len(sleeps.delays)


async def test_a_task_that_fails_while_being_cancelled_does_not_come_back(
    supervisor: Supervisor,
) -> None:
    runs = 0
    begun = asyncio.Event()

    async def stubborn() -> None:
        nonlocal runs
        runs += 1
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("failed on the way out") from None

    supervisor.add("stubborn", stubborn)
    task = asyncio.ensure_future(supervisor.run())
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert runs == 1


async def test_a_task_whose_library_swallows_the_cancellation_ends_all_the_same() -> None:
    supervisor = Supervisor(ManualClock(), Metrics(), rng=random.Random(1), cancel_again_s=0.01)
    swallowed: list[str] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append("once")

    supervisor.add("stubborn", stubborn)
    task = asyncio.ensure_future(supervisor.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert swallowed == ["once"]


def test_a_name_is_taken_once(supervisor: Supervisor) -> None:
    async def task() -> None: ...

    supervisor.add("feed", task)
    with pytest.raises(ValueError, match="feed"):
        supervisor.add("feed", task)
