"""Who may do what to what: roles, other people's positions, impossible values, closes, stops."""

import asyncio

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, codes, rules, scene
from tests.fakes.engine_world import (
    BTC,
    EASY,
    ETH,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.quotes import FakeQuote, FakeQuotes
from vanta.domain.enums import OrderState, Side, Source
from vanta.domain.errors import InputError, InvalidInput, NotFoundError
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10, ONE_E10
from vanta.store.pool import Pool


async def test_a_viewer_may_not_trade(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    s = await scene(pool, clock, quotes, role="viewer")
    quotes.put(BTC, PRICE)
    async with s.world.running():
        assert codes(await s.refused()) == ["E-ROLE"]


LOST = {
    "role": "UPDATE users SET role = 'viewer' WHERE id = $1",
    "standing": "UPDATE users SET standing = 'blocked' WHERE id = $1",
    "waiting": "UPDATE users SET standing = 'waiting' WHERE id = $1",
}


@pytest.mark.parametrize("lost", LOST)
async def test_who_lost_the_right_to_trade_may_still_get_out(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, lost: str
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id, stop_loss_e10=58_000 * E10))
        await pool.execute(LOST[lost], s.user_id)
        await world.book.reread(s.user_id)
        assert codes(await s.refused()) == ["E-ROLE"]
        # Taking a stop away is no way out.
        stops = stops_intent(s.user_id, opened.position_id, stop_loss_e10=0)
        assert codes(await world.engine.submit(stops)) == ["E-ROLE"]
        closed = await world.done(close_intent(s.user_id, opened.position_id))
        assert closed.state is OrderState.FILLED
        assert world.book.positions_of(s.user_id) == []


@pytest.mark.parametrize("lost", LOST)
async def test_a_right_taken_away_does_not_take_the_stop_away(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, lost: str
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        await world.done(open_intent(s.user_id, stop_loss_e10=58_000 * E10))
        await pool.execute(LOST[lost], s.user_id)
        await world.book.reread(s.user_id)
        quotes.put(BTC, 58_000 * E10)
        await world.until(lambda: not world.book.positions_of(s.user_id) or world.desk._failed)
        assert world.book.positions_of(s.user_id) == []


async def test_before_the_start_is_done_nothing_opens(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running(start=False) as world:
        await world.book.load()
        assert rules(await s.refused()) == ["STARTING"]


@pytest.mark.parametrize("missing", ["foreign", "closed", "never there"])
async def test_what_is_not_yours_is_not_there(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, missing: str
) -> None:
    s = await scene(pool, clock, quotes)
    other_id = await make_user(pool)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        owner = other_id if missing == "foreign" else s.user_id
        opened = await world.done(open_intent(owner))
        position_id = 999 if missing == "never there" else opened.position_id
        if missing == "closed":
            await world.done(close_intent(s.user_id, position_id))
        for intent in (
            close_intent(s.user_id, position_id),
            stops_intent(s.user_id, position_id, stop_loss_e10=1),
        ):
            order = await world.engine.submit(intent)
            assert order.state is OrderState.REFUSED
            assert [(r.code, r.text) for r in order.verdict.reasons] == [
                ("E-ARG", f"You have no open position #{position_id}.")
            ]
            assert order.position_id == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"ref": ""}, "ref", id="empty ref"),
        pytest.param({"ref": "x" * 201}, "ref", id="long ref"),
        pytest.param({"ref": "a\0b"}, "ref", id="NUL"),
        pytest.param({"ref": "\ud800"}, "ref", id="half a surrogate"),
        pytest.param({"collateral_e6": -1}, "collateral_e6", id="negative"),
        pytest.param({"leverage_e10": 2**63}, "leverage_e10", id="over 64 bits"),
        pytest.param({"portion_e10": ONE_E10 + 1}, "portion_e10", id="more than all"),
        pytest.param({"market_ix": 77}, "market", id="unknown market"),
    ],
)
async def test_what_no_row_could_hold_gets_no_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, fields: dict, field: str
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        good = open_intent(s.user_id)
        bad = open_intent(s.user_id, **fields)
        with pytest.raises(InputError) as error:
            await world.engine.submit_many([good, bad])
        assert error.value.field == field
        # The row beside it went its way.
        assert (await world.engine.submit(good)).duplicate
        with pytest.raises(InputError):
            await world.engine.preview(bad)
    assert len(await world.orders.recent(s.user_id, 10)) == 1


async def test_numbers_beyond_the_maths_stop_only_themselves(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, 1)  # no price book lets this through; after the spread it is nothing
    quotes.put(ETH, 3_500 * E10)
    async with s.world.running() as world:
        bad, *good = await world.engine.submit_many(
            [
                open_intent(s.user_id, side=Side.SHORT),
                open_intent(s.user_id, market_ix=ETH),
                open_intent(s.user_id, market_ix=ETH),
            ]
        )
        assert rules(bad) == ["RANGE"]
        assert [order.state for order in good] == [OrderState.CREATED] * 2


async def test_a_market_the_feed_does_not_know_stops_only_itself(
    pool: Pool, clock: ManualClock
) -> None:
    class OneMarket(FakeQuotes):
        def quote(self, market_ix: int) -> FakeQuote:
            if market_ix != BTC:
                raise InvalidInput(f"market {market_ix} is not declared")
            return super().quote(market_ix)

    s = await scene(pool, clock, OneMarket(clock))
    s.quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        bad, good = await asyncio.gather(
            world.engine.submit(open_intent(s.user_id, market_ix=ETH)),
            world.engine.submit(open_intent(s.user_id)),
            return_exceptions=True,
        )
        assert isinstance(bad, InvalidInput)
        assert good.state is OrderState.CREATED


async def test_an_unknown_user_is_an_error(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    async with s.world.running() as world:
        with pytest.raises(NotFoundError):
            await world.engine.submit(open_intent(s.user_id + 100))


async def test_a_user_made_after_the_start_can_trade(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        late_id = await make_user(pool, cash=5_000)
        assert (await world.engine.preview(open_intent(late_id))).equity_e6 == 5_000 * E6
        assert (await world.done(open_intent(late_id))).state is OrderState.FILLED


async def test_closes_know_no_limit(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    tight = Policy(opens_per_minute=1, trades_per_day=1, volume_hour_e6=1_000 * E6)
    s = await scene(pool, clock, quotes, policy=tight)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id))
        for _ in range(5):
            half = close_intent(s.user_id, opened.position_id, portion_e10=ONE_E10 // 2)
            assert (await world.done(half)).state is OrderState.FILLED
        assert codes(await s.refused()) == ["E-RATE", "E-RATE", "E-VOL"]


async def test_stops_of_an_open_position_are_checked(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        opened = await world.done(open_intent(s.user_id))
        quotes.put(BTC, 62_000 * E10)
        for fields, rule in (
            ({"take_profit_e10": 61_000 * E10}, "TAKE_PROFIT_SIDE"),
            ({"stop_loss_e10": 62_500 * E10}, "STOP_SIDE"),
            ({"stop_loss_e10": 55_000 * E10}, "LIQUIDATION_BUFFER"),
        ):
            order = await world.engine.submit(stops_intent(s.user_id, opened.position_id, **fields))
            assert rules(order) == [rule]
        # Above entry but below the price: a stop that keeps a profit.
        order = await world.done(
            stops_intent(s.user_id, opened.position_id, stop_loss_e10=61_000 * E10)
        )
        assert order.state is OrderState.FILLED


async def test_a_preview_says_what_submit_would(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    s = await scene(pool, clock, quotes, policy=EASY)
    quotes.put(ETH, 3_500 * E10)
    intent = open_intent(s.user_id, market_ix=ETH, source=Source.WEB)
    async with s.world.running() as world:
        before = world.engine.exposure(s.user_id)
        seen = await world.engine.preview(intent)
        assert world.engine.exposure(s.user_id).reserved_e6 == before.reserved_e6 == 0
        assert await world.orders.recent(s.user_id, 10) == []
        assert seen.verdict.ok
        assert seen.entry_e10 == 3_500_3500000000
        assert seen.notional_e6 == 1_000 * E6
        assert (seen.open_fee_e6, seen.required_e6) == (600_000, 100_600_000)
        assert seen.equity_e6 == 10_000 * E6
        order = await world.done(intent)
        [position] = world.book.positions_of(s.user_id)
        assert position.entry_e10 == seen.entry_e10
        assert position.liquidation_e10 == seen.liquidation_e10
        closing = await world.engine.preview(
            close_intent(s.user_id, order.position_id, portion_e10=ONE_E10 // 2)
        )
        assert closing.verdict.ok
        assert (closing.notional_e6, closing.close_fee_e6) == (500 * E6, 300_000)
