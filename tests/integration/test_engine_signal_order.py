"""A provider's closes and changes find what it opened before, whatever order they are driven in."""

import asyncio

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_signals import driven, follower, opening, provider, status, stored
from tests.fakes.engine_world import BTC, ETH, World, open_intent
from tests.fakes.envelope import TestEnvelope
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Side
from vanta.domain.signal import Signal
from vanta.domain.units import E6, E10
from vanta.engine.signals import SWEEP_AFTER_NS
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.signals import SignalStatus

PRICE = 60_000 * E10


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    made.put(ETH, 3_500 * E10)
    return made


async def test_open_then_close_in_one_batch(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    keys = [
        await stored(pool, clock, pulse, "sig-1", opening()),
        await stored(pool, clock, pulse, "sig-2", Signal(action="close", market_ix=BTC)),
    ]
    async with World(pool, clock, quotes).running() as world:
        orders = await driven(world, *keys)
        assert [order.state for order in orders] == [OrderState.FILLED] * 2
        assert orders[1].intent.ref == f"{pulse}:sig-2:{orders[0].position_id}"
        assert await world.positions.open_of(user_id) == []
        assert await status(world, keys[1]) is SignalStatus.ACCEPTED


async def test_a_close_waits_for_the_open_before_it(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    keys = [
        await stored(pool, clock, pulse, "sig-1", opening()),
        await stored(pool, clock, pulse, "sig-2", Signal(action="close", market_ix=BTC)),
    ]
    world = World(pool, clock, quotes)
    held = HoldingExecutor()
    world.engine._executor = held
    async with world.running():
        driving = asyncio.ensure_future(world.fanout.drive(keys))
        await world.until(lambda: bool(held.orders))
        world.engine._executor = world.executor
        for _ in range(20):  # time enough to overtake, if it could
            await world.orders.recent(user_id, 1)
        assert not driving.done()
        await world.executor.execute_many(held.orders)
        await driving
        [order] = await world.signals.orders_of(pulse, "sig-2")
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        assert await world.positions.open_of(user_id) == []


async def test_a_close_reaches_an_open_that_was_received_before_but_is_driven_after(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """The open met a sick store, its close did not: the sweeper must not leave it open."""
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    opened = await stored(pool, clock, pulse, "sig-1", opening())
    clock.advance(1)
    closed = await stored(pool, clock, pulse, "sig-2", Signal(action="close", market_ix=BTC))
    async with World(pool, clock, quotes).running() as world:
        await driven(world, closed)
        assert await status(world, closed) is SignalStatus.RECEIVED
        clock.advance(SWEEP_AFTER_NS + 1)
        quotes.put(BTC, PRICE)
        await world.fanout.sweep_once()
        [order] = await driven(world, closed)
        assert order.state is OrderState.FILLED
        assert await world.positions.open_of(user_id) == []
        assert await status(world, opened) is SignalStatus.ACCEPTED
        assert await status(world, closed) is SignalStatus.ACCEPTED


async def test_signals_of_a_batch_are_driven_in_the_order_they_were_received(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    opened = await stored(pool, clock, pulse, "sig-1", opening())
    clock.advance(1)
    closed = await stored(pool, clock, pulse, "sig-2", Signal(action="close", market_ix=BTC))
    async with World(pool, clock, quotes).running() as world:
        # The answers went out the other way round.
        assert len(await driven(world, closed, opened)) == 2
        assert await world.positions.open_of(user_id) == []


@pytest.mark.parametrize("action", ["close", "flat"])
async def test_a_close_is_not_done_while_an_earlier_open_may_still_fill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, action: str
) -> None:
    """After a restart without a price an open waits; what is open already closes at once."""
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    change = Signal(action=action, market_ix=BTC if action == "close" else None)
    world = World(pool, clock, quotes)
    world.fanout._settle_s = 0.0
    async with world.running():
        [first] = await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
        clock.advance(1)
        held = world.engine._executor = HoldingExecutor()
        await world.fanout.drive([await stored(pool, clock, pulse, "sig-2", opening())])
        world.engine._executor = world.executor
        clock.advance(1)
        closed = await stored(pool, clock, pulse, "sig-3", change)
        [order] = await driven(world, closed)
        assert (order.position_id, order.state) == (first.position_id, OrderState.FILLED)
        assert await status(world, closed) is SignalStatus.RECEIVED
        await world.executor.execute_many(held.orders)
        await world.engine.settled(held.orders[0].id, 10.0)
        assert len(await driven(world, closed)) == 2
        assert await world.positions.open_of(user_id) == []
        assert await status(world, closed) is SignalStatus.ACCEPTED


async def test_what_a_change_reaches(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    """Only positions the provider opened, of that market and side, opened before it spoke."""
    pulse, other = await provider(pool), await provider(pool, "other")
    user_id = await follower(pool, pulse)
    await Providers(pool, TestEnvelope()).subscribe(
        other,
        user_id,
        max_collateral_e6=100 * E6,
        max_leverage_e10=50 * E10,
        skip_without_stop=False,
        now_ns=1,
    )
    async with World(pool, clock, quotes).running() as world:
        own = await world.done(open_intent(user_id))
        made = await driven(
            world,
            await stored(pool, clock, pulse, "long-btc", opening()),
            await stored(pool, clock, pulse, "short-btc", opening(side=Side.SHORT)),
            await stored(pool, clock, pulse, "long-eth", opening(market_ix=ETH)),
            await stored(pool, clock, other, "other-btc", opening()),
        )
        long_btc, short_btc, long_eth, other_btc = (order.position_id for order in made)
        clock.advance(10**9)
        close_long = await stored(
            pool, clock, pulse, "c1", Signal(action="close", market_ix=BTC, side=Side.LONG)
        )
        clock.advance(10**9)
        [late] = await driven(world, await stored(pool, clock, pulse, "late", opening()))
        closed = await driven(world, close_long)
        assert [order.position_id for order in closed] == [long_btc]

        flat = await stored(pool, clock, pulse, "flat", Signal(action="flat"))
        closed = await driven(world, flat)
        assert {order.position_id for order in closed} == {
            short_btc,
            long_eth,
            late.position_id,
        }
        left = {p.id for p in await world.positions.open_of(user_id)}
        assert left == {own.position_id, other_btc}
