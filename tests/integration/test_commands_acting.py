"""Commands that change something: what they ask for first, what they do, and what is on record."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import PIN, ControlWorld, control_world
from vanta.domain.command import Need, Reply
from vanta.domain.enums import Mode
from vanta.domain.errors import InputError
from vanta.domain.policy import User
from vanta.domain.system import Stop
from vanta.domain.units import E10
from vanta.store.pool import Pool

MINUTE_NS = 60 * 10**9


@pytest.fixture
async def world(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlWorld]:
    async with control_world(pool, clock, redis, tmp_path) as made:
        yield made


@pytest.fixture
async def boss(world: ControlWorld) -> User:
    """A super admin whose proof counts."""
    return await world.proved(await world.person("super_admin"))


def codes(reply: Reply) -> list[str]:
    return [reason.code for reason in reply.reasons]


def stop(world: ControlWorld) -> Stop:
    return world.trading.switches.state.stop


# --- what is asked first ----------------------------------------------------------------------

WITHOUT_PROOF = {
    "emergency_stop": Need.CONFIRM,
    "emergency_stop all": Need.STEP_UP,
    "emergency_resume": Need.STEP_UP,
    "maintenance_mode on": Need.STEP_UP,
    "maintenance_mode off": Need.STEP_UP,
    "execution_mode LIVE": Need.STEP_UP,
    "execution_mode DRY": Need.NOTHING,
    "mode live": Need.STEP_UP,
    "mode dry": Need.NOTHING,
    "setrisk max_leverage 60x": Need.STEP_UP,
    "setrisk max_leverage 40x": Need.NOTHING,
    "set_limit max_leverage 90x": Need.STEP_UP,
    "roles 1 viewer": Need.STEP_UP,
    "reset_pin 1": Need.STEP_UP,
    "agree 1": Need.STEP_UP,
    "pause": Need.NOTHING,
    "resume": Need.STEP_UP,
    "approve 1": Need.NOTHING,
    "block 1": Need.NOTHING,
    "unblock 1": Need.NOTHING,
    "lock": Need.NOTHING,
}
WITH_PROOF = {
    "emergency_stop all": Need.CONFIRM,
    "emergency_resume": Need.CONFIRM,
    "execution_mode LIVE": Need.WORD,
    "mode live": Need.WORD,
    "set_limit max_leverage 90x": Need.NOTHING,
    "maintenance_mode on": Need.NOTHING,
    "roles 1 super_admin": Need.NOTHING,
    "reset_pin 1": Need.CONFIRM,
}


@pytest.mark.parametrize("text", WITHOUT_PROOF)
async def test_what_each_asks_of_who_proved_nothing(world: ControlWorld, text: str) -> None:
    await world.person("trader")
    user = await world.person("super_admin")
    assert (await world.run(user, text)).need is WITHOUT_PROOF[text]


@pytest.mark.parametrize("text", WITH_PROOF)
async def test_what_each_asks_then(world: ControlWorld, boss: User, text: str) -> None:
    assert (await world.run(boss, text)).need is WITH_PROOF[text]


# --- stop and resume --------------------------------------------------------------------------


async def test_a_stop_says_what_it_does_and_waits_for_a_yes(
    world: ControlWorld, boss: User
) -> None:
    asked = await world.run(boss, "emergency_stop a bad feeling")
    assert (asked.need, stop(world)) == (Need.CONFIRM, Stop.NONE)
    assert any("closing signals" in line or "Closing" in line for line in asked.lines)
    done = await world.run(boss, "emergency_stop a bad feeling", token=asked.token)
    assert done.done
    assert stop(world) is Stop.OPENS
    assert world.trading.switches.state.stop_reason == "a bad feeling"
    status = await world.run(boss, "system_status")
    assert any("Emergency stop (opens)" in line and "bad feeling" in line for line in status.lines)


async def test_a_yes_counts_once_for_these_words_and_a_minute(
    world: ControlWorld, boss: User
) -> None:
    asked = await world.run(boss, "emergency_stop one")
    for other in ("emergency_stop two", "emergency_stop all one"):
        assert not (await world.run(boss, other, token=asked.token)).done
    assert stop(world) is Stop.NONE
    other = await world.proved(await world.person("super_admin", name="other"))
    assert not (await world.run(other, "emergency_stop one", token=asked.token)).done
    fresh = await world.run(boss, "emergency_stop one")
    world.clock.advance(MINUTE_NS + 1)
    assert codes(await world.run(boss, "emergency_stop one", token=fresh.token)) == ["E-EXPIRED"]
    assert stop(world) is Stop.NONE
    used = await world.run(boss, "emergency_stop one")
    assert (await world.run(boss, "emergency_stop one", token=used.token)).done
    assert codes(await world.run(boss, "emergency_stop one", token=used.token)) == ["E-EXPIRED"]


async def test_to_stop_all_needs_a_proof_and_warns_about_closing(
    world: ControlWorld, boss: User
) -> None:
    await world.run(boss, "lock")
    assert (await world.run(boss, "emergency_stop all")).need is Need.STEP_UP
    assert (await world.run(boss, "emergency_stop")).need is Need.CONFIRM  # the usual one is quick
    await world.control.rights.step_up.prove(boss.id, pin=PIN)
    asked = await world.run(boss, "emergency_stop all")
    assert any("closing is blocked" in line for line in asked.lines)
    assert (await world.run(boss, "emergency_stop all", token=asked.token)).done
    assert stop(world) is Stop.ALL


async def test_resume_leads_to_dry(world: ControlWorld, boss: User) -> None:
    await world.confirmed(boss, "emergency_stop")
    reply = await world.confirmed(boss, "emergency_resume")
    assert reply.done
    assert (stop(world), world.trading.switches.state.mode) == (Stop.NONE, Mode.DRY)
    await world.run(boss, "lock")
    assert (await world.run(boss, "emergency_resume")).need is Need.STEP_UP
    done = [act for _, act, _ in await world.acts()]
    assert done.index("system.stop") < done.index("system.resume")


# --- modes ------------------------------------------------------------------------------------


async def test_live_asks_for_proof_and_word_and_is_refused_here(
    world: ControlWorld, boss: User
) -> None:
    asked = await world.run(boss, "execution_mode LIVE")
    assert (asked.need, asked.word) == (Need.WORD, "LIVE")
    assert len(asked.lines) >= 3  # what would become real
    wrong = await world.run(boss, "execution_mode LIVE", token=asked.token, word="live")
    assert (wrong.need, codes(wrong)) == (Need.WORD, ["E-ARG"])
    reply = await world.run(boss, "execution_mode LIVE", token=wrong.token, word="LIVE")
    assert codes(reply) == ["E-MODE"]  # this build only simulates
    assert world.trading.switches.state.mode is Mode.DRY
    await world.run(boss, "lock")
    assert (await world.run(boss, "execution_mode live")).need is Need.STEP_UP


async def test_to_dry_is_at_once(world: ControlWorld) -> None:
    admin = await world.person("admin")  # who never set a PIN
    assert (await world.run(admin, "execution_mode dry")).done
    assert (await world.run(admin, "mode dry")).done


async def test_ones_own_wish_for_live(world: ControlWorld, boss: User) -> None:
    asked = await world.run(boss, "mode live")
    assert asked.need is Need.WORD
    reply = await world.run(boss, "mode live", token=asked.token, word="LIVE")
    assert reply.done
    assert (await world.stores.users.get(boss.id)).mode == "LIVE"
    assert reply.data["effective"] == "DRY"


async def test_maintenance(world: ControlWorld, boss: User) -> None:
    reply = await world.run(boss, "maintenance_mode on 15 a new database")
    assert reply.done
    state = world.trading.switches.state
    assert (state.maintenance, state.maintenance_text) == (True, "a new database")
    assert state.maintenance_until_ns == world.clock.now_ns() + 15 * MINUTE_NS
    assert (await world.run(boss, "maintenance_mode off")).done
    assert not world.trading.switches.state.maintenance
    assert (await world.run(boss, "maintenance_mode on 15th of May")).done  # a text, no minutes
    assert world.trading.switches.state.maintenance_text == "15th of May"


# --- limits -----------------------------------------------------------------------------------


async def test_tighter_at_once_looser_with_proof_and_later(world: ControlWorld) -> None:
    user = await world.person("trader")
    assert (await world.run(user, "setrisk max_leverage 20x")).done
    assert world.trading.book.policy(user.id).max_leverage_e10 == 20 * E10
    assert (await world.run(user, "setrisk max_leverage 30x")).need is Need.STEP_UP
    await world.proved(user)
    waits = await world.run(user, "setrisk max_leverage 30 x")
    assert waits.done
    assert waits.data["due_at"]
    assert world.trading.book.policy(user.id).max_leverage_e10 == 20 * E10
    assert (await world.run(user, "limits")).data["pending"][0]["key"] == "max_leverage"
    world.clock.advance(61 * MINUTE_NS)
    assert await world.control.limits.apply_due() == 1
    assert world.trading.book.policy(user.id).max_leverage_e10 == 30 * E10


async def test_a_ceiling_and_one_persons_limit(world: ControlWorld, boss: User) -> None:
    user = await world.person("trader")
    assert (await world.run(boss, f"set_limit opens_per_minute 9 #{user.id}")).done
    assert world.trading.book.policy(user.id).opens_per_minute == 9
    assert (await world.run(boss, "set_limit max_leverage 10x")).done
    assert world.trading.book.policy(user.id).max_leverage_e10 == 10 * E10
    above = await world.run(user, "setrisk max_leverage 11x")
    assert not above.done


async def test_a_pause_of_ones_own(world: ControlWorld, boss: User) -> None:
    assert (await world.run(boss, "breaker")).data == {"open": False}
    assert (await world.run(boss, "pause 2")).data["open"]
    assert (await world.run(boss, "breaker")).data["open"]
    assert (await world.run(boss, "limits")).data["breaker_until"]
    assert (await world.run(boss, "resume")).done
    world.clock.advance(61 * MINUTE_NS)
    assert (await world.run(boss, "breaker")).data == {"open": False}


# --- people -----------------------------------------------------------------------------------


async def test_let_in_give_a_role_keep_out(world: ControlWorld, boss: User) -> None:
    admin = await world.person("admin")
    new = await world.person("viewer", name="new", standing="waiting")
    assert (await world.run(admin, f"approve #{new.id}")).done
    assert (await world.stores.users.get(new.id)).role == "trader"
    assert (await world.run(boss, f"roles {new.id} leader")).done
    assert (await world.run(admin, f"block {new.id} sold signals")).done
    assert codes(await world.run(new, "limits")) == ["E-ROLE"]
    assert (await world.run(admin, f"unblock {new.id}")).done
    assert (await world.run(new, "limits")).done
    told = [(who, act) for who, act, on in await world.acts() if on == f"user:{new.id}"]
    assert (f"user:{admin.id}", "user.approve") in told
    assert (f"user:{boss.id}", "user.role") in told


async def test_the_last_super_admin_stays(world: ControlWorld, boss: User) -> None:
    assert codes(await world.run(boss, f"roles {boss.id} admin")) == ["E-ROLE"]
    assert (await world.stores.users.get(boss.id)).role == "super_admin"


# --- nonsense ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("execution_mode", ""),
        ("execution_mode LIVEE", "mode"),
        ("execution_mode ＬＩＶＥ", "mode"),
        ("execution_mode LIVE now", "word"),
        ("mode", ""),
        ("mode paper", "mode"),
        ("emergency_resume now", "word"),
        ("emergency_stop " + "x" * 150 + " " + "y" * 60, "reason"),
        ("maintenance_mode", "switch"),
        ("maintenance_mode maybe", "switch"),
        ("maintenance_mode on 0", "minutes"),
        ("maintenance_mode on 1441", "minutes"),
        ("maintenance_mode off 5", "word"),
        ("set_limit", "key"),
        ("set_limit max_leverage", "value"),
        ("set_limit max_leverage NaN", "max_leverage"),
        ("set_limit max_leverage -5", "max_leverage"),
        ("set_limit max_leverage 1e309", "max_leverage"),
        ("set_limit max_leverage 0x10", "max_leverage"),
        ("set_limit max_leverage １００", "max_leverage"),
        ("set_limit nonsense 5", "key"),
        ("set_limit max_leverage 5x me", "user"),
        ("setrisk max_leverage", "value"),
        ("setrisk messages_per_minute 5", "key"),
        ("setrisk max_daily_loss_pct 0.1", "max_daily_loss_pct"),
        ("pause 0", "hours"),
        ("pause 721", "hours"),
        ("pause 1,5", "hours"),
        ("approve", "user"),
        ("approve 1 king", "role"),
        ("approve 1 admin", "role"),
        ("block", "user"),
        ("block me", "user"),
        ("unblock 1 2", "word"),
        ("roles 1", "role"),
        ("roles 1 owner", "role"),
        ("reset_pin", "user"),
        ("reset_pin 1 now", "word"),
        ("agree", "request"),
        ("agree x", "request"),
        ("lock now", "word"),
    ],
)
async def test_nonsense_is_named_and_changes_nothing(
    world: ControlWorld, boss: User, text: str, field: str
) -> None:
    before = (world.trading.switches.state, await world.stores.users.all())
    if field:
        with pytest.raises(InputError) as caught:
            await world.run(boss, text)
        assert caught.value.code in ("E-ARG", "E-SYM")
        assert caught.value.field == field
        assert caught.value.limit
    else:
        assert (await world.run(boss, text)).done
    assert (world.trading.switches.state, await world.stores.users.all()) == before
