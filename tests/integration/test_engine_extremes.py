"""Whatever fits a row gets an answer: no value of any field makes the engine stumble."""

import random

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import (
    BTC,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Breaker, Mode, OrderState, Quality, Side
from vanta.domain.intent import Intent
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10, I64_MAX, ONE_E10
from vanta.store.pool import Pool

AMOUNTS = [0, 1, 99, 10 * E6, 100 * E6, 10**14, 10**14 + 1, 10**18, I64_MAX]
LEVERAGES = [0, 1, E10, 2 * E10, 10 * E10, 10**13, 10**13 + 1, I64_MAX]
PRICES = [0, 1, E10, 54_000 * E10, 59_999 * E10, 60_000 * E10, 60_001 * E10, 10**17, I64_MAX]
MARKS = [E10, 60_000 * E10, 10**6 * E10]  # what the price book lets through


def extreme(rng: random.Random, user_id: int, position_id: int) -> Intent:
    common = {
        "max_slippage_e10": rng.choice([0, 1, 10**8, ONE_E10, I64_MAX]),
        "guard_price_e10": rng.choice(PRICES),
        "expires_ns": rng.choice([0, 1, I64_MAX]),
        "mode": rng.choice(list(Mode)),
    }
    match rng.randrange(4):
        case 0:
            portion = rng.choice([0, 1, ONE_E10 // 2, ONE_E10])
            return close_intent(
                user_id, rng.choice([position_id, 0, I64_MAX]), portion_e10=portion, **common
            )
        case 1:
            return stops_intent(
                user_id,
                rng.choice([position_id, 0, I64_MAX]),
                stop_loss_e10=rng.choice(PRICES),
                take_profit_e10=rng.choice(PRICES),
                **common,
            )
        case _:
            return open_intent(
                user_id,
                side=rng.choice([None, Side.LONG, Side.SHORT]),
                collateral_e6=rng.choice(AMOUNTS),
                leverage_e10=rng.choice(LEVERAGES),
                stop_loss_e10=rng.choice(PRICES),
                take_profit_e10=rng.choice(PRICES),
                **common,
            )


@pytest.mark.parametrize("seed", range(4))
async def test_every_intent_gets_its_answer(pool: Pool, clock: ManualClock, seed: int) -> None:
    rng = random.Random(seed)
    quotes = FakeQuotes(clock)
    quotes.put(BTC, 60_000 * E10)
    wild = Policy(
        max_leverage_e10=I64_MAX,
        max_position_e6=I64_MAX,
        opens_per_minute=I64_MAX,
        trades_per_day=I64_MAX,
        volume_hour_e6=I64_MAX,
        volume_day_e6=I64_MAX,
        max_losses_in_row=I64_MAX,
    )
    user_id = await make_user(pool, policy=wild if seed % 2 else Policy(), cash=10**9)
    async with World(pool, clock, quotes).running() as world:
        opened = await world.done(open_intent(user_id))
        for _ in range(60):
            quotes.put(
                BTC,
                rng.choice(MARKS),
                quality=rng.choice([Quality.GOOD, Quality.GOOD, *Quality]),
                breaker=rng.choice([Breaker.CLOSED, Breaker.CLOSED, *Breaker]),
                age_ns=rng.choice([0, I64_MAX]),
                spread_between_sources_e10=rng.choice([0, I64_MAX]),
            )
            wishes = [extreme(rng, user_id, opened.position_id) for _ in range(5)]
            for wish in wishes:
                await world.engine.preview(wish)
            for order in await world.engine.submit_many(wishes):
                ended = await world.engine.settled(order.id, 10.0)
                assert ended.state.is_terminal
                assert ended.verdict == order.verdict
                assert (ended.state is OrderState.REFUSED) is not ended.verdict.ok
                for reason in ended.verdict.reasons:
                    assert reason.code.startswith("E-")
                    assert reason.text.strip()
                    # A number without a unit is a number nobody can read.
                    bare = reason.rule == "POSITION" or not (reason.value or reason.limit)
                    assert bare or reason.unit != "none", reason
        account = await world.accounts.get(user_id)
        assert account.cash_e6 >= 0
        assert world.engine.exposure(user_id).cash_e6 == account.cash_e6
