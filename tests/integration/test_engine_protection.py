"""Every open position keeps the stops it should have: new ones, lost ones, resting ones."""

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import last_order
from tests.fakes.engine_world import (
    BTC,
    CATALOGUE,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.owner import as_owner
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import (
    OrderState,
    Source,
    TriggerKind,
)
from vanta.domain.market import Catalogue
from vanta.domain.units import E10, ONE_E10
from vanta.store.pool import Pool

PRICE = 60_000 * E10
# A long of 100 x 10 from 60,006 is liquidated at 54,905.49; the safe line is 5 % of the way up.
SAFE_LINE = 55_160_5155000000


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def test_new_stops_replace_the_old_ones(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(
            open_intent(user_id, stop_loss_e10=58_000 * E10, take_profit_e10=63_000 * E10)
        )
        order = await world.done(
            stops_intent(user_id, opened.position_id, stop_loss_e10=59_000 * E10)
        )
        assert (order.state, order.position_id) == (OrderState.FILLED, opened.position_id)
        [position] = await world.positions.open_of(user_id)
        assert (position.stop_loss_e10, position.take_profit_e10) == (59_000 * E10, 0)
        assert position.version == 2
        assert world.book.position(position.id) == position
        armed = {row.kind: row.level_e10 for row in await world.trigger_store.armed()}
        assert armed == {TriggerKind.STOP_LOSS: 59_000 * E10, TriggerKind.BUFFER: SAFE_LINE}
        quotes.put(BTC, 63_500 * E10)
        assert world.desk._due == {}
        quotes.put(BTC, 58_999 * E10)
        fired = await last_order(world, user_id, Source.TPSL)
        assert fired.state is OrderState.FILLED
        assert fired.intent.ref.partition(":")[2] == "2"


async def test_a_half_close_keeps_the_stops(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        half = close_intent(user_id, opened.position_id, portion_e10=ONE_E10 // 2)
        await world.done(half)
        [position] = world.book.positions_of(user_id)
        assert world.engine.protected_by(position) == "Vanta stop"
        quotes.put(BTC, 57_900 * E10)
        order = await last_order(world, user_id, Source.TPSL)
        assert order.state is OrderState.FILLED
        assert await world.positions.open_of(user_id) == []


async def test_who_protects_a_position(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        [position] = world.book.positions_of(user_id)
        assert world.engine.protected_by(position) == "Vanta buffer"
        await world.done(stops_intent(user_id, opened.position_id, stop_loss_e10=58_000 * E10))
        assert world.engine.protected_by(position) == "Vanta stop"
        await world.done(close_intent(user_id, opened.position_id))
        assert world.engine.protected_by(position) == "nobody"


async def test_a_missing_stop_is_found_and_armed(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
    await pool.execute("UPDATE triggers SET armed = false")
    async with World(pool, clock, quotes).running() as world:
        kinds = {row.kind for row in await world.trigger_store.armed()}
        assert kinds == {TriggerKind.STOP_LOSS, TriggerKind.BUFFER}
        quotes.put(BTC, 57_900 * E10)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_a_stop_waits_while_its_market_is_closed(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """The venue would refuse each try, and each try is a row."""
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        world.book._catalogue = Catalogue([msgspec.structs.replace(CATALOGUE[BTC], is_open=False)])
        quotes.put(BTC, 57_900 * E10)
        assert world.desk._due == {}
        world.book._catalogue = CATALOGUE
        quotes.put(BTC, 57_900 * E10)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_a_position_that_cannot_be_protected_is_an_alarm(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id, stop_loss_e10=58_000 * E10))
        [position] = world.book.positions_of(user_id)
        world.triggers.disarm(position.id)
        await as_owner(pool, "ALTER TABLE triggers RENAME TO triggers_gone")
        await world.desk.protect()
        gauge = world.metrics.unprotected_positions
        assert gauge._value.get() == 1
        assert world.engine.protected_by(position) == "nobody"
        await as_owner(pool, "ALTER TABLE triggers_gone RENAME TO triggers")
        await world.desk.protect()
        assert gauge._value.get() == 0
        assert world.engine.protected_by(position) == "Vanta stop"
