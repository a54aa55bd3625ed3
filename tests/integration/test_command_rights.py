"""Who may use which command: exactly these, and nobody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import ControlWorld, control_world
from vanta.domain.command import Reply
from vanta.domain.roles import Role
from vanta.store.pool import Pool

ALL = frozenset(Role)
TRADERS = ALL - {Role.VIEWER}
ADMINS = frozenset({Role.ADMIN, Role.SUPER_ADMIN})
SUPERS = frozenset({Role.SUPER_ADMIN})

# What is typed, who may in private; `in_group` of those may in a group too.
MAY = {
    "limits": ALL,
    "limits BTC 100 25x": ALL,
    "setrisk": ALL,
    "setrisk max_leverage 20x": TRADERS,
    "setrisk max_leverage 400x": TRADERS,
    "breaker": ALL,
    "pause": TRADERS,
    "resume": TRADERS,
    "mode": ALL,
    "mode dry": TRADERS,
    "mode live": TRADERS,
    "security": ALL,
    "lock": ALL,
    "admin": ADMINS,
    "system_status": ADMINS,
    "risk_summary": ADMINS,
    "rate_limits": ADMINS,
    "rate_limits 1": ADMINS,
    "price_feeds": ADMINS,
    "price_feeds BTC": ADMINS,
    "users": ADMINS,
    "user 1": ADMINS,
    "approve 1": ADMINS,
    "block 1": ADMINS,
    "unblock 1": ADMINS,
    "audit": ADMINS,
    "execution_mode": ADMINS,
    "execution_mode DRY": ADMINS,
    "execution_mode LIVE": SUPERS,
    "emergency_stop": SUPERS,
    "emergency_stop all fire": SUPERS,
    "emergency_resume": SUPERS,
    "maintenance_mode on 5": SUPERS,
    "set_limit max_leverage 100x": SUPERS,
    "roles": SUPERS,
    "roles 1 viewer": SUPERS,
    "roles 1 super_admin": SUPERS,
    "reset_pin 1": SUPERS,
    "agree 1": SUPERS,
}
IN_GROUP = frozenset(
    {"limits", "limits BTC 100 25x", "setrisk", "breaker", "mode", "security", "lock"}
)


@pytest.fixture
async def world(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlWorld]:
    async with control_world(pool, clock, redis, tmp_path) as made:
        await made.person("trader", name="somebody", standing="blocked")
        yield made


def is_kept_out(reply: Reply) -> bool:
    return any(reason.code in ("E-ROLE", "E-GROUP") for reason in reply.reasons)


def test_every_command_is_in_the_table(world: ControlWorld) -> None:
    named = {text.split()[0] for text in MAY}
    assert named == {info.name for info in world.book.listing(Role.SUPER_ADMIN)}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("private", [True, False], ids=["private", "group"])
async def test_exactly_these_may(world: ControlWorld, role: Role, private: bool) -> None:
    user = await world.person(role, name="who")
    let_in = set()
    for text in MAY:
        if not is_kept_out(await world.run(user, text, private=private)):
            let_in.add(text)
    allowed = {text for text, roles in MAY.items() if role in roles}
    assert let_in == (allowed if private else allowed & IN_GROUP)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("standing", ["waiting", "blocked"])
async def test_who_is_not_in_may_nothing(world: ControlWorld, role: Role, standing: str) -> None:
    user = await world.person(role, name="who", standing=standing)
    for text in MAY:
        assert is_kept_out(await world.run(user, text)), text


@pytest.mark.parametrize("role", list(Role))
async def test_who_has_no_right_hears_that_whatever_the_words(
    world: ControlWorld, role: Role
) -> None:
    user = await world.person(role, name="who")
    allowed = {text.split()[0] for text, roles in MAY.items() if role in roles}
    for name in {text.split()[0] for text in MAY} - allowed:
        for words in ("", "748291 no such words", "\u202e", "x " * 50):
            assert is_kept_out(await world.run(user, f"{name} {words}")), (name, words)
    rows = await world.stores.audit.recent(1_000)
    assert not any("748291" in str(row) for row in rows), "it may be a PIN in the wrong place"


async def test_a_role_that_is_none_may_nothing(world: ControlWorld) -> None:
    assert world.book.listing("owner") == []
    assert world.book.listing("") == []


@pytest.mark.parametrize("role", list(Role))
async def test_the_listing_is_what_one_may(world: ControlWorld, role: Role) -> None:
    listed = {info.name for info in world.book.listing(role)}
    assert listed == {text.split()[0] for text, roles in MAY.items() if role in roles}


async def test_a_way_in_that_knows_an_older_role_gains_nothing(world: ControlWorld) -> None:
    boss = await world.person("super_admin", name="boss")
    admin = await world.person("admin", name="fallen")
    await world.proved(boss)
    assert (await world.run(boss, f"roles {admin.id} viewer")).done
    assert is_kept_out(await world.run(admin, "users"))  # with the struct of before
