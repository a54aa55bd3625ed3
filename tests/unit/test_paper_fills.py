"""What the paper venue does to money, with numbers worked out by hand."""

import msgspec
import pytest

from tests.fakes.engine_world import BTC, CATALOGUE, close_intent, open_intent
from vanta import _core
from vanta.domain.enums import FillKind, Mode, OrderState, Side
from vanta.domain.intent import Intent
from vanta.domain.order import Order
from vanta.domain.position import Position
from vanta.domain.units import E6, E10, ONE_E10
from vanta.domain.verdict import Verdict
from vanta.engine.folding import opened, reduced
from vanta.venues.paper import fills

MARKET = CATALOGUE[BTC]  # fees 0.06 %, spread 0.01 %, threshold 85 %


def order(intent: Intent, order_id: int = 7) -> Order:
    return Order(
        id=order_id, intent=intent, mode=Mode.DRY, state=OrderState.CREATED, verdict=Verdict()
    )


def position(side: Side = Side.LONG, **fields: int) -> Position:
    fill = fills.open_fill(order(open_intent(1, side=side)), MARKET, mark_e10=60_000 * E10, at_ns=5)
    made = msgspec.structs.replace(opened(fill, MARKET), id=3)
    return msgspec.structs.replace(made, **fields)


def test_an_open_pays_collateral_and_fee() -> None:
    fill = fills.open_fill(order(open_intent(1)), MARKET, mark_e10=60_000 * E10, at_ns=5)
    assert fill.price_e10 == 60_006 * E10
    assert fill.notional_e6 == 1_000 * E6
    assert fill.fee_e6 == 600_000
    assert fill.cash_delta_e6 == -100_600_000
    assert (fill.kind, fill.pnl_e6, fill.position_id) == (FillKind.OPEN, 0, 0)


def test_a_short_opens_below_and_closes_above_the_mark() -> None:
    short = position(Side.SHORT)
    assert short.entry_e10 == 59_994 * E10
    # 8.5 % above entry
    assert short.liquidation_e10 == 65_093_4900000000
    fill = fills.close_fill(
        order(close_intent(1, 3)), short, MARKET, mark_e10=57_000 * E10, at_ns=9
    )
    assert fill.price_e10 == 57_005_7000000000
    # (59,994 - 57,005.7) / 59,994 x 1,000 = 49.809980...
    assert fill.pnl_e6 == 49_809_980
    assert fill.cash_delta_e6 == 100 * E6 + 49_809_980 - 600_000


@pytest.mark.parametrize(
    ("portion_e10", "share_e6"),
    [
        pytest.param(ONE_E10, 100 * E6, id="all"),
        pytest.param(ONE_E10 // 2, 50 * E6, id="half"),
        pytest.param(ONE_E10 // 3, 33_333_333, id="a third, rounded down"),
        pytest.param(1, 0, id="less than a millionth of a dollar is nothing"),
    ],
)
def test_the_share_of_a_close(portion_e10: int, share_e6: int) -> None:
    assert fills.close_share_e6(position(), portion_e10) == share_e6


def test_a_half_close_leaves_the_other_half() -> None:
    before = position()
    fill = fills.close_fill(
        order(close_intent(1, 3, portion_e10=ONE_E10 // 2)),
        before,
        MARKET,
        mark_e10=63_000 * E10,
        at_ns=9,
    )
    # (62,993.7 - 60,006) / 60,006 x 500 = 24.895010...
    assert (fill.collateral_e6, fill.notional_e6, fill.fee_e6) == (50 * E6, 500 * E6, 300_000)
    assert fill.pnl_e6 == 24_895_010
    after = reduced(before, fill)
    assert after.collateral_e6 == 50 * E6
    assert after.is_open
    assert (after.liquidation_e10, after.version) == (before.liquidation_e10, before.version + 1)
    assert (after.realised_e6, after.fees_e6) == (24_895_010, 600_000 + 300_000)


def value_at(mark_e10: int) -> tuple[int, int]:
    """Return what a close at a mark would leave before the venue's rule, and what it pays."""
    before = position()
    fill = fills.close_fill(order(close_intent(1, 3)), before, MARKET, mark_e10=mark_e10, at_ns=9)
    pnl_e6 = _core.pnl(
        entry_e10=before.entry_e10,
        price_e10=fill.price_e10,
        collateral_e6=before.collateral_e6,
        leverage_e10=before.leverage_e10,
        is_long=True,
    )
    return 100 * E6 + pnl_e6 - 600_000, fill.cash_delta_e6


def test_a_close_at_or_below_what_the_venue_keeps_pays_nothing() -> None:
    # The venue keeps 15 % of 100: look for the marks around a value of 15.00.
    low, high = 54_000 * E10, 56_000 * E10
    while high - low > 1:
        middle = (low + high) // 2
        if value_at(middle)[0] <= 15 * E6:
            low = middle
        else:
            high = middle
    value, paid = value_at(low)
    assert (value <= 15 * E6, paid) == (True, 0)
    value, paid = value_at(high)
    assert value > 15 * E6
    assert paid == value


def test_a_close_that_pays_nothing_books_the_whole_share_as_loss() -> None:
    fill = fills.close_fill(
        order(close_intent(1, 3)), position(), MARKET, mark_e10=50_000 * E10, at_ns=9
    )
    assert (fill.pnl_e6, fill.fee_e6, fill.cash_delta_e6) == (-100 * E6, 0, 0)


def test_a_liquidation_is_filled_at_the_formula_price() -> None:
    before = position()
    fill = fills.liquidation_fill(order(close_intent(1, 3)), before, mark_e10=50_000 * E10, at_ns=9)
    assert fill.kind is FillKind.LIQUIDATION
    assert fill.price_e10 == before.liquidation_e10 == 54_905_4900000000
    assert fill.mark_e10 == 50_000 * E10
    assert (fill.pnl_e6, fill.cash_delta_e6) == (-100 * E6, 0)
    assert not reduced(before, fill).is_open


def test_what_the_venue_keeps_rounds_against_the_trader() -> None:
    assert fills.kept_by_venue_e6(100 * E6, MARKET) == 15 * E6
    assert fills.kept_by_venue_e6(1, MARKET) == 1


def test_identities_follow_from_what_they_are_for() -> None:
    assert fills.order_hash(7) == fills.order_hash(7) != fills.order_hash(8)
    assert len(fills.order_hash(7)) == 32
    first = position()
    assert fills.liquidation_hash(first) != fills.liquidation_hash(
        msgspec.structs.replace(first, version=2)
    )


def test_a_fill_made_on_an_older_state_does_not_fit() -> None:
    before = position()
    fill = fills.close_fill(
        order(close_intent(1, 3)), before, MARKET, mark_e10=60_000 * E10, at_ns=9
    )
    with pytest.raises(ValueError, match="gives up"):
        reduced(msgspec.structs.replace(before, collateral_e6=1), fill)
    with pytest.raises(ValueError, match="closed"):
        reduced(reduced(before, fill), fill)
