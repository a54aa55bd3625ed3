"""One refused order says the same in chat, over HTTP, and in both forms of the command line."""

import html

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE
from tests.fakes.engine_signals import driven, follower, opening, provider, stored
from tests.fakes.engine_world import BTC, CATALOGUE, World, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from tests.fakes.web_desk import web_bench
from tests.integration.test_cli_against_web import Shell
from vanta.domain import exact
from vanta.domain.enums import OrderState
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool
from vanta.telegram import account_views

CARD = (
    "1. 1 opens in the last minute (limit 1), next in 1 min. E-RATE",
    "   OPENS_PER_MINUTE 2 of 1 count, resets 2026-09-21T14:14:20.000000Z",
    "2. Hourly volume: this would make 3,000.00 of 2,500.00. Resets 15:13 UTC (1 h). E-VOL",
    "   VOLUME_HOUR 3000 of 2500 usd, resets 2026-09-21T15:13:20.000000Z",
)


async def refused(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> Order:
    limits = Policy(opens_per_minute=1, volume_hour_e6=2_500 * E6)
    user_id = await make_user(pool, policy=limits)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        order = await world.engine.submit(open_intent(user_id, collateral_e6=200 * E6))
    assert order.state is OrderState.REFUSED
    return order


async def test_every_way_out_says_the_same(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    tmp_path: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = await refused(pool, clock, quotes)
    chat = html.unescape(account_views.why(order, CATALOGUE[BTC]))
    # The bench brings markets of its own.
    await pool.execute("UPDATE markets SET symbol = 'X' || symbol")
    async with web_bench(pool, clock) as bench:
        shell = Shell(bench, tmp_path, capsys)
        who = ("--user", str(order.intent.user_id))
        code, text, _ = await shell.run("why", str(order.id), *who)
        assert code == 0
        _, said = await shell.json("why", str(order.id), *who)
        _, api = await bench.call("GET", f"/api/v1/orders/{order.id}", user=order.intent.user_id)
    assert exact.card(order.verdict) == CARD
    for line in CARD:
        assert line in chat.splitlines()
        assert line in text.splitlines()
    verdict = api["order"]["verdict"]
    assert verdict == said["order"]["verdict"] == exact.verdict(order.verdict)
    assert verdict["card"] == list(CARD)
    # Each field of each reason stands in the words that people see.
    for number, reason in enumerate(verdict["reasons"]):
        sentence, facts = CARD[2 * number : 2 * number + 2]
        assert sentence.endswith(f"{reason['text']} {reason['code']}")
        for part in ("rule", "value", "limit", "unit", "resets_at"):
            assert reason[part] in facts


async def test_a_signal_that_was_made_smaller_says_by_what(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse, max_collateral_e6=100 * E6)  # and 50x at most
    loud = opening(collateral_e6=250 * E6, leverage_e10=80 * E10, stop_loss_e10=59_900 * E10)
    louder = opening(leverage_e10=200 * E10, collateral_e6=50 * E6)
    keys = [
        await stored(pool, clock, pulse, name, signal)
        for name, signal in (("loud", loud), ("louder", louder), ("fits", opening()))
    ]
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        first, second, third = await driven(world, *keys)
        assert first.intent.user_id == user_id
        assert (first.state, first.intent.collateral_e6) == (OrderState.FILLED, 100 * E6)
        stored_first = await world.orders.by_id(first.id)
    assert exact.card(stored_first.verdict) == (
        "Made smaller: The signal's 250.00 USDC were cut to your 100.00. E-RISK-POS",
        "   FOLLOW_COLLATERAL 250 of 100 usd",
        "Made smaller: The signal's 80x was cut to your 50x. E-LEV",
        "   FOLLOW_LEVERAGE 80 of 50 leverage",
    )
    assert stored_first.verdict.ok
    assert [cut.rule for cut in second.verdict.adjusted] == ["FOLLOW_LEVERAGE"]
    assert third.verdict.adjusted == ()
    chat = html.unescape(account_views.why(stored_first, CATALOGUE[BTC]))
    assert "Made smaller: The signal's 80x was cut to your 50x. E-LEV" in chat


async def test_the_nearest_size_stands_on_the_card_and_passes(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, policy=Policy(volume_hour_e6=2_500 * E6))
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        await world.done(open_intent(user_id))
        order = await world.engine.submit(open_intent(user_id, collateral_e6=200 * E6))
        assert exact.card(order.verdict)[-1] == "Nearest size that passes: 150 USDC"
        again = open_intent(user_id, collateral_e6=order.verdict.nearest_collateral_e6)
        assert (await world.done(again)).state is OrderState.FILLED
