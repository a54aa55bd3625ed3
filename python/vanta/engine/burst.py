"""A burst of ticks as the core's batch takes it: columns, with no step per tick and field."""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from struct import pack
from typing import Any, Final

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from vanta.domain.ports import Tick

I64_MAX: Final = 2**63 - 1


class _SaidNothingError(Exception):
    pass


@dataclass(slots=True)
class Columns:
    """A burst of ticks as the core's batch takes it.

    Ticks are turned over as a whole: what is done once for a column is not done for each tick.
    """

    markets: tuple[int, ...]
    sources: tuple[int, ...]
    market_set: set[int]
    source_set: set[int]
    market_ix: NDArray[np.uint16]
    source_ix: NDArray[np.uint16]
    value: NDArray[np.int64]
    publish_ns: NDArray[np.int64]
    seq: NDArray[np.int64]
    conf: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Sequence[Tick]) -> "Columns | None":
        """Columns of the batch; None when one of its ticks is not plain."""
        n = len(batch)
        columns = zip(*map(astuple, batch), strict=True)
        markets, sources, values, expos, confs, published, seqs, sessions = columns
        if expos.count(-10) != n or sessions.count(None) != n:
            return None
        try:
            # What is no integer of its width fails here. All columns in one: making an array costs
            # as much as filling it.
            feeds = np.frombuffer(pack(f"{2 * n}H", *markets, *sources), np.uint16)
            words = (*values, *published, *_with(-1, seqs, n), *_with(0, confs, n))
            numbers = np.frombuffer(pack(f"{4 * n}q", *words), np.int64)
        except (struct.error, _SaidNothingError):
            return None
        return cls(
            markets,
            sources,
            set(markets),
            set(sources),
            feeds[:n],
            feeds[n:],
            numbers[:n],
            numbers[n : 2 * n],
            numbers[2 * n : 3 * n],
            numbers[3 * n :],
        )

    def all_in(self, feeds: Collection[tuple[int, int]]) -> bool:
        """Whether every tick is of one of these feeds."""
        # A burst is mostly of one source, and then there are few pairs to look for.
        if len(self.market_set) * len(self.source_set) <= len(self.markets):
            pairs = product(self.market_set, self.source_set)
            if all(pair in feeds for pair in pairs):
                return True
        return all(pair in feeds for pair in set(zip(self.markets, self.sources, strict=True)))


def _with(nothing: int, values: tuple[Any, ...], n: int) -> tuple[int, ...]:
    missing = values.count(None)
    if missing == n:
        return (nothing,) * n
    # Said aloud, the word for nothing is a value, and a wrong one.
    if nothing in values:
        raise _SaidNothingError
    return tuple(nothing if v is None else v for v in values) if missing else values


def is_plain(tick: Tick) -> bool:
    """Whether columns can carry it: integers at the core's scale, no word about the session."""
    return (
        tick.expo == -10
        and tick.session_open is None
        and isinstance(tick.value, int)
        and -I64_MAX <= tick.value <= I64_MAX
        and (tick.conf is None or (isinstance(tick.conf, int) and 0 < tick.conf <= I64_MAX))
        and 0 <= tick.publish_ns <= I64_MAX
        and (tick.seq is None or 0 <= tick.seq <= I64_MAX)
    )
