"""Commands that need a second person, and what people do for each other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_world import ControlWorld, control_world
from vanta.domain.command import Need, Reply
from vanta.domain.policy import User
from vanta.domain.system import Stop
from vanta.store.pool import Pool
from vanta.telegram.events import render


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


@pytest.fixture
async def two(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlWorld]:
    async with control_world(pool, clock, redis, tmp_path, VANTA_TWO_PERSON="1") as made:
        yield made


async def test_two_agree_and_it_happens_once(two: ControlWorld) -> None:
    boss = await two.proved(await two.person("super_admin", name="boss"))
    mate = await two.proved(await two.person("super_admin", name="mate"))
    await two.confirmed(boss, "emergency_stop")
    asked = await two.confirmed(boss, "emergency_resume")
    assert asked.need is Need.SECOND_PERSON
    number = asked.data["approval"]
    assert stop(two) is Stop.OPENS
    assert not (await two.run(boss, f"agree {number}")).done  # not oneself
    agreed = await two.run(mate, f"agree {number}")
    assert agreed.done, agreed
    assert stop(two) is Stop.NONE
    resumed = [who for who, act, _ in await two.acts() if act == "system.resume"]
    assert resumed == [f"user:{boss.id}"]
    await two.confirmed(boss, "emergency_stop")
    assert not (await two.run(mate, f"agree {number}")).done
    assert stop(two) is Stop.OPENS


async def test_agreeing_needs_a_proof_and_a_right(two: ControlWorld) -> None:
    boss = await two.proved(await two.person("super_admin", name="boss"))
    mate = await two.person("super_admin", name="mate")
    admin = await two.proved(await two.person("admin"))
    await two.confirmed(boss, "emergency_stop")
    number = (await two.confirmed(boss, "emergency_resume")).data["approval"]
    assert codes(await two.run(admin, f"agree {number}")) == ["E-ROLE"]
    assert (await two.run(mate, f"agree {number}")).need is Need.STEP_UP
    assert stop(two) is Stop.OPENS


async def notices(world: ControlWorld, user: User, kind: str) -> list[dict[str, Any]]:
    """Return the bodies of one kind that wait for somebody in the chat."""
    rows = await world.pool.fetch(
        "SELECT body FROM outbox WHERE user_id = $1 AND kind = $2", user.id, kind
    )
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_who_asked_is_told_that_the_other_agreed_and_what_came_of_it(
    two: ControlWorld,
) -> None:
    boss = await two.proved(await two.person("super_admin", name="boss"))
    mate = await two.proved(await two.person("super_admin", name="mate"))
    await two.stores.users.bind_telegram(boss.id, 4004)
    await two.confirmed(boss, "emergency_stop")
    number = (await two.confirmed(boss, "emergency_resume")).data["approval"]
    agreed = await two.run(mate, f"agree {number}")
    [told] = await notices(two, boss, "approval.agreed")
    assert (told["approval"], told["command"]) == (number, "emergency_resume")
    assert (told["name"], told["text"]) == ("mate", agreed.title)
    words = render("approval.agreed", told, two.catalogue)
    assert "mate agreed" in words
    assert "/emergency_resume" in words
    assert agreed.title in words


async def test_nobody_makes_himself_a_second_person(two: ControlWorld) -> None:
    boss = await two.proved(await two.person("super_admin", name="boss"))
    double = await two.proved(await two.person("trader", name="double"))
    asked = await two.run(boss, f"roles {double.id} super_admin")
    assert asked.need is Need.SECOND_PERSON
    assert (await two.stores.users.get(double.id)).role == "trader"
    assert not (await two.run(double, f"agree {asked.data['approval']}")).done
    mate = await two.proved(await two.person("super_admin", name="mate"))
    assert (await two.run(mate, f"agree {asked.data['approval']}")).done
    assert (await two.stores.users.get(double.id)).role == "super_admin"


async def test_a_pin_is_reset_by_another_super_admin_and_its_person_hears_of_it(
    world: ControlWorld, boss: User
) -> None:
    lost = await world.proved(await world.person("super_admin", name="lost"))
    await world.stores.users.bind_telegram(lost.id, 4004)
    assert codes(await world.confirmed(boss, f"reset_pin {boss.id}")) == ["E-ROLE"]
    assert (await world.confirmed(boss, f"reset_pin {lost.id}")).done
    state = (await world.run(lost, "security")).data
    assert (state["pin"], state["proved_until"]) == (False, None)
    assert (f"user:{boss.id}", "stepup.reset", f"user:{lost.id}") in await world.acts()
    [told] = await notices(world, lost, "stepup.reset")
    assert boss.name in render("stepup.reset", told, world.catalogue)
