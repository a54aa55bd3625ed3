"""Signals: one row a key whatever arrives together, and one decision each."""

import asyncio
import hashlib
from collections import Counter

import asyncpg
import pytest

from tests.integration.store_rows import T0, draft, intent, seeded, signal
from vanta.domain.errors import InputError
from vanta.domain.intent import SignalRef
from vanta.store.orders import Orders
from vanta.store.pool import Pool
from vanta.store.signals import Outcome, Signals, SignalStatus


async def test_a_thousand_parallel_inserts_of_one_key_make_one_row(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    answers = await asyncio.gather(
        *(
            signals.insert_many([signal(provider_id, "one", trace_id=f"t{n}", received_ns=T0 + n)])
            for n in range(1_000)
        )
    )
    found = Counter(result.outcome for (result,) in answers)
    assert found == {Outcome.INSERTED: 1, Outcome.DUPLICATE: 999}
    # Everybody hears of the same first receipt.
    (winner,) = [result for (result,) in answers if result.outcome is Outcome.INSERTED]
    assert {(r.trace_id, r.received_ns) for (r,) in answers} == {
        (winner.trace_id, winner.received_ns)
    }
    record = await signals.get(provider_id, "one")
    assert record is not None
    assert (record.deliveries, record.trace_id) == (1_000, winner.trace_id)
    assert await pool.fetchval("SELECT count(*) FROM signals") == 1


async def test_one_batch_may_hold_a_key_several_times(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    batch = [
        signal(provider_id, "a", b"1"),
        signal(provider_id, "b", b"1"),
        signal(provider_id, "a", b"1"),
        signal(provider_id, "a", b"2"),
        signal(provider_id, "b", b"1"),
    ]
    assert [r.outcome for r in await signals.insert_many(batch)] == [
        "inserted",
        "inserted",
        "duplicate",
        "conflict",
        "duplicate",
    ]
    again = await signals.insert_many([*batch, signal(provider_id, "c")])
    assert [r.outcome for r in again] == [
        "duplicate",
        "duplicate",
        "duplicate",
        "conflict",
        "duplicate",
        "inserted",
    ]
    record = await signals.get(provider_id, "a")
    assert record is not None
    assert (record.body, record.deliveries) == (b"1", 6)


async def test_overlapping_batches_neither_deadlock_nor_double(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    ids = [f"s{n:03}" for n in range(100)]
    batches = [ids, ids[::-1], ids[50:] + ids[:50], ids[::2] + ids[1::2]] * 5
    answers = await asyncio.gather(
        *(signals.insert_many([signal(provider_id, i) for i in batch]) for batch in batches)
    )
    outcomes = Counter(result.outcome for answer in answers for result in answer)
    assert outcomes == {Outcome.INSERTED: 100, Outcome.DUPLICATE: 1_900}


async def test_an_insert_waits_for_one_in_flight_and_tells_how_it_ended(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    row = signal(provider_id, "x", b"1")
    for commits, expected in ((False, "inserted"), (True, "duplicate")):
        async with pool.acquire() as conn:
            slow = conn.transaction()
            await slow.start()
            await conn.execute(
                "INSERT INTO signals (provider_id, signal_id, key_id, trace_id, body, body_hash,"
                " deliveries, received_ns, verified_ns, committed_ns)"
                " VALUES ($1, $2, 'k', 't', $3, $4, 1, 0, 0, 0)",
                provider_id,
                f"x{commits}",
                row.body,
                row.body_hash,
            )
            waiting = asyncio.ensure_future(
                signals.insert_many([signal(provider_id, f"x{commits}", b"1")])
            )
            await _until_somebody_waits(pool)
            await (slow.commit() if commits else slow.rollback())
            assert [r.outcome for r in await waiting] == [expected]


async def _until_somebody_waits(pool: Pool) -> None:
    ask = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await pool.fetchval(ask):
        await asyncio.sleep(0)


async def test_the_same_id_of_another_provider_is_another_signal(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    other_id = await pool.fetchval(
        "INSERT INTO providers (name, created_ns) VALUES ('o', 0) RETURNING id"
    )
    answers = await Signals(pool).insert_many(
        [signal(provider_id, "x", b"1"), signal(other_id, "x", b"2")]
    )
    assert [r.outcome for r in answers] == ["inserted", "inserted"]


async def test_body_and_stage_times_come_back_as_they_went(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    body = bytes(range(256)) * 64
    row = signal(provider_id, "x", body, expires_ns=T0 + 9, seq=2**62)
    await Signals(pool).insert_many([row])
    record = await Signals(pool).get(provider_id, "x")
    assert record is not None
    assert (record.body, record.body_hash) == (body, hashlib.sha256(body).digest())
    assert (record.received_ns, record.verified_ns, record.committed_ns) == (T0, T0 + 1, T0 + 2)
    assert (record.expires_ns, record.decided_ns, record.status) == (T0 + 9, 0, "received")
    assert record.seq == 2**62


async def test_of_several_deciders_one_wins(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    keys = [(provider_id, f"s{n}") for n in range(3)]
    await signals.insert_many([signal(*key) for key in keys])
    won = await asyncio.gather(
        *(signals.decided(None, keys, T0 + n, SignalStatus.ACCEPTED) for n in range(8))
    )
    assert sorted(len(mine) for mine in won) == [0] * 7 + [3]
    statuses = [SignalStatus.EXPIRED, SignalStatus.REJECTED, SignalStatus.ACCEPTED]
    async with pool.acquire() as conn, conn.transaction():
        assert await signals.decided(conn, keys, T0, statuses) == []
    assert {r.status for r in await signals.load_many(keys)} == {"accepted"}


async def test_deciding_takes_signals_by_key_whatever_the_list_says(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    low, high = (provider_id, "a"), (provider_id, "z")
    await signals.insert_many([signal(*high), signal(*low)])
    async with pool.acquire() as conn, conn.transaction():
        assert await signals.decided(conn, [low], T0, SignalStatus.ACCEPTED) == [low]
        waiting = asyncio.ensure_future(
            signals.decided(None, [high, low], T0, SignalStatus.ACCEPTED)
        )
        await _until_somebody_waits(pool)
        async with pool.acquire() as other, other.transaction():
            await other.execute("SET LOCAL lock_timeout = '5s'")
            assert await signals.decided(other, [high], T0, SignalStatus.EXPIRED) == [high]
    assert await waiting == []


async def test_the_sweeper_finds_what_nobody_decided(pool: Pool) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    await signals.insert_many(
        [signal(provider_id, f"s{n}", received_ns=T0 + n) for n in (3, 1, 2, 0)]
    )
    await signals.decided(None, [(provider_id, "s1")], T0, [SignalStatus.SUPERSEDED])
    assert await signals.undecided(T0 + 3, 10) == [(provider_id, "s0"), (provider_id, "s2")]
    assert await signals.undecided(T0 + 99, 1) == [(provider_id, "s0")]


async def test_a_signal_knows_its_orders_and_an_order_its_signal(pool: Pool) -> None:
    made = await seeded(pool)
    ref = SignalRef(provider_id=made.provider_id, signal_id="s")
    orders = Orders(pool)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await orders.insert_many([draft(intent(made.trader_id, "a", signal=ref))])
    await Signals(pool).insert_many([signal(made.provider_id, "s")])
    (order,) = await orders.insert_many([draft(intent(made.trader_id, "a", signal=ref))])
    (found,) = await Signals(pool).orders_of(made.provider_id, "s")
    assert (found.id, found.intent.signal) == (order.id, ref)


@pytest.mark.parametrize("signal_id", ["", "\x00", "\ud800", "x" * 65])
async def test_an_id_that_cannot_be_stored_leaves_nothing_behind(
    pool: Pool, signal_id: str
) -> None:
    provider_id = (await seeded(pool)).provider_id
    signals = Signals(pool)
    with pytest.raises(InputError, match="id"):
        await signals.insert_many([signal(provider_id, "good"), signal(provider_id, signal_id)])
    assert await signals.get(provider_id, signal_id) is None
    assert await signals.orders_of(provider_id, signal_id) == []
    assert await signals.get(provider_id, "good") is None
    assert await signals.insert_many([]) == []
