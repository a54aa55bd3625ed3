"""Token buckets: how much each provider and each address may ask for."""

from collections import OrderedDict
from typing import Final

from vanta.domain.ports import Clock

_SECOND: Final = 1_000_000_000
MAX_NAMES: Final = 4_096


class Grant:
    """Answer of a bucket: taken or not, what is left, and the whole seconds until one is free."""

    __slots__ = ("ok", "remaining", "retry_after_s")

    def __init__(self, *, ok: bool, remaining: int, retry_after_s: int) -> None:
        self.ok = ok
        self.remaining = remaining
        self.retry_after_s = retry_after_s


class Buckets:
    """One bucket per name, filled at `rate_per_s` up to `burst`.

    At most `MAX_NAMES` are remembered: the one idle for longest is forgotten, which can only be
    generous to a name that has been quiet while thousands of others were not.
    """

    def __init__(self, *, rate_per_s: int, burst: int, clock: Clock) -> None:
        self._rate = rate_per_s
        self._burst_ns = burst * _SECOND
        self._clock = clock
        # level in token-nanoseconds, exact integers: tokens * 10**9
        self._levels: OrderedDict[object, tuple[int, int]] = OrderedDict()

    def take(self, name: object) -> Grant:
        """Take one token of `name`'s bucket if there is one."""
        now = self._clock.mono_ns()
        level, then = self._levels.pop(name, (self._burst_ns, now))
        level = min(self._burst_ns, level + max(now - then, 0) * self._rate)
        if len(self._levels) >= MAX_NAMES:
            self._levels.popitem(last=False)
        if level >= _SECOND:
            self._levels[name] = (level - _SECOND, now)
            return Grant(ok=True, remaining=(level - _SECOND) // _SECOND, retry_after_s=0)
        self._levels[name] = (level, now)
        wait_ns = -((level - _SECOND) // self._rate)
        return Grant(ok=False, remaining=0, retry_after_s=max(1, -(-wait_ns // _SECOND)))
