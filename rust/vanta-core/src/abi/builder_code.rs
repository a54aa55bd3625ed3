//! The builder's mark at the end of calldata: `code (32 bytes) || rate || 0x9481c2bc`.
//!
//! The code and the magic are documented, how many bytes the rate has is not, so it is an argument
//! on both ways. The contract skips what follows its arguments; the registry reads it from the end.

use alloy_primitives::{B256, U256};

use crate::error::CoreError;

/// Last four bytes of marked calldata.
pub const MAGIC: [u8; 4] = [0x94, 0x81, 0xc2, 0xbc];

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuilderCode {
    /// The registered code.
    pub code: B256,
    /// Share of the notional, in the registry's unit.
    pub rate: U256,
}

/// `calldata` with the mark after it, the rate in `rate_bytes` bytes.
///
/// # Errors
/// `OutOfRange` for a width outside of 1..=32, `Invalid` for a rate that does not fit it.
pub fn append_builder_code(
    calldata: &[u8],
    mark: &BuilderCode,
    rate_bytes: usize,
) -> Result<Vec<u8>, CoreError> {
    check_width(rate_bytes)?;
    if mark.rate.bit_len() > rate_bytes * 8 {
        let reason = format!("{} does not fit {rate_bytes} bytes", mark.rate);
        return Err(CoreError::invalid("rate", reason));
    }
    let word = mark.rate.to_be_bytes::<32>();
    let rate = word.get(32 - rate_bytes..).unwrap_or_default();
    Ok([calldata, mark.code.as_slice(), rate, &MAGIC].concat())
}

/// `calldata` without its mark, and the mark; `None` when it has none.
///
/// # Errors
/// `OutOfRange` for a width outside of 1..=32.
pub fn split_builder_code(
    calldata: &[u8],
    rate_bytes: usize,
) -> Result<Option<(&[u8], BuilderCode)>, CoreError> {
    check_width(rate_bytes)?;
    let split = || {
        let marked = calldata.strip_suffix(&MAGIC)?;
        let (rest, rate) = marked.split_at_checked(marked.len().checked_sub(rate_bytes)?)?;
        let (call, code) = rest.split_last_chunk::<32>()?;
        let mark = BuilderCode {
            code: B256::new(*code),
            rate: U256::try_from_be_slice(rate)?,
        };
        Some((call, mark))
    };
    Ok(split())
}

fn check_width(rate_bytes: usize) -> Result<(), CoreError> {
    if (1..=32).contains(&rate_bytes) {
        return Ok(());
    }
    Err(CoreError::OutOfRange {
        name: "rate_bytes",
        value: i128::try_from(rate_bytes).unwrap_or(i128::MAX),
        min: 1,
        max: 32,
    })
}
