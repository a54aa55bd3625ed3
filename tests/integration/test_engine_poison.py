"""An order that nobody can fill ends by itself and keeps no other from being filled."""

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Mode, OrderState
from vanta.domain.units import E10
from vanta.domain.verdict import Verdict
from vanta.store.orders import OrderDraft
from vanta.store.pool import Pool

GONE = 77  # a market that this program does not know any more


async def test_an_open_that_cannot_be_computed_stops_only_itself(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    for market_ix in (BTC, GONE):
        quotes.put(market_ix, 60_000 * E10)
    world = World(pool, clock, quotes)
    poison, good = await world.orders.insert_many(
        [
            OrderDraft(
                intent=open_intent(user_id, market_ix=market_ix),
                mode=Mode.DRY,
                state=OrderState.CREATED,
                verdict=Verdict(),
                created_ns=clock.now_ns(),
            )
            for market_ix in (GONE, BTC)
        ]
    )
    async with world.running():
        assert (await world.engine.settled(good.id, 10.0)).state is OrderState.FILLED
        ended = await world.engine.settled(poison.id, 10.0)
        assert ended.state is OrderState.REJECTED
        story = await world.orders.events(poison.id)
        assert story[-1].reason == "E-VENUE: this order cannot be computed (KeyError)"
        # It was waited for: its user may open again.
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
