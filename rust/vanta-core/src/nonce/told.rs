//! What nodes tell of a wallet: how many transactions are in, and which one is in a block.

use alloy_primitives::B256;

use super::MAX_NONCE;
use super::config::within;
use crate::error::CoreError;

/// Transaction counts of a wallet at the three tags, each the highest that enough nodes agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// At the newest sealed block.
    pub latest: u64,
    /// At the newest block whose batch is on L1.
    pub safe: u64,
    /// At the newest final block.
    pub finalized: u64,
}

impl Counts {
    /// Check that a chain can have them.
    ///
    /// # Errors
    /// `OutOfRange` beyond [`MAX_NONCE`], `Invalid` when an earlier block counts more.
    pub fn validate(&self) -> Result<(), CoreError> {
        within("latest", i128::from(self.latest), 0, i128::from(MAX_NONCE))?;
        for (name, low, above, high) in [
            ("safe", self.safe, "latest", self.latest),
            ("finalized", self.finalized, "safe", self.safe),
        ] {
            if low > high {
                let reason = format!("{low} is above {above} {high}: read them again");
                return Err(CoreError::invalid(name, reason));
            }
        }
        Ok(())
    }

    /// Let none be above `to`.
    pub(super) fn lower(&mut self, to: u64) {
        self.latest = self.latest.min(to);
        self.safe = self.safe.min(to);
        self.finalized = self.finalized.min(to);
    }
}

/// A transaction in a sealed block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Transaction hash.
    pub hash: B256,
    /// Number of its block.
    pub block: u64,
    /// Hash of its block, equal to the sealed block's.
    pub block_hash: B256,
    /// Whether it succeeded. A reverted one has used the nonce and paid the fee all the same.
    pub ok: bool,
}
