"""Recorded streams through the book: the same twice, and the depeg venues are thrown out."""

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from vanta._core import PRICE_REJECTS, QUALITIES, AggregateConfig, PriceBook

ONE = 10**10
SECOND = 10**9
ROWS = 40_000
FILES = [
    "btc_eth_ticks_20240808.csv.gz",
    "btc_202303a_1m_multi.csv.gz",
    "chainlink_hyperliquid_202304.csv.gz",
]


class Row(NamedTuple):
    at_ns: int
    market: str
    source: str
    price_e10: int
    conf_e10: int


def rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", newline="") as text:
        for line in csv.DictReader(text):
            yield Row(
                int(line["ts_ns"]),
                line["market"],
                line["source"],
                int(Decimal(line["price"]) * ONE),
                int(Decimal(line["conf"] or 0) * ONE),
            )


def replay_file(data_dir: Path, name: str) -> Path:
    path = data_dir / "replay" / name
    if not path.is_file():
        pytest.skip(f"no recorded file {path}")
    return path


class Player:
    """A book whose markets and feeds are declared as they appear."""

    def __init__(self, *, max_age_ns: int) -> None:
        self.book = PriceBook(AggregateConfig())
        self.book.set_clock_offset(0, now_wall_ns=0, now_mono_ns=0)
        self.markets: dict[str, int] = {}
        self.sources: dict[str, int] = {}
        self.feeds: set[tuple[int, int]] = set()
        self.max_age_ns = max_age_ns
        self.seq = 0

    def declare(self, market: str, source: str) -> tuple[int, int]:
        if market not in self.markets:
            self.markets[market] = len(self.markets)
            self.book.add_market(self.markets[market], min_price_e10=1, max_price_e10=2**62)
        key = (self.markets[market], self.sources.setdefault(source, len(self.sources)))
        if key not in self.feeds:
            first = all(feed[0] != key[0] for feed in self.feeds)
            self.feeds.add(key)
            self.book.add_feed(
                *key, kind="stream", group=key[1], primary=first, max_age_ns=self.max_age_ns
            )
        return key

    def offer(self, row: Row, market: str, source: str) -> str:
        self.seq += 1
        code = self.book.update(
            *self.declare(market, source),
            value=row.price_e10,
            conf=row.conf_e10 or None,
            publish_ns=row.at_ns,
            seq=self.seq,
            recv_wall_ns=row.at_ns,
            recv_mono_ns=row.at_ns - 1_600_000_000 * SECOND,
        )
        return PRICE_REJECTS[code]


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_stream_replays_bit_for_bit(data_dir: Path, name: str) -> None:
    path = replay_file(data_dir, name)

    def play(ask_every: int) -> tuple[str, dict[str, int]]:
        player = Player(max_age_ns=90 * SECOND)
        digest = hashlib.sha256()
        for number, row in enumerate(rows(path)):
            if number == ROWS:
                break
            answer = player.offer(row, row.market, row.source)
            mono = row.at_ns - 1_600_000_000 * SECOND
            asked = number % ask_every == 0
            if asked:
                quote = player.book.quote(
                    player.markets[row.market], now_wall_ns=row.at_ns, now_mono_ns=mono
                )
            if number % 20 == 0:
                digest.update(f"{answer} {quote!r} {quote.sources_used}".encode())
        return digest.hexdigest(), player.book.counters()

    once = play(1)
    assert play(1) == once
    # Asking twenty times less often leads to the same quotes.
    assert play(20) == once
    assert once[1]["ACCEPTED"] > 0


USD_VENUES = ("coinbase", "kraken", "binanceus")
USDC_VENUES = ("kraken", "bybit")
DEPEGGED = 1_678_507_200 * SECOND  # 2023-03-11 04:00, USDC at 0.915 for the rest of the file


def test_venues_quoted_in_a_depegged_dollar_are_thrown_out(data_dir: Path) -> None:
    path = replay_file(data_dir, "btc_202303a_1m_multi.csv.gz")
    player = Player(max_age_ns=90 * SECOND)
    # The dollar venues are declared first, so that coinbase leads. The trap: venues that quote
    # bitcoin in USDC are declared as if one USDC were one dollar.
    for venue in USD_VENUES:
        player.declare("BTC/USD", venue)
    traps = {player.declare("BTC/USD", f"{venue}-usdc")[1] for venue in USDC_VENUES}
    wanted = {("BTC/USD", venue): venue for venue in USD_VENUES}
    wanted |= {("BTC/USDC", venue): f"{venue}-usdc" for venue in USDC_VENUES}
    qualities: Counter[str] = Counter()
    reasons: Counter[tuple[int, str]] = Counter()
    honest: dict[str, int] = {}
    minute = 0
    for row in rows(path):
        if row.at_ns < DEPEGGED - 3_600 * SECOND:
            continue
        if row.at_ns > minute > DEPEGGED:
            mono = minute - 1_600_000_000 * SECOND
            quote = player.book.quote(0, now_wall_ns=minute, now_mono_ns=mono)
            quality = QUALITIES[quote.quality]
            qualities[quality] += 1
            reasons.update(quote.sources_rejected)
            if quality in {"GOOD", "DEGRADED"}:
                assert not traps & set(quote.sources_used)
                assert min(honest.values()) <= quote.price_e10 <= max(honest.values())
        minute = row.at_ns
        if (source := wanted.get((row.market, row.source))) is not None:
            player.offer(row, "BTC/USD", source)
            if row.market == "BTC/USD":
                honest[source] = row.price_e10
    assert qualities.total() > 470
    assert qualities["GOOD"] + qualities["DEGRADED"] > 0.95 * qualities.total()
    assert qualities["GOOD"] > 0.9 * qualities.total()
    for trap in traps:
        thrown_out = reasons[trap, "OUTLIER"] + reasons[trap, "QUARANTINED"]
        assert thrown_out > 0.9 * qualities.total()
