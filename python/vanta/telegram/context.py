"""What the handlers of this room may use, passed in whole by the composition root."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from vanta import logs
from vanta.domain.command import Commands, Reply
from vanta.domain.enums import Action, Mode
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Order
from vanta.domain.policy import User
from vanta.domain.ports import Clock, Desk
from vanta.domain.position import Position, PositionView, view
from vanta.store.day_pnl import DayPnl
from vanta.store.orders import Orders
from vanta.store.positions import Positions
from vanta.store.tickets import Tickets
from vanta.store.users import Users
from vanta.telegram.asks import Asks
from vanta.telegram.courier import Courier

_log = logs.get(__name__)


class Stores:
    """The aggregates this room reads; of them it writes tickets only."""

    def __init__(
        self,
        *,
        users: Users,
        positions: Positions,
        orders: Orders,
        day_pnl: DayPnl,
        tickets: Tickets,
    ) -> None:
        self.users = users
        self.positions = positions
        self.orders = orders
        self.day_pnl = day_pnl
        self.tickets = tickets


class Control:
    """What people and operators may do, as other rooms offer it to this one.

    `meet(telegram_id, name)` remembers a stranger as waiting and tells the admins once, or returns
    None when too many wait;
    `claim(telegram_id, name, code)` honours the one-time owner code; `prove(user_id, code)` takes a
    TOTP code; `panel(user_id)` makes an address with a one-time ticket for the secure panel;
    `messages_per_minute(user_id)` is the person's own limit and
    `count_message(user_id, limit, now_ns)` counts one: 0, or how long to wait in nanoseconds. It
    raises `RedisError`, `OSError` or `TimeoutError` when the shared count cannot be had.
    """

    def __init__(
        self,
        *,
        commands: Commands,
        meet: Callable[[int, str], Awaitable[User | None]],
        claim: Callable[[int, str, str], Awaitable[Reply]],
        prove: Callable[[int, str], Awaitable[Reply]],
        panel: Callable[[int], Awaitable[str]],
        messages_per_minute: Callable[[int], int],
        count_message: Callable[[int, int, int], Awaitable[int]],
    ) -> None:
        self.commands = commands
        self.meet = meet
        self.claim = claim
        self.prove = prove
        self.panel = panel
        self.messages_per_minute = messages_per_minute
        self.count_message = count_message


class After:
    """Work that goes on after a handler has returned, owned by the bot's task group."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None

    def adopt(self, group: asyncio.TaskGroup | None) -> None:
        self._group = group

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside the updates; its failure is logged, never raised."""
        if self._group is None:
            work.close()
            return
        beside(self._group, work)


def beside(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run `work` in a group without endangering it: a failure is logged, never raised."""
    task = group.create_task(_guarded(work))
    # Cancelled before its first step, a task never touches what it was given.
    task.add_done_callback(lambda _: work.close())
    return task


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        _log.exception("telegram.after_failed")


class Room:
    """Dependencies, and the few things every router does with them."""

    def __init__(
        self,
        *,
        bot: Bot,
        desk: Desk,
        stores: Stores,
        control: Control,
        catalogue: Catalogue,
        clock: Clock,
        courier: Courier,
    ) -> None:
        self.bot = bot
        self.desk = desk
        self.stores = stores
        self.control = control
        self.catalogue = catalogue
        self.clock = clock
        self.courier = courier
        self.after = After()
        self.asks = Asks(clock)
        self.mode = Mode.DRY

    def market(self, market_ix: int) -> Market:
        return self.catalogue[market_ix]

    def say(self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Queue a reply; a lost reply can be asked for again, so nobody waits for it."""
        self.courier.post(chat_id, text, keyboard)

    def look(self, position: Position) -> tuple[PositionView, int]:
        """A position at the market's quote, and the quote's quality."""
        quote = self.desk.quote(position.market_ix)
        shown = view(
            position,
            mark_e10=quote.price_e10,
            protected_by=self.desk.protected_by(position),
        )
        return shown, quote.quality

    async def own_position(self, user_id: int, position_id: int) -> Position | None:
        """A position of this user, open or closed; None for anybody else's."""
        if position_id <= 0:
            return None
        try:
            position = await self.stores.positions.get(position_id)
        except NotFoundError:
            return None
        return position if position.user_id == user_id else None

    async def opening_order(self, position: Position) -> Order | None:
        """The order that opened a position; None when it is not among the newest."""
        for order in await self.stores.orders.recent(position.user_id, 200):
            if order.position_id == position.id and order.intent.action is Action.OPEN:
                return order
        return None

    async def own_order(self, user_id: int, order_id: int) -> Order | None:
        """An order of this user; None for anybody else's."""
        if order_id <= 0:
            return None
        try:
            order = await self.stores.orders.by_id(order_id)
        except NotFoundError:
            return None
        return order if order.intent.user_id == user_id else None
