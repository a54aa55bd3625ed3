"""From a committed signal to its followers' orders, once each, whatever happens to the queue."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_signals import driven, follower, opening, provider, status, stored
from tests.fakes.engine_world import (
    BTC,
    ETH,
    OPEN_MAX_AGE_NS,
    CrashAt,
    CrashError,
    World,
    make_user,
)
from tests.fakes.envelope import TestEnvelope
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Quality, Source
from vanta.domain.order import Order
from vanta.domain.signal import Signal
from vanta.domain.units import E6, E10, ONE_E10
from vanta.engine.signals import PRICE_WAIT_NS, SWEEP_AFTER_NS, WARM_UP_NS
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.signals import SignalStatus

PRICE = 60_000 * E10


@pytest.fixture
def quotes(clock: ManualClock) -> FakeQuotes:
    made = FakeQuotes(clock)
    made.put(BTC, PRICE)
    made.put(ETH, 3_500 * E10)
    return made


async def test_an_offer_becomes_one_order_for_each_follower(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    small = await follower(pool, pulse, max_collateral_e6=40 * E6)
    timid = await follower(pool, pulse, max_leverage_e10=5 * E10)
    await make_user(pool)  # follows nobody
    key = await stored(pool, clock, pulse, "sig-1", opening(stop_loss_e10=58_000 * E10))
    async with World(pool, clock, quotes).running() as world:
        world.fanout.offer([key, key])
        orders: list[Order] = []
        while len(orders) < 2:
            orders = await world.signals.orders_of(*key)
        ends = [await world.engine.settled(order.id, 10.0) for order in orders]
        assert [order.state for order in ends] == [OrderState.FILLED] * 2
        by_user = {order.intent.user_id: order.intent for order in ends}
        assert set(by_user) == {small, timid}
        assert by_user[small].collateral_e6 == 40 * E6
        assert by_user[small].leverage_e10 == 10 * E10
        assert by_user[timid].leverage_e10 == 5 * E10
        assert by_user[timid].stop_loss_e10 == 58_000 * E10
        assert {intent.trace_id for intent in by_user.values()} == {"trace-sig-1"}
        while await status(world, key) is SignalStatus.RECEIVED:
            await world.fanout.drive([])
        assert await status(world, key) is SignalStatus.ACCEPTED
        count = world.metrics.signal_to_fill_seconds._sum.get()
        assert count == 0  # the clock stood still


async def test_driving_twice_makes_no_second_order(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    async with World(pool, clock, quotes).running() as world:
        await driven(world, key, key)
        await driven(world, key)
        assert len(await world.orders.recent(user_id, 9)) == 1


async def test_two_providers_may_use_the_same_id(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse, other = await provider(pool), await provider(pool, "other")
    user_id = await follower(pool, pulse)
    await Providers(pool, TestEnvelope()).subscribe(
        other,
        user_id,
        max_collateral_e6=100 * E6,
        max_leverage_e10=50 * E10,
        skip_without_stop=False,
        now_ns=1,
    )
    keys = [await stored(pool, clock, p, "sig-1", opening()) for p in (pulse, other)]
    async with World(pool, clock, quotes).running() as world:
        orders = await driven(world, *keys)
        assert len({order.id for order in orders}) == 2


async def test_a_refused_follower_has_an_order_that_says_why(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    poor = await follower(pool, pulse, cash=50)
    careful = await follower(pool, pulse, skip_without_stop=True)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    async with World(pool, clock, quotes).running() as world:
        orders = {order.intent.user_id: order for order in await driven(world, key)}
        assert [r.code for r in orders[poor].verdict.reasons] == ["E-BAL", "E-RISK-ACC"]
        assert [r.code for r in orders[careful].verdict.reasons] == ["E-COPY-SKIP"]
        assert await status(world, key) is SignalStatus.REJECTED


async def test_a_restart_does_not_forget_who_opened(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    async with World(pool, clock, quotes).running() as world:
        await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
    async with World(pool, clock, quotes).running() as world:
        await driven(world, await stored(pool, clock, pulse, "flat", Signal(action="flat")))
        assert await world.positions.open_of(user_id) == []


@pytest.mark.parametrize("action", ["close", "reduce"])
async def test_a_share_of_a_close_is_only_that_share(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, action: str
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    half = Signal(action=action, market_ix=BTC, portion_e10=ONE_E10 // 2)
    async with World(pool, clock, quotes).running() as world:
        await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
        await driven(world, await stored(pool, clock, pulse, "sig-2", half))
        [position] = await world.positions.open_of(user_id)
        assert position.collateral_e6 == 50 * E6


async def test_reduce_and_set_stops(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    reduce = Signal(action="reduce", market_ix=BTC, portion_e10=ONE_E10 // 4)
    stops = Signal(action="set_stops", market_ix=BTC, stop_loss_e10=58_000 * E10)
    async with World(pool, clock, quotes).running() as world:
        await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
        await driven(world, await stored(pool, clock, pulse, "sig-2", reduce))
        await driven(world, await stored(pool, clock, pulse, "sig-3", stops))
        [position] = await world.positions.open_of(user_id)
        assert position.collateral_e6 == 75 * E6
        assert position.stop_loss_e10 == 58_000 * E10
        assert world.engine.protected_by(position) == "Vanta stop"


async def test_a_change_with_nothing_to_change_is_done(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", Signal(action="flat"))
    async with World(pool, clock, quotes).running() as world:
        assert await driven(world, key) == []
        assert await status(world, key) is SignalStatus.ACCEPTED


# --- late ones and lost ones --------------------------------------------------------------------


async def test_the_sweeper_finds_what_the_queue_lost(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    async with World(pool, clock, quotes).running() as world:
        assert await world.fanout.sweep_once() == 0  # fresh ones belong to the queue
        clock.advance(SWEEP_AFTER_NS + 1)
        quotes.put(BTC, PRICE)
        assert await world.fanout.sweep_once() == 1
        [order] = await world.signals.orders_of(*key)
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        assert await world.fanout.sweep_once() == 0
        assert len(await world.positions.open_of(user_id)) == 1


async def test_an_entry_found_too_late_is_not_traded(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    async with World(pool, clock, quotes).running() as world:
        clock.advance(OPEN_MAX_AGE_NS)
        key_at_limit = key
        clock.advance(1)
        quotes.put(BTC, PRICE)
        assert await world.fanout.sweep_once() == 1
        assert await status(world, key_at_limit) is SignalStatus.EXPIRED
        assert await world.signals.orders_of(*key) == []


async def test_an_exit_is_never_too_late(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    async with World(pool, clock, quotes).running() as world:
        await driven(world, await stored(pool, clock, pulse, "sig-1", opening()))
        await stored(pool, clock, pulse, "sig-2", Signal(action="flat"))
        clock.advance(10 * OPEN_MAX_AGE_NS)
        quotes.put(BTC, PRICE)
        await world.fanout.sweep_once()
        [order] = await world.signals.orders_of(pulse, "sig-2")
        await world.engine.settled(order.id, 10.0)
        assert await world.positions.open_of(user_id) == []


@pytest.mark.parametrize("action", ["open", "flat"])
async def test_an_explicit_deadline_is_honoured(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, action: str
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    expires_ns = clock.now_ns() + 5 * 10**9
    signal = opening(expires_ns=expires_ns) if action == "open" else None
    signal = signal or Signal(action="flat", expires_ns=expires_ns)
    in_time = await stored(pool, clock, pulse, "sig-1", signal)
    late = await stored(pool, clock, pulse, "sig-2", signal)
    async with World(pool, clock, quotes).running() as world:
        clock.advance(5 * 10**9)
        quotes.put(BTC, PRICE)
        await driven(world, in_time)
        assert await status(world, in_time) is SignalStatus.ACCEPTED
        clock.advance(1)
        await driven(world, late)
        assert await status(world, late) is SignalStatus.EXPIRED


async def test_killed_between_orders_and_decision_nothing_is_done_twice(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    crash = CrashAt("order.committed")
    first = World(pool, clock, quotes, crash=crash)
    async with first.running():
        with pytest.raises(CrashError):
            await first.fanout.drive([key])
    clock.advance(SWEEP_AFTER_NS + 1)
    quotes.put(BTC, PRICE)
    async with World(pool, clock, quotes).running() as world:
        assert await world.fanout.sweep_once() == 1
        [order] = await world.signals.orders_of(*key)
        assert (await world.engine.settled(order.id, 10.0)).state is OrderState.FILLED
        assert await status(world, key) is SignalStatus.ACCEPTED
        assert len(await world.fills.of_user(user_id, 0)) == 1


async def test_before_the_start_is_done_signals_wait(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    async with World(pool, clock, quotes).running(start=False) as world:
        await world.fanout.drive([key])
        assert await status(world, key) is SignalStatus.RECEIVED
        await world.recovery.start()
        assert [order.state for order in await driven(world, key)] == [OrderState.FILLED]


async def test_a_row_that_cannot_be_read_is_rejected_and_stops_nobody(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    keys = [
        await stored(pool, clock, pulse, "sig-1", b'{"action":"martingale"}'),
        await stored(pool, clock, pulse, "sig-2", opening(market_ix=77)),
        await stored(pool, clock, pulse, "sig-3", opening()),
    ]
    async with World(pool, clock, quotes).running() as world:
        orders = await driven(world, *keys)
        assert [order.intent.signal.signal_id for order in orders] == ["sig-3"]
        assert [await status(world, key) for key in keys] == [
            SignalStatus.REJECTED,
            SignalStatus.REJECTED,
            SignalStatus.ACCEPTED,
        ]


async def test_a_signal_that_always_fails_is_parked(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    user_id = await follower(pool, pulse)
    poison = await stored(pool, clock, pulse, "poison", opening(collateral_e6=77 * E6))
    good = await stored(pool, clock, pulse, "good", opening())
    world = World(pool, clock, quotes)
    submit_many = world.fanout._desk.submit_many

    class Desk:
        settled = world.engine.settled

        async def submit_many(self, intents: list, known: list) -> list[Order]:
            if any(intent.collateral_e6 == 77 * E6 for intent in intents):
                raise ValueError("cannot be sized")
            return await submit_many(intents, known)

    world.fanout._desk = Desk()
    clock.advance(SWEEP_AFTER_NS + 1)
    quotes.put(BTC, PRICE)
    async with world.running():
        for _ in range(5):
            assert await status(world, poison) is SignalStatus.RECEIVED
            await world.fanout.sweep_once()
        assert await status(world, poison) is SignalStatus.REJECTED
        assert await status(world, good) is SignalStatus.ACCEPTED
        assert len(await world.orders.recent(user_id, 9)) == 1


async def test_a_full_queue_drops_offers_without_blocking(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    world = World(pool, clock, quotes)
    world.fanout.offer([(1, f"sig-{n}") for n in range(20_000)])
    assert len(world.fanout._queue) == 16_384


async def test_signals_open_nothing_on_a_bad_price(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    async with World(pool, clock, quotes).running() as world:
        clock.advance(WARM_UP_NS + 1)
        quotes.put(BTC, PRICE, quality=Quality.CONFLICT)
        key = await stored(pool, clock, pulse, "sig-1", opening())
        [order] = await driven(world, key)
        assert order.state is OrderState.REFUSED
        assert order.intent.source is Source.SIGNAL
        assert [r.code for r in order.verdict.reasons] == ["E-DEV"]


async def test_what_came_before_the_start_waits_for_the_first_price(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    quotes.put(BTC, PRICE, quality=Quality.FALLBACK)
    async with World(pool, clock, quotes).running() as world:
        await world.fanout.drive([key])
        assert await status(world, key) is SignalStatus.RECEIVED
        assert await world.signals.orders_of(*key) == []
        quotes.put(BTC, PRICE)
        assert [order.state for order in await driven(world, key)] == [OrderState.FILLED]


async def test_a_market_without_any_price_is_waited_for_only_so_long(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes
) -> None:
    pulse = await provider(pool)
    await follower(pool, pulse)
    key = await stored(pool, clock, pulse, "sig-1", opening())
    quotes.put(BTC, PRICE, quality=Quality.STALE)
    async with World(pool, clock, quotes).running() as world:
        await world.fanout.drive([key])
        assert await status(world, key) is SignalStatus.RECEIVED
        clock.advance(PRICE_WAIT_NS + 1)
        [order] = await driven(world, key)
        assert [r.code for r in order.verdict.reasons] == ["E-STALE"]
