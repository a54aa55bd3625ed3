"""Acts of operators: each shows before and after, and safety is never far."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import make_user
from tests.fakes.owner import as_owner
from tests.fakes.switches import SwitchBoard
from vanta.control.operating import Operating
from vanta.domain.command import Actor, Channel, Reply
from vanta.domain.enums import Mode
from vanta.domain.system import Stop
from vanta.engine.mode import HEALTHY_READS
from vanta.engine.switches import MAINTENANCE
from vanta.store.audit import Audit
from vanta.store.outbox import Outbox
from vanta.store.pool import Pool
from vanta.store.users import Users


class Desk:
    """Operating over real switches."""

    def __init__(self, board: SwitchBoard, actor: Actor, canary: str = "") -> None:
        self.board = board
        self.actor = actor
        self.changed: list[int] = []
        self.acts = Operating(
            system=board.switches,
            modes=board.modes,
            pool=board.pool,
            clock=board.clock,
            changed=self._changed,
            canary=canary,
        )

    async def _changed(self, user_id: int) -> None:
        self.changed.append(user_id)

    async def stop(self, level: Stop, reason: str = "") -> Reply:
        return await self.acts.stop(self.actor, level, reason)

    async def mode(self, mode: Mode) -> Reply:
        return await self.acts.execution_mode(self.actor, mode)


@pytest.fixture
async def desk(pool: Pool, clock: ManualClock, tmp_path: Path) -> Desk:
    board = SwitchBoard(pool, clock, stop_file=tmp_path / "STOP", live_venues=("avantis",))
    await board.switches.reread()
    for _ in range(HEALTHY_READS):
        await board.modes.read()
    user = await Users(pool).get(await make_user(pool, role="super_admin"))
    return Desk(board, Actor(user=user, channel=Channel.CLI, trace_id="0123456789abcdef"))


async def test_live_shows_what_becomes_real_and_is_on_record(desk: Desk, pool: Pool) -> None:
    async with pool.acquire() as conn:
        await Users(pool).set_mode(conn, desk.actor.user.id, Mode.LIVE)
    reply = await desk.mode(Mode.LIVE)
    assert reply.done
    assert reply.lines[0] == "Mode: DRY to LIVE"
    assert f"Real money for 1 people who asked for LIVE: #{desk.actor.user.id}" in reply.lines[1]
    assert "0 positions are open" in reply.lines[2]
    assert reply.data["before"]["mode"] == "DRY"
    assert reply.data["effective"] == "LIVE"
    [row] = await Audit(pool).recent(5)
    assert (row.actor, row.action, row.trace_id) == (
        desk.actor.name,
        "system.mode",
        desk.actor.trace_id,
    )


async def test_live_needs_a_venue_and_nothing_stopped(
    desk: Desk, pool: Pool, clock: ManualClock
) -> None:
    await desk.stop(Stop.OPENS)
    reply = await desk.mode(Mode.LIVE)
    assert [reason.code for reason in reply.reasons] == ["E-STOPPED"]
    simulated = Desk(SwitchBoard(pool, clock), desk.actor)
    await simulated.acts.resume(simulated.actor)
    reply = await simulated.mode(Mode.LIVE)
    assert [reason.code for reason in reply.reasons] == ["E-MODE"]
    assert desk.board.state.mode is Mode.DRY


async def test_a_stop_ends_live_and_resume_leads_to_dry(desk: Desk) -> None:
    await desk.mode(Mode.LIVE)
    assert desk.board.modes.system()[0] is Mode.LIVE
    reply = await desk.stop(Stop.ALL, "chain halted")
    assert reply.lines[:2] == ("Mode: LIVE to DRY", "Stop: none to all")
    assert "closing is blocked" in " ".join(reply.lines)
    assert desk.board.modes.system() == (Mode.DRY, "because the operator has stopped trading")
    reply = await desk.acts.resume(desk.actor)
    assert reply.done
    assert reply.lines[0] == "Stop: all to none"
    assert (desk.board.state.stop, desk.board.state.mode) == (Stop.NONE, Mode.DRY)


async def test_a_weaker_stop_does_not_loosen_a_stricter_one(desk: Desk) -> None:
    await desk.stop(Stop.ALL, "first")
    reply = await desk.stop(Stop.OPENS, "second")
    assert "stays" in reply.lines[-1]
    assert (desk.board.state.stop, desk.board.state.stop_reason) == (Stop.ALL, "first")


async def test_the_other_operators_hear_of_a_stop_and_its_end(desk: Desk, pool: Pool) -> None:
    admin = await Users(pool).create("boss", "admin", 70, now_ns=1)
    await Users(pool).create("ann", "trader", 71, now_ns=1)
    await desk.stop(Stop.OPENS, "drill")
    desk.board.clock.advance(1)
    await desk.acts.resume(desk.actor)
    notices = await Outbox(pool).pending(10)
    assert [(notice.user_id, notice.kind) for notice in notices] == [
        (admin.id, "system.stop"),
        (admin.id, "system.resume"),
    ]


@pytest.mark.parametrize(("channel", "told"), [(Channel.TELEGRAM, 0), (Channel.CLI, 1)])
async def test_who_stops_in_the_chat_is_not_told_what_he_did(
    desk: Desk, pool: Pool, channel: Channel, told: int
) -> None:
    user = await Users(pool).create("boss", "super_admin", 70, now_ns=1)
    desk.actor = replace(desk.actor, user=user, channel=channel)
    await desk.stop(Stop.OPENS)
    assert len(await Outbox(pool).pending(10)) == told


async def test_a_change_and_its_notices_are_written_together_or_not_at_all(
    desk: Desk, pool: Pool
) -> None:
    """Killed in between nobody would ever hear of it."""
    await Users(pool).create("ann", "trader", 71, now_ns=1)
    await as_owner(pool, "ALTER TABLE outbox RENAME TO outbox_gone")
    reply = await desk.acts.maintenance(desk.actor, True, 0, "")
    assert "everybody is told then" in reply.lines[-1]
    assert desk.board.state.maintenance
    assert not (await desk.board.controls.read([MAINTENANCE]))
    await as_owner(pool, "ALTER TABLE outbox_gone RENAME TO outbox")
    for _ in range(2):
        await desk.board.switches.reread()
        [notice] = await Outbox(pool).pending(10)
        assert notice.body["text"].startswith("Maintenance.")
        assert (await desk.board.controls.read([MAINTENANCE]))[MAINTENANCE].value == "on 0\n"


async def test_resume_names_the_file_that_still_stops(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "STOP").write_text("all")
    desk.board.clock.advance(10**9)
    reply = await desk.acts.resume(desk.actor)
    assert not reply.done
    assert str(tmp_path / "STOP") in reply.reasons[0].text
    assert desk.board.state.stop is Stop.ALL


async def test_without_a_database_safety_works_and_nothing_is_loosened(
    desk: Desk, pool: Pool
) -> None:
    await desk.mode(Mode.LIVE)
    await as_owner(pool, "ALTER TABLE controls RENAME TO controls_gone")
    reply = await desk.stop(Stop.OPENS, "away")
    assert reply.done
    assert "did not answer" in reply.lines[-1]
    assert desk.board.state.stop is Stop.OPENS
    assert [r.code for r in (await desk.acts.resume(desk.actor)).reasons] == ["E-STORE"]
    assert desk.board.state.stop is Stop.OPENS


async def test_maintenance_tells_everybody_once_and_ends_only_by_hand(
    desk: Desk, pool: Pool, clock: ManualClock
) -> None:
    users = Users(pool)
    reached = await users.create("ann", "trader", 71, now_ns=1)
    await users.create("waits", "trader", 72, now_ns=1, standing="waiting")
    reply = await desk.acts.maintenance(desk.actor, True, 30, "New disks.")
    assert reply.title.startswith("Maintenance until about ")
    assert reply.title.endswith("New disks.")
    assert "stays on until it is switched off" in " ".join(reply.lines)
    clock.advance(31 * 60 * 10**9)
    assert desk.board.state.maintenance
    assert (await desk.acts.maintenance(desk.actor, False, 0, "")).lines[0] == (
        "Maintenance: on to off"
    )
    notices = await Outbox(pool).pending(10)
    assert [notice.user_id for notice in notices] == [reached.id] * 2
    assert notices[0].body["text"].startswith("Maintenance until about")
    assert (await desk.acts.maintenance(desk.actor, False, 0, "")).lines == ()
    assert len(await Outbox(pool).pending(10)) == 2


async def test_a_persons_mode_is_written_with_its_record_and_told_to_the_engine(
    desk: Desk, pool: Pool
) -> None:
    await desk.mode(Mode.LIVE)
    reply = await desk.acts.user_mode(desk.actor, Mode.LIVE)
    assert reply.data == {"before": "DRY", "after": "LIVE", "effective": "LIVE", "why": ""}
    assert (await Users(pool).get(desk.actor.user.id)).mode == "LIVE"
    assert desk.changed == [desk.actor.user.id]
    reply = await desk.acts.user_mode(desk.actor, Mode.DRY)
    assert reply.data["why"] == "by your own setting"
    assert [row.action for row in await Audit(pool).recent(2)] == ["user.mode", "user.mode"]


async def test_the_question_before_a_stop_of_all_warns(desk: Desk) -> None:
    lines = " ".join(await desk.acts.before_stop(Stop.ALL))
    assert "closing is blocked" in lines
    assert "0 positions are open" in lines


async def test_the_switches_are_described(desk: Desk) -> None:
    actor = replace(desk.actor, channel=Channel.TELEGRAM)
    reply = await desk.acts.describe(actor)
    assert reply.title == "Mode DRY"
    assert reply.lines[0] == "You are in DRY by the operator's setting."
    assert reply.data["against"] == ["by the operator's setting", "by your own setting"]
