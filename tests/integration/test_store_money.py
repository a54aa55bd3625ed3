"""Fills, positions, triggers, day PnL: what a booking touches."""

import asyncio
import datetime

import asyncpg
import msgspec
import pytest

from tests.integration.store_rows import T0, draft, fill, intent, position, seeded
from vanta.domain.enums import FillKind, Mode, TriggerKind
from vanta.domain.errors import NotFoundError
from vanta.domain.order import Fill
from vanta.domain.position import Position
from vanta.store.day_pnl import DAY_NS, DayPnl, day_of, day_start_ns
from vanta.store.fills import Fills
from vanta.store.orders import Orders
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.triggers import Triggers


async def book(pool: Pool, made: Fill) -> bool:
    async with pool.acquire() as conn, conn.transaction():
        return await Fills(pool).insert(conn, made)


async def open_one(pool: Pool, user_id: int, **changes: object) -> Position:
    async with pool.acquire() as conn, conn.transaction():
        return await Positions(pool).insert(conn, position(user_id, **changes))


async def test_a_fill_told_by_many_witnesses_counts_once(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    told = await asyncio.gather(*(book(pool, fill(user_id)) for _ in range(50)))
    assert sorted(told) == [False] * 49 + [True]
    assert await book(pool, fill(user_id, ordinal=1))
    assert await book(pool, fill(user_id, chain="base"))
    assert await book(pool, fill(user_id, tx_hash=b"\x08" * 32))


async def test_a_fill_whose_booking_failed_may_be_booked_again(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    async with pool.acquire() as conn:
        undo = conn.transaction()
        await undo.start()
        assert await Fills(pool).insert(conn, fill(user_id))
        await undo.rollback()
    assert await book(pool, fill(user_id))


async def test_a_fill_comes_back_as_it_went(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    (order,) = await Orders(pool).insert_many([draft(intent(user_id, "r"))])
    held = await open_one(pool, user_id)
    opened = fill(user_id, order.id, position_id=held.id, take_profit_e10=1, stop_loss_e10=2)
    taken = fill(
        user_id,
        ordinal=1,
        kind=FillKind.LIQUIDATION,
        position_id=held.id,
        pnl_e6=-170_000_000,
        at_ns=T0 + 1,
    )
    await book(pool, opened)
    await book(pool, taken)
    fills = Fills(pool)
    assert await fills.of_order(order.id) == [opened]
    assert await fills.of_position(held.id) == [opened, taken]
    assert await fills.of_user(user_id, T0) == [opened, taken]
    assert await fills.of_user(user_id, T0 + 1) == [taken]


@pytest.mark.parametrize(
    "changes",
    [
        {"tx_hash": b"short"},
        {"price_e10": 0},
        {"fee_e6": -1},
        {"collateral_e6": -1},
        {"ordinal": -1},
        {"leverage_e10": 0},
    ],
    ids=str,
)
async def test_a_fill_that_cannot_be_is_refused(pool: Pool, changes: dict[str, object]) -> None:
    user_id = (await seeded(pool)).trader_id
    with pytest.raises(asyncpg.CheckViolationError):
        await book(pool, fill(user_id, **changes))


async def test_positions_opened_at_once_get_an_index_each(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    made = await asyncio.gather(*(open_one(pool, user_id) for _ in range(20)))
    assert sorted(p.index for p in made) == list(range(20))
    other = await open_one(pool, user_id, market_ix=0)
    assert other.index == 0
    assert (await open_one(pool, user_id, mode=Mode.LIVE)).index == 0


async def test_an_index_is_never_given_again(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    first = await open_one(pool, user_id)
    closed = msgspec.structs.replace(first, collateral_e6=0, closed_ns=T0 + 5, version=2)
    async with pool.acquire() as conn, conn.transaction():
        await Positions(pool).update(conn, closed)
    second = await open_one(pool, user_id)
    assert (first.index, second.index) == (0, 1)
    assert await Positions(pool).open_of(user_id) == [second]
    assert await Positions(pool).all_open() == [second]
    assert await Positions(pool).get(first.id) == closed


async def test_of_two_changes_to_one_version_the_second_is_refused(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    held = await open_one(pool, user_id)
    changed = msgspec.structs.replace(held, stop_loss_e10=5, version=held.version + 1)
    async with pool.acquire() as conn:
        assert await Positions(pool).update(conn, changed) == changed
        with pytest.raises(NotFoundError, match="version 1"):
            await Positions(pool).update(conn, changed)
        assert await Positions(pool).lock(conn, held.id) == changed
        assert await Positions(pool).lock(conn, held.id + 1) is None
    with pytest.raises(NotFoundError):
        await Positions(pool).get(held.id + 1)


async def test_a_locked_position_waits_for_its_holder(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    held = await open_one(pool, user_id)
    positions = Positions(pool)

    async def halve() -> None:
        async with pool.acquire() as conn, conn.transaction():
            now = await positions.lock(conn, held.id)
            assert now is not None
            left = now.collateral_e6 - 10
            await positions.update(
                conn, msgspec.structs.replace(now, collateral_e6=left, version=now.version + 1)
            )

    await asyncio.gather(*(halve() for _ in range(10)))
    after = await positions.get(held.id)
    assert (after.collateral_e6, after.version) == (held.collateral_e6 - 100, 11)


@pytest.mark.parametrize(
    "changes",
    [
        {"collateral_e6": 0},  # closed without a time
        {"closed_ns": 5},  # a time without being closed
        {"collateral_e6": -1},
        {"entry_e10": 0},
        {"leverage_e10": 0},
    ],
    ids=str,
)
async def test_a_position_that_cannot_be_is_refused(pool: Pool, changes: dict[str, object]) -> None:
    user_id = (await seeded(pool)).trader_id
    with pytest.raises(asyncpg.CheckViolationError):
        await open_one(pool, user_id, **changes)


async def test_a_position_needs_a_market_of_its_venue(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await open_one(pool, user_id, market_ix=999)


async def test_a_stop_of_a_kind_is_armed_once_and_moves(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    held = await open_one(pool, user_id)
    triggers = Triggers(pool)

    async def arm(level: int, version: int, kind: TriggerKind = TriggerKind.STOP_LOSS) -> int:
        async with pool.acquire() as conn, conn.transaction():
            return (await triggers.arm(conn, held.id, kind, level, version)).id

    ids = await asyncio.gather(*(arm(100 + n, 1) for n in range(10)))
    assert len(set(ids)) == 1
    await arm(7, 2)
    profit = await arm(9, 2, TriggerKind.TAKE_PROFIT)
    assert [(t.id, t.kind, t.level_e10, t.version) for t in await triggers.armed()] == [
        (ids[0], "sl", 7, 2),
        (profit, "tp", 9, 2),
    ]
    with pytest.raises(asyncpg.UniqueViolationError, match="triggers_armed"):
        await pool.execute(
            "INSERT INTO triggers (position_id, kind, level_e10, version)"
            " SELECT position_id, kind, level_e10, version FROM triggers WHERE id = $1",
            profit,
        )


async def test_a_stop_fires_once(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    held = await open_one(pool, user_id)
    triggers = Triggers(pool)
    async with pool.acquire() as conn:
        stop = await triggers.arm(conn, held.id, TriggerKind.STOP_LOSS, 5, 1)
        profit = await triggers.arm(conn, held.id, TriggerKind.TAKE_PROFIT, 9, 1)
        buffer = await triggers.arm(conn, held.id, TriggerKind.BUFFER, 3, 1)
    fired = await asyncio.gather(*(triggers.fired(None, stop.id, T0) for _ in range(5)))
    assert sorted(fired) == [False] * 4 + [True]
    async with pool.acquire() as conn:
        assert await triggers.disarm(conn, held.id, TriggerKind.BUFFER) == [buffer.id]
        assert await triggers.disarm(conn, held.id) == [profit.id]
        assert await triggers.disarm(conn, held.id) == []
        # What fired stays in the table beside the next one of its kind.
        again = await triggers.arm(conn, held.id, TriggerKind.STOP_LOSS, 4, 2)
    assert again.id != stop.id
    assert await triggers.armed() == [again]


async def test_a_day_adds_up_and_keeps_its_first_equity(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    days = DayPnl(pool)
    day = day_of(T0)

    async def add() -> None:
        async with pool.acquire() as conn, conn.transaction():
            await days.add(conn, user_id, Mode.DRY, day, -3, 2, 1)

    await asyncio.gather(*(add() for _ in range(10)))
    (row,) = await days.of_user(user_id, 30)
    assert (row.realised_e6, row.fees_e6, row.fills, row.start_equity_e6) == (-30, 20, 10, None)
    assert (await days.start(user_id, Mode.DRY, day, 500)).start_equity_e6 == 500
    again = await days.start(user_id, Mode.DRY, day, 900)
    assert (again.start_equity_e6, again.realised_e6) == (500, -30)
    await days.start(user_id, Mode.LIVE, day, 7)
    tomorrow = await days.start(user_id, Mode.DRY, day + datetime.timedelta(days=1), 8)
    assert await days.of_user(user_id, 1) == [tomorrow]
    assert await days.of_user(user_id, 9, Mode.DRY) == [tomorrow, again]


@pytest.mark.parametrize("at_ns", [0, 1, DAY_NS - 1, DAY_NS, T0])
def test_a_day_begins_at_midnight_utc(at_ns: int) -> None:
    day = day_of(at_ns)
    assert day_start_ns(day) <= at_ns < day_start_ns(day) + DAY_NS
    assert day == datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.UTC).date()
