"""Rate counters without a server, for tests that are about something else."""

from collections.abc import Sequence

from tests.oracles.rates import SlowRates
from vanta.store.counters import Grant, OpenAsk


class MemoryCounters(SlowRates):
    """The slow counters behind the face of the real ones; `down` makes them fail."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.asked = 0

    async def take(self, asks: Sequence[OpenAsk], now_ns: int) -> list[Grant]:
        self._answer()
        return super().take(asks, now_ns)

    async def give_back(self, asks: Sequence[OpenAsk]) -> None:
        self._answer()
        super().give_back(asks)

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise ConnectionError("counters are down")
