//! Margin maths of a leveraged position: notional, fees, profit, liquidation and sizing.
//!
//! Every figure is an integer of its unit and every rounding goes against the trader, so that a
//! shown risk is never smaller than the real one: fees up, profit down, liquidation towards entry,
//! size down. Products are exact (`units::mul_div_*`), so each figure is rounded exactly once;
//! only [`fee`] builds on the already rounded [`notional`], as the venue does.
//!
//! Venue facts (threshold, fee rates, tiers, curves, caps) are arguments.
//!
//! | file | answers |
//! | --- | --- |
//! | `fees`, `tiers` | what a trade pays: by skew, maker or taker, share of a profit |
//! | `line` | where the venue liquidates, and where we close before |
//! | `net` | what is left of a position after everything |
//! | `onchain` | what the contract's own divisions give |
//! | `impact` | what recent flow adds to the spread |
//! | `stops` | where take profit and stop may lie |
//! | `headroom`, `order` | whether the venue takes an order |
//! | `size`, `copy`, `copies` | how large a trade may be |
//! | `health`, `quick`, `batch` | many positions at once |

mod batch;
mod copies;
mod copy;
mod fees;
mod headroom;
mod health;
mod impact;
mod line;
mod net;
mod onchain;
mod order;
mod percent;
mod quick;
mod size;
mod stops;
mod tiers;

pub use batch::{
    LiquidationRows, PnlRows, RiskRows, liquidation_prices, liquidation_prices_into, pnls,
    pnls_into, sizes_for_risk,
};
pub use copies::{CopySizes, FollowerRows, copy_closes, copy_sizes};
pub use copy::{CopyMode, CopySize, CopySkip, Follower, LeaderFill, copy_close, copy_size};
pub use fees::{
    CoinBook, Fee, FeeKind, MakerTaker, SkewLine, close_maker_taker_fee, maker_taker_fee,
    open_maker_taker_fee, percent_fee, skew_open_fee,
};
pub use headroom::OiCaps;
pub use health::{
    Health, HealthRows, PositionHealth, PositionState, health, health_scan, health_scan_into,
};
pub use impact::impact_spread;
pub use line::{liquidation_estimate, liquidation_price, safe_line};
pub use net::{
    CloseFeeBase, FixedFee, NetPnl, Owed, closing_payout, gross_pnl, net_pnl, net_pnl_upside,
};
pub use onchain::{
    MarginMove, coin_size, funding_fee, margin_update, percent_pnl, percent_profit, rollover_fee,
    withdrawal_leaves_enough,
};
pub use order::{
    Finding, OpenOrder, OrderFindings, OrderPrice, OrderRule, OrderRules, validate_order,
};
pub(crate) use quick::quick_gross;
pub(crate) use size::largest_fitting;
pub use size::size_for_risk;
pub use stops::{
    StopCorner, StopRules, TpslBounds, curve_min_stop, sl_percent, sl_price, tp_percent, tp_price,
    tpsl_bounds,
};
pub use tiers::{TierRule, Tiers, adjusted_max_gain, upside_fee, upside_share};

use crate::error::CoreError;
use crate::units::{E10, PriceE10, RatioE10, UsdE6, div_ceil, div_floor, mul_div_floor_e10};

/// Direction of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
}

impl Side {
    /// `Long` for true.
    #[must_use]
    pub const fn from_is_long(is_long: bool) -> Self {
        if is_long { Self::Long } else { Self::Short }
    }

    /// Whether this is `Long`.
    #[must_use]
    pub const fn is_long(self) -> bool {
        matches!(self, Self::Long)
    }

    /// `raw` for a long, `-raw` for a short: a move of the price as a gain.
    fn gain(self, raw: i64) -> i64 {
        match self {
            Self::Long => raw,
            Self::Short => -raw,
        }
    }

    /// Whether `price` is at `line` or further on the losing side.
    #[must_use]
    pub fn at_or_beyond(self, price: PriceE10, line: PriceE10) -> bool {
        self.gain(price.distance(line)) <= 0
    }
}

/// Which fill of a position is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fill {
    /// Opening or increasing.
    Open,
    /// Closing or reducing.
    Close,
}

pub(crate) fn positive_price(name: &'static str, price: PriceE10) -> Result<(), CoreError> {
    in_range(name, price.get(), 1, i64::MAX)
}

pub(crate) fn positive_ratio(name: &'static str, ratio: RatioE10) -> Result<(), CoreError> {
    in_range(name, ratio.get(), 1, i64::MAX)
}

pub(crate) fn positive_usd(name: &'static str, amount: UsdE6) -> Result<(), CoreError> {
    in_range(name, amount.get(), 1, i64::MAX)
}

pub(crate) fn share(name: &'static str, ratio: RatioE10) -> Result<(), CoreError> {
    in_range(name, ratio.get(), 0, E10)
}

pub(crate) fn in_range(
    name: &'static str,
    value: i64,
    min: i64,
    max: i64,
) -> Result<(), CoreError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(CoreError::OutOfRange {
        name,
        value: i128::from(value),
        min: i128::from(min),
        max: i128::from(max),
    })
}

/// `collateral * leverage`, rounded down as the venue does.
///
/// # Errors
/// `OutOfRange` for a negative collateral, `Overflow` when the product does not fit.
pub fn notional(collateral: UsdE6, leverage: RatioE10) -> Result<UsdE6, CoreError> {
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    collateral
        .times_floor(leverage)
        .map_err(|error| error.named("notional"))
}

/// `notional * rate`, rounded up.
///
/// # Errors
/// `OutOfRange` for a negative notional, `Overflow` when the product does not fit.
pub fn fee(notional: UsdE6, rate: RatioE10) -> Result<UsdE6, CoreError> {
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    notional
        .times_ceil(rate)
        .map_err(|error| error.named("fee"))
}

/// Price after `spread`, against the trader: who buys pays more (rounded up), who sells gets less
/// (rounded down).
///
/// # Errors
/// `OutOfRange` for a price of 0 or a spread above 1.0, `Overflow` when the price does not fit.
pub fn execution_price(
    price: PriceE10,
    spread: RatioE10,
    side: Side,
    fill: Fill,
) -> Result<PriceE10, CoreError> {
    positive_price("price_e10", price)?;
    share("spread_e10", spread)?;
    let buys = side.is_long() == (fill == Fill::Open);
    let one = i128::from(E10);
    let raw = if buys {
        div_ceil(price.wide() * (one + spread.wide()), one)
    } else {
        div_floor(price.wide() * (one - spread.wide()), one)
    };
    raw.and_then(PriceE10::new)
        .map_err(|error| error.named("execution price"))
}

/// Gross profit of a position at `price`, rounded down (towards loss), never below `-collateral`.
///
/// # Errors
/// `OutOfRange` for a price or leverage that is not positive or a negative collateral, `Overflow`
/// when the profit does not fit.
pub fn pnl(
    entry: PriceE10,
    price: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
) -> Result<UsdE6, CoreError> {
    positive_price("entry_e10", entry)?;
    positive_price("price_e10", price)?;
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    positive_ratio("leverage_e10", leverage)?;
    let gain = side.gain(price.distance(entry));
    let unit = entry.wide() * i128::from(E10);
    // A loss of the whole collateral is decided first: beyond it the product may be of any size.
    if i128::from(gain) * leverage.wide() <= -unit {
        return Ok(collateral.negated());
    }
    mul_div_floor_e10(gain, collateral.wide() * leverage.wide(), entry.get())
        .and_then(UsdE6::new)
        .map_err(|_| CoreError::Overflow { what: "profit" })
}
