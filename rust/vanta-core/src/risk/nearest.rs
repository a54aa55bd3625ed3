//! The largest smaller size that would pass: what a refusal offers instead.

use super::account::Limits;
use super::figures::{Market, OpenRequest, SizeFigures};
use crate::error::CoreError;
use crate::margin::{largest_fitting, notional};
use crate::units::{E10, PriceE10, UsdE6, div_floor, mul_div_floor};

/// What an account has left, and the figures of what it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) free: UsdE6,
    /// Opened in the last hour.
    pub(super) hour: UsdE6,
    /// Opened this UTC day.
    pub(super) day: UsdE6,
    pub(super) equity: UsdE6,
    pub(super) entry: PriceE10,
    /// Of the asked size; where to look first, no more than that.
    pub(super) required: UsdE6,
    /// As `required`.
    pub(super) worst_loss: UsdE6,
}

/// Largest collateral below the asked one, at the same leverage, that passes every rule now, where
/// only rules that ease with size refuse.
///
/// Entry, liquidation price and safe line do not depend on the collateral, and the five rules that
/// ease with size are monotone in it, so one search decides all of them.
pub(super) fn nearest_collateral(
    request: &OpenRequest,
    market: &Market,
    limits: &Limits,
    room: &Room,
) -> Result<UsdE6, CoreError> {
    let free = room.free;
    let hour = limits.volume_hour.checked_sub(room.hour)?;
    let day = limits.volume_day.checked_sub(room.day)?;
    let cap = limits.max_position.min(hour).min(day);
    let may_lose = room
        .equity
        .max(UsdE6::ZERO)
        .times_floor(limits.max_account_risk);
    // An amount beyond 64 bits allows any loss.
    let may_lose = may_lose.unwrap_or(UsdE6::MAX);
    if cap < market.min_notional || free <= UsdE6::ZERO {
        return Ok(UsdE6::ZERO);
    }
    // floor(c * leverage) <= cap is c * leverage < cap + 1, exactly.
    let below = (cap.wide() + 1) * i128::from(E10) - 1;
    let high = div_floor(below, request.leverage.wide()).unwrap_or(i64::MAX);
    let high = high.min(request.collateral.get() - 1);
    let guess = scaled(request.collateral, free, room.required).min(scaled(
        request.collateral,
        may_lose,
        room.worst_loss,
    ));
    let found = largest_fitting(high, guess, |collateral| {
        if collateral == 0 {
            return Ok(true);
        }
        let collateral = UsdE6::new(collateral)?;
        let size = SizeFigures::of(request, market, room.entry, collateral)?;
        Ok(size.required <= free && size.worst_loss <= may_lose)
    })?;
    let found = UsdE6::new(found)?;
    if notional(found, request.leverage)? < market.min_notional {
        return Ok(UsdE6::ZERO);
    }
    Ok(found)
}

// The figures are linear in the collateral up to rounding.
fn scaled(collateral: UsdE6, allowed: UsdE6, actual: UsdE6) -> i64 {
    if actual <= UsdE6::ZERO {
        return i64::MAX;
    }
    mul_div_floor(collateral.get(), allowed.wide(), actual.wide()).unwrap_or(i64::MAX)
}
