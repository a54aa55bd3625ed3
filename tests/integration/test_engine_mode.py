"""The effective mode: never more than what everything allows."""

import itertools

import asyncpg
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.owner import as_owner
from tests.fakes.switches import SwitchBoard
from vanta.domain.enums import Mode
from vanta.domain.system import Stop
from vanta.engine.mode import NO_VENUE
from vanta.engine.switches import MODE, STOP
from vanta.store.pool import Pool

SYSTEM = ("LIVE", "DRY", "live", "PAPER", None)
USER = ("LIVE", "DRY", "Live ", "")
LINK = (None, "LIVE", "DRY", "odd")
READS = (3, 2, 0)
CLOCK_STEP = (0, 10**10)
VENUES = (("avantis",), ())
STOPS = (None, Stop.OPENS, Stop.ALL)


async def test_live_is_the_one_corner_of_the_lattice_where_everything_says_live(
    pool: Pool, clock: ManualClock
) -> None:
    """Every combination of every wish: one corner of them is LIVE, each other has its reason."""
    live = 0
    for system, stop, reads, step, venues in itertools.product(
        SYSTEM, STOPS, READS, CLOCK_STEP, VENUES
    ):
        await pool.execute("DELETE FROM controls")
        board = SwitchBoard(pool, clock, live_venues=venues)
        rows = {} if system is None else {MODE: system}
        rows |= {} if stop is None else {STOP: stop.value}
        if rows:
            await board.controls.set(rows, "user:1", 1)
        await board.switches.reread()
        for _ in range(reads):
            await board.modes.read()
        clock.wall_ns += step
        for user, link in itertools.product(USER, LINK):
            mode, why = board.modes.effective(Mode.LIVE, user, link)
            everything = bool(
                system == "LIVE"
                and stop is None
                and reads == 3
                and not step
                and venues
                and user == "LIVE"
                and link in (None, "LIVE")
            )
            assert mode is (Mode.LIVE if everything else Mode.DRY), (
                system,
                stop,
                reads,
                user,
                link,
            )
            assert bool(why) is (not everything)
            assert board.modes.effective(Mode.DRY, user, link) == (Mode.DRY, "")
            live += everything
    assert live == 2  # without a link, and with one that says LIVE


async def test_each_thing_in_the_way_is_named(pool: Pool, clock: ManualClock) -> None:
    board = SwitchBoard(pool, clock)
    assert board.modes.against("DRY", "DRY") == [
        "because Redis is not healthy (0 of 3)",
        "because the operator's setting cannot be read",
        "by your own setting",
        "by the setting of this copy link",
        NO_VENUE,
    ]
    await board.switches.reread()
    clock.wall_ns -= 3600 * 10**9
    assert board.modes.against("LIVE")[1:] == [
        "because this machine's clock is in doubt",
        "by the operator's setting",
        NO_VENUE,
    ]


async def test_live_needs_three_good_reads_and_one_bad_read_ends_it(
    pool: Pool, clock: ManualClock
) -> None:
    board = SwitchBoard(pool, clock, live_venues=("avantis",))
    await board.go_live()
    assert board.modes.system() == (Mode.LIVE, "")
    assert board.metric("vanta_mode_live") == 1
    board.redis.good = False
    await board.modes.read()
    assert board.modes.system() == (Mode.DRY, "because Redis is not healthy (0 of 3)")
    board.redis.good = True
    for good in (1, 2):
        await board.modes.read()
        why = f"because Redis is not healthy ({good} of 3)"
        assert board.modes.system() == (Mode.DRY, why)
    await board.modes.read()
    assert board.modes.system() == (Mode.LIVE, "")


async def test_a_fall_to_dry_is_told_once_and_an_operators_wish_is_no_fall(
    pool: Pool, clock: ManualClock
) -> None:
    board = SwitchBoard(pool, clock, live_venues=("avantis",))
    await board.go_live()
    board.redis.good = False
    for _ in range(3):
        await board.modes.read()
    assert board.told == ["because Redis is not healthy (0 of 3)"]
    assert board.metric("vanta_failovers_total") == 1
    assert board.metric("vanta_mode_live") == 0
    board.redis.good = True
    await board.go_live()
    await board.controls.set({MODE: "DRY"}, "user:1", 2)
    await board.switches.reread()
    await board.modes.read()
    assert board.modes.system() == (Mode.DRY, "by the operator's setting")
    assert len(board.told) == 1


async def test_a_store_that_does_not_answer_is_no_permission(
    pool: Pool, clock: ManualClock
) -> None:
    board = SwitchBoard(pool, clock, live_venues=("avantis",))
    await board.go_live()
    await as_owner(pool, "ALTER TABLE controls RENAME TO controls_gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await board.switches.reread()
    why = "because the operator's setting cannot be read"
    assert board.modes.system() == (Mode.DRY, why)
    await board.modes.read()
    assert board.told == [why]
