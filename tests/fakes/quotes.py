"""Quotes under the test's control, with the fields of the core's."""

from collections.abc import Callable

import msgspec

from vanta.domain.enums import Breaker, Quality
from vanta.domain.ports import Clock


class FakeQuote(msgspec.Struct, kw_only=True):
    """Stands in for `_core.Quote`: any quality can be set without playing the feeds for it."""

    market_ix: int
    price_e10: int
    quality: int = Quality.GOOD
    breaker: int = Breaker.CLOSED
    as_of_ns: int = 0
    age_ns: int = 0
    conf_e10: int = 0
    valid_until_ns: int = 0
    spread_between_sources_e10: int = 0
    sources_used: tuple[int, ...] = (0, 1)
    sources_rejected: tuple[tuple[int, str], ...] = ()
    config_version: int = 1


class FakeQuotes:
    """Implements `Quotes`; `put` sets a price and tells the listeners, as the feed does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._quotes: dict[int, FakeQuote] = {}
        self.listeners: list = []

    def quote(self, market_ix: int) -> FakeQuote:
        known = self._quotes.get(market_ix)
        return known or FakeQuote(market_ix=market_ix, price_e10=0, quality=Quality.NONE)

    def subscribe(self, listener: Callable[[list[FakeQuote]], None]) -> None:
        self.listeners.append(listener)

    def put(self, market_ix: int, price_e10: int, **fields: int) -> None:
        fields.setdefault("as_of_ns", self._clock.now_ns())
        quote = FakeQuote(market_ix=market_ix, price_e10=price_e10, **fields)
        self._quotes[market_ix] = quote
        for listener in self.listeners:
            listener([quote])
