"""What an operator should be woken by and no room measures by itself, read every few seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from vanta import logs
from vanta.domain.enums import CLOSING, Quality, Side
from vanta.domain.ports import Clock, Quotes
from vanta.domain.position import Position
from vanta.metrics import Metrics
from vanta.store.audit import Audit
from vanta.store.audit_chain import Link
from vanta.store.orders import Orders
from vanta.store.outbox import Outbox
from vanta.store.pool import AWAY, Pool
from vanta.supervise import beat

_log = logs.get(__name__)

READ_EVERY_S: Final = 5.0
CHAIN_EVERY_S: Final = 3_600.0
NEAR_PERCENT: Final = (25, 10)
"""Shares of the way from the entry to the liquidation that may be left, in percent."""


class Gauges:
    """Sets the gauges of stores and positions."""

    def __init__(
        self,
        *,
        pool: Pool,
        orders: Orders,
        outbox: Outbox,
        audit: Audit,
        positions: Callable[[], list[Position]],
        quotes: Quotes,
        clock: Clock,
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._orders = orders
        self._outbox = outbox
        self._audit = audit
        self._positions = positions
        self._quotes = quotes
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep

    async def run(self) -> None:
        """Read for ever."""
        while True:
            beat()
            self.read_positions()
            await self.read_stores()
            await self._sleep(READ_EVERY_S)

    async def watch_chain(self) -> None:
        """Compute the chain of the audit log anew each hour, for ever.

        The head that was found stands in the log, and must be in the chain an hour later: that is
        what shows a log that was written anew as a whole.
        """
        seen: Link | None = None
        while True:
            try:
                chain = await self._audit.verify(seen)
            except AWAY as error:
                _log.warning("audit.not_verified", error=type(error).__name__)
            else:
                self._metrics.audit_broken.set(chain.broken is not None)
                if chain.broken is not None:
                    _log.error("audit.broken", at=chain.broken.seq, kind=chain.broken.kind)
                else:
                    seen = chain.head
                    _log.info("audit.verified", rows=chain.rows, head=str(seen))
            await self._sleep(CHAIN_EVERY_S)

    async def read_stores(self) -> None:
        """Read ages from the database; without an answer they stay, and the database is down."""
        m = self._metrics
        try:
            unknown_ns = await self._orders.oldest_unknown_ns()
            outbox_ns = await self._outbox.oldest_pending_ns()
            writes = await self._pool.fetchval("SHOW transaction_read_only") == "off"
        except AWAY as error:
            m.postgres_healthy.set(0)
            _log.warning("gauges.store_away", error=type(error).__name__)
            return
        m.postgres_healthy.set(writes)
        m.unknown_order_age_seconds.set(self._age_s(unknown_ns))
        m.outbox_age_seconds.set(self._age_s(outbox_ns))

    def read_positions(self) -> None:
        """Count the positions that are near their liquidation at the last usable price."""
        near = dict.fromkeys(NEAR_PERCENT, 0)
        for position in self._positions():
            quote = self._quotes.quote(position.market_ix)
            if quote.price_e10 > 0 and Quality(quote.quality) in CLOSING:
                for percent in NEAR_PERCENT:
                    near[percent] += is_near(position, quote.price_e10, percent)
        for percent, count in near.items():
            self._metrics.near_liquidation.labels(left=str(percent)).set(count)

    def _age_s(self, since_ns: int | None) -> float:
        return 0.0 if since_ns is None else max(0, self._clock.now_ns() - since_ns) / 1e9


def is_near(position: Position, price_e10: int, percent: int) -> bool:
    """Tell whether less than `percent` of the way from entry to liquidation is left."""
    way_e10 = abs(position.entry_e10 - position.liquidation_e10)
    left_e10 = price_e10 - position.liquidation_e10
    if position.side is not Side.LONG:
        left_e10 = -left_e10
    return left_e10 * 100 < way_e10 * percent
