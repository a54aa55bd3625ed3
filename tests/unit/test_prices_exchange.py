"""Coinbase and Kraken: recorded payloads, the documented odds and ends, and nonsense."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sink import E10
from vanta.prices.coinbase import Coinbase
from vanta.prices.connect import BadMessageError, LostError
from vanta.prices.exchange import Row, top_of_book
from vanta.prices.kraken import Kraken

ADAPTERS = "crates/adapters/{}/test_data/{}.json"


@pytest.fixture(scope="module")
def payloads(data_dir: Path) -> dict[str, Any]:
    with gzip.open(data_dir / "market_state" / "exchange_payloads.json.gz", "rt") as file:
        return json.load(file)


def recorded(payloads: dict[str, Any], adapter: str, name: str) -> str:
    return json.dumps(payloads[ADAPTERS.format(adapter, name)])


def test_coinbase_ticker_as_recorded(payloads: dict[str, Any]) -> None:
    (row,) = Coinbase().read(recorded(payloads, "coinbase", "ws_ticker"))
    assert row == Row(
        product="BTC-USD",
        value=689_005_000_000_000,  # middle of 68900.00 and 68901.00
        conf=5_000_000_000,
        publish_ns=1_775_572_203_000_000_000,
        seq=12,
    )


@pytest.mark.parametrize(
    "name", ["ws_candles", "ws_l2_data_snapshot", "ws_l2_data_update", "ws_market_trades"]
)
def test_coinbase_other_channels_only_show_life(payloads: dict[str, Any], name: str) -> None:
    assert Coinbase().read(recorded(payloads, "coinbase", name)) == []


def test_kraken_ticker_as_recorded(payloads: dict[str, Any]) -> None:
    (row,) = Kraken().read(recorded(payloads, "kraken", "ws_ticker_snapshot"))
    assert row == Row(
        product="BTC/USD",
        value=1_059_442_500_000_000,  # middle of 105944.2 and 105944.3
        conf=500_000_000,
        publish_ns=1_671_960_659_123_456_000,
        seq=1,
    )


@pytest.mark.parametrize(
    "name",
    [
        "ws_book_snapshot",
        "ws_book_update",
        "ws_ohlc_update",
        "ws_trade_update",
        "ws_futures_ticker",
        "ws_futures_trade",
    ],
)
def test_kraken_other_channels_only_show_life(payloads: dict[str, Any], name: str) -> None:
    assert Kraken().read(recorded(payloads, "kraken", name)) == []


def test_no_recorded_payload_of_any_exchange_breaks_a_parser(payloads: dict[str, Any]) -> None:
    for body in payloads.values():
        for wire in (Coinbase(), Kraken()):
            try:
                rows = wire.read(body if isinstance(body, str) else json.dumps(body))
            except BadMessageError:
                continue
            assert all(isinstance(row, Row) for row in rows)


def test_coinbase_asks_for_heartbeats_and_tickers() -> None:
    frames = [json.loads(frame) for frame in Coinbase().hello(["BTC-USD"])]
    assert frames == [
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "heartbeats"},
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "ticker"},
    ]


def test_kraken_asks_for_tickers_on_each_best_price() -> None:
    (frame,) = (json.loads(frame) for frame in Kraken().hello(["BTC/USD", "ETH/USD"]))
    assert frame["method"] == "subscribe"
    assert frame["params"] == {
        "channel": "ticker",
        "symbol": ["BTC/USD", "ETH/USD"],
        "event_trigger": "bbo",
        "snapshot": True,
    }


def coinbase(*tickers: dict[str, Any], seq: int = 1, **more: Any) -> str:
    envelope = {
        "channel": "ticker",
        "timestamp": "2026-04-07T14:30:03.123456789Z",
        "sequence_num": seq,
        "events": [{"type": "update", "tickers": list(tickers)}],
    }
    return json.dumps(envelope | more)


def kraken(ticker: str) -> str:
    return '{"channel":"ticker","type":"update","data":[' + ticker + "]}"


def test_coinbase_keeps_the_last_word_of_a_message() -> None:
    rows = Coinbase().read(
        coinbase({"product_id": "A", "price": "1"}, {"product_id": "A", "price": "2"})
    )
    assert [row.value for row in rows] == [2 * E10]


def test_coinbase_counts_missed_messages_of_one_connection() -> None:
    wire = Coinbase()
    wire.hello(["A"])
    for seq in (0, 1, 2, 5, 6, 4):
        wire.read(coinbase(seq=seq))
    assert wire.gaps == 1
    wire.hello(["A"])  # a new connection counts from anywhere
    wire.read(coinbase(seq=77))
    assert wire.gaps == 1


@pytest.mark.parametrize(
    "heartbeat",
    [
        '{"channel":"heartbeats","client_id":"","timestamp":"2026-04-07T14:30:10.0Z",'
        '"sequence_num":0,"events":[{"current_time":"x","heartbeat_counter":42}]}',
        '{"channel":"heartbeats","timestamp":"2026-04-07T14:30:10.0Z",'
        '"sequence_num":1,"events":[{"current_time":"x","heartbeat_counter":"3049"}]}',
        '{"channel":"subscriptions","timestamp":"2026-04-07T14:30:10.0Z","sequence_num":2,'
        '"events":[{"subscriptions":{"ticker":["BTC-USD"]}}]}',
    ],
)
def test_coinbase_heartbeats_and_acknowledgements(heartbeat: str) -> None:
    assert Coinbase().read(heartbeat) == []


def test_a_refused_subscription_is_not_retried_in_a_hurry() -> None:
    with pytest.raises(LostError, match="no such product") as lost:
        Coinbase().read('{"type":"error","message":"no such product"}')
    assert lost.value.wait_s >= 30
    with pytest.raises(LostError, match="Rate limit"):
        Kraken().read('{"method":"subscribe","success":false,"error":"Rate limit exceeded"}')


def test_kraken_refusing_one_symbol_costs_only_that_one() -> None:
    frame = {
        "error": "Currency pair not supported",
        "method": "subscribe",
        "success": False,
        "symbol": "BNB/USD",
    }
    assert Kraken().read(json.dumps(frame)) == []


def test_kraken_digits_survive_without_a_float() -> None:
    (row,) = Kraken().read(kraken('{"symbol":"A","bid":0.1234567891,"ask":0.1234567893,"last":1}'))
    assert (row.value, row.conf, row.publish_ns) == (1_234_567_892, 1, None)


def test_kraken_numbers_its_arrivals() -> None:
    wire = Kraken()
    tick = kraken('{"symbol":"A","bid":1,"ask":2,"last":1,"timestamp":"2023-10-06T17:35:55Z"}')
    assert [wire.read(tick)[0].seq for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("bid", "ask", "last", "value", "conf"),
    [
        ("1", "3", "9", 2 * E10, E10),
        ("2", "2", "9", 2 * E10, None),
        ("3", "1", "9", 9 * E10, None),  # crossed
        ("0", "3", "9", 9 * E10, None),
        ("", "", "9", 9 * E10, None),
        ("null", "null", "9", 9 * E10, None),
        ("NaN", "1", "NaN", "NaN", None),
        ("1e5", "1e5", "1e5", "1e5", None),
        ("null", "null", "null", "null", None),
        ("-1", "-1", "-1", -E10, None),
        ("1", "1.0000000001", "9", E10, 1),  # half a unit of spread is still a spread
    ],
)
def test_top_of_book(bid: str, ask: str, last: str, value: int | str, conf: int | None) -> None:
    assert top_of_book(bid, ask, last) == (value, conf)


@pytest.mark.parametrize(
    "price", ["NaN", "Infinity", "1e5", "", "1" + "0" * 40, "+1", "٣٤٥", None, "null"]
)
def test_a_price_that_is_no_number_goes_on_as_text_to_be_counted(price: str | None) -> None:
    for wire, text in (
        (Coinbase(), coinbase({"product_id": "A", "price": price})),
        (Kraken(), kraken(json.dumps({"symbol": "A", "last": price}))),
    ):
        (row,) = wire.read(text)
        assert row.value == ("null" if price is None else price)[:64]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "7",
        '{"channel":"ticker"',
        "\x1f\x8b\x08garbage",
        '{"channel":"ticker","data":[{"bid":1}],"timestamp":"","events":[{"tickers":[{}]}]}',
        '{"channel":"ticker","data":7,"events":7}',
        '{"channel":"ticker","events":[{"tickers":[{"product_id":"A","price":NaN}]}],"data":NaN}',
        '{"channel":"ticker","data":[{"symbol":"A","timestamp":"soon"}],"timestamp":"soon",'
        '"events":[]}',
    ],
    ids=repr,
)
def test_nonsense_is_a_bad_message(text: str) -> None:
    for wire in (Coinbase(), Kraken()):
        with pytest.raises(BadMessageError):
            wire.read(text)


def test_naughty_strings_never_do_worse(data_dir: Path) -> None:
    for text in json.loads((data_dir / "text" / "blns.json").read_text("utf-8")):
        for wire in (Coinbase(), Kraken()):
            for body in (text, json.dumps(text), json.dumps({"channel": text, "data": text})):
                try:
                    wire.read(body)
                except BadMessageError:
                    continue
