"""A bot before the real control room: real gate, tokens, rights and switches, over a real store."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from tests.fakes.chat import Json, Talk
from tests.fakes.control_world import ControlWorld, control_world
from tests.fakes.sleeper import InstantTime
from vanta.domain.policy import User
from vanta.sandbox.botapi import BotApi, new_token
from vanta.sandbox.botapi_state import Person
from vanta.sandbox.seed import TRADER_TELEGRAM_ID
from vanta.store.pool import Pool
from vanta.telegram.bot import TelegramBot
from vanta.telegram.context import Stores

OWNER, SECOND, TRADER, STRANGER = TRADER_TELEGRAM_ID, 2002, 3003, 666


class GovernedChat(Talk):
    """A desk of two super admins and a trader; the page's person is the first super admin."""

    def __init__(
        self,
        world: ControlWorld,
        api: BotApi,
        bot: TelegramBot,
        people: dict[int, User],
        task: asyncio.Task[None],
    ) -> None:
        super().__init__(api, bot, people[OWNER], task)
        self.world = world
        self.people = people

    async def say_as(self, telegram_id: int, text: str) -> Json:
        """Write in somebody's own private chat; return the reply."""
        before = len(self.heard(telegram_id))
        self.api.state.receive(text, user=who(telegram_id))
        await self.until(lambda: len(self.heard(telegram_id)) > before)
        return self.heard(telegram_id)[before]

    async def acts(self, action: str) -> int:
        """Count the rows of one act in the audit log."""
        return [name for _, name, _ in await self.world.acts()].count(action)

    async def quiet(self) -> None:
        """Wait until every update is handled and confirmed."""
        await self.until(lambda: not self.api.state.updates)


def who(telegram_id: int) -> Person:
    return Person(id=telegram_id, first_name=f"Person {telegram_id}", username=f"p{telegram_id}")


@asynccontextmanager
async def governed(
    pool: Pool,
    redis: Redis,
    home: Path,
    *,
    token: str = "",
    time: InstantTime | None = None,
    **environ: str,
) -> AsyncIterator[GovernedChat]:
    """Run the bot and the control room; leaving is a clean stop, journal and database stay.

    A next life on them takes the `time` of the one before: its clock does not go back.
    """
    time = time or InstantTime()
    token = token or new_token()
    api = BotApi(time, token=token, journal=home / "chat.jsonl")
    async with (
        control_world(pool, time, redis, home, **environ) as world,
        TestServer(api.app(), host="127.0.0.1") as server,
    ):
        people = {
            telegram_id: await _person(world, role, telegram_id)
            for telegram_id, role in (
                (OWNER, "super_admin"),
                (SECOND, "super_admin"),
                (TRADER, "trader"),
            )
        }
        stores: Any = world.stores
        bot = TelegramBot(
            token,
            api_base=str(server.make_url("")).rstrip("/"),
            desk=world.trading.engine,
            stores=Stores(
                users=stores.users,
                positions=stores.positions,
                orders=stores.orders,
                day_pnl=stores.day_pnl,
                tickets=stores.tickets,
            ),
            control=world.control.for_chat("http://127.0.0.1:8080/panel"),
            outbox=stores.outbox,
            catalogue=world.catalogue,
            clock=time,
            metrics=world.metrics,
            rng=random.Random(1),
            sleep=time.sleep,
        )
        task = asyncio.create_task(bot.run())
        try:
            yield GovernedChat(world, api, bot, people, task)
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and task.exception():
                raise task.exception()  # type: ignore[misc]


async def _person(world: ControlWorld, role: str, telegram_id: int) -> User:
    users = world.stores.users
    known = await users.by_telegram(telegram_id)
    if known is None:
        made = await world.person(role, name=f"{role}-{telegram_id}")
        await users.bind_telegram(made.id, telegram_id)
    return await users.by_telegram(telegram_id) or made
