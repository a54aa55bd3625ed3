"""What the public exchange websockets have in common: top of book to tick, and the running."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import aiohttp
import msgspec

from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.prices.connect import (
    BadMessageError,
    Link,
    LostError,
    SessionFactory,
    read_websocket,
)
from vanta.prices.numbers import decimal_e10, mid_e10
from vanta.prices.pace import Sleep

HEARTBEAT: Final = "heartbeat"
HEARTBEAT_NS: Final = 5_000_000_000
EXPECTED_NS: Final = 10_000_000_000
"""Longest usual pause of a liquid pair; three of them without a word mean a dead feed."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange said of one product; text where it was no number."""

    product: str
    value: int | str
    conf: int | None = None
    publish_ns: int | None = None  # None: the exchange did not say, arrival stands in
    seq: int | None = None


class Wire(Protocol):
    """The language of one exchange. No I/O."""

    name: str
    url: str
    products: Mapping[str, str]

    def hello(self, products: Sequence[str]) -> list[str]:
        """Return the frames to send after connecting; a new connection begins."""
        ...

    def read(self, text: str) -> list[Row]:
        """Read one message; empty when it only shows that the other end is alive.

        Raises `BadMessageError` for nonsense and `LostError` when the exchange says no.
        """
        ...


class Exchange:
    """Price source over one exchange's public websocket.

    `products` maps the catalogue's symbols to the exchange's own (default: the wire's list);
    markets without one are left out.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        catalogue: Catalogue,
        names: SourceNames,
        clock: Clock,
        rng: random.Random,
        session: SessionFactory,
        url: str = "",
        products: Mapping[str, str] | None = None,
        primary: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        known = wire.products if products is None else products
        self.name = wire.name
        self.source_ix = names.ix(wire.name)
        self._markets = {known[m.symbol]: m.ix for m in catalogue if m.symbol in known}
        self._wire = wire
        self._primary = primary
        self._url = url or wire.url
        self._clock = clock
        self._session = session
        self.link = Link(
            wire.name,
            clock=clock,
            rng=rng,
            sleep=sleep,
            expected_ns=dict.fromkeys(self._markets, EXPECTED_NS) | {HEARTBEAT: HEARTBEAT_NS},
        )

    def feeds(self) -> Sequence[FeedSpec]:
        """Return one stream feed per market of the exchange."""
        return [
            FeedSpec(
                market_ix=ix,
                source_ix=self.source_ix,
                kind="stream",
                group=self.source_ix,
                primary=self._primary,
                interval_ns=EXPECTED_NS,
            )
            for ix in self._markets.values()
        ]

    async def run(self, sink: PriceSink) -> None:
        """Stream into `sink` for ever, reconnecting as needed."""
        async with self._session() as session:
            await self.link.keep(lambda: self._stream(session, sink))

    async def _stream(self, session: aiohttp.ClientSession, sink: PriceSink) -> None:
        def on_text(text: str) -> None:
            try:
                rows = self._wire.read(text)
            except BadMessageError as error:
                self.link.bad(error)
                return
            self.link.heard(HEARTBEAT)  # whatever it was, the other end is alive
            if ticks := [self._tick(row) for row in rows if row.product in self._markets]:
                sink.ticks(ticks)

        hello = self._wire.hello(list(self._markets))
        await read_websocket(session, self._url, hello, on_text)

    def _tick(self, row: Row) -> Tick:
        if isinstance(row.value, int):
            self.link.heard(row.product)
        return Tick(
            market_ix=self._markets[row.product],
            source_ix=self.source_ix,
            value=row.value,
            conf=row.conf,
            publish_ns=self._clock.now_ns() if row.publish_ns is None else row.publish_ns,
            seq=row.seq,
        )


def top_of_book(bid: str, ask: str, last: str) -> tuple[int | str, int | None]:
    """Return (price e10, half-spread e10) from the texts of a ticker.

    The middle of a sane book, else the last trade without a confidence; if even that is no number,
    its text, for the price book to refuse.
    """
    bid_e10, ask_e10 = decimal_e10(bid), decimal_e10(ask)
    if bid_e10 and ask_e10 and 0 < bid_e10 <= ask_e10:
        # Rounded up: a confidence must not look better than it is.
        return mid_e10(bid_e10, ask_e10), -((bid_e10 - ask_e10) // 2) or None
    last_e10 = decimal_e10(last)
    return (last[:64] if last_e10 is None else last_e10), None


def refused(name: str, text: str) -> LostError:
    """Build the error for a subscription the exchange turned down: no use hurrying back."""
    return LostError(f"{name} refused: {text}", wait_s=30.0)
