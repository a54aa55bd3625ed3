"""The wall clock jumps an hour either way: nothing opens, no stop fires, nothing is done twice."""

import pytest
from msgspec.structs import replace

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import last_order, rules
from tests.fakes.engine_signals import driven, follower, opening, provider, status, stored
from tests.fakes.engine_world import BTC, World, close_intent, make_user, open_intent
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Source
from vanta.domain.policy import Policy
from vanta.domain.units import E10
from vanta.engine.clockwatch import STEADY_NS
from vanta.store.pool import Pool
from vanta.store.signals import SignalStatus

PRICE = 60_000 * E10
BELOW_STOP = 58_900 * E10
HOUR = 3600 * 10**9

both_ways = pytest.mark.parametrize("step", [HOUR, -HOUR])


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


@both_ways
async def test_nothing_opens_and_no_stop_fires_until_the_clock_is_steady_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, step: int
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id, stop_loss_e10=59_000 * E10))
        clock.wall_ns += step
        quotes.put(BTC, PRICE)  # the feed here calls it good; the watch alone must hold
        refused = await world.engine.submit(open_intent(user_id))
        assert rules(refused) == ["CLOCK"]
        quotes.put(BTC, BELOW_STOP)
        await world.desk.fire_due()
        assert world.book.position(opened.position_id) is not None
        clock.advance(STEADY_NS)
        quotes.put(BTC, BELOW_STOP)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED
        quotes.put(BTC, PRICE)
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED


@both_ways
async def test_closing_by_hand_works_under_a_doubted_clock(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, step: int
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        clock.wall_ns += step
        closed = await world.done(close_intent(user_id, opened.position_id))
        assert closed.state is OrderState.FILLED


@both_ways
async def test_an_order_caught_by_the_step_ends_once_and_its_key_stays_used(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, step: int
) -> None:
    user_id = await make_user(pool)
    held = HoldingExecutor()
    async with World(pool, clock, quotes, executor=held).running() as world:
        await world.engine.submit(open_intent(user_id))
    [order] = held.orders
    async with World(pool, clock, quotes).running(start=False) as world:
        await world.book.load()
        clock.wall_ns += step
        quotes.put(BTC, PRICE)
        world.ledger.expect([order])
        await world.executor.execute_many([order])
        ended = await world.engine.settled(order.id, 10.0)
        assert ended.state is OrderState.CANCELLED
        world.gate.open()
        clock.advance(STEADY_NS)
        quotes.put(BTC, PRICE)
        again = await world.engine.submit(order.intent)
        assert (again.id, again.duplicate) == (order.id, True)
        assert await world.fills.of_user(user_id, 0) == []


@both_ways
async def test_a_filled_order_that_is_asked_for_again_after_the_step_is_no_second_one(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, step: int
) -> None:
    user_id = await make_user(pool)
    intent = replace(open_intent(user_id), expires_ns=clock.now_ns() + 60 * 10**9)
    async with World(pool, clock, quotes).running() as world:
        first = await world.done(intent)
        clock.wall_ns += step
        for _ in range(2):
            again = await world.engine.submit(intent)
            assert (again.id, again.duplicate) == (first.id, True)
            clock.advance(STEADY_NS)
        assert len(await world.fills.of_user(user_id, 0)) == 1


@both_ways
async def test_a_committed_signal_is_driven_once_across_the_step(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, step: int
) -> None:
    provider_id = await provider(pool)
    user_id = await follower(pool, provider_id)
    async with World(pool, clock, quotes).running() as world:
        key = await stored(pool, clock, provider_id, "sig_00000001", opening())
        clock.wall_ns += step
        quotes.put(BTC, PRICE)
        for _ in range(2):
            await driven(world, key)
            clock.advance(STEADY_NS)
        # Too late after a step forward, refused on a doubted clock after a step back.
        assert await status(world, key) in (SignalStatus.EXPIRED, SignalStatus.REJECTED)
        assert await world.fills.of_user(user_id, 0) == []


async def test_the_minute_of_the_rate_is_not_over_early(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """A step forward ages what was opened, but nothing opens before a real minute has passed."""
    user_id = await make_user(pool, policy=Policy(opens_per_minute=1, max_position_e6=10**12))
    async with World(pool, clock, quotes).running() as world:
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        clock.wall_ns += HOUR
        quotes.put(BTC, PRICE)
        for _ in range(6):
            assert rules(await world.engine.submit(open_intent(user_id))) == ["CLOCK"]
            clock.advance(STEADY_NS // 6 - 1)
