"""LIVE through a copy link: person, link, system and health each have a veto, and closes have none.

The executor here simulates but counts as a venue that sends, so that LIVE can be.
"""

import itertools

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import codes, last_order
from tests.fakes.engine_signals import driven, follower, opening, provider, stored
from tests.fakes.engine_world import BTC, World, close_intent
from tests.fakes.owner import as_owner
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Mode, OrderState, Source
from vanta.domain.signal import Signal
from vanta.domain.units import E10
from vanta.engine.mode import HEALTHY_READS
from vanta.engine.switches import MODE
from vanta.store.controls import Controls
from vanta.store.pool import Pool

PRICE = 60_000 * E10
VENUES = ("paper",)


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def wish(pool: Pool, user_id: int, *, person: str, link: str) -> None:
    await as_owner(
        pool,
        "ALTER TABLE subscriptions DROP CONSTRAINT IF EXISTS subscriptions_mode_check",
        "ALTER TABLE users DROP CONSTRAINT IF EXISTS users_mode_check",
    )
    await pool.execute("UPDATE users SET mode = $2 WHERE id = $1", user_id, person)
    await pool.execute("UPDATE subscriptions SET mode = $2 WHERE user_id = $1", user_id, link)


async def live(world: World) -> None:
    await Controls(world.pool).set({MODE: Mode.LIVE.value}, "user:1", 1)
    await world.switches.reread()
    for _ in range(HEALTHY_READS):
        await world.modes.read()


async def test_a_signal_asks_for_the_most_restrictive_of_both_wishes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """Also a word that is no mode, and a build that cannot send."""
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    number = itertools.count()
    for venues in (VENUES, ()):
        world = World(pool, clock, quotes, live_venues=venues)
        async with world.running():
            await live(world)
            for person, link in itertools.product(("LIVE", "DRY", "odd"), repeat=2):
                await wish(pool, user_id, person=person, link=link)
                await world.book.reread(user_id)
                key = await stored(pool, clock, pulse, f"sig-{next(number)}", opening())
                [order] = await driven(world, key)
                wanted = Mode.LIVE if (person, link, venues) == ("LIVE",) * 2 + (VENUES,) else "DRY"
                assert order.state is OrderState.FILLED
                assert (order.intent.mode, order.mode) == (wanted, wanted), (person, link)


async def test_live_that_is_not_to_be_had_is_refused_and_not_simulated(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    await wish(pool, user_id, person="LIVE", link="LIVE")
    async with World(pool, clock, quotes, live_venues=VENUES).running() as world:
        await live(world)
        world.redis.good = False
        await world.modes.read()
        [order] = await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
        assert codes(order) == ["E-MODE"]
        assert world.book.positions_of(user_id) == []


async def test_a_live_position_is_closed_live_after_the_mode_fell_to_dry(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """By hand, by its stop and by its provider: nobody is locked into a real position."""
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    await wish(pool, user_id, person="LIVE", link="LIVE")
    async with World(pool, clock, quotes, live_venues=VENUES).running() as world:
        await live(world)
        keys = [
            await stored(pool, clock, pulse, f"sig-{n}", opening(stop_loss_e10=stop * E10))
            for n, stop in enumerate((0, 59_000, 0))
        ]
        opened = await driven(world, *keys)
        assert {order.mode for order in opened} == {Mode.LIVE}
        world.redis.good = False
        await world.modes.read()
        await wish(pool, user_id, person="DRY", link="DRY")
        await world.book.reread(user_id)
        assert world.modes.system()[0] is Mode.DRY
        by_hand = await world.done(close_intent(user_id, opened[0].position_id))
        quotes.put(BTC, 58_900 * E10)
        by_stop = await last_order(world, user_id, Source.TPSL)
        clock.advance(1)
        flat = await stored(pool, clock, pulse, "sig-flat", Signal(action="close", market_ix=BTC))
        [by_provider] = await driven(world, flat)
        for order in (by_hand, by_stop, by_provider):
            assert (order.state, order.mode) == (OrderState.FILLED, Mode.LIVE)
        assert world.book.positions_of(user_id) == []
