"""The effective mode: never more than what everything allows."""

import asyncpg
import pytest

from tests.fakes.owner import as_owner
from vanta.domain.enums import Mode
from vanta.engine.mode import CONTROL, Modes
from vanta.metrics import Metrics
from vanta.store.controls import Controls
from vanta.store.pool import Pool


class Health:
    """What the read of Redis says."""

    def __init__(self) -> None:
        self.good = True

    async def __call__(self) -> bool:
        return self.good


async def modes(pool: Pool, value: str | None) -> tuple[Modes, Health]:
    controls, health = Controls(pool), Health()
    if value is not None:
        await controls.set(CONTROL, value, "operator", 1)
    return Modes(controls=controls, redis_healthy=health, metrics=Metrics()), health


async def test_dry_is_always_granted(pool: Pool) -> None:
    made, health = await modes(pool, "LIVE")
    health.good = False
    await made.read()
    assert made.effective(Mode.DRY) == (Mode.DRY, "")


async def test_live_needs_three_good_reads_and_one_bad_read_ends_it(pool: Pool) -> None:
    made, health = await modes(pool, "LIVE")
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (0 of 3)")
    for _ in range(2):
        await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (2 of 3)")
    await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because this build only simulates")
    health.good = False
    await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "because Redis is not healthy (0 of 3)")


@pytest.mark.parametrize("word", [None, "live", "LIVE ", "PAPER"])
async def test_unknown_words_and_silence_are_dry(pool: Pool, word: str | None) -> None:
    made, _ = await modes(pool, word)
    for _ in range(3):
        await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "by the operator's setting")


async def test_a_store_that_does_not_answer_is_no_permission(pool: Pool) -> None:
    made, _ = await modes(pool, "LIVE")
    for _ in range(3):
        await made.read()
    await as_owner(pool, "ALTER TABLE controls RENAME TO controls_gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await made.read()
    assert made.effective(Mode.LIVE) == (Mode.DRY, "by the operator's setting")
