"""Step-up: PIN and code, what a try costs, how long a proof counts, who may change it."""

import asyncio
from pathlib import Path

import pyotp
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.rights import CHEAP, MINUTE, PIN, RightsWorld
from vanta.control.step_up import TICKET_NS, StepUp
from vanta.domain.errors import ConfigError, SealError
from vanta.domain.policy import User
from vanta.store.credentials import LOCK_NS, LONGEST_LOCK_NS, TRIES, Credentials
from vanta.store.pool import Pool

SESSION_NS = 600 * 10**9


@pytest.fixture
def world(pool: Pool, clock: ManualClock, tmp_path: Path) -> RightsWorld:
    return RightsWorld(pool, clock, tmp_path)


@pytest.fixture
async def user(world: RightsWorld) -> User:
    """Somebody with a PIN who has not proven it."""
    made = await world.user()
    assert (await world.step_up.set_pin(made.id, PIN)).done
    return made


async def test_a_proof_counts_to_the_end_of_its_session(world: RightsWorld, user: User) -> None:
    assert not await world.step_up.is_fresh(user.id)
    proof = await world.step_up.prove(user.id, pin=PIN)
    assert proof.ok
    assert proof.until_ns == world.clock.now_ns() + SESSION_NS
    world.clock.advance(SESSION_NS - 1)
    assert await world.step_up.is_fresh(user.id)
    world.clock.advance(1)
    assert not await world.step_up.is_fresh(user.id)


async def test_a_clock_that_goes_back_ends_the_session(world: RightsWorld, user: User) -> None:
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    world.clock.advance(-60 * MINUTE)
    assert not await world.step_up.is_fresh(user.id)


async def test_a_proof_is_that_person_s_only(world: RightsWorld, user: User) -> None:
    other = await world.user()
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    assert not await world.step_up.is_fresh(other.id)


async def test_who_has_set_nothing_is_told_how(world: RightsWorld) -> None:
    nobody = await world.user()
    for proof in (
        await world.step_up.prove(nobody.id, pin=PIN),
        await world.step_up.prove(nobody.id, code="123456"),
    ):
        assert [r.rule for r in proof.reasons] == ["STEP_UP_SETUP"]
        assert "/security" in proof.reasons[0].text


@pytest.mark.parametrize(
    "wrong", ["", "short", "x" * 65, "q7-lamq", "Q7-LAMP", "\0" * 7, "\ud800" * 7, "q7-lamp "]
)
async def test_what_is_not_the_pin_proves_nothing_and_is_not_repeated(
    world: RightsWorld, user: User, wrong: str
) -> None:
    proof = await world.step_up.prove(user.id, pin=wrong)
    assert [r.code for r in proof.reasons] == ["E-STEPUP"]
    assert not await world.step_up.is_fresh(user.id)
    acts = await world.acts()
    assert acts[0].action == "stepup.failed"
    for secret in (PIN, *([wrong] if len(wrong) > 5 else [])):
        assert secret not in repr(proof)
        assert secret not in repr(acts)


async def test_a_pin_typed_in_another_form_of_unicode_is_the_same(world: RightsWorld) -> None:
    user = await world.user()
    await world.step_up.set_pin(user.id, "cafe\u0301-42")
    assert (await world.step_up.prove(user.id, pin="caf\u00e9-42")).ok


async def test_five_wrong_in_a_row_lock_even_the_right_one(world: RightsWorld, user: User) -> None:
    for _ in range(TRIES):
        said = await world.step_up.prove(user.id, pin="wrong-1")
    assert said.reasons[0].rule == "LOCKED_OUT"
    assert said.reasons[0].resets_at_ns == world.clock.now_ns() + LOCK_NS
    locked = await world.step_up.prove(user.id, pin=PIN)
    assert [r.rule for r in locked.reasons] == ["LOCKED_OUT"]
    world.clock.advance(LOCK_NS - 1)
    assert not (await world.step_up.prove(user.id, pin=PIN)).ok
    world.clock.advance(1)
    assert (await world.step_up.prove(user.id, pin=PIN)).ok


async def test_a_right_one_between_starts_the_count_again(world: RightsWorld, user: User) -> None:
    for pin in ["wrong-1"] * (TRIES - 1) + [PIN] + ["wrong-1"] * (TRIES - 1) + [PIN]:
        assert (await world.step_up.prove(user.id, pin=pin)).ok is (pin == PIN)


async def test_each_lock_is_twice_as_long_up_to_a_day(world: RightsWorld, user: User) -> None:
    waits = []
    for _ in range(9):
        for _ in range(TRIES):
            said = await world.step_up.prove(user.id, pin="wrong-1")
        wait_ns = said.reasons[0].resets_at_ns - world.clock.now_ns()
        waits.append(wait_ns)
        world.clock.advance(wait_ns)
    assert waits == [min(LOCK_NS << i, LONGEST_LOCK_NS) for i in range(9)]


async def test_guesses_at_once_are_counted_one_by_one(world: RightsWorld, user: User) -> None:
    """A hundred guesses at the same moment are five, though the right one is among them."""
    checked: list[str] = []

    class Watched(type(CHEAP)):
        def verify(self, hash: str, password: str) -> bool:
            checked.append(password)
            return super().verify(hash, password)

    hasher = Watched(time_cost=1, memory_cost=8, parallelism=1)
    step_up = StepUp(
        pool=world.pool, clock=world.clock, session_s=600, envelope=None, hasher=hasher
    )
    proofs = await asyncio.gather(*(step_up.prove(user.id, pin=f"guess-{i}") for i in range(100)))
    assert len(checked) == TRIES
    assert not any(proof.ok for proof in proofs)
    assert not (await step_up.prove(user.id, pin=PIN)).ok


async def test_a_guess_that_was_cut_short_was_a_guess(world: RightsWorld, user: User) -> None:
    """What a killed process leaves: counted, never checked, and another process goes on there."""
    for _ in range(TRIES):
        await Credentials(world.pool).count_try(user.id, world.clock.now_ns())
    again = RightsWorld(world.pool, world.clock, world.home)
    assert [r.rule for r in (await again.step_up.prove(user.id, pin=PIN)).reasons] == ["LOCKED_OUT"]


# --- codes --------------------------------------------------------------------------------------


async def test_a_code_of_now_and_its_neighbours_proves_once_each(world: RightsWorld) -> None:
    user = await world.user()
    totp = await world.with_totp(user)
    world.clock.advance(5 * MINUTE)
    for steps, counts in ((-2, False), (-1, True), (-1, False), (0, True), (0, False), (1, True)):
        proof = await world.step_up.prove(user.id, code=world.code(totp, steps))
        assert proof.ok is counts, steps
    # What lies before a used step is used too.
    assert not (await world.step_up.prove(user.id, code=world.code(totp, 0))).ok
    assert not (await world.step_up.prove(user.id, code=world.code(totp, 2))).ok


async def test_one_code_used_twice_at_once_counts_once(world: RightsWorld) -> None:
    user = await world.user()
    totp = await world.with_totp(user)
    world.clock.advance(MINUTE)
    code = world.code(totp)
    proofs = await asyncio.gather(*(world.step_up.prove(user.id, code=code) for _ in range(4)))
    assert sum(proof.ok for proof in proofs) == 1


async def test_the_code_that_confirmed_proves_nothing(world: RightsWorld) -> None:
    user = await world.user()
    totp = await world.with_totp(user)
    assert not (await world.step_up.prove(user.id, code=world.code(totp))).ok


@pytest.mark.parametrize(
    "odd", ["", "12345", "1234567", "１２３４５６", "abcdef", "-12345", "1e5000"]
)
async def test_odd_codes_are_no_codes(world: RightsWorld, odd: str) -> None:
    user = await world.user()
    await world.with_totp(user)
    assert [r.code for r in (await world.step_up.prove(user.id, code=odd)).reasons] == ["E-STEPUP"]


async def test_a_code_s_secret_is_sealed_to_its_person(world: RightsWorld) -> None:
    one, two = await world.user(), await world.user()
    totp = await world.with_totp(one)
    await world.with_totp(two)
    row = await Credentials(world.pool).get(one.id)
    assert row is not None
    assert row.totp is not None
    assert totp.secret.encode() not in row.totp
    await world.pool.execute(
        "UPDATE credentials SET totp = $2 WHERE user_id = $1", two.id, row.totp
    )
    world.clock.advance(MINUTE)
    with pytest.raises(SealError):
        await world.step_up.prove(two.id, code=world.code(totp))
    assert not await world.step_up.is_fresh(two.id)


async def test_without_a_master_key_there_are_pins_only(world: RightsWorld, user: User) -> None:
    step_up = StepUp(pool=world.pool, clock=world.clock, session_s=600, envelope=None, hasher=CHEAP)
    assert "vanta key new" in (await step_up.begin_totp(user.id)).reasons[0].text
    assert (await step_up.prove(user.id, pin=PIN)).ok
    await world.with_totp(user)
    world.clock.advance(MINUTE)
    with pytest.raises(ConfigError, match="no master key"):
        await step_up.prove(user.id, code="123456")


async def test_a_pending_code_counts_only_when_confirmed_in_time(world: RightsWorld) -> None:
    user = await world.user()
    enrolment = await world.step_up.begin_totp(user.id)
    assert enrolment.secret not in repr(enrolment)
    assert not await world.step_up.is_set(user.id)
    assert not (await world.step_up.confirm_totp(user.id, "000000")).done
    world.clock.advance(10 * MINUTE)

    late = await world.step_up.confirm_totp(user.id, world.code(pyotp.TOTP(enrolment.secret)))
    assert not late.done
    assert not await world.step_up.is_set(user.id)


# --- changes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("easy", ["111111", "123456", "fedcba", "ababab", "12345", "a\nbcdef"])
async def test_a_pin_anybody_would_try_is_not_taken(world: RightsWorld, easy: str) -> None:
    user = await world.user()
    said = await world.step_up.set_pin(user.id, easy)
    assert [r.code for r in said.reasons] == ["E-ARG"]
    assert easy not in repr(said)
    assert not await world.step_up.is_set(user.id)


async def test_what_is_set_changes_only_with_a_fresh_proof_of_it(
    world: RightsWorld, user: User
) -> None:
    refused = [
        (await world.step_up.set_pin(user.id, "another-1")).reasons,
        (await world.step_up.begin_totp(user.id)).reasons,
    ]
    assert [r[0].code for r in refused] == ["E-STEPUP"] * 2
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    assert (await world.step_up.set_pin(user.id, "another-1")).done
    assert not await world.step_up.is_fresh(user.id), "a change ends the session"
    assert not (await world.step_up.prove(user.id, pin=PIN)).ok
    assert (await world.step_up.prove(user.id, pin="another-1")).ok


async def test_a_code_begun_in_a_session_is_not_confirmed_after_it(
    world: RightsWorld, user: User
) -> None:

    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    totp = pyotp.TOTP((await world.step_up.begin_totp(user.id)).secret)
    await world.step_up.lock(user.id)
    said = await world.step_up.confirm_totp(user.id, world.code(totp))
    assert [r.code for r in said.reasons] == ["E-STEPUP"]


async def test_locking_ends_the_session_and_every_check_under_way(
    world: RightsWorld, user: User
) -> None:
    assert (await world.step_up.prove(user.id, pin=PIN)).ok
    await world.step_up.lock(user.id)
    assert not await world.step_up.is_fresh(user.id)
    rows = Credentials(world.pool)
    tried = await rows.count_try(user.id, world.clock.now_ns())
    assert tried is not None
    await world.step_up.lock(user.id)  # between the check and its end
    async with world.pool.acquire() as conn:
        assert not await rows.begin_session(conn, tried, tried.session_from_ns, 2**60)


# --- the panel ----------------------------------------------------------------------------------


async def test_a_ticket_opens_its_own_panel_once(world: RightsWorld, user: User) -> None:
    ticket = await world.step_up.invite(user.id)
    assert len(ticket) >= 22
    found = await asyncio.gather(*(world.step_up.redeem(ticket) for _ in range(8)))
    assert sorted(found, key=str) == sorted([user.id] + [None] * 7, key=str)
    stored = await world.pool.fetch("SELECT * FROM one_time_tokens")
    assert ticket not in repr(stored)


async def test_a_ticket_ends(world: RightsWorld, user: User) -> None:
    ticket = await world.step_up.invite(user.id)
    world.clock.advance(TICKET_NS)
    assert await world.step_up.redeem(ticket) is None
    first, second = await world.step_up.invite(user.id), await world.step_up.invite(user.id)
    assert await world.step_up.redeem(first) is None, "the newest counts"
    assert await world.step_up.redeem(second) == user.id


@pytest.mark.parametrize("odd", ["", "x", "\0", "\ud800", "x" * 10_000])
async def test_any_text_may_be_shown_as_a_ticket(world: RightsWorld, odd: str) -> None:
    assert await world.step_up.redeem(odd) is None
