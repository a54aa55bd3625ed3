"""Patience: a time-out of who is asked. What held up this process itself is not held against it."""

import asyncio
from types import TracebackType
from typing import Final

LATE: Final = 0.1  # of the time: an end that comes so much later says that we were held up


class Patience:
    """Raises `TimeoutError` after `seconds` without a word from the other side.

    Each `heard` starts the time anew. An end that comes late is put off once: while the loop was
    busy the answer may have come and lie unread. Twice in a row it is not, so the wait has an end.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)
        self._heard = False
        self._put_off = False

    def heard(self) -> None:
        """Note a word from the other side."""
        self._heard = True

    async def __aenter__(self) -> "Patience":
        await self._limit.__aenter__()
        self._loop = asyncio.get_running_loop()
        self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _begin(self) -> None:
        self._end = self._loop.time() + self._seconds
        self._timer = self._loop.call_at(self._end, self._over)

    def _over(self) -> None:
        is_late = self._loop.time() - self._end > LATE * self._seconds
        if not self._heard and (self._put_off or not is_late):
            self._limit.reschedule(self._end)
            return
        self._put_off = not self._heard
        self._heard = False
        self._begin()
