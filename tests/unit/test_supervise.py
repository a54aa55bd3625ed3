"""Supervision: failing tasks come back, others do not notice, cancellation ends all."""

import asyncio
import random

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.sleeper import eventually
from vanta.metrics import Metrics
from vanta.supervise import (
    BUDGET,
    ESSENTIAL_DELAY_S,
    FIRST_DELAY_S,
    MAX_DELAY_S,
    WELL_NS,
    WINDOW_NS,
    Supervisor,
    beat,
    rest,
)


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


class Running:
    """A supervisor at work, whose tasks are looked at from outside."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._supervisor.run())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task


def value(metrics: Metrics, name: str, task: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"task": task})


async def test_a_spent_budget_makes_a_task_a_failing_one_until_it_holds() -> None:
    clock, metrics, sleeps = ManualClock(), Metrics(), Sleeps()
    supervisor = Supervisor(clock, metrics, rng=random.Random(1), sleep=sleeps)
    runs = 0

    async def failing() -> None:
        nonlocal runs
        runs += 1
        if runs <= BUDGET:
            raise RuntimeError("broken")
        await asyncio.Event().wait()

    supervisor.add("failing", failing)
    supervisor.add("idle", asyncio.Event().wait)  # type: ignore[arg-type]
    async with Running(supervisor):
        await eventually(lambda: runs == BUDGET - 1)
        assert supervisor.troubles() == {}, "something is left of the budget"
        await eventually(lambda: runs > BUDGET)
        assert supervisor.troubles() == {"failing": f"failing, {BUDGET} restarts"}
        assert supervisor.status()["failing"]["trouble"] == f"failing, {BUDGET} restarts"
        assert sleeps.delays[-1] >= MAX_DELAY_S / 2, "the slowest pace"
        assert value(metrics, "vanta_task_troubled", "failing") == 1
        assert value(metrics, "vanta_task_troubled", "idle") == 0
        assert value(metrics, "vanta_task_restarts_total", "failing") == BUDGET
        clock.advance(WELL_NS - 1)
        assert supervisor.troubles()
        clock.advance(1)
        assert supervisor.troubles() == {}
        assert value(metrics, "vanta_task_troubled", "failing") == 0


async def test_failures_far_apart_spend_no_budget() -> None:
    clock = ManualClock()
    supervisor = Supervisor(clock, Metrics(), rng=random.Random(1), sleep=Sleeps())
    runs = 0

    async def now_and_then() -> None:
        nonlocal runs
        runs += 1
        if runs > 3 * BUDGET:
            await asyncio.Event().wait()
        clock.advance(WINDOW_NS // (BUDGET - 1) + 1)
        raise RuntimeError("again")

    supervisor.add("now and then", now_and_then)
    async with Running(supervisor):
        await eventually(lambda: runs > 3 * BUDGET)
        assert supervisor.troubles() == {}


async def test_an_essential_task_is_never_given_up_nor_kept_waiting() -> None:
    sleeps = Sleeps()
    supervisor = Supervisor(ManualClock(), Metrics(), rng=random.Random(1), sleep=sleeps)

    async def failing() -> None:
        raise RuntimeError("broken")

    supervisor.add("triggers", failing, essential=True)
    async with Running(supervisor):
        await eventually(lambda: len(sleeps.delays) >= 50)
    assert max(sleeps.delays) <= ESSENTIAL_DELAY_S
    assert supervisor.states["triggers"].failing


async def test_a_task_that_says_nothing_is_silent_and_one_that_waits_is_not() -> None:
    clock, metrics = ManualClock(), Metrics()
    supervisor = Supervisor(clock, metrics, rng=random.Random(1), sleep=Sleeps())
    work = {name: asyncio.Event() for name in ("beats", "rests", "hangs", "two")}

    async def beats() -> None:
        while True:
            beat()
            await work["beats"].wait()
            work["beats"].clear()

    async def rests() -> None:
        beat()
        rest()
        await work["rests"].wait()
        beat()
        await asyncio.Event().wait()

    async def two_parts() -> None:
        beat("one")
        while True:
            beat("other")
            await work["two"].wait()
            work["two"].clear()

    async def hangs() -> None:
        await asyncio.Event().wait()

    for name, run in (("beats", beats), ("rests", rests), ("hangs", hangs), ("two", two_parts)):
        supervisor.add(name, run, silent_after_s=10)
    supervisor.add("unasked", hangs)
    async with Running(supervisor):
        await eventually(lambda: supervisor.states["two"].running)
        await asyncio.sleep(0)
        clock.advance(10 * 10**9)
        assert supervisor.troubles() == {}
        clock.advance(1)
        work["beats"].set()
        work["two"].set()
        await eventually(lambda: not work["beats"].is_set() and not work["two"].is_set())
        assert set(supervisor.troubles()) == {"hangs", "two"}, "one part of two says nothing"
        assert supervisor.troubles()["hangs"] == "silent for 10 s"
        age = "vanta_task_heartbeat_age_seconds"
        assert value(metrics, age, "hangs") == pytest.approx(10)
        assert (value(metrics, age, "beats"), value(metrics, age, "rests")) == (0, 0)
        assert value(metrics, age, "unasked") is None
        work["rests"].set()
        await asyncio.sleep(0)
        clock.advance(11 * 10**9)
        assert "rests" in supervisor.troubles()


async def test_a_task_between_two_runs_is_down_and_not_silent() -> None:
    clock = ManualClock()
    sleeping = asyncio.Event()

    async def sleep(_: float) -> None:
        sleeping.set()
        await asyncio.Event().wait()

    supervisor = Supervisor(clock, Metrics(), rng=random.Random(1), sleep=sleep)

    async def fails() -> None:
        beat()
        raise RuntimeError("broken")

    supervisor.add("fails", fails, silent_after_s=10)
    async with Running(supervisor):
        await asyncio.wait_for(sleeping.wait(), 5)
        clock.advance(60 * 10**9)
        assert supervisor.troubles() == {}
        assert not supervisor.states["fails"].running


def test_a_sign_of_life_outside_of_any_task_is_nothing() -> None:
    beat()
    rest()


async def test_a_cancellation_that_nobody_meant_for_a_task_is_a_failure_like_any_other(
    supervisor: Supervisor,
) -> None:
    runs = 0

    async def awaits_what_was_cancelled() -> None:
        nonlocal runs
        runs += 1
        if runs > 1:
            await asyncio.Event().wait()
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner

    supervisor.add("library", awaits_what_was_cancelled)
    async with Running(supervisor):
        await eventually(lambda: runs == 2)
        assert supervisor.states["library"].last_error == "cancelled from within"
        assert supervisor.states["library"].running
