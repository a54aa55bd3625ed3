//! Where the venue liquidates a position, and the line before it at which we close.

use super::{Side, positive_price, positive_ratio, positive_usd, share};
use crate::error::CoreError;
use crate::units::{E10, PriceE10, RatioE10, UsdE6, mul_div_ceil, mul_div_floor};

/// Price at which the venue liquidates: `entry -/+ entry * (collateral * threshold - rollover -
/// funding) / (collateral * leverage)`, rounded towards entry, clamped at 0.
///
/// `rollover` and `funding` are owed by the position (negative = received). Charges above the
/// threshold put the line beyond entry, as in the venue's formula.
///
/// # Errors
/// `OutOfRange` for an entry, collateral or leverage that is not positive or a threshold above 1.0,
/// `Overflow` when the price does not fit.
pub fn liquidation_price(
    entry: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
    threshold: RatioE10,
    rollover: UsdE6,
    funding: UsdE6,
) -> Result<PriceE10, CoreError> {
    let (room, exposure) = room(entry, collateral, leverage, threshold, rollover, funding)?;
    // A line at or below 0 is decided first: beyond it the product may be of any size.
    let below_zero = match side {
        Side::Long => room >= exposure,
        Side::Short => room <= -exposure,
    };
    if below_zero {
        return Ok(PriceE10::ZERO);
    }
    PriceE10::new(line(entry, room, exposure, side)?.max(0))
}

/// [`liquidation_price`] without the clamp at 0: the venue's estimate, which may lie below it (such
/// a position is not liquidated by any price).
///
/// # Errors
/// As [`liquidation_price`].
pub fn liquidation_estimate(
    entry: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
    threshold: RatioE10,
    rollover: UsdE6,
    funding: UsdE6,
) -> Result<i64, CoreError> {
    let (room, exposure) = room(entry, collateral, leverage, threshold, rollover, funding)?;
    line(entry, room, exposure, side)
}

/// What may be lost before liquidation, and the exposure that loses it, in one scale.
fn room(
    entry: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    threshold: RatioE10,
    rollover: UsdE6,
    funding: UsdE6,
) -> Result<(i128, i128), CoreError> {
    positive_price("entry_e10", entry)?;
    positive_usd("collateral_e6", collateral)?;
    positive_ratio("leverage_e10", leverage)?;
    share("threshold_e10", threshold)?;
    let charges = (rollover.wide() + funding.wide()) * i128::from(E10);
    if charges == 0 {
        // The collateral stands above and below the line: the same ratio, in shorter words.
        return Ok((threshold.wide(), leverage.wide()));
    }
    Ok((
        collateral.wide() * threshold.wide() - charges,
        collateral.wide() * leverage.wide(),
    ))
}

fn line(entry: PriceE10, room: i128, exposure: i128, side: Side) -> Result<i64, CoreError> {
    let overflow = || CoreError::Overflow {
        what: "liquidation price",
    };
    let distance = mul_div_floor(entry.get(), room, exposure).map_err(|_| overflow())?;
    entry
        .get()
        .checked_sub(side.gain(distance))
        .ok_or_else(overflow)
}

/// Liquidation price moved towards entry by `buffer` of the distance between them, rounded towards
/// entry. A liquidation price at or beyond entry leaves no distance and is returned as it is.
///
/// # Errors
/// `OutOfRange` for an entry of 0 or a buffer above 1.0.
pub fn safe_line(
    entry: PriceE10,
    liquidation: PriceE10,
    buffer: RatioE10,
    side: Side,
) -> Result<PriceE10, CoreError> {
    positive_price("entry_e10", entry)?;
    share("buffer_e10", buffer)?;
    let distance = side.gain(entry.distance(liquidation));
    if distance <= 0 {
        return Ok(liquidation);
    }
    let shift = mul_div_ceil(distance, buffer.wide(), i128::from(E10))?;
    // shift <= distance, so the line lies between liquidation and entry and always fits.
    PriceE10::new(liquidation.get() + side.gain(shift))
}
