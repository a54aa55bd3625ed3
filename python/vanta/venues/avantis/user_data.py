"""Positions and resting orders of the venue's user data: raw integers as decimal strings."""

import msgspec

from vanta import _core
from vanta.domain.units import format_scaled

# An array of digits longer than any uint256 is no number of the venue.
_MAX_DIGITS = 78


def _raw(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Fields the engine reads; the venue sends more."""


class OpenPosition(_Wire, frozen=True, kw_only=True):
    """One entry of `positions`: e6 USD, e10 prices and leverage."""

    buy: bool
    is_pnl: bool = False
    collateral: str
    leverage: str
    open_price: str
    tp: str = "0"
    sl: str = "0"
    liquidation_price: str = "0"
    rollover_fee: str = "0"
    unrealised_funding_fee: str = "0"
    loss_protection: str = "0"

    @property
    def notional_e6(self) -> int:
        return _core.notional(collateral_e6=_raw(self.collateral), leverage_e10=_raw(self.leverage))

    def size_coin_e10(self, *, base_is_usd: bool) -> int:
        """Coins as the contract counts them; 0 without an entry."""
        entry_e10 = _raw(self.open_price)
        if entry_e10 == 0 and not base_is_usd:
            return 0
        return _core.coin_size(
            notional_e6=self.notional_e6, entry_e10=entry_e10, base_is_usd=base_is_usd
        )

    def human(self, *, base_is_usd: bool) -> dict[str, str | bool]:
        """Render every figure as an exact decimal."""
        return {
            "side": "long" if self.buy else "short",
            "collateral": format_scaled(_raw(self.collateral), decimals=6),
            "leverage": format_scaled(_raw(self.leverage), decimals=10),
            "open_price": format_scaled(_raw(self.open_price), decimals=10),
            "tp": format_scaled(_raw(self.tp), decimals=10),
            "sl": format_scaled(_raw(self.sl), decimals=10),
            "liquidation_price": format_scaled(_raw(self.liquidation_price), decimals=10),
            "rollover_fee": format_scaled(_raw(self.rollover_fee), decimals=6),
            "unrealised_funding_fee": format_scaled(_raw(self.unrealised_funding_fee), decimals=6),
            "position_size": format_scaled(self.notional_e6, decimals=6),
            "size_in_asset": format_scaled(
                self.size_coin_e10(base_is_usd=base_is_usd), decimals=10
            ),
            "is_upside": self.is_pnl,
        }


class RestingOrder(_Wire, frozen=True, kw_only=True):
    """One entry of `limitOrders`; older records keep the collateral in `positionSize`."""

    buy: bool
    collateral: str = "0"
    position_size: str = "0"
    price: str = "0"
    leverage: str = "0"

    @property
    def collateral_e6(self) -> int:
        return _raw(self.collateral if self.collateral != "0" else self.position_size)

    def human(self) -> dict[str, str | bool]:
        """Render every figure as an exact decimal."""
        return {
            "side": "long" if self.buy else "short",
            "price": format_scaled(_raw(self.price), decimals=10),
            "leverage": format_scaled(_raw(self.leverage), decimals=10),
            "collateral": format_scaled(self.collateral_e6, decimals=6),
        }
