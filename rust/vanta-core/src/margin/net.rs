//! What a position is worth after everything that is taken from it.

use super::fees::flat_fee;
use super::percent::{LeveragedMove, part};
use super::tiers::{TierRule, Tiers};
use super::{Side, in_range, notional, positive_price, share};
use crate::error::CoreError;
use crate::units::{E10, PercentE10, PriceE10, RatioE10, UsdE6, mul_div_floor};

/// Profit of a position at `price`, rounded down, *not* bounded by the collateral: the venue's
/// estimate. [`super::pnl`] is what can really be lost.
///
/// # Errors
/// `OutOfRange` for a price of 0 or a negative collateral, `Overflow` when it does not fit.
pub fn gross_pnl(
    entry: PriceE10,
    price: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
) -> Result<UsdE6, CoreError> {
    positive_price("entry_e10", entry)?;
    positive_price("price_e10", price)?;
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    let gain = side.gain(price.distance(entry));
    let exposure = collateral.wide() * leverage.wide();
    mul_div_floor(gain, exposure, entry.wide() * i128::from(E10))
        .and_then(UsdE6::new)
        .map_err(|_| CoreError::Overflow { what: "profit" })
}

/// A position and the charges it owes (negative funding is received).
#[derive(Debug, Clone, Copy)]
pub struct Owed {
    /// Entry price.
    pub entry: PriceE10,
    /// Price now.
    pub price: PriceE10,
    /// Collateral.
    pub collateral: UsdE6,
    /// Leverage.
    pub leverage: RatioE10,
    /// Direction.
    pub side: Side,
    /// Rollover owed.
    pub rollover: UsdE6,
    /// Funding owed.
    pub funding: UsdE6,
}

/// What the flat closing fee is a percent of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseFeeBase {
    /// The notional at entry, as the contract.
    Notional,
    /// The notional plus the gross profit, as the venue's web app. A short whose price more than
    /// doubled has a negative one: there the app's fee is negative too.
    NotionalPlusPnl,
}

/// Terms of a position that pays fees.
#[derive(Debug, Clone, Copy)]
pub struct FixedFee {
    /// Closing fee, percent of the base.
    pub close_fee: PercentE10,
    /// Discount on it.
    pub discount: PercentE10,
    /// Rebate of a loss, percent.
    pub loss_protection: PercentE10,
    /// What the fee is a percent of.
    pub base: CloseFeeBase,
}

/// Net profit, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetPnl {
    /// [`gross_pnl`]
    pub gross: UsdE6,
    /// Closing fee, rounded up.
    pub closing_fee: UsdE6,
    /// Rebate of a loss, rounded down.
    pub loss_protection: UsdE6,
    /// Share of a profit, rounded up.
    pub profit_share: UsdE6,
    /// What is left after these and the charges.
    pub net: UsdE6,
}

impl Owed {
    fn gross(&self) -> Result<UsdE6, CoreError> {
        gross_pnl(
            self.entry,
            self.price,
            self.collateral,
            self.leverage,
            self.side,
        )
    }

    fn after_charges(&self, profit: UsdE6) -> Result<UsdE6, CoreError> {
        profit
            .checked_sub(self.rollover)?
            .checked_sub(self.funding)
            .map_err(|error| error.named("net profit"))
    }
}

/// Net profit of a position that pays fees: `gross - closing fee - rollover - funding + rebate`,
/// the rebate being a percent of the loss, at most of the collateral.
///
/// # Errors
/// Those of [`gross_pnl`], `OutOfRange` for a percent outside of 0..=100 (the fee: below 0).
pub fn net_pnl(position: &Owed, terms: &FixedFee) -> Result<NetPnl, CoreError> {
    part("loss_protection_p_e10", terms.loss_protection)?;
    let gross = position.gross()?;
    let size = notional(position.collateral, position.leverage)?;
    let base = match terms.base {
        CloseFeeBase::Notional => size,
        CloseFeeBase::NotionalPlusPnl => size.checked_add(gross)?,
    };
    let closing_fee = flat_fee(base, terms.close_fee, terms.discount)
        .map_err(|error| rename(error, "rate_p_e10", "close_fee_p_e10"))
        .map_err(|error| rename(error, "discount_p_e10", "fee_discount_p_e10"))?;
    let loss = gross.negated().min(position.collateral).max(UsdE6::ZERO);
    let loss_protection = terms.loss_protection.of_floor(loss)?;
    let kept = gross.checked_sub(closing_fee)?;
    Ok(NetPnl {
        gross,
        closing_fee,
        loss_protection,
        profit_share: UsdE6::ZERO,
        net: position
            .after_charges(kept)?
            .checked_add(loss_protection)
            .map_err(|error| error.named("net profit"))?,
    })
}

fn rename(error: CoreError, from: &'static str, to: &'static str) -> CoreError {
    match error {
        CoreError::OutOfRange { name, .. } if name == from => error.named(to),
        other => other,
    }
}

/// Net profit of an Upside position: a share of a profit instead of fees.
///
/// # Errors
/// Those of [`gross_pnl`] and [`super::upside_share`].
pub fn net_pnl_upside(
    position: &Owed,
    tiers: &Tiers<'_>,
    rule: TierRule,
) -> Result<NetPnl, CoreError> {
    let gross = position.gross()?;
    let gained = LeveragedMove::new(
        position.entry,
        position.price,
        position.leverage,
        position.side,
    );
    let profit_share = if gross > UsdE6::ZERO {
        tiers.share_of_move(rule, gained)?.of_ceil(gross)?
    } else {
        UsdE6::ZERO
    };
    Ok(NetPnl {
        gross,
        closing_fee: UsdE6::ZERO,
        loss_protection: UsdE6::ZERO,
        profit_share,
        net: position.after_charges(gross.checked_sub(profit_share)?)?,
    })
}

/// What the contract pays out at a close: `collateral + pnl - charges`, and nothing at all when
/// that is not above `collateral * (1 - threshold)`.
///
/// # Errors
/// `OutOfRange` for a negative collateral or a threshold above 1.0, `Overflow` when the sum does
/// not fit.
pub fn closing_payout(
    collateral: UsdE6,
    pnl: UsdE6,
    charges: UsdE6,
    threshold: RatioE10,
) -> Result<UsdE6, CoreError> {
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    share("threshold_e10", threshold)?;
    let value = collateral
        .checked_add(pnl)
        .and_then(|value| value.checked_sub(charges))
        .map_err(|error| error.named("payout"))?;
    let floor = collateral.wide() * (i128::from(E10) - threshold.wide());
    if value.wide() * i128::from(E10) <= floor {
        return Ok(UsdE6::ZERO);
    }
    Ok(value)
}
