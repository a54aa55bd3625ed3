"""Who may let in, keep out and raise whom; the owner code; nobody is left without an owner."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.rights import MINUTE, PIN, RightsWorld, actor
from vanta.app import operators
from vanta.control import owner
from vanta.control.people import DRY_CASH_E6, People
from vanta.domain.policy import User
from vanta.domain.roles import Role, Standing
from vanta.store import owner_file
from vanta.store.accounts import Accounts
from vanta.store.pool import Pool
from vanta.store.users import WAITING_LIMIT


@pytest.fixture
def world(pool: Pool, clock: ManualClock, tmp_path: Path) -> RightsWorld:
    return RightsWorld(pool, clock, tmp_path)


BELOW = [Role.VIEWER, Role.TRADER, Role.PROVIDER, Role.LEADER]
ADMINS = [Role.ADMIN, Role.SUPER_ADMIN]


@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("role", [*Role, "owner", ""])
async def test_who_approves_whom_as_what(world: RightsWorld, by: Role, role: str) -> None:
    waiting = await world.user(Role.VIEWER, Standing.WAITING)
    reply = await world.people.approve(actor(await world.user(by)), waiting.id, role)
    may = by in ADMINS and role in (Role.VIEWER, Role.TRADER)
    assert reply.done is may
    assert await world.state(waiting) == (
        (role, Standing.ACTIVE) if may else (Role.VIEWER, Standing.WAITING)
    )
    act = (await world.acts())[0]
    assert (act.actor, act.action, act.trace_id) != ("", "", "")
    assert act.action == "user.approve"
    assert ("refused" in act.detail) is not may
    if may:
        assert (await Accounts(world.pool).get(waiting.id)).cash_e6 == DRY_CASH_E6
        assert world.changed == [waiting.id]


@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("target", Role)
@pytest.mark.parametrize("blocks", [True, False])
async def test_who_blocks_and_unblocks_whom(
    world: RightsWorld, by: Role, target: Role, blocks: bool
) -> None:
    was = Standing.ACTIVE if blocks else Standing.BLOCKED
    other = await world.user(target, was)
    me = await world.user(by)
    do = world.people.block if blocks else world.people.unblock
    reply = await do(actor(me), other.id)
    may = by is Role.SUPER_ADMIN or (by is Role.ADMIN and target in BELOW)
    becomes = Standing.BLOCKED if blocks else Standing.ACTIVE
    assert reply.done is may
    assert await world.state(other) == (target, becomes if may else was)


@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("role", Role)
async def test_only_super_admins_give_roles(world: RightsWorld, by: Role, role: Role) -> None:
    other, me = await world.user(Role.VIEWER), await world.user(by)
    reply = await world.people.set_role(actor(me), other.id, role)
    assert reply.done is (by is Role.SUPER_ADMIN and role is not Role.VIEWER)
    assert (await world.state(other))[0] == (role if reply.done else Role.VIEWER)


@pytest.mark.parametrize("by", [role for role in Role if role is not Role.SUPER_ADMIN])
@pytest.mark.parametrize("role", Role)
async def test_nobody_raises_himself(world: RightsWorld, by: Role, role: Role) -> None:
    me = await world.user(by)
    assert not (await world.people.set_role(actor(me), me.id, role)).done
    assert not (await world.people.approve(actor(me), me.id, role)).done
    assert await world.state(me) == (by, Standing.ACTIVE)


@pytest.mark.parametrize("standing", [Standing.WAITING, Standing.BLOCKED])
async def test_who_is_not_active_has_no_right(world: RightsWorld, standing: Standing) -> None:
    # The way in may still believe that this super admin is active.
    me = await world.user(Role.SUPER_ADMIN, standing)
    told = actor(User(**{f: getattr(me, f) for f in me.__struct_fields__} | {"standing": "active"}))
    other, waiting = await world.user(), await world.user(Role.VIEWER, Standing.WAITING)
    for reply in (
        await world.people.approve(told, waiting.id),
        await world.people.block(told, other.id),
        await world.people.set_role(told, other.id, Role.ADMIN),
        await world.people.set_role(told, me.id, Role.ADMIN),
        await world.people.unblock(told, me.id),
        await world.people.reset_step_up(told, other.id),
    ):
        assert [r.code for r in reply.reasons] == ["E-ROLE"]


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.BLOCKED])
async def test_approving_is_for_who_waits(world: RightsWorld, standing: Standing) -> None:
    """Approving somebody blocked would be a way round `unblock`; an admin, one to lower him."""
    other = await world.user(Role.ADMIN, standing)
    reply = await world.people.approve(actor(await world.user(Role.ADMIN)), other.id)
    assert [r.code for r in reply.reasons] == ["E-ARG"]
    assert await world.state(other) == (Role.ADMIN, standing)


async def test_who_is_not_there_is_said(world: RightsWorld) -> None:
    me = actor(await world.user(Role.SUPER_ADMIN))
    for reply in (
        await world.people.approve(me, 999),
        await world.people.block(me, 999),
        await world.people.set_role(me, 999, Role.ADMIN),
        await world.people.reset_step_up(me, 999),
    ):
        assert [r.text for r in reply.reasons] == ["There is no user 999."]


# --- the last super admin -----------------------------------------------------------------------


async def test_the_last_super_admin_stays(world: RightsWorld) -> None:
    me = await world.user(Role.SUPER_ADMIN)
    await world.user(Role.SUPER_ADMIN, Standing.BLOCKED)  # does not count
    for role in Role:
        assert not (await world.people.set_role(actor(me), me.id, role)).done
    assert not (await world.people.block(actor(me), me.id)).done
    other = await world.user(Role.ADMIN)
    assert (await world.people.set_role(actor(me), other.id, Role.SUPER_ADMIN)).done
    assert (await world.people.set_role(actor(me), me.id, Role.VIEWER)).done
    assert not (await world.people.set_role(actor(other), other.id, Role.VIEWER)).done


@pytest.mark.parametrize("way", ["each the other", "each himself", "block each other"])
async def test_two_at_once_do_not_remove_the_last_two(world: RightsWorld, way: str) -> None:
    for _ in range(10):
        one, two = await world.user(Role.SUPER_ADMIN), await world.user(Role.SUPER_ADMIN)
        await world.pool.execute(
            "UPDATE users SET standing = 'blocked' WHERE id <> ALL($1)", [one.id, two.id]
        )
        first, second = (one, two) if way == "each himself" else (two, one)
        if way == "block each other":
            acts = [
                world.people.block(actor(one), first.id),
                world.people.block(actor(two), second.id),
            ]
        else:
            acts = [
                world.people.set_role(actor(one), first.id, Role.VIEWER),
                world.people.set_role(actor(two), second.id, Role.VIEWER),
            ]
        replies = await asyncio.gather(*acts)
        assert sum(reply.done for reply in replies) == 1
        assert await world.users.other_super_admins(0) == 1


async def test_a_right_that_is_lost_meanwhile_is_not_used(world: RightsWorld) -> None:
    """Whoever comes first: never is somebody raised by a person who is no super admin any more."""
    for _ in range(10):
        boss, me = await world.user(Role.SUPER_ADMIN), await world.user(Role.SUPER_ADMIN)
        friend = await world.user()
        demoted, raised = await asyncio.gather(
            world.people.set_role(actor(boss), me.id, Role.VIEWER),
            world.people.set_role(actor(me), friend.id, Role.ADMIN),
        )
        assert demoted.done
        acts = [a for a in await world.acts() if a.action == "user.role"][:2]
        came_last = acts[0].object == f"user:{friend.id}"
        assert raised.done is not came_last


async def test_a_change_of_rights_ends_the_session(world: RightsWorld) -> None:
    boss = await world.user(Role.SUPER_ADMIN)
    for change in ("role", "block"):
        other = await world.proven(Role.ADMIN)
        if change == "role":
            await world.people.set_role(actor(boss), other.id, Role.TRADER)
        else:
            await world.people.block(actor(boss), other.id)
        assert not await world.step_up.is_fresh(other.id)


async def test_a_listener_that_fails_changes_nothing(world: RightsWorld) -> None:
    async def fails(_user_id: int) -> None:
        raise OSError("no database")

    people = People(
        pool=world.pool,
        clock=world.clock,
        owner=owner.OwnerCode(world.home, world.clock),
        changed=fails,
    )
    other = await world.user()
    assert (await people.block(actor(await world.user(Role.ADMIN)), other.id)).done
    assert await world.state(other) == (Role.TRADER, Standing.BLOCKED)


async def test_another_super_admin_helps_out_who_lost_the_pin(world: RightsWorld) -> None:
    lost, boss = await world.proven(), await world.user(Role.SUPER_ADMIN)
    assert not (await world.people.reset_step_up(actor(lost), lost.id)).done
    admin = await world.user(Role.ADMIN)
    assert not (await world.people.reset_step_up(actor(admin), lost.id)).done
    assert await world.step_up.is_fresh(lost.id)
    assert (await world.people.reset_step_up(actor(boss), lost.id)).done
    assert not await world.step_up.is_fresh(lost.id)
    assert not await world.step_up.is_set(lost.id)
    assert (await world.step_up.set_pin(lost.id, "another-1")).done


# --- coming in ----------------------------------------------------------------------------------


async def test_a_stranger_waits_once(world: RightsWorld) -> None:
    met = await asyncio.gather(*(world.people.knock(55, f"N{i}") for i in range(10)))
    assert len({user.id for user in met if user is not None}) == 1
    assert met[0] is not None
    assert await world.state(met[0]) == (Role.VIEWER, Standing.WAITING)
    assert [act.action for act in await world.acts()] == ["user.wait"]
    assert await world.people.by_telegram(55) == met[0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("", "telegram-55"),
        (" \t ", "telegram-55"),
        ("a\u202eb\0c\ud800d\n", "a\ufffdb\ufffdc\ufffdd"),
        ("x" * 500, "x" * 59 + "…"),
    ],
)
async def test_a_stranger_s_name_is_defused(world: RightsWorld, name: str, shown: str) -> None:
    user = await world.people.knock(55, name)
    assert user is not None
    assert user.name == shown


async def test_a_crowd_does_not_fill_the_table(world: RightsWorld) -> None:
    await world.pool.execute(
        "INSERT INTO users (name, role, telegram_id, created_ns)"
        " SELECT 'n', 'viewer', n, 0 FROM generate_series(1, $1) n",
        WAITING_LIMIT - 3,
    )
    met = await asyncio.gather(*(world.people.knock(-i, "n") for i in range(1, 11)))
    assert sum(user is not None for user in met) == 3
    assert (await world.people.knock(1, "n")) is not None, "who waits already goes on waiting"


# --- the owner code -----------------------------------------------------------------------------


async def test_the_owner_code_makes_one_super_admin_once(world: RightsWorld) -> None:
    code = world.owner_code()
    replies = await asyncio.gather(
        *(world.people.claim_owner(person, "n", code) for person in range(1, 9))
    )
    assert sum(reply.done for reply in replies) == 1
    everybody = await world.users.all()
    assert [(u.role, u.standing) for u in everybody] == [(Role.SUPER_ADMIN, Standing.ACTIVE)]
    assert not (world.home / owner_file.FILE_NAME).exists()
    assert {r.title for r in replies if not r.done} == {"That code is not valid."}


async def test_a_restored_file_gives_nothing(world: RightsWorld) -> None:
    code = world.owner_code()
    kept = (world.home / owner_file.FILE_NAME).read_bytes()
    assert code.encode() not in kept
    assert (await world.people.claim_owner(1, "n", code)).done
    (world.home / owner_file.FILE_NAME).write_bytes(kept)
    again = RightsWorld(world.pool, world.clock, world.home)
    for person in (1, 2):
        assert not (await again.people.claim_owner(person, "n", code)).done
    assert len(await world.users.all()) == 1
    assert (await world.acts())[0].detail["refused"] == "E-ROLE"


async def test_a_code_ends_with_its_day_and_with_the_next_code(world: RightsWorld) -> None:
    late = world.owner_code()
    world.clock.advance(owner_file.LIFE_NS)
    assert not (await world.people.claim_owner(1, "n", late)).done
    first, second = world.owner_code(), world.owner_code()
    assert not (await world.people.claim_owner(1, "n", first)).done
    assert (await world.people.claim_owner(1, "n", second)).done


@pytest.mark.parametrize("code", ["", "x", "\ud800", "a" * 10_000])
async def test_wrong_codes_are_not_valid(world: RightsWorld, code: str) -> None:
    for written in (False, True):
        if written:
            world.owner_code()
        reply = await world.people.claim_owner(1, "n", code)
        assert reply.title == "That code is not valid."
    assert await world.users.all() == []


async def test_after_wrong_codes_the_right_one_has_to_wait(world: RightsWorld) -> None:
    code = world.owner_code()
    for _ in range(owner.WRONG_TRIES):
        assert not (await world.people.claim_owner(1, "n", "wrong")).done
    assert not (await world.people.claim_owner(1, "n", code)).done
    world.clock.advance(15 * MINUTE)
    assert (await world.people.claim_owner(1, "n", code)).done


async def test_one_person_s_wrong_codes_hold_up_nobody_else(world: RightsWorld) -> None:
    code = world.owner_code()
    for _ in range(20):
        await world.people.claim_owner(1, "n", "wrong")
    assert (await world.people.claim_owner(2, "n", code)).done


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b'{"sha256":"zz","expires_ns":9}', b"\xff"])
async def test_a_broken_file_lets_nobody_in(world: RightsWorld, broken: bytes) -> None:
    code = world.owner_code()
    (world.home / owner_file.FILE_NAME).write_bytes(broken)
    assert not (await world.people.claim_owner(1, "n", code)).done


async def test_the_owner_code_is_the_way_back_for_who_lost_everything(world: RightsWorld) -> None:
    me = await world.proven()
    await world.users.bind_telegram(me.id, 77)
    await world.pool.execute(
        "UPDATE users SET role = 'viewer', standing = 'blocked' WHERE id = $1", me.id
    )
    assert (await world.people.claim_owner(77, "n", world.owner_code())).done
    assert await world.state(me) == (Role.SUPER_ADMIN, Standing.ACTIVE)
    assert not await world.step_up.is_set(me.id)
    assert (await world.step_up.set_pin(me.id, PIN + "-2")).done


def test_the_file_is_its_owner_s_alone_and_the_code_is_long(tmp_path: Path) -> None:
    codes = {owner_file.new_code() for _ in range(50)}
    assert len(codes) == 50
    assert {len(code) for code in codes} == {32}  # 5 bits each
    assert all(c.isascii() and c.isalnum() for c in codes)
    path = tmp_path / owner_file.FILE_NAME
    path.write_text("older")
    path.chmod(0o644)
    owner_file.write(tmp_path, "code", now_ns=1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


# --- settings -----------------------------------------------------------------------------------


async def test_settings_admit_who_waits_and_change_nobody_else(world: RightsWorld) -> None:
    waits = await world.people.knock(1, "n")
    blocked = await world.user(Role.ADMIN, Standing.BLOCKED, telegram_id=2)
    lowered = await world.user(Role.TRADER, telegram_id=3)
    assert waits is not None
    await operators.admit(world.pool, world.clock, admins=[2, 3], super_admins=[1])
    assert await world.state(waits) == (Role.SUPER_ADMIN, Standing.ACTIVE)
    assert await world.state(blocked) == (Role.ADMIN, Standing.BLOCKED)
    assert await world.state(lowered) == (Role.TRADER, Standing.ACTIVE)
    await operators.admit(world.pool, world.clock, admins=[], super_admins=[])
    assert await world.state(waits) == (Role.SUPER_ADMIN, Standing.ACTIVE)
