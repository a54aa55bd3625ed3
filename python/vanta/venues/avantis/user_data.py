"""Positions and resting orders of the venue's user data: raw integers as decimal strings."""

from vanta import _core
from vanta.domain.units import format_scaled
from vanta.venues.avantis.decimals import raw
from vanta.venues.avantis.wire import Wire


class OpenPosition(Wire, frozen=True, kw_only=True):
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
        return _core.notional(
            collateral_e6=raw(self.collateral, field="collateral"),
            leverage_e10=raw(self.leverage, field="leverage"),
        )

    def size_coin_e10(self, *, base_is_usd: bool) -> int:
        """Coins as the contract counts them; 0 without an entry."""
        entry_e10 = raw(self.open_price, field="openPrice")
        if entry_e10 == 0 and not base_is_usd:
            return 0
        return _core.coin_size(
            notional_e6=self.notional_e6, entry_e10=entry_e10, base_is_usd=base_is_usd
        )

    def human(self, *, base_is_usd: bool) -> dict[str, str | bool]:
        """Render every figure as an exact decimal."""
        return {
            "side": "long" if self.buy else "short",
            "collateral": format_scaled(raw(self.collateral, field="collateral"), decimals=6),
            "leverage": format_scaled(raw(self.leverage, field="leverage"), decimals=10),
            "open_price": format_scaled(raw(self.open_price, field="openPrice"), decimals=10),
            "tp": format_scaled(raw(self.tp, field="tp"), decimals=10),
            "sl": format_scaled(raw(self.sl, field="sl"), decimals=10),
            "liquidation_price": format_scaled(
                raw(self.liquidation_price, field="liquidationPrice"), decimals=10
            ),
            "rollover_fee": format_scaled(raw(self.rollover_fee, field="rolloverFee"), decimals=6),
            "unrealised_funding_fee": format_scaled(
                raw(self.unrealised_funding_fee, field="unrealisedFundingFee"), decimals=6
            ),
            "position_size": format_scaled(self.notional_e6, decimals=6),
            "size_in_asset": format_scaled(
                self.size_coin_e10(base_is_usd=base_is_usd), decimals=10
            ),
            "is_upside": self.is_pnl,
        }


class RestingOrder(Wire, frozen=True, kw_only=True):
    """One entry of `limitOrders`; older records keep the collateral in `positionSize`."""

    buy: bool
    collateral: str = "0"
    position_size: str = "0"
    price: str = "0"
    leverage: str = "0"

    @property
    def collateral_e6(self) -> int:
        return raw(self.collateral, field="collateral") or raw(
            self.position_size, field="positionSize"
        )

    def human(self) -> dict[str, str | bool]:
        """Render every figure as an exact decimal."""
        return {
            "side": "long" if self.buy else "short",
            "price": format_scaled(raw(self.price, field="price"), decimals=10),
            "leverage": format_scaled(raw(self.leverage, field="leverage"), decimals=10),
            "collateral": format_scaled(self.collateral_e6, decimals=6),
        }
