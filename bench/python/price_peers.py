"""What the price benches run beside the book: the same rules by hand, in integers, decimals, NumPy.

They leave out quarantine, frozen feeds, failover, breaker and alarms, which a quiet market never
reaches; the one in NumPy also the order of several words of one source.
"""

import itertools
import math
import random
from collections.abc import Iterator
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np

from vanta._core import AggregateConfig, PriceBook

ONE = 10**10
SECOND = 10**9
WALL = 1_700_000_000 * SECOND
MONO = SECOND
SETS = 512
SOURCES = 5
MAX_AGE = 5 * SECOND

Prices = tuple[int, ...]


def make_sets() -> list[Prices]:
    """Rotating inputs: a handful of repeated ones would be learnt by the branch predictor."""
    dice = random.Random(7)
    made = []
    for _ in range(SETS):
        prices = [60_000 * ONE + dice.randrange(60 * ONE) for _ in range(SOURCES)]
        if dice.randrange(16) == 0:
            prices[-1] += 1_800 * ONE
        made.append(tuple(prices))
    return made


def book_of(markets: int) -> PriceBook:
    book = PriceBook(AggregateConfig())
    book.set_clock_offset(0, now_wall_ns=WALL, now_mono_ns=MONO)
    for market in range(markets):
        book.add_market(market, min_price_e10=1, max_price_e10=2**62)
        for source in range(SOURCES):
            book.add_feed(market, source, kind="stream", group=source, primary=source == 0)
    return book


def ticks(sets: list[Prices]) -> Iterator[tuple[int, int, int]]:
    """(source, price, nanoseconds since the start), for ever."""
    for n in itertools.count(1):
        yield n % SOURCES, sets[n // SOURCES % SETS][n % SOURCES], n * 1_000_000


def combine_int(latest: list[tuple[int, int]], now: int) -> int:
    fresh = sorted(price for price, at in latest if now - at <= MAX_AGE)
    if not fresh:
        return 0
    middle = fresh[len(fresh) // 2]
    kept = [price for price in fresh if abs(price - middle) * 200 <= middle]
    return kept[len(kept) // 2]


def combine_decimal(latest: list[tuple[Decimal, int]], now: int) -> Decimal:
    fresh = [price for price, at in latest if now - at <= MAX_AGE]
    if not fresh:
        return Decimal(0)
    middle = median(fresh)
    return median(price for price in fresh if abs(price - middle) / middle <= Decimal("0.005"))


class Rules:
    """One market by the published rules, without what a quiet market never reaches."""

    def __init__(self) -> None:
        self.last: list[tuple[int, int, int] | None] = [None] * SOURCES
        self.accepted = 0

    def update(self, source: int, price: int, publish: int, wall: int, mono: int) -> str:
        if publish < 0 or not isinstance(price, int) or abs(price) >= 10**30:
            return "MALFORMED"
        if price <= 0:
            return "NONPOSITIVE"
        if not 1 <= price <= 2**62:
            return "OUT_OF_BOUNDS"
        if publish > wall + SECOND:
            return "FUTURE"
        known = self.last[source]
        if known is not None:
            if publish == known[1]:
                return "DUPLICATE" if price == known[0] else "EQUIVOCATION"
            if publish < known[1]:
                return "OUT_OF_ORDER"
            if abs(price - known[0]) * 50 > known[0]:
                root = math.isqrt(25 * 10**14 * (publish - known[1]) // SECOND)
                if abs(price - known[0]) * ONE > min(ONE // 10, ONE // 50 + root) * known[0]:
                    return "JUMP"
        self.last[source] = (price, publish, mono + MAX_AGE - max(0, wall - publish))
        self.accepted += 1
        return "ACCEPTED"

    def quote(self, wall: int, mono: int) -> tuple[str, int, int, int, int, list[int]]:
        fresh = sorted(
            (known[0], index, known[1])
            for index, known in enumerate(self.last)
            if known is not None and -SECOND <= wall - known[1] <= MAX_AGE and mono <= known[2]
        )
        count = len(fresh)
        if count < 3:
            return ("NONE", 0, 0, 0, 0, [])
        middle = fresh[count // 2][0]
        far = sorted(abs(price - middle) for price, _, _ in fresh)
        noise = 44_478 * far[count // 2] if count >= 5 else 0
        agreed = [
            voice
            for voice in fresh
            if abs(voice[0] - middle) * 200 <= middle or abs(voice[0] - middle) * 10_000 <= noise
        ]
        low = fresh[0][0]
        spread = -(-(fresh[-1][0] - low) * ONE // low)
        if len(agreed) < 2 or 2 * len(agreed) <= count:
            return ("CONFLICT", 0, 0, 0, spread, [])
        as_of = min(voice[2] for voice in agreed)
        used = [voice[1] for voice in agreed]
        primary = next((voice[0] for voice in agreed if voice[1] == 0), None)
        if primary is not None:
            return ("GOOD", primary, as_of, as_of + MAX_AGE, spread, used)
        price = agreed[len(agreed) // 2][0]
        return ("DEGRADED", price, as_of, as_of + MAX_AGE, spread, used)


Tick = tuple[int, int, int]


class DecimalRules(Rules):
    """The same rules over exact decimals, as a book of `Decimal` prices would keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.prices: list[Decimal | None] = [None] * SOURCES

    def take(self, source: int, price: Decimal, publish: int, wall: int, mono: int) -> None:
        known, before = self.prices[source], self.last[source]
        if not price.is_finite() or price <= 0 or publish > wall + SECOND:
            return
        if known is not None and before is not None:
            if publish <= before[1]:
                return
            moved = abs(price - known) / known
            if moved > Decimal("0.02"):
                root = (Decimal(publish - before[1]) / SECOND).sqrt() * Decimal("0.005")
                if moved > min(Decimal("0.1"), Decimal("0.02") + root):
                    return
        self.prices[source] = price
        self.last[source] = (0, publish, mono + MAX_AGE - max(0, wall - publish))

    def tick(self, source: int, price: Decimal, publish: int, wall: int, mono: int) -> Decimal:
        self.take(source, price, publish, wall, mono)
        fresh = sorted(
            (value, index, seen[1])
            for index, (value, seen) in enumerate(zip(self.prices, self.last, strict=True))
            if value is not None
            and seen is not None
            and -SECOND <= wall - seen[1] <= MAX_AGE
            and mono <= seen[2]
        )
        if len(fresh) < 3:
            return Decimal(0)
        middle = median(value for value, _, _ in fresh)
        noise = Decimal("4.4478") * median(abs(value - middle) for value, _, _ in fresh)
        tolerance = max(middle * Decimal("0.005"), noise if len(fresh) >= 5 else Decimal(0))
        agreed = [voice for voice in fresh if abs(voice[0] - middle) <= tolerance]
        self.spread = (fresh[-1][0] - fresh[0][0]) / fresh[0][0]
        if len(agreed) < 2 or 2 * len(agreed) <= len(fresh):
            return Decimal(0)
        self.as_of = min(voice[2] for voice in agreed)
        primary = next((voice[0] for voice in agreed if voice[1] == 0), None)
        return primary if primary is not None else median(voice[0] for voice in agreed)


class NumpyRules:
    """All markets of a book at once, one column per source."""

    def __init__(self, markets: int) -> None:
        self.price = np.zeros((markets, SOURCES), dtype=np.int64)
        self.publish = np.full((markets, SOURCES), -1, dtype=np.int64)
        self.stale = np.zeros((markets, SOURCES), dtype=np.int64)

    def update(self, price: Any, publish: Any, wall: int, mono: int) -> Any:
        known = self.publish >= 0
        moved = np.abs(price - self.price)
        # 50 times a price leaves 64 bits: by division, as floats do not know the last digits.
        jumps = known & (moved > self.price // 50)
        ok = (price > 0) & (price <= 2**62) & (publish <= wall + SECOND)
        ok &= (publish > self.publish) & ~jumps
        self.price = np.where(ok, price, self.price)
        self.publish = np.where(ok, publish, self.publish)
        stale = mono + MAX_AGE - np.maximum(0, wall - publish)
        self.stale = np.where(ok, stale, self.stale)
        return ok

    def quotes(self, wall: int, mono: int) -> tuple[Any, ...]:
        age = wall - self.publish
        fresh = (self.publish >= 0) & (age >= -SECOND) & (age <= MAX_AGE) & (mono <= self.stale)
        count = fresh.sum(axis=1)
        # Whoever is not fresh is sorted behind the others.
        prices = np.where(fresh, self.price, 2**62)
        ordered = np.sort(prices, axis=1)
        rows, half = np.arange(len(prices)), count // 2
        upper = ordered[rows, np.minimum(half, SOURCES - 1)]
        lower = ordered[rows, np.maximum(half - 1, 0)]
        middle = np.where(count % 2 == 1, upper, lower + (upper - lower) // 2)
        far = np.where(fresh, np.abs(self.price - middle[:, None]), 2**62)
        noise = np.where(count >= 5, np.sort(far, axis=1)[:, SOURCES // 2] * 44_478 // 10_000, 0)
        close = fresh & (far <= np.maximum(middle // 200, noise)[:, None])
        agreed = close.sum(axis=1)
        high = np.where(fresh, self.price, 0).max(axis=1)
        low = np.maximum(ordered[:, 0], 1)
        spread = (high - low) / low
        as_of = np.where(close, self.publish, 2**62).min(axis=1)
        kept = np.sort(np.where(close, self.price, 2**62), axis=1)
        other = kept[rows, np.minimum(agreed // 2, SOURCES - 1)]
        price = np.where(close[:, 0], self.price[:, 0], other)
        good = (agreed >= 2) & (2 * agreed > count)
        return np.where(good, price, 0), good, as_of, as_of + MAX_AGE, spread
