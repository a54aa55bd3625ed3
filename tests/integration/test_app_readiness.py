"""The venue's and the chain's parts of readiness, with the real thing broken."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import ControlWorld, control_world
from tests.fakes.engine_world import open_intent
from tests.fakes.sleeper import eventually, running
from vanta.app.readiness import readiness
from vanta.checks import Check
from vanta.domain.enums import OrderState
from vanta.store.pool import Pool
from vanta.supervise import Supervisor

SECOND = 10**9
WELL = (True, "paper: takes orders")


@pytest.fixture
async def world(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlWorld]:
    async with control_world(pool, clock, redis, tmp_path) as found:
        yield found


@pytest.fixture
def supervisor(world: ControlWorld) -> Supervisor:
    made = Supervisor(world.clock, world.metrics, rng=random.Random())
    world.trading.add_roles(made)
    return made


def venue_of(world: ControlWorld, supervisor: Supervisor) -> Check:
    async def healthy() -> bool:
        return True

    checks = readiness(
        stores=world.stores,
        redis_healthy=healthy,
        prices=world.prices,
        trading=world.trading,
        catalogue=world.catalogue,
        chain=None,
        bot=None,
        supervisor=supervisor,
    )
    assert "chain" not in checks, "none is configured"
    return checks["venue"]


async def test_an_order_that_does_not_move_shows(
    world: ControlWorld, supervisor: Supervisor, database_dsn: str
) -> None:
    venue = venue_of(world, supervisor)
    assert await venue() == (False, "paper: its task is not running")
    user = await world.person("trader")
    async with running(supervisor.run()) as task:
        await eventually(lambda: supervisor.states["executor.paper"].running, task)
        assert await venue() == WELL
        conn = await asyncpg.connect(database_dsn)
        async with conn.transaction():
            await conn.execute("LOCK TABLE fills IN ACCESS EXCLUSIVE MODE")
            order = await world.trading.engine.submit(open_intent(user.id))
            assert order.state is OrderState.CREATED, order.verdict
            await eventually(world.trading.paper.queue.empty, task)
            world.clock.advance(6 * SECOND)
            assert await venue() == (False, "paper: an order has been waiting for 6 s")
        await conn.close()
        await eventually(lambda: world.trading.paper.waits_s() == 0, task)
        assert await venue() == WELL
        done = await world.trading.engine.settled(order.id, 10.0)
        assert done.state.is_terminal


async def test_a_task_of_the_venue_that_is_silent_shows(
    world: ControlWorld, supervisor: Supervisor
) -> None:
    venue = venue_of(world, supervisor)
    async with running(supervisor.run()) as task:
        state = supervisor.states["executor.paper"]
        await eventually(lambda: state.running, task)
        state.beat("")  # it has begun something, and is not heard of again
        world.clock.advance(16 * SECOND)
        assert await venue() == (False, "paper: its task is silent for 16 s")
