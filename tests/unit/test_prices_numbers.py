"""Numbers as feeds write them: exact, or refused."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.prices.numbers import decimal_e10, json_text, mid_e10, rfc3339_ns

NONSENSE = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e5",
    "",
    "null",
    "1" + "0" * 40,
    "+1",
    "٣٤٥",  # Arabic digits
    "１２",  # full-width digits
    "1_000",
    "1,000",
    " 1",
    "1 ",
    ".5",
    "5.",
    "0x10",
    "--1",
    "1.2.3",
    "1\n",
    "\x00",
]


@pytest.mark.parametrize("text", NONSENSE, ids=repr)
def test_nonsense_is_not_a_number(text: str) -> None:
    assert decimal_e10(text) is None


@pytest.mark.parametrize(
    ("text", "e10"),
    [
        ("0", 0),
        ("68900.50", 689_005_000_000_000),
        ("-1.5", -15_000_000_000),
        ("0.0000000001", 1),
        ("0.00000000005", 0),  # a tie goes to even: 0
        ("0.00000000015", 2),  # a tie goes to even: 2
        ("0.000000000050000001", 1),
        ("1.99999999999", 20_000_000_000),
    ],
)
def test_decimals_scale_exactly_and_round_half_to_even(text: str, e10: int) -> None:
    assert decimal_e10(text) == e10


@given(whole=st.integers(0, 10**14 - 1), fraction=st.text("0123456789", min_size=1, max_size=24))
def test_agrees_with_decimal(whole: int, fraction: str) -> None:
    text = f"{whole}.{fraction}"
    with localcontext(prec=80):
        scaled = Decimal(text).scaleb(10).to_integral_value(ROUND_HALF_EVEN)
    assert decimal_e10(text) == int(scaled)


@pytest.mark.parametrize(
    ("bid", "ask", "mid"), [(2, 4, 3), (2, 3, 2), (3, 4, 4), (5, 5, 5), (0, 1, 0), (1, 2, 2)]
)
def test_middle_rounds_half_to_even(bid: int, ask: int, mid: int) -> None:
    assert mid_e10(bid, ask) == mid


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2022-12-25T09:30:59.123456Z", 1_671_960_659_123_456_000),
        ("2026-04-07T14:30:03.000000Z", 1_775_572_203_000_000_000),
        ("2023-02-09T20:30:37.167359596Z", 1_675_974_637_167_359_596),
        ("2023-02-09T20:30:37+00:00", 1_675_974_637_000_000_000),
        ("2023-02-30T00:00:00Z", None),
        ("2023-02-09T25:30:37Z", None),
        ("2023-02-09T20:30:37", None),  # no zone
        ("2023-02-09T20:30:37+01:00", None),
        ("٢٠٢٣-02-09T20:30:37Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_timestamps(text: str, ns: int | None) -> None:
    assert rfc3339_ns(text) == ns


def test_json_numbers_keep_their_digits() -> None:
    raw = msgspec.json.decode(b'{"a": 105944.20000000000001, "b": "0.10", "c": null}')
    assert raw["a"] != "105944.20000000000001"  # what a float would have made of it
    row = msgspec.json.decode(
        b'{"a": 105944.20000000000001, "b": "0.10", "c": null}', type=dict[str, msgspec.Raw]
    )
    assert [json_text(v) for v in row.values()] == ["105944.20000000000001", "0.10", "null"]
