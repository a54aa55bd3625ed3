"""Orders: one a key for ever, with a story that only grows."""

import asyncio
from collections import Counter

import asyncpg
import msgspec
import pytest

from tests.fakes.owner import as_owner
from tests.integration.store_rows import T0, draft, intent, position, seeded
from vanta.domain.enums import Action, Mode, OrderState, Source
from vanta.domain.errors import InputError, NotFoundError
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Reason, Verdict
from vanta.store.orders import Orders
from vanta.store.pool import Pool
from vanta.store.positions import Positions

REFUSED = Verdict(
    reasons=(
        Reason(code="E-VOL", rule="VOLUME_HOUR", text="Hourly volume: 22,200 of 10,000.", value=1),
    ),
    nearest_collateral_e6=95 * E6,
)


async def test_a_thousand_parallel_submits_of_one_intent_make_one_order(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    answers = await asyncio.gather(
        *(
            orders.insert_many([draft(intent(user_id, "press", trace_id=f"t{n}"))])
            for n in range(1_000)
        )
    )
    made = [order for (order,) in answers]
    assert Counter(order.duplicate for order in made) == {False: 1, True: 999}
    assert len({(order.id, order.intent.trace_id) for order in made}) == 1
    (first,) = [order for order in made if not order.duplicate]
    # Only the one that counts keeps its reservation; the others are for the caller to release.
    assert first.reservation == 7
    assert {order.reservation for order in made if order.duplicate} == {0}
    assert await pool.fetchval("SELECT count(*) FROM orders") == 1
    assert [e.state for e in await orders.events(first.id)] == ["CREATED"]


async def test_one_batch_may_hold_a_key_twice_and_keys_from_before(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    (old,) = await orders.insert_many([draft(intent(user_id, "old"))])
    batch = [
        draft(intent(user_id, "new", collateral_e6=1)),
        draft(intent(user_id, "old", collateral_e6=2)),
        draft(intent(user_id, "new", collateral_e6=3)),
    ]
    new, again, twice = await orders.insert_many(batch)
    assert (new.duplicate, again.duplicate, twice.duplicate) == (False, True, True)
    assert (again.id, again.intent.collateral_e6) == (old.id, 200 * E6)
    assert (twice.id, twice.intent.collateral_e6) == (new.id, 1)
    assert (new.reservation, twice.reservation) == (7, 0)
    assert await orders.insert_many([]) == []


async def test_overlapping_batches_neither_deadlock_nor_double(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    refs = [f"r{n:03}" for n in range(100)]
    batches = [refs, refs[::-1], refs[50:] + refs[:50], refs[::2] + refs[1::2]] * 5
    answers = await asyncio.gather(
        *(orders.insert_many([draft(intent(user_id, r)) for r in batch]) for batch in batches)
    )
    seen = Counter(order.duplicate for answer in answers for order in answer)
    assert seen == {False: 100, True: 1_900}
    for batch, answer in zip(batches, answers, strict=True):
        assert [order.intent.ref for order in answer] == batch
    assert await pool.fetchval("SELECT count(*) FROM order_events") == 100


async def test_a_batch_waits_at_its_first_key_holding_no_other(pool: Pool) -> None:
    # Keys are taken in one order everywhere: else two batches could wait for each other.
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    async with pool.acquire() as conn, conn.transaction():
        await orders.insert_many([draft(intent(user_id, "a"))], conn)
        batch = [draft(intent(user_id, ref)) for ref in ("z", "a")]
        waiting = asyncio.ensure_future(orders.insert_many(batch))
        while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        async with pool.acquire() as other, other.transaction():
            await other.execute("SET LOCAL lock_timeout = '5s'")
            (order,) = await orders.insert_many([draft(intent(user_id, "z"))], other)
            assert not order.duplicate
    assert [order.duplicate for order in await waiting] == [True, True]


async def test_sending_takes_orders_by_id_whatever_the_list_says(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    made = await orders.insert_many([draft(intent(user_id, ref)) for ref in "ab"])
    low, high = sorted(order.id for order in made)
    async with pool.acquire() as conn, conn.transaction():
        assert await orders.mark_sent([low], T0, conn) == [low]
        waiting = asyncio.ensure_future(orders.mark_sent([high, low], T0))
        while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        async with pool.acquire() as other, other.transaction():
            await other.execute("SET LOCAL lock_timeout = '5s'")
            assert await orders.mark_sent([high], T0, other) == [high]
    assert await waiting == []


async def test_the_same_ref_of_another_source_or_user_is_another_order(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    other_id = await pool.fetchval(
        "INSERT INTO users (name, role, created_ns) VALUES ('o', 'trader', 0) RETURNING id"
    )
    made = await Orders(pool).insert_many(
        [
            draft(intent(user_id, "r")),
            draft(intent(user_id, "r", source=Source.WEB)),
            draft(intent(other_id, "r")),
        ]
    )
    assert len({order.id for order in made}) == 3
    assert not any(order.duplicate for order in made)


async def test_every_field_comes_back(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    wish = intent(
        user_id,
        "full",
        action=Action.CLOSE,
        side=None,
        collateral_e6=3,
        leverage_e10=5,
        take_profit_e10=7,
        stop_loss_e10=11,
        position_id=13,
        portion_e10=E10 // 2,
        max_slippage_e10=17,
        guard_price_e10=19,
        expires_ns=23,
        mode=Mode.LIVE,
    )
    given = draft(wish, verdict=REFUSED, state=OrderState.REFUSED, quote_quality=2)
    (order,) = await orders.insert_many([given])
    stored = await orders.by_id(order.id)
    assert stored == msgspec.structs.replace(order, reservation=0)
    assert (stored.intent, stored.verdict, stored.quote_quality) == (wish, REFUSED, 2)
    assert await orders.by_key(user_id, Source.CLI, "full") == stored
    assert [e.state for e in await orders.events(order.id)] == ["REFUSED"]


async def test_who_is_not_there(pool: Pool) -> None:
    orders = Orders(pool)
    with pytest.raises(NotFoundError, match="no order 5"):
        await orders.by_id(5)
    for ref in ("none", "", "\x00", "\ud800", "x" * 999):
        assert await orders.by_key(1, Source.CLI, ref) is None


@pytest.mark.parametrize("ref", ["", "a\x00", "\udfff", "x" * 201])
async def test_a_ref_that_cannot_be_stored_leaves_nothing_behind(pool: Pool, ref: str) -> None:
    user_id = (await seeded(pool)).trader_id
    async with pool.acquire() as conn, conn.transaction():
        with pytest.raises(InputError, match="ref"):
            await Orders(pool).insert_many(
                [draft(intent(user_id, "good")), draft(intent(user_id, ref))], conn
            )
        # The caller's transaction is unharmed.
        assert await conn.fetchval("SELECT count(*) FROM orders") == 0


async def test_odd_text_in_a_verdict_is_defused(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    odd = Verdict(reasons=(Reason(code="E-ARG", rule="ARG", text="a\x00b\ud800\\u0000"),))
    (order,) = await Orders(pool).insert_many([draft(intent(user_id, "r"), verdict=odd)])
    stored = await Orders(pool).by_id(order.id)
    assert stored.verdict.reasons[0].text == "a�b�\\u0000"


async def test_a_rolled_back_order_never_was(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    async with pool.acquire() as conn:
        undo = conn.transaction()
        await undo.start()
        await orders.insert_many([draft(intent(user_id, "r"))], conn)
        await undo.rollback()
    (order,) = await orders.insert_many([draft(intent(user_id, "r"))])
    assert not order.duplicate
    assert len(await orders.events(order.id)) == 1


async def test_an_order_is_sent_once_and_ends_once(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    (order,) = await orders.insert_many([draft(intent(user_id, "r"))])
    sent = await asyncio.gather(*(orders.mark_sent([order.id], T0 + 1) for _ in range(5)))
    assert sorted(sent) == [[], [], [], [], [order.id]]

    async def finish(state: OrderState, reason: str = "", position_id: int = 0) -> object:
        async with pool.acquire() as conn, conn.transaction():
            return await orders.finish(conn, order.id, state, T0 + 2, reason, position_id)

    assert await finish(OrderState.UNKNOWN, "no answer\x00") is not None
    assert await finish(OrderState.UNKNOWN) is None
    async with pool.acquire() as conn:
        held = await Positions(pool).insert(conn, position(user_id))
    ends = await asyncio.gather(
        *(finish(OrderState.FILLED, position_id=held.id) for _ in range(5)),
        return_exceptions=False,
    )
    assert sum(end is not None for end in ends) == 1
    assert await finish(OrderState.REJECTED, "too late") is None
    assert await orders.mark_sent([order.id], T0 + 3) == []
    stored = await orders.by_id(order.id)
    assert (stored.state, stored.position_id) == (OrderState.FILLED, held.id)
    events = await orders.events(order.id)
    assert [(e.state, e.at_ns, e.reason) for e in events] == [
        ("CREATED", T0, ""),
        ("SENT", T0 + 1, ""),
        ("UNKNOWN", T0 + 2, "no answer�"),
        ("FILLED", T0 + 2, ""),
    ]
    assert {e.trace_id for e in events} == {"feed"}


@pytest.mark.parametrize(
    "sql",
    ["UPDATE order_events SET state = 'x'", "DELETE FROM order_events", "TRUNCATE order_events"],
)
async def test_the_story_of_an_order_is_never_rewritten(pool: Pool, sql: str) -> None:
    user_id = (await seeded(pool)).trader_id
    await Orders(pool).insert_many([draft(intent(user_id, "r"))])
    with pytest.raises(asyncpg.RestrictViolationError):
        await as_owner(pool, sql)


async def test_a_restart_finds_what_is_unfinished(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    states = list(OrderState)
    made = await orders.insert_many(
        [draft(intent(user_id, state.value), state=state) for state in states]
        + [draft(intent(user_id, "live"), mode=Mode.LIVE)]
    )
    open_states = {s.intent.ref for s in await orders.unfinished(Mode.DRY)}
    assert open_states == {"CREATED", "SENT", "UNKNOWN"}
    assert [o.intent.ref for o in await orders.unfinished(Mode.LIVE)] == ["live"]
    newest = sorted((order.id for order in made), reverse=True)[:3]
    assert [order.id for order in await orders.recent(user_id, 3)] == newest


async def test_rolling_windows_are_rebuilt_from_opens_that_counted(pool: Pool) -> None:
    user_id = (await seeded(pool)).trader_id
    orders = Orders(pool)
    await orders.insert_many(
        [
            draft(intent(user_id, f"{n}-{state}"), state=state, created_ns=T0 + n)
            for n, state in enumerate(OrderState)
        ]
        + [draft(intent(user_id, "close", action=Action.CLOSE), created_ns=T0)]
        + [draft(intent(user_id, "odd", collateral_e6=3, leverage_e10=15_000_000_000))]
        + [draft(intent(user_id, "before"), created_ns=T0 - 1)]
    )
    rows = await orders.opens_since(T0)
    assert [(r.at_ns - T0, r.notional_e6) for r in rows] == [
        (0, 4),  # 3 x 1.5, rounded down as the core does
        (1, 5_000 * E6),
        (2, 5_000 * E6),
        (3, 5_000 * E6),
        (7, 5_000 * E6),
    ]
    assert {r.user_id for r in rows} == {user_id}
