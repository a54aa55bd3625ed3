"""The watch list of price levels against a slow scan."""

from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.levels import Levels

PRICES = st.integers(1, 30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), st.integers(0, 6), st.integers(0, 1), PRICES, st.booleans()),
        st.tuples(st.just("forget"), st.integers(0, 6)),
        st.tuples(st.just("price"), st.integers(0, 1), PRICES),
    ),
    max_size=60,
)


def reached(level: int, below: bool, price: int) -> bool:
    return price <= level if below else price >= level


@given(STEPS)
def test_it_finds_what_a_scan_finds(steps: list[tuple]) -> None:
    levels: Levels[int] = Levels()
    model: dict[int, tuple[int, int, bool]] = {}
    for name, *given_ in steps:
        if name == "watch":
            key, market, level, below = given_
            levels.watch(key, market_ix=market, level_e10=level, below=below)
            model[key] = (market, level, below)
        elif name == "forget":
            assert levels.forget(given_[0]) is (model.pop(given_[0], None) is not None)
        else:
            market, price = given_
            hit = {k for k, (m, lv, b) in model.items() if m == market and reached(lv, b, price)}
            found = levels.crossed(market, price_e10=price)
            assert len(found) == len(set(found))
            assert set(found) == hit
            for key in hit:
                del model[key]
        assert len(levels) == len(model)
        assert set(levels) == set(model)


def test_the_nearest_level_comes_first() -> None:
    levels: Levels[str] = Levels()
    levels.watch("far", market_ix=0, level_e10=90, below=True)
    levels.watch("near", market_ix=0, level_e10=95, below=True)
    assert levels.crossed(0, price_e10=80) == ["near", "far"]


def test_a_level_equal_to_the_price_is_crossed_and_taken_once() -> None:
    levels: Levels[str] = Levels()
    levels.watch("stop", market_ix=0, level_e10=90, below=True)
    assert levels.crossed(0, price_e10=91) == []
    assert levels.crossed(0, price_e10=90) == ["stop"]
    assert levels.crossed(0, price_e10=80) == []
    assert "stop" not in levels


def test_forgotten_levels_do_not_pile_up() -> None:
    levels: Levels[int] = Levels()
    for round_ in range(5_000):
        levels.watch(1, market_ix=0, level_e10=100 + round_ % 7, below=True)
    assert sum(len(heap) for heap in levels._heaps.values()) < 200
