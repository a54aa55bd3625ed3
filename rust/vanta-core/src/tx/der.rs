//! Signatures of key management services: DER, high or low s, and no word on the parity.

use alloy_primitives::{Address, B256, U256};

use crate::CoreError;
use crate::ecdsa::{Curve, HALF_ORDER, Signature};

const NAME: &str = "der";

/// Order of the group.
pub(super) const ORDER: U256 = U256::from_limbs([
    0xbfd2_5e8c_d036_4141,
    0xbaae_dce6_af48_a03b,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
]);

/// The signature `der` over `digest` as chains take it: low s (EIP-2), with the parity that gives
/// `expected`.
///
/// s above half of the order becomes order - s, which signs the same; then both parities are tried.
///
/// # Errors
/// [`CoreError::Invalid`] when `der` is not strictly encoded (a definite short length, two minimal
/// positive integers, nothing behind), a number is not in 1..order, or the key of `expected` did not
/// make it.
pub fn normalize_signature(
    curve: &Curve,
    der: &[u8],
    digest: B256,
    expected: Address,
) -> Result<Signature, CoreError> {
    let (r, s) = parse(der)?;
    let s = if s > HALF_ORDER {
        ORDER.wrapping_sub(s)
    } else {
        s
    };
    for y_is_odd in [false, true] {
        let signature = Signature { r, s, y_is_odd };
        if curve.recover(digest, &signature) == Ok(expected) {
            return Ok(signature);
        }
    }
    let reason = format!("was not made over this digest by the key of {expected}");
    Err(CoreError::invalid("signature", reason))
}

fn parse(der: &[u8]) -> Result<(U256, U256), CoreError> {
    let (body, rest) = element(0x30, "sequence", der)?;
    let (r, body) = element(0x02, "first integer", body)?;
    let (s, body) = element(0x02, "second integer", body)?;
    if !rest.is_empty() || !body.is_empty() {
        return Err(CoreError::invalid(NAME, "has bytes behind its end"));
    }
    Ok((scalar("r", r)?, scalar("s", s)?))
}

// Two integers of at most 33 bytes: every length fits the short form.
fn element<'a>(tag: u8, name: &str, der: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), CoreError> {
    let wrong = |reason| CoreError::invalid(NAME, format!("{reason} {name}"));
    match der {
        [first, length @ ..0x80, rest @ ..] if *first == tag => rest
            .split_at_checked(usize::from(*length))
            .ok_or_else(|| wrong("ends within its")),
        _ => Err(wrong("lacks a short")),
    }
}

fn scalar(name: &str, integer: &[u8]) -> Result<U256, CoreError> {
    let wrong = |reason| CoreError::invalid(NAME, format!("has {name} {reason}"));
    let magnitude = match integer {
        [] => return Err(wrong("of no bytes")),
        [0x80..=0xff, ..] => return Err(wrong("below zero")),
        [0, ..0x80, ..] => return Err(wrong("with leading zeros")),
        [0, magnitude @ ..] | magnitude => magnitude,
    };
    let value = U256::try_from_be_slice(magnitude).ok_or_else(|| wrong("above 256 bits"))?;
    if value.is_zero() || value >= ORDER {
        return Err(wrong("outside of 1..order"));
    }
    Ok(value)
}
