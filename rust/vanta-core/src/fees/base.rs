//! The base fee of the next block, exactly as the chain computes it.
//!
//! An OP-stack chain carries its parameters in each header's `extraData`, because they change by an
//! owner's transaction: version byte 0 (Holocene), denominator and elasticity as big-endian 32-bit
//! numbers; version byte 1 (Jovian) adds the minimum base fee as a big-endian 64-bit number. From
//! version 1 on, `blobGasUsed` holds the data-availability footprint, and the larger of it and
//! `gasUsed` moves the fee.

use super::{out_of, overflow};
use crate::error::CoreError;

/// How the base fee of a chain moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeMarket {
    /// Gas limit over gas target.
    pub elasticity: u64,
    /// A full change of the target's size moves the fee by 1 / denominator.
    pub denominator: u64,
    /// The fee never falls below it, wei per gas.
    pub min_base_fee_wei: u128,
    /// Whether `blobGasUsed` counts (the data-availability footprint).
    pub counts_footprint: bool,
}

/// What a parent block says about its fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Its base fee, wei per gas.
    pub base_fee_wei: u128,
    /// Gas used.
    pub gas_used: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// `blobGasUsed`: the data-availability footprint where the market counts it.
    pub blob_gas_used: u64,
}

impl FeeMarket {
    /// A plain EIP-1559 market.
    ///
    /// # Errors
    /// `OutOfRange` for an elasticity or denominator of 0.
    pub fn plain(
        elasticity: u64,
        denominator: u64,
        min_base_fee_wei: u128,
    ) -> Result<Self, CoreError> {
        let most = u128::from(u64::MAX);
        for (name, value) in [("elasticity", elasticity), ("denominator", denominator)] {
            if value == 0 {
                return Err(out_of(name, 0, 1, most));
            }
        }
        Ok(Self {
            elasticity,
            denominator,
            min_base_fee_wei,
            counts_footprint: false,
        })
    }

    /// The market of an OP-stack header (module doc).
    ///
    /// # Errors
    /// `Invalid` for another version or length, `OutOfRange` for a parameter of 0.
    pub fn of_extra_data(extra_data: &[u8]) -> Result<Self, CoreError> {
        let wanted = match extra_data.first() {
            Some(0) => 9,
            Some(1) => 17,
            Some(version) => {
                let reason = format!("has version {version}, known are 0 and 1");
                return Err(CoreError::invalid("extra_data", reason));
            }
            None => return Err(CoreError::invalid("extra_data", "is empty")),
        };
        if extra_data.len() != wanted {
            let reason = format!("has {} bytes, must have {wanted}", extra_data.len());
            return Err(CoreError::invalid("extra_data", reason));
        }
        let denominator = big_endian(extra_data, 1, 5);
        let elasticity = big_endian(extra_data, 5, 9);
        let minimum = u128::from(big_endian(extra_data, 9, 17));
        Ok(Self {
            counts_footprint: wanted == 17,
            ..Self::plain(elasticity, denominator, minimum)?
        })
    }
}

/// The number in `from..to`; bytes that are not there count as none.
fn big_endian(bytes: &[u8], from: usize, to: usize) -> u64 {
    let part = bytes.get(from..to).unwrap_or_default();
    part.iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Base fee of the block after `parent`, wei per gas.
///
/// With target = gas limit / elasticity and metered = gas used (or the footprint, if larger and
/// counted): unchanged at the target; above it, up by base * (metered - target) / target /
/// denominator, at least 1; below it, down by base * (target - metered) / target / denominator.
/// Each division rounds down, as the chain's do. Never below the market's minimum.
///
/// # Errors
/// `OutOfRange` for gas used above the limit or a limit below the elasticity, `Overflow`.
pub fn next_base_fee(market: &FeeMarket, parent: &Header) -> Result<u128, CoreError> {
    if parent.gas_used > parent.gas_limit {
        let limit = u128::from(parent.gas_limit);
        return Err(out_of("gas_used", u128::from(parent.gas_used), 0, limit));
    }
    let target = parent
        .gas_limit
        .checked_div(market.elasticity)
        .filter(|target| *target > 0);
    let Some(target) = target else {
        let (least, most) = (u128::from(market.elasticity), u128::from(u64::MAX));
        let limit = u128::from(parent.gas_limit);
        return Err(out_of("gas_limit", limit, least, most));
    };
    let metered = if market.counts_footprint {
        parent.gas_used.max(parent.blob_gas_used)
    } else {
        parent.gas_used
    };
    let base = parent.base_fee_wei;
    let moved = base
        .checked_mul(u128::from(metered.abs_diff(target)))
        .ok_or_else(|| overflow("base fee"))?;
    let change = moved / u128::from(target) / u128::from(market.denominator);
    let next = if metered > target {
        base.checked_add(change.max(1))
            .ok_or_else(|| overflow("base fee"))?
    } else {
        base.saturating_sub(change)
    };
    Ok(next.max(market.min_base_fee_wei))
}

/// Highest base fee possible after `blocks` more blocks, each full to its limit: what a fee cap
/// must stand to survive that long. 0 blocks = the fee of the next block.
///
/// # Errors
/// As [`next_base_fee`]; `OutOfRange` beyond 1,000 blocks.
pub fn forecast_base_fee(
    market: &FeeMarket,
    parent: &Header,
    blocks: u32,
) -> Result<u128, CoreError> {
    if blocks > 1_000 {
        return Err(out_of("blocks", u128::from(blocks), 0, 1_000));
    }
    let mut base_fee_wei = next_base_fee(market, parent)?;
    for _ in 0..blocks {
        let full = Header {
            base_fee_wei,
            gas_used: parent.gas_limit,
            gas_limit: parent.gas_limit,
            blob_gas_used: 0,
        };
        base_fee_wei = next_base_fee(market, &full)?;
    }
    Ok(base_fee_wei)
}
