//! Batches of the scalar margin functions: one array per field, the same function per row.

use super::quick::{quick_gross, quick_liquidation};
use super::{Side, liquidation_price, pnl, size_for_risk};
use crate::error::CoreError;
use crate::units::{PriceE10, RatioE10, UsdE6};

/// Arguments of [`pnls`], raw integers of the units of [`pnl`].
#[derive(Debug, Clone, Copy)]
pub struct PnlRows<'a> {
    /// Entry prices.
    pub entry: &'a [i64],
    /// Prices now.
    pub price: &'a [i64],
    /// Collaterals.
    pub collateral: &'a [i64],
    /// Leverages.
    pub leverage: &'a [i64],
    /// True for a long.
    pub is_long: &'a [bool],
}

/// [`pnl`] of n positions. Rows beyond the shortest array are not looked at.
///
/// # Errors
/// `AtRow` with the error of the first wrong row.
pub fn pnls(rows: &PnlRows<'_>) -> Result<Vec<i64>, CoreError> {
    let mut out = Vec::new();
    pnls_into(rows, &mut out)?;
    Ok(out)
}

/// [`pnls`] into a vector that is used again; what it held is dropped.
///
/// # Errors
/// As [`pnls`].
pub fn pnls_into(rows: &PnlRows<'_>, out: &mut Vec<i64>) -> Result<(), CoreError> {
    out.clear();
    out.reserve(rows.entry.len());
    let prices = rows.entry.iter().zip(rows.price);
    let sizes = rows.collateral.iter().zip(rows.leverage).zip(rows.is_long);
    for (row, ((&entry, &price), ((&collateral, &leverage), &is_long))) in
        prices.zip(sizes).enumerate()
    {
        let side = Side::from_is_long(is_long);
        out.push(
            match quick_gross(entry, price, collateral, leverage, side) {
                Some(profit) => profit,
                None => pnl_row(entry, price, collateral, leverage, is_long)
                    .map_err(|error| error.at_row(row))?,
            },
        );
    }
    Ok(())
}

fn pnl_row(
    entry: i64,
    price: i64,
    collateral: i64,
    leverage: i64,
    is_long: bool,
) -> Result<i64, CoreError> {
    let profit = pnl(
        PriceE10::new(entry).map_err(|error| error.named("entry_e10"))?,
        PriceE10::new(price).map_err(|error| error.named("price_e10"))?,
        UsdE6::new(collateral).map_err(|error| error.named("collateral_e6"))?,
        RatioE10::new(leverage).map_err(|error| error.named("leverage_e10"))?,
        Side::from_is_long(is_long),
    )?;
    Ok(profit.get())
}

/// Arguments of [`liquidation_prices`], raw integers of the units of [`liquidation_price`].
#[derive(Debug, Clone, Copy)]
pub struct LiquidationRows<'a> {
    /// Entry prices.
    pub entry: &'a [i64],
    /// Collaterals.
    pub collateral: &'a [i64],
    /// Leverages.
    pub leverage: &'a [i64],
    /// True for a long.
    pub is_long: &'a [bool],
    /// Liquidation thresholds.
    pub threshold: &'a [i64],
    /// Rollover owed.
    pub rollover: &'a [i64],
    /// Funding owed.
    pub funding: &'a [i64],
}

/// [`liquidation_price`] of n positions. Rows beyond the shortest array are not looked at.
///
/// # Errors
/// `AtRow` with the error of the first wrong row.
pub fn liquidation_prices(rows: &LiquidationRows<'_>) -> Result<Vec<i64>, CoreError> {
    let mut out = Vec::new();
    liquidation_prices_into(rows, &mut out)?;
    Ok(out)
}

/// [`liquidation_prices`] into a vector that is used again; what it held is dropped.
///
/// # Errors
/// As [`liquidation_prices`].
pub fn liquidation_prices_into(
    rows: &LiquidationRows<'_>,
    out: &mut Vec<i64>,
) -> Result<(), CoreError> {
    out.clear();
    out.reserve(rows.entry.len());
    let sizes = rows.entry.iter().zip(rows.collateral).zip(rows.leverage);
    let terms = rows.is_long.iter().zip(rows.threshold);
    let charges = rows.rollover.iter().zip(rows.funding);
    let all = sizes.zip(terms).zip(charges).enumerate();
    for (row, ((((&entry, &collateral), &leverage), (&is_long, &threshold)), charge)) in all {
        let side = Side::from_is_long(is_long);
        // A sum that does not fit is no everyday amount.
        let owed = charge.0.checked_add(*charge.1).unwrap_or(-1);
        let quick = quick_liquidation(entry, collateral, leverage, side, threshold, owed);
        out.push(match quick {
            Some(line) => line,
            None => liquidation_row(entry, collateral, leverage, is_long, threshold, charge)
                .map_err(|error| error.at_row(row))?,
        });
    }
    Ok(())
}

fn liquidation_row(
    entry: i64,
    collateral: i64,
    leverage: i64,
    is_long: bool,
    threshold: i64,
    (rollover, funding): (&i64, &i64),
) -> Result<i64, CoreError> {
    let line = liquidation_price(
        PriceE10::new(entry).map_err(|error| error.named("entry_e10"))?,
        UsdE6::new(collateral).map_err(|error| error.named("collateral_e6"))?,
        RatioE10::new(leverage).map_err(|error| error.named("leverage_e10"))?,
        Side::from_is_long(is_long),
        RatioE10::new(threshold).map_err(|error| error.named("threshold_e10"))?,
        UsdE6::new(*rollover).map_err(|error| error.named("rollover_e6"))?,
        UsdE6::new(*funding).map_err(|error| error.named("funding_e6"))?,
    )?;
    Ok(line.get())
}

/// Arguments of [`sizes_for_risk`], raw integers of the units of [`size_for_risk`].
#[derive(Debug, Clone, Copy)]
pub struct RiskRows<'a> {
    /// Most that may be lost.
    pub risk: &'a [i64],
    /// Entry prices.
    pub entry: &'a [i64],
    /// Stops.
    pub stop: &'a [i64],
    /// Leverages.
    pub leverage: &'a [i64],
    /// Costs as a share of notional.
    pub cost: &'a [i64],
    /// True for a long.
    pub is_long: &'a [bool],
}

/// [`size_for_risk`] of n trades. Rows beyond the shortest array are not looked at.
///
/// # Errors
/// `AtRow` with the error of the first wrong row.
pub fn sizes_for_risk(rows: &RiskRows<'_>) -> Result<Vec<i64>, CoreError> {
    let prices = rows.entry.iter().zip(rows.stop);
    let terms = rows.leverage.iter().zip(rows.cost).zip(rows.is_long);
    rows.risk
        .iter()
        .zip(prices)
        .zip(terms)
        .enumerate()
        .map(
            |(row, ((&risk, (&entry, &stop)), ((&leverage, &cost), &is_long)))| {
                risk_row(risk, entry, stop, leverage, cost, is_long)
                    .map_err(|error| error.at_row(row))
            },
        )
        .collect()
}

fn risk_row(
    risk: i64,
    entry: i64,
    stop: i64,
    leverage: i64,
    cost: i64,
    is_long: bool,
) -> Result<i64, CoreError> {
    let size = size_for_risk(
        UsdE6::new(risk).map_err(|error| error.named("risk_e6"))?,
        PriceE10::new(entry).map_err(|error| error.named("entry_e10"))?,
        PriceE10::new(stop).map_err(|error| error.named("stop_e10"))?,
        RatioE10::new(leverage).map_err(|error| error.named("leverage_e10"))?,
        RatioE10::new(cost).map_err(|error| error.named("cost_e10"))?,
        Side::from_is_long(is_long),
    )?;
    Ok(size.get())
}
