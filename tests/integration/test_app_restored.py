"""The note of how far the database had come, and what a start does that finds it behind."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.engine_world import BTC, World, make_user, open_intent
from tests.fakes.owner import forge
from tests.fakes.quotes import FakeQuotes
from vanta.app.restored import Restored
from vanta.domain.system import Stop
from vanta.domain.units import E10
from vanta.engine.switches import Switches
from vanta.metrics import Metrics
from vanta.store.audit import Audit
from vanta.store.controls import Controls
from vanta.store.highwater import HighWater, Mark
from vanta.store.pool import Pool

Start = Callable[[], tuple[Restored, Switches]]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "high-water.json"


@pytest.fixture
def begin(pool: Pool, clock: ManualClock, note: Path) -> Start:
    """Begin a process on the database and the note."""

    def make() -> tuple[Restored, Switches]:
        switches = Switches(
            controls=Controls(pool),
            audit=Audit(pool),
            pool=pool,
            clock=clock,
            metrics=Metrics(),
            stop_file=note.with_name("STOP"),
        )
        return Restored(path=note, store=HighWater(pool), switches=switches, clock=clock), switches

    return make


async def history(pool: Pool, clock: ManualClock, quotes: FakeQuotes, begin: Start) -> None:
    """Trade and act, the way a process does, and note it."""
    user_id = await make_user(pool)
    restored, _ = begin()
    world = World(pool, clock, quotes)
    world.ledger.listen(restored.booked)
    quotes.put(BTC, 60_000 * E10)
    async with world.running():
        await restored.check()
        await world.done(open_intent(user_id))
        await Audit(pool).append(None, "me", "look", "it", {}, "t", 1)
        await restored.note()


async def test_a_database_that_has_it_all_is_no_news(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, begin: Start, note: Path
) -> None:
    await history(pool, clock, quotes, begin)
    mark = msgspec.json.decode(note.read_bytes(), type=Mark)
    assert (mark.order_id, mark.filled_order_id, mark.audit_seq) == (1, 1, 1)
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.NONE
    assert msgspec.json.decode(note.read_bytes(), type=Mark) == mark


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("DELETE FROM orders", "order #1"),
        ("DELETE FROM fills", "the fill of order #1"),
        ("DELETE FROM audit_log", "row 1 of the audit log"),
        ("UPDATE audit_log SET hash = sha256('x')", "row 1 of the audit log"),
    ],
)
async def test_whatever_is_missing_stops_opens_and_is_named(
    pool: Pool,
    clock: ManualClock,
    quotes: FakeQuotes,
    begin: Start,
    note: Path,
    lost: str,
    named: str,
) -> None:
    await history(pool, clock, quotes, begin)
    await forge(pool, lost)
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.OPENS
    assert named in switches.state.stop_reason
    [act, *_] = await Audit(pool).recent(1)
    assert (act.actor, act.action) == ("start", "system.hold")
    assert act.trace_id
    # Durable, and said once: the next start finds the stop and a note that agrees.
    again, after = begin()
    await after.reread()
    assert after.state.stop is Stop.OPENS
    await again.check()
    assert len([row for row in await Audit(pool).recent(9) if row.action == "system.hold"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"database": 1}',
        '{"database": "x", "audit_hash": "zz"}',
        '{"database": "x", "order_id": 9223372036854775808}',
    ],
)
async def test_a_note_that_cannot_be_read_is_a_hold_and_none_is_not(
    begin: Start, note: Path, text: str
) -> None:
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.NONE
    note.write_text(text)
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.OPENS


async def test_another_database_begins_a_note_of_its_own(
    pool: Pool, begin: Start, note: Path
) -> None:
    note.write_bytes(msgspec.json.encode(Mark(database="other", order_id=99, audit_seq=9)))
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.NONE
    mark = msgspec.json.decode(note.read_bytes(), type=Mark)
    assert (len(mark.database), mark.order_id) == (32, 0)


async def test_a_hold_that_could_not_be_written_leaves_the_note_for_the_next_start(
    pool: Pool, clock: ManualClock, quotes: FakeQuotes, begin: Start, note: Path
) -> None:
    await history(pool, clock, quotes, begin)
    before = note.read_bytes()
    await forge(pool, "DELETE FROM fills")
    restored, switches = begin()
    await forge(pool, "ALTER TABLE audit_head RENAME TO gone")
    await restored.check()
    assert switches.state.stop is Stop.OPENS, "in force all the same"
    await restored.note()
    assert note.read_bytes() == before
    await forge(pool, "ALTER TABLE gone RENAME TO audit_head")
    restored, switches = begin()
    await restored.check()
    assert switches.state.stop is Stop.OPENS
