"""200 users hammer their limits through two engines at once: no window ever holds too much.

Both engines work on one database and one Redis, so neither risk book has seen all opens: what holds
is the counters. Runs for 3 s; `VANTA_TEST_CROWD_S=30` for the long one, with `-s` for its figures.
"""

import asyncio
import dataclasses
import os
import random
import time
from collections import Counter

import msgspec
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, CATALOGUE, EASY, ETH, World, open_intent
from tests.fakes.quotes import FakeQuotes
from vanta.domain.enums import OrderState, Side, Source
from vanta.domain.intent import Intent
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10, ONE_E10
from vanta.store.accounts import Accounts
from vanta.store.counters import Counters
from vanta.store.markets import Markets
from vanta.store.policies import Policies
from vanta.store.pool import Pool, Row
from vanta.store.users import Users

USERS = 200
RUN_S = float(os.environ.get("VANTA_TEST_CROWD_S", "3"))
SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
SOURCES = (Source.CLI, Source.WEB, Source.SIGNAL, Source.COPY, Source.COPY)
# Rules that say no here, and nothing else does.
SPEAKING = {
    "OPENS_PER_MINUTE",
    "TRADES_PER_DAY",
    "VOLUME_HOUR",
    "VOLUME_DAY",
    "COPIES_PER_MINUTE",
}
TICKS = (0, 1, 999, 1_000_000, SECOND, 2 * SECOND)  # while orders are on their way
LEAPS = (7 * SECOND, 57 * SECOND, MINUTE, 61 * SECOND, 600 * SECOND, 1_799 * SECOND)  # between


def a_policy(rng: random.Random) -> Policy:
    """Draw limits that all bite sooner or later."""
    return msgspec.structs.replace(
        EASY,
        opens_per_minute=rng.randint(1, 6),
        trades_per_day=rng.randint(2, 20),
        volume_hour_e6=rng.randint(2_000, 12_000) * E6,
        volume_day_e6=rng.randint(3_000, 15_000) * E6 + 1,
        copies_per_minute=rng.randint(1, 3),
    )


def a_wish(rng: random.Random, user_id: int, last: Intent | None) -> Intent:
    if last is not None and rng.random() < 0.1:
        return last  # the same key once more
    return open_intent(
        user_id,
        source=rng.choice(SOURCES),
        side=rng.choice((Side.LONG, Side.SHORT)),
        market_ix=rng.choice((BTC, ETH)),
        collateral_e6=rng.randint(50 * E6, 200 * E6),
        leverage_e10=rng.randint(2, 12) * E10,
    )


@dataclasses.dataclass
class Crowd:
    """What goes on while it lasts."""

    worlds: list[World]
    clock: ManualClock
    rng: random.Random
    until: float
    asked: int = 0
    asking: int = 0
    may_ask: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    async def person(self, world: World, user_id: int) -> None:
        last: Intent | None = None
        while time.monotonic() < self.until:
            await self.may_ask.wait()
            wishes = [a_wish(self.rng, user_id, last) for _ in range(self.rng.choice((1, 1, 3)))]
            self.asking += 1
            await world.engine.submit_many(wishes)
            self.asking -= 1
            self.asked += len(wishes)
            last = wishes[-1]

    async def time_passes(self) -> None:
        while time.monotonic() < self.until:
            self.may_ask.set()
            for _ in range(6):
                await asyncio.sleep(0.02)
                self.clock.advance(self.rng.choice(TICKS))
            # A leap over orders on their way would only make them too old to be filled.
            self.may_ask.clear()
            await self.settled()
            self.clock.advance(self.rng.choice(LEAPS))
        self.may_ask.set()

    async def settled(self) -> None:
        """Wait until every order has come to its end, and what came to nothing is given back."""
        while self.asking or any(world.ledger.in_flight() for world in self.worlds):
            await asyncio.sleep(0.005)
        for world in self.worlds:
            await world.rates.settle()


async def make_crowd(pool: Pool, rng: random.Random) -> dict[int, Policy]:
    await Markets(pool).upsert(list(CATALOGUE))
    policies = {}
    for _ in range(USERS):
        user = await Users(pool).create("somebody", "trader", now_ns=1)
        await Accounts(pool).open(user.id, 10**7 * E6)
        policies[user.id] = a_policy(rng)
        await Policies(pool).set(user.id, policies[user.id], 1, "test")
    return policies


def fullest(rows: list[tuple[int, int]], span_ns: int) -> tuple[int, int]:
    """Return the most opens and the most volume any window of this length ever held."""
    first = volume = most = most_volume = 0
    for n, (at_ns, amount) in enumerate(rows):
        volume += amount
        while at_ns - rows[first][0] >= span_ns:
            volume -= rows[first][1]
            first += 1
        most, most_volume = max(most, n + 1 - first), max(most_volume, volume)
    return most, most_volume


def per_day(rows: list[tuple[int, int]]) -> tuple[int, int]:
    counts: Counter[int] = Counter()
    volumes: Counter[int] = Counter()
    for at_ns, amount in rows:
        counts[at_ns // DAY] += 1
        volumes[at_ns // DAY] += amount
    return max(counts.values(), default=0), max(volumes.values(), default=0)


def assert_within(policy: Policy, made: list[Row]) -> None:
    rows = [
        (row["created_ns"], row["collateral_e6"] * row["leverage_e10"] // ONE_E10) for row in made
    ]
    copies = [
        pair for pair, row in zip(rows, made, strict=True) if row["source"] == Source.COPY.value
    ]
    assert fullest(rows, MINUTE)[0] <= policy.opens_per_minute
    assert fullest(rows, HOUR)[1] <= policy.volume_hour_e6
    assert fullest(copies, MINUTE)[0] <= policy.copies_per_minute
    trades, volume = per_day(rows)
    assert trades <= policy.trades_per_day
    assert volume <= policy.volume_day_e6


async def test_no_window_of_anybody_is_ever_too_full(
    pool: Pool, clock: ManualClock, redis: Redis
) -> None:
    rng = random.Random(7)
    policies = await make_crowd(pool, rng)
    quotes = FakeQuotes(clock)
    quotes.put(BTC, 60_000 * E10)
    quotes.put(ETH, 3_000 * E10)
    counters = Counters(redis, timeout_s=30.0)  # a busy machine is no lost Redis
    worlds = [World(pool, clock, quotes, counters=counters) for _ in range(2)]
    async with worlds[0].running(), worlds[1].running():
        crowd = Crowd(worlds, clock, rng, time.monotonic() + RUN_S)
        async with asyncio.TaskGroup() as group:
            group.create_task(crowd.time_passes())
            for world in worlds:
                for user_id in policies:
                    group.create_task(crowd.person(world, user_id))
        await crowd.settled()

    orders = await pool.fetch("SELECT * FROM orders ORDER BY created_ns, id")
    made = [row for row in orders if row["state"] == OrderState.FILLED.value]
    said: Counter[str] = Counter()
    for row in orders:
        if row["state"] == OrderState.REFUSED.value:
            reasons = msgspec.json.decode(row["verdict"])["reasons"]
            assert reasons
            for reason in reasons:
                assert reason["rule"] in SPEAKING, reason
                assert reason["text"]
                assert reason["value"] > reason["limit"] > 0
                said[reason["rule"]] += 1
    for user_id, policy in policies.items():
        mine = [row for row in made if row["user_id"] == user_id]
        assert_within(policy, mine)
        # Nothing is counted that did not happen, nothing happened that is not counted.
        usage = await counters.usage(user_id, clock.now_ns())
        today = [row for row in mine if row["created_ns"] // DAY == clock.now_ns() // DAY]
        assert usage.trades_day.value == len(today)
    assert set(said) == SPEAKING  # every limit was reached
    states = Counter(row["state"] for row in orders)
    print(f"\n{RUN_S:g} s: {crowd.asked} asked, {dict(states)}, refused by {dict(said)}")
