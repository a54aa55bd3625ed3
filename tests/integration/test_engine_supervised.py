"""A role that fails in a tight loop, be it the trigger desk itself, keeps no stop from firing."""

import asyncio
import random

import asyncpg
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from tests.fakes.sleeper import eventually, running
from vanta.domain.errors import NotRunningError
from vanta.domain.units import E10
from vanta.metrics import Metrics
from vanta.store.pool import Pool
from vanta.supervise import BUDGET, Supervisor


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def supervisor(clock: ManualClock) -> Supervisor:
    return Supervisor(clock, Metrics(), rng=random.Random(1), sleep=at_once)


class Roles:
    """The world's roles under supervision beside others, as in the process."""

    def __init__(self, supervisor: Supervisor, world: World, *, liquidates: bool = True) -> None:
        self._supervisor = supervisor
        self._world = world
        for name, run in (
            ("engine", world.engine.run),
            ("executor", world.executor.run),
            ("liquidator", world.liquidator.run),
        ):
            if liquidates or name != "liquidator":
                supervisor.add(name, run, essential=True)

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._supervisor.run())
        await self._world.recovery.start()

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task


async def stopped_out(world: World, user_id: int, quotes: FakeQuotes) -> None:
    """Open a position with a stop, let the price fall through it, wait for the close."""
    quotes.put(BTC, 60_000 * E10)
    await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
    quotes.put(BTC, 57_900 * E10)
    await eventually(lambda: not world.book.positions_of(user_id))


async def test_a_role_in_a_tight_loop_stops_no_stop(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, supervisor: Supervisor
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)

    async def broken() -> None:
        raise RuntimeError("always")

    supervisor.add("broken", broken)
    supervisor.add("triggers", world.desk.run, essential=True)
    async with Roles(supervisor, world):
        await eventually(lambda: supervisor.states["broken"].failing)
        for _ in range(3):
            await stopped_out(world, user_id, quotes)
    assert supervisor.states["broken"].restarts > BUDGET
    assert supervisor.states["triggers"].restarts == 0


async def test_a_desk_that_fails_again_and_again_fires_in_between(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, supervisor: Supervisor
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)

    async def sick_desk() -> None:
        # A few turns of the loop each time, then it dies, perhaps in the middle of a submit.
        async with asyncio.TaskGroup() as group:
            work = group.create_task(world.desk.run())
            for _ in range(20):
                await asyncio.sleep(0)
            work.cancel()
        raise asyncpg.InterfaceError("gone")

    supervisor.add("triggers", sick_desk, essential=True)
    async with Roles(supervisor, world):
        await eventually(lambda: supervisor.states["triggers"].failing)
        await stopped_out(world, user_id, quotes)
    assert len(await world.fills.of_user(user_id, 0)) == 2


async def test_a_lane_that_is_cancelled_from_within_comes_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, supervisor: Supervisor
) -> None:
    user_id = await make_user(pool)
    reached = 0

    def crash(point: str) -> None:
        nonlocal reached
        reached += point == "order.committed"
        if reached == 1:
            raise asyncio.CancelledError

    world = World(pool, clock, quotes, crash)
    quotes.put(BTC, 60_000 * E10)
    async with Roles(supervisor, world):
        with pytest.raises(NotRunningError):
            await world.engine.submit(open_intent(user_id, ref="lost"))
        async with asyncio.timeout(10):
            await world.done(open_intent(user_id, ref="next"))
    assert supervisor.states["engine"].restarts == 1


async def test_what_a_desk_died_over_is_fired_by_its_next_run(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, supervisor: Supervisor
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    quotes.put(BTC, 60_000 * E10)
    async with Roles(supervisor, world):
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        quotes.put(BTC, 57_900 * E10)
        dies = asyncio.ensure_future(world.desk.run())
        await asyncio.sleep(0)  # it has begun to fire, and nothing is submitted yet
        dies.cancel()
        await asyncio.gather(dies, return_exceptions=True)
        assert world.book.positions_of(user_id)
        async with running(world.desk.run()) as desk:
            await eventually(lambda: not world.book.positions_of(user_id), desk)


async def test_what_a_liquidator_died_over_is_submitted_by_its_next_run(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, supervisor: Supervisor
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    quotes.put(BTC, 60_000 * E10)
    async with Roles(supervisor, world, liquidates=False):
        await world.done(open_intent(user_id))
        [held] = world.book.positions_of(user_id)
        quotes.put(BTC, held.liquidation_e10 - E10)
        dies = asyncio.ensure_future(world.liquidator.run())
        await asyncio.sleep(0)
        dies.cancel()
        await asyncio.gather(dies, return_exceptions=True)
        assert world.book.positions_of(user_id)
        async with running(world.liquidator.run()) as task:
            await eventually(lambda: not world.book.positions_of(user_id), task)
