"""Every limit at its exact boundary: one unit inside, at it, one unit beyond; a row a limit.

Through the engine on real stores. In each row three users make the same wish, apart by one unit of
what the limit measures: -1 and 0 pass, +1 is refused by that rule and by no other. Of a floor
(venue minimum, liquidation buffer) the unit goes the other way. Copies and messages a minute are
counted at their own doors and have their tables there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, rules
from tests.fakes.engine_world import BTC, EASY, ETH, World, close_intent, make_user, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import Mode, OrderState
from vanta.domain.policy import CEILING, Policy
from vanta.domain.units import E6, E10
from vanta.store.accounts import Accounts
from vanta.store.day_pnl import DayPnl, day_of
from vanta.store.policies import Policies
from vanta.store.pool import Pool

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
NEAR_STOP = PRICE - 10 * E10  # so that the account's risk stays small


@dataclass
class Point:
    """One user of a row: `unit` is -1, 0 or +1."""

    world: World
    user_id: int
    unit: int

    async def opened(self, **fields: Any) -> int:
        order = await self.world.done(open_intent(self.user_id, **fields))
        assert order.state is OrderState.FILLED, order.verdict
        return order.position_id

    async def lost(self) -> None:
        """Open and close at a loss, and return to the price."""
        self.world.quotes.put(BTC, PRICE)
        position_id = await self.opened()
        self.world.quotes.put(BTC, PRICE - 50 * E10)
        await self.world.done(close_intent(self.user_id, position_id))
        await self.world.until(lambda: self.world.book.position(position_id) is None)
        self.world.quotes.put(BTC, PRICE)


Fields = dict[str, Any]


async def nothing(_: Point) -> None:
    """A row whose limit is about the wish alone."""


async def no_store(_: Pool, __: int, ___: int) -> None:
    """A row that needs nothing in the store."""


@dataclass
class Row:
    """A limit: what is in force, what happened before, and the wish a unit makes of it."""

    rule: str
    wish: Callable[[int], Fields]
    policy: Policy = EASY
    before: Callable[[Point], Awaitable[None]] = nothing
    store: Callable[[Pool, int, int], Awaitable[None]] = no_store


def limited(**limits: Any) -> Policy:
    return msgspec.structs.replace(EASY, **limits)


def size(notional_e6: int) -> Fields:
    """Word an open of exactly this notional: 100 USDC, the leverage makes up the rest."""
    return {"collateral_e6": 100 * E6, "leverage_e10": notional_e6 * 100}


async def opens(point: Point) -> None:
    for _ in range(2 + point.unit):
        await point.opened()


async def opens_minutes_apart(point: Point) -> None:
    for _ in range(2 + point.unit):
        await point.opened()
        point.world.clock.advance(2 * MINUTE_NS)
        point.world.quotes.put(BTC, PRICE)


async def one_open(point: Point) -> None:
    await point.opened()


async def one_open_two_hours_ago(point: Point) -> None:
    await point.opened()
    point.world.clock.advance(2 * HOUR_NS)
    point.world.quotes.put(BTC, PRICE)


async def losses(point: Point) -> None:
    held = [await point.opened() for _ in range(3 + point.unit)]
    point.world.quotes.put(BTC, PRICE - 50 * E10)
    for position_id in held:
        await point.world.done(close_intent(point.user_id, position_id))
    await point.world.until(lambda: not point.world.book.positions_of(point.user_id))
    point.world.quotes.put(BTC, PRICE)


async def broken_then_waited(point: Point) -> None:
    """+1 is asked one nanosecond before the cool-off is over."""
    await point.lost()
    point.world.clock.advance(HOUR_NS - point.unit)
    point.world.quotes.put(BTC, PRICE)


async def day_began_at(pool: Pool, user_id: int, unit: int) -> None:
    # 10,000 now is 20 % less than this.
    start_e6 = 12_500 * E6 + unit
    now_ns = ManualClock().now_ns()
    await DayPnl(pool).start(user_id, Mode.DRY, day_of(now_ns), start_e6)


async def has_cash(pool: Pool, user_id: int, unit: int) -> None:
    cash_e6 = 503 * E6 - unit
    await pool.execute("UPDATE accounts SET cash_e6 = $2 WHERE user_id = $1", user_id, cash_e6)


async def may_risk(pool: Pool, user_id: int, unit: int) -> None:
    limits = limited(max_account_risk_e10=101_300_000 - unit)
    await Policies(pool).set(user_id, limits, 2, "test")


def allowing(unit: int) -> tuple[int, ...]:
    return {-1: (ETH, BTC), 0: (BTC,), 1: (ETH,)}[unit]


async def allow(pool: Pool, user_id: int, unit: int) -> None:
    await Policies(pool).set(user_id, limited(markets=allowing(unit)), 2, "test")


# 10x liquidates 85 % of the collateral below the entry of 60,006; the line is 5 % of that way up.
SAFE_LINE = 551_605_155_000_000

TABLE = {
    "leverage, market's own": Row(
        "LEVERAGE_MAX",
        lambda n: {"collateral_e6": 10 * E6, "leverage_e10": 100 * E10 + n},
        policy=limited(max_leverage_e10=500 * E10),
    ),
    "leverage, market's least": Row("LEVERAGE_MIN", lambda n: {"leverage_e10": 2 * E10 - n}),
    "leverage, the user's": Row(
        "LEVERAGE_POLICY",
        lambda n: {"leverage_e10": 20 * E10 + n},
        policy=limited(max_leverage_e10=20 * E10),
    ),
    "position": Row(
        "POSITION_MAX",
        lambda n: size(1_000 * E6 + n),
        policy=limited(max_position_e6=1_000 * E6),
    ),
    "position, venue's least": Row(
        "POSITION_MIN",
        lambda n: {"collateral_e6": 40 * E6, "leverage_e10": 25 * E10 // 10 - n * 250},
    ),
    "balance": Row(
        # 500 and 0.06 % of 5,000; here the cash moves
        "BALANCE",
        lambda _: {"collateral_e6": 500 * E6, "stop_loss_e10": NEAR_STOP},
        store=has_cash,
    ),
    "account risk": Row(
        # 100 without a stop, 0.13 % of 1,000 in costs, of 10,000; here the limit moves
        "ACCOUNT_RISK",
        lambda _: {},
        store=may_risk,
    ),
    "liquidation buffer": Row("LIQUIDATION_BUFFER", lambda n: {"stop_loss_e10": SAFE_LINE - n}),
    "daily loss": Row("DAILY_LOSS", lambda _: {}, store=day_began_at),
    "opens a minute": Row(
        "OPENS_PER_MINUTE", lambda _: {}, policy=limited(opens_per_minute=3), before=opens
    ),
    "trades a day": Row(
        "TRADES_PER_DAY",
        lambda _: {},
        policy=limited(trades_per_day=3),
        before=opens_minutes_apart,
    ),
    "volume an hour": Row(
        "VOLUME_HOUR",
        lambda n: size(2_000 * E6 + n),
        policy=limited(volume_hour_e6=3_000 * E6),
        before=one_open,
    ),
    "volume a day": Row(
        "VOLUME_DAY",
        lambda n: size(2_000 * E6 + n),
        policy=limited(volume_day_e6=3_000 * E6),
        before=one_open_two_hours_ago,
    ),
    "losses in a row": Row(
        # The n-th loss opens the breaker: 2 and 3 of 4 pass, the 4th refuses.
        "BREAKER",
        lambda _: {},
        policy=limited(max_losses_in_row=4),
        before=losses,
    ),
    "breaker flag": Row(
        "BREAKER", lambda _: {}, policy=limited(max_losses_in_row=1), before=broken_then_waited
    ),
    "slippage": Row("SLIPPAGE_CEILING", lambda n: {"max_slippage_e10": E10 // 20 + n}),
    "markets": Row("MARKET_ALLOWED", lambda _: {}, store=allow),
}


@pytest.mark.parametrize("name", TABLE)
async def test_a_limit_at_its_boundary(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, name: str
) -> None:
    row = TABLE[name]
    users = {}
    for unit in (-1, 0, 1):
        user_id = await make_user(pool, policy=row.policy)
        await row.store(pool, user_id, unit)
        users[unit] = user_id
    quotes.put(BTC, PRICE)
    told = {}
    async with World(pool, clock, quotes).running() as world:
        for unit, user_id in users.items():
            await row.before(Point(world, user_id, unit))
            # What it would be told is what it is told.
            wish = open_intent(user_id, **row.wish(unit))
            seen = await world.engine.preview(wish)
            order = await world.done(wish)
            assert order.verdict.reasons == seen.verdict.reasons
            told[unit] = (order.state, rules(order))
    assert told == {
        -1: (OrderState.FILLED, []),
        0: (OrderState.FILLED, []),
        1: (OrderState.REFUSED, [row.rule]),
    }


@pytest.mark.parametrize(
    ("times", "size_passes"), [(1_000, True), (1_001, False)], ids=["100 x 1000", "100 x 1001"]
)
async def test_the_size_rule_measures_collateral_times_leverage(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, times: int, size_passes: bool
) -> None:
    """Against 100,000; the leverage is refused in both, by the market and by the ceiling."""
    user_id = await make_user(pool, cash=1_000_000, policy=CEILING)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        wish = open_intent(user_id, collateral_e6=100 * E6, leverage_e10=times * E10)
        order = await world.engine.submit(wish)
        assert order.state is OrderState.REFUSED
        found = rules(order)
        assert ("POSITION_MAX" not in found) is size_passes
        assert {"LEVERAGE_MAX", "LEVERAGE_POLICY"} <= set(found)
        if not size_passes:
            [reason] = [r for r in order.verdict.reasons if r.rule == "POSITION_MAX"]
            assert (reason.value, reason.limit) == (100_100 * E6, 100_000 * E6)


async def test_a_reduction_meets_none_of_them(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """The breaker open, the day's loss over, no rate, no volume, another market: a close goes."""
    user_id = await make_user(pool)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        held = [(await world.done(open_intent(user_id))).position_id for _ in range(3)]
        tight = Policy(
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
        await Policies(pool).set(user_id, tight, 2, "test")
        await world.book.refresh()
        quotes.put(BTC, PRICE - 50 * E10)
        for position_id in held:
            closed = await world.done(close_intent(user_id, position_id))
            assert closed.state is OrderState.FILLED, closed.verdict
        refused = await world.engine.submit(open_intent(user_id))
        assert len(refused.verdict.reasons) >= 9
        account = await Accounts(pool).get(user_id)
        assert account.breaker_until_ns > clock.now_ns()
