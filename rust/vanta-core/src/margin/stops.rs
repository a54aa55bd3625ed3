//! Take profit and stop loss: prices to percents of collateral and back, and what the venue takes.
//!
//! Roundings keep the promise of the percent: a take profit gains at least what was asked, a stop
//! loses at most what was asked, and a percent read from a price is rounded against the trader.

use super::percent::{not_negative, part, rest_of_whole};
use super::{Side, positive_price, positive_ratio};
use crate::error::CoreError;
use crate::units::{E10, PercentE10, PriceE10, RatioE10, div_ceil, mul_div_ceil, mul_div_floor};

fn checked(base: PriceE10, leverage: RatioE10, fee: PercentE10) -> Result<(), CoreError> {
    positive_price("base_e10", base)?;
    positive_ratio("leverage_e10", leverage)?;
    part("profit_share_p_e10", fee)
}

/// `base * percent / 100 / leverage`, divided by what the profit share leaves (unless it leaves
/// nothing, as the venue does), as numerator and divisor over `base`.
fn distance(percent: PercentE10, leverage: RatioE10, fee: PercentE10) -> (i128, i128) {
    if fee == PercentE10::ZERO || fee == PercentE10::WHOLE {
        return (percent.wide(), 100 * leverage.wide());
    }
    (
        percent.wide() * PercentE10::WHOLE.wide(),
        100 * leverage.wide() * rest_of_whole(fee),
    )
}

fn away(base: PriceE10, gain: i64, side: Side, name: &'static str) -> Result<PriceE10, CoreError> {
    let raw = base
        .get()
        .checked_add(side.gain(gain))
        .ok_or(CoreError::Overflow { what: "price" })?;
    if raw <= 0 {
        return Err(CoreError::invalid(name, "lies at no price above 0"));
    }
    PriceE10::new(raw)
}

/// Price at which `percent` of the collateral is gained, net of the Upside share `fee` (0 = none);
/// rounded away from base.
///
/// # Errors
/// `OutOfRange` for a base or leverage of 0 or a fee outside of 0..=100 %, `Invalid` where no price
/// above 0 gains that much, `Overflow`.
pub fn tp_price(
    base: PriceE10,
    percent: PercentE10,
    leverage: RatioE10,
    side: Side,
    fee: PercentE10,
) -> Result<PriceE10, CoreError> {
    checked(base, leverage, fee)?;
    let (top, bottom) = distance(percent, leverage, fee);
    let gain =
        mul_div_ceil(base.get(), top, bottom).map_err(|_| CoreError::Overflow { what: "price" })?;
    away(base, gain, side, "take_profit_p_e10")
}

/// Percent of the collateral gained at `price`, net of the Upside share `fee`; rounded down. As in
/// the venue's estimate the share is taken of a loss as well, which no position is spared: for a
/// price on the losing side pass no share.
///
/// # Errors
/// As [`tp_price`].
pub fn tp_percent(
    base: PriceE10,
    price: PriceE10,
    leverage: RatioE10,
    side: Side,
    fee: PercentE10,
) -> Result<PercentE10, CoreError> {
    checked(base, leverage, fee)?;
    positive_price("price_e10", price)?;
    let gain = side.gain(price.distance(base));
    let (top, bottom) = (
        leverage.wide() * rest_of_whole(fee),
        base.wide() * i128::from(E10),
    );
    mul_div_floor(gain, top, bottom)
        .and_then(PercentE10::new)
        .map_err(|_| CoreError::Overflow { what: "percent" })
}

/// Price at which `percent` of the collateral is lost, rounded towards base.
///
/// # Errors
/// As [`tp_price`].
pub fn sl_price(
    base: PriceE10,
    percent: PercentE10,
    leverage: RatioE10,
    side: Side,
) -> Result<PriceE10, CoreError> {
    checked(base, leverage, PercentE10::ZERO)?;
    let lost = mul_div_floor(base.get(), percent.wide(), 100 * leverage.wide())
        .map_err(|_| CoreError::Overflow { what: "price" })?;
    away(base, -lost, side, "stop_loss_p_e10")
}

/// Percent of the collateral lost at `price`, rounded up.
///
/// # Errors
/// As [`tp_price`].
pub fn sl_percent(
    base: PriceE10,
    price: PriceE10,
    leverage: RatioE10,
    side: Side,
) -> Result<PercentE10, CoreError> {
    checked(base, leverage, PercentE10::ZERO)?;
    positive_price("price_e10", price)?;
    let lost = -side.gain(price.distance(base));
    mul_div_ceil(lost, 100 * leverage.wide(), base.wide())
        .and_then(PercentE10::new)
        .map_err(|_| CoreError::Overflow { what: "percent" })
}

/// One corner of the venue's curve of smallest stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopCorner {
    /// Leverage of the corner.
    pub leverage: RatioE10,
    /// Smallest stop there.
    pub stop: PercentE10,
}

/// Smallest stop at `leverage` on a curve of straight pieces, rounded up; flat outside of its ends.
///
/// # Errors
/// `Invalid` for an empty curve or leverages that do not rise.
pub fn curve_min_stop(leverage: RatioE10, curve: &[StopCorner]) -> Result<PercentE10, CoreError> {
    if curve
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.leverage >= b.leverage))
    {
        return Err(CoreError::invalid(
            "curve_e10",
            "has leverages that do not rise",
        ));
    }
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return Err(CoreError::invalid("curve_e10", "has no corners"));
    };
    let mut low = first;
    for high in curve {
        if leverage <= high.leverage {
            let wide = high.leverage.wide() - low.leverage.wide();
            if wide == 0 {
                return Ok(first.stop);
            }
            let along = (
                leverage.get() - low.leverage.get(),
                high.stop.wide() - low.stop.wide(),
            );
            let more = mul_div_ceil(along.0, along.1, wide)?;
            return low.stop.checked_add(PercentE10::new(more)?);
        }
        low = high;
    }
    Ok(last.stop)
}

/// What the venue demands of a stop.
#[derive(Debug, Clone, Copy)]
pub struct StopRules<'a> {
    /// Largest loss a stop may allow.
    pub max_stop: PercentE10,
    /// Added to a known spread before it is multiplied by leverage.
    pub spread_buffer: PercentE10,
    /// Upside positions only: smallest stop at any leverage; 0 for others.
    pub floor: PercentE10,
    /// Upside positions only: smallest stop by leverage; empty for others.
    pub curve: &'a [StopCorner],
}

impl StopRules<'_> {
    /// Smallest stop at `leverage`: `(spread + buffer) * leverage` when the spread is known, and
    /// at least the floor and the curve, which only Upside has. Rounded up; 0 = no demand.
    ///
    /// # Errors
    /// `OutOfRange` for a negative percent, `Invalid` for a curve that does not rise, `Overflow`.
    pub fn min_stop(
        &self,
        leverage: RatioE10,
        spread: Option<PercentE10>,
    ) -> Result<PercentE10, CoreError> {
        let mut least = PercentE10::ZERO;
        if let Some(spread) = spread {
            not_negative("spread_p_e10", spread)?;
            let sum = spread.checked_add(self.spread_buffer)?;
            let raw = div_ceil(sum.wide() * leverage.wide(), i128::from(E10));
            least = raw
                .and_then(PercentE10::new)
                .map_err(|_| CoreError::Overflow {
                    what: "smallest stop",
                })?;
        }
        least = least.max(self.floor);
        if !self.curve.is_empty() {
            least = least.max(curve_min_stop(leverage, self.curve)?);
        }
        Ok(least)
    }
}

/// Prices between which the venue takes a take profit and a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TpslBounds {
    /// Furthest take profit.
    pub take_profit: PriceE10,
    /// Stop nearest to base; beyond `stop_far` when no stop satisfies both.
    pub stop_near: PriceE10,
    /// Stop furthest from base.
    pub stop_far: PriceE10,
}

/// The bounds of a position opened at `base`: gains of at most `max_gain` (net of the Upside share
/// `fee`), losses of `min_stop..=max_stop`. Each price is rounded into the bound and stays above 0.
///
/// # Errors
/// As [`tp_price`], and `OutOfRange` for a negative percent.
pub fn tpsl_bounds(
    base: PriceE10,
    leverage: RatioE10,
    side: Side,
    max_gain: PercentE10,
    fee: PercentE10,
    (min_stop, max_stop): (PercentE10, PercentE10),
) -> Result<TpslBounds, CoreError> {
    checked(base, leverage, fee)?;
    not_negative("max_gain_p_e10", max_gain)?;
    not_negative("min_stop_p_e10", min_stop)?;
    not_negative("max_stop_p_e10", max_stop)?;
    let (top, bottom) = distance(max_gain, leverage, fee);
    // A bound beyond the range of prices leaves every price of that side allowed.
    let at = |gain: Result<i64, CoreError>, sign: i64| {
        let gain = gain.unwrap_or(i64::MAX);
        PriceE10::new(base.get().saturating_add(side.gain(sign * gain)).max(1))
    };
    let per_stop = 100 * leverage.wide();
    Ok(TpslBounds {
        take_profit: at(mul_div_floor(base.get(), top, bottom), 1)?,
        stop_near: at(mul_div_ceil(base.get(), min_stop.wide(), per_stop), -1)?,
        stop_far: at(mul_div_floor(base.get(), max_stop.wide(), per_stop), -1)?,
    })
}
