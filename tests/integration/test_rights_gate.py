"""The gate and the two-person rule: in which order, bound to what, and once."""

import asyncio
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.rights import MINUTE, PIN, RightsWorld, actor, command
from vanta.control.approvals import LIFE_NS, Agreed
from vanta.control.gate import CONFIRM_NS
from vanta.domain.command import Channel, CommandInfo, Need, Reply
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role, Standing, may
from vanta.store.pool import Pool

LIVE = ("LIVE",)


@pytest.fixture
def world(pool: Pool, clock: ManualClock, tmp_path: Path) -> RightsWorld:
    return RightsWorld(pool, clock, tmp_path, two_person=True)


async def ask(
    world: RightsWorld, user: User, info: CommandInfo, args: tuple[str, ...] = LIVE, **told: Any
) -> Reply | None:
    private = told.pop("private", True)
    given = {"token": "", "word": ""} | told
    return await world.gate.admit(actor(user, private=private), info, args, **given)


def codes(reply: Reply | None) -> list[str]:
    return [] if reply is None else [r.code for r in reply.reasons]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
async def test_each_role_has_the_rights_of_the_table(
    world: RightsWorld, role: Role, right: Right
) -> None:
    user = await world.user(role)
    assert codes(await ask(world, user, command(right))) == ([] if may(role, right) else ["E-ROLE"])


@pytest.mark.parametrize("standing", [Standing.WAITING, Standing.BLOCKED])
async def test_who_is_not_active_may_not_even_look(world: RightsWorld, standing: Standing) -> None:
    user = await world.user(Role.SUPER_ADMIN, standing)
    assert codes(await ask(world, user, command(Right.LOOK))) == ["E-ROLE"]


async def test_what_counts_is_the_role_of_now(world: RightsWorld) -> None:
    user = await world.user(Role.SUPER_ADMIN)
    await world.pool.execute("UPDATE users SET role = 'viewer' WHERE id = $1", user.id)
    assert user.role == Role.SUPER_ADMIN, "as the way in still believes"
    assert codes(await ask(world, user, command())) == ["E-ROLE"]


@pytest.mark.parametrize("right", Right)
async def test_groups_are_for_looking(world: RightsWorld, right: Right) -> None:
    user = await world.user(Role.SUPER_ADMIN)
    said = await ask(world, user, command(right), private=False)
    assert codes(said) == ([] if right is Right.LOOK else ["E-GROUP"])


async def test_the_order_is_standing_right_group_proof(world: RightsWorld) -> None:
    info = command(step_up=True, confirm=True)
    user = await world.user(Role.VIEWER, Standing.BLOCKED)
    told = []
    for change in (
        "SELECT $1::int",
        "UPDATE users SET standing = 'active' WHERE id = $1",
        "UPDATE users SET role = 'super_admin' WHERE id = $1",
    ):
        await world.pool.execute(change, user.id)
        said = await ask(world, user, info, private=False)
        assert said is not None
        told.append([r.rule for r in said.reasons])
    said = await ask(world, user, info)
    assert said is not None
    told.append([r.rule for r in said.reasons])
    assert told == [["STANDING"], ["ROLE"], ["GROUP"], ["STEP_UP_SETUP"]]
    refusals = [act for act in await world.acts() if act.action == "gate.refused"]
    assert [act.detail["rule"] for act in reversed(refusals)] == [rules[0] for rules in told]
    assert {act.object for act in refusals} == {"execution_mode"}


async def test_a_proof_is_asked_for_and_counts_for_its_person_alone(world: RightsWorld) -> None:
    info = command(step_up=True)
    proven, other = await world.proven(), await world.user(Role.SUPER_ADMIN)
    assert await ask(world, proven, info) is None
    said = await ask(world, other, info)
    assert said is not None
    assert (said.need, codes(said)) == (Need.STEP_UP, ["E-STEPUP"])
    world.clock.advance(10 * MINUTE)
    said = await ask(world, proven, info)
    assert said is not None
    assert (said.need, said.reasons[0].rule) == (Need.STEP_UP, "STEP_UP")


# --- confirm and word ---------------------------------------------------------------------------


async def test_a_confirmation_works_once(world: RightsWorld) -> None:
    user, info = await world.user(Role.SUPER_ADMIN), command(confirm=True)
    asked = await ask(world, user, info)
    assert asked is not None
    assert (asked.need, asked.done) == (Need.CONFIRM, False)
    said = await asyncio.gather(*(ask(world, user, info, token=asked.token) for _ in range(5)))
    assert sum(reply is None for reply in said) == 1
    assert {code for reply in said for code in codes(reply)} == {"E-EXPIRED"}


@pytest.mark.parametrize("differs", ["user", "command", "args", "split", "time", "token", "panel"])
async def test_a_confirmation_is_for_what_was_asked(world: RightsWorld, differs: str) -> None:
    user, info = await world.user(Role.SUPER_ADMIN), command(confirm=True)
    asked = await ask(world, user, info, ("a", "b"))
    assert asked is not None
    token, by, args = asked.token, user, ("a", "b")
    if differs == "user":
        by = await world.user(Role.SUPER_ADMIN)
    elif differs == "command":
        info = CommandInfo(
            name="other", usage="", summary="", group="", right=Right.GOVERN, confirm=True
        )
    elif differs == "args":
        args = ("a", "c")
    elif differs == "split":
        args = ("a b",)
    elif differs == "time":
        world.clock.advance(CONFIRM_NS)
    elif differs == "token":
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    else:
        token = await world.step_up.invite(user.id)
    assert codes(await ask(world, by, info, args, token=token)) == ["E-EXPIRED"]
    if differs in ("user", "command", "args", "split", "token"):
        # Somebody else's try took nothing away.
        again = await ask(world, user, command(confirm=True), ("a", "b"), token=asked.token)
        assert again is None


async def test_a_word_is_typed_as_it_stands(world: RightsWorld) -> None:
    user, info = await world.user(Role.SUPER_ADMIN), command(word="LIVE")
    asked = await ask(world, user, info)
    assert asked is not None
    assert (asked.need, asked.word) == (Need.WORD, "LIVE")
    assert (await ask(world, user, info, word="LIVE")) is not None, "a word needs its question"
    asked = await ask(world, user, info)
    assert asked is not None
    for word in ("", "live", "LIVE ", "DRY"):
        asked = await ask(world, user, info, token=asked.token, word=word)
        assert asked is not None
        assert (asked.need, codes(asked)) == (Need.WORD, ["E-ARG"])
    assert await ask(world, user, info, token=asked.token, word="LIVE") is None


@pytest.mark.parametrize("token", ["x", "\0", "\ud800", "x" * 10_000])
async def test_any_text_may_come_as_a_token(world: RightsWorld, token: str) -> None:
    user, info = await world.user(Role.SUPER_ADMIN), command(confirm=True)
    assert codes(await ask(world, user, info, ("\ud800", "\0"), token=token)) == ["E-EXPIRED"]


async def test_what_is_noted_of_a_refusal_is_bounded(world: RightsWorld) -> None:
    user = await world.user(Role.VIEWER)
    await ask(world, user, command(), tuple("x" * 500 for _ in range(500)))
    act = (await world.acts())[0]
    assert len(repr(act.detail)) < 2_000
    assert act.detail["channel"] == Channel.TELEGRAM


# --- the second person --------------------------------------------------------------------------

LIVE_INFO = command(step_up=True, second_person=True)


def right_of(name: str) -> Right | None:
    return Right.GOVERN if name == LIVE_INFO.name else None


async def requested(world: RightsWorld, asker: User) -> int:
    reply = await ask(world, asker, LIVE_INFO)
    assert reply is not None
    assert reply.need is Need.SECOND_PERSON
    number: int = reply.data["approval"]
    return number


async def agree(world: RightsWorld, user: User, number: int) -> Agreed | Reply:
    return await world.approvals.agree(actor(user), number, right_of)


async def test_another_super_admin_agrees_once(world: RightsWorld) -> None:
    asker = await world.proven()
    others = [await world.proven() for _ in range(3)]
    number = await requested(world, asker)
    assert await requested(world, asker) == number, "asking again is the same request"
    said = await asyncio.gather(*(agree(world, other, number) for other in others))
    agreed = [reply for reply in said if isinstance(reply, Agreed)]
    assert [(a.command, a.args, a.asker.id) for a in agreed] == [("execution_mode", LIVE, asker.id)]
    assert await world.approvals.waiting() == []
    assert await requested(world, asker) != number
    assert [a.action for a in await world.acts()].count("approval.agree") == 3


async def test_nobody_agrees_to_his_own(world: RightsWorld) -> None:
    asker = await world.proven()
    number = await requested(world, asker)
    said = await agree(world, asker, number)
    assert isinstance(said, Reply)
    assert codes(said) == ["E-ROLE"]


@pytest.mark.parametrize(
    ("whose", "change", "rule"),
    [
        ("other", "UPDATE users SET role = 'admin' WHERE id = $1", "ROLE"),
        ("other", "UPDATE users SET standing = 'blocked' WHERE id = $1", "ROLE"),
        ("asker", "UPDATE users SET role = 'admin' WHERE id = $1", "ROLE"),
        ("asker", "UPDATE users SET standing = 'blocked' WHERE id = $1", "ROLE"),
        ("other", "UPDATE credentials SET session_until_ns = 0 WHERE user_id = $1", "STEP_UP"),
        ("request", "UPDATE approvals SET command = 'gone' WHERE id = $1", "APPROVAL"),
    ],
)
async def test_both_must_have_the_right_when_it_happens(
    world: RightsWorld, whose: str, change: str, rule: str
) -> None:
    asker, other = await world.proven(), await world.proven()
    number = await requested(world, asker)
    ids = {"asker": asker.id, "other": other.id, "request": number}
    await world.pool.execute(change, ids[whose])
    said = await agree(world, other, number)
    assert isinstance(said, Reply)
    assert [r.rule for r in said.reasons] == [rule]
    assert (await world.acts())[0].detail["rule"] == rule


async def test_a_request_ends(world: RightsWorld) -> None:
    asker, other = await world.proven(), await world.proven()
    number = await requested(world, asker)
    world.clock.advance(LIFE_NS)
    assert (await world.step_up.prove(other.id, pin=PIN)).ok
    said = await agree(world, other, number)
    assert isinstance(said, Reply)
    assert codes(said) == ["E-EXPIRED"]
    assert await world.approvals.waiting() == []


async def test_who_is_alone_is_told(world: RightsWorld) -> None:
    asker = await world.proven()
    reply = await ask(world, asker, LIVE_INFO)
    assert reply is not None
    assert "no other active super admin" in " ".join(reply.lines)


async def test_without_the_rule_nobody_is_asked(world: RightsWorld) -> None:
    alone = RightsWorld(world.pool, world.clock, world.home, two_person=False)
    asker = await alone.proven()
    assert await ask(alone, asker, LIVE_INFO) is None


async def test_a_request_that_is_not_there(world: RightsWorld) -> None:
    said = await agree(world, await world.proven(), 999)
    assert isinstance(said, Reply)
    assert codes(said) == ["E-ARG"]


# --- a first proof ----------------------------------------------------------------------------


async def opened(world: RightsWorld, user: User, right: Right = Right.GOVERN) -> list[str]:
    """Prove the PIN and ask for a command; return the rules of the refusal."""
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    reply = await ask(world, user, command(right, step_up=True))
    return [] if reply is None else [r.rule for r in reply.reasons]


DAY_NS = 24 * 3600 * 10**9


async def test_a_first_pin_from_the_chat_opens_nothing_of_admins_for_a_day(
    world: RightsWorld,
) -> None:
    user = await world.user(Role.SUPER_ADMIN, telegram_id=77)
    await world.step_up.set_pin(user.id, PIN)
    assert await opened(world, user) == ["FIRST_PROOF"]
    assert await opened(world, user, Right.TRADE) == []
    world.clock.advance(DAY_NS - 1)
    assert await opened(world, user) == ["FIRST_PROOF"]
    world.clock.advance(1)
    assert await opened(world, user) == []
    told = await world.pool.fetch("SELECT user_id, kind FROM outbox")
    assert [tuple(row) for row in told] == [(user.id, "stepup.first")]


async def test_a_first_code_waits_as_a_pin_does(world: RightsWorld) -> None:
    user = await world.user(Role.SUPER_ADMIN)
    enrolment = await world.step_up.begin_totp(user.id)
    totp = pyotp.TOTP(enrolment.secret)
    assert (await world.step_up.confirm_totp(user.id, world.code(totp))).done
    world.clock.advance(MINUTE)
    assert (await world.step_up.prove(user.id, code=world.code(totp))).ok
    reply = await ask(world, user, command(step_up=True))
    assert reply is not None
    assert [r.rule for r in reply.reasons] == ["FIRST_PROOF"]


async def test_changing_a_first_pin_neither_ends_nor_renews_its_wait(world: RightsWorld) -> None:
    user = await world.user(Role.SUPER_ADMIN)
    await world.step_up.set_pin(user.id, PIN)
    world.clock.advance(DAY_NS // 2)
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    assert (await world.step_up.set_pin(user.id, PIN)).done
    assert await opened(world, user) == ["FIRST_PROOF"]
    world.clock.advance(DAY_NS // 2)
    assert await opened(world, user) == []


async def test_the_machine_vouches(world: RightsWorld) -> None:
    user = await world.user(Role.SUPER_ADMIN)
    await world.step_up.set_pin(user.id, PIN)
    assert await opened(world, user) == ["FIRST_PROOF"]
    assert (await world.step_up.set_pin(user.id, PIN, vouched=True)).done
    assert await opened(world, user) == []


@pytest.mark.parametrize(("after_ns", "rules"), [(0, []), (3600 * 10**9, ["FIRST_PROOF"])])
async def test_the_owner_code_vouches_for_an_hour(
    world: RightsWorld, after_ns: int, rules: list[str]
) -> None:
    assert (await world.people.claim_owner(77, "owner", world.owner_code())).done
    user = await world.users.by_telegram(77)
    assert user is not None
    world.clock.advance(after_ns)
    await world.step_up.set_pin(user.id, PIN)
    assert await opened(world, user) == rules


async def test_a_reset_pin_begins_the_wait_anew(world: RightsWorld) -> None:
    boss, lost = await world.proven(), await world.proven()
    ticket = await world.step_up.invite(lost.id)
    assert (await world.people.reset_step_up(actor(boss), lost.id)).done
    assert await world.step_up.redeem(ticket) is None, "whoever asked for it before"
    await world.step_up.set_pin(lost.id, PIN)
    assert await opened(world, lost) == ["FIRST_PROOF"]
