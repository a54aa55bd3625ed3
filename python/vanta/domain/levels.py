"""Price levels that wait to be crossed: a sorted watch list for one process.

Stops, targets and liquidation prices are all the same thing: a market, a level and a direction.
Each market keeps two heaps, so that a quote costs O(crossed), not O(watched).
"""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Levels(Generic[K]):
    """Keys by level. A level equal to the price counts as crossed."""

    def __init__(self) -> None:
        self._live: dict[K, tuple[int, int, bool]] = {}  # key -> market, level, below
        self._heaps: dict[tuple[int, bool], list[tuple[int, int, K]]] = {}
        self._tick = 0  # breaks ties, so that keys need no order of their own

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: K) -> bool:
        return key in self._live

    def __iter__(self) -> Iterator[K]:
        return iter(self._live)

    def watch(self, key: K, *, market_ix: int, level_e10: int, below: bool) -> None:
        """Watch a level, replacing the key's former one.

        `below` means: crossed when the price is at or below the level; else at or above.
        """
        self.forget(key)
        self._live[key] = (market_ix, level_e10, below)
        self._tick += 1
        heap = self._heaps.setdefault((market_ix, below), [])
        heapq.heappush(heap, (-level_e10 if below else level_e10, self._tick, key))

    def forget(self, key: K) -> bool:
        """Stop watching; False when the key was not watched."""
        if (was := self._live.pop(key, None)) is None:
            return False
        market_ix, _, below = was
        heap = self._heaps[market_ix, below]
        # Entries of forgotten keys stay in the heap until met; rebuild before they outnumber.
        if len(heap) > 64 and len(heap) > 4 * len(self._live):
            heap[:] = [e for e in heap if self._is_live(e, market_ix, below)]
            heapq.heapify(heap)
        return True

    def crossed(self, market_ix: int, *, price_e10: int) -> list[K]:
        """Take out and return every key whose level the price has reached, nearest first."""
        taken: list[K] = []
        for below in (True, False):
            heap = self._heaps.get((market_ix, below))
            mark = -price_e10 if below else price_e10
            while heap and heap[0][0] <= mark:
                entry = heapq.heappop(heap)
                if self._is_live(entry, market_ix, below):
                    del self._live[entry[2]]
                    taken.append(entry[2])
        return taken

    def _is_live(self, entry: tuple[int, int, K], market_ix: int, below: bool) -> bool:
        level_e10 = -entry[0] if below else entry[0]
        return self._live.get(entry[2]) == (market_ix, level_e10, below)
