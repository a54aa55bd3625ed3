"""What a start makes of the configured key and of the database's record of keys."""

import asyncio
import importlib
import logging
from pathlib import Path

import asyncpg
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.keyed import add_secrets, file_source, keeper_of, key_file, opened, secret
from tests.fakes.sleeper import eventually
from vanta.domain.errors import ConfigError, SealError
from vanta.domain.master_key import format_key, new_key
from vanta.keys.configured import source_to_start
from vanta.keys.keeper import PEPPER
from vanta.keys.plain import seal_plain
from vanta.keys.source import RawKey, TextKeys, write_keys
from vanta.keys.verification import verify
from vanta.settings import Settings
from vanta.store.audit import Audit
from vanta.store.master_keys import MasterKeys
from vanta.store.migrate import migrate
from vanta.store.pool import Pool, open_pool
from vanta.store.providers import Providers
from vanta.store.sealed_rows import SealedRows

OLD, NEW = RawKey(key=new_key()), RawKey(key=new_key())


def text_source(*keys: RawKey) -> TextKeys:
    return TextKeys(",".join(format_key(raw.key) for raw in keys), name="VANTA_MASTER_KEY")


async def test_the_first_start_writes_its_key_down_and_the_next_opens_with_it(
    pool: Pool, clock: ManualClock
) -> None:
    first = keeper_of(pool, clock, text_source(OLD))
    await first.open()
    await add_secrets(pool, first.box, 3)
    again = keeper_of(pool, clock, text_source(OLD))
    await again.open()
    assert await opened(Providers(pool, again.box)) == {f"k{n}": [secret(n)] for n in (1, 2, 3)}
    (row,) = await MasterKeys(pool).all()
    assert (row.id, row.version, row.source, row.retired_ns) == (OLD.id, 1, "local", 0)
    acts = await Audit(pool).recent(9)
    assert [(act.action, act.object) for act in acts] == [("key.register", OLD.id)]


async def test_another_key_is_refused_by_name(pool: Pool, clock: ManualClock) -> None:
    await keeper_of(pool, clock, text_source(OLD)).open()
    wrong = keeper_of(pool, clock, text_source(NEW))
    with pytest.raises(ConfigError, match="VANTA_MASTER_KEY is another key") as raised:
        await wrong.open()
    assert OLD.id in str(raised.value)
    assert format_key(NEW.key) not in str(raised.value)
    assert len(await MasterKeys(pool).all()) == 1


async def test_a_new_key_before_the_present_one_is_taken_up(pool: Pool, clock: ManualClock) -> None:
    first = keeper_of(pool, clock, text_source(OLD))
    await first.open()
    await add_secrets(pool, first.box, 1)
    both = keeper_of(pool, clock, text_source(NEW, OLD))
    await both.open()
    await add_secrets(pool, both.box, 2)  # the first is there and stays under its key
    assert await SealedRows(pool).count() == {OLD.id: 2, NEW.id: 1}
    with pytest.raises(ConfigError, match=f"does not hold the key {OLD.id}"):
        await keeper_of(pool, clock, text_source(NEW)).open()
    assert len(await opened(Providers(pool, both.box))) == 2


async def test_a_retired_key_does_not_come_back(pool: Pool, clock: ManualClock) -> None:
    keeper = keeper_of(pool, clock, text_source(NEW, OLD))
    await keeper_of(pool, clock, text_source(OLD)).open()
    await keeper.open()
    async with pool.acquire() as conn:
        await MasterKeys(pool).retire(conn, OLD.id, 9)
    with pytest.raises(ConfigError, match="was retired"):
        await keeper_of(pool, clock, text_source(OLD, NEW)).open()


async def test_nothing_is_written_under_a_retired_key(pool: Pool, clock: ManualClock) -> None:
    late = keeper_of(pool, clock, text_source(OLD))
    await late.open()
    await keeper_of(pool, clock, text_source(NEW, OLD)).open()
    async with pool.acquire() as conn:
        await MasterKeys(pool).retire(conn, OLD.id, 9)
    with pytest.raises(asyncpg.CheckViolationError, match="retired key"):
        await add_secrets(pool, late.box, 1)
    assert await Providers(pool, late.box).all_keys() == []


async def test_a_record_of_keys_that_was_emptied_is_damage(pool: Pool, clock: ManualClock) -> None:
    await keeper_of(pool, clock, text_source(OLD)).open()
    await pool.execute("DELETE FROM master_keys")
    with pytest.raises(ConfigError, match="no record of keys"):
        await keeper_of(pool, clock, text_source(OLD)).open()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE master_keys SET proof = set_byte(proof, octet_length(proof) - 1, 0)", "proof"),
        ("UPDATE master_keys SET version = 2", "proof"),
        ("UPDATE master_keys SET source = 'kms', wrapped = 'x'", "under the kms key"),
        ("UPDATE sealed_values SET value = set_byte(value, 100, 0)", PEPPER),
    ],
)
async def test_a_changed_record_refuses_to_start(
    pool: Pool, clock: ManualClock, damage: str, named: str
) -> None:
    await keeper_of(pool, clock, text_source(OLD)).open()
    await pool.execute(damage)
    with pytest.raises(ConfigError, match=named):
        await keeper_of(pool, clock, text_source(OLD)).open()


async def test_open_secrets_of_an_earlier_version_are_sealed_once(
    pool: Pool, clock: ManualClock
) -> None:
    await pool.execute("INSERT INTO providers (name, created_ns) VALUES ('p', 1)")
    key = "INSERT INTO provider_keys (key_id, provider_id, created_ns) VALUES ('k', 1, 1)"
    await pool.execute(key)
    plain = "INSERT INTO provider_secrets (key_id, secret, created_ns) VALUES ('k', $1, 1)"
    for number in (1, 2):
        await pool.execute(plain, secret(number))
    keeper = keeper_of(pool, clock, text_source(OLD))
    await keeper.open()
    providers = Providers(pool, keeper.box)
    assert await opened(providers) == {"k": []}  # an open one is never taken
    await providers.seal_secret(1)  # killed after the first
    assert [await seal_plain(keeper, providers) for _ in range(2)] == [1, 0]
    assert await opened(providers) == {"k": [secret(2), secret(1)]}
    kept = b"".join(
        row["secret"] for row in await pool.fetch("SELECT secret FROM provider_secrets")
    )
    assert secret(1) not in kept
    assert secret(2) not in kept


async def test_the_same_secret_twice_is_one_row_whoever_adds_it(
    pool: Pool, clock: ManualClock
) -> None:
    for source in (text_source(OLD), text_source(OLD), text_source(NEW, OLD)):
        keeper = keeper_of(pool, clock, source)
        await keeper.open()
        await add_secrets(pool, keeper.box, 1)
    assert await pool.fetchval("SELECT count(*) FROM provider_secrets") == 1


async def test_a_running_process_learns_a_key_from_its_file(
    pool: Pool, clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = key_file(tmp_path, OLD)
    runs, turns = (keeper_of(pool, clock, file_source(path)) for _ in range(2))
    await runs.open()
    write_keys(path, (NEW, OLD))
    await turns.open()
    providers = await add_secrets(pool, turns.box, 1)
    with caplog.at_level(logging.ERROR), pytest.raises(SealError):
        record = await pool.fetchval("SELECT secret FROM provider_secrets")
        runs.box.unseal(record, subject=b"?", family="?", purpose="?")
    assert runs.box.unknown.is_set()
    await runs.follow()
    assert runs.box.key_ids == {NEW.id, OLD.id}
    assert await opened(Providers(pool, runs.box)) == await opened(providers)


async def test_only_a_sandbox_without_sealed_rows_makes_a_key(
    pool: Pool, clock: ManualClock, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(ConfigError, match="no master key is configured"):
        await source_to_start(settings, pool, sandbox=False)
    source, made = await source_to_start(settings, pool, sandbox=True)
    assert made == str(tmp_path / "keys" / "master.key")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    await keeper_of(pool, clock, source).open()
    assert (await source_to_start(settings, pool, sandbox=True))[1] == ""
    Path(made).rename(tmp_path / "lost")
    with pytest.raises(ConfigError, match="is gone, and the database is sealed under it"):
        await source_to_start(settings, pool, sandbox=True)
    assert not Path(made).exists()


async def test_a_process_that_follows_takes_up_a_key_as_soon_as_a_row_names_it(
    pool: Pool, clock: ManualClock, tmp_path: Path
) -> None:
    path = key_file(tmp_path, OLD)
    runs, turns = (keeper_of(pool, clock, file_source(path)) for _ in range(2))
    await runs.open()
    following = asyncio.create_task(runs.run())
    try:
        write_keys(path, (NEW, OLD))
        await turns.open()
        await eventually(lambda: runs.box.key_ids == {NEW.id, OLD.id})
        async with pool.acquire() as conn:
            await MasterKeys(pool).retire(conn, OLD.id, 9)
        path.unlink()  # what is held needs no file
        await eventually(lambda: runs.box.key_ids == {NEW.id})
        assert not following.done()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_database_of_an_earlier_version_is_brought_up_and_sealed(
    empty_dsn: str, clock: ManualClock
) -> None:
    first = importlib.import_module("vanta.store.migrations.versions.0001_first_tables")
    conn = await asyncpg.connect(empty_dsn)
    for statement in first.STATEMENTS:
        await conn.execute(statement)
    await conn.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    await conn.execute("INSERT INTO alembic_version VALUES ('0001')")
    await conn.execute("INSERT INTO providers (name, created_ns) VALUES ('p', 1)")
    key = "INSERT INTO provider_keys (key_id, provider_id, created_ns) VALUES ('k', 1, 1)"
    await conn.execute(key)
    plain = "INSERT INTO provider_secrets (key_id, secret, created_ns) VALUES ('k', $1, 1)"
    for each in (secret(1), bytes(24), b"x" * 64):
        await conn.execute(plain, each)
    await conn.close()
    await migrate(empty_dsn)
    pool = await open_pool(empty_dsn, min_size=1, max_size=2)
    try:
        keeper = keeper_of(pool, clock, text_source(OLD))
        await keeper.open()
        providers = Providers(pool, keeper.box)
        assert await seal_plain(keeper, providers) == 3
        assert await opened(providers) == {"k": [b"x" * 64, bytes(24), secret(1)]}
        assert (await verify(pool, keeper)).failed == ()
    finally:
        await pool.close()
