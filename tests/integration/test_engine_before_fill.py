"""What the venue looks at just before the fill: the quote again, the age, what is on its way."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import (
    BTC,
    OPEN_MAX_AGE_NS,
    World,
    make_user,
    open_intent,
)
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Mode, OrderState, Quality
from vanta.domain.order import OrderEvent
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool

PRICE = 60_000 * E10


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def held_open(pool: Pool, clock: ManualClock, quotes: FakeQuotes, **fields: int) -> int:
    """Admit an open and stop before the venue; return the user."""
    user_id = await make_user(pool)
    async with World(pool, clock, quotes, executor=HoldingExecutor()).running() as world:
        order = await world.engine.submit(open_intent(user_id, **fields))
        assert order.state is OrderState.CREATED
    return user_id


@pytest.mark.parametrize(
    ("quote", "state", "reason"),
    [
        pytest.param(
            {"price_e10": 60_601 * E10},
            OrderState.REJECTED,
            "E-SLIP: price moved 1.01 % (limit 1.00 %)",
            id="ran away from the pinned quote",
        ),
        pytest.param({"price_e10": 60_600 * E10}, OrderState.FILLED, "", id="at the limit"),
        pytest.param({"price_e10": 50_000 * E10}, OrderState.FILLED, "", id="moved in favour"),
        pytest.param(
            {"price_e10": PRICE, "breaker": 1},
            OrderState.REJECTED,
            "E-STALE: the price was GOOD when it came to fill",
            id="breaker",
        ),
    ],
)
async def test_the_quote_is_checked_again_before_the_fill(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    quote: dict,
    state: OrderState,
    reason: str,
) -> None:
    user_id = await held_open(pool, clock, quotes)
    async with World(pool, clock, quotes).running(start=False) as world:
        await world.book.load()
        [order] = await world.orders.unfinished(Mode.DRY)
        quotes.put(BTC, **quote)
        world.ledger.expect([order])
        await world.executor.execute_many([order])
        ended = await world.engine.settled(order.id, 10.0)
        assert ended.state is state
        assert (await world.orders.events(order.id))[-1].reason == reason
        if state is OrderState.REJECTED:
            [notice] = await world.outbox.pending(10)
            assert (notice.kind, notice.body["reason"]) == ("order.rejected", reason)
            assert await world.cash(user_id) == 10_000 * E6


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.CONFLICT, Quality.SINGLE])
async def test_a_price_gone_bad_between_admission_and_fill_is_not_traded(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, quality: Quality
) -> None:
    user_id = await held_open(pool, clock, quotes)
    async with World(pool, clock, quotes).running(start=False) as world:
        await world.book.load()
        [order] = await world.orders.unfinished(Mode.DRY)
        quotes.put(BTC, PRICE, quality=quality)
        await world.executor.execute_many([order])
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.REJECTED
        assert await world.fills.of_user(user_id, 0) == []


async def test_after_a_restart_an_open_waits_for_a_price(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    await held_open(pool, clock, quotes)
    fresh = FakeQuotes(clock)
    async with World(pool, clock, fresh).running() as world:
        assert await world.recovery.redeliver(min_age_ns=0) == 0
        [order] = await world.orders.unfinished(Mode.DRY)
        fresh.put(BTC, PRICE)
        assert await world.recovery.redeliver(min_age_ns=0) == 1
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED


async def test_an_open_that_waited_too_long_expires(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await held_open(pool, clock, quotes)
    clock.advance(OPEN_MAX_AGE_NS + 1)
    async with World(pool, clock, quotes).running() as world:
        ended = await world.engine.settled(1, 10.0)
        assert ended.state is OrderState.EXPIRED
        assert await world.cash(user_id) == 10_000 * E6


async def test_a_rejected_open_gives_its_reservation_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    held = HoldingExecutor()
    async with World(pool, clock, quotes, executor=held).running() as world:
        order = await world.engine.submit(open_intent(user_id))
        assert world.engine.exposure(user_id).reserved_e6 == 100_600_000
        await world.ledger.apply(
            [OrderEvent(order_id=order.id, state=OrderState.REJECTED, at_ns=2, reason="no")]
        )
        exposure = world.engine.exposure(user_id)
        assert (exposure.reserved_e6, exposure.trades_today) == (0, 0)


async def test_a_redelivered_order_is_not_taken_twice_at_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await held_open(pool, clock, quotes)
    async with World(pool, clock, quotes).running(start=False) as world:
        await world.book.load()
        [order] = await world.orders.unfinished(Mode.DRY)
        await world.executor.execute_many([order, order])
        await world.executor.execute_many([order])
        await world.engine.settled(order.id, 10.0)
        assert len(await world.fills.of_user(user_id, 0)) == 1
