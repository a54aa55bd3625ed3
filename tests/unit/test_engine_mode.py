"""The effective mode: never more than what everything allows."""

import asyncio

from vanta.domain.enums import Mode
from vanta.engine.mode import Modes
from vanta.metrics import Metrics


class Controls:
    """What the operator set; raises while the store is away."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.away = False

    async def get(self, key: str) -> str | None:
        if self.away:
            raise ConnectionError
        return self.value


class Health:
    def __init__(self) -> None:
        self.good = True

    async def __call__(self) -> bool:
        return self.good


def modes(value: str | None) -> tuple[Modes, Controls, Health]:
    controls, health = Controls(value), Health()
    made = Modes(controls=controls, redis_healthy=health, metrics=Metrics())  # type: ignore[arg-type]
    return made, controls, health


async def test_dry_is_always_granted() -> None:
    made, _, health = modes("LIVE")
    health.good = False
    await made.read()
    assert made.effective(Mode.DRY) == (Mode.DRY, "")


async def test_live_needs_three_good_reads_and_one_bad_read_ends_it() -> None:
    made, _, health = modes("LIVE")
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (0 of 3)")
    for _ in range(2):
        await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (2 of 3)")
    await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because this build only simulates")
    health.good = False
    await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (0 of 3)")


async def test_unknown_words_and_silence_are_dry() -> None:
    for value in (None, "", "live", "LIVE ", "PAPER"):
        made, _, _ = modes(value)
        for _ in range(3):
            await made.read()
        assert made.effective(Mode.LIVE) == (Mode.DRY, "by the operator's setting")


async def test_a_store_that_does_not_answer_is_no_permission() -> None:
    made, controls, _ = modes("LIVE")
    for _ in range(3):
        await made.read()
    controls.away = True
    await asyncio.gather(made.read(), return_exceptions=True)
    assert made.effective(Mode.LIVE) == (Mode.DRY, "by the operator's setting")
