"""Drills 44 and 45: Telegram floods us with waits, is down, or a person has blocked the bot.

Trading goes on by itself; what is owed about money waits and is told once; who cannot be told is
noted as such and not tried for ever.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.chat import Chat, chatting
from tests.fakes.engine_world import BTC
from vanta.domain.units import E10
from vanta.sandbox.botapi_methods import Fault
from vanta.store.pool import Pool


@pytest.fixture
async def chat(pool: Pool, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chatting(pool, tmp_path / "chat.jsonl") as found:
        yield found


async def with_a_stop(chat: Chat) -> None:
    ticket = await chat.say("/long BTC 100 10x sl=-2%")
    await chat.press(ticket, "Confirm")
    await chat.changed(ticket, "Filled")
    await chat.told("Opened #1")


async def stopped_out(chat: Chat) -> None:
    """Let the price fall; return when the position is gone."""
    chat.world.quotes.put(BTC, 59_000 * E10)
    closed = False

    async def look() -> bool:
        return not await chat.world.positions.open_of(chat.user.id)

    while not closed:
        closed = await look()


async def outbox(chat: Chat) -> list[tuple[str, str, str]]:
    rows = await chat.world.pool.fetch("SELECT kind, state, reason FROM outbox ORDER BY id")
    return [(row["kind"], row["state"], row["reason"]) for row in rows]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=429, description="Too Many Requests", retry_after=120, times=5),
        Fault(code=502, description="Bad Gateway", times=40),
        Fault(code=500, description="", page="<html>oops</html>", times=40),
    ],
    ids=["flood", "gateway", "page"],
)
async def test_44_stops_run_and_their_news_waits(chat: Chat, fault: Fault) -> None:
    await with_a_stop(chat)
    fault = Fault(**{name: getattr(fault, name) for name in fault.__struct_fields__})
    chat.api.inject(fault)
    await stopped_out(chat)
    assert (await chat.told("(stop loss)"))["text"].startswith("[DRY] Closed #1")
    assert fault.times == 0
    assert sum("Closed #1" in m["text"] for m in chat.messages) == 1, "told once"
    await chat.until(lambda: chat.bot.healthy)
    while {state for _, state, _ in await outbox(chat)} != {"sent"}:
        await asyncio.sleep(0)  # delivered, and marked so a moment later


async def test_45_who_blocked_the_bot_is_still_protected(chat: Chat) -> None:
    await with_a_stop(chat)
    blocked = Fault(
        code=403,
        description="Forbidden: bot was blocked by the user",
        method="sendMessage",
        times=1_000,
    )
    chat.api.inject(blocked)
    await stopped_out(chat)
    found = await outbox(chat)
    while any(state == "pending" for _, state, _ in found):
        found = await outbox(chat)
    [closed] = [row for row in found if row[0] == "fill.close"]
    assert closed[1:] == (
        "failed",
        "TelegramForbiddenError: Forbidden: bot was blocked by the user",
    )
    tried = 1_000 - blocked.times
    chat.world.clock.advance(3_600 * 10**9)
    await chat.bot.room.courier.post(chat.user.telegram_id or 0, "another one, tried once")
    assert (tried, 1_000 - blocked.times) == (1, 2), "once each, not for ever"
