"""Rates: what a burst holds, when the next one may come, and that names do not mix."""

import pytest

from tests.fakes.clock import ManualClock
from vanta.webhook.buckets import MAX_NAMES, Buckets

SECOND = 10**9


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def buckets(clock: ManualClock) -> Buckets:
    return Buckets(rate_per_s=2, burst=3, clock=clock)


def test_a_burst_and_then_no_more(buckets: Buckets) -> None:
    assert [buckets.take("a").remaining for _ in range(3)] == [2, 1, 0]
    refused = buckets.take("a")
    assert not refused.ok
    assert refused.retry_after_s == 1


def test_it_refills_at_its_rate(buckets: Buckets, clock: ManualClock) -> None:
    for _ in range(3):
        buckets.take("a")
    clock.advance(SECOND // 2 - 1)
    assert not buckets.take("a").ok
    clock.advance(1)
    assert buckets.take("a").ok
    assert not buckets.take("a").ok


def test_waiting_as_long_as_told_is_enough(clock: ManualClock) -> None:
    slow = Buckets(rate_per_s=1, burst=1, clock=clock)
    slow.take("a")
    clock.advance(1)
    refused = slow.take("a")
    assert refused.retry_after_s == 1
    clock.advance(refused.retry_after_s * SECOND)
    assert slow.take("a").ok


def test_it_never_holds_more_than_a_burst(buckets: Buckets, clock: ManualClock) -> None:
    buckets.take("a")
    clock.advance(3_600 * SECOND)
    assert [buckets.take("a").ok for _ in range(4)] == [True, True, True, False]


def test_one_name_does_not_drain_another(buckets: Buckets) -> None:
    while buckets.take("flood").ok:
        pass
    assert buckets.take("quiet").remaining == 2


def test_a_crowd_of_names_cannot_make_a_drained_busy_one_full_again(
    buckets: Buckets,
) -> None:
    while buckets.take("flood").ok:
        pass
    for n in range(MAX_NAMES - 1):
        buckets.take(n)
        if n % 1_000 == 0:
            assert not buckets.take("flood").ok
    assert not buckets.take("flood").ok


def test_a_clock_that_steps_back_takes_nothing_away(buckets: Buckets, clock: ManualClock) -> None:
    buckets.take("a")
    clock.advance(-10 * SECOND)
    assert buckets.take("a").remaining == 1
