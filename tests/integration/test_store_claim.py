"""One engine a database: a second one refuses, and one that lost its claim knows it."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.sleeper import eventually, running
from vanta.domain.errors import ConfigError
from vanta.store.claim import LOCK, Claim


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


def claim(dsn: str, clock: ManualClock, on_lost: Callable[[], None] = lambda: None) -> Claim:
    return Claim(dsn, clock=clock, on_lost=on_lost, sleep=no_wait)


async def cut(dsn: str) -> None:
    """End the session that holds the lock, as a server's restart or a broken line does."""
    conn = await asyncpg.connect(dsn)
    try:
        ended = await conn.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks l"
            " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
            " WHERE locktype = 'advisory' AND objid = $1 AND granted",
            LOCK,
        )
        assert [row[0] for row in ended] == [True]
    finally:
        await conn.close()


async def test_a_second_engine_refuses_to_start(database_dsn: str, clock: ManualClock) -> None:
    first, second = claim(database_dsn, clock), claim(database_dsn, clock)
    await first.take()
    with pytest.raises(ConfigError, match=r"another Vanta \(pid \d+ on .+\) trades on this"):
        await second.take()
    assert first.is_held()
    assert not second.is_held()
    await first.release()
    assert not first.is_held()
    await second.take()
    assert second.is_held()
    await second.release()


async def test_of_several_that_start_at_once_one_trades(
    database_dsn: str, clock: ManualClock
) -> None:
    claims = [claim(database_dsn, clock) for _ in range(5)]
    ends = await asyncio.gather(*(c.take() for c in claims), return_exceptions=True)
    assert sum(end is None for end in ends) == 1
    assert sum(c.is_held() for c in claims) == 1
    for one in claims:
        await one.release()


async def test_a_lost_connection_ends_new_risk_until_it_is_back(
    database_dsn: str, clock: ManualClock
) -> None:
    lost: list[bool] = []
    mine = claim(database_dsn, clock, lambda: lost.append(True))
    await mine.take()
    await cut(database_dsn)
    await eventually(lambda: not mine.is_held())
    async with running(mine.keep()) as keeping:
        await eventually(mine.is_held, keeping)
    assert lost == []
    mine.check()
    with pytest.raises(ConfigError):  # regained means locked again
        await claim(database_dsn, clock).take()
    await mine.release()


@pytest.mark.parametrize("still_there", [True, False])
async def test_another_engine_in_between_ends_the_first(
    database_dsn: str, clock: ManualClock, still_there: bool
) -> None:
    lost: list[bool] = []
    mine, other = claim(database_dsn, clock, lambda: lost.append(True)), claim(database_dsn, clock)
    await mine.take()
    await cut(database_dsn)
    await other.take()
    if not still_there:
        await other.release()  # its trades are not in our memory all the same
    async with running(mine.keep()) as keeping:
        await eventually(lambda: lost, keeping)
    assert lost == [True]
    assert not mine.is_held()
    with pytest.raises(ConfigError, match="another Vanta"):
        mine.check()
    await other.release()


async def test_a_session_the_server_still_counts_is_waited_for(
    database_dsn: str, clock: ManualClock
) -> None:
    """The line broke but the server has not noticed: nobody else traded, so nothing is lost."""
    looks: list[float] = []

    async def count(seconds: float) -> None:
        looks.append(seconds)
        await asyncio.sleep(0)

    mine = Claim(database_dsn, clock=clock, on_lost=lambda: None, sleep=count)
    await mine.take()
    zombie, mine._conn = mine._conn, None
    assert zombie is not None
    async with running(mine.keep()) as keeping:
        await eventually(lambda: len(looks) > 5, keeping)
        assert not mine.is_held()
        assert not mine.lost_to
        zombie.terminate()
        await eventually(mine.is_held, keeping)
    await mine.release()
