"""Decimal text of chain money: exact both ways, and refused where a digit would be lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import InputError
from vanta.domain.wei import DECIMALS, format_decimals, format_wei, parse_decimals, parse_wei


@pytest.mark.parametrize(
    ("text", "unit", "wei"),
    [
        ("1", "ether", 10**18),
        ("1.0", "ether", 10**18),
        (".5", "gwei", 5 * 10**8),
        ("0.000000001", "gwei", 1),
        ("0.0000000010", "gwei", 1),
        ("-0.5", "gwei", -5 * 10**8),
        ("0", "wei", 0),
        ("7.000", "wei", 7),
        (str(2**256 - 1), "wei", 2**256 - 1),
        ("115792089237316195423570985008687907853269984665640564039457.5", "ether",
         1157920892373161954235709850086879078532699846656405640394575 * 10**17),
    ],
)  # fmt: skip
def test_read(text: str, unit: str, wei: int) -> None:
    assert parse_wei(text, unit=unit) == wei


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "1.", "+1", "1e9", "1,0", " 1", "1 ", "1_0", "0x1", "\u0661", "1.2.3", "--1",
     "9" * 79, "0.0000000001", "1\n", None, 1, 1.0, b"1"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(InputError, match="fee"):
        parse_wei(text, unit="gwei", field="fee")


def test_unknown_unit() -> None:
    with pytest.raises(KeyError):
        parse_wei("1", unit="satoshi")


@pytest.mark.parametrize(
    ("wei", "unit", "text"),
    [
        (0, "ether", "0.0"),
        (10**18, "ether", "1.0"),
        (-1, "ether", "-0.000000000000000001"),
        (1_500_000_000, "gwei", "1.5"),
        (5, "wei", "5"),
        (-5, "wei", "-5"),
    ],
)
def test_written(wei: int, unit: str, text: str) -> None:
    assert format_wei(wei, unit=unit) == text


@given(st.integers(-(2**256), 2**256), st.sampled_from(sorted(DECIMALS)))
def test_there_and_back(wei: int, unit: str) -> None:
    assert parse_wei(format_wei(wei, unit=unit), unit=unit) == wei


@given(st.integers(-(10**30), 10**30), st.integers(0, 40))
def test_there_and_back_for_any_token(amount: int, decimals: int) -> None:
    assert parse_decimals(format_decimals(amount, decimals=decimals), decimals=decimals) == amount
