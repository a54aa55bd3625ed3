"""What must work for the house to be ready, part by part."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from vanta.app.prices import PriceRoom
from vanta.app.stores import Stores
from vanta.app.trading import Trading
from vanta.checks import Check
from vanta.domain.market import Catalogue
from vanta.prices.chainlink import Chainlink
from vanta.supervise import Supervisor
from vanta.telegram.bot import TelegramBot

ORDER_WAITS_S: Final = 5.0
BLOCK_AGE_S: Final = 30.0  # fifteen blocks of Base


def readiness(
    *,
    stores: Stores,
    redis_healthy: Callable[[], Awaitable[bool]],
    prices: PriceRoom,
    trading: Trading,
    catalogue: Catalogue,
    chain: Chainlink | None,
    bot: TelegramBot | None,
    supervisor: Supervisor,
) -> Mapping[str, Check]:
    """Return the readiness checks; `chain` and `bot` are None where none is configured."""

    async def database() -> tuple[bool, str]:
        if await stores.pool.fetchval("SHOW transaction_read_only") == "on":
            return False, "answers, but takes no writes"
        return True, "answers"

    async def redis() -> tuple[bool, str]:
        healthy = await redis_healthy()
        return healthy, "answers" if healthy else "does not answer; mode is DRY"

    async def price_feeds() -> tuple[bool, str]:
        usable = sum(prices.has([m.ix]) for m in catalogue)
        return usable > 0, f"{usable} of {len(catalogue)} markets have a tradable price"

    async def venue() -> tuple[bool, str]:
        task = supervisor.states[trading.EXECUTOR]
        if trouble := task.trouble() or ("" if task.running else "not running"):
            return False, f"paper: its task is {trouble}"
        waits_s = trading.paper.waits_s()
        if waits_s > ORDER_WAITS_S:
            return False, f"paper: an order has been waiting for {waits_s:.0f} s"
        return True, "paper: takes orders"

    async def engine() -> tuple[bool, str]:
        ready = trading.takes_risk()
        closed = "takes no new positions: starting, ending, or without its claim on the database"
        return ready, "takes orders" if ready else closed

    async def tasks() -> tuple[bool, str]:
        troubles = supervisor.troubles()
        told = "; ".join(f"{name}: {trouble}" for name, trouble in sorted(troubles.items()))
        return not troubles, told or f"{len(supervisor.states)} at work"

    checks: dict[str, Check] = {
        "database": database,
        "redis": redis,
        "price_feeds": price_feeds,
        "venue": venue,
        "engine": engine,
        "tasks": tasks,
    }
    if chain is not None:
        checks["chain"] = chain_check(chain)
    if bot is not None:

        async def telegram() -> tuple[bool, str]:
            return bot.healthy, "polling" if bot.healthy else "not reached; trying again"

        checks["telegram"] = telegram
    return checks


def chain_check(chain: Chainlink) -> Check:
    """Ready while new blocks come: an endpoint that repeats an old one is as good as none."""

    async def check() -> tuple[bool, str]:
        age_s = chain.head_age_s()
        if age_s is None:
            return False, "no block has been read yet"
        return age_s <= BLOCK_AGE_S, f"the newest block is {max(age_s, 0.0):.0f} s old"

    return check
