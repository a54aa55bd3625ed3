"""A running engine, its office of limits, and a person in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.fakes.clock import ManualClock
from tests.fakes.engine_scene import PRICE, Scene, scene
from tests.fakes.engine_world import BTC, CATALOGUE, World, make_user
from tests.fakes.quotes import FakeQuotes
from vanta.control.limits import LimitsOffice
from vanta.domain.command import Actor, Channel, Reply
from vanta.domain.policy import Policy, User
from vanta.store.audit import Audit
from vanta.store.pool import Pool
from vanta.store.users import Users

HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS


def office_of(
    world: World, fixed: dict[str, int] | None = None, counters: Any = None
) -> LimitsOffice:
    return LimitsOffice(
        pool=world.pool,
        book=world.book,
        desk=world.engine,
        catalogue=CATALOGUE,
        clock=world.clock,
        fixed=fixed or {},
        counters=counters,
    )


@dataclass
class Room:
    """A running engine, its office of limits, and a person in front of it."""

    scene: Scene
    office: LimitsOffice
    actor: Actor

    @property
    def world(self) -> World:
        return self.scene.world

    @property
    def policy(self) -> Policy:
        return self.world.book.policy(self.actor.user.id)

    async def set(self, key: str, text: str, *, stepped_up: bool = False) -> Reply:
        user_id = self.actor.user.id
        return await self.office.set_risk(self.actor, user_id, key, text, stepped_up=stepped_up)

    async def acts(self) -> list[str]:
        return [row.action for row in reversed(await Audit(self.world.pool).recent(50))]


def actor_of(user: User) -> Actor:
    return Actor(user=user, channel=Channel.CLI, trace_id="trace")


@asynccontextmanager
async def room(pool: Pool, clock: ManualClock, quotes: FakeQuotes) -> AsyncIterator[Room]:
    s = await scene(pool, clock, quotes, policy=None)
    quotes.put(BTC, PRICE)
    async with s.world.running() as world:
        user = await Users(pool).get(s.user_id)
        yield Room(s, office_of(world), actor_of(user))


async def super_admin(pool: Pool) -> Actor:
    return actor_of(await Users(pool).get(await make_user(pool, role="super_admin")))
