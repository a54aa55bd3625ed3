"""Providers, followers and committed signals, and driving them: for tests of the fan-out."""

import hashlib

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user
from tests.fakes.envelope import TestEnvelope
from vanta.domain.enums import Side
from vanta.domain.order import Order
from vanta.domain.signal import Signal, encode_signal
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.signals import SignalRow, Signals, SignalStatus


async def follower(pool: Pool, provider_id: int, *, cash: int = 10_000, **terms: object) -> int:
    user_id = await make_user(pool, cash=cash)
    terms.setdefault("max_collateral_e6", 500 * E6)
    terms.setdefault("max_leverage_e10", 50 * E10)
    terms.setdefault("skip_without_stop", False)
    await Providers(pool, TestEnvelope()).subscribe(provider_id, user_id, now_ns=1, **terms)
    return user_id


async def provider(pool: Pool, name: str = "pulse") -> int:
    return await Providers(pool, TestEnvelope()).create(name, now_ns=1)


async def stored(
    pool: Pool, clock: ManualClock, provider_id: int, signal_id: str, signal: Signal | bytes
) -> tuple[int, str]:
    """Commit a signal as the door does."""
    body = signal if isinstance(signal, bytes) else encode_signal(signal)
    row = SignalRow(
        provider_id=provider_id,
        signal_id=signal_id,
        key_id="key",
        trace_id=f"trace-{signal_id}",
        body=body,
        body_hash=hashlib.sha256(body).digest(),
        received_ns=clock.now_ns(),
        verified_ns=clock.now_ns(),
        committed_ns=clock.now_ns(),
        expires_ns=0 if isinstance(signal, bytes) else signal.expires_ns,
    )
    await Signals(pool).insert_many([row])
    return row.key


def opening(**fields: object) -> Signal:
    fields.setdefault("market_ix", BTC)
    fields.setdefault("side", Side.LONG)
    fields.setdefault("collateral_e6", 100 * E6)
    fields.setdefault("leverage_e10", 10 * E10)
    return Signal(action="open", **fields)


async def driven(world: World, *keys: tuple[int, str]) -> list[Order]:
    """Drive signals as the queue does and wait for what they lead to."""
    await world.fanout.drive(keys)
    ends = []
    for provider_id, signal_id in keys:
        for order in await world.signals.orders_of(provider_id, signal_id):
            ends.append(await world.engine.settled(order.id, 10.0))
    return ends


async def status(world: World, key: tuple[int, str]) -> SignalStatus:
    record = await world.signals.get(*key)
    assert record is not None
    return record.status
