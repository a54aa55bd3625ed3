//! Exact numbers of the price book: parsing, scaling, and comparisons without division.

use crate::units::{E10, SECOND_NS};

/// Most digits a number from outside may have.
const MAX_DIGITS: usize = 30;
/// Exponent of our own scale.
const OWN_EXPO: i32 = -10;
/// Exponents outside of `-MAX_EXPO..=MAX_EXPO` are nonsense, not another scale.
pub(crate) const MAX_EXPO: i32 = 30;

/// A number as it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// An integer of at most 30 digits.
    Int(i128),
    /// Anything else.
    Malformed,
}

impl Number {
    /// Read `-?[0-9]{1,30}`, ASCII digits only; everything else is `Malformed`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return Self::Malformed;
        }
        let mut value: i128 = 0;
        for byte in digits.bytes() {
            if !byte.is_ascii_digit() {
                return Self::Malformed;
            }
            // 30 digits stay far below 2^127.
            value = value * 10 + i128::from(byte - b'0');
        }
        Self::Int(if negative { -value } else { value })
    }

    /// An integer, `Malformed` beyond 30 digits.
    #[must_use]
    pub fn from_int(value: i128) -> Self {
        const LIMIT: u128 = 10_u128.pow(30);
        if value.unsigned_abs() < LIMIT {
            Self::Int(value)
        } else {
            Self::Malformed
        }
    }

    pub(crate) fn get(self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(value),
            Self::Malformed => None,
        }
    }
}

/// Direction of a rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    HalfEven,
    Up,
}

/// `mantissa * 10^expo` at scale 10^10, or `None` when it does not fit 64 bits.
pub(crate) fn scale(mantissa: i128, expo: i32, rounding: Rounding) -> Option<i64> {
    if expo == OWN_EXPO {
        return i64::try_from(mantissa).ok();
    }
    let shift = expo.checked_sub(OWN_EXPO)?;
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    if shift >= 0 {
        if mantissa == 0 {
            return Some(0);
        }
        return i64::try_from(mantissa.checked_mul(power?)?).ok();
    }
    let Some(power) = power else {
        // Smaller than any 30-digit mantissa can make up for.
        return Some(i64::from(rounding == Rounding::Up && mantissa > 0));
    };
    let whole = mantissa.div_euclid(power);
    let rest = mantissa.rem_euclid(power);
    let up = match rounding {
        Rounding::Up => rest > 0,
        Rounding::HalfEven => {
            let other = power - rest;
            rest > other || (rest == other && whole % 2 != 0)
        }
    };
    i64::try_from(whole + i128::from(up)).ok()
}

/// Mean of two prices, a half rounded to the even neighbour.
pub(crate) fn mid_half_even(a: i64, b: i64) -> i64 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    // Both are positive, so the difference fits.
    let gap = high - low;
    let floor = low + gap / 2;
    if gap % 2 != 0 && floor % 2 != 0 {
        floor + 1
    } else {
        floor
    }
}

/// Whether `|a - b| / base <= tolerance_e10 / 10^10`, without division.
pub(crate) fn within(a: i64, b: i64, base: i64, tolerance_e10: i64) -> bool {
    let gap = i128::from(a.abs_diff(b)) * i128::from(E10);
    gap <= i128::from(tolerance_e10) * i128::from(base)
}

/// `|a - b| / base` at scale 10^10, rounded up, saturating.
pub(crate) fn gap_e10(a: i64, b: i64, base: i64) -> i64 {
    if base <= 0 {
        return 0;
    }
    let gap = i128::from(a.abs_diff(b)) * i128::from(E10);
    let base = i128::from(base);
    let floor = gap / base;
    i64::try_from(floor + i128::from(gap % base != 0)).unwrap_or(i64::MAX)
}

/// `conf / price` at scale 10^10, rounded down: a doubt never widens a tolerance.
pub(crate) fn conf_ratio(conf: i64, price: i64) -> i64 {
    if conf == 0 || price <= 0 {
        return 0;
    }
    match conf.checked_mul(E10) {
        Some(scaled) => scaled / price,
        None => i64::try_from(i128::from(conf) * i128::from(E10) / i128::from(price))
            .unwrap_or(i64::MAX),
    }
}

/// The jump guard: `min(cap, base + slope * sqrt(seconds))` at scale 10^10, rounded down.
pub(crate) fn jump_limit(elapsed_ns: i64, base: i64, slope: i64, cap: i64) -> i64 {
    // A year is as long as times get here; with a slope of at most 10^10 the square fits.
    let elapsed = i128::from(elapsed_ns.clamp(0, 366 * 86_400 * SECOND_NS));
    let slope = i128::from(slope);
    let root = (slope * slope * elapsed / i128::from(SECOND_NS)).isqrt();
    let limit = i128::from(base) + root;
    i64::try_from(limit).map_or(cap, |limit| limit.min(cap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_of_exactly_thirty_digits_is_a_number_and_one_more_is_not() {
        assert_eq!(
            Number::parse(&"9".repeat(30)),
            Number::Int(10_i128.pow(30) - 1)
        );
        assert_eq!(Number::parse(&"9".repeat(31)), Number::Malformed);
        assert_eq!(Number::from_int(10_i128.pow(30)), Number::Malformed);
        assert_eq!(
            Number::from_int(1 - 10_i128.pow(30)),
            Number::parse(&format!("-{}", "9".repeat(30)))
        );
    }

    #[test]
    fn scaling_down_rounds_half_to_even_and_up_for_confidence() {
        assert_eq!(scale(15, -11, Rounding::HalfEven), Some(2));
        assert_eq!(scale(25, -11, Rounding::HalfEven), Some(2));
        assert_eq!(scale(26, -11, Rounding::HalfEven), Some(3));
        assert_eq!(scale(21, -11, Rounding::Up), Some(3));
        assert_eq!(scale(20, -11, Rounding::Up), Some(2));
        assert_eq!(scale(1, -30, Rounding::HalfEven), Some(0));
        assert_eq!(scale(10_i128.pow(29), 30, Rounding::HalfEven), None);
        assert_eq!(scale(-15, -11, Rounding::HalfEven), Some(-2));
    }

    #[test]
    fn the_middle_of_an_odd_gap_is_the_even_neighbour() {
        assert_eq!(mid_half_even(1, 2), 2);
        assert_eq!(mid_half_even(4, 3), 4);
        assert_eq!(mid_half_even(2, 3), 2);
        assert_eq!(mid_half_even(5, 5), 5);
        assert_eq!(mid_half_even(i64::MAX, i64::MAX - 1), i64::MAX - 1);
    }

    #[test]
    fn the_jump_guard_grows_with_the_root_of_time_up_to_its_cap() {
        let limit = |s: i64| jump_limit(s * SECOND_NS, 200_000_000, 50_000_000, 1_000_000_000);
        assert_eq!(limit(0), 200_000_000);
        assert_eq!(limit(1), 250_000_000);
        assert_eq!(limit(4), 300_000_000);
        assert_eq!(limit(256), 1_000_000_000);
        assert_eq!(limit(10_000), 1_000_000_000);
        assert_eq!(limit(-5), 200_000_000);
    }
}
