"""A person in a chat with the bot: the real bot, a real engine, the local Bot API over HTTP."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer

from tests.fakes.commands import FakeCommands
from tests.fakes.desks import HeldDesk
from tests.fakes.engine_world import BTC, CATALOGUE, EASY, ETH, World
from tests.fakes.quotes import FakeQuotes
from tests.fakes.sleeper import InstantTime, eventually
from vanta.domain.command import Reply
from vanta.domain.policy import Policy, User
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Reason
from vanta.sandbox.botapi import BotApi, new_token
from vanta.sandbox.botapi_state import Person
from vanta.sandbox.seed import TRADER_TELEGRAM_ID
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.orders import Orders
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.tickets import Tickets
from vanta.store.users import Users
from vanta.telegram.bot import TelegramBot
from vanta.telegram.context import Control, Stores

Json = dict[str, Any]
BTC_E10 = 61_240 * E10
_NEWS = re.compile(r"\[DRY\] (?:Opened|Reduced|Closed|Liquidated) #|.* waits \(Telegram id ")


class Office:
    """The other rooms' offers to the chat, as a test sets them."""

    def __init__(self, pool: Pool) -> None:
        self.commands = FakeCommands()
        self.limit = 30
        self.lost: Exception | None = OSError("away")  # why the shared count cannot be had
        self.waits_ns = 0  # what the shared counter answers
        self.met: list[int] = []
        self.code = ""  # the owner's
        self.right_codes: set[str] = set()
        self._users = Users(pool)

    def control(self) -> Control:
        return Control(
            commands=self.commands,
            meet=self.meet,
            claim=self.claim,
            prove=self.prove,
            panel=self.panel,
            messages_per_minute=lambda _user_id: self.limit,
            count_message=self.count,
        )

    async def meet(self, telegram_id: int, name: str) -> User:
        self.met.append(telegram_id)
        return User(
            id=0,
            telegram_id=telegram_id,
            name=name,
            role="viewer",
            created_ns=1,
            standing="waiting",
        )

    async def claim(self, telegram_id: int, name: str, code: str) -> Reply:
        if code != self.code or not code:
            why = Reason(code="E-ROLE", rule="CODE", text="This code opens nothing.")
            return Reply(title=why.text, reasons=(why,))
        self.code = ""
        await self._users.create(name, "super_admin", telegram_id, now_ns=1)
        return Reply(title="This desk is yours.")

    async def prove(self, user_id: int, code: str) -> Reply:
        if code not in self.right_codes:
            why = Reason(code="E-STEPUP", rule="STEP_UP", text="That was not right.")
            return Reply(title=why.text, reasons=(why,))
        self.commands.fresh.add(user_id)
        return Reply(title="Proved for 10 min.")

    async def panel(self, user_id: int) -> str:
        return f"http://127.0.0.1:8080/panel#ticket-of-{user_id}"

    async def count(self, _user_id: int, _limit: int, _now_ns: int) -> int:
        if self.lost is not None:
            raise self.lost
        return self.waits_ns


class Talk:
    """One running bot and its person."""

    def __init__(self, api: BotApi, bot: TelegramBot, user: User, task: asyncio.Task[None]) -> None:
        self.api = api
        self.bot = bot
        self.user = user
        self.task = task

    @property
    def messages(self) -> list[Json]:
        """What the bot has written in the private chat, as it stands now."""
        return self.heard(TRADER_TELEGRAM_ID)

    def heard(self, chat_id: int) -> list[Json]:
        """What the bot has written in any chat."""
        every = self.api.state.history(chat_id, 10_000)
        return [m for m in every if m["from"]["is_bot"]]

    async def until(self, true: Any) -> None:
        await eventually(true, self.task)

    async def say(self, text: str, **other: Any) -> Json:
        """Write to the bot; return its reply. News may come in between."""
        known = {m["message_id"] for m in self.messages}
        self.api.state.receive(text, **other)

        def replies() -> list[Json]:
            fresh = [m for m in self.messages if m["message_id"] not in known]
            return [m for m in fresh if not _NEWS.match(m["text"])]

        await self.until(replies)
        return replies()[0]

    async def told(self, part: str) -> Json:
        """Wait for a message with these words in it."""
        await self.until(lambda: any(part in m["text"] for m in self.messages))
        return next(m for m in reversed(self.messages) if part in m["text"])

    async def press(self, message: Json, label: str, **other: Any) -> str:
        """Press a button; return what the bot answered."""
        [answer] = await self.press_many(message, label, 1, **other)
        return answer

    async def press_many(self, message: Json, label: str, times: int, **other: Any) -> list[str]:
        """Press a button several times before the bot hears the first."""
        data = other.pop("data", None) or button(message, label)["callback_data"]
        heard = self.api.state.listen()
        place = (message["chat"]["id"], message["message_id"])
        queries = [self.api.state.press(*place, data, **other) for _ in range(times)]
        answers: dict[str, str] = {}
        while set(queries) - set(answers):
            event = await heard.get()
            assert event is not None
            if event["type"] == "answer":
                answers[event["query_id"]] = event["text"]
        self.api.state.unlisten(heard)
        return [answers[str(query)] for query in queries]

    async def changed(self, message: Json, part: str) -> Json:
        """Wait until a message was edited to hold these words."""
        key = (message["chat"]["id"], message["message_id"])
        await self.until(lambda: part in self.api.state.messages[key]["text"])
        return self.api.state.messages[key]


class Chat(Talk):
    """A bot that trades on a real engine, beside an office that does as it is told."""

    def __init__(
        self,
        world: World,
        api: BotApi,
        bot: TelegramBot,
        user: User,
        office: Office,
        desk: HeldDesk,
        task: asyncio.Task[None],
    ) -> None:
        super().__init__(api, bot, user, task)
        self.world = world
        self.office = office
        self.desk = desk

    async def order_count(self) -> int:
        count: int = await self.world.pool.fetchval("SELECT count(*) FROM orders")
        return count


def button(message: Json, label: str) -> Json:
    """Find a button by the start of its words."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    found: list[Json] = [b for row in rows for b in row if b["text"].startswith(label)]
    assert found, f"no button {label!r} under {message['text']!r}: {rows}"
    return found[0]


def labels(message: Json) -> list[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [b["text"] for row in rows for b in row]


def stranger(telegram_id: int = 666) -> Json:
    """Fields of an update by somebody else, in his own private chat."""
    return {"user": Person(id=telegram_id, first_name="Mallory", username="mallory")}


async def make_trader(pool: Pool, policy: Policy = EASY, role: str = "trader") -> User:
    await Markets(pool).upsert(list(CATALOGUE))
    user = await Users(pool).create("demo", role, TRADER_TELEGRAM_ID, now_ns=1)
    await Accounts(pool).open(user.id, 10_000 * E6)
    await Policies(pool).set(user.id, policy, 1, "test")
    return user


@asynccontextmanager
async def chatting(
    pool: Pool,
    journal: Path,
    *,
    policy: Policy = EASY,
    token: str = "",
    role: str = "trader",
    orders: Orders | None = None,
) -> AsyncIterator[Chat]:
    """Run everything; leaving it is a clean stop, the journal and the database stay."""
    time = InstantTime()
    quotes = FakeQuotes(time)
    world = World(pool, time, quotes)  # type: ignore[arg-type]
    user = await Users(pool).by_telegram(TRADER_TELEGRAM_ID) or await make_trader(
        pool, policy, role
    )
    quotes.put(BTC, BTC_E10)
    quotes.put(ETH, 2_650 * E10)
    token, office = token or new_token(), Office(pool)
    api = BotApi(time, token=token, journal=journal)
    desk = HeldDesk(world.engine)
    async with world.running(), TestServer(api.app(), host="127.0.0.1") as server:
        bot = TelegramBot(
            token,
            api_base=str(server.make_url("")).rstrip("/"),
            desk=desk,  # type: ignore[arg-type]  # the rest passes through
            stores=Stores(
                users=Users(pool),
                positions=world.positions,
                orders=orders or world.orders,
                day_pnl=world.day_pnl,
                tickets=Tickets(pool),
            ),
            control=office.control(),
            outbox=world.outbox,
            catalogue=CATALOGUE,
            clock=time,
            metrics=world.metrics,
            rng=random.Random(1),
            sleep=time.sleep,
        )
        task = asyncio.create_task(bot.run())
        try:
            yield Chat(world, api, bot, user, office, desk, task)
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and task.exception():
                raise task.exception()  # type: ignore[misc]
