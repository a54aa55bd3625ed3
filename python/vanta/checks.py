"""Readiness checks: every part is asked at once, and none may keep the others waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from vanta import logs

_log = logs.get(__name__)

TIMEOUT_S: Final = 2.0

Check = Callable[[], Awaitable[tuple[bool, str]]]
"""Tells whether a part works, and in words how."""


async def run_checks(
    checks: Mapping[str, Check], timeout_s: float = TIMEOUT_S
) -> dict[str, tuple[bool, str]]:
    """Return what each part answers; a part that fails or is silent is not ready."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(_run(name, check, timeout_s)) for name, check in checks.items()
        }
    return {name: task.result() for name, task in tasks.items()}


async def _run(name: str, check: Check, timeout_s: float) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except TimeoutError:
        return False, f"no answer within {timeout_s:.0f} s"
    except Exception as error:
        _log.warning("check.failed", part=name, error=f"{type(error).__name__}: {error}")
        return False, type(error).__name__
