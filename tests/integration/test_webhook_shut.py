"""The signal door under a stop and in maintenance: nothing is stored, and each is told when."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from msgspec.structs import replace

from tests.fakes.clock import ManualClock
from tests.fakes.door import DoorBench, open_door
from tests.fakes.engine_world import make_user
from tests.fakes.signals import open_body
from tests.fakes.switches import SwitchBoard
from vanta.domain.system import Stop, SystemState
from vanta.engine.permits import Permits
from vanta.store.pool import Pool
from vanta.store.users import Users
from vanta.webhook.reply import Reply

OPEN = open_body()
CLOSE = {"action": "close", "market": "BTC"}


@pytest.fixture
def board(pool: Pool, clock: ManualClock) -> SwitchBoard:
    return SwitchBoard(pool, clock)


@pytest.fixture
async def bench(pool: Pool, clock: ManualClock, board: SwitchBoard) -> AsyncIterator[DoorBench]:
    """A door that asks real permits."""
    user = await Users(pool).get(await make_user(pool))
    permits = Permits(
        switches=board.switches,
        modes=board.modes,
        clock_suspect=board.watch.suspect,
        user=lambda _: user,
        clock=clock,
    )
    await board.switches.reread()
    async with open_door(pool, clock=clock, permit=permits.signal) as made:
        yield made


async def stopped(board: SwitchBoard, level: Stop) -> None:
    await board.set(lambda state: replace(state, stop=level, stop_reason="drill"))


async def maintained(board: SwitchBoard, seconds: int) -> None:
    def edit(state: SystemState) -> SystemState:
        until_ns = board.clock.now_ns() + seconds * 10**9 if seconds else 0
        return replace(state, maintenance=True, maintenance_until_ns=until_ns)

    await board.set(edit)


def told(reply: Reply) -> tuple[int, str, str | None]:
    error = orjson.loads(reply.body)["error"]
    return reply.status, error["code"], dict(reply.headers).get("retry-after")


async def test_a_stop_of_opens_sends_opens_away_and_takes_closes(
    bench: DoorBench, board: SwitchBoard
) -> None:
    await stopped(board, Stop.OPENS)
    assert told(await bench.deliver("msg_00000001", OPEN)) == (503, "E-STOPPED", "30")
    assert await bench.stored() == 0
    assert bench.sink.keys == []
    assert (await bench.send("msg_00000002", CLOSE))[0] == 202


async def test_a_stop_of_all_sends_everything_away(bench: DoorBench, board: SwitchBoard) -> None:
    await stopped(board, Stop.ALL)
    for number, body in enumerate((OPEN, CLOSE)):
        assert told(await bench.deliver(f"msg_0000000{number}", body))[:2] == (503, "E-STOPPED")
    assert await bench.stored() == 0


@pytest.mark.parametrize(
    ("seconds", "retry_after"), [(1_800, "1800"), (7_200, "3600"), (0, "30"), (2, "5")]
)
async def test_maintenance_tells_when_to_come_again_within_bounds(
    bench: DoorBench, board: SwitchBoard, seconds: int, retry_after: str
) -> None:
    await maintained(board, seconds)
    for number, body in enumerate((OPEN, CLOSE)):
        reply = await bench.deliver(f"msg_0000000{number}", body)
        assert told(reply) == (503, "E-MAINT", retry_after)
    assert await bench.stored() == 0


async def test_maintenance_whose_time_is_up_goes_on(
    bench: DoorBench, board: SwitchBoard, clock: ManualClock
) -> None:
    await maintained(board, 60)
    clock.advance(120 * 10**9)
    assert told(await bench.deliver("msg_00000001", CLOSE)) == (503, "E-MAINT", "5")


async def test_what_was_stored_before_keeps_its_receipt_and_what_is_wrong_its_reason(
    bench: DoorBench, board: SwitchBoard
) -> None:
    status, first = await bench.send("msg_00000001", OPEN)
    assert status == 202
    await stopped(board, Stop.ALL)
    status, again = await bench.send("msg_00000001", OPEN)
    assert (status, again["trace_id"]) == (200, first["trace_id"])
    assert (await bench.send("msg_00000001", CLOSE))[0] == 409
    assert (await bench.send("msg_00000002", {"action": "odd"}))[0] == 400


async def test_each_signal_around_a_stop_is_stored_or_sent_away_never_both(
    bench: DoorBench, board: SwitchBoard
) -> None:
    sending = [asyncio.ensure_future(bench.send(f"msg_{number:08}", OPEN)) for number in range(40)]
    await asyncio.sleep(0)
    await stopped(board, Stop.OPENS)
    sending += [
        asyncio.ensure_future(bench.send(f"msg_{number:08}", OPEN)) for number in range(40, 60)
    ]
    statuses = [status for status, _ in await asyncio.gather(*sending)]
    assert set(statuses[40:]) == {503}
    assert await bench.stored() == statuses.count(202)
