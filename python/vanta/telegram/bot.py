"""The Telegram room: wires its parts, and runs until cancelled.

updates ─► polling ─► middlewares ─► routers ─┬► office / flow / changes ─► desk
                                              ├► control ─► commands
Telegram ◄── courier ◄── replies and edits ◄──┘   ◄── outbox sender ◄── outbox table
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.types import LinkPreviewOptions

from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, Desk
from vanta.metrics import Metrics
from vanta.store.outbox import Outbox
from vanta.telegram.changes import Changes
from vanta.telegram.context import Control, Room, Stores, beside
from vanta.telegram.courier import Courier
from vanta.telegram.entrance import Admit, Throttle, Who
from vanta.telegram.flow import Flow
from vanta.telegram.menu import Menus
from vanta.telegram.middlewares import Groups, Prompt, Secrets, Trace
from vanta.telegram.office import Office
from vanta.telegram.outbox import OutboxSender
from vanta.telegram.outcome import Outcome
from vanta.telegram.polling import Polling
from vanta.telegram.routers.account import account_router
from vanta.telegram.routers.control import ControlHandlers
from vanta.telegram.routers.market import market_router
from vanta.telegram.routers.positions import PositionHandlers
from vanta.telegram.routers.start import fallback_router, start_router
from vanta.telegram.routers.tickets import TicketHandlers
from vanta.telegram.routers.trade import trade_router

CALL_S: Final = 15.0


class TelegramBot:
    """One bot token. `api_base` is the local Bot API server, None the real Telegram."""

    def __init__(
        self,
        token: str,
        *,
        api_base: str | None,
        desk: Desk,
        stores: Stores,
        control: Control,
        outbox: Outbox,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        session = AiohttpSession(timeout=CALL_S)
        if api_base is not None:
            session = AiohttpSession(api=TelegramAPIServer.from_base(api_base), timeout=CALL_S)
        self._bot = Bot(
            token,
            session=session,
            default=DefaultBotProperties(
                parse_mode=ParseMode.HTML,
                link_preview=LinkPreviewOptions(is_disabled=True),
            ),
        )
        self._polling = Polling(self._bot, rng, sleep)
        self.room = Room(
            bot=self._bot,
            desk=desk,
            stores=stores,
            control=control,
            catalogue=catalogue,
            clock=clock,
            courier=Courier(self._bot, clock, sleep=sleep),
        )
        self.outbox = OutboxSender(
            outbox=outbox,
            users=stores.users,
            courier=self.room.courier,
            catalogue=catalogue,
            clock=clock,
            metrics=metrics,
        )
        self._menus = Menus(self._bot, control.commands)
        self._handlers = ControlHandlers(self.room, self._menus)
        self.dispatcher = _dispatcher(self.room, self._handlers, self._menus, clock, metrics)

    @property
    def healthy(self) -> bool:
        """Whether the last poll reached Telegram."""
        return self._polling.healthy

    async def run(self) -> None:
        """Serve until cancelled; a failure of any part ends the whole, to be started anew."""
        try:
            async with asyncio.TaskGroup() as group:
                self.room.after.adopt(group)
                group.create_task(self.room.courier.run())
                group.create_task(self.outbox.run())
                beside(group, self._set_menus())
                group.create_task(self._polling.run(self.dispatcher))
        finally:
            self._polling.healthy = False
            self.room.after.adopt(None)
            await self._bot.session.close()

    def proved(self, user_id: int) -> None:
        """Offer again what waited for this person's step-up; called when the panel took one."""
        self._handlers.proved(user_id)

    async def _set_menus(self) -> None:
        await self._menus.start(await self.room.stores.users.all())


def _dispatcher(
    room: Room, control: ControlHandlers, menus: Menus, clock: Clock, metrics: Metrics
) -> Dispatcher:
    office = Office(room)
    flow = Flow(room, office)
    changes = Changes(room, office)
    outcome = Outcome(room, flow, changes)
    dispatcher = Dispatcher(disable_fsm=True)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(Prompt(room))
        observer.outer_middleware(Trace(room, metrics))
        observer.outer_middleware(Secrets(room))
    who, throttle, admit = Who(room), Throttle(room, clock), Admit(room, menus)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(who)
        observer.outer_middleware(throttle)
        observer.outer_middleware(Groups(room))
        observer.outer_middleware(admit)
    dispatcher.include_routers(
        control.words_router(),
        start_router(room),
        market_router(room),
        account_router(room),
        PositionHandlers(room, changes, outcome).router(),
        TicketHandlers(room, office, flow, changes, outcome).router(),
        trade_router(room, office, flow, changes),
        control.router(),
        fallback_router(room),
    )
    return dispatcher
