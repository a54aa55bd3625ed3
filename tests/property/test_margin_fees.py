"""Fees, tiers, net profit and the contract's integers against their oracle, over 64 bits."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import margin_venue as oracle
from tests.property.test_margin import spread_out
from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

E10 = 10**10
I64 = 2**63 - 1
WHOLE = 100 * E10

amounts = spread_out(0, I64)
prices = spread_out(1, I64)
leverages = st.one_of(st.integers(1, 500).map(lambda x: x * E10), spread_out(1, I64))
parts = st.one_of(st.sampled_from([0, 1, WHOLE // 2, WHOLE - 1, WHOLE]), st.integers(0, WHOLE))
rates = st.one_of(st.integers(0, E10), spread_out(0, I64))
signed = st.one_of(st.integers(-(10**12), 10**12), st.integers(-I64, I64))
coins = st.one_of(st.integers(0, 50), spread_out(0, 10**30))
tiers = st.lists(st.integers(0, 3000 * E10), unique=True, max_size=10).map(sorted)
fee_lists = st.lists(parts, max_size=10)
rules = st.sampled_from(["highest_met", "count_met"])


def answers(ours: Callable[[], object], expected: object | None) -> None:
    """The core answers as the oracle; where the oracle has no answer, the core refuses by name."""
    if expected is None:
        with pytest.raises((_core.ArithmeticOverflow, _core.InvalidInput)):
            ours()
    else:
        assert ours() == expected


@unhurried
@given(notional_e6=amounts, rate_p_e10=rates, discount_p_e10=parts)
def test_percent_fee(**kwargs: Any) -> None:
    answers(lambda: _core.percent_fee(**kwargs), oracle.percent_fee(**kwargs))


@unhurried
@given(
    notional_e6=amounts,
    is_long=st.booleans(),
    oi_long_e6=amounts,
    oi_short_e6=amounts,
    skew_lines_e10=st.lists(st.tuples(signed, signed), min_size=1, max_size=12),
    discount_p_e10=parts,
)
def test_skew_open_fee(**kwargs: Any) -> None:
    answers(lambda: _core.skew_open_fee(**kwargs), oracle.skew_open_fee(**kwargs))


book = {"long_coin_e10": coins, "short_coin_e10": coins, "size_coin_e10": coins}


@unhurried
@given(
    **book,
    after_long_coin_e10=coins,
    after_short_coin_e10=coins,
    maker_p_e10=st.integers(-E10, WHOLE),
    taker_p_e10=st.integers(0, WHOLE),
)
def test_maker_taker_fee(**kwargs: Any) -> None:
    expected = oracle.maker_taker_fee(**kwargs)
    try:
        assert _core.maker_taker_fee(**kwargs) == expected
    except _core.ArithmeticOverflow:
        # A product of rate and coins beyond 127 bits is refused even where the quotient would fit.
        assert expected is None or max(kwargs.values()) * WHOLE >= 2**126
    except _core.InvalidInput:
        assert kwargs["size_coin_e10"] == 0


@unhurried
@given(
    **book,
    is_long=st.booleans(),
    is_open=st.booleans(),
    maker_p_e10=st.integers(0, E10),
    taker_p_e10=st.integers(0, E10),
)
def test_opening_and_closing_move_the_book(is_open: bool, **k: Any) -> None:
    function = _core.open_maker_taker_fee if is_open else _core.close_maker_taker_fee
    long, short, size = oracle.moved_book(
        k["long_coin_e10"],
        k["short_coin_e10"],
        k["size_coin_e10"],
        is_long=k["is_long"],
        is_open=is_open,
    )
    expected = oracle.maker_taker_fee(
        long_coin_e10=k["long_coin_e10"],
        short_coin_e10=k["short_coin_e10"],
        after_long_coin_e10=long,
        after_short_coin_e10=short,
        size_coin_e10=size,
        maker_p_e10=k["maker_p_e10"],
        taker_p_e10=k["taker_p_e10"],
    )
    try:
        rate, kind = function(**k)
    except _core.ArithmeticOverflow:
        assert max(long, short, size) * E10 >= 2**126
        return
    assert (rate, kind) == expected
    rates_ = k["maker_p_e10"], k["taker_p_e10"]
    assert min(rates_) <= rate <= max(rates_)


@unhurried
@given(profit=signed, thresholds=tiers, fees=fee_lists, rule=rules, pnl=signed)
def test_upside_share_and_fee(
    profit: int, thresholds: list[int], fees: list[int], rule: Any, pnl: int
) -> None:
    share = oracle.upside_share(Fraction(profit), thresholds, fees, rule)
    table: dict[str, Any] = {"thresholds_p_e10": thresholds, "fees_p_e10": fees, "rule": rule}
    answers(lambda: _core.upside_share(profit_p_e10=profit, **table), share)
    fee = None if share is None else (share, -(-pnl * share // WHOLE))
    answers(
        lambda: _core.upside_fee(profit_p_e10=profit, pnl_e6=pnl, **table),
        (0, 0) if pnl <= 0 else fee,
    )


@unhurried
@given(max_gain_p_e10=spread_out(0, I64), thresholds_p_e10=tiers, fees_p_e10=fee_lists)
def test_adjusted_max_gain(**kwargs: Any) -> None:
    answers(lambda: _core.adjusted_max_gain(**kwargs), oracle.adjusted_max_gain(**kwargs))


positions = st.fixed_dictionaries(
    {
        "entry_e10": prices,
        "price_e10": prices,
        "collateral_e6": amounts,
        "leverage_e10": leverages,
        "is_long": st.booleans(),
    }
)


@unhurried
@given(position=positions)
def test_gross_pnl(position: dict[str, Any]) -> None:
    answers(lambda: _core.gross_pnl(**position), oracle.gross_pnl(**position))


@unhurried
@given(
    position=positions,
    rollover_e6=st.integers(0, 10**12),
    funding_e6=st.integers(-(10**12), 10**12),
    close_fee_p_e10=rates,
    fee_discount_p_e10=parts,
    loss_protection_p_e10=parts,
    close_fee_base=st.sampled_from(["notional", "notional_plus_pnl"]),
)
def test_net_pnl(position: dict[str, Any], **terms: Any) -> None:
    gross = oracle.gross_pnl(**position)
    size = {name: position[name] for name in ("collateral_e6", "leverage_e10")}
    expected = None if gross is None else oracle.net_fixed(gross, **size, **terms)
    try:
        ours = _core.net_pnl(**position, **terms)
    except _core.ArithmeticOverflow:
        notional = size["collateral_e6"] * size["leverage_e10"] // E10
        beyond = [notional, notional + (gross or 0), *(expected or [])]
        assert gross is None or max(map(abs, beyond)) > I64 or _steps_overflow(gross, expected)
        return
    assert ours.gross_e6 == gross
    assert (ours.closing_fee_e6, ours.loss_protection_e6, ours.net_e6) == expected
    assert ours.profit_share_e6 == 0


def _steps_overflow(gross: int, expected: tuple[int, int, int] | None) -> bool:
    """A sum on the way may leave 64 bits although the last one is back inside."""
    return expected is not None and abs(gross - expected[0]) > I64 - 2 * 10**12


@unhurried
@given(
    position=positions,
    rollover_e6=st.integers(0, 10**12),
    funding_e6=st.integers(-(10**12), 10**12),
    thresholds=tiers,
    fees=fee_lists,
    rule=rules,
)
def test_net_pnl_upside(
    position: dict[str, Any],
    rollover_e6: int,
    funding_e6: int,
    thresholds: list[int],
    fees: list[int],
    rule: Any,
) -> None:
    gross = oracle.gross_pnl(**position)
    expected = None
    share: int | None = 0
    if gross is not None:
        moved = oracle.move(**{k: v for k, v in position.items() if k != "collateral_e6"})
        share = oracle.upside_share(moved * WHOLE, thresholds, fees, rule) if gross > 0 else 0
        if share is not None:
            taken = -(-gross * share // WHOLE) if gross > 0 else 0
            net = gross - taken - rollover_e6 - funding_e6
            if max(abs(net), abs(gross - taken - rollover_e6)) <= I64:
                expected = (gross, taken, net)

    def ours() -> tuple[int, int, int]:
        one = _core.net_pnl_upside(
            **position,
            rollover_e6=rollover_e6,
            funding_e6=funding_e6,
            thresholds_p_e10=thresholds,
            fees_p_e10=fees,
            rule=rule,
        )
        assert (one.closing_fee_e6, one.loss_protection_e6) == (0, 0)
        return one.gross_e6, one.profit_share_e6, one.net_e6

    answers(ours, expected)


@unhurried
@given(collateral_e6=amounts, pnl_e6=signed, charges_e6=signed, threshold_e10=st.integers(0, E10))
def test_closing_payout(**kwargs: Any) -> None:
    before = kwargs["collateral_e6"] + kwargs["pnl_e6"]
    beyond = max(abs(before), abs(before - kwargs["charges_e6"])) > I64
    expected = None if beyond else oracle.closing_payout(**kwargs)
    answers(lambda: _core.closing_payout(**kwargs), expected)


@unhurried
@given(notional_e6=amounts, entry_e10=prices, base_is_usd=st.booleans())
def test_coin_size(**kwargs: Any) -> None:
    assert _core.coin_size(**kwargs) == oracle.coin_size(**kwargs)


@unhurried
@given(
    entry_e10=prices,
    price_e10=prices,
    leverage_e10=leverages,
    is_long=st.booleans(),
    max_gain_p_e10=spread_out(0, I64),
)
def test_percent_profit(**kwargs: Any) -> None:
    assert _core.percent_profit(**kwargs) == oracle.percent_profit(**kwargs)


@unhurried
@given(collateral_e6=amounts, profit_p_e10=signed)
def test_percent_pnl(**kwargs: Any) -> None:
    answers(lambda: _core.percent_pnl(**kwargs), oracle.percent_pnl(**kwargs))


@unhurried
@given(acc_open=amounts, acc_now=amounts, notional_e6=amounts)
def test_accumulated_charges(acc_open: int, acc_now: int, notional_e6: int) -> None:
    kwargs = {"acc_open": acc_open, "acc_now": acc_now, "notional_e6": notional_e6}
    product = (acc_now - acc_open) * notional_e6
    rollover = oracle.fits(product // 10**6) if acc_now >= acc_open else None
    answers(lambda: _core.rollover_fee(**kwargs), rollover)
    answers(lambda: _core.funding_fee(**kwargs), oracle.fits(-(-product // 10**6)))


@unhurried
@given(
    collateral_e6=spread_out(1, I64),
    notional_e6=amounts,
    amount_e6=amounts,
    is_deposit=st.booleans(),
    fees_e6=amounts,
)
def test_margin_update(**kwargs: Any) -> None:
    answers(lambda: _core.margin_update(**kwargs), oracle.margin_update(**kwargs))


@unhurried
@given(collateral_e6=amounts, pnl_e6=signed, threshold_e10=st.integers(0, E10))
def test_withdrawals(collateral_e6: int, pnl_e6: int, threshold_e10: int) -> None:
    keep = collateral_e6 * (E10 - threshold_e10) // E10
    ours = _core.withdrawal_leaves_enough(
        collateral_e6=collateral_e6, pnl_e6=pnl_e6, threshold_e10=threshold_e10
    )
    assert ours == (collateral_e6 + pnl_e6 > keep)


@unhurried
@given(
    flow=signed,
    depth=spread_out(1, 2**64 - 1),
    impact_p_e10=spread_out(0, I64),
    constant_p_e10=spread_out(0, I64),
    max_spread_p_e10=spread_out(0, I64),
)
def test_impact_spread(**kwargs: Any) -> None:
    assert _core.impact_spread(**kwargs) == oracle.impact_spread(**kwargs)
