"""Human decimals to integers and back: nothing is rounded in, nothing odd is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import InputError
from vanta.domain.units import (
    format_percent,
    format_price,
    format_scaled,
    format_usd,
    parse_percent_e10,
    parse_price_e10,
    parse_scaled,
    parse_usd_e6,
)


@pytest.mark.parametrize(
    ("text", "e6"),
    [("1", 1_000_000), ("0.000001", 1), ("100.25", 100_250_000), ("7.1000000", 7_100_000)],
)
def test_usd(text: str, e6: int) -> None:
    assert parse_usd_e6(text, field="collateral") == e6


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "+1", "-1", "-0", "1e5", "1e309", "NaN", "Infinity", "0x10", "1,5", "1_0",
        "１２", "٣", ".5", "5.", "0", "0.0", "1.0000001", "9" * 200, "1\n", "1\x00", "½",
    ],
)  # fmt: skip
def test_nonsense_is_refused_naming_the_field(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_usd_e6(text, field="collateral")
    assert raised.value.field == "collateral"
    assert raised.value.code == "E-ARG"
    assert raised.value.limit


def test_a_value_beyond_the_integer_range_is_refused() -> None:
    with pytest.raises(InputError, match="smaller"):
        parse_price_e10("999999999999", field="tp")


@pytest.mark.parametrize(("text", "e10"), [("50%", 5 * 10**9), ("0.5", 5 * 10**7), ("100", 10**10)])
def test_percent(text: str, e10: int) -> None:
    assert parse_percent_e10(text, field="portion") == e10


@given(st.integers(0, 2**63 - 1), st.sampled_from([6, 10]))
def test_what_is_rendered_parses_back(value: int, decimals: int) -> None:
    text = format_scaled(value, decimals=decimals)
    if len(text.partition(".")[0]) <= 12:
        assert parse_scaled(text, decimals=decimals, field="x") == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(5_000_000_000, "5,000.00"), (-1_999_999, "-1.99"), (-1, "0.00"), (0, "0.00")],
)
def test_usd_text_is_truncated_toward_zero(value: int, text: str) -> None:
    assert format_usd(value) == text


def test_signs_are_shown_where_asked() -> None:
    assert format_usd(52_210_000, signed=True) == "+52.21"
    assert format_percent(287_000_000, signed=True) == "+2.87 %"
    assert format_percent(-339_000_000, signed=True) == "-3.39 %"


@pytest.mark.parametrize(
    ("price_e10", "text"),
    [
        (612_405_000_000_000, "61,240.5"),
        (1_432_100_000_000, "143.21"),
        (4_123_100_000, "0.41231000"),
    ],
)
def test_price_text_fits_its_size(price_e10: int, text: str) -> None:
    assert format_price(price_e10) == text
