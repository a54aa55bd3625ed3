"""Redis paused, killed, flushed under a running engine: nothing opens unseen, everything closes."""

import dataclasses
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import codes, rules
from tests.fakes.engine_world import BTC, EASY, World, close_intent, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.units import E10
from vanta.sandbox.redis import EmbeddedRedis
from vanta.store.counters import Counters
from vanta.store.pool import Pool
from vanta.store.redis import Client, health, redis_client


@dataclasses.dataclass
class Own:
    """A Redis of this test alone, its counters and the watch over it."""

    server: EmbeddedRedis
    watching: Client
    counters: Counters

    async def watch(self) -> bool:
        return await health(self.watching)

    def kill(self, number: signal.Signals) -> None:
        assert self.server.pid is not None
        os.kill(self.server.pid, number)


@pytest.fixture
async def own(open_folder: Path) -> AsyncIterator[Own]:
    data = open_folder / "redis"
    data.mkdir()
    server = EmbeddedRedis(data, open_folder / "s")
    url = await server.start()
    watching, counting = redis_client(url), redis_client(url, timeout_s=None)
    own = Own(server, watching, Counters(counting, timeout_s=1.0))
    yield own
    own.kill(signal.SIGCONT)
    await watching.aclose()
    await counting.aclose()
    await server.stop()


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, 60_000 * E10)
    return made


async def nothing_opens_and_all_closes(world: World, user_id: int, positions: list[int]) -> None:
    for position_id in positions:
        refused = await world.engine.submit(open_intent(user_id))
        assert (codes(refused), rules(refused)) == (["E-RATE"], ["RATE_COUNTERS"])
        assert refused.state is OrderState.REFUSED
        closed = await world.done(close_intent(user_id, position_id))
        assert closed.state is OrderState.FILLED
    assert world.engine.exposure(user_id).reserved_e6 == 0


async def three_good_reads(world: World) -> None:
    for _ in range(3):
        await world.modes.read()


async def test_redis_paused(pool: Pool, clock: ManualClock, quotes: FakeQuotes, own: Own) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes, counters=own.counters, redis=own.watch).running() as w:
        await three_good_reads(w)
        positions = [(await w.done(open_intent(user_id))).position_id for _ in range(3)]
        own.kill(signal.SIGSTOP)
        await nothing_opens_and_all_closes(w, user_id, positions)
        await w.modes.read()
        assert not w.modes.redis_ok()
        own.kill(signal.SIGCONT)
        await w.modes.read()
        refused = await w.engine.submit(open_intent(user_id))
        assert rules(refused) == ["RATE_COUNTERS"]  # one good read is not three
        await three_good_reads(w)
        assert (await w.done(open_intent(user_id))).state is OrderState.FILLED
        # What the paused server had been asked to count never became an order.
        usage = await own.counters.usage(user_id, clock.now_ns())
        assert usage.opens_minute.value == 4


async def test_redis_killed(pool: Pool, clock: ManualClock, quotes: FakeQuotes, own: Own) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes, counters=own.counters, redis=own.watch).running() as w:
        await three_good_reads(w)
        positions = [(await w.done(open_intent(user_id))).position_id for _ in range(3)]
        own.kill(signal.SIGKILL)
        await nothing_opens_and_all_closes(w, user_id, positions)
        await own.server.stop()
        await own.server.start()
        await three_good_reads(w)
        assert (await w.done(open_intent(user_id))).state is OrderState.FILLED


async def test_redis_flushed(pool: Pool, clock: ManualClock, quotes: FakeQuotes, own: Own) -> None:
    """Counters at zero, in a running engine and before a new one: the limit holds in total."""
    user_id = await make_user(pool, policy=msgspec.structs.replace(EASY, opens_per_minute=3))
    made = 0
    async with World(pool, clock, quotes, counters=own.counters, redis=own.watch).running() as w:
        for _ in range(6):
            order = await w.done(open_intent(user_id))
            made += order.verdict.ok
            await own.watching.flushall()
        assert rules(order) == ["OPENS_PER_MINUTE"]
    async with World(pool, clock, quotes, counters=own.counters, redis=own.watch).running() as w:
        order = await w.done(open_intent(user_id))
        assert rules(order) == ["OPENS_PER_MINUTE"]
        clock.advance(60 * 10**9)
        assert (await w.done(open_intent(user_id))).state is OrderState.FILLED
    assert made == 3
