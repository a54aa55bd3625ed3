"""A burst goes into the book by columns; what it does there is what its ticks do one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.sink import E10
from tests.unit.test_feed import Rig
from vanta._core import PRICE_REJECTS
from vanta.engine.burst import Columns
from vanta.engine.feed import FEW

WIDE = 2**64
prices = st.integers(59_000 * E10, 61_000 * E10)
odd_numbers = st.sampled_from([0, -1, 1, 2**63 - 1, -(2**63), 2**63, WIDE, -WIDE])
# Mostly what a source says; each field now and then what it should not say.
values = st.one_of(prices, prices, prices, prices, odd_numbers, st.sampled_from(["60000", "NaN"]))
seqs = st.one_of(st.none(), st.integers(0, 40), st.integers(0, 40), odd_numbers)
confs = st.one_of(st.none(), st.none(), st.integers(1, 50 * E10), odd_numbers)
rows = st.fixed_dictionaries(
    {"source": st.sampled_from([0, 0, 0, 1, 1, 2, 3, 9]), "market": st.sampled_from([0, 1, 1, 5])},
    optional={
        "value": values,
        "seq": seqs,
        "conf": confs,
        "expo": st.sampled_from([-10, -10, -10, -8]),
        "session_open": st.sampled_from([None, None, None, True]),
        "age": st.integers(-2, 2),
    },
)
plain = st.fixed_dictionaries(
    {"source": st.sampled_from([0, 1, 2, 0, 1, 9]), "market": st.sampled_from([0, 0, 1, 1, 5])},
    optional={"value": prices, "seq": st.one_of(st.none(), st.integers(0, 40))},
)
SOURCES = ("a", "b", "c", "chain", "unknown")


def said(rig: Rig) -> list[object]:
    counts = [rig.counted(name, result) for name in SOURCES for result in PRICE_REJECTS]
    unknown = rig.counted("unknown", "UNKNOWN_FEED")
    return [counts, unknown, rig.feed.status(), [repr(quote) for quote in rig.feed.quotes()]]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.lists(rows, min_size=FEW, max_size=40), st.lists(plain, min_size=FEW, max_size=80))
)
def test_a_burst_does_what_its_ticks_do_one_by_one(asked: list[dict[str, object]]) -> None:
    together, apart = Rig(), Rig()
    for rig in (together, apart):
        made = []
        for row in asked:
            more = {k: v for k, v in row.items() if k not in ("source", "age")}
            more.setdefault("value", 60_000 * E10)
            age = int(row.get("age", 0))  # type: ignore[call-overload]
            more["publish_ns"] = rig.time.now_ns() - age * 1_000_000
            made.append(rig.tick(row["source"], 0, **more))  # type: ignore[arg-type]
        if rig is together:
            rig.feed.ticks(made)
        else:
            for tick in made:
                rig.feed.ticks([tick])
    assert said(together) == said(apart)


def test_usual_ticks_make_columns_and_others_do_not() -> None:
    rig = Rig()
    usual = [rig.tick(n % 3, 60_000, seq=n) for n in range(FEW)]
    made = Columns.of(usual)
    assert made is not None
    assert made.source_ix.tolist() == [n % 3 for n in range(FEW)]
    assert (made.seq.tolist(), made.conf.tolist()) == (list(range(FEW)), [0] * FEW)
    assert made.all_in({(1, 0), (1, 1), (1, 2)})
    assert not made.all_in({(1, 0), (1, 1)})
    for odd in (
        {"value": "60000"},
        {"value": 2**63},
        {"conf": 0},
        {"seq": -1},
        {"session_open": True},
        {"expo": -8},
    ):
        assert Columns.of([*usual, rig.tick(0, 60_000, **odd)]) is None, odd
