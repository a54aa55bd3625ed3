"""Kraken spot, public websocket v2: channel `ticker`, sent on each change of best bid or offer.

Prices are JSON numbers, so they are taken as the digits on the wire and never decoded as floats.
Kraken numbers no messages; `timestamp` is missing from older captures, then arrival time stands in.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from vanta import logs
from vanta.prices.connect import BadMessageError
from vanta.prices.exchange import Row, refused, top_of_book
from vanta.prices.numbers import json_text, rfc3339_ns

_log = logs.get(__name__)

PRODUCTS: Final[Mapping[str, str]] = {
    "BTC/USD": "BTC/USD",
    "ETH/USD": "ETH/USD",
    "SOL/USD": "SOL/USD",
    "BNB/USD": "BNB/USD",
    "XRP/USD": "XRP/USD",
    "DOGE/USD": "DOGE/USD",
}
_NULL: Final = msgspec.Raw(b"null")


class _Ticker(msgspec.Struct):
    symbol: str
    bid: msgspec.Raw = _NULL
    ask: msgspec.Raw = _NULL
    last: msgspec.Raw = _NULL
    timestamp: str | None = None


class _Head(msgspec.Struct):
    channel: str = ""
    method: str = ""
    success: bool | None = None
    error: str | None = None
    symbol: str | None = None
    data: msgspec.Raw = _NULL


_head = msgspec.json.Decoder(_Head)
_tickers = msgspec.json.Decoder(list[_Ticker])


class Kraken:
    """The wire of source `kraken`."""

    name = "kraken"
    url = "wss://ws.kraken.com/v2"
    products = PRODUCTS

    def __init__(self) -> None:
        # Our own count of arrivals: two updates may share a microsecond and still be two.
        self._arrivals = itertools.count(1)

    def hello(self, products: Sequence[str]) -> list[str]:
        """Subscribe to the tickers of all products, with a snapshot first."""
        params = {
            "channel": "ticker",
            "symbol": list(products),
            "event_trigger": "bbo",
            "snapshot": True,
        }
        request = {"method": "subscribe", "params": params, "req_id": 1}
        return [msgspec.json.encode(request).decode()]

    def read(self, text: str) -> list[Row]:
        """Read one message; see `Wire.read`."""
        try:
            head = _head.decode(text)
            if head.method == "subscribe" and head.success is False:
                self._refused(head)
            if head.channel != "ticker":
                return []
            return [self._row(ticker) for ticker in _tickers.decode(head.data)]
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadMessageError(str(error)) from error

    def _refused(self, head: _Head) -> None:
        # Each symbol is answered on its own: one that is not listed must not cost the others.
        if head.symbol is None:
            raise refused(self.name, head.error or "")
        _log.error(
            "source.product_refused", source=self.name, product=head.symbol, reason=head.error
        )

    def _row(self, ticker: _Ticker) -> Row:
        publish_ns = None
        if ticker.timestamp is not None:
            publish_ns = rfc3339_ns(ticker.timestamp)
            if publish_ns is None:
                raise BadMessageError(f"timestamp {ticker.timestamp[:40]!r}")
        value, conf = top_of_book(
            json_text(ticker.bid), json_text(ticker.ask), json_text(ticker.last)
        )
        return Row(
            product=ticker.symbol,
            value=value,
            conf=conf,
            publish_ns=publish_ns,
            seq=next(self._arrivals),
        )
