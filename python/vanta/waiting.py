"""A queue that knows how long its oldest item has been waiting."""

import asyncio
from collections import deque
from typing import TypeVar

from vanta.domain.ports import Clock

T = TypeVar("T")


class WaitingQueue(asyncio.Queue[T]):
    """First in, first out; `put` waits while it is full."""

    def __init__(self, maxsize: int, clock: Clock) -> None:
        self._clock = clock
        super().__init__(maxsize)

    def age_s(self) -> float:
        """Return how long the oldest item has waited; 0 when there is none."""
        return (self._clock.mono_ns() - self._since[0]) / 1e9 if self._since else 0.0

    # What `asyncio.Queue` leaves to children.

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._since: deque[int] = deque()

    def _put(self, item: T) -> None:
        super()._put(item)
        self._since.append(self._clock.mono_ns())

    def _get(self) -> T:
        self._since.popleft()
        return super()._get()
