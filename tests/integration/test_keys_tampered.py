"""Sealed rows that somebody changed: each fails closed, alone, and is told; the door goes on."""

import logging

import pyotp
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.door import open_door
from tests.fakes.keyed import keeper_of
from tests.fakes.signals import KEY_ID, OTHER_SECRET, SECRET, open_body
from vanta import _core
from vanta.control.credentials_desk import CredentialsDesk
from vanta.control.step_up import StepUp
from vanta.domain.master_key import format_key, key_id
from vanta.keys.source import TextKeys
from vanta.metrics import Metrics
from vanta.store.pool import Pool
from vanta.store.sealed import SealedBox, seal
from vanta.store.sealed_rows import PROVIDER_SECRET, SEALED
from vanta.store.users import Users

KEY = bytes(range(32))
THEIRS = "their-1"


class Counted(SealedBox):
    """A box whose failures can be read."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        super().__init__(self.metrics)

    def failures(self, purpose: str) -> float:
        name, labels = "vanta_seal_failures_total", {"purpose": purpose}
        return self.metrics.registry.get_sample_value(name, labels) or 0


@pytest.fixture
async def box(pool: Pool, clock: ManualClock) -> Counted:
    keeper = keeper_of(pool, clock, TextKeys(format_key(KEY), name="VANTA_MASTER_KEY"))
    counted = keeper.box = Counted()
    await keeper.open()
    return counted


def under_an_old_version(secret: bytes) -> bytes:
    """Seal as under a former version of the key, which is no longer given."""
    kek = _core.Kek(KEY, id=key_id(KEY), version=7)
    subject = PROVIDER_SECRET.subject(1, KEY_ID)
    return seal(secret, kek, subject=subject, family="provider", purpose="signal secret")


_SET = f"UPDATE provider_secrets SET secret = %s WHERE key_id = '{KEY_ID}'"
_THEIRS = f"(SELECT secret FROM provider_secrets WHERE key_id = '{THEIRS}')"
_LAST = "octet_length(secret) - 1"


def _flip(byte: str) -> str:
    return _SET % f"set_bit(secret, 8 * ({byte}), 1 - get_bit(secret, 8 * ({byte})))"


DAMAGE = {
    "another provider's": _SET % _THEIRS,
    "swapped": (
        "UPDATE provider_secrets a SET secret = b.secret FROM provider_secrets b "
        f"WHERE (a.key_id, b.key_id) IN (('{KEY_ID}', '{THEIRS}'), ('{THEIRS}', '{KEY_ID}'))"
    ),
    "an old version": _SET % f"'\\x{under_an_old_version(SECRET).hex()}'",
    "a tag cut short": _SET % f"substring(secret FROM 1 FOR {_LAST})",
    "a flipped bit of the tag": _flip(_LAST),
    "a flipped bit of the secret": _flip("110"),
    "a flipped bit of the data key": _flip("50"),
    "a flipped bit of the key's name": _flip("5"),
    "another format": _SET % "set_byte(secret, 0, 2)",
    "noise": _SET % "sha256(secret) || sha256(secret) || sha256(secret)",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_changed_secret_signs_nothing_and_the_others_go_on(
    pool: Pool, box: Counted, clock: ManualClock, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    async with open_door(pool, clock=clock, envelope=box) as bench:
        other = await bench.providers.create("other")
        await bench.providers.add_key(other, THEIRS, OTHER_SECRET, 1)
        fine = await bench.providers.create("fine")
        await bench.providers.add_key(fine, "fine-1", OTHER_SECRET, 1)
        await bench.keys.refresh()
        assert (await bench.send("sig_before_1", open_body()))[0] == 202
        await pool.execute(DAMAGE[damage])
        with caplog.at_level(logging.ERROR):
            for _ in range(3):  # the book of keys reads every second
                await bench.keys.refresh()
        for secret in (SECRET, OTHER_SECRET):
            assert (await bench.send("sig_after_01", open_body(), secret=secret))[0] == 401
        answered = await bench.send(
            "sig_other_01", open_body(), secret=OTHER_SECRET, key_id="fine-1"
        )
        assert answered[0] == 202
        broken = 2 if damage == "swapped" else 1
        alarms = [r for r in caplog.records if r.getMessage() == "seal.failed"]
        assert len(alarms) == broken
        assert box.failures("signal secret") == 3 * broken
        assert SECRET.hex() not in caplog.text


async def test_an_earlier_secret_of_the_same_key_does_not_come_back(
    pool: Pool, box: Counted, clock: ManualClock
) -> None:
    """A record is bound to its row: moved into the row of the newer secret it does not open."""
    async with open_door(pool, clock=clock, envelope=box) as bench:
        await bench.providers.rotate(
            bench.provider_id, KEY_ID, OTHER_SECRET, now_ns=1, old_until_ns=2
        )
        await pool.execute(
            "UPDATE provider_secrets SET secret = (SELECT secret FROM provider_secrets "
            "ORDER BY id LIMIT 1)"
        )
        await bench.keys.refresh()
        assert (await bench.send("sig_after_01", open_body()))[0] == 401


async def test_codes_swapped_between_two_people_open_for_neither(
    pool: Pool, box: Counted, clock: ManualClock
) -> None:
    step_up = StepUp(pool=pool, clock=clock, session_s=600, envelope=box)
    desk = CredentialsDesk(step_up)
    users = Users(pool)
    made = [await users.create(name, "trader", n, now_ns=1) for n, name in enumerate("ab", 1)]
    codes = []
    for user in made:
        secret = (await step_up.begin_totp(user.id)).secret
        now_s = clock.now_ns() // 10**9
        assert (await step_up.confirm_totp(user.id, pyotp.TOTP(secret).at(now_s))).done
        codes.append(pyotp.TOTP(secret).at(now_s + 30))
    await pool.execute(
        "UPDATE credentials a SET totp = b.totp FROM credentials b WHERE a.user_id <> b.user_id"
    )
    for user in made:
        for code in codes:
            reply = await desk.prove(user.id, code=code)
            assert [why.code for why in reply.reasons] == ["E-STEPUP"]
            assert "cannot be read" in reply.title
        assert not await step_up.is_fresh(user.id)
    assert box.failures("totp") == 4


async def test_every_sealed_column_is_known_to_rotation_and_refuses_retired_keys(
    pool: Pool,
) -> None:
    """A column that is filled through the envelope must be listed, or a rotation loses it."""
    listed = {(place.table, place.column) for place in SEALED}
    guarded = await pool.fetch(
        "SELECT event_object_table AS t, event_object_column AS c "
        "FROM information_schema.triggered_update_columns"
    )
    assert {(row["t"], row["c"]) for row in guarded} == listed
