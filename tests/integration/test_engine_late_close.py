"""A close whose fill comes late: a person's goes within its slippage, a stop's goes whatever."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, close_intent, make_user, open_intent
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Source
from vanta.domain.units import E10
from vanta.store.pool import Pool

PRICE = 60_000 * E10


@pytest.mark.parametrize(
    ("source", "now", "state"),
    [
        pytest.param(Source.CLI, PRICE * 99 // 100, OrderState.FILLED, id="a percent is within"),
        pytest.param(Source.CLI, PRICE * 99 // 100 - 1, OrderState.REJECTED, id="more is not"),
        pytest.param(Source.CLI, PRICE * 103 // 100, OrderState.FILLED, id="better is welcome"),
        pytest.param(Source.TPSL, PRICE * 97 // 100, OrderState.FILLED, id="a stop goes"),
        pytest.param(Source.SIGNAL, PRICE * 97 // 100, OrderState.FILLED, id="a provider's goes"),
    ],
)
async def test_a_close_that_waited_through_a_restart(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    source: Source,
    now: int,
    state: OrderState,
) -> None:
    user_id = await make_user(pool)
    quotes.put(BTC, PRICE)
    first = World(pool, clock, quotes)
    async with first.running():
        opened = await first.done(open_intent(user_id, leverage_e10=5 * E10))
        first.engine._executor = HoldingExecutor()
        ref = "7:1" if source is Source.TPSL else "late"
        held = await first.engine.submit(
            close_intent(user_id, opened.position_id, source=source, ref=ref)
        )
    quotes.listeners.clear()
    quotes.put(BTC, now)
    async with World(pool, clock, quotes).running() as world:
        ended = await world.engine.settled(held.id, 10.0)
        assert ended.state is state
        story = await world.orders.events(held.id)
        assert story[-1].reason.startswith("E-SLIP" if state is OrderState.REJECTED else "")
        left = await world.positions.open_of(user_id)
        assert bool(left) is (state is OrderState.REJECTED)
