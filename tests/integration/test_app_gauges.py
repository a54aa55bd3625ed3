"""The gauges an operator is woken by: ages of what waits, positions near their end, the chain."""

import asyncio

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.owner import forge
from tests.fakes.quotes import FakeQuotes
from tests.fakes.sleeper import ManualTime, eventually, running
from tests.integration.store_rows import draft, intent, position
from vanta.app.gauges import Gauges, is_near
from vanta.domain.enums import OrderState, Quality, Side
from vanta.domain.units import E10
from vanta.metrics import Metrics
from vanta.store.audit import Audit
from vanta.store.outbox import MONEY
from vanta.store.pool import Pool
from vanta.waiting import WaitingQueue


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def gauges(world: World, time: ManualTime) -> Gauges:
    return Gauges(
        pool=world.pool,
        orders=world.orders,
        outbox=world.outbox,
        audit=Audit(world.pool),
        positions=world.book.open_positions,
        quotes=world.quotes,
        clock=world.clock,
        metrics=world.metrics,
        sleep=time.sleep,
    )


@pytest.fixture
def world(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> World:
    return World(pool, clock, quotes)


async def test_ages_of_what_waits(world: World, clock: ManualClock) -> None:
    user_id = await make_user(world.pool)
    metrics, made = world.metrics, gauges(world, ManualTime())
    await made.read_stores()
    assert value(metrics, "vanta_outbox_age_seconds") == 0
    assert value(metrics, "vanta_unknown_order_age_seconds") == 0
    assert value(metrics, "vanta_postgres_healthy") == 1
    await world.outbox.put(None, "k", user_id, "fill", MONEY, {}, clock.now_ns())
    lost = draft(intent(user_id, "lost"), state=OrderState.UNKNOWN, created_ns=clock.now_ns())
    await world.orders.insert_many([lost])
    clock.advance(61 * 10**9)
    await made.read_stores()
    assert value(metrics, "vanta_outbox_age_seconds") == 61
    assert value(metrics, "vanta_unknown_order_age_seconds") == 61
    await world.pool.close()
    await made.read_stores()
    assert value(metrics, "vanta_postgres_healthy") == 0
    assert value(metrics, "vanta_unknown_order_age_seconds") == 61, "the last that was known"


@pytest.mark.parametrize("percent", [25, 10])
@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
def test_near_is_less_than_its_share_of_the_way(side: Side, percent: int) -> None:
    sign = 1 if side is Side.LONG else -1
    entry, end = 60_000 * E10, (60_000 - sign * 1_000) * E10
    held = position(1, side=side, entry_e10=entry, liquidation_e10=end)
    line = end + sign * 10 * percent * E10
    assert not is_near(held, line, percent)
    assert is_near(held, line - sign, percent)
    assert is_near(held, end - sign, percent), "beyond it"
    assert not is_near(held, entry, percent)


async def test_positions_near_their_liquidation_are_counted(world: World) -> None:
    user_id = await make_user(world.pool)
    metrics, made = world.metrics, gauges(world, ManualTime())
    async with world.running():
        world.quotes.put(BTC, 60_000 * E10)
        await world.done(open_intent(user_id))
        [held] = world.book.positions_of(user_id)
        way = held.entry_e10 - held.liquidation_e10
        world.quotes.listeners.clear()  # nobody acts on what comes
        for left, counts in ((26, (0, 0)), (24, (1, 0)), (9, (1, 1))):
            world.quotes.put(BTC, held.liquidation_e10 + way * left // 100)
            made.read_positions()
            told = [value(metrics, "vanta_near_liquidation", left=p) for p in ("25", "10")]
            assert tuple(told) == counts
        world.quotes.put(BTC, held.liquidation_e10, quality=Quality.STALE)
        made.read_positions()
        assert value(metrics, "vanta_near_liquidation", left="10") == 0, "no price is no news"


async def test_the_chain_is_looked_at_each_hour(world: World) -> None:
    time, metrics = ManualTime(), world.metrics
    await Audit(world.pool).append(None, "me", "look", "it", {}, "t", 1)
    async with running(gauges(world, time).watch_chain()) as task:
        await eventually(lambda: time.asleep, task)
        assert value(metrics, "vanta_audit_broken") == 0
        await forge(world.pool, "UPDATE audit_log SET actor = 'nobody'")
        time.advance(3_600 * 10**9)
        await eventually(lambda: value(metrics, "vanta_audit_broken") == 1, task)


async def test_an_hour_later_the_chain_still_has_the_head_of_before(world: World) -> None:
    time, metrics = ManualTime(), world.metrics
    for n in range(2):
        await Audit(world.pool).append(None, "me", "look", "it", {"n": n}, "t", n)
    async with running(gauges(world, time).watch_chain()) as task:
        await eventually(lambda: time.asleep, task)
        await forge(
            world.pool,
            "DELETE FROM audit_log WHERE seq = 2",
            "UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM audit_log WHERE seq = 1)",
        )
        assert (await Audit(world.pool).verify()).broken is None
        time.advance(3_600 * 10**9)
        await eventually(lambda: value(metrics, "vanta_audit_broken") == 1, task)


async def test_a_queue_knows_its_depth_and_its_oldest(clock: ManualClock) -> None:
    metrics = Metrics()
    queue: WaitingQueue[int] = WaitingQueue(2, clock)
    metrics.watch_queue("q", queue.qsize, queue.age_s)

    def told() -> tuple[float | None, float | None]:
        return (
            value(metrics, "vanta_queue_depth", queue="q"),
            value(metrics, "vanta_queue_age_seconds", queue="q"),
        )

    assert told() == (0, 0)
    await queue.put(1)
    clock.advance(3 * 10**9)
    await queue.put(2)
    third = asyncio.ensure_future(queue.put(3))
    clock.advance(10**9)
    assert told() == (2, 4)
    assert await queue.get() == 1
    assert told() == (1, 1)
    await third
    assert [queue.get_nowait(), queue.get_nowait()] == [2, 3]
    assert told() == (0, 0)


def test_the_process_shows_what_it_uses() -> None:
    text = Metrics().render().decode()
    for name in (
        "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
        "python_gc_collections_total", "vanta_threads", 'vanta_errors_total{way="http"} 0.0',
    ):  # fmt: skip
        assert name in text
