"""Rotation: every row moves, nothing is lost, and the old key goes only when no row names it."""

import asyncio
from pathlib import Path

import asyncpg
import pyotp
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.keyed import add_secrets, file_source, keeper_of, key_file, opened, secret
from vanta.control.step_up import StepUp
from vanta.domain.errors import ConfigError
from vanta.domain.master_key import format_key, new_key
from vanta.keys.keeper import KeyKeeper
from vanta.keys.rotation import Rotated, Rotation
from vanta.keys.source import RawKey, TextKeys
from vanta.keys.verification import verify
from vanta.store.audit import Audit
from vanta.store.master_keys import ROTATION_LOCK, MasterKeys
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.sealed_rows import PROVIDER_SECRET, SealedRows
from vanta.store.users import Users

ROWS = 12


class Told:
    """What the progress said."""

    def __init__(self) -> None:
        self.pages: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.pages.append((done, total))


async def rotate(
    pool: Pool, clock: ManualClock, keeper: KeyKeeper, told: Told | None = None
) -> Rotated:
    return await Rotation(
        pool=pool, keeper=keeper, clock=clock, tell=told or Told(), page=5, learn_s=0
    ).run()


@pytest.fixture
async def runs(pool: Pool, clock: ManualClock, tmp_path: Path) -> KeyKeeper:
    """The keys of a running process, with rows under them."""
    keeper = keeper_of(pool, clock, file_source(key_file(tmp_path)))
    await keeper.open()
    await add_secrets(pool, keeper.box, ROWS)
    return keeper


@pytest.fixture
async def operator(pool: Pool, clock: ManualClock, runs: KeyKeeper) -> KeyKeeper:
    keeper = keeper_of(pool, clock, runs.source)
    await keeper.open(register=False)
    return keeper


async def test_every_row_moves_and_opens_and_the_old_key_is_retired(
    pool: Pool, clock: ManualClock, runs: KeyKeeper, operator: KeyKeeper
) -> None:
    (before,) = await operator.active()
    told = Told()
    done = await rotate(pool, clock, operator, told)
    assert (done.moved, done.retired, done.broken) == (ROWS + 1, (before.id,), ())
    assert (done.key.version, told.pages[-1]) == (2, (ROWS + 1, ROWS + 1))
    assert told.pages == sorted(told.pages)
    assert await SealedRows(pool).count() == {done.key.id: ROWS + 1}
    assert await opened(Providers(pool, operator.box)) == {
        f"k{n}": [secret(n)] for n in range(1, ROWS + 1)
    }
    await runs.follow()
    assert runs.box.key_ids == {done.key.id}
    assert len(await opened(Providers(pool, runs.box))) == ROWS
    acts = [(act.action, act.object) for act in await Audit(pool).recent(9)]
    assert set(acts) == {
        ("key.register", before.id),
        ("key.rotate.begin", done.key.id),
        ("key.register", done.key.id),
        ("key.retire", before.id),
        ("key.rotate.end", done.key.id),
    }
    again = await rotate(pool, clock, operator)
    assert (again.key.version, again.moved) == (3, ROWS + 1)


async def test_rows_written_meanwhile_under_the_old_key_are_moved_or_refused(
    pool: Pool, clock: ManualClock, runs: KeyKeeper, operator: KeyKeeper
) -> None:
    """The running process has not seen the new key yet and keeps sealing under the old one."""
    providers = Providers(pool, runs.box)
    owner = await providers.create("late", now_ns=1)
    writes: list[asyncio.Task[None]] = []

    def write(done: int, total: int) -> None:
        if len(writes) == 2 * ROWS:
            return
        key_id = f"late-{len(writes)}"
        writes.append(asyncio.ensure_future(providers.add_key(owner, key_id, secret(99), 1)))

    turn = Rotation(pool=pool, keeper=operator, clock=clock, tell=write, page=1, learn_s=0)
    done = await turn.run()
    ends = await asyncio.gather(*writes, return_exceptions=True)
    refused = [end for end in ends if end is not None]
    assert all(isinstance(end, asyncpg.CheckViolationError) for end in refused), refused
    written = len(ends) - len(refused)
    assert written > 0
    assert done.broken == ()
    assert await SealedRows(pool).count() == {done.key.id: ROWS + 1 + written}
    assert len(await opened(Providers(pool, operator.box))) == ROWS + written


async def test_a_row_that_changed_meanwhile_keeps_its_change(
    pool: Pool, runs: KeyKeeper, operator: KeyKeeper
) -> None:
    rows = SealedRows(pool)
    (row,) = await rows.page(PROVIDER_SECRET, after=None, limit=1)
    async with pool.acquire() as conn:
        assert await rows.replace(conn, row, row.record + b"1")
        assert not await rows.replace(conn, row, row.record + b"2")


async def test_a_row_that_does_not_open_stays_and_keeps_its_key(
    pool: Pool, clock: ManualClock, operator: KeyKeeper
) -> None:
    (before,) = await operator.active()
    # Byte 30 is within the wrapped data key.
    await pool.execute(
        "UPDATE provider_secrets SET secret = set_byte(secret, 30, 255 - get_byte(secret, 30)) "
        "WHERE key_id = 'k3'"
    )
    done = await rotate(pool, clock, operator)
    assert (done.moved, done.retired) == (ROWS, ())
    assert done.broken == ("provider_secrets.secret 3 k3",)
    assert {row.id for row in await operator.active()} == {before.id, done.key.id}
    assert len(await opened(Providers(pool, operator.box))) == ROWS
    again = await rotate(pool, clock, operator)
    assert (again.key.id, again.moved, again.broken) == (done.key.id, 0, done.broken)


async def test_two_rotations_do_not_run_at_once(
    pool: Pool, clock: ManualClock, operator: KeyKeeper
) -> None:
    async with pool.acquire() as conn:
        await conn.execute("SELECT pg_advisory_lock($1)", ROTATION_LOCK)
        with pytest.raises(ConfigError, match="another rotation"):
            await rotate(pool, clock, operator)
        await conn.execute("SELECT pg_advisory_unlock($1)", ROTATION_LOCK)
    assert len(await MasterKeys(pool).all()) == 1


async def test_of_two_rotations_begun_together_one_works(
    pool: Pool, clock: ManualClock, operator: KeyKeeper
) -> None:
    ends = await asyncio.gather(
        *(rotate(pool, clock, operator) for _ in range(2)), return_exceptions=True
    )
    assert {type(end) for end in ends} == {Rotated, ConfigError}
    assert len(await MasterKeys(pool).all()) == 2


@pytest.mark.parametrize("starts", [False, True], ids=["rotated again", "started between"])
async def test_a_key_that_a_killed_rotation_only_wrote_to_the_file_is_the_one_taken(
    pool: Pool, clock: ManualClock, tmp_path: Path, operator: KeyKeeper, starts: bool
) -> None:
    made = await operator.source.make()  # and killed before the record knew of it
    if starts:
        await keeper_of(pool, clock, operator.source).open()
    done = await rotate(pool, clock, operator)
    assert (done.key.id, done.moved, len(done.retired)) == (made.id, ROWS + 1, 1)
    assert len((tmp_path / "master.key").read_text().split()) == 2


async def test_keys_of_a_setting_rotate_once_the_running_process_has_both(
    pool: Pool, clock: ManualClock
) -> None:
    old, new = RawKey(key=new_key()), RawKey(key=new_key())

    def source(*keys: RawKey) -> TextKeys:
        return TextKeys(",".join(format_key(k.key) for k in keys), name="VANTA_MASTER_KEY")

    first = keeper_of(pool, clock, source(old))
    await first.open()
    await add_secrets(pool, first.box, ROWS)
    for keys, refusal in (((old,), "holds no new key"), ((new, old), "restart Vanta with it")):
        operator = keeper_of(pool, clock, source(*keys))
        await operator.open(register=False)
        with pytest.raises(ConfigError, match=refusal):
            await rotate(pool, clock, operator)
    await keeper_of(pool, clock, source(new, old)).open()  # the restart
    operator = keeper_of(pool, clock, source(new, old))
    await operator.open(register=False)
    done = await rotate(pool, clock, operator)
    assert (done.key.id, done.retired) == (new.id, (old.id,))
    only = keeper_of(pool, clock, source(new))
    await only.open()
    assert len(await opened(Providers(pool, only.box))) == ROWS


async def test_verify_counts_per_key_and_names_what_does_not_open(
    pool: Pool, clock: ManualClock, operator: KeyKeeper
) -> None:
    found = await verify(pool, operator)
    assert [(key.version, key.rows) for key in found.keys] == [(1, ROWS + 1)]
    assert found.failed == ()
    await pool.execute(
        "UPDATE provider_secrets a SET secret = b.secret FROM provider_secrets b "
        "WHERE a.key_id = 'k1' AND b.key_id = 'k2'"
    )
    await pool.execute(
        "INSERT INTO provider_secrets (key_id, secret, created_ns) VALUES ('k2', $1, 1)", secret(9)
    )
    found = await verify(pool, operator)
    assert [key.rows for key in found.keys] == [ROWS]
    first, second = found.failed
    assert first.startswith("provider_secrets.secret 1 k1: ")
    assert second.startswith("provider_secrets.secret 13 k2: is not sealed")
    assert secret(9).hex() not in second


async def test_codes_of_people_move_too_confirmed_or_not(
    pool: Pool, clock: ManualClock, runs: KeyKeeper, operator: KeyKeeper
) -> None:
    step_up = StepUp(pool=pool, clock=clock, session_s=600, envelope=runs.box)
    users = [await Users(pool).create(name, "trader", None, now_ns=1) for name in "ab"]
    secrets = [(await step_up.begin_totp(user.id)).secret for user in users]

    def code(number: int, ahead_s: int = 0) -> str:
        return pyotp.TOTP(secrets[number]).at(clock.now_ns() // 10**9 + ahead_s)

    assert (await step_up.confirm_totp(users[0].id, code(0))).done
    done = await rotate(pool, clock, operator)
    assert (done.moved, done.broken) == (ROWS + 3, ())
    later = StepUp(pool=pool, clock=clock, session_s=600, envelope=operator.box)
    assert (await later.prove(users[0].id, code=code(0, 30))).ok
    assert (await later.confirm_totp(users[1].id, code(1))).done
