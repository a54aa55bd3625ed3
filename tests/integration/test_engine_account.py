"""The account book: days, limits that change, and users that are not fully known."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import (
    BTC,
    EASY,
    CrashAt,
    World,
    close_intent,
    make_user,
    open_intent,
)
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.errors import NotFoundError
from vanta.domain.limits import stricter
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import E6, E10
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.users import Users

PRICE = 60_000 * E10
DAY_NS = 86_400 * 10**9


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def test_a_new_day_starts_with_the_equity_of_midnight(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        quotes.put(BTC, 63_000 * E10)
        # 10,000 - 0.60 fee + 1,000 x (63,000 - 60,006) / 60,006
        equity = 10_000 * E6 - 600_000 + 49_895_010
        exposure = world.engine.exposure(user_id)
        assert (exposure.equity_e6, exposure.day_pnl_e6) == (equity, equity - 10_000 * E6)
        await world.book.roll_day()
        assert world.engine.exposure(user_id).day_start_equity_e6 == 10_000 * E6
        clock.advance(DAY_NS)
        await world.book.roll_day()
        exposure = world.engine.exposure(user_id)
        assert (exposure.day_start_equity_e6, exposure.day_pnl_e6) == (equity, 0)
    # A restart in the middle of the day does not start the day anew.
    quotes.put(BTC, 58_000 * E10)
    async with World(pool, clock, quotes).running() as world:
        assert world.engine.exposure(user_id).day_start_equity_e6 == equity


async def test_a_loss_in_the_first_moment_of_a_day_counts_for_that_day(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        clock.advance(DAY_NS)
        quotes.put(BTC, PRICE)
        before = world.engine.exposure(user_id).equity_e6
        await world.done(close_intent(user_id, opened.position_id))  # spread and fee: a loss
        lost = before - await world.cash(user_id)
        await world.book.roll_day()
        exposure = world.engine.exposure(user_id)
        assert (exposure.day_start_equity_e6, exposure.day_pnl_e6) == (before, -lost)
    async with World(pool, clock, quotes).running() as world:
        assert world.engine.exposure(user_id).day_start_equity_e6 == before


async def test_limits_that_change_are_taken_over(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        before = world.engine.exposure(user_id)
        await Policies(pool).set(user_id, Policy(max_leverage_e10=3 * E10), 2, "test")
        await world.book.refresh()
        order = await world.engine.submit(open_intent(user_id))
        assert "LEVERAGE_POLICY" in [reason.rule for reason in order.verdict.reasons]
        after = world.engine.exposure(user_id)
        assert (after.cash_e6, after.day_start_equity_e6, after.trades_today) == (
            before.cash_e6,
            before.day_start_equity_e6,
            before.trades_today,
        )


async def test_a_user_made_later_is_seen_without_asking_for_a_trade(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await Users(pool).create("without account", "trader", now_ns=1)
        late_id = await make_user(pool, cash=77)
        with pytest.raises(NotFoundError):
            world.engine.exposure(late_id)
        await world.book.refresh()
        assert world.engine.exposure(late_id).equity_e6 == 77 * E6


async def test_a_role_that_is_taken_away_ends_trading(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await pool.execute("UPDATE users SET role = 'viewer' WHERE id = $1", user_id)
        await world.book.refresh()
        order = await world.engine.submit(open_intent(user_id))
        assert [reason.code for reason in order.verdict.reasons] == ["E-ROLE"]


async def test_a_user_without_an_account_cannot_trade_until_one_is_opened(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    await make_user(pool)
    user = await Users(pool).create("late", "trader", now_ns=1)
    async with World(pool, clock, quotes).running() as world:
        with pytest.raises(NotFoundError, match="account"):
            await world.engine.submit(open_intent(user.id))
        with pytest.raises(NotFoundError):
            world.engine.exposure(user.id)
        await world.accounts.open(user.id, 5_000 * E6)
        assert (await world.done(open_intent(user.id))).state is OrderState.FILLED


def test_the_ceiling_binds_whatever_a_policy_says() -> None:
    greedy = Policy(
        max_leverage_e10=9_000 * E10,
        max_position_e6=10**15,
        max_account_risk_e10=E10,
        liquidation_buffer_e10=1,
        max_daily_loss_e10=E10,
        max_slippage_e10=E10,
        opens_per_minute=99,
    )
    bound = stricter(greedy, CEILING)
    assert bound.max_leverage_e10 == 500 * E10
    assert bound.max_position_e6 == 100_000 * E6
    assert bound.max_account_risk_e10 == E10 // 10
    assert bound.liquidation_buffer_e10 == E10 // 20
    assert bound.max_daily_loss_e10 == E10 // 5
    assert bound.max_slippage_e10 == E10 // 20
    assert bound.opens_per_minute == 99
    assert stricter(Policy(), CEILING) == Policy()


async def test_while_a_commit_is_in_doubt_its_user_opens_nothing(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id, other_id = await make_user(pool), await make_user(pool)
    crash = CrashAt("fill.committed")
    world = World(pool, clock, quotes, crash=crash)
    read = world.ledger._s.orders.by_id
    away = True

    async def by_id(order_id: int) -> object:
        if away:
            raise ConnectionError("no store")
        return await read(order_id)

    world.orders.by_id = by_id  # type: ignore[method-assign]
    async with world.running():
        await world.engine.submit(open_intent(user_id))
        await crash.hit.wait()
        await world.until(lambda: bool(world.book.doubted))
        order = await world.engine.submit(open_intent(user_id))
        assert [reason.code for reason in order.verdict.reasons] == ["E-UNKNOWN"]
        fine = await world.engine.submit(open_intent(other_id))
        assert fine.state is OrderState.CREATED
        away = False
        await world.ledger.clear_doubts()
        [position] = world.book.positions_of(user_id)
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert (await world.done(close_intent(user_id, position.id))).state is OrderState.FILLED
        assert world.engine.exposure(user_id).cash_e6 == await world.cash(user_id)


async def test_after_a_restart_an_open_under_way_is_waited_for(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """Its cash is not set aside any more, so the user's next open must not spend it."""
    user_id = await make_user(pool, policy=EASY)
    async with World(pool, clock, quotes, executor=HoldingExecutor()).running() as world:
        await world.engine.submit(open_intent(user_id))
    quotes.put(BTC, 0, quality=8)
    async with World(pool, clock, quotes).running() as world:
        [waiting] = world.ledger.in_flight()
        quotes.put(BTC, PRICE)
        order = await world.engine.submit(open_intent(user_id))
        assert [reason.code for reason in order.verdict.reasons] == ["E-UNKNOWN"]
        await world.recovery.redeliver(min_age_ns=0)
        assert (await world.engine.settled(waiting.id, 10.0)).state is OrderState.FILLED
        assert (await world.done(open_intent(user_id))).state is OrderState.FILLED
        assert world.ledger.in_flight() == []
