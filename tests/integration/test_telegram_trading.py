"""Trading by chat: the bot over HTTP against the local Bot API, a real engine and database."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.chat import BTC_E10, Chat, button, chatting, labels
from tests.fakes.engine_world import BTC, ETH
from vanta.domain.enums import OrderState, Quality, Source
from vanta.domain.policy import Policy
from vanta.domain.units import E6, E10
from vanta.store.pool import Pool


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def opened(chat: Chat, command: str = "/long BTC 100 10x") -> int:
    """Open by command; return the position's id."""
    ticket = await chat.say(command)
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled: order #")
    return (await chat.world.positions.open_of(chat.user.id))[-1].id


async def test_three_taps_after_demo_lead_to_a_dry_fill(chat: Chat) -> None:
    start = await chat.say("/start")
    assert "10,000.00 simulated USDC" in start["text"]
    await chat.press(start, "Demo")
    menu = await chat.told("Which market")
    await chat.press(menu, "Long BTC")
    menu = await chat.changed(menu, "How much margin")
    await chat.press(menu, "100")
    ticket = await chat.changed(menu, "Worst case")
    await chat.press(ticket, "Confirm")
    filled = await chat.changed(ticket, "Filled: order #")
    assert filled["text"].startswith("[DRY] #")
    assert "LONG BTC/USD 10x" in filled["text"]
    assert "Protected by: Vanta buffer" in filled["text"]
    assert filled["message_id"] == menu["message_id"], "one view is one message"
    [position] = await chat.world.positions.open_of(chat.user.id)
    assert position.collateral_e6 == 100 * E6
    notice = await chat.told("Opened #")
    assert notice["message_id"] != filled["message_id"], "events are new messages"


async def test_full_command_is_a_ticket_with_every_term(chat: Chat) -> None:
    ticket = await chat.say("/long 25x sl=-1% BTC slip=0.5% 100usd tp=roi:50%")
    assert ticket["text"].startswith("[DRY] LONG BTC/USD 25x")
    assert labels(ticket) == ["Confirm 60s", "Edit", "Cancel"]
    assert await chat.order_count() == 0, "a ticket alone sends nothing"
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    [order] = await chat.world.orders.recent(chat.user.id, 9)
    intent = order.intent
    entry = BTC_E10 * 10_001 // 10_000
    assert (intent.source, intent.max_slippage_e10) == (Source.TELEGRAM, E10 // 200)
    assert intent.guard_price_e10 == BTC_E10
    assert intent.stop_loss_e10 == entry - entry // 100
    assert intent.take_profit_e10 == entry + entry * 2 // 100
    assert intent.ref == f"1001:1@{chat.api.state.bot.id}", "keyed by the message that typed it"


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("/long", "LONG which market"),
        ("/trade", "Which market"),
        ("/trade BTC", "long or short"),
        ("/short ETH 10x", "How much margin"),
        ("/long btc 100", "Worst case"),
    ],
)
async def test_what_is_missing_is_asked_for(chat: Chat, command: str, asked: str) -> None:
    assert asked in (await chat.say(command))["text"]


async def test_guided_flow_keeps_what_was_said(chat: Chat) -> None:
    menu = await chat.say("/short 150 sl=+2%")
    await chat.press(menu, "ETH")
    ticket = await chat.changed(menu, "SHORT ETH/USD")
    assert "150.00" in ticket["text"]
    assert "+2.00%" in ticket["text"]


async def test_leverage_slider_edits_the_ticket_with_its_liquidation(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100")
    assert [x for x in labels(ticket) if "x" in x] == ["2x", "5x", "• 10x", "25x", "50x"]
    assert "-8.50%" in ticket["text"]
    await chat.press(ticket, "25x")
    ticket = await chat.changed(ticket, "BTC/USD 25x")
    assert "-3.40%" in ticket["text"]
    assert "• 25x" in labels(ticket)


async def test_edit_asks_for_the_size_again(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 25x")
    await chat.press(ticket, "Edit")
    menu = await chat.changed(ticket, "How much margin")
    await chat.press(menu, "50")
    ticket = await chat.changed(menu, "Worst case")
    assert "50.00" in ticket["text"]
    assert "• 25x" in labels(ticket)


async def test_refused_ticket_names_every_reason_and_offers_the_nearest_size(
    pool: Pool, tmp_path: Path
) -> None:
    async with chatting(pool, tmp_path / "chat.jsonl", policy=Policy()) as chat:
        card = await chat.say("/short ETH 400 40x")
        assert card["text"].startswith("[DRY] Not sent: SHORT ETH 40x, 400 USDC\n1. ")
        assert "E-RISK-POS" in card["text"]
        assert "E-VOL" in card["text"]
        assert "Would pass now: 250 USDC at 40x" in card["text"]
        await chat.press(card, "Limits")
        await chat.told("Risk and limits")
        await chat.press(card, "Use 250")
        ticket = await chat.changed(card, "Worst case")
        await chat.press(ticket, "Confirm")
        await chat.changed(ticket, "Filled")
        assert (await chat.world.positions.open_of(chat.user.id))[0].collateral_e6 == 250 * E6


async def test_refusal_after_confirm_shows_the_why_card_and_mends_as_a_new_wish(
    chat: Chat,
) -> None:
    ticket = await chat.say("/long BTC 100 25x")
    # Between the ticket and the press two sources fell apart.
    chat.world.quotes.put(
        BTC, BTC_E10, quality=Quality.CONFLICT, spread_between_sources_e10=E10 // 100
    )
    await chat.press(ticket, "Confirm")
    card = await chat.changed(ticket, "Not sent")
    assert "E-DEV" in card["text"]
    [refused] = await chat.world.orders.recent(chat.user.id, 9)
    assert refused.state is OrderState.REFUSED
    chat.world.quotes.put(BTC, BTC_E10)
    await chat.press(card, "Try again")
    ticket = await chat.changed(card, "Worst case")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    assert await chat.order_count() == 2
    why = await chat.say(f"/why {refused.id}")
    assert "E-DEV" in why["text"]


async def test_leverage_out_of_range_is_mended_by_a_button(chat: Chat) -> None:
    card = await chat.say("/long BTC 100 1x")
    assert "E-LEV" in card["text"]
    await chat.press(card, "Use 2x")
    await chat.changed(card, "LONG BTC/USD 2x")


async def test_unknown_market_is_mended_by_a_button(chat: Chat) -> None:
    hint = await chat.say("/long BCT 100 10x")
    assert hint["text"].endswith("E-SYM")
    await chat.press(hint, "BTC")
    ticket = await chat.changed(hint, "LONG BTC/USD 10x")
    assert button(ticket, "Confirm")


async def test_close_previews_then_closes_a_half_and_the_rest(chat: Chat) -> None:
    number = await opened(chat)
    chat.world.quotes.put(BTC, BTC_E10 * 102 // 100)
    preview = await chat.say(f"/close #{number} 50%")
    assert "Close #" in preview["text"]
    assert "50%" in preview["text"]
    await chat.press(preview, "Confirm")
    card = await chat.changed(preview, "Filled")
    assert "50.00" in card["text"]
    await chat.told("Reduced #")
    await chat.press(card, "Close")
    preview = await chat.changed(card, "Exit")
    await chat.press(preview, "Confirm")
    gone = await chat.changed(preview, "closed")
    assert "Result +" in gone["text"]
    await chat.told("Closed #")
    assert await chat.world.positions.open_of(chat.user.id) == []


async def test_close_by_market_and_all(chat: Chat) -> None:
    for command in ("/long BTC 100 10x", "/short ETH 100 10x", "/long ETH 50 10x"):
        await opened(chat, command)
    preview = await chat.say("/close ETH")
    assert "Close 2 positions" in preview["text"]
    await chat.press(preview, "Cancel")
    await chat.changed(preview, "Cancelled")
    preview = await chat.say("/close all")
    assert "Close 3 positions" in preview["text"]
    await chat.press(preview, "Confirm")
    await chat.changed(preview, "3 orders")
    assert await chat.world.positions.open_of(chat.user.id) == []
    assert "No open positions" in (await chat.say("/positions"))["text"]


async def test_positions_are_five_a_page(chat: Chat) -> None:
    for _ in range(6):
        await opened(chat, "/long BTC 20 10x")
    page = await chat.say("/positions")
    assert "page 1 of 2" in page["text"]
    total = re.search(r"All 6 .*", page["text"])
    assert total is not None
    await chat.press(page, "Older")
    page = await chat.changed(page, "page 2 of 2")
    assert total.group() in page["text"]  # a sum of one page would be taken for the whole
    await chat.press(page, "#1 LONG")
    card = await chat.changed(page, "Protected by")
    chat.world.quotes.put(BTC, BTC_E10 * 101 // 100)
    await chat.press(card, "Refresh")
    await chat.changed(card, "61,852.4")
    await chat.press(card, "Why")
    assert "Passed every rule" in (await chat.told("Order #1"))["text"]


async def test_stops_are_set_by_button_and_by_command(chat: Chat) -> None:
    number = await opened(chat)
    card = await chat.say(f"/positions #{number}")
    await chat.press(card, "TP/SL")
    menu = await chat.changed(card, "Stops from the price")
    await chat.press(menu, "SL -2 %")
    preview = await chat.changed(menu, "New stops of #")
    await chat.press(preview, "Confirm")
    await chat.changed(preview, "Stops set")
    preview = await chat.say(f"/tpsl #{number} tp=+5%")
    await chat.press(preview, "Confirm")
    card = await chat.changed(preview, "Stops set")
    assert "Protected by: Vanta stop" in card["text"]
    [position] = await chat.world.positions.open_of(chat.user.id)
    assert position.stop_loss_e10 == BTC_E10 * 98 // 100
    assert position.take_profit_e10 == BTC_E10 * 105 // 100
    refused = await chat.say(f"/tpsl #{number} sl=62000")
    assert "Not sent" in refused["text"]
    assert "must be below the price" in refused["text"]


async def test_stop_that_fires_is_told(chat: Chat) -> None:
    await opened(chat, "/long BTC 100 10x sl=-2%")
    chat.world.quotes.put(BTC, BTC_E10 * 97 // 100)
    notice = await chat.told("(stop loss)")
    assert "[DRY] Closed #1 LONG BTC/USD 10x (stop loss)" in notice["text"]


async def test_stale_price_opens_nothing_but_closes(chat: Chat) -> None:
    number = await opened(chat)
    stale = {"quality": Quality.STALE, "age_ns": 7 * 10**9}
    chat.world.quotes.put(BTC, BTC_E10, **stale)
    card = await chat.say("/long BTC 100 10x")
    assert "E-STALE" in card["text"]
    preview = await chat.say(f"/close #{number}")
    assert "not fresh" in preview["text"]
    assert button(preview, "Confirm")


async def test_views_of_the_account(chat: Chat) -> None:
    await opened(chat)
    for command, part in (
        ("/status", "All prices fresh"),
        ("/price", "61,240.0"),
        ("/price btc", "feeds"),
        ("/markets", "2x-100x"),
        ("/pnl", "realised"),
        ("/risk", "Closing is never limited"),
        ("/orders", "filled"),
        ("/why 1", "Passed every rule"),
        ("/help", "slippage bound"),
    ):
        assert part in (await chat.say(command))["text"]
    menu = {command["command"] for command in chat.api.state.commands}
    assert menu >= {"start", "help", "status", "price", "long", "short", "positions", "close"}


async def test_no_opens_are_offered_on_a_missing_price(chat: Chat) -> None:
    chat.world.quotes.put(ETH, 0, quality=Quality.NONE)
    card = await chat.say("/long ETH 100 10x sl=-2%")
    assert "E-STALE" in card["text"]
    status = await chat.say("/status")
    assert "No opens on ETH none" in status["text"]
