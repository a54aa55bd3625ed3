"""The user's breaker: opened with the fill that completes the streak, and kept until its time."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, Scene, rules, scene
from tests.fakes.engine_world import BTC, EASY, World, close_intent, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.limits import find, with_value
from vanta.domain.policy import UserBreaker
from vanta.domain.units import E10
from vanta.store.policies import Policies
from vanta.store.pool import Pool

HOUR_NS = 3_600 * 10**9
TWO = with_value(EASY, find("max_losses_in_row", own=True), 2)


async def lose(s: Scene, world: World) -> None:
    s.quotes.put(BTC, PRICE)
    opened = await world.done(open_intent(s.user_id))
    assert opened.state is OrderState.FILLED, opened.verdict
    s.quotes.put(BTC, PRICE - 100 * E10)
    await world.done(close_intent(s.user_id, opened.position_id))
    await world.until(lambda: world.book.position(opened.position_id) is None)


async def test_only_reductions_until_the_cool_off_is_over_then_from_zero(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=TWO)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        left_open = await world.done(open_intent(s.user_id))
        await lose(s, world)
        assert world.book.breaker(s.user_id) is None
        await lose(s, world)
        until_ns = clock.now_ns() + HOUR_NS
        expected = UserBreaker(until_ns=until_ns, losses=2, limit=2)
        assert world.book.breaker(s.user_id) == expected
        [reason] = (await s.refused()).verdict.reasons
        assert (reason.code, reason.rule) == ("E-RISK-DAY", "BREAKER")
        assert (reason.value, reason.limit, reason.resets_at_ns) == (2, 2, until_ns)
        assert reason.text == (
            "2 losses in a row (limit 2): new positions are paused until 15:13 UTC (1 h). "
            "Closing still works."
        )
        # A close goes, and its loss does not count towards the next streak.
        closed = await world.done(close_intent(s.user_id, left_open.position_id))
        assert closed.state is OrderState.FILLED
        assert (await world.accounts.get(s.user_id)).losses_in_row == 0
        clock.advance(HOUR_NS - 1)
        assert rules(await s.refused()) == ["BREAKER"]
        clock.advance(1)
        await lose(s, world)  # opens again
        assert world.book.breaker(s.user_id) is None
        assert (await world.accounts.get(s.user_id)).losses_in_row == 1
        assert world.book.exposure(s.user_id).losses_in_row == 1


async def test_it_survives_a_restart_and_is_committed_with_its_fill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=TWO)
    async with s.world.running() as world:
        await lose(s, world)
        await lose(s, world)
    row = await world.accounts.get(s.user_id)
    assert (row.losses_in_row, row.breaker_losses, row.breaker_limit) == (0, 2, 2)
    clock.advance(HOUR_NS // 2)
    again = World(pool, clock, quotes)
    async with again.running():
        quotes.put(BTC, PRICE)
        order = await again.engine.submit(open_intent(s.user_id))
        assert rules(order) == ["BREAKER"]
        clock.advance(HOUR_NS // 2)
        assert (await again.done(open_intent(s.user_id))).state is OrderState.FILLED


@pytest.mark.parametrize("jump_ns", [-24 * HOUR_NS, -HOUR_NS, HOUR_NS, 24 * HOUR_NS])
async def test_a_wall_clock_that_jumps_neither_ends_it_nor_holds_it_longer(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, jump_ns: int
) -> None:
    s = await scene(pool, clock, quotes, policy=TWO)
    async with s.world.running() as world:
        await lose(s, world)
        await lose(s, world)
        clock.wall_ns += jump_ns
        breaker = world.book.breaker(s.user_id)
        assert breaker is not None
        assert breaker.until_ns == clock.now_ns() + HOUR_NS
        clock.advance(HOUR_NS)
        assert world.book.breaker(s.user_id) is None


async def test_losses_booked_together_count_one_after_the_other(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=TWO)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = [await world.done(open_intent(s.user_id)) for _ in range(3)]
        quotes.put(BTC, PRICE - 100 * E10)
        closes = [close_intent(s.user_id, order.position_id) for order in opened]
        orders = await world.engine.submit_many(closes)
        for order in orders:
            await world.engine.settled(order.id, 10.0)
        await world.until(lambda: not world.book.positions_of(s.user_id))
        assert rules(await s.refused()) == ["BREAKER"]
        row = await world.accounts.get(s.user_id)
        # The third fell under the breaker that the second had opened.
        assert (row.breaker_losses, row.losses_in_row) == (2, 0)
        assert world.book.exposure(s.user_id).losses_in_row == 0


async def test_a_limit_tightened_below_the_streak_opens_it(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=EASY)
    async with s.world.running() as world:
        await lose(s, world)
        await lose(s, world)
        assert world.book.breaker(s.user_id) is None
        await Policies(pool).set(s.user_id, TWO, 2, "test")
        await world.book.refresh()
        assert rules(await s.refused()) == ["BREAKER"]
        row = await world.accounts.get(s.user_id)
        assert (row.losses_in_row, row.breaker_losses) == (0, 2)


async def test_one_users_breaker_is_nobody_elses(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=TWO)
    other_id = await make_user(pool)
    async with s.world.running() as world:
        await lose(s, world)
        await lose(s, world)
        quotes.put(BTC, PRICE)
        assert (await world.done(open_intent(other_id))).state is OrderState.FILLED
