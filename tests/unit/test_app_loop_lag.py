"""A block of the event loop shows for a while, so that a scrape after it still sees it."""

from tests.fakes.sleeper import ManualTime, eventually, running
from vanta.app.loop_lag import EVERY_NS, SHOWN_NS, LoopLag
from vanta.metrics import Metrics


async def test_the_worst_of_the_last_seconds_is_shown() -> None:
    time, metrics = ManualTime(), Metrics()

    def shown() -> float | None:
        return metrics.registry.get_sample_value("vanta_event_loop_lag_seconds")

    async def pass_by(ns: int) -> None:
        woken = len(time.slept_s)
        time.advance(ns)
        await eventually(lambda: len(time.slept_s) > woken, task)

    async with running(LoopLag(clock=time, metrics=metrics, sleep=time.sleep).run()) as task:
        await eventually(lambda: time.asleep, task)
        await pass_by(EVERY_NS)
        assert shown() == 0
        await pass_by(EVERY_NS + 5 * 10**9)
        assert shown() == 5
        await pass_by(EVERY_NS + 10**9)
        assert shown() == 5
        for _ in range(SHOWN_NS // EVERY_NS - 4):
            await pass_by(EVERY_NS)
        assert shown() == 5
        await pass_by(EVERY_NS)
        assert shown() == 1
        for _ in range(3):
            await pass_by(EVERY_NS)
        assert shown() == 0
