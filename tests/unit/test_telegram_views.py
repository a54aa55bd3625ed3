"""Layouts: narrow tables, short messages, the mode first, codes last, foreign text inert."""

import re
from html import unescape
from typing import Any

import msgspec
import pytest

from tests.fakes.engine_world import BTC, CATALOGUE
from tests.fakes.quotes import FakeQuote
from vanta.domain.enums import Action, Mode, OrderState, Quality, Side, Source
from vanta.domain.errors import InputError
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.ports import Preview
from vanta.domain.position import Position, PositionView
from vanta.domain.units import E6, E10
from vanta.domain.verdict import Reason, Verdict
from vanta.telegram import account_views, views
from vanta.telegram.events import render
from vanta.telegram.text import COLUMNS, esc, how_long, input_error, not_understood, pre, share

HOSTILE = "<b>x</b>&<script>alert(1)</script>"
EVIL = Catalogue([msgspec.structs.replace(CATALOGUE[BTC], symbol=f"{HOSTILE}/USD")])
INTENT = Intent(
    user_id=1,
    source=Source.TELEGRAM,
    ref="r",
    action=Action.OPEN,
    trace_id="t" * 16,
    market_ix=BTC,
    side=Side.LONG,
    collateral_e6=200 * E6,
    leverage_e10=25 * E10,
    take_profit_e10=63_000 * E10,
    stop_loss_e10=60_500 * E10,
)
PREVIEW = Preview(
    verdict=Verdict(),
    quote_e10=61_240 * E10,
    quality=0,
    entry_e10=612_405 * E10 // 10,
    notional_e6=5_000 * E6,
    required_e6=203 * E6,
    open_fee_e6=3 * E6,
    close_fee_e6=3 * E6,
    spread_cost_e6=E6 // 2,
    liquidation_e10=59_163 * E10,
    safe_line_e10=59_266 * E10,
    worst_loss_e6=66_960_000,
    equity_e6=2_000 * E6,
)
POSITION = Position(
    id=12,
    venue="paper",
    mode=Mode.DRY,
    user_id=1,
    market_ix=BTC,
    index=0,
    side=Side.LONG,
    entry_e10=612_405 * E10 // 10,
    collateral_e6=200 * E6,
    leverage_e10=25 * E10,
    liquidation_e10=59_163 * E10,
    take_profit_e10=63_000 * E10,
    stop_loss_e10=60_500 * E10,
    fees_e6=3_420_000,
    opened_ns=1,
)


def look(position: Position = POSITION, **fields: Any) -> PositionView:
    return PositionView(
        **{
            "position": position,
            "mark_e10": 61_880 * E10,
            "notional_e6": 5_000 * E6,
            "pnl_e6": 52_210_000,
            "pnl_ratio_e10": 2_610_000_000,
            "liquidation_distance_e10": 0,
            "protected_by": "Vanta stop",
            **fields,
        }
    )


def order(**fields: Any) -> Order:
    return Order(
        **{
            "id": 481,
            "intent": INTENT,
            "mode": Mode.DRY,
            "state": OrderState.FILLED,
            "verdict": Verdict(),
            "quote_e10": 61_240 * E10,
            "created_ns": 10**18,
            **fields,
        }
    )


REFUSED = Verdict(
    reasons=tuple(
        Reason(code=f"E-X{n}", rule="R", text=f"Reason {n} {HOSTILE}.") for n in range(7)
    ),
    nearest_collateral_e6=95 * E6,
)
BODY = {
    "order_id": 481,
    "position_id": 12,
    "mode": "DRY",
    "source": "signal",
    "cause": None,
    "market_ix": BTC,
    "side": "long",
    "price_e10": 61_240 * E10,
    "collateral_e6": 200 * E6,
    "leverage_e10": 25 * E10,
    "notional_e6": 5_000 * E6,
    "fee_e6": 3 * E6,
    "pnl_e6": -12 * E6,
    "left_collateral_e6": 0,
    "reason": HOSTILE,
    "state": "REJECTED",
    "a_field_of_tomorrow": [1, 2, 3],
}


def money_views(catalogue: Catalogue) -> dict[str, str]:
    market = catalogue[BTC]
    return {
        "ticket": views.ticket(INTENT, PREVIEW, market, Policy()),
        "position": views.position(look(), market, now_ns=8_040 * 10**9, quality=0),
        "no price": views.position(look(mark_e10=0), market, now_ns=1, quality=8),
        "closed": views.closed(POSITION, market),
        "refusal": views.refusal(INTENT, REFUSED, market),
        "unknown": views.unknown(order(state=OrderState.UNKNOWN), market),
        "rejected": views.rejected(order(state=OrderState.REJECTED), market, HOSTILE),
        "close": views.close_preview(look(), market, portion_e10=E10 // 2, quality=4),
        "why": account_views.why(order(state=OrderState.REFUSED, verdict=REFUSED), market),
        "orders": account_views.orders([order()] * 5, catalogue),
        **{
            kind: render(kind, BODY, catalogue)
            for kind in ("fill.open", "fill.close", "fill.liquidation", "order.rejected", "news")
        },
    }


@pytest.mark.parametrize("name", money_views(CATALOGUE))
def test_money_message_is_tagged_short_and_narrow(name: str) -> None:
    text = money_views(CATALOGUE)[name]
    assert text.startswith("[DRY] ")
    assert "…" not in text or name in ("refusal", "why")
    plain = unescape(re.sub(r"<[^>]*>", "", text))
    if name not in ("refusal", "why"):  # these hold seven hostile reasons here
        assert len(plain) < 500
    for block in re.findall(r"<pre>(.*?)</pre>", text, re.S):
        assert max(len(unescape(row)) for row in block.split("\n")) <= COLUMNS


@pytest.mark.parametrize("name", money_views(EVIL))
def test_foreign_text_stays_inert(name: str) -> None:
    text = money_views(EVIL)[name]
    assert "<script" not in text
    assert "<b>x" not in text
    assert set(re.findall(r"<(/?[a-z]+)", text)) <= {"b", "/b", "pre", "/pre", "code", "/code"}


def test_ticket_says_what_it_costs_and_what_can_be_lost() -> None:
    text = views.ticket(INTENT, PREVIEW, CATALOGUE[BTC], Policy())
    for part in (
        "LONG BTC/USD 25x", "5,000.00", "~61,240.5", "59,163.0", "-3.39%", "63,000.0", "+2.87%",
        "+143.6", "-60.4", "Fee in     3.00", "~3.00", "Spread     0.50", "+0.13%",
        "Worst case -66.96",
        "(limit 10 %)", "Vanta stop", "1.00%",
    ):  # fmt: skip
        assert part in text


def test_short_must_fall_to_break_even() -> None:
    short = msgspec.structs.replace(INTENT, side=Side.SHORT)
    assert "-0.13%" in views.ticket(short, PREVIEW, CATALOGUE[BTC], Policy())


def test_refusal_numbers_every_reason_and_the_nearest_yes() -> None:
    text = views.refusal(INTENT, REFUSED, CATALOGUE[BTC])
    assert text.startswith("[DRY] Not sent: LONG BTC 25x, 200 USDC")
    assert [f"{n}. " in text for n in range(1, 6)] == [True] * 5
    assert "E-X0" in text
    assert "and 2 more" in text
    assert text.endswith("Would pass now: 95 USDC at 25x")


def test_nobody_protects_is_said_loud() -> None:
    text = views.position(
        look(protected_by="nobody"), CATALOGUE[BTC], now_ns=1, quality=Quality.GOOD
    )
    assert "<b>Protected by: nobody.</b>" in text


def test_short_position_moves_have_their_signs() -> None:
    short = msgspec.structs.replace(POSITION, side=Side.SHORT, liquidation_e10=63_400 * E10)
    text = views.position(look(short), CATALOGUE[BTC], now_ns=1, quality=0)
    assert "SHORT" in text
    assert "+2.46%" in text


def test_prices_show_their_quality() -> None:
    quotes = [
        FakeQuote(market_ix=BTC, price_e10=61_240 * E10, quality=Quality.STALE),
        FakeQuote(market_ix=0, price_e10=0, quality=Quality.NONE),
    ]
    text = account_views.prices(CATALOGUE, quotes)  # type: ignore[arg-type]
    assert "stale" in text
    assert "none" in text


def test_broken_notice_body_is_told_apart() -> None:
    with pytest.raises(msgspec.ValidationError):
        render("fill.open", {"order_id": "x"}, CATALOGUE)
    assert render("fill.open", {}, CATALOGUE).startswith("[DRY]")


@pytest.mark.parametrize(
    ("ratio_e10", "places", "text"),
    [
        (0, 2, "0.00%"),
        (-339_000_000, 2, "-3.39%"),
        (499_999_999, 2, "+5.00%"),
        (1, 2, "0.00%"),
        (-1, 1, "0.0%"),
        (E10, 0, "+100%"),
    ],
)
def test_share(ratio_e10: int, places: int, text: str) -> None:
    assert share(ratio_e10, places=places) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (8_040, "2h 14m"), (90_000, "1d 1h")],
)
def test_how_long(seconds: int, text: str) -> None:
    assert how_long(seconds * 10**9) == text


def test_wide_rows_are_cut_visibly() -> None:
    assert pre(["x" * 40, "y" + " " * 40]) == f"<pre>{'x' * 32}…\ny</pre>"


def test_errors_escape_what_they_echo_and_end_with_the_code() -> None:
    error = InputError("E-ARG", field="amount", value=HOSTILE, limit="a plain decimal")
    for text in (input_error(error), not_understood(HOSTILE * 20)):
        assert "<script" not in text
        assert text.endswith("E-ARG")
        assert len(text) < 500
    assert esc(HOSTILE) in input_error(error)


@pytest.mark.parametrize(
    ("loss_e6", "shown"),
    [
        (66_960_000, "Worst case -66.96 = 3.4 % of equity"),
        (66_960_001, "Worst case -66.97 = 3.4 % of equity"),
        (6_000, "Worst case -0.01 = 0.1 % of equity"),
        (200 * E6, "Worst case -200.00 = 10.0 % of equity"),
        (200 * E6 + 1, "Worst case -200.01 = 10.1 % of equity"),
    ],
)
def test_worst_case_is_never_shown_smaller_than_it_is(loss_e6: int, shown: str) -> None:
    preview = msgspec.structs.replace(PREVIEW, worst_loss_e6=loss_e6)
    assert shown in views.ticket(INTENT, preview, CATALOGUE[BTC], Policy())
