"""One key, one order; one order, one fill: under parallel submits and after every crash."""

import asyncio

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import (
    BTC,
    CrashAt,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.order import OrderEvent
from vanta.domain.units import E6, E10, ONE_E10
from vanta.store.pool import Pool

PRICE = 60_000 * E10
AFTER_OPEN_E6 = 10_000 * E6 - 100_600_000


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def test_a_thousand_parallel_submits_of_a_key_are_one_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        orders = await asyncio.gather(*(world.engine.submit(intent) for _ in range(1_000)))
        assert len({order.id for order in orders}) == 1
        assert [order.duplicate for order in orders].count(False) == 1
        await world.engine.settled(orders[0].id, 10.0)
        assert len(await world.orders.recent(user_id, 10)) == 1
        assert len(await world.fills.of_user(user_id, 0)) == 1
        assert await world.cash(user_id) == AFTER_OPEN_E6
        exposure = world.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (AFTER_OPEN_E6, 0)
        assert exposure.trades_today == 1


async def test_the_same_key_later_gives_the_first_order_and_reserves_nothing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        first = await world.done(intent)
        again = await world.engine.submit(intent)
        assert (again.id, again.duplicate, again.state) == (first.id, True, OrderState.FILLED)
        exposure = world.engine.exposure(user_id)
        assert (exposure.reserved_e6, exposure.trades_today) == (0, 1)


async def test_a_key_twice_in_one_batch_is_one_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        one, two = await world.engine.submit_many([intent, intent])
        assert one.id == two.id
        assert (one.duplicate, two.duplicate) == (False, True)


async def test_a_caller_that_goes_away_leaves_no_half_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        caller = asyncio.ensure_future(world.engine.submit(intent))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        order = await world.engine.submit(intent)
        assert order.duplicate
        settled = await world.engine.settled(order.id, 10.0)
        assert settled.state is OrderState.FILLED


async def test_one_of_several_callers_of_a_key_may_go_away(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        callers = [asyncio.ensure_future(world.engine.submit(intent)) for _ in range(3)]
        await asyncio.sleep(0)
        callers[1].cancel()
        first, gone, third = await asyncio.gather(*callers, return_exceptions=True)
        assert isinstance(gone, asyncio.CancelledError)
        assert first.id == third.id


@pytest.mark.parametrize("point", ["order.committed", "order.sent", "fill.committed"])
async def test_killed_at_each_step_an_open_fills_exactly_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, point: str
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id, stop_loss_e10=58_000 * E10)
    crash = CrashAt(point)
    first = World(pool, clock, quotes, crash=crash)
    async with first.running():
        await asyncio.gather(first.engine.submit(intent), return_exceptions=True)
        await crash.hit.wait()

    second = World(pool, clock, quotes)
    async with second.running():
        order = await second.engine.submit(intent)
        assert order.duplicate
        order = await second.engine.settled(order.id, 10.0)
        assert order.state is OrderState.FILLED
        assert len(await second.fills.of_user(user_id, 0)) == 1
        [position] = await second.positions.open_of(user_id)
        assert order.position_id == position.id
        assert second.book.positions_of(user_id) == [position]
        assert second.engine.protected_by(position) == "Vanta stop"
        assert await second.cash(user_id) == AFTER_OPEN_E6
        exposure = second.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (AFTER_OPEN_E6, 0)
        assert exposure.trades_today == 1
        assert len(await second.outbox.pending(10)) == 1
        states = [event.state for event in await second.orders.events(order.id)]
        assert states == [OrderState.CREATED, OrderState.SENT, OrderState.FILLED]


@pytest.mark.parametrize("point", ["order.committed", "order.sent", "fill.committed"])
async def test_killed_at_each_step_a_half_close_counts_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, point: str
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
    intent = close_intent(user_id, opened.position_id, portion_e10=ONE_E10 // 2)
    crash = CrashAt(point)
    first = World(pool, clock, quotes, crash=crash)
    async with first.running():
        await asyncio.gather(first.engine.submit(intent), return_exceptions=True)
        await crash.hit.wait()

    second = World(pool, clock, quotes)
    async with second.running():
        order = await second.engine.submit(intent)
        order = await second.engine.settled(order.id, 10.0)
        assert order.state is OrderState.FILLED
        [position] = await second.positions.open_of(user_id)
        assert position.collateral_e6 == 50 * E6
        assert second.book.position(position.id) == position
        assert second.engine.exposure(user_id).cash_e6 == await second.cash(user_id)
        assert len(await second.fills.of_user(user_id, 0)) == 2


async def test_a_crash_after_the_commit_is_noticed_without_a_restart(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """The commit worked but its answer was lost: memory is read again, nothing counts twice."""
    user_id = await make_user(pool)
    world = World(pool, clock, quotes, crash=CrashAt("fill.committed"))
    told: list[int] = []
    world.ledger.listen(lambda c: told.append(c.position.id) if c.position else None)
    async with world.running():
        order = await world.done(open_intent(user_id))
        assert order.state is OrderState.FILLED
        [position] = world.book.positions_of(user_id)
        assert told == [position.id]
        assert world.engine.protected_by(position) == "Vanta buffer"
        exposure = world.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (AFTER_OPEN_E6, 0)
        assert exposure.trades_today == 1
        assert world.book.doubted == set()
        assert (await world.done(close_intent(user_id, position.id))).state is OrderState.FILLED


async def test_a_lost_answer_for_a_group_leaves_nothing_behind(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes, crash=CrashAt("fill.committed"))
    told: set[int] = set()
    world.ledger.listen(lambda c: told.add(c.position.id) if c.position else None)
    async with world.running():
        for order in await world.engine.submit_many([open_intent(user_id) for _ in range(3)]):
            assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        await world.until(lambda: not world.ledger.in_flight())
        positions = world.book.positions_of(user_id)
        assert positions == await world.positions.open_of(user_id)
        assert told == {p.id for p in positions}
        assert {world.engine.protected_by(p) for p in positions} == {"Vanta buffer"}
        exposure = world.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (await world.cash(user_id), 0)
        assert exposure.trades_today == 3


async def test_a_fill_delivered_again_changes_nothing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        order = await world.done(open_intent(user_id))
        [fill] = await world.fills.of_user(user_id, 0)
        events = [
            OrderEvent(order_id=order.id, state=OrderState.FILLED, at_ns=1, fill=fill)
            for _ in range(3)
        ]
        await world.ledger.apply(events)
        assert await world.cash(user_id) == AFTER_OPEN_E6
        assert len(await world.positions.open_of(user_id)) == 1
        assert world.engine.exposure(user_id).cash_e6 == AFTER_OPEN_E6
        [position] = world.book.positions_of(user_id)
        assert world.engine.protected_by(position) == "Vanta buffer"


async def test_a_late_no_does_not_unsay_a_fill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """A finished order that is executed once more finds its position gone: nobody hears of it."""
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        order = await world.engine.submit(close_intent(user_id, opened.position_id))
        await world.engine.settled(order.id, 10.0)
        before = await world.outbox.pending(10)
        world.ledger.expect([order])
        await world.executor.execute_many([order])
        await world.until(lambda: not world.ledger.in_flight())
        assert (await world.orders.by_id(order.id)).state is OrderState.FILLED
        assert await world.outbox.pending(10) == before
        assert world.engine.exposure(user_id).cash_e6 == await world.cash(user_id)


async def test_new_stops_delivered_again_change_nothing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        order = await world.engine.submit(
            stops_intent(user_id, opened.position_id, stop_loss_e10=58_000 * E10)
        )
        await world.engine.settled(order.id, 10.0)
        armed = await world.trigger_store.armed()
        world.ledger.expect([order])
        await world.executor.execute_many([order])
        await world.until(lambda: not world.ledger.in_flight())
        [position] = await world.positions.open_of(user_id)
        assert position.version == 2
        assert await world.trigger_store.armed() == armed
        assert world.engine.protected_by(position) == "Vanta stop"


async def test_two_whole_closes_at_once_close_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        closes = await world.engine.submit_many(
            [close_intent(user_id, opened.position_id) for _ in range(5)]
        )
        ends = [await world.engine.settled(order.id, 10.0) for order in closes]
        states = [order.state for order in ends]
        assert states.count(OrderState.FILLED) == 1
        assert states.count(OrderState.REJECTED) == 4
        events = await world.orders.events(ends[-1].id)
        assert events[-1].reason == f"E-VENUE: position #{opened.position_id} is closed already"
        closing = [f for f in await world.fills.of_user(user_id, 0) if f.position_id and f.pnl_e6]
        assert sum(f.collateral_e6 for f in closing) == 100 * E6


async def test_racing_partial_closes_never_give_up_more_than_there_is(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        closes = await world.engine.submit_many(
            [
                close_intent(user_id, opened.position_id, portion_e10=ONE_E10 * 6 // 10)
                for _ in range(8)
            ]
        )
        for order in closes:
            await world.engine.settled(order.id, 10.0)
        position = await world.positions.get(opened.position_id)
        given_up = [f.collateral_e6 for f in (await world.fills.of_user(user_id, 0))[1:]]
        assert len(given_up) == 8
        assert sum(given_up) + position.collateral_e6 == 100 * E6
        assert position.is_open
