"""Every published refusal of an open, its numbers, and that all are told in order."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, codes, rules, scene, text
from tests.fakes.engine_world import (
    BTC,
    close_intent,
    open_intent,
)
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Breaker, Mode, OrderState, Quality, Side
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10, ONE_E10
from vanta.store.pool import Pool


@pytest.mark.parametrize(
    ("fields", "code", "rule", "words"),
    [
        pytest.param(
            {"mode": Mode.LIVE},
            "E-MODE",
            "MODE",
            "You are in DRY because Redis is not healthy (0 of 3). "
            "You asked LIVE, so nothing was sent.",
            id="live is not traded as dry",
        ),
        pytest.param({"side": None}, "E-ARG", "SIDE", "Say long or short.", id="no side"),
        pytest.param(
            {"collateral_e6": 0},
            "E-ARG",
            "COLLATERAL",
            "Collateral must be more than 0 and at most 100,000,000.00 USDC.",
            id="no collateral",
        ),
        pytest.param(
            {"leverage_e10": 150 * E10, "collateral_e6": 10 * E6},
            "E-LEV",
            "LEVERAGE_MAX",
            "BTC/USD allows 2x to 100x here; you asked 150x.",
            id="above the market's leverage",
        ),
        pytest.param(
            {"leverage_e10": 5_000 * E10, "collateral_e6": 10 * E6},
            "E-LEV",
            "LEVERAGE_MAX",
            "BTC/USD allows 2x to 100x here; you asked 5000x.",
            id="leverage beyond the maths",
        ),
        pytest.param(
            {"leverage_e10": E10},
            "E-LEV",
            "LEVERAGE_MIN",
            "BTC/USD allows 2x to 100x here; you asked 1x.",
            id="below the market's leverage",
        ),
        pytest.param(
            {"leverage_e10": 60 * E10},
            "E-LEV",
            "LEVERAGE_POLICY",
            "Your limit allows up to 50x; you asked 60x.",
            id="above the user's leverage",
        ),
        pytest.param(
            {"leverage_e10": 2 * E10, "collateral_e6": 20 * E6},
            "E-MINPOS",
            "POSITION_MIN",
            "Smallest BTC position is 100.00 USDC; 20.00 x 2 = 40.00.",
            id="too small",
        ),
        pytest.param(
            {"collateral_e6": 500 * E6, "leverage_e10": 50 * E10},
            "E-RISK-POS",
            "POSITION_MAX",
            "Trade exceeds max size: 25,000.00 of 20,000.00 USD.",
            id="too large",
        ),
        pytest.param(
            {"collateral_e6": 9_999 * E6, "leverage_e10": 2 * E10},
            "E-BAL",
            "BALANCE",
            # 0.06 % of 19,998 on top
            "You have 10,000.00 USDC free; this needs 10,011.00.",
            id="too little cash",
        ),
        pytest.param(
            {"take_profit_e10": 60_006 * E10},
            "E-ARG",
            "TAKE_PROFIT_SIDE",
            "Take profit 60,006.0 must be above the entry 60,006.0.",
            id="target at the entry of a long",
        ),
        pytest.param(
            {"side": Side.SHORT, "take_profit_e10": 59_995 * E10},
            "E-ARG",
            "TAKE_PROFIT_SIDE",
            "Take profit 59,995.0 must be below the entry 59,994.0.",
            id="target above the entry of a short",
        ),
        pytest.param(
            {"stop_loss_e10": 60_000 * E10},
            "E-ARG",
            "STOP_SIDE",
            "Stop loss 60,000.0 must be below the price 60,000.0.",
            id="stop at the price of a long",
        ),
        pytest.param(
            {"side": Side.SHORT, "stop_loss_e10": 59_000 * E10},
            "E-ARG",
            "STOP_SIDE",
            "Stop loss 59,000.0 must be above the price 60,000.0.",
            id="stop below the price of a short",
        ),
        pytest.param(
            {"stop_loss_e10": 55_000 * E10},
            "E-RISK-LIQ",
            "LIQUIDATION_BUFFER",
            # liquidation 54,905.49 + 5 % of 5,100.51
            "Your stop 55,000.0 is beyond the 5 % liquidation buffer; "
            "the last safe price is 55,160.5.",
            id="stop beyond the safe line",
        ),
        pytest.param(
            {"max_slippage_e10": 600_000_000},
            "E-SLIP",
            "SLIPPAGE_CEILING",
            "Slippage 6.00 % is above your ceiling of 5.00 %.",
            id="slippage ceiling",
        ),
        pytest.param(
            {"guard_price_e10": 59_000 * E10, "max_slippage_e10": 50_000_000},
            "E-SLIP",
            "SLIPPAGE",
            "Price moved 1.70 % (limit 0.50 %). Nothing was sent.",
            id="a buy that ran away upwards",
        ),
        pytest.param(
            {"side": Side.SHORT, "guard_price_e10": 61_000 * E10, "max_slippage_e10": 50_000_000},
            "E-SLIP",
            "SLIPPAGE",
            "Price moved 1.64 % (limit 0.50 %). Nothing was sent.",
            id="a sell that ran away downwards",
        ),
        pytest.param(
            {"expires_ns": 1_790_000_000_000_000_000 - 3 * 10**9},
            "E-EXPIRED",
            "EXPIRES",
            "This expired 3 s ago. Nothing was sent.",
            id="expired",
        ),
    ],
)
async def test_an_open_is_refused(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    fields: dict,
    code: str,
    rule: str,
    words: str,
) -> None:
    limits = Policy(max_position_e6=20_000 * E6, volume_hour_e6=10**12, max_account_risk_e10=10**9)
    s = await scene(pool, clock, quotes, policy=limits)
    quotes.put(BTC, PRICE)
    async with s.world.running():
        order = await s.refused(**fields)
    assert (code, text(order, rule)) == (
        next(r.code for r in order.verdict.reasons if r.rule == rule),
        words,
    )
    stored = await s.world.orders.by_id(order.id)
    assert stored.verdict == order.verdict
    assert await s.world.positions.open_of(s.user_id) == []


async def test_limits_pass_at_the_limit(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    s = await scene(pool, clock, quotes, policy=Policy(max_leverage_e10=10 * E10))
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        order = await world.done(
            open_intent(
                s.user_id,
                leverage_e10=10 * E10,
                guard_price_e10=59_400 * E10,
                max_slippage_e10=101_010_102,  # 600 / 59,400, rounded up
                expires_ns=clock.now_ns(),
            )
        )
    assert order.state is OrderState.FILLED, order.verdict


@pytest.mark.parametrize(
    ("quote", "code", "words"),
    [
        pytest.param(
            {"quality": Quality.STALE, "age_ns": 7 * 10**9},
            "E-STALE",
            "Price is 7 s old (limit 5 s). I will not open on it; closing works.",
            id="stale",
        ),
        pytest.param(
            {"quality": Quality.CONFLICT, "spread_between_sources_e10": 80_000_000},
            "E-DEV",
            "Two sources differ 0.80 % (limit 0.50 %). I will not open on it.",
            id="conflict",
        ),
        pytest.param(
            {"quality": Quality.SINGLE},
            "E-DEV",
            "Only one source gives a price now; new positions need two that agree. Closing works.",
            id="single",
        ),
        pytest.param(
            {"quality": Quality.CLOSED},
            "E-VENUE",
            "BTC/USD is closed at the venue now. Nothing was sent.",
            id="closed",
        ),
        pytest.param(
            {"quality": Quality.CLOCK_SUSPECT},
            "E-STALE",
            "This machine's clock is in doubt, so prices cannot be dated. "
            "I will not open on it; closing works.",
            id="clock",
        ),
        pytest.param(
            {"breaker": Breaker.OPEN},
            "E-DEV",
            "This market's price jumped and is being watched. I will not open until it has been "
            "calm; closing works.",
            id="breaker",
        ),
    ],
)
async def test_no_open_on_a_bad_price_but_a_close_goes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, quote: dict, code: str, words: str
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id))
        quotes.put(BTC, PRICE, **quote)
        order = await s.refused()
        assert [(r.code, r.text) for r in order.verdict.reasons] == [(code, words)]
        assert order.verdict.nearest_collateral_e6 == 0
        closed = await world.done(close_intent(s.user_id, opened.position_id))
    closes = quote.get("quality") is not Quality.CLOSED
    assert closed.state is (OrderState.FILLED if closes else OrderState.REFUSED)


async def test_without_any_price_nothing_goes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id))
        quotes.put(BTC, 0, quality=Quality.NONE)
        assert codes(await s.refused()) == ["E-STALE"]
        order = await world.engine.submit(close_intent(s.user_id, opened.position_id))
        assert codes(order) == ["E-STALE"]


async def test_all_failures_are_told_in_the_published_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, cash=100, policy=None)
    quotes.put(BTC, PRICE, quality=Quality.STALE, age_ns=9 * 10**9)
    async with s.world.running():
        order = await s.refused(
            collateral_e6=1_000 * E6,
            leverage_e10=200 * E10,
            stop_loss_e10=50_000 * E10,
            max_slippage_e10=ONE_E10,
            mode=Mode.LIVE,
        )
    assert rules(order) == [
        "MODE",
        "SLIPPAGE_CEILING",
        "PRICE_AGE",
        "LEVERAGE_MAX",
        "LEVERAGE_POLICY",
        "POSITION_MAX",
        "BALANCE",
        "ACCOUNT_RISK",
        "LIQUIDATION_BUFFER",
        "VOLUME_HOUR",
        "VOLUME_DAY",
    ]


async def test_a_batch_hears_of_all_failures_too(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, cash=1_000, policy=None)
    quotes.put(BTC, PRICE)
    wishes = [open_intent(s.user_id, collateral_e6=c * E6) for c in (4_500, 50, 4_000)]
    async with s.world.running() as world:
        large, good, also_large = await world.engine.submit_many(wishes)
    expected = ["POSITION_MAX", "BALANCE", "ACCOUNT_RISK", "VOLUME_HOUR"]
    assert rules(large) == expected
    assert good.state in (OrderState.CREATED, OrderState.FILLED)
    assert rules(also_large) == expected


async def test_the_nearest_size_that_passes_is_told_and_passes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, cash=1_000)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        order = await s.refused(collateral_e6=500 * E6)
        assert rules(order) == ["ACCOUNT_RISK"]
        nearest_e6 = order.verdict.nearest_collateral_e6
        assert 0 < nearest_e6 < 100 * E6
        more = await world.engine.preview(open_intent(s.user_id, collateral_e6=nearest_e6 + 1))
        assert not more.verdict.ok
        again = await world.done(open_intent(s.user_id, collateral_e6=nearest_e6))
        assert again.state is OrderState.FILLED


async def test_no_size_is_offered_when_something_else_stands_in_the_way(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, cash=1_000)
    quotes.put(BTC, PRICE, quality=Quality.STALE)
    async with s.world.running():
        order = await s.refused(collateral_e6=500 * E6)
    assert rules(order) == ["PRICE_AGE", "ACCOUNT_RISK"]
    assert order.verdict.nearest_collateral_e6 == 0


async def test_rates_volumes_and_when_they_reset(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    limits = Policy(opens_per_minute=2, volume_hour_e6=2_500 * E6, trades_per_day=50)
    s = await scene(pool, clock, quotes, policy=limits)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        first_ns = clock.now_ns()
        await world.done(open_intent(s.user_id))
        clock.advance(38 * 10**9)
        await world.done(open_intent(s.user_id))
        order = await s.refused()
        [rate, volume] = order.verdict.reasons
        assert rate.code == "E-RATE"
        assert rate.text == "2 opens in the last minute (limit 2), next in 22 s."
        assert rate.resets_at_ns == first_ns + 60 * 10**9
        # 1,790,000,000 s is 14:13:20 UTC; the first open leaves the hour 3,562 s from now
        assert volume.code == "E-VOL"
        assert volume.text == (
            "Hourly volume: this would make 3,000.00 of 2,500.00. Resets 15:13 UTC (1 h)."
        )
        assert order.verdict.nearest_collateral_e6 == 0  # a smaller size does not help the rate
        clock.advance(22 * 10**9)
        order = await s.refused()
        assert codes(order) == ["E-VOL"]
        assert order.verdict.nearest_collateral_e6 == 50 * E6


async def test_the_daily_loss_limit_and_a_losing_streak(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    limits = Policy(max_losses_in_row=1, max_daily_loss_e10=50_000_000, opens_per_minute=9)
    s = await scene(pool, clock, quotes, policy=limits)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id))
        quotes.put(BTC, 57_000 * E10)
        await world.done(close_intent(s.user_id, opened.position_id))
        order = await s.refused()
        assert rules(order) == ["BREAKER", "DAILY_LOSS"]
        assert codes(order) == ["E-RISK-DAY", "E-RISK-DAY"]
        # 1,790,000,000 s is 14:13:20 UTC
        assert order.verdict.reasons[1].text == (
            "Daily loss limit reached: 0.52 % of 0.50 %. Trading paused until 00:00 UTC "
            "(9 h 47 min). Closing still works."
        )
        assert order.verdict.reasons[0].text == (
            "1 losses in a row (limit 1): new positions are paused until 15:13 UTC (1 h). "
            "Closing still works."
        )
