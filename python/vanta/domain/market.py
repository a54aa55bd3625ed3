"""Markets: venue facts as data, and how people name them."""

import difflib
from collections.abc import Iterable, Iterator

import msgspec

from vanta.domain.errors import InputError


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable pair with the venue's own numbers (no such constant lives in the maths)."""

    ix: int
    venue: str
    symbol: str  # "BTC/USD"
    min_leverage_e10: int
    max_leverage_e10: int
    min_notional_e6: int
    liquidation_threshold_e10: int
    open_fee_e10: int
    close_fee_e10: int
    spread_e10: int
    min_price_e10: int
    max_price_e10: int
    is_open: bool = True

    @property
    def base(self) -> str:
        return self.symbol.partition("/")[0]


class Catalogue:
    """The markets of one venue by index and by name. Immutable."""

    def __init__(self, markets: Iterable[Market]) -> None:
        self._by_ix = {m.ix: m for m in markets}
        self._by_symbol = {m.symbol: m for m in self._by_ix.values()}

    def __iter__(self) -> Iterator[Market]:
        return iter(self._by_ix.values())

    def __len__(self) -> int:
        return len(self._by_ix)

    def __getitem__(self, ix: int) -> Market:
        return self._by_ix[ix]

    def resolve(self, text: str) -> Market:
        """Find a market by `BTC/USD`, `BTC`, `btc-usd` or `BTC_USD`.

        Raises `InputError` E-SYM with the nearest names.
        """
        name = text.upper() if isinstance(text, str) and text.isascii() and len(text) <= 32 else ""
        for candidate in (name, f"{name}/USD", name.replace("-", "/").replace("_", "/")):
            if (market := self._by_symbol.get(candidate)) is not None:
                return market
        bases = [m.base for m in self]
        near = difflib.get_close_matches(name, bases, n=2, cutoff=0.4) or bases[:5]
        raise InputError("E-SYM", field="market", value=text, limit="one of " + ", ".join(near))
