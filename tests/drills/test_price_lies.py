"""Sources that lie, freeze or talk nonsense: nothing opens and no stop fires on what they say.

The real price book, engine, stops and venue; what each lie does to a quote is held in
unit/test_price_adversarial and unit/test_price_adversarial_sources. What all sources agree on is
the price: there a lie and a crash are one.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import BTC, BTC_E10, ControlWorld, control_world
from tests.fakes.engine_scene import codes
from tests.fakes.engine_world import open_intent
from tests.fakes.sleeper import eventually, running
from vanta.domain.enums import OPENING, Breaker, OrderState, Quality, Source
from vanta.domain.order import Order
from vanta.domain.ports import Tick
from vanta.domain.units import E10
from vanta.store.pool import Pool
from vanta.supervise import Supervisor

SECOND = 10**9
SOURCES = 3
LOW, HIGH = 50_000 * E10, 70_000 * E10
STOP, TARGET = 59_000 * E10, 61_000 * E10
LIE_S = 12  # long enough for the last honest word to be stale
HONEST_S = 300  # by then every breaker has cooled down

Word = dict[str, Any]
TRUTH: Word = {"value": BTC_E10}
SILENCE: Word = {}

LIES: dict[str, tuple[tuple[Word, ...], bool]] = {
    # What each source says for LIE_S seconds, and whether opens go on, at the honest price.
    "one says low": (({"value": LOW}, TRUTH, TRUTH), True),
    "one says high": ((TRUTH, {"value": HIGH}, TRUTH), True),
    "two disagree": (({"value": LOW}, {"value": HIGH}, SILENCE), False),
    "frozen": ((SILENCE,) * SOURCES, False),
    "exponent up": (({"value": BTC_E10, "expo": -8},) * 2 + (TRUTH,), False),
    "exponent down": (({"value": BTC_E10, "expo": -12},) * 2 + (TRUTH,), False),
    "zero": (({"value": 0},) * SOURCES, False),
    "negative": (({"value": -LOW},) * SOURCES, False),
    "not a number": (({"value": "NaN"},) * SOURCES, False),
    "from the future": (({"value": LOW, "ahead_ns": 60 * SECOND},) * SOURCES, False),
    "long ago": (({"value": LOW, "ahead_ns": -3_600 * SECOND},) * SOURCES, False),
}


@asynccontextmanager
async def trading(
    pool: Pool, clock: ManualClock, redis: Redis, home: Path
) -> AsyncIterator["Scene"]:
    async with control_world(pool, clock, redis, home) as world:
        supervisor = Supervisor(clock, world.metrics, rng=random.Random())
        world.trading.add_roles(supervisor)
        user = await world.person("trader")
        async with running(supervisor.run()) as task:
            await eventually(lambda: all(s.running for s in supervisor.states.values()), task)
            scene = Scene(world, user.id)
            opened = await scene.open(stop_loss_e10=STOP, take_profit_e10=TARGET)
            assert opened.state is OrderState.FILLED, opened.verdict
            yield scene


class Scene:
    """A trader with a long position and its stops; sources that say what the test wants."""

    def __init__(self, world: ControlWorld, user_id: int) -> None:
        self.world = world
        self.user_id = user_id
        self._ixs = [world.prices.names.ix(f"told-{n}") for n in range(SOURCES)]

    async def say(self, words: tuple[Word, ...]) -> None:
        """Let a second pass, have the sources speak, and let the engine act on it."""
        clock = self.world.clock
        clock.advance(SECOND)
        ticks = [
            Tick(
                market_ix=BTC,
                source_ix=ix,
                value=word["value"],
                expo=word.get("expo", -10),
                publish_ns=clock.now_ns() + word.get("ahead_ns", 0),
            )
            for ix, word in zip(self._ixs, words, strict=True)
            if word
        ]
        self.world.prices.feed.ticks(ticks)
        self.world.prices.feed.flush()
        await self.world.trading.desk.fire_due()

    async def open(self, **stops: int) -> Order:
        order = await self.world.trading.engine.submit(open_intent(self.user_id, **stops))
        return await self.world.trading.engine.settled(order.id, 10.0)

    async def fired(self) -> list[Order]:
        recent = await self.world.stores.orders.recent(self.user_id, 50)
        return [order for order in recent if order.intent.source is Source.TPSL]

    def tradable(self) -> bool:
        quote = self.world.prices.feed.quote(BTC)
        return Quality(quote.quality) in OPENING and quote.breaker == Breaker.CLOSED

    async def a_true_fall_fires(self) -> None:
        """Show that the stop was there all along."""
        for _ in range(HONEST_S):
            await self.say((TRUTH,) * SOURCES)
        assert self.tradable()
        assert (await self.open()).state is OrderState.FILLED
        assert await self.fired() == []
        while not await self.fired():
            await self.say(({"value": STOP - 10 * E10},) * SOURCES)


@pytest.mark.parametrize("name", LIES)
async def test_36_a_lie_neither_opens_nor_fires(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path, name: str
) -> None:
    words, goes_on = LIES[name]
    async with trading(pool, clock, redis, tmp_path) as scene:
        for _ in range(LIE_S):
            await scene.say(words)
        assert scene.tradable() is goes_on
        order = await scene.open()
        if goes_on:
            assert order.state is OrderState.FILLED
            [fill] = await scene.world.stores.fills.of_order(order.id)
            assert fill.mark_e10 == BTC_E10
        else:
            assert set(codes(order)) <= {"E-STALE", "E-DEV"}
            assert order.state is OrderState.REFUSED
        assert await scene.fired() == []
        await scene.a_true_fall_fires()


@pytest.mark.parametrize("price_e10", [LOW, HIGH], ids=["low", "high"])
async def test_36_a_majority_that_jumps_opens_the_breaker(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path, price_e10: int
) -> None:
    """Two of three that lie alike are the price; the jump itself is not traded on."""
    async with trading(pool, clock, redis, tmp_path) as scene:
        await scene.say(({"value": price_e10}, {"value": price_e10}, TRUTH))
        assert not scene.tradable()
        refused = await scene.open()
        assert refused.state is OrderState.REFUSED
        assert set(codes(refused)) <= {"E-STALE", "E-DEV"}
        assert await scene.fired() == []
        await scene.a_true_fall_fires()
