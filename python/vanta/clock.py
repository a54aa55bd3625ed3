"""The only reader of the machine's clocks."""

import time


class SystemClock:
    """Wall and monotonic time of this machine."""

    def now_ns(self) -> int:
        """Return Unix nanoseconds."""
        return time.time_ns()

    def mono_ns(self) -> int:
        """Return monotonic nanoseconds."""
        return time.monotonic_ns()
