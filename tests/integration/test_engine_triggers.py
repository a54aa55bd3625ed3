"""Stops, targets, the buffer close, liquidations: on the quote, once, also after a kill."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import last_order
from tests.fakes.engine_world import (
    BTC,
    World,
    close_intent,
    make_user,
    open_intent,
)
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import (
    Breaker,
    FillKind,
    Mode,
    OrderState,
    Quality,
    Side,
    Source,
    TriggerKind,
)
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.units import E6, E10
from vanta.store.outbox import OutboxRow
from vanta.store.pool import Pool

PRICE = 60_000 * E10
# A long of 100 x 10 from 60,006: liquidation 54,905.49, safe line 5 % of the way up.
LIQUIDATION = 54_905_4900000000
SAFE_LINE = 55_160_5155000000


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def notice_of(world: World, kind: str) -> OutboxRow:
    [found] = [row for row in await world.outbox.pending(10) if row.kind == kind]
    return found


LEVELS = [
    pytest.param(
        {"take_profit_e10": 63_000 * E10}, 62_999 * E10, 63_000 * E10, "tp", id="long target"
    ),
    pytest.param({"stop_loss_e10": 58_000 * E10}, 58_001 * E10, 58_000 * E10, "sl", id="long stop"),
    pytest.param({}, SAFE_LINE + 1, SAFE_LINE, "buffer", id="long buffer"),
    pytest.param(
        {"side": Side.SHORT, "take_profit_e10": 57_000 * E10},
        57_001 * E10,
        57_000 * E10,
        "tp",
        id="short target",
    ),
    pytest.param(
        {"side": Side.SHORT, "stop_loss_e10": 62_000 * E10},
        61_999 * E10,
        62_000 * E10,
        "sl",
        id="short stop",
    ),
    pytest.param(
        {"side": Side.SHORT}, 64_838_5155000000 - 1, 64_838_5155000000, "buffer", id="short buffer"
    ),
]


@pytest.mark.parametrize(("fields", "not_yet", "at", "kind"), LEVELS)
async def test_a_level_fires_when_it_is_reached(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    fields: dict,
    not_yet: int,
    at: int,
    kind: str,
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id, **fields))
        quotes.put(BTC, not_yet)
        assert world.desk._due == {}
        quotes.put(BTC, at)
        order = await last_order(world, user_id, Source.TPSL)
        assert order.state is OrderState.FILLED
        assert order.position_id == opened.position_id
        assert order.intent.ref.partition(":")[2] == "1"
        closing = (await world.fills.of_user(user_id, 0))[1]
        assert (closing.kind, closing.mark_e10) == (FillKind.CLOSE, at)
        assert await world.positions.open_of(user_id) == []
        assert await world.trigger_store.armed() == []
        assert len(world.triggers) == 0
        # It was the only order it made, and the notice says what closed it.
        quotes.put(BTC, at)
        assert world.desk._due == {}
        notice = await notice_of(world, "fill.close")
        assert (notice.body["cause"], notice.priority) == (kind, 1)


async def test_the_stop_goes_before_the_buffer_and_closes_once(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        quotes.put(BTC, SAFE_LINE - E10)
        quotes.put(BTC, SAFE_LINE - 2 * E10)
        order = await last_order(world, user_id, Source.TPSL)
        assert order.state is OrderState.FILLED
        mine = [o for o in await world.orders.recent(user_id, 9) if o.intent.source is Source.TPSL]
        assert len(mine) == 1
        assert (await notice_of(world, "fill.close")).body["cause"] == "sl"


async def test_while_a_close_is_under_way_no_other_stop_of_the_position_fires(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
    held = HoldingExecutor()
    async with World(pool, clock, quotes, executor=held).running() as world:
        quotes.put(BTC, 57_000 * E10)
        await world.until(lambda: bool(held.orders) and not world.desk._due)
        quotes.put(BTC, SAFE_LINE - E10)
        quotes.put(BTC, 63_000 * E10)
        assert world.desk._due == {}
        assert len(held.orders) == 1


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"quality": Quality.STALE}, id="stale"),
        pytest.param({"quality": Quality.CONFLICT}, id="conflict"),
        pytest.param({"quality": Quality.SINGLE}, id="single"),
        pytest.param({"quality": Quality.FALLBACK}, id="fallback"),
        pytest.param({"breaker": Breaker.OPEN}, id="breaker open"),
        pytest.param({"breaker": Breaker.HALF_OPEN}, id="breaker half open"),
    ],
)
async def test_a_price_that_is_not_trusted_fires_nothing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, bad: dict
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        quotes.put(BTC, 57_000 * E10, **bad)
        quotes.put(BTC, 40_000 * E10, **bad)
        assert world.desk._due == {}
        assert world.liquidator._due == {}
        quotes.put(BTC, 57_999 * E10)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
async def test_a_gap_beyond_liquidation_is_the_venues(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, side: Side
) -> None:
    """One quote passes stop, buffer and liquidation: the venue is first, at its formula price."""
    user_id = await make_user(pool)
    stop_e10 = 58_000 * E10 if side is Side.LONG else 62_000 * E10
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id, side=side, stop_loss_e10=stop_e10))
        [position] = world.book.positions_of(user_id)
        quotes.put(BTC, position.liquidation_e10)
        order = await last_order(world, user_id, Source.VENUE)
        assert order.state is OrderState.FILLED
        assert order.intent.ref == f"liq:{opened.position_id}:1"
        [_, fill] = await world.fills.of_user(user_id, 0)
        assert fill.kind is FillKind.LIQUIDATION
        assert fill.price_e10 == position.liquidation_e10
        assert fill.order_id == order.id
        assert (fill.pnl_e6, fill.cash_delta_e6) == (-100 * E6, 0)
        assert await world.cash(user_id) == 10_000 * E6 - 100_600_000
        assert await world.positions.open_of(user_id) == []
        assert [o.intent.source for o in await world.orders.recent(user_id, 9)] == [
            Source.VENUE,
            Source.CLI,
        ]
        assert (await notice_of(world, "fill.liquidation")).priority == 1


async def test_one_unit_before_liquidation_it_is_the_buffers(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        quotes.put(BTC, LIQUIDATION + 1)
        order = await last_order(world, user_id, Source.TPSL)
        assert order.state is OrderState.FILLED


async def test_a_liquidation_and_a_close_at_once_end_in_one_fill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        quotes.put(BTC, 50_000 * E10)
        close = await world.engine.submit(close_intent(user_id, opened.position_id))
        await world.engine.settled(close.id, 10.0)
        await last_order(world, user_id, Source.VENUE)
        fills = await world.fills.of_user(user_id, 0)
        assert len(fills) == 2
        assert sum(f.cash_delta_e6 for f in fills) == -100_600_000


async def test_armed_stops_survive_a_kill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(
            open_intent(user_id, stop_loss_e10=58_000 * E10, take_profit_e10=63_000 * E10)
        )
        before = await world.trigger_store.armed()
    assert {row.kind for row in before} == set(TriggerKind)
    async with World(pool, clock, quotes).running() as world:
        assert await world.trigger_store.armed() == before
        quotes.put(BTC, 57_000 * E10)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_liquidation_is_watched_after_a_kill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
    async with World(pool, clock, quotes).running() as world:
        quotes.put(BTC, 50_000 * E10)
        order = await last_order(world, user_id, Source.VENUE)
        assert order.state is OrderState.FILLED


async def test_a_trigger_killed_between_firing_and_order_fires_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    async with world.running():
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        world.desk._submit = never
        quotes.put(BTC, 57_900 * E10)
        assert len(world.desk._due) == 1
    async with World(pool, clock, quotes).running() as again:
        assert await again.orders.unfinished(Mode.DRY) == []
        quotes.put(BTC, 57_950 * E10)
        assert (await last_order(again, user_id, Source.TPSL)).state is OrderState.FILLED
        assert len(await again.fills.of_user(user_id, 0)) == 2


async def never(intent: object) -> Order:
    raise ConnectionError("the process is dying")


async def test_a_failed_submit_is_tried_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    failures = [ConnectionError("no store"), ConnectionError("still none")]
    real = world.desk._submit

    async def flaky(intent: object) -> Order:
        if failures:
            raise failures.pop()
        return await real(intent)

    async def at_once(_: float) -> None:
        return None

    world.desk._submit = flaky
    world.desk._sleep = at_once
    async with world.running():
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        quotes.put(BTC, 57_900 * E10)
        # The price is back when it goes through: what has fired stays fired.
        quotes.put(BTC, PRICE)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_a_stop_that_cannot_be_submitted_holds_up_no_other(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    users = [await make_user(pool) for _ in range(3)]
    world = World(pool, clock, quotes)
    real = world.desk._submit

    async def sick_for_one(intent: Intent) -> Order:
        if intent.user_id == users[1]:
            raise ConnectionError("never works")
        return await real(intent)

    world.desk._submit = sick_for_one
    async with world.running():
        for user_id in users:
            await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        quotes.put(BTC, 57_900 * E10)
        for user_id in (users[0], users[2]):
            assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED
        [left] = await world.positions.open_of(users[1])
        await world.until(lambda: list(world.desk._due) == [left.id])


async def test_a_liquidation_that_cannot_be_submitted_is_tried_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    failures = [ConnectionError("no store")]
    real = world.liquidator._submit

    async def flaky(intent: Intent) -> Order:
        if failures:
            raise failures.pop()
        return await real(intent)

    async def at_once(_: float) -> None:
        return None

    world.liquidator._submit = flaky
    world.liquidator._sleep = at_once
    async with world.running():
        await world.done(open_intent(user_id))
        quotes.put(BTC, 50_000 * E10)
        quotes.put(BTC, PRICE)
        assert (await last_order(world, user_id, Source.VENUE)).state is OrderState.FILLED


async def test_a_stop_whose_close_was_refused_is_armed_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        [first] = [r for r in await world.trigger_store.armed() if r.kind is TriggerKind.STOP_LOSS]
        # It fires, and before its order is made the market closes.
        quotes.put(BTC, 57_900 * E10)
        quotes.put(BTC, 57_900 * E10, quality=Quality.CLOSED)
        order = await last_order(world, user_id, Source.TPSL)
        assert order.state is OrderState.REFUSED
        await world.until(lambda: world.triggers.row(first.id) is None)
        [fresh] = [r for r in await world.trigger_store.armed() if r.kind is TriggerKind.STOP_LOSS]
        assert (fresh.level_e10, fresh.id != first.id) == (first.level_e10, True)
        quotes.put(BTC, 57_900 * E10)
        while True:
            order = await last_order(world, user_id, Source.TPSL)
            if order.state is OrderState.FILLED:
                break
        assert order.intent.ref.startswith(f"{fresh.id}:")
