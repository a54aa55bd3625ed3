"""The reconnect policy: jitter, budget, patience; with time under control."""

import asyncio
import itertools
import random

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.sleeper import InstantTime, ManualTime, NoJitter, eventually, running
from vanta.prices.connect import GARBAGE_LIMIT, Backoff, Link, LostError, Watchdog

SECOND = 10**9


class Longest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return b


async def test_waits_double_up_to_the_ceiling_and_jitter_fills_them() -> None:
    time = InstantTime()
    backoff = Backoff(rng=Longest(), clock=time, sleep=time.sleep)
    for _ in range(10):
        await backoff.turn()
    assert time.slept_s[:8] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    spread = InstantTime()
    backoff = Backoff(rng=random.Random(1), clock=spread, sleep=spread.sleep)
    for _ in range(8):
        await backoff.turn()
    assert all(0 <= s <= 30 for s in spread.slept_s) and len(set(spread.slept_s)) == 7


async def test_never_more_than_ten_attempts_in_ten_seconds() -> None:
    time = InstantTime()
    backoff = Backoff(rng=NoJitter(), clock=time, sleep=time.sleep)
    began = []
    for _ in range(100):
        await backoff.turn()
        backoff.succeeded()  # a server that greets and hangs up: no backoff, only the budget
        began.append(time.mono_ns())
    for first, eleventh in zip(began, began[10:], strict=False):
        assert eleventh - first >= 10 * SECOND


async def test_success_forgets_the_failures() -> None:
    time = InstantTime()
    backoff = Backoff(rng=Longest(), clock=time, sleep=time.sleep)
    await backoff.turn()
    await backoff.turn()
    backoff.succeeded()
    await backoff.turn()
    await backoff.turn()
    assert time.slept_s == [0.5, 0.5]


async def test_a_demanded_wait_comes_on_top() -> None:
    time = InstantTime()
    backoff = Backoff(rng=NoJitter(), clock=time, sleep=time.sleep)
    await backoff.turn(60.0)
    assert time.slept_s == [60.0]


def test_three_intervals_of_silence_per_feed() -> None:
    clock = ManualClock()
    dog = Watchdog(clock, {"a": SECOND, "b": 10 * SECOND})
    clock.advance(3 * SECOND)
    assert dog.silent() == []
    clock.advance(1)
    assert dog.silent() == ["a"]
    dog.heard("a")
    dog.heard("stranger")
    clock.advance(27 * SECOND)
    dog.heard("a")
    assert dog.silent() == ["b"]


def test_a_feed_that_is_gone_for_good_is_asked_for_ever_more_rarely() -> None:
    clock = ManualClock()
    dog = Watchdog(clock, {"gone": SECOND})
    found = []
    for second in range(600):
        clock.advance(SECOND)
        if dog.silent():
            found.append(second)
            dog.restart()
    gaps = [b - a for a, b in itertools.pairwise(found)]
    assert gaps == sorted(gaps) and gaps[-1] >= 60
    dog.heard("gone")
    clock.advance(3 * SECOND + 1)
    assert dog.silent() == ["gone"]


def link(time: ManualTime | InstantTime) -> Link:
    return Link("x", clock=time, rng=NoJitter(), sleep=time.sleep, expected_ns={"feed": 2 * SECOND})


async def test_a_lost_connection_is_tried_again_and_a_bug_is_not() -> None:
    time = ManualTime()
    kept = link(time)
    attempts = []

    async def attempt() -> None:
        attempts.append(1)
        if len(attempts) < 4:
            raise (LostError("gone"), OSError("refused"), TimeoutError("slow"))[len(attempts) - 1]
        raise KeyError("a bug")

    with pytest.raises(ExceptionGroup) as caught:
        await kept.keep(attempt)
    assert caught.group_contains(KeyError)
    assert (len(attempts), kept.losses) == (4, 3)


async def test_an_attempt_that_just_ends_is_a_loss() -> None:
    time = ManualTime()
    kept = link(time)

    async def attempt() -> None:
        return

    async with running(kept.keep(attempt)) as task:
        await eventually(lambda: kept.losses == 10, task)  # then the budget makes it wait


async def test_a_shutdown_at_the_moment_of_a_loss_is_not_forgotten() -> None:
    time = ManualTime()
    kept = link(time)
    owner: list[asyncio.Task[None]] = []

    async def attempt() -> None:
        owner[0].cancel()
        raise LostError("gone")

    async with running(kept.keep(attempt)) as task:
        owner.append(task)
        await asyncio.wait([task])
        assert task.cancelled()


async def test_silence_ends_a_connection_that_still_looks_alive() -> None:
    time = ManualTime()
    kept = link(time)
    attempts = []

    async def attempt() -> None:
        attempts.append(1)
        await time.sleep(10**6)

    async with running(kept.keep(attempt)) as task:
        await eventually(lambda: time.asleep == 2, task)
        for _ in range(3):
            time.advance(2 * SECOND)
            kept.heard("feed")
            await eventually(lambda: time.asleep == 2, task)
        assert len(attempts) == 1
        for _ in range(4):
            time.advance(2 * SECOND)
            await eventually(lambda: time.asleep == 2, task)
        assert (len(attempts), kept.losses) == (2, 1)


def test_garbage_is_borne_for_a_while() -> None:
    kept = link(InstantTime())
    for _ in range(GARBAGE_LIMIT - 1):
        kept.bad(ValueError("junk"))
    kept.heard("feed")
    for _ in range(GARBAGE_LIMIT - 1):
        kept.bad(ValueError("junk"))
    with pytest.raises(LostError, match="malformed"):
        kept.bad(ValueError("junk"))
    assert kept.malformed == 2 * GARBAGE_LIMIT - 1
