"""Named places where a drill may kill the process: before and after each durable step.

Armed only through settings and refused in production. The kill is SIGKILL, so nothing is cleaned
up: what survives is what was durable.
"""

import os
import signal

NAMES = frozenset(
    {
        "signal.committed",  # the signal row is durable, 202 not yet written
        "signal.acknowledged",  # 202 written, engine not yet told
        "order.committed",  # order row durable, executor not yet called
        "order.sent",  # SENT durable, fill not yet
        "fill.committed",  # fill and position durable, books in memory not yet
    }
)


class CrashPoints:
    """Kill the process at the `hit`-th passage of the armed name."""

    def __init__(self, armed: str = "", hit: int = 1) -> None:
        if armed and armed not in NAMES:
            raise ValueError(f"crash point {armed!r} is not one of {sorted(NAMES)}")
        self._armed = armed
        self._left = hit

    def __call__(self, name: str) -> None:
        if name != self._armed:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
