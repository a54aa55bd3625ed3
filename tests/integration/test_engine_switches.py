"""Stops and maintenance: in force at once, durable, and never lifted by accident."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fakes.clock import ManualClock
from tests.fakes.owner import as_owner
from tests.fakes.switches import SwitchBoard
from vanta.domain.enums import Mode
from vanta.domain.system import Stop, SystemState, read_stop
from vanta.engine.switches import LOOK_NS, MAINTENANCE, STOP
from vanta.store.audit import Audit
from vanta.store.controls import Control, Controls
from vanta.store.pool import Conn, Pool


def stopping(stop: Stop, reason: str = "drill") -> object:
    return lambda state: replace(state, stop=stop, stop_reason=reason, stopped_ns=7)


def resuming(state: SystemState) -> SystemState:
    return replace(state, stop=Stop.NONE, stop_reason="", stopped_ns=0, mode=Mode.DRY)


@pytest.fixture
async def board(pool: Pool, clock: ManualClock, tmp_path: Path) -> SwitchBoard:
    made = SwitchBoard(pool, clock, stop_file=tmp_path / "STOP", live_venues=("avantis",))
    await made.switches.reread()
    return made


def look(board: SwitchBoard) -> SystemState:
    board.clock.advance(LOOK_NS)
    return board.state


async def test_a_stop_is_in_force_before_anything_is_waited_for(board: SwitchBoard) -> None:
    applying = asyncio.ensure_future(board.set(stopping(Stop.ALL)))
    await asyncio.sleep(0)  # no answer of the database can be here yet
    assert board.state.stop is Stop.ALL
    assert board.metric("vanta_stop_level") == 2
    assert await applying


async def test_a_stop_survives_the_process_and_is_told_to_others(
    board: SwitchBoard, pool: Pool, clock: ManualClock
) -> None:
    other = SwitchBoard(pool, clock)
    await other.switches.reread()
    assert other.state.stop is Stop.NONE
    assert await board.set(stopping(Stop.OPENS))
    await other.switches.reread()
    for process in (other, SwitchBoard(pool, clock)):
        await process.switches.reread()
        assert (process.state.stop, process.state.stop_reason) == (Stop.OPENS, "drill")
    [row] = await Audit(pool).recent(10)
    assert (row.actor, row.action, row.trace_id) == ("user:1", "test", "trace")
    assert (row.detail["before"]["stop"], row.detail["after"]["stop"]) == ("none", "opens")


async def test_resume_lifts_the_stop_and_leaves_the_system_in_dry(board: SwitchBoard) -> None:
    await board.go_live()
    assert board.state.mode is Mode.LIVE
    await board.set(stopping(Stop.OPENS))
    assert board.state.mode is Mode.DRY
    assert await board.set(resuming)
    assert (board.state.stop, board.state.mode) == (Stop.NONE, Mode.DRY)
    await board.switches.reread()
    assert (board.state.stop, board.state.mode) == (Stop.NONE, Mode.DRY)


async def test_what_loosens_waits_for_the_database(board: SwitchBoard) -> None:
    await board.set(stopping(Stop.ALL))
    applying = asyncio.ensure_future(board.set(resuming))
    await asyncio.sleep(0)
    assert board.state.stop is Stop.ALL
    assert await applying
    assert board.state.stop is Stop.NONE


async def test_a_stop_set_while_a_resume_is_written_stays(board: SwitchBoard) -> None:
    await board.set(stopping(Stop.OPENS))
    done = await asyncio.gather(board.set(resuming), board.set(stopping(Stop.ALL, "second")))
    assert done == [True, True]
    assert (board.state.stop, board.state.stop_reason) == (Stop.ALL, "second")
    await board.switches.reread()
    assert board.state.stop is Stop.ALL


class LateControls(Controls):
    """Reads for everybody at once, but hands the answer out only when told to."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.read_once = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def read(self, keys: Sequence[str], conn: Conn | None = None) -> dict[str, Control]:
        rows = await super().read(keys, conn)
        if conn is None:
            self.read_once.set()
            await self.may_answer.wait()
        return rows


async def test_an_answer_from_before_a_stop_does_not_undo_it(
    pool: Pool, clock: ManualClock
) -> None:
    late = LateControls(pool)
    board = SwitchBoard(pool, clock, controls=late)
    rereading = asyncio.ensure_future(board.switches.reread())
    await late.read_once.wait()
    assert await board.set(stopping(Stop.ALL))
    late.may_answer.set()
    await rereading
    assert board.state.stop is Stop.ALL


@pytest.mark.parametrize(
    ("content", "stop", "reason"),
    [
        (b"opens", Stop.OPENS, ""),
        (b"all\nchain  halted\n", Stop.ALL, "chain halted"),
        (b"ALL", Stop.ALL, ""),
        (b"opens\n\x1b[2Jno\x00w\xe2\x80\xaeoff", Stop.OPENS, "[2Jno w off"),
        (b"", Stop.OPENS, ""),
        (b"none", Stop.OPENS, ""),
        (b"please go on", Stop.OPENS, ""),
        (b"\xff\xfe\x00all", Stop.OPENS, ""),
    ],
)
async def test_the_stop_file_is_in_force_as_long_as_it_is_there(
    board: SwitchBoard, tmp_path: Path, content: bytes, stop: Stop, reason: str
) -> None:
    file = tmp_path / "STOP"
    file.write_bytes(content)
    assert board.state.stop is Stop.NONE  # looked less than 250 ms ago
    state = look(board)
    assert (state.stop, state.stop_reason) == (stop, reason)
    assert board.switches.held_by() == [f"the file {file}"]
    file.unlink()
    assert look(board).stop is Stop.NONE


async def test_the_coming_and_going_of_the_stop_file_is_on_record(
    board: SwitchBoard, pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "STOP").write_text("all")
    look(board)
    await board.switches.reread()
    (tmp_path / "STOP").unlink()
    look(board)
    await board.switches.reread()
    acts = [(row.actor, row.action) for row in await Audit(pool).recent(9)]
    assert acts == [("file:none", "system.stop_file"), ("file:all", "system.stop_file")]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.mkdir, "it is no plain file"),
        (os.mkfifo, "it is no plain file"),
        (lambda path: path.symlink_to("nowhere"), "it is a link to nowhere"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/dev/zero"), "it is no plain file"),
    ],
    ids=["folder", "pipe", "link to nowhere", "link to itself", "device"],
)
async def test_a_stop_file_that_cannot_be_read_stops_opens(
    board: SwitchBoard, tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    make(tmp_path / "STOP")
    state = look(board)
    assert (state.stop, state.stop_reason) == (Stop.OPENS, f"STOP cannot be read: {why}")


async def test_of_a_huge_stop_file_only_the_beginning_is_read(
    board: SwitchBoard, tmp_path: Path
) -> None:
    with (tmp_path / "STOP").open("wb") as file:
        file.write(b"all\n" + b"x" * 2_000)
        file.truncate(10**12)
    state = look(board)
    assert (state.stop, len(state.stop_reason)) == (Stop.ALL, 200)


async def test_live_does_not_come_back_when_the_stop_file_goes_away(
    board: SwitchBoard, pool: Pool, clock: ManualClock, tmp_path: Path
) -> None:
    await board.go_live()
    (tmp_path / "STOP").write_text("opens")
    assert look(board).mode is Mode.DRY
    await board.switches.reread()
    (tmp_path / "STOP").unlink()
    assert look(board).mode is Mode.DRY
    restarted = SwitchBoard(pool, clock, stop_file=tmp_path / "STOP")
    await restarted.switches.reread()
    assert restarted.state.mode is Mode.DRY


async def test_the_environment_stops_as_long_as_the_process_runs(
    pool: Pool, clock: ManualClock
) -> None:
    board = SwitchBoard(pool, clock, environment=Stop.ALL)
    await board.switches.reread()
    assert board.state.stop is Stop.ALL
    assert board.switches.held_by() == ["VANTA_STOP=all"]
    assert await board.set(resuming)
    assert board.state.stop is Stop.ALL


async def test_without_a_database_a_stop_is_in_force_and_in_the_file_until_it_is_written(
    board: SwitchBoard, pool: Pool, clock: ManualClock, tmp_path: Path
) -> None:
    file = tmp_path / "STOP"
    await as_owner(pool, "ALTER TABLE controls RENAME TO controls_gone")
    assert not await board.set(stopping(Stop.ALL, "away"))
    assert board.state.stop is Stop.ALL
    assert read_stop(file.read_text()) == (Stop.ALL, "away")
    assert board.switches.held_by() == []  # it is ours, and will go by itself
    killed = SwitchBoard(pool, clock, stop_file=file)
    assert killed.state.stop is Stop.ALL
    # Nobody can lift it without the database either.
    assert not await board.set(resuming)
    assert board.state.stop is Stop.ALL
    await as_owner(pool, "ALTER TABLE controls_gone RENAME TO controls")
    await board.switches.reread()
    assert not file.exists()
    assert look(board).stop is Stop.ALL
    assert (await board.controls.read([STOP]))[STOP].value == "all\naway"
    assert await board.set(resuming)
    assert look(board).stop is Stop.NONE


async def test_a_stop_without_a_database_leaves_an_operators_file_alone(
    board: SwitchBoard, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "STOP"
    file.write_text("opens")
    look(board)
    await as_owner(pool, "ALTER TABLE controls RENAME TO controls_gone")
    assert not await board.set(stopping(Stop.ALL))
    await as_owner(pool, "ALTER TABLE controls_gone RENAME TO controls")
    await board.switches.reread()
    assert file.exists()
    assert look(board).stop is Stop.ALL


@pytest.mark.parametrize(
    ("value", "on", "until_ns", "words"),
    [
        ("off", False, 0, ""),
        ("on 90\nnew disks", True, 90, "new disks"),
        ("on 0\n", True, 0, ""),
        ("odd", True, 0, ""),
        ("on -5", True, 0, ""),
    ],
)
async def test_maintenance_is_read_and_doubt_is_maintenance(
    board: SwitchBoard, value: str, on: bool, until_ns: int, words: str
) -> None:
    await board.controls.set({MAINTENANCE: value}, "user:1", 1)
    await board.switches.reread()
    state = board.state
    assert state.maintenance is on
    assert (state.maintenance_until_ns, state.maintenance_text) == (until_ns, words)
    assert board.metric("vanta_maintenance") == on


async def test_an_unknown_stop_in_the_database_stops_opens(board: SwitchBoard) -> None:
    await board.controls.set({STOP: "pause"}, "somebody", 1)
    await board.switches.reread()
    assert board.state.stop is Stop.OPENS
