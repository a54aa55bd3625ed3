"""Policy: a user's limits, versioned. Defaults and ceilings are the published ones."""

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A value equal to a limit passes."""

    max_leverage_e10: int = 500_000_000_000  # 50x
    max_position_e6: int = 10_000_000_000  # $10,000
    max_account_risk_e10: int = 1_000_000_000  # 10 % of equity
    liquidation_buffer_e10: int = 500_000_000  # 5 % of the entry-to-liquidation distance
    max_daily_loss_e10: int = 2_000_000_000  # 20 % of equity at 00:00 UTC
    opens_per_minute: int = 5
    trades_per_day: int = 50
    volume_hour_e6: int = 10_000_000_000  # $10,000
    volume_day_e6: int = 50_000_000_000  # $50,000
    max_losses_in_row: int = 10
    max_slippage_e10: int = 500_000_000  # 5 %: the ceiling a user may ask for
    copies_per_minute: int = 10
    messages_per_minute: int = 30
    markets: tuple[int, ...] = ()  # market_ix that may be opened; empty = all


# Rates are the operator's to give: as much as the counters hold, which add up below 2**53.
CEILING = Policy(
    max_leverage_e10=5_000_000_000_000,  # 500x
    max_position_e6=100_000_000_000,  # $100,000
    opens_per_minute=100_000,
    trades_per_day=10_000_000,
    volume_hour_e6=1_000_000_000_000_000,  # $1 billion
    volume_day_e6=1_000_000_000_000_000,
    max_losses_in_row=1_000,
    copies_per_minute=100_000,
    messages_per_minute=100_000,
)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person or demo account. `role` and `standing` are those of `domain.roles`."""

    id: int
    telegram_id: int | None
    name: str
    role: str
    created_ns: int
    standing: str = "active"
    mode: str = "DRY"  # the person's own wish; anything but LIVE is DRY


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Simulated money of a user in DRY mode."""

    user_id: int
    cash_e6: int
    deposited_e6: int
    losses_in_row: int = 0
    breaker_until_ns: int = 0  # only reductions until then; long past = closed
    breaker_losses: int = 0  # the streak that opened it; 0 = by hand
    breaker_limit: int = 0


class UserBreaker(msgspec.Struct, frozen=True, kw_only=True):
    """An open breaker of a user: only reductions until `until_ns`."""

    until_ns: int
    losses: int = 0  # the streak that opened it; 0 = by hand
    limit: int = 0


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A follower's standing order to act on a provider's signals."""

    id: int
    provider_id: int
    user_id: int
    max_collateral_e6: int  # the signal's own collateral, never more than this
    max_leverage_e10: int
    skip_without_stop: bool
    active: bool
    mode: str  # the link's wish, as stored; the most restrictive of all wishes counts
