"""Bodies of the API: what gets through, and what each complaint names."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.signals import CATALOGUE
from vanta.domain.enums import Side, Source
from vanta.domain.errors import InputError
from vanta.domain.intent import DEFAULT_SLIPPAGE_E10, Intent
from vanta.domain.units import E6, E10
from vanta.web import bodies
from vanta.web.answers import ApiError

GOOD = {"market": "BTC", "side": "long", "collateral": "100", "leverage": "10"}
MONEY = ["collateral", "leverage", "tp", "sl", "slippage"]


def read(body: Any) -> Intent:
    """Take a body the whole way to an intent."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return bodies.open_intent(
        bodies.decode(raw, bodies.OpenTrade),
        user_id=1,
        source=Source.WEB,
        ref="r",
        trace_id="t",
        catalogue=CATALOGUE,
    )


def complaint(body: Any) -> InputError | ApiError:
    with pytest.raises((InputError, ApiError)) as caught:
        read(body)
    error = caught.value
    assert isinstance(error, InputError) or error.status in (400, 422)
    return error


def test_good_body() -> None:
    intent = read(
        {**GOOD, "market": "eth-usd", "side": "SHORT", "leverage": "2.5x", "sl": "3100.25"}
    )
    assert (intent.market_ix, intent.side) == (1, Side.SHORT)
    assert (intent.collateral_e6, intent.leverage_e10) == (100 * E6, 25 * E10 // 10)
    assert intent.stop_loss_e10 == 310_025 * E10 // 100
    assert intent.max_slippage_e10 == DEFAULT_SLIPPAGE_E10


@pytest.mark.parametrize("field", MONEY)
@pytest.mark.parametrize(
    "value",
    ["NaN", "1e309", "-5", "+5", "0", "", " 1", "1,000", "٣", "Infinity", "0x10", "1_0",
     "0.12345678901", "9999999999999", "1.", ".5", "1\n", "１００"],
)  # fmt: skip
def test_wrong_form_or_scale_names_field_value_and_limit(field: str, value: str) -> None:
    error = complaint({**GOOD, field: value})
    assert isinstance(error, InputError)
    assert (error.code, error.field) == ("E-ARG", field)
    assert error.limit


@pytest.mark.parametrize("field", MONEY)
@pytest.mark.parametrize("number", ["100", "1.5", "1e309", "-1", "NaN", "Infinity", "-Infinity"])
def test_json_numbers_are_refused_with_a_hint(field: str, number: str) -> None:
    error = complaint(json.dumps({**GOOD, field: "@"}).replace('"@"', number).encode())
    assert (error.field, error.value) == (field, number)
    assert error.limit is not None
    assert "JSON string" in error.limit


@pytest.mark.parametrize("value", [True, [], {}, ["1"], {"a": "1"}], ids=json.dumps)
@pytest.mark.parametrize("field", ["market", "side", "collateral", "tp"])
def test_other_types(field: str, value: Any) -> None:
    assert complaint({**GOOD, field: value}).field == field


def test_null_is_no_text_where_one_is_needed() -> None:
    assert complaint({**GOOD, "collateral": None}).field == "collateral"
    assert read({**GOOD, "tp": None}).take_profit_e10 == 0


def test_unknown_field_is_named_with_the_known_ones() -> None:
    error = complaint({**GOOD, "colateral": "100"})
    assert error.field == "colateral"
    assert "collateral" in str(error.limit)


@pytest.mark.parametrize("field", GOOD)
def test_missing_field_is_named(field: str) -> None:
    assert complaint({k: v for k, v in GOOD.items() if k != field}).field == field


def test_field_given_twice() -> None:
    twice = json.dumps(GOOD)[:-1] + ', "collateral": "999"}'
    assert complaint(twice.encode()).field == "collateral"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b"1", b"null", b"{]", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{}{}",
     b"[" * 8000, b'{"a":' * 2000, b"\x00", "{}".encode("utf-16"), b"{'a': 1}"],
    ids=lambda body: repr(body[:8]),
)  # fmt: skip
def test_not_a_json_object(body: bytes) -> None:
    error = complaint(body)
    assert isinstance(error, ApiError)
    assert (error.status, error.field) == (400, "body")


@pytest.mark.parametrize("market", ["BCT", "", "BTC/EUR", "ВТС", "BTC'; --", "x" * 100])
def test_unknown_market_names_the_nearest(market: str) -> None:
    error = complaint({**GOOD, "market": market})
    assert error.code == "E-SYM"
    assert "BTC" in str(error.limit)


@pytest.mark.parametrize("field", ["market", "side", *MONEY])
def test_naughty_strings(field: str, data_dir: Path) -> None:
    strings: list[str] = json.loads((data_dir / "text" / "blns.json").read_text("utf-8"))
    for text in [*strings, "\ud800", "\x00", "\u202e", "A" * 10_000]:
        try:
            read({**GOOD, field: text})
        except (InputError, ApiError) as error:
            assert error.field == field
            assert len(str(error)) < 500
        else:
            # A few of them are good plain decimals.
            assert field in MONEY
            assert text.replace(".", "").isdigit()


@pytest.mark.parametrize(
    ("text", "portion_e10"), [(None, E10), ("100%", E10), ("50", E10 // 2), ("0.5%", E10 // 200)]
)
def test_portion(text: str | None, portion_e10: int) -> None:
    assert bodies.portion_of(text) == portion_e10
