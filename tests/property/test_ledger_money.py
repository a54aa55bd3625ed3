"""Money is neither made nor lost: to the unit, over random lives of accounts.

Pure part: fills and folding against a ledger of sums, thousands of steps. Real part: random orders
through engine, paper venue and Postgres, with memory compared to the store at the end.
"""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import (
    BTC,
    CATALOGUE,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import FillKind, Mode, OrderState, Side
from vanta.domain.intent import Intent
from vanta.domain.order import Fill, Order
from vanta.domain.position import Position
from vanta.domain.units import E6, E10, ONE_E10
from vanta.domain.verdict import Verdict
from vanta.engine.folding import opened, reduced
from vanta.store.pool import Pool
from vanta.venues.paper import fills

MARKET = CATALOGUE[BTC]
MARKS = st.integers(1_000 * E10, 200_000 * E10)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("open"),
            MARKS,
            st.sampled_from(Side),
            st.integers(1, 10_000 * E6),
            st.integers(2 * E10, 100 * E10),
        ),
        st.tuples(st.just("close"), MARKS, st.integers(0, 9), st.integers(1, ONE_E10)),
        st.tuples(st.just("close all"), MARKS, st.integers(0, 9)),
        st.tuples(st.just("liquidate"), MARKS, st.integers(0, 9)),
    ),
    max_size=30,
)


def order(intent: Intent) -> Order:
    return Order(id=1, intent=intent, mode=Mode.DRY, state=OrderState.SENT, verdict=Verdict())


def check(fill: Fill) -> None:
    """The identity that every fill keeps."""
    if fill.kind is FillKind.OPEN:
        assert fill.cash_delta_e6 == -(fill.collateral_e6 + fill.fee_e6)
    else:
        assert fill.cash_delta_e6 == fill.collateral_e6 + fill.pnl_e6 - fill.fee_e6
        assert fill.cash_delta_e6 >= 0
    assert fill.fee_e6 >= 0


@given(STEPS)
@settings(max_examples=300)
def test_deposits_and_profits_are_cash_and_margin(steps: list[tuple]) -> None:
    deposit = cash = 10**15
    booked: list[Fill] = []
    open_positions: dict[int, Position] = {}
    for number, (name, mark_e10, *rest) in enumerate(steps, start=1):
        if name == "open":
            side, collateral, leverage = rest
            intent = open_intent(1, side=side, collateral_e6=collateral, leverage_e10=leverage)
            fill = fills.open_fill(order(intent), MARKET, mark_e10=mark_e10, at_ns=number)
            position = msgspec.structs.replace(opened(fill, MARKET), id=number)
        elif not open_positions:
            continue
        else:
            before = list(open_positions.values())[rest[0] % len(open_positions)]
            portion = rest[1] if name == "close" else ONE_E10
            wish = order(close_intent(1, before.id, portion_e10=portion))
            if name == "liquidate":
                fill = fills.liquidation_fill(wish, before, mark_e10=mark_e10, at_ns=number)
            elif fills.close_share_e6(before, portion) == 0:
                continue
            else:
                fill = fills.close_fill(wish, before, MARKET, mark_e10=mark_e10, at_ns=number)
            position = reduced(before, fill)
        check(fill)
        booked.append(fill)
        cash += fill.cash_delta_e6
        open_positions.pop(position.id, None)
        if position.is_open:
            open_positions[position.id] = position
        margin = sum(p.collateral_e6 for p in open_positions.values())
        profit = sum(f.pnl_e6 for f in booked)
        fees = sum(f.fee_e6 for f in booked)
        assert deposit + profit - fees == cash + margin


@pytest.mark.parametrize("seed", range(4))
async def test_random_trading_reconciles_with_the_store(
    pool: Pool, clock: ManualClock, seed: int
) -> None:
    rng = random.Random(seed)
    quotes = FakeQuotes(clock)
    mark_e10 = 60_000 * E10
    quotes.put(BTC, mark_e10)
    users = [await make_user(pool, cash=5_000) for _ in range(3)]
    world = World(pool, clock, quotes)
    async with world.running():
        for _ in range(40):
            clock.advance(rng.randrange(10**9, 10**11))
            mark_e10 = max(E10, mark_e10 * rng.randrange(960, 1_041) // 1_000)
            quotes.put(BTC, mark_e10)
            wishes = [random_wish(rng, world, user_id) for user_id in users]
            orders = await world.engine.submit_many(wishes)
            for made in orders:
                await world.engine.settled(made.id, 10.0)
            while open_orders := world.ledger.in_flight():
                await world.engine.settled(open_orders[0].id, 10.0)
    for user_id in users:
        await reconcile(world, user_id)
    # A second process sees the same.
    again = World(pool, clock, quotes)
    async with again.running():
        for user_id in users:
            await reconcile(again, user_id)
    assert sorted(again.book.risk.dump()) == sorted(world.book.risk.dump())


def random_wish(rng: random.Random, world: World, user_id: int) -> Intent:
    positions = world.book.positions_of(user_id)
    if positions and rng.random() < 0.5:
        position = rng.choice(positions)
        if rng.random() < 0.2:
            return stops_intent(user_id, position.id)
        portion = rng.choice([ONE_E10, ONE_E10 // 2, rng.randrange(1, ONE_E10)])
        return close_intent(user_id, position.id, portion_e10=portion)
    return open_intent(
        user_id,
        side=rng.choice(list(Side)),
        collateral_e6=rng.randrange(10 * E6, 400 * E6),
        leverage_e10=rng.randrange(2 * E10, 60 * E10),
    )


async def reconcile(world: World, user_id: int) -> None:
    account = await world.accounts.get(user_id)
    booked = await world.fills.of_user(user_id, 0)
    positions = await world.positions.open_of(user_id)
    margin = sum(p.collateral_e6 for p in positions)
    profit = sum(f.pnl_e6 for f in booked)
    fees = sum(f.fee_e6 for f in booked)
    for fill in booked:
        check(fill)
    assert account.cash_e6 == account.deposited_e6 + sum(f.cash_delta_e6 for f in booked)
    assert account.deposited_e6 + profit - fees == account.cash_e6 + margin
    days = await world.day_pnl.of_user(user_id, 100)
    assert sum(d.realised_e6 for d in days) == profit
    assert sum(d.fees_e6 for d in days) == fees
    assert sum(d.fills for d in days) == len(booked)
    exposure = world.engine.exposure(user_id)
    assert (exposure.cash_e6, exposure.reserved_e6) == (account.cash_e6, 0)
    assert exposure.margin_e6 == margin
    assert exposure.losses_in_row == account.losses_in_row
    assert world.book.positions_of(user_id) == positions
    armed = {row.position_id for row in await world.trigger_store.armed()}
    assert {p.id for p in positions} <= armed
