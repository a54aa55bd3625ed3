"""The whole house on its stores: builds every room, serves, and takes it down in order."""

import asyncio
import os
import random
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import msgspec

from vanta import logs
from vanta._core import Quote
from vanta.app import doors, market, operators
from vanta.app.control import ControlRoom
from vanta.app.gauges import Gauges
from vanta.app.lifecycle import Shutdown, write_atomically
from vanta.app.loop_lag import LoopLag
from vanta.app.prices import PriceRoom
from vanta.app.readiness import readiness
from vanta.app.ready import Ready
from vanta.app.serving import HttpServer, bind, url_of
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.checks import Check
from vanta.clock import SystemClock
from vanta.crashpoints import CrashPoints
from vanta.domain.market import Catalogue
from vanta.domain.webhook_signature import format_secret
from vanta.keys.configured import source_to_start
from vanta.keys.keeper import KeyKeeper
from vanta.keys.plain import seal_plain
from vanta.metrics import Metrics
from vanta.prices.chainlink import Chainlink
from vanta.sandbox.home import Home
from vanta.sandbox.seed import Seeded, seed
from vanta.settings import Settings
from vanta.store.counters import Counters
from vanta.store.markets import Markets
from vanta.store.pool import Pool
from vanta.store.redis import Client, PriceCache, PriceRow, health
from vanta.store.sealed import SealedBox
from vanta.supervise import SILENT_AFTER_S, Supervisor
from vanta.telegram.bot import TelegramBot

_log = logs.get(__name__)

USABLE_WAIT_S: Final = 5.0
DRAIN_S: Final = 10.0
GAUGES_SILENT_S: Final = 60.0  # two reads of a database that lets each wait
KEYS_SILENT_S: Final = 60.0  # a KMS is tried three times
TELEGRAM_SILENT_S: Final = 60.0  # a poll may take half of that


class House:
    """One process's rooms. `wish` says which market is simulated; None means real prices."""

    def __init__(
        self,
        *,
        settings: Settings,
        wish: market.Wish | None,
        home: Home,
        pool: Pool,
        redis: Client,
        counters: Counters,
        stack: AsyncExitStack,
        may_trade: Callable[[], bool],
    ) -> None:
        self.settings = settings
        self.wish = wish
        self.home = home
        self.stack = stack
        self.may_trade = may_trade
        self.clock = SystemClock()
        self.metrics = Metrics()
        self.envelope = SealedBox(self.metrics)
        self.stores = Stores(pool, self.envelope)
        self.checks: dict[str, Check] = {}  # readiness by part, once it is built
        self.priced: set[int] = set()  # markets that any source quotes
        self.chain: Chainlink | None = None  # where its prices are read from
        self.redis = redis
        self.counters = counters
        self.cache = PriceCache(redis)
        self.supervisor = Supervisor(
            self.clock,
            self.metrics,
            rng=random.Random(),  # noqa: S311  # jitter, not a secret
        )

    async def serve(self, shutdown: Shutdown) -> None:
        """Build everything, announce, and serve until `shutdown` is requested."""
        made_key = await self._open_keys()
        seeded = await self._seed()
        catalogue = Catalogue(await Markets(self.stores.pool).all())
        prices = self._prices(catalogue)
        trading = self._trading(catalogue, prices)
        signal_door = await self._signal_door(trading, catalogue)
        listener = bind(
            self.settings.host, self.settings.port, move_on=self.settings.port_is_default
        )
        control = ControlRoom(
            settings=self.settings,
            stores=self.stores,
            trading=trading,
            prices=prices,
            counters=self.counters,
            catalogue=catalogue,
            envelope=self.envelope,
            clock=self.clock,
            checks=self.checks,
            tasks=self.supervisor.status,
        )
        chat, chat_url, bot = self._telegram(trading, catalogue, control, listener)
        control.add_roles(self.supervisor)
        gauges = Gauges(
            pool=self.stores.pool,
            orders=self.stores.orders,
            outbox=self.stores.outbox,
            audit=self.stores.audit,
            positions=trading.book.open_positions,
            quotes=prices.feed,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.supervisor.add("gauges", gauges.run, silent_after_s=GAUGES_SILENT_S)
        self.supervisor.add("audit.watch", gauges.watch_chain)
        lag = LoopLag(clock=self.clock, metrics=self.metrics)
        self.supervisor.add("loop.lag", lag.run, silent_after_s=SILENT_AFTER_S)
        self.checks.update(
            readiness(
                stores=self.stores,
                redis_healthy=self._redis_healthy,
                prices=prices,
                trading=trading,
                catalogue=catalogue,
                chain=self.chain,
                bot=bot,
                supervisor=self.supervisor,
            )
        )
        ready = _ready(url_of(listener), chat_url, seeded, made_key)
        app = doors.web_application(
            settings=self.settings,
            stores=self.stores,
            prices=prices,
            trading=trading,
            signal_door=signal_door,
            control=control,
            bot=bot,
            catalogue=catalogue,
            checks=self.checks,
            supervisor=self.supervisor,
            metrics=self.metrics,
            clock=self.clock,
            token=ready.token,
            chat_url=chat_url,
            simulated=self.wish is not None,
        )
        if chat is not None:  # before the bot, which talks to it at once
            await self.stack.enter_async_context(chat)
        # Before any role: who presses "close" during the start must have a position to close.
        await trading.start()
        async with asyncio.TaskGroup() as group:
            roles = group.create_task(self.supervisor.run(), name="supervisor")
            async with HttpServer(app, listener):
                await self._wait_until_usable(prices, bot, shutdown)
                self._announce(ready, has_prices=self._has_prices(prices))
                await shutdown.requested.wait()
                self.home.instance_path.unlink(missing_ok=True)
                await signal_door.door.drain()
                await trading.drain(DRAIN_S)
            roles.cancel()

    async def _open_keys(self) -> str:
        """Open the master keys before anything reads a secret; return where one was made."""
        source, made = await source_to_start(
            self.settings, self.stores.pool, sandbox=self.wish is not None
        )
        keeper = KeyKeeper(
            pool=self.stores.pool, source=source, box=self.envelope, clock=self.clock
        )
        await keeper.open()
        await seal_plain(keeper, self.stores.providers)
        self.supervisor.add("keys", keeper.run, silent_after_s=KEYS_SILENT_S)
        return made

    async def _seed(self) -> Seeded | None:
        # The demo's trader comes first: until there is an owner, who names no user means the first.
        seeded = None
        if self.wish is not None:
            seeded = await seed(self.stores.pool, self.clock, self.stores.providers)
        await operators.admit(
            self.stores.pool,
            self.clock,
            admins=self.settings.admin_user_ids,
            super_admins=self.settings.super_admin_ids,
        )
        return seeded

    def _prices(self, catalogue: Catalogue) -> PriceRoom:
        prices = PriceRoom(
            catalogue=catalogue,
            clock=self.clock,
            metrics=self.metrics,
            cache=partial(self._cache, catalogue),
        )
        sources = market.sources(
            self.settings,
            self.wish,
            home=self.home,
            catalogue=catalogue,
            names=prices.names,
            clock=self.clock,
            stack=self.stack,
        )
        for source in sources:
            prices.feed.add_source(source)
            if isinstance(source, Chainlink):
                self.chain = source
            self.priced.update(spec.market_ix for spec in source.feeds())
            self.supervisor.add(f"prices.{source.name}", partial(source.run, prices.feed))
        prices.add_roles(self.supervisor)
        return prices

    def _trading(self, catalogue: Catalogue, prices: PriceRoom) -> Trading:
        trading = Trading(
            settings=self.settings,
            stores=self.stores,
            catalogue=catalogue,
            quotes=prices.feed,
            clock=self.clock,
            clock_suspect=prices.clock_watch.suspect,
            metrics=self.metrics,
            redis_healthy=self._redis_healthy,
            counters=self.counters,
            may_trade=self.may_trade,
            crash=CrashPoints(self.settings.crash_point, self.settings.crash_hit),
        )
        trading.add_roles(self.supervisor)
        return trading

    async def _signal_door(self, trading: Trading, catalogue: Catalogue) -> doors.SignalDoor:
        door = doors.SignalDoor(
            settings=self.settings,
            stores=self.stores,
            trading=trading,
            catalogue=catalogue,
            clock=self.clock,
            metrics=self.metrics,
        )
        await door.keys.refresh()
        door.add_roles(self.supervisor)
        return door

    def _telegram(
        self, trading: Trading, catalogue: Catalogue, control: ControlRoom, main: socket.socket
    ) -> tuple[HttpServer | None, str, TelegramBot | None]:
        """Supervise the bot; in the sandbox serve its chat page too and return where."""
        server: HttpServer | None = None
        bot: TelegramBot | None = None
        chat_url = ""
        token = self.settings.telegram_token.reveal() if self.settings.telegram_token else ""
        if self.wish is not None and not token:
            chat, token = doors.chat_server(self.home, self.clock)
            next_port = int(main.getsockname()[1]) + 1 if self.settings.port else 0
            listener = bind(
                "127.0.0.1",
                self.settings.chat_port or next_port,
                move_on=not self.settings.chat_port,
            )
            chat_url = url_of(listener)
            server = HttpServer(chat.app(), listener)
        if token:
            bot = doors.telegram_bot(
                token=token,
                api_base=chat_url or None,
                stores=self.stores,
                control=control.for_chat(f"{url_of(main)}/panel"),
                trading=trading,
                catalogue=catalogue,
                clock=self.clock,
                metrics=self.metrics,
            )
            self.supervisor.add("telegram", bot.run, silent_after_s=TELEGRAM_SILENT_S)
        return server, chat_url, bot

    async def _redis_healthy(self) -> bool:
        return await health(self.redis)

    async def _cache(self, catalogue: Catalogue, quotes: Sequence[Quote]) -> None:
        now_ns = self.clock.now_ns()
        await self.cache.put(
            [
                PriceRow(
                    market_ix=q.market_ix,
                    symbol=catalogue[q.market_ix].symbol,
                    price_e10=q.price_e10,
                    quality=q.quality,
                    as_of_ns=q.as_of_ns,
                    cached_ns=now_ns,
                )
                for q in quotes
            ]
        )

    async def _wait_until_usable(
        self, prices: PriceRoom, bot: TelegramBot | None, shutdown: Shutdown
    ) -> None:
        """Wait for prices and the bot, a while only.

        "Ready" should mean that a first trade goes through.
        """

        def usable() -> bool:
            return self._has_prices(prices) and (bot is None or bot.healthy)

        try:
            async with asyncio.timeout(USABLE_WAIT_S):
                while not (shutdown.requested.is_set() or usable()):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            if not self._has_prices(prices):
                _log.warning("prices.none_yet", waited_s=USABLE_WAIT_S)
            if bot is not None and not bot.healthy:
                _log.warning("telegram.not_reached_yet", waited_s=USABLE_WAIT_S)

    def _has_prices(self, prices: PriceRoom) -> bool:
        return bool(self.priced) and prices.has(self.priced)

    def _announce(self, ready: Ready, *, has_prices: bool) -> None:
        write_atomically(self.home.instance_path, ready.instance_json())
        if self.settings.ready_file is not None:
            write_atomically(self.settings.ready_file, ready.ready_json())
        _log.info("vanta.ready", http_url=ready.http_url, chat_url=ready.chat_url)
        greeting = ready.greeting(simulated=self.wish is not None, has_prices=has_prices)
        sys.stdout.write(greeting)
        sys.stdout.flush()


def _ready(http_url: str, chat_url: str, seeded: Seeded | None, made_key: str) -> Ready:
    ready = Ready(
        http_url=http_url,
        chat_url=f"{chat_url}/" if chat_url else "",
        pid=os.getpid(),
        token=secrets.token_urlsafe(32),
        made_key=made_key,
    )
    if seeded is None:
        return ready
    return msgspec.structs.replace(
        ready,
        trader_id=seeded.trader_id,
        provider_id=seeded.provider_id,
        provider_key_id=seeded.provider_key_id,
        provider_secret=format_secret(seeded.provider_secret),
    )
