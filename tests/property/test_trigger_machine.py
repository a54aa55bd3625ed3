"""The trigger book over a life: armed, re-armed, disarmed, ticked, beside a list that is scanned.

Prices and distances come from a small range around one centre, so that levels meet, gaps span many
of them, watermarks coincide and trailing groups form, meld, lose their first and fall apart.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.oracles.trigger import BREAK_EVEN, MAX, TRAILING, Armed, ScanBook, allowed
from vanta import _core

MARKETS = (0, 3)
IDS = st.one_of(st.integers(-6, 12), st.sampled_from([-(2**63), MAX]))
FIELDS = ("version", "market_ix", "kind", "is_long", "level_e10", "distance_e10", "offset_e10")
DTYPES = {
    "id": np.int64,
    "version": np.uint32,
    "market_ix": np.uint16,
    "kind": np.uint8,
    "is_long": np.bool_,
    "level_e10": np.int64,
    "distance_e10": np.int64,
    "offset_e10": np.int64,
}


def near(centre: int) -> st.SearchStrategy[int]:
    return st.integers(max(centre - 25, 0), min(centre + 25, MAX))


@st.composite
def armings(draw: st.DrawFn, centre: int, versions: st.SearchStrategy[int]) -> Armed:
    kind = draw(st.one_of(st.sampled_from([TRAILING, BREAK_EVEN]), st.integers(0, 5)))
    moves = kind in (TRAILING, BREAK_EVEN)
    distance = draw(st.integers(0, 12)) if moves else 0
    offset = draw(st.integers(-8, distance)) if kind == BREAK_EVEN else 0
    return Armed(
        id=draw(IDS),
        version=draw(versions),
        market_ix=draw(st.sampled_from(MARKETS)),
        kind=kind,
        is_long=draw(st.booleans()),
        level_e10=draw(near(centre)),
        distance_e10=distance,
        offset_e10=offset,
    )


def fields(one: Armed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in FIELDS}


def columns(rows: Sequence[Armed]) -> dict[str, Any]:
    return {
        name: np.array([getattr(one, name) for one in rows], dtype=dtype)
        for name, dtype in DTYPES.items()
    }


class Life(RuleBasedStateMachine):
    """One core book fed by single calls, one by batches, one list."""

    CENTRE = 100
    armed = armings(CENTRE, st.integers(0, 5))
    prices = near(CENTRE)

    def __init__(self) -> None:
        super().__init__()
        self.one, self.batch, self.slow = _core.TriggerBook(), _core.TriggerBook(), ScanBook()
        self.seen: set[int] = set()

    @rule(data=st.data())
    def arm(self, data: st.DataObject) -> None:
        self.armed_all([data.draw(self.armed)])

    @rule(data=st.data())
    def arm_many(self, data: st.DataObject) -> None:
        self.armed_all(data.draw(st.lists(self.armed, max_size=8)))

    def armed_all(self, rows: list[Armed]) -> None:
        self.seen.update(one.id for one in rows)
        before: dict[int, Armed] = {}
        good: list[Armed] = []
        for one in rows:
            known = before.get(one.id, self.slow.live(one.id))
            expected = allowed(one) and (known is None or one.version > known.version)
            if not expected:
                for attempt in (self.one.arm, self.refused_batch(good)):
                    try:
                        attempt(one.id, **fields(one))
                    except (_core.InvalidInput, _core.ArithmeticOverflow):
                        continue
                    raise AssertionError(f"{one} was armed")
                continue
            before[one.id] = one
            good.append(one)
            self.one.arm(one.id, **fields(one))
        self.batch.arm_batch(**columns(good))
        for one in good:
            assert self.slow.arm(one)

    def refused_batch(self, good: list[Armed]) -> Any:
        def attempt(id_: int, **rest: Any) -> None:
            # Rows before the wrong one are not armed either: the invariant would see them.
            self.batch.arm_batch(**columns([*good, Armed(id=id_, **rest)]))

        return attempt

    @rule(id_=IDS)
    def disarm(self, id_: int) -> None:
        expected = self.slow.disarm(id_)
        assert self.one.disarm(id_) is expected
        assert self.batch.disarm_batch(np.array([id_])).tolist() == [expected]

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def disarm_known(self, data: st.DataObject) -> None:
        self.disarm(data.draw(st.sampled_from(sorted(self.seen))))

    @rule(market=st.sampled_from(MARKETS), data=st.data(), many=st.integers(1, 12))
    def ticks(self, market: int, data: st.DataObject, many: int) -> None:
        prices = [data.draw(self.prices) for _ in range(many)]
        tradable = [data.draw(st.integers(0, 4)) > 0 for _ in range(many)]
        rows = []
        for row, (price, trusted) in enumerate(zip(prices, tradable, strict=True)):
            if trusted:
                fired = self.slow.on_quote(market, price)
                assert list(self.one.on_quote(market, price)) == fired
                rows += [(row, *one) for one in fired]
        out = self.batch.on_quotes(
            np.full(many, market, dtype=np.uint16),
            price_e10=np.array(prices, dtype=np.int64),
            tradable=np.array(tradable),
        )
        got = (out.row, out.id, out.version, out.kind, out.level_e10)
        assert list(zip(*(column.tolist() for column in got), strict=True)) == rows

    @invariant()
    def both_know_the_same(self) -> None:
        for book in (self.one, self.batch):
            assert len(book) == len(self.slow.armed)
            for id_ in self.seen:
                assert (id_ in book) is (self.slow.live(id_) is not None)
                assert book.level(id_) == self.slow.level(id_)
            for market in MARKETS:
                assert book.next_levels(market) == self.slow.next_levels(market)


class LowLife(Life):
    """Around price 0, which is no price."""

    armed = armings(5, st.integers(0, 5))
    prices = near(5)


class HighLife(Life):
    """At the upper end of 64 bits."""

    armed = armings(MAX - 10, st.sampled_from([0, 1, 2**31, 2**32 - 1]))
    prices = near(MAX - 10)


for _life in (Life, LowLife, HighLife):
    _life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
TestLowLife = LowLife.TestCase
TestHighLife = HighLife.TestCase


@given(
    starts=st.lists(st.tuples(near(100), st.integers(1, 9)), min_size=1, max_size=60),
    prices=st.lists(near(100), max_size=60),
    is_long=st.booleans(),
)
def test_many_trail_as_each_alone(
    starts: list[tuple[int, int]], prices: list[int], is_long: bool
) -> None:
    """Trailing stops share watermarks; none may notice the others."""
    book = _core.TriggerBook()
    alone = [_core.TriggerBook() for _ in starts]
    for id_, (level, distance) in enumerate(starts):
        one = Armed(id_, 1, 0, TRAILING, is_long, level, distance)
        for target in (book, alone[id_]):
            target.arm(id_, **fields(one))
    for price in prices:
        fired = book.on_quote(0, price)
        apart = [row for single in alone for row in single.on_quote(0, price)]
        apart.sort(key=lambda row: (-row[3] if is_long else row[3], row[0]))
        assert list(fired) == apart
        assert [book.level(i) for i in range(len(starts))] == [
            single.level(i) for i, single in enumerate(alone)
        ]
