"""From an intent to a position and back to cash, with numbers worked out by hand."""

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, close_intent, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Side
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool


async def test_a_long_opens_and_closes_with_exact_money(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        quotes.put(BTC, 60_000 * E10)
        order = await world.done(open_intent(user_id))
        assert order.state is OrderState.FILLED, order
        [position] = await world.positions.open_of(user_id)
        # the spread makes 0.01 % of 60,000
        assert position.entry_e10 == 60_006 * E10
        # 85 % of the collateral at 10x: 8.5 % below entry, 60,006 x 0.915
        assert position.liquidation_e10 == 54_905_4900000000
        # notional 1,000; fee 0.06 % = 0.60
        assert await world.cash(user_id) == (10_000 - 100) * E6 - 600_000
        exposure = world.engine.exposure(user_id)
        assert exposure.cash_e6 == 9_899_400_000
        assert exposure.reserved_e6 == 0
        assert exposure.margin_e6 == 100 * E6

        quotes.put(BTC, 63_000 * E10)
        order = await world.done(close_intent(user_id, position.id))
        assert order.state is OrderState.FILLED, order
        # sold at 63,000 - 0.01 % = 62,993.7; (62,993.7 - 60,006) / 60,006 x 1,000 = 49.790020...
        [_, closed] = await world.fills.of_user(user_id, 0)
        assert closed.price_e10 == 62_993_7000000000
        assert closed.pnl_e6 == 49_790_020
        assert closed.fee_e6 == 600_000
        assert await world.cash(user_id) == 9_899_400_000 + 100 * E6 + 49_790_020 - 600_000
        assert world.engine.exposure(user_id).cash_e6 == await world.cash(user_id)
        assert await world.positions.open_of(user_id) == []
        assert world.book.open_positions() == []
        assert (await world.positions.get(position.id)).side is Side.LONG
