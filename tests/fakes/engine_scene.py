"""One user at a good price in a running engine: where refusals are asked for."""

import dataclasses

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import World, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Source
from vanta.domain.order import Order
from vanta.domain.units import E10
from vanta.store.pool import Pool

PRICE = 60_000 * E10


@dataclasses.dataclass
class Scene:
    """A running world with one user and a good price."""

    world: World
    user_id: int
    quotes: FakeQuotes

    async def refused(self, **fields: object) -> Order:
        order = await self.world.engine.submit(open_intent(self.user_id, **fields))
        assert order.state is OrderState.REFUSED, order
        return order


async def scene(pool: Pool, clock: ManualClock, quotes: FakeQuotes, **user: object) -> Scene:
    user_id = await make_user(pool, **user)
    return Scene(World(pool, clock, quotes), user_id, quotes)


def codes(order: Order) -> list[str]:
    return [reason.code for reason in order.verdict.reasons]


def rules(order: Order) -> list[str]:
    return [reason.rule for reason in order.verdict.reasons]


def text(order: Order, rule: str) -> str:
    [found] = [reason.text for reason in order.verdict.reasons if reason.rule == rule]
    return found


async def last_order(world: World, user_id: int, source: Source) -> Order:
    """Wait for an order that the engine makes on its own."""
    while True:
        for order in await world.orders.recent(user_id, 5):
            if order.intent.source is source:
                return await world.engine.settled(order.id, 10.0)
