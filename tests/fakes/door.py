"""A whole signal door on a real pool: provider, key, clock under control, engine that listens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from tests.fakes.signals import CATALOGUE, KEY_ID, SECRET, encode, signed_headers
from vanta.domain.ports import Envelope, Shut, SignalPermit
from vanta.metrics import Metrics
from vanta.store.orders import Orders
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.signals import Signals
from vanta.webhook.door import Door
from vanta.webhook.keys import KeyBook
from vanta.webhook.limits import DoorLimits
from vanta.webhook.receipts import Receipts
from vanta.webhook.reply import Reply


class HearingSink:
    """Remembers which signals the engine was told of."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, str]] = []

    def offer(self, keys: Sequence[tuple[int, str]]) -> None:
        self.keys.extend(keys)


class PassedPoints:
    """Remembers which crash points were passed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        self.names.append(name)


def always(*, takes_risk: bool) -> Shut | None:
    """Let every signal in."""
    return None


class DoorBench:
    """The door with everything a test looks at."""

    def __init__(
        self,
        pool: Pool,
        provider_id: int,
        limits: DoorLimits,
        clock: ManualClock,
        permit: SignalPermit,
        envelope: Envelope,
    ) -> None:
        self.pool = pool
        self.provider_id = provider_id
        self.clock = clock
        self.metrics = Metrics()
        self.sink = HearingSink()
        self.crash = PassedPoints()
        self.providers = Providers(pool, envelope)
        self.signals = Signals(pool)
        self.orders = Orders(pool)
        self.keys = KeyBook(self.providers)
        self.receipts = Receipts(signals=self.signals, catalogue=CATALOGUE)
        self.door = Door(
            signals=self.signals,
            keys=self.keys,
            receipts=self.receipts,
            catalogue=CATALOGUE,
            sink=self.sink,
            clock=self.clock,
            metrics=self.metrics,
            crash=self.crash,
            permit=permit,
            limits=limits,
        )

    @property
    def now_s(self) -> int:
        return self.clock.now_ns() // 10**9

    def sign(
        self, message_id: str, body: bytes, *, secret: bytes = SECRET, key_id: str = KEY_ID
    ) -> list[tuple[bytes, bytes]]:
        return signed_headers(
            message_id=message_id, timestamp=self.now_s, body=body, secret=secret, key_id=key_id
        )

    async def send(self, message_id: str, fields: Any, **signing: Any) -> tuple[int, Any]:
        """Sign and deliver; return status and decoded body, as the server would have sent them."""
        reply = await self.deliver(message_id, fields, **signing)
        return reply.status, orjson.loads(reply.body)

    async def deliver(self, message_id: str, fields: Any, **signing: Any) -> Reply:
        body = fields if isinstance(fields, bytes) else encode(fields)
        reply = await self.door.accept(self.sign(message_id, body, **signing), body)
        self.door.acknowledged(reply)
        return reply

    async def show(self, signal_id: str, **signing: Any) -> tuple[int, Any]:
        reply = await self.door.show(self.sign("get_00000001", b"", **signing), signal_id)
        return reply.status, orjson.loads(reply.body)

    async def stored(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM signals")
        return count


@asynccontextmanager
async def open_door(
    pool: Pool,
    limits: DoorLimits | None = None,
    *,
    clock: ManualClock | None = None,
    permit: SignalPermit = always,
    envelope: Envelope | None = None,
) -> AsyncIterator[DoorBench]:
    """Make a provider with a key (or find it) and run a door for it."""
    envelope = envelope or TestEnvelope()
    providers = Providers(pool, envelope)
    provider_id = await providers.create("pulse")
    await providers.add_key(provider_id, KEY_ID, SECRET, 1)
    bench = DoorBench(
        pool, provider_id, limits or DoorLimits(), clock or ManualClock(), permit, envelope
    )
    await bench.keys.refresh()
    committing = asyncio.create_task(bench.door.run())
    try:
        yield bench
    finally:
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
