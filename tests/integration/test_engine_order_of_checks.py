"""All rules run, all failures are told, in the published order; a reduction meets hardly any."""

import msgspec

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, rules
from tests.fakes.engine_world import (
    BTC,
    CATALOGUE,
    EASY,
    ETH,
    World,
    close_intent,
    make_user,
    open_intent,
)
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Breaker, Mode, OrderState, Quality
from vanta.domain.market import Catalogue
from vanta.domain.policy import Policy
from vanta.domain.system import Stop, SystemState
from vanta.domain.units import E6, E10, ONE_E10
from vanta.engine.admission import Admission
from vanta.store.accounts import Accounts
from vanta.store.policies import Policies
from vanta.store.pool import Pool

HOUR_NS = 3_600 * 10**9


def shut(state: SystemState) -> SystemState:
    """Stop opens, and maintain."""
    return msgspec.structs.replace(state, stop=Stop.OPENS, maintenance=True)


PUBLISHED = [
    *("ROLE", "MODE", "STOPPED", "MAINTENANCE", "BREAKER"),
    *("SLIPPAGE_CEILING", "EXPIRES", "TAKE_PROFIT_SIDE"),  # what the intent says
    *("MARKET_ALLOWED", "MARKET_OPEN", "PRICE_AGE", "PRICE_BREAKER", "SLIPPAGE"),
    *("LEVERAGE_MAX", "LEVERAGE_POLICY", "POSITION_MAX", "BALANCE", "ACCOUNT_RISK"),
    *("LIQUIDATION_BUFFER", "DAILY_LOSS"),
    *("OPENS_PER_MINUTE", "TRADES_PER_DAY", "VOLUME_HOUR", "VOLUME_DAY"),
]
CLOSED = Catalogue([msgspec.structs.replace(m, is_open=False) for m in CATALOGUE])
NOTHING = Policy(
    max_leverage_e10=2 * E10,
    max_position_e6=E6,
    max_account_risk_e10=E10 // 10_000,
    max_daily_loss_e10=E10 // 10_000,
    opens_per_minute=1,
    trades_per_day=1,
    volume_hour_e6=E6,
    volume_day_e6=E6,
    max_losses_in_row=1,
    markets=(ETH,),
)


async def test_an_open_that_fails_everything_hears_of_everything_in_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=EASY)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        held = await world.done(open_intent(user_id))
        quotes.put(BTC, PRICE - 50 * E10)
        await world.done(close_intent(user_id, held.position_id))
        await Policies(pool).set(user_id, NOTHING, 2, "test")
        async with pool.acquire() as conn:
            await Accounts(pool).pause(conn, user_id, clock.now_ns() + HOUR_NS)
        await pool.execute("UPDATE users SET role = 'viewer' WHERE id = $1", user_id)
        await world.book.reread(user_id)
        await world.book.reread_limits(user_id)
        await world.switches.apply(shut, "test", action="drill")
        quotes.put(BTC, PRICE, quality=Quality.STALE, age_ns=9 * 10**9, breaker=Breaker.OPEN)
        admission = Admission(
            book=world.book,
            quotes=quotes,
            catalogue=CLOSED,
            clock=clock,
            permits=world.permits,
            is_ready=lambda: True,
        )
        wish = open_intent(
            user_id,
            mode=Mode.LIVE,
            collateral_e6=50_000 * E6,
            leverage_e10=200 * E10,
            max_slippage_e10=ONE_E10,
            guard_price_e10=PRICE // 3,
            expires_ns=clock.now_ns() - 1,
            take_profit_e10=PRICE // 2,
            stop_loss_e10=PRICE // 2,
        )
        decision = admission.decide(wish, reserve=True)
        assert [reason.rule for reason in decision.reasons] == PUBLISHED
        assert decision.reservation == 0
        # Nothing of a refused open is counted, and each reason has its words and its code.
        assert world.book.exposure(user_id).trades_today == 2
        assert all(r.text and r.code.startswith("E-") for r in decision.reasons)


async def test_a_close_under_all_of_it_hears_of_the_arguments_and_the_price_only(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=EASY)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        await Policies(pool).set(user_id, NOTHING, 2, "test")
        async with pool.acquire() as conn:
            await Accounts(pool).pause(conn, user_id, clock.now_ns() + HOUR_NS)
        await world.book.reread_limits(user_id)
        await world.switches.apply(shut, "test", action="drill")
        quotes.put(BTC, PRICE, quality=Quality.STALE, age_ns=9 * 10**9, breaker=Breaker.OPEN)
        late = close_intent(
            user_id,
            opened.position_id,
            portion_e10=0,
            expires_ns=clock.now_ns() - 1,
            guard_price_e10=2 * PRICE,
            max_slippage_e10=1,
        )
        order = await world.engine.submit(late)
        assert rules(order) == ["EXPIRES", "PORTION", "SLIPPAGE"]
        closed = await world.done(close_intent(user_id, opened.position_id))
        assert closed.state is OrderState.FILLED, closed.verdict
