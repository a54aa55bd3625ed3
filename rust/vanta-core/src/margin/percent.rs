//! The venue's percents: shares of 100 %, and the gross result of a position as a percent.

use super::{Side, in_range};
use crate::error::CoreError;
use crate::units::{PercentE10, PriceE10, RatioE10};

/// `percent` must lie in 0..=100 %.
pub(super) fn part(name: &'static str, percent: PercentE10) -> Result<(), CoreError> {
    in_range(name, percent.get(), 0, PercentE10::WHOLE.get())
}

/// `percent` must not be negative.
pub(super) fn not_negative(name: &'static str, percent: PercentE10) -> Result<(), CoreError> {
    in_range(name, percent.get(), 0, i64::MAX)
}

/// 100 % less `percent`, widened.
pub(super) fn rest_of_whole(percent: PercentE10) -> i128 {
    PercentE10::WHOLE.wide() - percent.wide()
}

/// A price move times a leverage, kept as a fraction: comparisons with percents are exact.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeveragedMove {
    /// Gain of the price times leverage, e20.
    product: i128,
    /// Price the move started at.
    entry: i128,
}

impl LeveragedMove {
    /// The move from `entry` to `price` as a gain of `side`; `entry` must be above 0.
    pub(super) fn new(entry: PriceE10, price: PriceE10, leverage: RatioE10, side: Side) -> Self {
        Self {
            product: i128::from(side.gain(price.distance(entry))) * leverage.wide(),
            entry: entry.wide(),
        }
    }

    /// Whether the gross result is at least `percent` of the collateral.
    pub(super) fn reaches(self, percent: PercentE10) -> bool {
        // product * 100 >= percent * entry, divided by 100 so that nothing outgrows 128 bits; a
        // whole number is at least a fraction exactly when it is at least the next whole number.
        let line = percent.wide() * self.entry;
        self.product >= -(-line).div_euclid(100)
    }

    /// The gross result in percent of the collateral, truncated toward zero, for a result that is
    /// known to lie within the range of percents.
    pub(super) fn truncated(self) -> Result<PercentE10, CoreError> {
        let overflow = || CoreError::Overflow { what: "percent" };
        let whole = self.product.checked_div(self.entry).ok_or_else(overflow)?;
        // No larger than the product; 100 times the rest is far below 2^127.
        let rest = self.product - whole * self.entry;
        let raw = whole
            .checked_mul(100)
            .and_then(|whole| whole.checked_add(rest * 100 / self.entry))
            .ok_or_else(overflow)?;
        i64::try_from(raw)
            .map_err(|_| overflow())
            .and_then(PercentE10::new)
    }
}
