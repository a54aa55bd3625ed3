"""Words of trade commands: what is understood, what is refused, and that nothing is guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engine_world import CATALOGUE
from vanta.domain.enums import Side
from vanta.domain.errors import InputError
from vanta.domain.grammar import (
    CLOSE,
    MAX_WORDS,
    OPEN,
    SHOW,
    STOPS,
    Form,
    Request,
    Stop,
    parse,
    stop_price,
)
from vanta.domain.units import E6, E10

PERCENT = E10 // 100
BTC = CATALOGUE.resolve("BTC")
ANY = Form("/any", OPEN.takes | CLOSE.takes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", {}),
        ("BTC", {"market": BTC}),
        ("btc-usd", {"market": BTC}),
        ("BTC/USD", {"market": BTC}),
        ("100", {"collateral_e6": 100 * E6}),
        ("100usd", {"collateral_e6": 100 * E6}),
        ("100.25USD", {"collateral_e6": 100_250_000}),
        ("25x", {"leverage_e10": 25 * E10}),
        ("2.5X", {"leverage_e10": 25 * E10 // 10}),
        ("slip=0.5%", {"slippage_e10": PERCENT // 2}),
        ("50%", {"portion_e10": 50 * PERCENT}),
        ("100%", {"portion_e10": E10}),
        ("#12", {"position_id": 12}),
        ("all", {"is_all": True}),
        ("tp=63000", {"take_profit": Stop(price_e10=63_000 * E10)}),
        ("tp=+5%", {"take_profit": Stop(move_e10=5 * PERCENT)}),
        ("sl=-2%", {"stop_loss": Stop(move_e10=-2 * PERCENT)}),
        ("tp=roi:50%", {"take_profit": Stop(roi_e10=50 * PERCENT)}),
        ("sl=roi:50%", {"stop_loss": Stop(roi_e10=-50 * PERCENT)}),
        ("sl=roi:-50%", {"stop_loss": Stop(roi_e10=-50 * PERCENT)}),
        ("sl=roi:+10%", {"stop_loss": Stop(roi_e10=10 * PERCENT)}),
    ],
)
def test_word_is_understood(text: str, said: dict[str, Any]) -> None:
    assert parse(text, CATALOGUE, ANY) == Request(**said)


@pytest.mark.parametrize(
    "text",
    [
        "BTC 100 25x sl=-2% slip=0.5%",
        "slip=0.5% sl=-2% 25x 100usd btc",
        "  25x\tBTC\n100   sl=-2%  SLIP=0.5% ",
    ],
)
def test_order_and_blanks_do_not_matter(text: str) -> None:
    assert parse(text, CATALOGUE, ANY) == Request(
        market=BTC,
        collateral_e6=100 * E6,
        leverage_e10=25 * E10,
        stop_loss=Stop(move_e10=-2 * PERCENT),
        slippage_e10=PERCENT // 2,
    )


@pytest.mark.parametrize(
    "word",
    [
        "1e309", "1e3", "NaN", "nan", "inf", "-0", "-100", "+100", "0", "0.0", "0x", "-0x", "0x10",
        "0x10x", "１２", "１２x", "٣", "1,5", "1.000.000", "1_000", "9" * 200, "9" * 200 + "x", ".",
        "1.", ".5", "100.0000001", "25.00000000001x", "25c", "x", "100$", "$100", "101%", "0%",
        "-5%", "1e2%", "%", "#0", "#-1", "#1.5", "#１", "#" + "9" * 16, "#", "tp=", "tp=0", "tp=-5",
        "tp=5%", "tp=+-5%", "tp=roi:", "tp=roi:50", "sl=roi:%", "slip=", "slip=1", "slip=0%", "=",
        "a=b", "tp=1=2", "tp=NaN", "\u202eBTC", "BT\u200fC", "ВТС", "BTC\u0000", "BTC;", "<b>",
        "B" * 33, "'", "100 100", "BTC ETH", "10x 20x", "tp=1 tp=2", "all all",
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(word: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(word, CATALOGUE, ANY)
    assert refused.value.code in ("E-ARG", "E-SYM")
    assert refused.value.limit


@pytest.mark.parametrize(
    ("form", "word"),
    [
        (OPEN, "#12"), (OPEN, "50%"), (OPEN, "all"),
        (CLOSE, "100"), (CLOSE, "25x"), (CLOSE, "tp=5000"), (CLOSE, "slip=1%"),
        (STOPS, "25x"), (STOPS, "BTC"), (SHOW, "BTC"),
    ],
)  # fmt: skip
def test_word_that_means_nothing_to_the_command_is_not_ignored(form: Form, word: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(word, CATALOGUE, form)
    assert refused.value.value == word
    assert form.example in refused.value.limit


@pytest.mark.parametrize("word", ["trail=1%", "be=1%", "@62000", "stop@63000", "twap", "TRAIL=1%"])
def test_words_of_later_releases_are_told_apart(word: str) -> None:
    with pytest.raises(InputError, match="not available yet"):
        parse(f"BTC 100 {word}", CATALOGUE, ANY)


def test_unknown_market_names_the_nearest() -> None:
    with pytest.raises(InputError) as refused:
        parse("BCT 100", CATALOGUE, ANY)
    assert refused.value.code == "E-SYM"
    assert "BTC" in refused.value.limit


@pytest.mark.parametrize("text", ["BTC NaN 10x", "NaN BTC 10x", "btc inf"])
def test_second_unknown_word_is_no_market(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(text, CATALOGUE, ANY)
    assert refused.value.code == "E-ARG"


def test_too_many_words_are_refused() -> None:
    with pytest.raises(InputError, match="at most"):
        parse("a " * (MAX_WORDS + 1), CATALOGUE, ANY)


def test_naughty_strings_never_become_a_request(data_dir: Path) -> None:
    strings = json.loads((data_dir / "text" / "blns.json").read_text())
    # The words that are true numbers, and blank ones, are no nonsense in this grammar.
    meant = {"", "1", "1.00", "100"}
    for text in strings:
        try:
            request = parse(text, CATALOGUE, ANY)
        except InputError:
            continue
        assert text.strip() in meant or request.collateral_e6 > 0, text
        assert request == Request(collateral_e6=request.collateral_e6)
        assert text.strip().removesuffix("usd").replace(".", "").isascii()


@pytest.mark.parametrize(
    ("stop", "side", "price_e10"),
    [
        (Stop(price_e10=7), Side.LONG, 7),
        (Stop(move_e10=5 * PERCENT), Side.LONG, 105 * E10),
        (Stop(move_e10=-2 * PERCENT), Side.LONG, 98 * E10),
        (Stop(move_e10=2 * PERCENT), Side.SHORT, 102 * E10),
        (Stop(roi_e10=50 * PERCENT), Side.LONG, 105 * E10),
        (Stop(roi_e10=50 * PERCENT), Side.SHORT, 95 * E10),
        (Stop(roi_e10=-50 * PERCENT), Side.LONG, 95 * E10),
        (Stop(roi_e10=-50 * PERCENT), Side.SHORT, 105 * E10),
    ],
)
def test_stop_becomes_a_price(stop: Stop, side: Side, price_e10: int) -> None:
    found = stop_price(stop, kind="sl", side=side, entry_e10=100 * E10, leverage_e10=10 * E10)
    assert found == price_e10


def test_stop_price_is_rounded_towards_entry() -> None:
    third = Stop(move_e10=E10 // 3)
    up = stop_price(third, kind="tp", side=Side.LONG, entry_e10=10**10 + 1, leverage_e10=E10)
    assert up == 10**10 + 1 + (10**10 + 1) * (E10 // 3) // E10


def test_stop_below_zero_is_refused() -> None:
    with pytest.raises(InputError):
        stop_price(Stop(move_e10=-E10), kind="sl", side=Side.LONG, entry_e10=E10, leverage_e10=E10)
