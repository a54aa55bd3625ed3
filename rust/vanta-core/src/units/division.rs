//! Divisions that name their rounding, over 128-bit numerators and wider products.

use std::cmp::Ordering;

use crate::error::CoreError;

fn overflow(what: &'static str) -> CoreError {
    CoreError::Overflow { what }
}

fn narrow(value: i128, what: &'static str) -> Result<i64, CoreError> {
    i64::try_from(value).map_err(|_| overflow(what))
}

/// `numerator / divisor` rounded down, and what is left: `0 <= rest < divisor` (mirrored for a
/// negative divisor). One division: the machine's is the slow part of every figure.
fn floor_rest(numerator: i128, divisor: i128) -> Result<(i128, i128), CoreError> {
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

fn mul_div(a: i64, b: i128, d: i128, up: bool) -> Result<i64, CoreError> {
    if let Some(product) = i128::from(a).checked_mul(b) {
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
