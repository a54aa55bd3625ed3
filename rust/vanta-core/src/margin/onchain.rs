//! The venue's integer arithmetic, division by division, for figures that must equal the chain's.
//!
//! Here a rounding is the contract's, not ours: each one is named where it happens.

use alloy_primitives::U256;

use super::percent::{LeveragedMove, not_negative};
use super::{Side, in_range, positive_price, positive_ratio, positive_usd, share};
use crate::error::CoreError;
use crate::units::{E10, PercentE10, PriceE10, RatioE10, UsdE6, div_ceil, div_floor};

/// Coins of a position, e10: `floor(floor(notional * 10^20 / entry) / 10^6)`. Where the base is USD
/// the notional is the size already.
///
/// # Errors
/// `OutOfRange` for a negative notional or an entry of 0.
pub fn coin_size(notional: UsdE6, entry: PriceE10, base_is_usd: bool) -> Result<u128, CoreError> {
    let overflow = |_| CoreError::Overflow { what: "coin size" };
    let usd = u128::try_from(notional.get()).map_err(|_| CoreError::OutOfRange {
        name: "notional_e6",
        value: notional.wide(),
        min: 0,
        max: i128::from(i64::MAX),
    })?;
    if base_is_usd {
        return Ok(usd * 10_000);
    }
    positive_price("entry_e10", entry)?;
    let price = u128::try_from(entry.get()).map_err(overflow)?;
    // First floor: by the price. Second floor: out of the dollar's scale.
    let scaled = U256::from(usd) * U256::from(10_u128.pow(20)) / U256::from(price);
    u128::try_from(scaled / U256::from(1_000_000_u64))
        .map_err(|_| CoreError::Overflow { what: "coin size" })
}

/// Profit in percent of the collateral, truncated toward zero (a loss too), clipped to -100 % and
/// `max_gain`.
///
/// # Errors
/// `OutOfRange` for a price or leverage of 0 or a negative maximum.
pub fn percent_profit(
    entry: PriceE10,
    price: PriceE10,
    leverage: RatioE10,
    side: Side,
    max_gain: PercentE10,
) -> Result<PercentE10, CoreError> {
    positive_price("entry_e10", entry)?;
    positive_price("price_e10", price)?;
    positive_ratio("leverage_e10", leverage)?;
    not_negative("max_gain_p_e10", max_gain)?;
    let result = LeveragedMove::new(entry, price, leverage, side);
    let worst = PercentE10::new(-PercentE10::WHOLE.get())?;
    if result.reaches(max_gain) {
        return Ok(max_gain);
    }
    if !result.reaches(worst) {
        return Ok(worst);
    }
    result.truncated()
}

/// Profit of a percent: `collateral * percent / 10^10 / 100`, two truncations toward zero.
///
/// # Errors
/// `OutOfRange` for a negative collateral, `Overflow` when it does not fit.
pub fn percent_pnl(collateral: UsdE6, profit: PercentE10) -> Result<UsdE6, CoreError> {
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    let raw = collateral.wide() * profit.wide() / i128::from(E10) / 100;
    i64::try_from(raw)
        .map_err(|_| CoreError::Overflow { what: "profit" })
        .and_then(UsdE6::new)
}

/// Rollover owed: `floor((acc_now - acc_open) * notional / 10^6)`, fees per open interest.
///
/// # Errors
/// `OutOfRange` for an accumulator that ran backwards or a negative notional, `Overflow`.
pub fn rollover_fee(acc_open: i64, acc_now: i64, notional: UsdE6) -> Result<UsdE6, CoreError> {
    in_range("acc_open", acc_open, 0, i64::MAX)?;
    in_range("acc_now", acc_now, acc_open, i64::MAX)?;
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    div_floor(i128::from(acc_now - acc_open) * notional.wide(), 1_000_000)
        .and_then(UsdE6::new)
        .map_err(|_| CoreError::Overflow { what: "rollover" })
}

/// Funding owed (negative: received) by an accumulator that may run both ways, in the form of
/// [`rollover_fee`]; rounded up, as the contract's rounding of it is not public.
///
/// # Errors
/// `OutOfRange` for a negative notional, `Overflow`.
pub fn funding_fee(acc_open: i64, acc_now: i64, notional: UsdE6) -> Result<UsdE6, CoreError> {
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    let ran = i128::from(acc_now) - i128::from(acc_open);
    div_ceil(ran * notional.wide(), 1_000_000)
        .and_then(UsdE6::new)
        .map_err(|_| CoreError::Overflow { what: "funding" })
}

/// Which way collateral moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginMove {
    /// Into the position.
    Deposit,
    /// Out of it.
    Withdraw,
}

/// Collateral and leverage after a margin update: `collateral +/- amount - fees`, and
/// `floor(notional * 10^10 / collateral)` of the notional the position was opened with.
///
/// # Errors
/// `OutOfRange` for a negative amount, fees or notional, `Invalid` when no collateral is left,
/// `Overflow`.
pub fn margin_update(
    collateral: UsdE6,
    notional: UsdE6,
    amount: UsdE6,
    direction: MarginMove,
    fees: UsdE6,
) -> Result<(UsdE6, RatioE10), CoreError> {
    positive_usd("collateral_e6", collateral)?;
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    in_range("amount_e6", amount.get(), 0, i64::MAX)?;
    in_range("fees_e6", fees.get(), 0, i64::MAX)?;
    let moved = match direction {
        MarginMove::Deposit => collateral.checked_add(amount)?,
        MarginMove::Withdraw => collateral.checked_sub(amount)?,
    };
    let left = moved.checked_sub(fees)?;
    if left <= UsdE6::ZERO {
        let reason = format!("{} leaves no collateral", amount.get());
        return Err(CoreError::invalid("amount_e6", reason));
    }
    let leverage = notional
        .per_floor(left)
        .map_err(|error| error.named("leverage"))?;
    Ok((left, leverage))
}

/// Whether a withdrawal leaves enough: `collateral + pnl > collateral * (1 - threshold)`, both of
/// after the withdrawal, the right side truncated as the contract does.
///
/// # Errors
/// `OutOfRange` for a negative collateral or a threshold above 1.0, `Overflow`.
pub fn withdrawal_leaves_enough(
    collateral: UsdE6,
    pnl: UsdE6,
    threshold: RatioE10,
) -> Result<bool, CoreError> {
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    share("threshold_e10", threshold)?;
    let keep = collateral.wide() * (i128::from(E10) - threshold.wide()) / i128::from(E10);
    Ok(collateral.wide() + pnl.wide() > keep)
}
