"""Composition root: settings -> stores -> rooms -> roles. Only here concrete things are built.

`demo` is the sandbox plus `run`: the same rooms on embedded servers with a simulated market.
"""

import asyncio
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import uvloop

from vanta import logs
from vanta.app import market, replaying
from vanta.app.house import House
from vanta.app.lifecycle import Shutdown, forbid_core_dumps
from vanta.clock import SystemClock
from vanta.domain.errors import ConfigError
from vanta.sandbox.home import Home
from vanta.sandbox.seed import MARKETS
from vanta.sandbox.stack import Stack
from vanta.settings import Settings
from vanta.store.app_role import role_for
from vanta.store.claim import Claim
from vanta.store.counters import Counters
from vanta.store.migrate import migrate
from vanta.store.pool import open_pool
from vanta.store.redis import redis_client
from vanta.supervise import SILENT_AFTER_S

_REAL_TIME: Final = Fraction(1)


def demo(
    settings: Settings,
    *,
    seed: int | None = None,
    replay: Path | None = None,
    speed: Fraction = _REAL_TIME,
    fresh: bool = False,
    port: int | None = None,
) -> int:
    """Run everything on embedded servers and a simulated market until told to stop.

    Returns the exit code; raises `ConfigError` when it cannot start.
    """
    if settings.is_production and not settings.allow_embedded:
        raise ConfigError(
            "ENVIRONMENT=production refuses the embedded servers of the demo; "
            "use `vanta run` with VANTA_POSTGRES_DSN and VANTA_REDIS_URL"
        )
    if port is not None:
        settings = msgspec.structs.replace(settings, port=port, port_is_default=False)
    return _run(settings, market.Wish(seed=seed, replay=replay, speed=speed), fresh=fresh)


def run(settings: Settings) -> int:
    """Run on the configured servers and real prices until told to stop."""
    named = settings.postgres_dsn is not None and settings.redis_url is not None
    if settings.is_production and not named and not settings.allow_embedded:
        raise ConfigError(
            "ENVIRONMENT=production refuses embedded servers: "
            "set VANTA_POSTGRES_DSN and VANTA_REDIS_URL"
        )
    return _run(settings, None, fresh=False)


def replay_report(path: Path, *, speed: Fraction = _REAL_TIME) -> dict[str, Any]:
    """Play a recorded file through the price book and count qualities and rejections."""
    return replaying.report(path, speed=speed, markets=MARKETS)


def _run(settings: Settings, wish: market.Wish | None, *, fresh: bool) -> int:
    forbid_core_dumps()
    logs.configure(json=settings.log_json, level=settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(settings, wish, fresh=fresh))
    return 0


async def _main(settings: Settings, wish: market.Wish | None, *, fresh: bool) -> None:
    shutdown = Shutdown()
    shutdown.install()
    home = Home(settings.home)
    async with AsyncExitStack() as stack:
        dsn, redis_url, embedded = await _servers(
            settings, home, stack, demo=wish is not None, fresh=fresh
        )
        await _migrate(dsn)
        claim = Claim(dsn, clock=SystemClock(), on_lost=shutdown.requested.set)
        await claim.take()
        stack.push_async_callback(claim.release)
        pool = await open_pool(dsn, role=await role_for(dsn))
        stack.push_async_callback(pool.close)
        # Without Redis we start all the same: it is a view, a reason to stay in DRY and to open
        # nothing. What is open is looked after without it.
        redis = redis_client(redis_url)
        stack.push_async_callback(redis.aclose)
        counting = redis_client(redis_url, timeout_s=None)  # the counters have a shorter one
        stack.push_async_callback(counting.aclose)
        house = House(
            settings=settings,
            wish=wish,
            home=home,
            pool=pool,
            redis=redis,
            counters=Counters(counting),
            stack=stack,
            may_trade=claim.is_held,
        )
        house.supervisor.add("claim", claim.keep, silent_after_s=SILENT_AFTER_S)
        if embedded is not None:
            house.supervisor.add("servers", embedded.watch)
        await house.serve(shutdown)
        claim.check()


async def _migrate(dsn: str) -> None:
    try:
        await migrate(dsn)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        what = str(error) or type(error).__name__
        raise ConfigError(f"cannot use Postgres ({what}): check VANTA_POSTGRES_DSN") from None


async def _servers(
    settings: Settings, home: Home, stack: AsyncExitStack, *, demo: bool, fresh: bool
) -> tuple[str, str, Stack | None]:
    """Return where Postgres and Redis are; start what is not configured. Locks the home."""
    dsn = None if demo else settings.postgres_dsn
    url = None if demo else settings.redis_url
    if dsn is not None and url is not None:
        home.lock()
        stack.callback(home.unlock)
        return dsn.reveal(), url.reveal(), None
    embedded = await stack.enter_async_context(Stack(home, fresh=fresh))
    return (
        dsn.reveal() if dsn is not None else embedded.postgres_dsn,
        url.reveal() if url is not None else embedded.redis_url,
        embedded,
    )
