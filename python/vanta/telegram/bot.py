"""The Telegram room: wires its parts, and runs until cancelled.

updates ─► polling ─► middlewares ─► routers ─► office / flow / changes ─► desk
                                                    │
Telegram ◄── courier ◄── replies and edits ◄────────┘   ◄── outbox sender ◄── outbox table
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
from aiogram.exceptions import AiogramError
from aiogram.types import LinkPreviewOptions

from vanta import logs
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, Desk
from vanta.metrics import Metrics
from vanta.store.outbox import Outbox
from vanta.telegram.changes import Changes
from vanta.telegram.context import Room, Stores
from vanta.telegram.courier import Courier
from vanta.telegram.flow import Flow
from vanta.telegram.middlewares import Groups, Identity, Prompt, Secrets, Throttle, Trace
from vanta.telegram.office import Office
from vanta.telegram.outbox import OutboxSender
from vanta.telegram.outcome import Outcome
from vanta.telegram.polling import Polling
from vanta.telegram.routers.account import account_router
from vanta.telegram.routers.market import market_router
from vanta.telegram.routers.positions import PositionHandlers
from vanta.telegram.routers.start import MENU, fallback_router, start_router
from vanta.telegram.routers.tickets import TicketHandlers
from vanta.telegram.routers.trade import trade_router

_log = logs.get(__name__)

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
        self.dispatcher = _dispatcher(self.room, clock, metrics)

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
                group.create_task(self._set_menu())
                group.create_task(self._polling.run(self.dispatcher))
        finally:
            self._polling.healthy = False
            self.room.after.adopt(None)
            await self._bot.session.close()

    async def _set_menu(self) -> None:
        try:
            await self._bot.set_my_commands(MENU)
            known = await self._bot.get_my_commands()
        except AiogramError as error:
            _log.warning("telegram.menu_failed", error=type(error).__name__)
            return
        if [c.command for c in known] != [c.command for c in MENU]:
            _log.warning("telegram.menu_differs", known=len(known))


def _dispatcher(room: Room, clock: Clock, metrics: Metrics) -> Dispatcher:
    office = Office(room)
    flow = Flow(room, office)
    changes = Changes(room, office)
    outcome = Outcome(room, flow, changes)
    dispatcher = Dispatcher(disable_fsm=True)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(Prompt(room))
        observer.outer_middleware(Trace(room, metrics))
        observer.outer_middleware(Secrets(room))
    throttle = Throttle(room, clock)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(throttle)
        observer.outer_middleware(Groups(room))
        observer.outer_middleware(Identity(room))
    dispatcher.include_routers(
        start_router(room),
        market_router(room),
        account_router(room),
        PositionHandlers(room, changes, outcome).router(),
        TicketHandlers(room, office, flow, changes, outcome).router(),
        trade_router(room, office, flow, changes),
        fallback_router(room),
    )
    return dispatcher
