"""The control room wired as the application wires it, over real stores and a real engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.envelope import TestEnvelope
from vanta.app.control import ControlRoom
from vanta.app.prices import PriceRoom
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.crashpoints import CrashPoints
from vanta.domain.command import Actor, Channel, Need, Reply
from vanta.domain.market import Catalogue
from vanta.domain.policy import User
from vanta.domain.ports import FeedSpec, Tick
from vanta.domain.units import E6, E10
from vanta.metrics import Metrics
from vanta.sandbox.seed import MARKETS
from vanta.settings import load
from vanta.store.counters import Counters
from vanta.store.markets import Markets
from vanta.store.pool import Pool

BTC = 1
BTC_E10 = 60_000 * E10
PIN = "correct-48291"
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TRACE = "c0ffee00c0ffee00"


class Source:
    """Three agreeing feeds of every market, whose ticks the test makes."""

    name = "told"

    def __init__(self, prices: PriceRoom, clock: ManualClock) -> None:
        self._feed = prices.feed
        self._clock = clock
        self._ixs = [prices.names.ix(f"told-{n}") for n in range(3)]

    def feeds(self) -> Sequence[FeedSpec]:
        return [
            FeedSpec(market_ix=m.ix, source_ix=ix, kind="stream", group=ix, primary=n == 0)
            for m in MARKETS
            for n, ix in enumerate(self._ixs)
        ]

    async def run(self, sink: object) -> None:
        await asyncio.Event().wait()

    def price(self, price_e10: int) -> None:
        """Let all feeds of BTC see a price a second later."""
        self._clock.advance(10**9)
        now_ns = self._clock.now_ns()
        self._feed.ticks(
            [
                Tick(market_ix=BTC, source_ix=ix, value=price_e10, publish_ns=now_ns)
                for ix in self._ixs
            ]
        )
        self._feed.flush()


class ControlWorld:
    """What a test of commands looks at and asks."""

    def __init__(
        self, pool: Pool, clock: ManualClock, redis: Redis, home: Path, **environ: str
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.settings = load({"VANTA_HOME": str(home), **environ})
        self.metrics = Metrics()
        self.envelope = TestEnvelope()
        self.stores = Stores(pool, self.envelope)
        self.healthy = True
        self.catalogue = Catalogue(MARKETS)
        self.prices = PriceRoom(catalogue=self.catalogue, clock=clock, metrics=self.metrics)
        self.source = Source(self.prices, clock)
        self.prices.feed.add_source(self.source)
        counters = Counters(redis)
        self.trading = Trading(
            settings=self.settings,
            stores=self.stores,
            catalogue=self.catalogue,
            quotes=self.prices.feed,
            clock=clock,
            clock_suspect=self.prices.clock_watch.suspect,
            metrics=self.metrics,
            redis_healthy=self._redis_healthy,
            counters=counters,
            may_trade=lambda: True,
            crash=CrashPoints(),
        )
        self.checks: dict[str, Any] = {}
        self.control = ControlRoom(
            settings=self.settings,
            stores=self.stores,
            trading=self.trading,
            prices=self.prices,
            counters=counters,
            catalogue=self.catalogue,
            envelope=self.envelope,
            clock=clock,
            checks=self.checks,
            tasks=lambda: {"feed": {"running": True, "restarts": 2, "last_error": "OSError: x"}},
            hasher=CHEAP,
        )
        self.book = self.control.book

    async def _redis_healthy(self) -> bool:
        return self.healthy

    async def person(
        self, role: str, *, standing: str = "active", name: str = "", cash: int = 10_000
    ) -> User:
        """Make somebody with an account."""
        user = await self.stores.users.create(
            name or role, role, now_ns=self.clock.now_ns(), standing=standing
        )
        await self.stores.accounts.open(user.id, cash * E6)
        await self.trading.book.reread(user.id)
        return user

    async def proved(self, user: User) -> User:
        """Give somebody a PIN and a proof that counts."""
        await self.control.rights.step_up.set_pin(user.id, PIN, vouched=True)
        assert (await self.control.rights.step_up.prove(user.id, pin=PIN)).ok
        return user

    async def run(
        self, user: User, text: str, *, token: str = "", word: str = "", private: bool = True
    ) -> Reply:
        """Run a command as it would be typed."""
        name, *args = text.split()
        return await self.book.run(actor(user, private=private), name, args, token=token, word=word)

    async def confirmed(self, user: User, text: str, *, word: str = "") -> Reply:
        """Run a command and give the yes or the word it asks for."""
        asked = await self.run(user, text)
        assert asked.need in (Need.CONFIRM, Need.WORD), asked
        return await self.run(user, text, token=asked.token, word=word or asked.word)

    async def acts(self) -> list[tuple[str, str, str]]:
        """Return actor, action and object of the audit log, oldest first."""
        rows = await self.stores.audit.recent(1_000)
        return [(r.actor, r.action, r.object) for r in reversed(rows)]


def actor(user: User, *, private: bool = True, channel: Channel = Channel.CLI) -> Actor:
    return Actor(user=user, channel=channel, trace_id=TRACE, private=private)


@asynccontextmanager
async def control_world(
    pool: Pool, clock: ManualClock, redis: Redis, home: Path, **environ: str
) -> AsyncIterator[ControlWorld]:
    """Build and start everything; BTC stands at `BTC_E10`, other markets have no price."""
    await Markets(pool).upsert(MARKETS)
    world = ControlWorld(pool, clock, redis, home, **environ)
    world.source.price(BTC_E10)
    await world.trading.start()
    yield world
