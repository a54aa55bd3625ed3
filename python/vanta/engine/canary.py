"""Canary: the narrow lane that LIVE begins in.

Few people, few markets, little money, low leverage. A profile that could never trade is refused at
the start, with its numbers.
"""

from collections.abc import Collection, Sequence

import msgspec

from vanta.domain.errors import ConfigError, InputError
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.units import ONE_E10, format_leverage, format_usd
from vanta.domain.verdict import Reason


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """Caps of LIVE opens. A value equal to a cap passes."""

    collateral_e6: int
    leverage_e10: int
    markets: tuple[Market, ...]
    users: frozenset[int]

    def reasons(self, intent: Intent) -> list[Reason]:
        """Return why a LIVE open is outside the lane."""
        reasons = []
        if intent.user_id not in self.users:
            words = "LIVE is open to a few named people for now. DRY works."
            reasons.append(Reason(code="E-MODE", rule="CANARY_USER", text=words))
        if all(market.ix != intent.market_ix for market in self.markets):
            words = f"LIVE trades only {self._names} for now. DRY works."
            reasons.append(Reason(code="E-MODE", rule="CANARY_MARKET", text=words))
        if intent.leverage_e10 > self.leverage_e10:
            words = (
                f"LIVE takes at most {format_leverage(self.leverage_e10)} for now; you asked "
                f"{format_leverage(intent.leverage_e10)}."
            )
            reasons.append(
                Reason(
                    code="E-LEV",
                    rule="CANARY_LEVERAGE",
                    text=words,
                    value=intent.leverage_e10,
                    limit=self.leverage_e10,
                    unit="leverage_e10",
                )
            )
        if intent.collateral_e6 > self.collateral_e6:
            words = (
                f"LIVE takes at most {format_usd(self.collateral_e6)} USDC of collateral for now; "
                f"you asked {format_usd(intent.collateral_e6)}."
            )
            reasons.append(
                Reason(
                    code="E-RISK-POS",
                    rule="CANARY_COLLATERAL",
                    text=words,
                    value=intent.collateral_e6,
                    limit=self.collateral_e6,
                    unit="usd_e6",
                )
            )
        return reasons

    def words(self) -> str:
        """Say the caps in one line."""
        people = ", ".join(f"#{user_id}" for user_id in sorted(self.users))
        return (
            f"Canary: at most {format_usd(self.collateral_e6)} USDC at "
            f"{format_leverage(self.leverage_e10)} on {self._names}, for users {people}."
        )

    @property
    def _names(self) -> str:
        return ", ".join(market.base for market in self.markets)


def canary_of(
    *,
    collateral_e6: int,
    leverage_e10: int,
    markets: Sequence[str],
    users: Collection[int],
    catalogue: Catalogue,
) -> Canary:
    """Build the profile. Raises `ConfigError` for one that could never trade."""
    if not users:
        raise ConfigError("VANTA_CANARY is on but VANTA_CANARY_USERS names nobody")
    try:
        named = tuple(catalogue.resolve(name) for name in markets)
    except InputError as error:
        raise ConfigError(f"VANTA_CANARY_MARKETS={error.value!r}: {error.limit}") from None
    if not named:
        raise ConfigError("VANTA_CANARY is on but VANTA_CANARY_MARKETS names no market")
    for market in named:
        size_e6 = collateral_e6 * leverage_e10 // ONE_E10
        if size_e6 < market.min_notional_e6:
            raise ConfigError(
                f"the canary could never trade {market.base}: {format_usd(collateral_e6)} x "
                f"{format_leverage(leverage_e10)} = {format_usd(size_e6)} USDC, the venue's "
                f"minimum is {format_usd(market.min_notional_e6)}. Raise "
                "VANTA_CANARY_COLLATERAL_USD or VANTA_CANARY_LEVERAGE, or leave the market out"
            )
        if leverage_e10 < market.min_leverage_e10:
            raise ConfigError(
                f"the canary could never trade {market.base}: VANTA_CANARY_LEVERAGE is "
                f"{format_leverage(leverage_e10)}, the venue's minimum is "
                f"{format_leverage(market.min_leverage_e10)}"
            )
    return Canary(
        collateral_e6=collateral_e6,
        leverage_e10=leverage_e10,
        markets=named,
        users=frozenset(users),
    )
