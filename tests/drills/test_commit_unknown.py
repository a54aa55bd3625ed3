"""The connection dies during a COMMIT: it is read again what came of it before any retry."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.cut_proxy import QUERY, CutProxy, cut_proxy
from tests.fakes.engine_world import BTC, World, close_intent, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from tests.fakes.sleeper import eventually
from vanta.domain.enums import OrderState
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.units import E6, E10
from vanta.store.app_role import ROLE
from vanta.store.pool import AWAY, Pool, open_pool

CASH = 10_000
COMMITS = 2  # of an open and its close: each books its end in one transaction


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    return FakeQuotes(clock)


@pytest.fixture
async def line(database_dsn: str) -> AsyncIterator[tuple[Pool, CutProxy]]:
    """A pool whose COMMITs can be made to lose their answer and their connection."""
    with tempfile.TemporaryDirectory(prefix="vanta-", dir="/tmp") as folder:
        through = cut_proxy(database_dsn, Path(folder), marker=b"COMMIT", begins=QUERY)
        async with through as (proxy, dsn):
            pool = await open_pool(dsn, role=ROLE, min_size=1, max_size=4)
            yield pool, proxy
            pool.terminate()


async def to_its_end(world: World, intent: Intent) -> Order:
    """Ask until there is an answer, and let recovery do what it does each second."""
    while True:
        try:
            order = await world.engine.submit(intent)
            break
        except AWAY:
            continue  # as a person would: the same key again

    async def ended() -> bool:
        await world.ledger.clear_doubts()
        await world.recovery.redeliver(min_age_ns=0)
        return (await world.orders.by_id(order.id)).state.is_terminal

    while not await ended():
        await eventually(lambda: not world.executor.is_busy(order.id))
    await eventually(lambda: not world.ledger.is_expected(order.id))
    return await world.orders.by_id(order.id)


@pytest.mark.parametrize("lost", range(COMMITS), ids=lambda n: f"commit {n + 1}")
async def test_one_effect_whichever_commit_is_lost(
    line: tuple[Pool, CutProxy], clock: ManualClock, quotes: FakeQuotes, lost: int
) -> None:
    pool, proxy = line
    user_id = await make_user(pool, cash=CASH)
    world = World(pool, clock, quotes)
    async with world.running():
        quotes.put(BTC, 60_000 * E10)
        proxy.skips, proxy.cuts = lost, 1
        opened = await to_its_end(world, open_intent(user_id))
        [held] = world.book.positions_of(user_id)
        closed = await to_its_end(world, close_intent(user_id, held.id))
        proxy.cuts = 0
        assert (opened.state, closed.state) == (OrderState.FILLED, OrderState.FILLED)
        for order in (opened, closed):
            assert len(await world.fills.of_order(order.id)) == 1
        assert world.book.positions_of(user_id) == []
        assert await world.positions.open_of(user_id) == []
        moved = sum(fill.cash_delta_e6 for fill in await world.fills.of_user(user_id, 0))
        exposure = world.engine.exposure(user_id)
        assert await world.cash(user_id) == CASH * E6 + moved
        assert (exposure.cash_e6, exposure.reserved_e6) == (CASH * E6 + moved, 0)
        assert not world.book.is_in_doubt(user_id)
    assert proxy.cut == 1
