"""Builds the ways in: signal door, REST and health, Telegram."""

import random
from collections.abc import Mapping

from aiohttp import web

from vanta.app.control import ControlRoom
from vanta.app.lifecycle import write_atomically
from vanta.app.prices import PriceRoom
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.checks import Check
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock
from vanta.metrics import Metrics
from vanta.sandbox.botapi import BotApi, new_token
from vanta.sandbox.home import Home
from vanta.settings import Settings
from vanta.supervise import SILENT_AFTER_S, Supervisor
from vanta.telegram.bot import TelegramBot
from vanta.telegram.context import Control
from vanta.telegram.context import Stores as ChatStores
from vanta.web.api import Api
from vanta.web.api import Stores as WebStores
from vanta.web.commands import CommandDoor
from vanta.web.middleware import middlewares
from vanta.web.routes import routes as web_routes
from vanta.web.security import SecurityDoor
from vanta.webhook.door import Door
from vanta.webhook.keys import KeyBook
from vanta.webhook.limits import DoorLimits
from vanta.webhook.receipts import Receipts
from vanta.webhook.routes import routes as door_routes


class SignalDoor:
    """The webhook room, wired."""

    def __init__(
        self,
        *,
        settings: Settings,
        stores: Stores,
        trading: Trading,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.keys = KeyBook(stores.providers)
        self.receipts = Receipts(signals=stores.signals, catalogue=catalogue)
        self.door = Door(
            signals=stores.signals,
            keys=self.keys,
            receipts=self.receipts,
            catalogue=catalogue,
            sink=trading.fanout,
            clock=clock,
            metrics=metrics,
            crash=trading.crash,
            permit=trading.permits.signal,
            limits=DoorLimits(
                max_body=settings.signal_max_body,
                clock_window_s=settings.signal_clock_window_s,
                entry_max_age_s=settings.signal_entry_max_age_s,
                exit_max_age_s=settings.signal_exit_max_age_s,
                rate_per_s=settings.signal_rate_per_s,
                burst=settings.signal_burst,
            ),
        )

    def add_roles(self, supervisor: Supervisor) -> None:
        """Supervise the commit task and the reading of keys."""
        supervisor.add("door", self.door.run, silent_after_s=SILENT_AFTER_S)
        supervisor.add("door.keys", self.keys.run, silent_after_s=SILENT_AFTER_S)


def telegram_bot(
    *,
    token: str,
    api_base: str | None,
    stores: Stores,
    control: Control,
    trading: Trading,
    catalogue: Catalogue,
    clock: Clock,
    metrics: Metrics,
) -> TelegramBot:
    """Build the bot; a commit of the ledger makes it look at the outbox at once."""
    bot = TelegramBot(
        token,
        api_base=api_base,
        desk=trading.engine,
        stores=ChatStores(
            users=stores.users,
            positions=stores.positions,
            orders=stores.orders,
            day_pnl=stores.day_pnl,
            tickets=stores.tickets,
        ),
        outbox=stores.outbox,
        catalogue=catalogue,
        control=control,
        clock=clock,
        metrics=metrics,
        rng=random.Random(),  # noqa: S311  # jitter, not a secret
    )
    trading.ledger.listen(lambda _change: bot.outbox.nudge())
    return bot


def chat_server(home: Home, clock: Clock) -> tuple[BotApi, str]:
    """Return the home's own Bot API server and the token it knows."""
    path = home.folder("chat") / "token"
    if not path.exists():
        write_atomically(path, new_token().encode())
    token = path.read_text().strip()
    return BotApi(clock, token=token, journal=path.with_name("messages.jsonl")), token


def web_application(
    *,
    settings: Settings,
    stores: Stores,
    prices: PriceRoom,
    trading: Trading,
    signal_door: SignalDoor,
    control: ControlRoom,
    bot: TelegramBot | None,
    catalogue: Catalogue,
    checks: Mapping[str, Check],
    supervisor: Supervisor,
    metrics: Metrics,
    clock: Clock,
    token: str,
    chat_url: str,
    simulated: bool,
) -> web.Application:
    """Build the main application: REST, health, and the signal door."""
    api = Api(
        desk=trading.engine,
        quotes=prices.feed,
        stores=WebStores(
            users=stores.users,
            accounts=stores.accounts,
            policies=stores.policies,
            positions=stores.positions,
            orders=stores.orders,
            fills=stores.fills,
            day_pnl=stores.day_pnl,
        ),
        catalogue=catalogue,
        names=prices.names,
        checks=checks,
        describe_signal=signal_door.receipts.describe,
        limits=control.limit_commands.described,
        feed_status=prices.feed.status,
        task_status=supervisor.status,
        mode=lambda: trading.modes.system()[0].value,
        system=lambda: trading.switches.state,
        metrics=metrics,
        clock=clock,
        token=token,
        host=settings.host,
        chat_url=chat_url,
        simulated=simulated,
    )
    app = web.Application(middlewares=middlewares(api), client_max_size=settings.signal_max_body)
    app.add_routes(web_routes(api))
    app.add_routes(CommandDoor(api, control.book).routes())
    app.add_routes(SecurityDoor(api, control.credentials).routes())
    app.add_routes(control.panel(bot.proved if bot else lambda _user_id: None).routes())
    app.add_routes(door_routes(signal_door.door))
    return app
