"""Patience: held against the other side only, and never without end."""

import asyncio
import time

import pytest

from vanta.store.patience import Patience


async def test_a_late_end_is_put_off_once_and_then_it_is_the_end() -> None:
    with pytest.raises(TimeoutError):
        async with Patience(0.02):
            time.sleep(0.05)
            await asyncio.Event().wait()


async def test_who_held_us_up_may_still_be_heard() -> None:
    answer = asyncio.Event()
    async with Patience(0.02) as patience:
        waiting = asyncio.get_running_loop().call_later(0.03, answer.set)
        time.sleep(0.05)
        await answer.wait()
        patience.heard()
    assert not waiting.cancelled()


async def test_somebody_elses_cancellation_stays_one() -> None:
    async def wait() -> None:
        async with Patience(60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
