"""Rate counters over a life beside the slow ones: asks, give-backs and time, also backwards.

On a real Redis. Both must say the same about every ask and every window, at every step.
"""

import dataclasses
import random

import pytest
from redis.asyncio import Redis

from tests.oracles.rates import SlowRates
from vanta.domain.enums import Source
from vanta.domain.policy import Policy
from vanta.store.counters import Counters, OpenAsk

SECOND = 10**9
NOON = 20_000 * 86_400 * SECOND + 43_200 * SECOND
EVENING = NOON + 11 * 3_600 * SECOND + 3_590 * SECOND  # a few steps before midnight
STEPS = 120
# Forwards by next to nothing, by about a window, by much; backwards as a clock is set back.
JUMPS = (0, 0, 0, 1, 999, SECOND, 7 * SECOND, 59 * SECOND, 60 * SECOND, 1_800 * SECOND)
LEAPS = (3_600 * SECOND, 3_600 * SECOND + 1, 86_400 * SECOND, -1, -30 * SECOND, -3_600 * SECOND)


@dataclasses.dataclass
class Life:
    """One random life of a few users."""

    rng: random.Random
    counters: Counters
    slow: SlowRates
    now_ns: int
    asked: list[tuple[int, OpenAsk]] = dataclasses.field(default_factory=list)
    latest_ns: int = 0

    def __post_init__(self) -> None:
        pick = self.rng.choice
        self.policies = {
            user_id: Policy(
                opens_per_minute=pick((0, 1, 3, 7)),
                trades_per_day=pick((1, 12, 40)),
                volume_hour_e6=pick((5, 50, 300)),
                volume_day_e6=pick((20, 400)),
                copies_per_minute=pick((0, 1, 4)),
            )
            for user_id in (1, 2, 3)
        }

    def ask(self) -> OpenAsk:
        rng = self.rng
        # A key is known for as long as its open counts; within an hour it always is.
        known = [ask for at, ask in self.asked[-8:] if self.latest_ns - at < 3_600 * SECOND]
        if known and rng.random() < 0.2:
            return rng.choice(known)
        user_id = rng.choice(list(self.policies))
        made = OpenAsk(
            user_id=user_id,
            source=rng.choice((Source.CLI, Source.COPY, Source.SIGNAL)),
            ref=f"ref-{len(self.asked)}",
            notional_e6=rng.choice((1, 2, 5, 17, 60)),
            policy=self.policies[user_id],
        )
        self.asked.append((self.latest_ns, made))
        return made

    async def step(self) -> None:
        rng = self.rng
        self.now_ns += rng.choice(JUMPS if rng.random() < 0.9 else LEAPS)
        # Rows are kept for an hour longer than they count, so further back is not exact.
        self.latest_ns = max(self.latest_ns, self.now_ns)
        self.now_ns = max(self.now_ns, self.latest_ns - 3_600 * SECOND)
        match rng.randrange(8):
            case 0 | 1 | 2 | 3:
                asks = [self.ask() for _ in range(rng.choice((1, 1, 2, 9)))]
                said = await self.counters.take(asks, self.now_ns)
                assert said == self.slow.take(asks, self.now_ns)
            case 4 if self.asked:
                gone = [ask for _, ask in rng.sample(self.asked[-12:], k=min(2, len(self.asked)))]
                await self.counters.give_back(gone)
                self.slow.give_back(gone)
            case 5:
                user_id, limit = rng.choice((1, 2)), rng.choice((0, 1, 3))
                waits = await self.counters.message(user_id, limit, self.now_ns)
                assert waits == self.slow.message(user_id, limit, self.now_ns)
        user_id = rng.choice(list(self.policies))
        seen = await self.counters.usage(user_id, self.now_ns)
        assert seen == self.slow.usage(user_id, self.now_ns)


@pytest.mark.parametrize("seed", range(40))
async def test_they_say_what_the_slow_ones_say(redis: Redis, seed: int) -> None:
    rng = random.Random(seed)
    life = Life(rng, Counters(redis, timeout_s=10.0), SlowRates(), rng.choice((NOON, EVENING)))
    for _ in range(STEPS):
        await life.step()
