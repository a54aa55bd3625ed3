"""When the wall clock is in doubt: after a step, until it has run steadily for a minute."""

import pytest

from tests.fakes.clock import ManualClock
from vanta.engine.clockwatch import STEADY_NS, STEP_NS, ClockWatch
from vanta.metrics import Metrics

SECOND = 10**9
HOUR = 3600 * SECOND


def watch(clock: ManualClock) -> tuple[ClockWatch, list[bool]]:
    heard: list[bool] = []
    return ClockWatch(clock=clock, metrics=Metrics(), on_change=heard.append), heard


@pytest.mark.parametrize("step", [HOUR, -HOUR, STEP_NS + 1, -STEP_NS - 1])
def test_a_step_either_way_is_noticed_at_the_next_question(clock: ManualClock, step: int) -> None:
    made, heard = watch(clock)
    assert not made.suspect()
    clock.wall_ns += step
    assert made.suspect()
    clock.advance(STEADY_NS - 1)
    assert made.suspect()
    clock.advance(1)
    assert not made.suspect()
    assert heard == [True, False]


@pytest.mark.parametrize("step", [STEP_NS, -STEP_NS])
def test_a_second_is_no_step(clock: ManualClock, step: int) -> None:
    made, _ = watch(clock)
    clock.wall_ns += step
    assert not made.suspect()


def test_a_second_step_begins_the_minute_anew(clock: ManualClock) -> None:
    made, heard = watch(clock)
    clock.wall_ns += HOUR
    assert made.suspect()
    clock.advance(STEADY_NS - SECOND)
    clock.wall_ns -= HOUR
    assert made.suspect()
    clock.advance(STEADY_NS - 1)
    assert made.suspect()
    clock.advance(1)
    assert not made.suspect()
    assert heard == [True, False]


def test_a_smeared_leap_second_and_slewing_are_no_steps(clock: ManualClock) -> None:
    made, heard = watch(clock)
    # A second over a day, and then the fastest slewing of the kernel for ten hours.
    for seconds, ppm in ((86_400, 12), (36_000, -500)):
        for _ in range(seconds // 60):
            clock.advance(60 * SECOND)
            clock.wall_ns += 60_000 * ppm
            assert not made.suspect()
    assert heard == []


def test_creeping_in_small_steps_is_noticed(clock: ManualClock) -> None:
    made, heard = watch(clock)
    for _ in range(3):
        clock.advance(SECOND)
        clock.wall_ns += STEP_NS // 2
        made.suspect()
    assert heard == [True]


class TornClock(ManualClock):
    """A process that is paused between its two looks at the clocks."""

    pause_ns = 0

    def now_ns(self) -> int:
        self.advance(self.pause_ns)
        return super().now_ns()


def test_being_paused_between_two_looks_is_no_step() -> None:
    clock = TornClock()
    made, heard = watch(clock)
    clock.pause_ns = HOUR
    assert not made.suspect()
    clock.pause_ns = 0
    assert not made.suspect()
    assert heard == []
