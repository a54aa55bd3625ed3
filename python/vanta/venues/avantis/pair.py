"""A pair of the venue's catalogue as the core's rules and caps.

Numbers arrive as human decimals and leave as integers; what the catalogue does not carry (market
hours by group, the curve of smallest stops, limits of the spread) is written here with its source:
the venue's published validation and its contracts.
"""

from decimal import Decimal
from typing import Final

import msgspec

from vanta import _core
from vanta.domain.errors import InputError
from vanta.domain.units import E10, I64_MAX
from vanta.venues.avantis.decimals import PERCENT, USD, amount
from vanta.venues.avantis.wire import Wire

UPSIDE_SUFFIX: Final = "_UPSIDE"
SESSION_GROUPS: Final = frozenset({2, 3, 6})
"""Groups that keep market hours: FOREX, COMMODITIES, EQUITIES."""
UPSIDE_STOP_CURVE: Final = (
    (0, 0),
    (10, 1.5),
    (25, 3.75),
    (50, 7.5),
    (100, 11.25),
    (250, 30),
    (500, 45),
    (1000, 54),
)
"""Corners (leverage, percent) of the smallest Upside stop."""
UPSIDE_STOP_FLOOR_P: Final = 5 * E10
SPREAD_BUFFER_P: Final = E10 // 100
MAX_HALF_SPREAD_P: Final = E10 // 2
MAX_SPREAD_X_LEVERAGE_P: Final = 251 * E10 // 10
MAX_SLIPPAGE_P: Final = 80 * E10

STOP_CURVE_E10: Final = [(at * E10, int(stop * E10)) for at, stop in UPSIDE_STOP_CURVE]


class Leverages(Wire, frozen=True, kw_only=True):
    min_leverage: Decimal
    max_leverage: Decimal
    pnl_min_leverage: Decimal = Decimal(0)
    pnl_max_leverage: Decimal = Decimal(0)


class Sides(Wire, frozen=True, kw_only=True):
    long: Decimal
    short: Decimal


class Liquidity(Wire, frozen=True, kw_only=True):
    buy: Decimal | None = None
    sell: Decimal | None = None


class Values(Wire, frozen=True, kw_only=True):
    max_gain_p: Decimal = msgspec.field(name="maxGainP")
    max_sl_p: Decimal = msgspec.field(name="maxSlP")
    max_long_oi_p: Decimal = msgspec.field(name="maxLongOiP")
    max_short_oi_p: Decimal = msgspec.field(name="maxShortOiP")
    group_open_interest_percentage_p: Decimal = msgspec.field(name="groupOpenInterestPercentageP")


class PnlFees(Wire, frozen=True, kw_only=True):
    tier_p: tuple[Decimal, ...] = ()
    fees_p: tuple[Decimal, ...] = ()


class Attributes(Wire, frozen=True, kw_only=True):
    is_open: bool = True
    next_open: int = 0
    next_close: int = 0


class Feed(Wire, frozen=True, kw_only=True):
    attributes: Attributes


class Additional(Wire, frozen=True, kw_only=True):
    close_only_mode: bool = False


class Pair(Wire, frozen=True, kw_only=True):
    """One entry of `pairInfos`."""

    base: str = msgspec.field(name="from")
    quote: str = msgspec.field(name="to")
    group_index: int
    is_pair_listed: bool
    leverages: Leverages
    close_fee_p: Decimal = msgspec.field(name="closeFeeP")
    min_lev_pos_usdc: Decimal = msgspec.field(name="minLevPosUSDC")
    open_interest: Sides
    pair_max_oi: Decimal = msgspec.field(name="pairMaxOI")
    max_wallet_oi: Decimal = msgspec.field(name="maxWalletOI")
    feed: Feed
    values: Values
    pnl_fees: PnlFees = PnlFees()
    loss_protection_multiplier: dict[str, Decimal] = msgspec.field(default_factory=dict)
    additional_pair_params2: Additional = Additional()
    liquidity: Liquidity = Liquidity()

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"

    @property
    def is_upside(self) -> bool:
        """Whether the pair is an Upside twin: it takes only orders that pay a profit share."""
        return any(word.upper().endswith(UPSIDE_SUFFIX) for word in (self.base, self.quote))

    @property
    def base_is_usd(self) -> bool:
        """Whether a position's notional already is its size in coins (USD/JPY)."""
        return self.base.upper().removesuffix(UPSIDE_SUFFIX) == "USD"

    def is_market_open(self, now_s: int) -> bool:
        """Whether the market is open at a Unix time in seconds; crypto always is."""
        if self.group_index not in SESSION_GROUPS:
            return True
        hours = self.feed.attributes
        opened = hours.is_open or 0 < hours.next_open < now_s
        return opened and (hours.next_close == 0 or now_s < hours.next_close)


class Group(Wire, frozen=True, kw_only=True):
    max_oi: Decimal = msgspec.field(name="groupMaxOI")
    oi: Decimal = msgspec.field(name="groupOI")


class Snapshot(Wire, frozen=True, kw_only=True):
    """The catalogue around the pairs."""

    max_trades_per_pair: int = 0
    total_oi: Decimal
    max_open_interest: Decimal
    group_info: dict[str, Group]


def _usd(value: Decimal, field: str) -> int:
    return amount(value, decimals=USD, field=field)


def _percent(value: Decimal, field: str) -> int:
    return amount(value, decimals=PERCENT, field=field)


def oi_caps(pair: Pair, snapshot: Snapshot) -> _core.OiCaps:
    """Build the caps of a pair; a group the snapshot does not know has no room.

    Raises `InputError` for numbers that are none or negative.
    """
    group = snapshot.group_info.get(str(pair.group_index), Group(max_oi=Decimal(0), oi=Decimal(0)))
    buy, sell = pair.liquidity.buy, pair.liquidity.sell
    return _core.OiCaps(
        max_open_interest_e6=_usd(snapshot.max_open_interest, "maxOpenInterest"),
        total_oi_e6=_usd(snapshot.total_oi, "totalOi"),
        max_group_oi_e6=_usd(group.max_oi, "groupMaxOI"),
        group_oi_e6=_usd(group.oi, "groupOI"),
        max_wallet_oi_e6=_usd(pair.max_wallet_oi, "maxWalletOI"),
        pair_max_oi_e6=_usd(pair.pair_max_oi, "pairMaxOI"),
        long_oi_e6=_usd(pair.open_interest.long, "openInterest.long"),
        short_oi_e6=_usd(pair.open_interest.short, "openInterest.short"),
        group_share_p_e10=_percent(
            pair.values.group_open_interest_percentage_p, "groupOpenInterestPercentageP"
        ),
        max_long_p_e10=_percent(pair.values.max_long_oi_p, "maxLongOiP"),
        max_short_p_e10=_percent(pair.values.max_short_oi_p, "maxShortOiP"),
        liquidity_buy_e6=I64_MAX if buy is None else _usd(buy, "liquidity.buy"),
        liquidity_sell_e6=I64_MAX if sell is None else _usd(sell, "liquidity.sell"),
    )


def order_rules(
    pair: Pair, snapshot: Snapshot, *, now_s: int, is_upside: bool | None = None
) -> _core.OrderRules:
    """Build the rules of a pair at a Unix time in seconds; its name says whether it is Upside.

    Raises `InputError` for numbers that are none, negative, or tiers without a fee each.
    """
    upside = pair.is_upside if is_upside is None else is_upside
    span = pair.leverages
    low, high = (
        (span.pnl_min_leverage, span.pnl_max_leverage)
        if upside
        else (span.min_leverage, span.max_leverage)
    )
    tiers, fees = pair.pnl_fees.tier_p, pair.pnl_fees.fees_p
    if len(tiers) != len(fees):
        # The reference's estimate would take a tier without a fee for free.
        limit = f"a fee for each of {len(tiers)} tiers"
        raise InputError("E-ARG", field="feesP", value=str(len(fees)), limit=limit)
    return _core.OrderRules(
        is_listed=pair.is_pair_listed,
        is_close_only=pair.additional_pair_params2.close_only_mode,
        is_open=pair.is_market_open(now_s),
        is_upside=upside,
        min_leverage_e10=amount(low, decimals=10, field="minLeverage"),
        max_leverage_e10=amount(high, decimals=10, field="maxLeverage"),
        min_notional_e6=_usd(pair.min_lev_pos_usdc, "minLevPosUSDC"),
        max_trades=snapshot.max_trades_per_pair,
        max_gain_p_e10=_percent(pair.values.max_gain_p, "maxGainP"),
        max_stop_p_e10=_percent(pair.values.max_sl_p, "maxSlP"),
        spread_buffer_p_e10=SPREAD_BUFFER_P,
        max_half_spread_p_e10=MAX_HALF_SPREAD_P,
        max_spread_x_leverage_p_e10=MAX_SPREAD_X_LEVERAGE_P,
        max_slippage_p_e10=MAX_SLIPPAGE_P,
        upside_floor_p_e10=UPSIDE_STOP_FLOOR_P if upside else 0,
        curve_e10=STOP_CURVE_E10 if upside else [],
        thresholds_p_e10=[_percent(tier, "tierP") for tier in tiers],
        fees_p_e10=[_percent(fee, "feesP") for fee in fees],
    )
