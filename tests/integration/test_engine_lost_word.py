"""A store that is sick, away, or whose answer is lost: nothing is forgotten or done twice."""

from collections.abc import Sequence

import asyncpg
import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.executor import HoldingExecutor
from tests.fakes.owner import as_owner, forge
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.units import E6, E10
from vanta.store.orders import OrderDraft, Orders
from vanta.store.pool import Conn, Pool


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, 60_000 * E10)
    return made


def most_of_it(user_id: int) -> Intent:
    """Word an open that a user with 1,000 USDC can pay once; its stop keeps the risk small."""
    return open_intent(
        user_id,
        collateral_e6=600 * E6,
        leverage_e10=2 * E10,
        stop_loss_e10=59_400 * E10,
    )


class LostWord(Orders):
    """The database does as it is told, but its answer gets lost once."""

    lost = False

    async def insert_many(
        self, drafts: Sequence[OrderDraft], conn: Conn | None = None
    ) -> list[Order]:
        orders = await super().insert_many(drafts, conn)
        if not self.lost:
            self.lost = True
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in COMMIT")
        return orders


async def test_an_order_whose_commit_is_unknown_keeps_its_cash_set_aside(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, cash=1_000)
    first = most_of_it(user_id)
    world = World(pool, clock, quotes)
    world.engine._orders = LostWord(pool)
    async with world.running():
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await world.engine.submit(first)
        # There is cash for one of the two, and the first is durable.
        second = await world.engine.submit(most_of_it(user_id))
        assert [reason.code for reason in second.verdict.reasons] == ["E-BAL"]
        done = await world.done(first)
        assert done.state is OrderState.FILLED
        assert len(await world.fills.of_user(user_id, 0)) == 1
        exposure = world.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (await world.cash(user_id), 0)
        assert exposure.trades_today == 1


async def test_an_order_that_was_not_written_after_all_gives_its_cash_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool, cash=1_000)
    world = World(pool, clock, quotes)
    world.engine._orders = LostWord(pool)
    async with world.running():
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await world.engine.submit(most_of_it(user_id))
        await forge(pool, "DELETE FROM order_events", "DELETE FROM orders")
        assert (await world.done(most_of_it(user_id))).state is OrderState.FILLED
        assert world.engine.exposure(user_id).reserved_e6 == 0


class Refusing:
    """A pool whose server is away; counts who knocks."""

    knocks = 0

    def acquire(self) -> None:
        self.knocks += 1
        raise ConnectionRefusedError("away")

    async def fetchrow(self, *_: object) -> None:
        self.acquire()


async def test_a_store_that_is_away_is_not_asked_once_for_each_fill(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    world = World(pool, clock, quotes)
    held = world.engine._executor = HoldingExecutor()
    away = Refusing()
    async with world.running():
        await world.engine.submit_many([open_intent(user_id) for _ in range(9)])
        stores, world.ledger._s = (
            world.ledger._s,
            msgspec.structs.replace(world.ledger._s, pool=away, orders=Orders(away)),
        )
        events = [world.executor._answer(order) for order in held.orders]
        with pytest.raises(ExceptionGroup):
            await world.ledger.apply(events)
        assert away.knocks <= 3  # the group, its first alone, and a look at what was in doubt
        refused = await world.engine.submit(open_intent(user_id))
        assert [reason.rule for reason in refused.verdict.reasons] == ["IN_DOUBT"]
        world.ledger._s = stores
        await world.ledger.clear_doubts()
        await world.recovery.redeliver(min_age_ns=0)
        world.engine._executor = world.executor
        await world.executor.execute_many(held.orders)
        for order in held.orders:
            assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        assert len(await world.fills.of_user(user_id, 0)) == 9
        assert not world.book.doubted


async def test_a_sick_store_is_told_and_the_key_can_be_used_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    intent = open_intent(user_id)
    async with World(pool, clock, quotes).running() as world:
        await as_owner(pool, "ALTER TABLE orders RENAME TO orders_gone")
        with pytest.raises(Exception, match="orders"):
            await world.engine.submit(intent)
        assert world.engine.exposure(user_id).reserved_e6 == 0
        await as_owner(pool, "ALTER TABLE orders_gone RENAME TO orders")
        assert (await world.done(intent)).state is OrderState.FILLED


async def test_an_event_that_cannot_be_booked_stops_only_itself(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """The ledger fails for one of two: the other is booked, the first comes again later."""
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        await as_owner(
            pool,
            "ALTER TABLE outbox ADD CONSTRAINT sick CHECK (body->>'collateral_e6' <> '77000000')",
        )
        bad, good = await world.engine.submit_many(
            [open_intent(user_id, collateral_e6=77 * E6), open_intent(user_id)]
        )
        assert (await world.engine.settled(good.id, 10.0)).state is OrderState.FILLED
        assert (await world.orders.by_id(bad.id)).state is OrderState.SENT
        assert [p.collateral_e6 for p in await world.positions.open_of(user_id)] == [100 * E6]
        assert world.engine.exposure(user_id).cash_e6 == await world.cash(user_id)
        await as_owner(pool, "ALTER TABLE outbox DROP CONSTRAINT sick")
        assert await world.recovery.redeliver(min_age_ns=0) == 1
        assert (await world.engine.settled(bad.id, 10.0)).state is OrderState.FILLED
        exposure = world.engine.exposure(user_id)
        assert (exposure.cash_e6, exposure.reserved_e6) == (await world.cash(user_id), 0)
