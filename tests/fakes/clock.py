"""A clock that moves only when told to."""


class ManualClock:
    """Wall and monotonic time under the test's control."""

    def __init__(self, wall_ns: int = 1_790_000_000_000_000_000, mono_ns: int = 10**12) -> None:
        self.wall_ns = wall_ns
        self.mono_time_ns = mono_ns

    def now_ns(self) -> int:
        return self.wall_ns

    def mono_ns(self) -> int:
        return self.mono_time_ns

    def advance(self, ns: int) -> None:
        """Let both clocks run `ns` forward."""
        self.wall_ns += ns
        self.mono_time_ns += ns
