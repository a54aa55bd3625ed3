//! Money, price, ratio and time as integers of one fixed scale each.
//!
//! A newtype per quantity makes a swapped argument a compile error, and a private field makes a
//! value outside of its range impossible. There are no operators: every sum is checked, every
//! product goes through `i128` and every division names its rounding.
//!
//! | type | scale | range |
//! | --- | --- | --- |
//! | [`PriceE10`] | 10^10 | 0..=`i64::MAX`; 0 means "none" where a price is optional |
//! | [`RatioE10`] | 10^10 | 0..=`i64::MAX`: leverage, fractions, rates |
//! | [`UsdE6`] | 10^6 | `-i64::MAX..=i64::MAX`: profit may be negative, negation never overflows |
//! | [`PercentE10`] | 10^10 a percent | `-i64::MAX..=i64::MAX`: 1 % = 10^10, as the venue's contracts |
//! | [`TimeNs`] | ns | 0..=`i64::MAX`: Unix or monotonic, never mixed |
//! | [`MarketIx`], [`SourceIx`], [`UserIx`] | - | dense indices |
//!
//! | operation | yields | rounding |
//! | --- | --- | --- |
//! | `X.checked_add(X)`, `X.checked_sub(X)` | same unit | exact |
//! | `UsdE6.checked_neg()` | `UsdE6` | exact |
//! | `UsdE6.times_floor/ceil(RatioE10)` | `UsdE6` | named |
//! | `PercentE10.of_floor/of_ceil(UsdE6)` | `UsdE6` | named |
//! | `PriceE10.times_floor/ceil(RatioE10)` | `PriceE10` | named |
//! | `UsdE6.per_ceil/per_floor(UsdE6)` | `RatioE10` | named |
//! | `PriceE10.distance(PriceE10)` | `i64` e10, signed | exact |
//! | `TimeNs.since(TimeNs)` | `i64` ns, signed | exact |
//! | `TimeNs.checked_add_ns(i64)` | `TimeNs` | exact |
//! | [`div_floor`], [`div_ceil`], [`div_half_even`] | `i64` of the caller's unit | named |
//! | [`mul_div_floor`], [`mul_div_ceil`] | `i64`, exact over a 192-bit product | named |

mod division;

pub use division::{div_ceil, div_floor, div_half_even, mul_div_ceil, mul_div_floor};
pub(crate) use division::{divide_words, mul_div_floor_e10, split_e10};

use crate::error::CoreError;

/// 1.0 at the scale of prices and ratios.
pub const E10: i64 = 10_000_000_000;
/// One dollar.
pub const E6: i64 = 1_000_000;
/// One second.
pub const SECOND_NS: i64 = 1_000_000_000;
/// One minute.
pub const MINUTE_NS: i64 = 60 * SECOND_NS;
/// One hour.
pub const HOUR_NS: i64 = 3_600 * SECOND_NS;
/// One UTC day (Unix time has no leap seconds).
pub const DAY_NS: i64 = 86_400 * SECOND_NS;

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($int:ty), $label:literal, $min:expr, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($int);

        impl $name {
            /// Zero of this unit.
            pub const ZERO: Self = Self(0);
            /// Largest value.
            pub const MAX: Self = Self($max);

            /// Wrap a raw integer of this unit's scale.
            ///
            /// # Errors
            /// `OutOfRange` outside of the unit's range (module table).
            pub fn new(value: $int) -> Result<Self, CoreError> {
                if !($min..=$max).contains(&value) {
                    return Err(CoreError::OutOfRange {
                        name: $label,
                        value: i128::from(value),
                        min: i128::from($min),
                        max: i128::from($max),
                    });
                }
                Ok(Self(value))
            }

            /// The raw integer.
            #[must_use]
            pub const fn get(self) -> $int {
                self.0
            }

            /// The raw integer, widened for products.
            #[must_use]
            pub fn wide(self) -> i128 {
                i128::from(self.0)
            }
        }
    };
}

macro_rules! sums {
    ($name:ident, $label:literal) => {
        impl $name {
            /// `self + other`.
            ///
            /// # Errors
            /// `Overflow` when the sum leaves the unit's range.
            pub fn checked_add(self, other: Self) -> Result<Self, CoreError> {
                self.0
                    .checked_add(other.0)
                    .and_then(|sum| Self::new(sum).ok())
                    .ok_or(CoreError::Overflow { what: $label })
            }

            /// `self - other`.
            ///
            /// # Errors
            /// `Overflow` when the difference leaves the unit's range.
            pub fn checked_sub(self, other: Self) -> Result<Self, CoreError> {
                self.0
                    .checked_sub(other.0)
                    .and_then(|sum| Self::new(sum).ok())
                    .ok_or(CoreError::Overflow { what: $label })
            }
        }
    };
}

quantity!(
    /// A price scaled by 10^10; never negative.
    PriceE10(i64), "price", 0_i64, i64::MAX
);
quantity!(
    /// An amount of USD scaled by 10^6; may be negative.
    UsdE6(i64), "usd", -i64::MAX, i64::MAX
);
quantity!(
    /// A ratio scaled by 10^10 (leverage, fraction, rate); never negative.
    RatioE10(i64), "ratio", 0_i64, i64::MAX
);
quantity!(
    /// A venue percent scaled by 10^10: 1 % = 10^10, 100 % = 10^12; may be negative.
    PercentE10(i64), "percent", -i64::MAX, i64::MAX
);
quantity!(
    /// An instant in nanoseconds, Unix or monotonic; never negative.
    TimeNs(i64), "time", 0_i64, i64::MAX
);
quantity!(
    /// Dense index of a market.
    MarketIx(u16), "market_ix", u16::MIN, u16::MAX
);
quantity!(
    /// Dense index of a price source.
    SourceIx(u16), "source_ix", u16::MIN, u16::MAX
);
quantity!(
    /// Dense index of a user within a shard.
    UserIx(u32), "user_ix", u32::MIN, u32::MAX
);
sums!(PriceE10, "price");
sums!(UsdE6, "usd amount");
sums!(RatioE10, "ratio");
sums!(PercentE10, "percent");

impl PriceE10 {
    /// `self - other` in e10, signed.
    #[must_use]
    pub fn distance(self, other: Self) -> i64 {
        // Both are in 0..=i64::MAX, so the difference always fits.
        self.0 - other.0
    }

    /// Share `ratio` of this price, rounded down.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn times_floor(self, ratio: RatioE10) -> Result<Self, CoreError> {
        div_floor(self.wide() * ratio.wide(), i128::from(E10))
            .map(Self)
            .map_err(|e| e.named("price"))
    }

    /// Share `ratio` of this price, rounded up.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn times_ceil(self, ratio: RatioE10) -> Result<Self, CoreError> {
        div_ceil(self.wide() * ratio.wide(), i128::from(E10))
            .map(Self)
            .map_err(|e| e.named("price"))
    }
}

impl UsdE6 {
    /// `-self`; the range is symmetric, so it always fits.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Share `ratio` of this amount, rounded towards negative infinity.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn times_floor(self, ratio: RatioE10) -> Result<Self, CoreError> {
        let raw = div_floor(self.wide() * ratio.wide(), i128::from(E10));
        raw.and_then(Self::new)
            .map_err(|_| CoreError::Overflow { what: "usd amount" })
    }

    /// Share `ratio` of this amount, rounded towards positive infinity.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn times_ceil(self, ratio: RatioE10) -> Result<Self, CoreError> {
        let raw = div_ceil(self.wide() * ratio.wide(), i128::from(E10));
        raw.and_then(Self::new)
            .map_err(|_| CoreError::Overflow { what: "usd amount" })
    }

    /// `self / whole` as a ratio, rounded up.
    ///
    /// # Errors
    /// `Invalid` when `whole` is 0, `Overflow` when the ratio is negative or does not fit.
    pub fn per_ceil(self, whole: Self) -> Result<RatioE10, CoreError> {
        div_ceil(self.wide() * i128::from(E10), whole.wide())
            .and_then(|raw| RatioE10::new(raw).map_err(|_| CoreError::Overflow { what: "ratio" }))
    }

    /// `self / whole` as a ratio, rounded down.
    ///
    /// # Errors
    /// `Invalid` when `whole` is 0, `Overflow` when the ratio is negative or does not fit.
    pub fn per_floor(self, whole: Self) -> Result<RatioE10, CoreError> {
        div_floor(self.wide() * i128::from(E10), whole.wide())
            .and_then(|raw| RatioE10::new(raw).map_err(|_| CoreError::Overflow { what: "ratio" }))
    }
}

impl RatioE10 {
    /// 1.0
    pub const ONE: Self = Self(E10);
}

impl PercentE10 {
    /// 100 %
    pub const WHOLE: Self = Self(100 * E10);

    /// This percent of `amount`, rounded towards negative infinity.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn of_floor(self, amount: UsdE6) -> Result<UsdE6, CoreError> {
        let raw = div_floor(self.wide() * amount.wide(), Self::WHOLE.wide());
        raw.and_then(UsdE6::new)
            .map_err(|_| CoreError::Overflow { what: "usd amount" })
    }

    /// This percent of `amount`, rounded towards positive infinity.
    ///
    /// # Errors
    /// `Overflow` when the product does not fit.
    pub fn of_ceil(self, amount: UsdE6) -> Result<UsdE6, CoreError> {
        let raw = div_ceil(self.wide() * amount.wide(), Self::WHOLE.wide());
        raw.and_then(UsdE6::new)
            .map_err(|_| CoreError::Overflow { what: "usd amount" })
    }
}

impl TimeNs {
    /// Nanoseconds from `earlier` to `self`, negative when `self` comes first.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        // Both are in 0..=i64::MAX, so the difference always fits.
        self.0 - earlier.0
    }

    /// The instant `ns` later (earlier when negative).
    ///
    /// # Errors
    /// `Overflow` when it leaves the range of time.
    pub fn checked_add_ns(self, ns: i64) -> Result<Self, CoreError> {
        self.0
            .checked_add(ns)
            .and_then(|sum| Self::new(sum).ok())
            .ok_or(CoreError::Overflow { what: "time" })
    }

    /// Start of the UTC day this instant lies in.
    #[must_use]
    pub fn day_start(self) -> Self {
        Self(self.0 - self.0 % DAY_NS)
    }
}
