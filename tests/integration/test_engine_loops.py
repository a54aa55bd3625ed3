"""The engine's long-lived tasks keep their beat and do their work in it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_signals import follower, opening, provider, stored
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.errors import NotRunningError
from vanta.domain.policy import Policy
from vanta.domain.units import E10
from vanta.engine.recover import SWEEP_AFTER_NS
from vanta.store.orders import Orders
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.signals import Signals

PRICE = 60_000 * E10


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


class StopError(Exception):
    """Ends a loop from its own sleep."""


def beats(count: int) -> Callable[[float], Awaitable[None]]:
    """A sleep that lets a loop turn `count` times."""
    left = [count]

    async def sleep(_: float) -> None:
        if left[0] == 0:
            raise StopError
        left[0] -= 1

    return sleep


async def test_recovery_takes_up_what_was_left_behind(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    async with world.running():
        real, world.engine._executor = world.executor, HoldingExecutor()
        order = await world.engine.submit(open_intent(user_id))
        world.engine._executor = real
        world.recovery._sleep = beats(1)
        with pytest.raises(StopError):
            await world.recovery.run()
        assert (await world.orders.by_id(order.id)).state is OrderState.CREATED  # still fresh
        clock.advance(SWEEP_AFTER_NS)
        quotes.put(BTC, PRICE)
        world.recovery._sleep = beats(1)
        with pytest.raises(StopError):
            await world.recovery.run()
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        assert world.engine.exposure(user_id).reserved_e6 == 0


async def test_a_clock_set_back_does_not_hide_what_was_left_behind(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """Rows from "the future" are old, not fresh: nobody else would ever take them up."""
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    clock.advance(3_600 * 10**9)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    first = World(pool, clock, quotes)
    first.engine._executor = HoldingExecutor()
    async with first.running():
        held = await first.engine.submit(open_intent(user_id))
    clock.advance(-3_600 * 10**9)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        assert (await world.engine.settled(held.id, 10.0)).state is OrderState.FILLED
        assert await world.fanout.sweep_once() == 1
        [order] = await world.signals.orders_of(*key)
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED


async def test_sweepers_look_again_at_once_when_the_store_was_away(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """A task that died of it would come back only after its supervisor's backoff."""
    world = World(pool, clock, quotes)

    class Away:
        asked = 0

        async def fetch(self, *_: object) -> None:
            self.asked += 1
            raise ConnectionRefusedError("away")

    away = Away()
    world.recovery._orders = Orders(away)
    world.fanout._signals = Signals(away)
    for loop in (world.recovery, world.fanout):
        loop._sleep = beats(3)
    with pytest.raises(StopError):
        await world.recovery.run()
    with pytest.raises(StopError):
        await world.fanout.sweep()
    assert away.asked == 3 + 4  # one sleeps before it looks, the other after


async def test_the_watch_arms_what_is_missing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    async with world.running():
        await world.done(open_intent(user_id))
        [position] = world.book.positions_of(user_id)
        world.triggers.disarm(position.id)
        world.desk._sleep = beats(1)
        with pytest.raises(StopError):
            await world.desk.watch_over()
        assert world.engine.protected_by(position) == "Vanta buffer"


async def test_the_book_looks_at_limits_every_few_seconds(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    async with world.running():
        await Policies(pool).set(user_id, Policy(max_leverage_e10=3 * E10), 2, "test")
        world.book._sleep = beats(4)
        with pytest.raises(StopError):
            await world.book.run()
        assert world.book.policy(user_id).max_leverage_e10 == 50 * E10
        world.book._sleep = beats(5)
        with pytest.raises(StopError):
            await world.book.run()
        assert world.book.policy(user_id).max_leverage_e10 == 3 * E10


async def test_a_stopping_engine_says_so_and_the_key_works_after(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    world = World(pool, clock, quotes)
    await world.book.load()
    world.gate.open()
    running = asyncio.ensure_future(world.engine.run())
    asking = asyncio.ensure_future(world.engine.submit(intent))
    while not world.engine._running or world.engine._opens.queue.qsize():
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(NotRunningError, match="same key"):
        await asking
    assert world.engine.exposure(user_id).reserved_e6 == 0
    async with World(pool, clock, quotes).running() as again:
        assert (await again.done(intent)).state is OrderState.FILLED
