"""What a newcomer finds, the first time and every time after."""

import asyncio

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from tests.fakes.owner import as_owner
from vanta import _core
from vanta.domain.market import Catalogue
from vanta.domain.units import E6, E10
from vanta.sandbox.seed import MARKETS, TRADER_TELEGRAM_ID, seed
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.users import Users


async def test_a_newcomer_has_money_a_provider_and_five_markets(
    pool: Pool, clock: ManualClock
) -> None:
    made = await seed(pool, clock, Providers(pool, TestEnvelope()))
    trader = await Users(pool).get(made.trader_id)
    assert (trader.name, trader.role, trader.telegram_id) == ("demo", "trader", TRADER_TELEGRAM_ID)
    assert trader.created_ns == clock.now_ns()
    assert (await Accounts(pool).get(trader.id)).cash_e6 == 10_000 * E6
    key = await Providers(pool, TestEnvelope()).key(made.provider_key_id)
    assert key is not None
    assert key.live(clock.now_ns()) == (made.provider_secret,)
    assert len(made.provider_secret) == 32
    (subscription,) = await Providers(pool, TestEnvelope()).subscriptions(made.provider_id)
    assert subscription.user_id == trader.id
    found = {m.symbol: m.ix for m in await Markets(pool).all()}
    assert found == {"ETH/USD": 0, "BTC/USD": 1, "SOL/USD": 2, "BNB/USD": 3, "XAU/USD": 21}


async def test_another_start_changes_nothing(pool: Pool, clock: ManualClock) -> None:
    first = await seed(pool, clock, Providers(pool, TestEnvelope()))
    async with pool.acquire() as conn:
        await Accounts(pool).apply(conn, first.trader_id, -5 * E6, 2)
    clock.advance(10**9)
    assert await seed(pool, clock, Providers(pool, TestEnvelope())) == first
    assert (await Accounts(pool).get(first.trader_id)).cash_e6 == 9_995 * E6
    for table in ("users", "accounts", "providers", "provider_keys", "provider_secrets"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 1


async def test_a_rotated_key_is_kept_and_its_newest_secret_told(
    pool: Pool, clock: ManualClock
) -> None:
    first = await seed(pool, clock, Providers(pool, TestEnvelope()))
    await Providers(pool, TestEnvelope()).rotate(
        first.provider_id,
        first.provider_key_id,
        b"n" * 32,
        now_ns=clock.now_ns(),
        old_until_ns=clock.now_ns() + 10,
    )
    assert (await seed(pool, clock, Providers(pool, TestEnvelope()))).provider_secret == b"n" * 32


async def test_two_homes_have_two_secrets(pool: Pool, clock: ManualClock) -> None:
    first = await seed(pool, clock, Providers(pool, TestEnvelope()))
    await as_owner(pool, "TRUNCATE provider_secrets, provider_keys CASCADE")
    assert (
        await seed(pool, clock, Providers(pool, TestEnvelope()))
    ).provider_secret != first.provider_secret


@pytest.mark.parametrize("market", MARKETS, ids=lambda m: m.symbol)
def test_each_market_can_be_traded_at_its_smallest(market: object) -> None:
    assert market in tuple(Catalogue(MARKETS))
    assert isinstance(market, type(MARKETS[0]))
    collateral_e6 = market.min_notional_e6 * E10 // market.min_leverage_e10
    assert collateral_e6 <= 10_000 * E6
    risk = _core.RiskBook()
    risk.set_market(
        market.ix,
        min_leverage_e10=market.min_leverage_e10,
        max_leverage_e10=market.max_leverage_e10,
        min_notional_e6=market.min_notional_e6,
        threshold_e10=market.liquidation_threshold_e10,
        open_fee_e10=market.open_fee_e10,
        close_fee_e10=market.close_fee_e10,
        spread_e10=market.spread_e10,
    )


async def test_sequences_of_ids_begin_low(pool: Pool, clock: ManualClock) -> None:
    made = await asyncio.wait_for(seed(pool, clock, Providers(pool, TestEnvelope())), 30)
    assert (made.trader_id, made.provider_id) == (1, 1)
