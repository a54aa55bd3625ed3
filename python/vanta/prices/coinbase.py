"""Coinbase Advanced Trade, public websocket: channels `ticker` and `heartbeats`, no key needed.

The envelope carries `sequence_num`, counted over all messages of one connection, and the server's
`timestamp`; tickers have no time of their own. Prices are decimal strings.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from vanta import logs
from vanta.prices.connect import BadMessageError
from vanta.prices.exchange import Row, refused, top_of_book
from vanta.prices.numbers import json_text, rfc3339_ns

_log = logs.get(__name__)

PRODUCTS: Final[Mapping[str, str]] = {
    "BTC/USD": "BTC-USD",
    "ETH/USD": "ETH-USD",
    "SOL/USD": "SOL-USD",
    "XRP/USD": "XRP-USD",
    "DOGE/USD": "DOGE-USD",
}
_NULL: Final = msgspec.Raw(b"null")


class _Ticker(msgspec.Struct):
    product_id: str
    price: msgspec.Raw = _NULL
    best_bid: msgspec.Raw = _NULL
    best_ask: msgspec.Raw = _NULL


class _Event(msgspec.Struct):
    tickers: list[_Ticker] = []


class _Envelope(msgspec.Struct):
    channel: str = ""
    timestamp: str = ""
    sequence_num: int | None = None
    events: list[_Event] = []
    type: str = ""
    message: str = ""


_decoder = msgspec.json.Decoder(_Envelope)


class Coinbase:
    """The wire of source `coinbase`."""

    name = "coinbase"
    url = "wss://advanced-trade-ws.coinbase.com"
    products = PRODUCTS

    def __init__(self) -> None:
        self._expected_seq: int | None = None
        self.gaps = 0

    def hello(self, products: Sequence[str]) -> list[str]:
        """Subscribe to tickers, and to heartbeats so that quiet subscriptions stay open."""
        self._expected_seq = None
        return [
            msgspec.json.encode(
                {"type": "subscribe", "product_ids": list(products), "channel": channel}
            ).decode()
            for channel in ("heartbeats", "ticker")
        ]

    def read(self, text: str) -> list[Row]:
        """Read one message; see `Wire.read`."""
        try:
            message = _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadMessageError(str(error)) from error
        if message.type == "error":
            raise refused(self.name, message.message)
        self._follow(message.sequence_num)
        if message.channel not in ("ticker", "ticker_batch"):
            return []
        publish_ns = rfc3339_ns(message.timestamp)
        if publish_ns is None:
            raise BadMessageError(f"timestamp {message.timestamp[:40]!r}")
        # The last word per product: two under one sequence number would look like a contradiction.
        latest = {t.product_id: t for e in message.events for t in e.tickers}
        return [_row(ticker, publish_ns, message.sequence_num) for ticker in latest.values()]

    def _follow(self, seq: int | None) -> None:
        # A gap means dropped messages. A ticker is absolute, so the next one heals it: go on.
        if seq is None:
            return
        if self._expected_seq is not None and seq > self._expected_seq:
            self.gaps += 1
            if self.gaps == 1:
                _log.warning("source.gap", source=self.name, missed=seq - self._expected_seq)
        self._expected_seq = seq + 1


def _row(ticker: _Ticker, publish_ns: int, seq: int | None) -> Row:
    value, conf = top_of_book(
        json_text(ticker.best_bid), json_text(ticker.best_ask), json_text(ticker.price)
    )
    return Row(product=ticker.product_id, value=value, conf=conf, publish_ns=publish_ns, seq=seq)
