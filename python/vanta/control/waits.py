"""Waits: which of the looser limits have waited long enough.

What is left of a wait runs on the monotonic clock from the moment it is first seen, so that a wall
clock that is set forth or back makes nothing looser early and holds nobody longer.
"""

from collections.abc import Sequence

from vanta.domain.ports import Clock
from vanta.store.ceilings import PendingLimit

_Key = tuple[int, str, int]


class Waits:
    """Remembers the end of each wait, in monotonic ns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[_Key, int] = {}

    def begin(self, pending: PendingLimit) -> None:
        """See a wait for the first time."""
        self._ends[_key(pending)] = self._end(pending)

    def over(self, waiting: Sequence[PendingLimit]) -> list[PendingLimit]:
        """Take all that wait, and return those whose time has come."""
        self._ends = {_key(p): self._ends.get(_key(p), self._end(p)) for p in waiting}
        mono_ns = self._clock.mono_ns()
        return [p for p in waiting if self._ends[_key(p)] <= mono_ns]

    def _end(self, pending: PendingLimit) -> int:
        return self._clock.mono_ns() + max(0, pending.due_ns - self._clock.now_ns())


def _key(pending: PendingLimit) -> _Key:
    return (pending.user_id, pending.key, pending.due_ns)
