"""Redis: prices for other processes to look at, and the read that the mode hangs on.

Nothing here is truth. A lost Redis costs a view and sends the mode to DRY, no more.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from vanta.domain.errors import ConfigError

if TYPE_CHECKING:
    Client: TypeAlias = Redis
else:
    Client = Redis

AWAY: Final = (RedisError, OSError, TimeoutError)
"""Raised when Redis cannot answer, whatever the reason."""

TIMEOUT_S: Final = 1.0
# One hash, so one slot of a cluster, and all prices in one read.
_PRICES: Final = "{vanta}:prices"
_PRICES_LIFE_S: Final = 60  # of a dead process no price remains
_HEALTH: Final = "{vanta}:health"


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One market's quote as cached. `cached_ns` tells a reader how old the view is."""

    market_ix: int
    symbol: str
    price_e10: int
    quality: int
    as_of_ns: int
    cached_ns: int


def redis_client(url: str, *, timeout_s: float | None = TIMEOUT_S) -> Client:
    """Return a client that connects when it is first used; the caller closes with `aclose()`.

    `timeout_s` is of each command; None for a caller that has a time-out of its own. Raises
    `ConfigError` for an address that cannot be one.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            max_connections=16,
            # Once more on a connection that a restart has cut, then say so: callers have their
            # own ways of waiting.
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError as error:
        raise ConfigError(f"VANTA_REDIS_URL cannot be understood: {error}") from None


async def health(redis: Client) -> bool:
    """Read once; False on any error or after a second. Errors are the answer, not an accident."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await redis.get(_HEALTH)
    except AWAY:
        return False
    return True


class PriceCache:
    """The newest quote of each market."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def put(self, rows: Sequence[PriceRow]) -> None:
        """Write quotes in one round trip. Raises what Redis raises; the caller decides."""
        if not rows:
            return
        pipe = self._redis.pipeline(transaction=False)
        pipe.hset(_PRICES, mapping={str(r.market_ix): msgspec.json.encode(r) for r in rows})
        pipe.expire(_PRICES, _PRICES_LIFE_S)
        await pipe.execute()

    async def get_all(self) -> dict[int, PriceRow]:
        """Return the cached quotes by market; empty when nobody wrote for a minute."""
        found = await self._redis.hgetall(_PRICES)
        rows = [msgspec.json.decode(raw, type=PriceRow) for raw in found.values()]
        return {row.market_ix: row for row in sorted(rows, key=lambda r: r.market_ix)}
