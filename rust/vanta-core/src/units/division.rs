//! Divisions that name their rounding, over 128-bit numerators and wider products.

use std::cmp::Ordering;

use super::E10;
use crate::error::CoreError;

#[expect(clippy::as_conversions, reason = "a constant that is positive")]
const E10_WIDE: u128 = E10 as u128;
const ONE: u64 = E10.unsigned_abs();

#[cold]
fn overflow(what: &'static str) -> CoreError {
    CoreError::Overflow { what }
}

fn narrow(value: i128, what: &'static str) -> Result<i64, CoreError> {
    i64::try_from(value).map_err(|_| overflow(what))
}

/// 10^10 without its factors of two: 5^10.
const ODD_E10: u64 = 9_765_625;
const DIGIT: u32 = 40;

/// `value / 10^10` and what is left: the one divisor known beforehand, so that three short
/// multiplications do what the machine's slowest instruction does.
#[inline]
pub(crate) fn split_e10(value: u128) -> (u128, u128) {
    let odd = value >> 10;
    let digit = |shift: u32| u64::try_from((odd >> shift) & ((1 << DIGIT) - 1)).unwrap_or(u64::MAX);
    // The rest is below 2^24, so that with the next digit of 40 bits it fills a word.
    let high = digit(2 * DIGIT);
    let middle = ((high % ODD_E10) << DIGIT) | digit(DIGIT);
    let low = ((middle % ODD_E10) << DIGIT) | digit(0);
    let quotient = (u128::from(high / ODD_E10) << (2 * DIGIT))
        | (u128::from(middle / ODD_E10) << DIGIT)
        | u128::from(low / ODD_E10);
    let rest = (u128::from(low % ODD_E10) << 10) | (value & 1_023);
    (quotient, rest)
}

/// Quotient and rest of two words by one, where the quotient fits a word: `n >> 64 < d`.
#[inline]
pub(crate) fn divide_words(n: u128, d: u64) -> (u64, u64) {
    let quotient = n / u128::from(d);
    let rest = n.wrapping_sub(quotient.wrapping_mul(d.into()));
    (
        u64::try_from(quotient).unwrap_or(u64::MAX),
        u64::try_from(rest).unwrap_or(u64::MAX),
    )
}

/// Quotient and rest by the cheapest exact way. `divisor` is not 0.
fn split(numerator: u128, divisor: u128) -> (u128, u128) {
    if divisor == E10_WIDE {
        // Fees fit a word, and then a known divisor is one multiplication.
        return match u64::try_from(numerator) {
            Ok(n) => ((n / ONE).into(), (n % ONE).into()),
            Err(_) => split_e10(numerator),
        };
    }
    if let (Ok(n), Ok(d)) = (u64::try_from(numerator), u64::try_from(divisor)) {
        return ((n / d).into(), (n % d).into());
    }
    let quotient = numerator / divisor;
    // The product is no larger than the numerator.
    (
        quotient,
        numerator.wrapping_sub(quotient.wrapping_mul(divisor)),
    )
}

/// `numerator / divisor` rounded down, and what is left: `0 <= rest < divisor` (mirrored for a
/// negative divisor). One division: the machine's is the slow part of every figure.
fn floor_rest(numerator: i128, divisor: i128) -> Result<(i128, i128), CoreError> {
    if divisor > 0 && numerator != i128::MIN {
        let (quotient, rest) = split(numerator.unsigned_abs(), divisor.unsigned_abs());
        // Both are below 2^127, so their signed words are the same bits.
        let (quotient, rest) = (quotient.cast_signed(), rest.cast_signed());
        return Ok(if numerator >= 0 {
            (quotient, rest)
        } else if rest == 0 {
            (-quotient, 0)
        } else {
            (-quotient - 1, divisor - rest)
        });
    }
    if divisor == 0 {
        return Err(CoreError::invalid("divisor", "is 0"));
    }
    let quotient = numerator
        .checked_div(divisor)
        .ok_or_else(|| overflow("quotient"))?;
    // The product is no larger than the numerator.
    let rest = numerator - quotient * divisor;
    if rest != 0 && (rest < 0) != (divisor < 0) {
        return Ok((quotient - 1, rest + divisor));
    }
    Ok((quotient, rest))
}

/// `numerator / divisor`, rounded towards negative infinity.
///
/// # Errors
/// `Invalid` for a zero divisor, `Overflow` when the quotient does not fit 64 bits.
pub fn div_floor(numerator: i128, divisor: i128) -> Result<i64, CoreError> {
    let (low, _) = floor_rest(numerator, divisor)?;
    narrow(low, "quotient")
}

/// `numerator / divisor`, rounded towards positive infinity.
///
/// # Errors
/// As [`div_floor`].
pub fn div_ceil(numerator: i128, divisor: i128) -> Result<i64, CoreError> {
    let (low, rest) = floor_rest(numerator, divisor)?;
    // Far inside of 128 bits unless the divisor is 1 or -1, and then nothing is left.
    narrow(low + i128::from(rest != 0), "quotient")
}

/// `numerator / divisor`, rounded to the nearest integer, ties to the even one.
///
/// # Errors
/// As [`div_floor`].
pub fn div_half_even(numerator: i128, divisor: i128) -> Result<i64, CoreError> {
    let (low, rest) = floor_rest(numerator, divisor)?;
    let (rest, size) = (rest.unsigned_abs(), divisor.unsigned_abs());
    // Compared as rest against size - rest: doubling the rest could overflow.
    let up = match rest.cmp(&(size - rest)) {
        Ordering::Less => false,
        Ordering::Equal => low % 2 != 0,
        Ordering::Greater => true,
    };
    narrow(low + i128::from(up), "quotient")
}

/// Quotient and remainder of `a * b / d` over the exact 192-bit product, one bit of `a` at a time.
/// Needs `d < 2^126` so that the running remainder (below `3 d`) fits.
fn wide_mul_div(a: u64, b: u128, d: u128) -> Option<(u128, u128)> {
    let (whole, part) = (b / d, b % d);
    let mut quotient: u128 = 0;
    let mut remainder: u128 = 0;
    for bit in (0..64_u32).rev() {
        quotient = quotient.checked_mul(2)?;
        remainder *= 2;
        if (a >> bit) & 1 == 1 {
            remainder += part;
        }
        while remainder >= d {
            remainder -= d;
            quotient = quotient.checked_add(1)?;
        }
    }
    let quotient = u128::from(a).checked_mul(whole)?.checked_add(quotient)?;
    Some((quotient, remainder))
}

/// `a * b` where the lengths of both say that it fits; where they cannot tell, the exact way does.
fn product(a: i64, b: i128) -> Option<i128> {
    let spare = a.unsigned_abs().leading_zeros() + b.unsigned_abs().leading_zeros();
    // 64 + 128 - spare bits hold the product, and 127 are there.
    if spare > 64 {
        return Some(i128::from(a).wrapping_mul(b));
    }
    i128::from(a).checked_mul(b)
}

/// `a * b / (d * 10^10)` rounded towards negative infinity, exact: dividing twice rounds as dividing
/// once does, and neither divisor needs more than a word.
///
/// # Errors
/// As [`mul_div_floor`].
pub(crate) fn mul_div_floor_e10(a: i64, b: i128, d: i64) -> Result<i64, CoreError> {
    let (Some(product), true) = (product(a, b), d > 0) else {
        return mul_div_floor(a, b, i128::from(d) * i128::from(E10));
    };
    let (first, low) = split_e10(product.unsigned_abs());
    let (size, high) = split(first, d.unsigned_abs().into());
    let size = i64::try_from(size).map_err(|_| overflow("product"))?;
    let inexact = low != 0 || high != 0;
    Ok(if product < 0 {
        -size - i64::from(inexact)
    } else {
        size
    })
}

fn mul_div(a: i64, b: i128, d: i128, up: bool) -> Result<i64, CoreError> {
    if let Some(product) = product(a, b) {
        return if up {
            div_ceil(product, d)
        } else {
            div_floor(product, d)
        };
    }
    let size = d.unsigned_abs();
    if size == 0 {
        return Err(CoreError::invalid("divisor", "is 0"));
    }
    if size >= 1 << 126 {
        return Err(overflow("product"));
    }
    let negative = ((a < 0) != (b < 0)) != (d < 0);
    let (quotient, rest) = wide_mul_div(a.unsigned_abs(), b.unsigned_abs(), size)
        .ok_or_else(|| overflow("product"))?;
    let quotient = i128::try_from(quotient).map_err(|_| overflow("product"))?;
    // The magnitude was rounded down; the sign decides whether that was the asked direction.
    let bump = i128::from(rest != 0 && negative != up);
    let magnitude = quotient
        .checked_add(bump)
        .ok_or_else(|| overflow("product"))?;
    narrow(if negative { -magnitude } else { magnitude }, "product")
}

/// `a * b / d` over the exact product, rounded towards negative infinity.
///
/// # Errors
/// `Invalid` for a zero divisor, `Overflow` when the result does not fit 64 bits, or when neither
/// the product nor the divisor stays below 2^126.
pub fn mul_div_floor(a: i64, b: i128, d: i128) -> Result<i64, CoreError> {
    mul_div(a, b, d, false)
}

/// `a * b / d` over the exact product, rounded towards positive infinity.
///
/// # Errors
/// As [`mul_div_floor`].
pub fn mul_div_ceil(a: i64, b: i128, d: i128) -> Result<i64, CoreError> {
    mul_div(a, b, d, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lengths() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0_u32..128).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn ten_billion_divides_as_any_other_number(value in lengths()) {
            for value in [value, value / E10_WIDE * E10_WIDE, u128::MAX - (value & 3)] {
                prop_assert_eq!(split_e10(value), (value / E10_WIDE, value % E10_WIDE));
            }
        }

        #[test]
        fn the_cheapest_way_is_exact(n in lengths(), d in lengths()) {
            prop_assume!(d > 0);
            prop_assert_eq!(split(n, d), (n / d, n % d));
            if let Ok(word) = u64::try_from(d) && n >> 64 < d {
                let (quotient, rest) = divide_words(n, word);
                prop_assert_eq!((u128::from(quotient), u128::from(rest)), (n / d, n % d));
            }
        }

        #[test]
        fn dividing_twice_rounds_as_dividing_once(
            a in any::<i64>(), shift in 0_u32..64, b in any::<i128>(), by in 0_u32..127,
            d in 1..i64::MAX,
        ) {
            let (a, b) = (a >> shift, b >> by);
            prop_assume!(a != i64::MIN && b != i128::MIN);
            let once = mul_div_floor(a, b, i128::from(d) * i128::from(E10));
            // The least 64-bit number has no opposite; profits end one above it.
            prop_assume!(once != Ok(i64::MIN));
            prop_assert_eq!(mul_div_floor_e10(a, b, d).ok(), once.ok());
        }

        #[test]
        fn a_product_is_exact_or_none(a in any::<i64>(), s in 0_u32..64, b in any::<i128>(), t in 0_u32..128) {
            let (a, b) = (a >> s, b.unbounded_shr(t));
            prop_assume!(b != i128::MIN);
            prop_assert_eq!(product(a, b), i128::from(a).checked_mul(b));
        }
    }
}
