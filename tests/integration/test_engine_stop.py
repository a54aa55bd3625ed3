"""Stops, maintenance and LIVE at the two doors: admission, and just before a byte leaves."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import codes, last_order, text
from tests.fakes.engine_signals import driven, follower, opening, provider, status, stored
from tests.fakes.engine_world import (
    BTC,
    World,
    close_intent,
    make_user,
    open_intent,
    stops_intent,
)
from tests.fakes.executor import HoldingExecutor
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import FillKind, Mode, OrderState, Quality, Source, TriggerKind
from vanta.domain.order import Order
from vanta.domain.system import Stop, SystemState
from vanta.domain.units import E10
from vanta.engine.mode import HEALTHY_READS
from vanta.engine.switches import LOOK_NS, MODE
from vanta.store.controls import Controls
from vanta.store.pool import Pool
from vanta.store.signals import SignalStatus
from vanta.store.users import Users

PRICE = 60_000 * E10
BELOW_STOP = 58_900 * E10
STOP_AT = 59_000 * E10


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    return made


async def stop(world: World, level: Stop, reason: str = "drill") -> None:
    def edit(state: SystemState) -> SystemState:
        return replace(state, stop=level, stop_reason=reason, stopped_ns=world.clock.now_ns())

    assert await world.switches.apply(edit, "user:1", action="test")


def fired(world: World) -> float:
    found = world.metrics.registry.get_sample_value("vanta_triggers_fired_total", {"kind": "sl"})
    return found or 0


async def opened(world: World, user_id: int, **fields: object) -> int:
    order = await world.done(open_intent(user_id, **fields))
    assert order.state is OrderState.FILLED
    return order.position_id


async def test_a_stop_of_opens_lets_everything_go_that_reduces(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id)
        other_id = await opened(world, user_id, stop_loss_e10=STOP_AT)
        await stop(world, Stop.OPENS)
        refused = await world.engine.submit(open_intent(user_id))
        assert codes(refused) == ["E-STOPPED"]
        assert text(refused, "STOPPED").endswith(": drill. Closing and stops work.")
        for intent in (
            stops_intent(user_id, position_id, stop_loss_e10=59_500 * E10),
            close_intent(user_id, position_id),
        ):
            assert (await world.done(intent)).state is OrderState.FILLED
        quotes.put(BTC, BELOW_STOP)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED
        assert world.book.position(other_id) is None


async def test_a_stop_of_all_lets_nothing_go_but_the_venues_own_acts(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id)
        await stop(world, Stop.ALL)
        for intent in (
            open_intent(user_id),
            close_intent(user_id, position_id),
            stops_intent(user_id, position_id, stop_loss_e10=STOP_AT),
        ):
            assert codes(await world.engine.submit(intent)) == ["E-STOPPED"]
        quotes.put(BTC, 40_000 * E10)
        order = await last_order(world, user_id, Source.VENUE)
        assert order.state is OrderState.FILLED
        assert world.book.position(position_id) is None


@pytest.mark.parametrize("level", [Stop.OPENS, Stop.ALL])
async def test_what_was_admitted_before_a_stop_is_stopped_before_it_is_sent(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, level: Stop
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id)
    held = HoldingExecutor()
    async with World(pool, clock, quotes, executor=held).running() as world:
        await world.engine.submit(open_intent(user_id))
        await world.engine.submit(close_intent(user_id, position_id))
        assert len(held.orders) == 2
        await stop(world, level)
    async with World(pool, clock, quotes).running() as world:  # also after a kill
        ends = [await world.engine.settled(order.id, 10.0) for order in held.orders]
        closes = OrderState.CANCELLED if level is Stop.ALL else OrderState.FILLED
        assert [order.state for order in ends] == [OrderState.CANCELLED, closes]
        reason = (await world.orders.events(ends[0].id))[-1].reason
        assert reason.startswith("E-STOPPED: Operator stopped")
        assert world.engine.exposure(user_id).reserved_e6 == 0
        # The key is used: asking again does not open after all.
        assert (await world.engine.submit(held.orders[0].intent)).duplicate


async def test_no_open_of_a_running_load_is_filled_after_the_stop(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, tmp_path: Path
) -> None:
    user_id = await make_user(pool, cash=1_000_000)
    world = World(pool, clock, quotes, home=tmp_path)
    async with world.running():
        position_id = await opened(world, user_id)
        load = [
            asyncio.ensure_future(world.engine.submit(open_intent(user_id))) for _ in range(600)
        ]
        await asyncio.wait(load, return_when=asyncio.FIRST_COMPLETED)
        (tmp_path / "STOP").write_text("opens")
        clock.advance(LOOK_NS)
        stopped_ns = clock.now_ns()
        closing = world.done(close_intent(user_id, position_id))
        orders = [*await asyncio.gather(*load), await closing]
        ends = [await world.engine.settled(order.id, 10.0) for order in orders]
        fills = await world.fills.of_user(user_id, 0)
        late = [fill for fill in fills if fill.kind is FillKind.OPEN and fill.at_ns >= stopped_ns]
        assert late == []
        assert ends[-1].state is OrderState.FILLED
        assert {end.state for end in ends[:-1]} <= {
            OrderState.FILLED,
            OrderState.CANCELLED,
            OrderState.REFUSED,
        }
        assert any(end.state is not OrderState.FILLED for end in ends)


async def test_a_price_gone_stale_exactly_before_sending_is_not_traded(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    """Admitted on a good price; it turns stale when the executor has the order in its hands."""
    user_id = await make_user(pool)

    def turn_stale(point: str) -> None:
        if point == "order.sent":
            quotes.put(BTC, PRICE, quality=Quality.STALE)

    async with World(pool, clock, quotes, crash=turn_stale).running() as world:
        order = await world.done(open_intent(user_id))
        assert order.state is OrderState.REJECTED
        assert (await world.orders.events(order.id))[-1].reason.startswith("E-STALE")
        assert await world.fills.of_user(user_id, 0) == []


async def test_a_stop_exactly_before_sending_is_in_time(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, tmp_path: Path
) -> None:
    user_id = await make_user(pool)

    def stop_now(point: str) -> None:
        if point == "order.sent":
            (tmp_path / "STOP").write_text("opens")
            clock.advance(LOOK_NS)

    world = World(pool, clock, quotes, crash=stop_now, home=tmp_path)
    async with world.running():
        order = await world.done(open_intent(user_id))
        assert order.state is OrderState.CANCELLED
        assert await world.fills.of_user(user_id, 0) == []


async def test_under_a_stop_of_all_a_crossed_stop_waits_and_fires_after_the_resume(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id, stop_loss_e10=STOP_AT)
        [armed] = [
            row for row in world.triggers.rows_of(position_id) if row.kind is TriggerKind.STOP_LOSS
        ]
        [position] = world.book.positions_of(user_id)
        assert world.engine.protected_by(position) == "Vanta stop"
        await stop(world, Stop.ALL)
        assert world.engine.protected_by(position) == "Vanta stop (held now)"
        for _ in range(3):
            quotes.put(BTC, BELOW_STOP)
            await world.desk.fire_due()
        assert [o.intent.source for o in await world.orders.recent(user_id, 9)] == [Source.CLI]
        assert TriggerKind.STOP_LOSS in world.triggers.kinds(position_id)
        assert world.triggers.row(armed.id) == armed  # the same key
        assert fired(world) == 0
        await stop(world, Stop.NONE)
        quotes.put(BTC, BELOW_STOP)
        order = await last_order(world, user_id, Source.TPSL)
        assert (order.state, order.intent.ref) == (
            OrderState.FILLED,
            f"{armed.id}:{armed.version}",
        )


async def test_a_trigger_that_has_fired_and_is_not_yet_an_order_is_put_back(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, tmp_path: Path
) -> None:
    user_id = await make_user(pool)
    file = tmp_path / "STOP"
    async with World(pool, clock, quotes, home=file.parent).running() as world:
        position_id = await opened(world, user_id, stop_loss_e10=STOP_AT)
        before = world.triggers.rows_of(position_id)
        quotes.put(BTC, BELOW_STOP)
        assert fired(world) == 1
        file.write_text("all")  # before the desk's task has had a turn
        clock.advance(LOOK_NS)
        for _ in range(20):
            await asyncio.sleep(0)
        assert [o.intent.source for o in await world.orders.recent(user_id, 9)] == [Source.CLI]
        assert world.triggers.rows_of(position_id) == before
        file.unlink()
        clock.advance(LOOK_NS)
        quotes.put(BTC, BELOW_STOP)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_a_stop_that_is_no_longer_crossed_after_the_resume_stays_armed(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id, stop_loss_e10=STOP_AT)
        await stop(world, Stop.ALL)
        quotes.put(BTC, BELOW_STOP)
        await stop(world, Stop.NONE)
        quotes.put(BTC, PRICE)
        await world.desk.fire_due()
        assert world.book.position(position_id) is not None
        quotes.put(BTC, BELOW_STOP)
        assert (await last_order(world, user_id, Source.TPSL)).state is OrderState.FILLED


async def test_a_trigger_that_fired_just_before_a_stop_of_all_is_armed_again(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    held = HoldingExecutor()
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id, stop_loss_e10=STOP_AT)
    async with World(pool, clock, quotes, executor=held).running() as world:
        quotes.put(BTC, BELOW_STOP)
        await world.until(lambda: bool(held.orders))
        await stop(world, Stop.ALL)
    async with World(pool, clock, quotes).running() as world:
        cancelled = await world.engine.settled(held.orders[0].id, 10.0)
        assert cancelled.state is OrderState.CANCELLED
        assert world.book.position(position_id) is not None
        await stop(world, Stop.NONE)

        async def closed() -> Order:
            while True:
                await world.desk.protect()
                quotes.put(BTC, BELOW_STOP)
                order = await last_order(world, user_id, Source.TPSL)
                if order.id != cancelled.id:
                    return order

        assert (await closed()).state is OrderState.FILLED


async def test_a_committed_signal_waits_while_all_is_stopped(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    provider_id = await provider(pool)
    await follower(pool, provider_id)
    async with World(pool, clock, quotes).running() as world:
        await stop(world, Stop.ALL)
        key = await stored(pool, clock, provider_id, "sig_00000001", opening())
        assert await driven(world, key) == []
        assert await status(world, key) is SignalStatus.RECEIVED
        await stop(world, Stop.NONE)
        [order] = await driven(world, key)
        assert order.state is OrderState.FILLED


async def test_a_committed_signal_is_refused_with_its_reason_while_opens_are_stopped(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    provider_id = await provider(pool)
    await follower(pool, provider_id)
    async with World(pool, clock, quotes).running() as world:
        await stop(world, Stop.OPENS)
        key = await stored(pool, clock, provider_id, "sig_00000001", opening())
        [order] = await driven(world, key)
        assert codes(order) == ["E-STOPPED"]
        assert await status(world, key) is SignalStatus.REJECTED


async def test_maintenance_refuses_opens_only_and_lets_go_what_came_before(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id)
        until_ns = clock.now_ns() + 30 * 60 * 10**9
        assert await world.switches.apply(
            lambda state: replace(state, maintenance=True, maintenance_until_ns=until_ns),
            "user:1",
            action="test",
        )
        refused = await world.engine.submit(open_intent(user_id))
        assert codes(refused) == ["E-MAINT"]
        assert refused.verdict.reasons[0].resets_at_ns == until_ns
        assert text(refused, "MAINTENANCE").startswith("Maintenance until about ")
        waiting = replace(refused, state=OrderState.CREATED)
        assert world.permits.before_send(waiting) == ""
        done = await world.done(close_intent(user_id, position_id))
        assert done.state is OrderState.FILLED


async def live_world(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, user_id: int
) -> tuple[World, HoldingExecutor]:
    """A world whose executor says that it sends, with everything set to LIVE."""
    held = HoldingExecutor()
    world = World(pool, clock, quotes, executor=held, live_venues=("avantis",))
    async with pool.acquire() as conn:
        await Users(pool).set_mode(conn, user_id, Mode.LIVE)
    await Controls(pool).set({MODE: Mode.LIVE.value}, "user:1", 1)
    await world.switches.reread()
    for _ in range(HEALTHY_READS):
        await world.modes.read()
    return world, held


async def test_a_live_order_is_not_sent_when_the_mode_has_fallen_meanwhile(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    operator = await Users(pool).create("Op", "super_admin", now_ns=1)
    await Users(pool).bind_telegram(operator.id, 7001)
    world, held = await live_world(pool, clock, quotes, user_id)
    async with world.running():
        order = await world.engine.submit(open_intent(user_id, mode=Mode.LIVE))
        assert (order.state, order.mode) == (OrderState.CREATED, Mode.LIVE)
        assert world.permits.before_send(held.orders[0]) == ""
        world.redis.good = False
        await world.modes.read()
        assert world.permits.before_send(held.orders[0]).startswith(
            "E-MODE: You are in DRY because Redis is not healthy (0 of 3)."
        )
        refused = await world.engine.submit(open_intent(user_id, mode=Mode.LIVE))
        assert codes(refused) == ["E-MODE"]
        assert refused.mode is Mode.DRY
        [told] = await pool.fetch("SELECT user_id, body FROM outbox WHERE kind = 'system.failover'")
        assert told["user_id"] == operator.id
        assert "in DRY because Redis is not healthy (0 of 3)" in told["body"].decode()


async def test_asking_live_for_a_dry_position_is_refused(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    user_id = await make_user(pool)
    async with World(pool, clock, quotes).running() as world:
        position_id = await opened(world, user_id)
        refused = await world.engine.submit(close_intent(user_id, position_id, mode=Mode.LIVE))
        assert codes(refused) == ["E-MODE"]
        assert text(refused, "MODE").startswith(f"Position #{position_id} is DRY")
