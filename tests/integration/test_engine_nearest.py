"""The nearest size on a why-card: it passes, and one millionth of a dollar more does not."""

import random

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, rules
from tests.fakes.engine_world import BTC, EASY, World, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.store.counters import Counters
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.redis import Client

EASES = {"POSITION_MAX", "BALANCE", "ACCOUNT_RISK", "VOLUME_HOUR", "VOLUME_DAY"}
CASES = 150
MIN_NOTIONAL_E6 = 100 * E6


def some_policy(rng: random.Random) -> Policy:
    """Make limits of which each is sometimes the tightest, at any odd millionth."""
    return Policy(
        max_position_e6=rng.randint(90 * E6, 20_000 * E6),
        max_account_risk_e10=rng.randint(E10 // 1_000, E10 // 10),
        volume_hour_e6=rng.randint(1_090 * E6, 20_000 * E6),
        volume_day_e6=rng.randint(1_090 * E6, 20_000 * E6),
        opens_per_minute=1_000,
        trades_per_day=1_000,
    )


async def test_the_nearest_size_passes_and_one_unit_more_does_not(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    rng = random.Random(20_260_921)
    user_id = await make_user(pool, cash=3_000, policy=EASY)
    quotes.put(BTC, PRICE)
    told: set[str] = set()
    none_found = 0
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))  # 1,000 of volume is used

        async def passes(**fields: int) -> bool:
            return (await world.engine.preview(open_intent(user_id, **fields))).verdict.ok

        for _ in range(CASES):
            await Policies(pool).set(user_id, some_policy(rng), 2, "test")
            await world.book.reread_limits(user_id)
            fields = {
                "leverage_e10": rng.randint(2 * E10, 50 * E10),
                "collateral_e6": rng.randint(50 * E6, 5_000 * E6),
                "stop_loss_e10": rng.choice((0, PRICE - rng.randint(E10, 400 * E10))),
            }
            verdict = (await world.engine.preview(open_intent(user_id, **fields))).verdict
            found = {reason.rule for reason in verdict.reasons}
            nearest_e6 = verdict.nearest_collateral_e6
            if not found or not found <= EASES:
                assert nearest_e6 == 0
                continue
            told |= found
            if nearest_e6 == 0:
                # No size passes: not even the smallest that the venue takes.
                none_found += 1
                fields["collateral_e6"] = -(-MIN_NOTIONAL_E6 * E10 // fields["leverage_e10"])
                assert not await passes(**fields)
                continue
            assert nearest_e6 < fields["collateral_e6"]
            assert await passes(**{**fields, "collateral_e6": nearest_e6})
            assert not await passes(**{**fields, "collateral_e6": nearest_e6 + 1})
        # What is told is also what happens.
        order = await world.engine.submit(open_intent(user_id, collateral_e6=5_000 * E6))
        if order.verdict.nearest_collateral_e6:
            again = open_intent(user_id, collateral_e6=order.verdict.nearest_collateral_e6)
            assert (await world.done(again)).state is OrderState.FILLED
    assert told == EASES, "every rule that eases with size was met"
    assert none_found


@pytest.mark.parametrize("times", [10, 7, 49])
async def test_what_another_process_opened_is_off_the_nearest_size_too(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, redis: Client, times: int
) -> None:
    """Its volume is known to the shared counters only."""
    limits = msgspec.structs.replace(EASY, volume_hour_e6=2_345_678_899, volume_day_e6=3_000 * E6)
    user_id = await make_user(pool, policy=limits)
    quotes.put(BTC, PRICE)
    first, second = (World(pool, clock, quotes, counters=Counters(redis)) for _ in range(2))
    async with second.running():
        async with first.running():
            await first.done(open_intent(user_id))
        # Within what the second has seen itself, so that only the counters refuse.
        wish = open_intent(user_id, collateral_e6=2_000 * E6 // times, leverage_e10=times * E10)
        order = await second.engine.submit(wish)
        assert rules(order)[0] == "VOLUME_HOUR"
        nearest_e6 = order.verdict.nearest_collateral_e6
        assert nearest_e6 == 1_345_678_899 // times
        more = open_intent(user_id, collateral_e6=nearest_e6 + 1, leverage_e10=times * E10)
        assert rules(await second.engine.submit(more)) == ["VOLUME_HOUR"]
        again = open_intent(user_id, collateral_e6=nearest_e6, leverage_e10=times * E10)
        assert (await second.done(again)).state is OrderState.FILLED
