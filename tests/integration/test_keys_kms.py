"""A KMS as the source of keys, on a local server of its protocol.

Only GenerateDataKey and Decrypt are asked for; signing, which that server does wrongly, is not.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiobotocore.session import get_session
from moto.server import ThreadedMotoServer

from tests.fakes.clock import ManualClock
from tests.fakes.keyed import add_secrets, keeper_of, opened
from vanta.domain.errors import ConfigError
from vanta.domain.master_key import format_key, new_key
from vanta.keys.kms import CONTEXT, KmsKeys
from vanta.keys.rotation import Rotation
from vanta.keys.source import TextKeys
from vanta.keys.verification import verify
from vanta.store.master_keys import MasterKeys
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.sealed_rows import SealedRows


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)


@pytest.fixture
async def kms_key(endpoint: str) -> AsyncIterator[str]:
    async with get_session().create_client("kms", endpoint_url=endpoint) as kms:
        yield (await kms.create_key())["KeyMetadata"]["Arn"]


async def test_rows_are_sealed_under_a_data_key_that_only_the_kms_opens(
    pool: Pool, clock: ManualClock, endpoint: str, kms_key: str
) -> None:
    first = keeper_of(pool, clock, KmsKeys(kms_key, endpoint=endpoint))
    await first.open()
    await add_secrets(pool, first.box, 3)
    (row,) = await MasterKeys(pool).all()
    assert (row.source, row.version) == ("kms", 1)
    again = keeper_of(pool, clock, KmsKeys(kms_key, endpoint=endpoint))
    await again.open()
    found = await opened(Providers(pool, again.box))
    assert found == await opened(Providers(pool, first.box))
    assert all(found.values())
    async with get_session().create_client("kms", endpoint_url=endpoint) as kms:
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            await kms.decrypt(CiphertextBlob=row.wrapped, EncryptionContext={**CONTEXT, "a": "b"})


async def test_a_rotation_takes_a_new_data_key(
    pool: Pool, clock: ManualClock, endpoint: str, kms_key: str
) -> None:
    runs, turns = (keeper_of(pool, clock, KmsKeys(kms_key, endpoint=endpoint)) for _ in range(2))
    await runs.open()
    await add_secrets(pool, runs.box, 5)
    before = await opened(Providers(pool, runs.box))
    await turns.open(register=False)
    turn = Rotation(
        pool=pool, keeper=turns, clock=clock, tell=lambda done, total: None, page=2, learn_s=0
    )
    done = await turn.run()
    assert (done.key.source, done.key.version, done.moved, done.broken) == ("kms", 2, 6, ())
    assert await SealedRows(pool).count() == {done.key.id: 6}
    await runs.follow()
    assert await opened(Providers(pool, runs.box)) == before
    assert (await verify(pool, turns)).failed == ()


async def test_a_changed_row_does_not_open_and_does_not_move(
    pool: Pool, clock: ManualClock, endpoint: str, kms_key: str
) -> None:
    keeper = keeper_of(pool, clock, KmsKeys(kms_key, endpoint=endpoint))
    await keeper.open()
    await add_secrets(pool, keeper.box, 2)
    await pool.execute(
        "UPDATE provider_secrets SET secret = substring(secret FROM 1 FOR octet_length(secret) - 1)"
        " WHERE key_id = 'k1'"
    )
    turn = Rotation(pool=pool, keeper=keeper, clock=clock, tell=lambda d, t: None, learn_s=0)
    done = await turn.run()
    assert (done.moved, done.retired) == (2, ())
    assert done.broken == ("provider_secrets.secret 1 k1",)


async def test_refusals_of_the_kms_name_the_setting(
    pool: Pool, clock: ManualClock, endpoint: str, kms_key: str
) -> None:
    async def refused(source: KmsKeys | TextKeys) -> str:
        with pytest.raises(ConfigError) as raised:
            await keeper_of(pool, clock, source).open()
        return str(raised.value)

    assert "VANTA_KMS_KEY_ID: the KMS refuses to make" in await refused(
        KmsKeys("arn:aws:kms:eu-west-1:123456789012:key/none", endpoint=endpoint)
    )
    assert "VANTA_KMS_KEY_ID: cannot make" in await refused(
        KmsKeys(kms_key, endpoint="http://127.0.0.1:1")
    )
    await keeper_of(pool, clock, KmsKeys(kms_key, endpoint=endpoint)).open()
    await pool.execute("UPDATE master_keys SET wrapped = set_byte(wrapped, 60, 0)")
    assert "VANTA_KMS_KEY_ID: the KMS refuses to open" in await refused(
        KmsKeys(kms_key, endpoint=endpoint)
    )
    local = TextKeys(format_key(new_key()), name="VANTA_MASTER_KEY")
    assert "sealed" in await refused(local)
