"""A price sink that only remembers, and a catalogue to feed it."""

from collections.abc import Sequence

from vanta.domain.market import Catalogue, Market
from vanta.domain.ports import Tick

E10 = 10**10


class MemorySink:
    """Keeps what sources say, in order."""

    def __init__(self) -> None:
        self.batches: list[list[Tick]] = []
        self.heads: list[tuple[int, int]] = []
        self.sequencers: list[tuple[bool, int]] = []
        self.withdrawn: list[tuple[int, int]] = []

    @property
    def all(self) -> list[Tick]:
        return [tick for batch in self.batches for tick in batch]

    def ticks(self, batch: Sequence[Tick]) -> None:
        self.batches.append(list(batch))

    def head(self, source_ix: int, head_ns: int) -> None:
        self.heads.append((source_ix, head_ns))

    def sequencer(self, *, up: bool, since_ns: int) -> None:
        self.sequencers.append((up, since_ns))

    def withdraw(self, market_ix: int, source_ix: int) -> None:
        self.withdrawn.append((market_ix, source_ix))


def catalogue(*symbols: str) -> Catalogue:
    """Markets with generous bounds, indices in the given order."""
    names = symbols or ("ETH/USD", "BTC/USD", "SOL/USD", "BNB/USD", "XAU/USD")
    return Catalogue(
        Market(
            ix=ix,
            venue="paper",
            symbol=symbol,
            min_leverage_e10=2 * E10,
            max_leverage_e10=100 * E10,
            min_notional_e6=100_000_000,
            liquidation_threshold_e10=E10 * 85 // 100,
            open_fee_e10=E10 * 8 // 10_000,
            close_fee_e10=E10 * 8 // 10_000,
            spread_e10=0,
            min_price_e10=E10 // 100,
            max_price_e10=1_000_000 * E10,
        )
        for ix, symbol in enumerate(names)
    )
