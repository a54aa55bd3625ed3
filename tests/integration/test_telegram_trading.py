"""The bot over HTTP against the local Bot API, with a real engine and database behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.chat import Chat, button, chatting, labels, stranger
from vanta.store.pool import Pool


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def test_three_taps_after_demo_lead_to_a_dry_fill(chat: Chat) -> None:
    start = await chat.say("/start")
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
    [position] = await chat.world.positions.open_of(chat.user.id)
    assert position.collateral_e6 == 100_000_000
    opened = await chat.told("Opened #")
    assert opened["message_id"] != filled["message_id"]
