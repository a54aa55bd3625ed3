"""The engine and the rate counters: counted with the order, given back without it."""

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.counters import MemoryCounters
from tests.fakes.engine_scene import codes, last_order, rules, text
from tests.fakes.engine_world import (
    BTC,
    EASY,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.executor import HoldingExecutor
from tests.fakes.owner import as_owner
from tests.fakes.quotes import FakeQuotes
from tests.integration.test_engine_lost_word import LostWord
from vanta.domain.enums import OrderState, Quality, Source
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import E6, E10, I64_MAX
from vanta.store.counters import COUNTABLE, LIMITS, Counters, Grant, OpenAsk
from vanta.store.pool import Pool


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, 60_000 * E10)
    return made


def easy(**limits: int) -> Policy:
    return msgspec.structs.replace(EASY, **limits)


# rule, code, the limits, what others have used by now, the words
FOREIGN = [
    (
        "OPENS_PER_MINUTE",
        "E-RATE",
        easy(opens_per_minute=2),
        "2 opens in the last minute (limit 2), next in 1 min.",
    ),
    (
        "TRADES_PER_DAY",
        "E-RATE",
        easy(trades_per_day=2),
        "2 trades today (limit 2). Resets 00:00 UTC (9 h 47 min). Closing still works.",
    ),
    (
        "VOLUME_HOUR",
        "E-VOL",
        easy(volume_hour_e6=2_500 * E6),
        "Hourly volume: this would make 3,000.00 of 2,500.00. Resets 15:13 UTC (1 h).",
    ),
    (
        "VOLUME_DAY",
        "E-VOL",
        easy(volume_day_e6=2_500 * E6),
        "Daily volume: this would make 3,000.00 of 2,500.00. Resets 00:00 UTC (9 h 47 min).",
    ),
]


@pytest.mark.parametrize(("rule", "code", "policy", "words"), FOREIGN)
async def test_what_another_process_opened_counts(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    redis: Redis,
    rule: str,
    code: str,
    policy: Policy,
    words: str,
) -> None:
    """Two engines over one Redis: the core of the second has not seen what the first opened."""
    user_id = await make_user(pool, policy=policy)
    first = World(pool, clock, quotes, counters=Counters(redis, timeout_s=10.0))
    second = World(pool, clock, quotes, counters=Counters(redis, timeout_s=10.0))
    async with second.running():
        async with first.running():
            for _ in range(2):
                assert (await first.done(open_intent(user_id))).state is OrderState.FILLED
        refused = await second.engine.submit(open_intent(user_id))
        assert refused.state is OrderState.REFUSED
        [reason] = refused.verdict.reasons
        assert (reason.code, reason.rule, reason.text) == (code, rule, words)
        assert reason.value > reason.limit > 0
        assert second.engine.exposure(user_id).reserved_e6 == 0
        assert second.engine.exposure(user_id).trades_today == 0


async def test_what_the_core_refuses_is_told_once_and_not_counted(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=easy(opens_per_minute=1))
    counters = MemoryCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        await world.done(open_intent(user_id))
        order = await world.engine.submit(open_intent(user_id))
        assert rules(order) == ["OPENS_PER_MINUTE"]
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1


async def test_copies_have_a_limit_of_their_own(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=easy(copies_per_minute=1))
    async with World(pool, clock, quotes).running() as world:
        for _ in range(2):
            assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        copy = open_intent(user_id, source=Source.COPY)
        assert (await world.done(copy)).state is OrderState.FILLED
        clock.advance(20 * 10**9)
        order = await world.engine.submit(open_intent(user_id, source=Source.COPY))
        assert codes(order) == ["E-COPY-SKIP"]
        assert text(order, "COPIES_PER_MINUTE") == (
            "Skipped: 1 copies in the last minute (limit 1), next in 40 s."
        )
        # Its own opens go on.
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED


async def test_asking_again_counts_once(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    user_id = await make_user(pool)
    counters = MemoryCounters()
    intent = open_intent(user_id)
    async with World(pool, clock, quotes, counters=counters).running() as world:
        first = await world.done(intent)
        for _ in range(3):
            again = await world.engine.submit(intent)
            assert (again.id, again.duplicate) == (first.id, True)
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1
        # A day later the key is not known to the counters any more, and its order still is.
        clock.advance(25 * 3_600 * 10**9)
        counters.rows.clear()
        assert (await world.engine.submit(intent)).duplicate
        await world.done(open_intent(user_id))
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1


async def test_asking_again_while_the_counters_fail_takes_nothing_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    counters = MemoryCounters()
    intent = open_intent(user_id)
    async with World(pool, clock, quotes, counters=counters).running() as world:
        await world.done(intent)
        counters.down = True
        assert (await world.engine.submit(intent)).duplicate
        counters.down = False
        for _ in range(3):
            await world.modes.read()
        await world.done(open_intent(user_id))
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 2


async def test_an_open_that_was_not_written_is_given_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    counters = MemoryCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        await as_owner(pool, "ALTER TABLE orders RENAME TO orders_gone")
        with pytest.raises(asyncpg.PostgresError):
            await world.engine.submit(open_intent(user_id))
        await world.until(lambda: not counters.rows[user_id])
        await as_owner(pool, "ALTER TABLE orders_gone RENAME TO orders")
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1


async def test_an_open_whose_commit_is_unknown_stays_counted_until_somebody_has_looked(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=easy(opens_per_minute=2))
    counters = MemoryCounters()
    world = World(pool, clock, quotes, counters=counters)
    world.engine._orders = LostWord(pool)
    intent = open_intent(user_id)
    async with world.running():
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await world.engine.submit(intent)
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert (await world.done(intent)).state is OrderState.FILLED
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 2


async def test_an_open_the_venue_did_not_make_is_given_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=easy(opens_per_minute=1))
    counters = MemoryCounters()
    held = HoldingExecutor()
    world = World(pool, clock, quotes, counters=counters)
    async with world.running():
        real, world.engine._executor = world.executor, held
        order = await world.engine.submit(open_intent(user_id))
        quotes.put(BTC, 60_000 * E10, quality=Quality.CONFLICT)
        await real.execute_many(held.orders)
        ended = await world.engine.settled(order.id, 10.0)
        assert ended.state is OrderState.REJECTED
        quotes.put(BTC, 60_000 * E10)
        world.engine._executor = real
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 1


async def test_without_counters_nothing_opens_and_everything_closes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    counters = MemoryCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        one, two = [await world.done(open_intent(user_id)) for _ in range(2)]
        counters.down = True
        order = await world.engine.submit(open_intent(user_id))
        assert (codes(order), rules(order)) == (["E-RATE"], ["RATE_COUNTERS"])
        assert "Closing works" in text(order, "RATE_COUNTERS")
        assert world.engine.exposure(user_id).reserved_e6 == 0
        assert (await world.done(close_intent(user_id, one.position_id))).position_id
        # From the first failure on nobody is asked, until the watch over Redis says so.
        asked = counters.asked
        seen = await world.engine.preview(open_intent(user_id))
        assert [reason.rule for reason in seen.verdict.reasons] == ["RATE_COUNTERS"]
        for _ in range(3):
            assert rules(await world.engine.submit(open_intent(user_id))) == ["RATE_COUNTERS"]
        counters.down = False
        assert rules(await world.engine.submit(open_intent(user_id))) == ["RATE_COUNTERS"]
        assert counters.asked == asked
        await world.modes.read()
        await world.modes.read()
        assert rules(await world.engine.submit(open_intent(user_id))) == ["RATE_COUNTERS"]
        await world.modes.read()
        assert (await world.engine.preview(open_intent(user_id))).verdict.ok
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert (await world.done(close_intent(user_id, two.position_id))).position_id
        # What may have been counted while it failed was given back.
        assert counters.usage(user_id, clock.now_ns()).opens_minute.value == 3


class HeldCounters(MemoryCounters):
    """Answers when told to: a server that hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def take(self, asks: Sequence[OpenAsk], now_ns: int) -> list[Grant]:
        self.entered.set()
        await self.go_on.wait()
        return await super().take(asks, now_ns)

    def hold(self) -> None:
        self.entered.clear()
        self.go_on.clear()


async def test_nothing_that_reduces_waits_for_an_open(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    counters = HeldCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        one, two, three = [await world.done(open_intent(user_id)) for _ in range(3)]
        counters.hold()
        waiting = asyncio.ensure_future(world.engine.submit(open_intent(user_id)))
        await counters.entered.wait()
        # A person's close and new stops, a stop that fires and the venue's own liquidation.
        closed = await world.done(close_intent(user_id, one.position_id))
        moved = await world.done(stops_intent(user_id, two.position_id, stop_loss_e10=59_000 * E10))
        assert {closed.state, moved.state} == {OrderState.FILLED}
        quotes.put(BTC, 58_900 * E10)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED
        quotes.put(BTC, 50_000 * E10)
        await world.until(lambda: world.book.position(three.position_id) is None)
        assert not waiting.done()
        counters.go_on.set()
        assert (await waiting).verdict.ok


async def test_an_order_bears_the_instant_at_which_it_was_counted(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """After a restart the windows are those of the rows: they must be the same ones."""
    user_id = await make_user(pool)
    counters = HeldCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        counters.hold()
        asked_ns = clock.now_ns()
        waiting = asyncio.ensure_future(world.engine.submit(open_intent(user_id)))
        await counters.entered.wait()
        clock.advance(59 * 10**9)
        counters.go_on.set()
        order = await waiting
        assert order.created_ns == asked_ns
        usage = counters.usage(user_id, clock.now_ns())
        assert usage.opens_minute.frees_at_ns == asked_ns + 60 * 10**9


async def test_one_key_has_one_answer_whichever_lane_it_comes_to(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    counters = HeldCounters()
    async with World(pool, clock, quotes, counters=counters).running() as world:
        opened = await world.done(open_intent(user_id))
        counters.hold()
        intent = open_intent(user_id, ref="same")
        first = asyncio.ensure_future(world.engine.submit(intent))
        await counters.entered.wait()
        close = close_intent(user_id, opened.position_id, ref="same")
        second = asyncio.ensure_future(world.engine.submit(close))
        await asyncio.sleep(0)
        counters.go_on.set()
        order, again = await first, await second
        assert (again.id, again.duplicate) == (order.id, True)
        assert world.book.position(opened.position_id) is not None


async def test_limits_without_end_end_at_a_ceiling_that_can_be_counted(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, redis: Redis
) -> None:
    assert all(0 < getattr(CEILING, name) <= COUNTABLE for name in LIMITS)
    endless = easy(opens_per_minute=I64_MAX, volume_hour_e6=I64_MAX, volume_day_e6=I64_MAX)
    user_id = await make_user(pool, policy=endless)
    async with World(
        pool, clock, quotes, counters=Counters(redis, timeout_s=10.0)
    ).running() as world:
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
