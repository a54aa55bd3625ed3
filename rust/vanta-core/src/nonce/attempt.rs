//! One signed transaction of a slot: its hash, its price, and what the nodes said about it.

use alloy_primitives::B256;

use super::named;
use crate::error::CoreError;
use crate::units::TimeNs;

named!(
    /// Why an attempt was signed.
    Purpose, PURPOSES, "purpose", 4, {
        /// The intent's first transaction.
        Original = "original",
        /// The same call at a higher price.
        Bump = "bump",
        /// A no-op that races the intent's own transaction.
        Cancel = "cancel",
        /// A no-op that closes a gap.
        Filler = "filler",
    }
);

named!(
    /// What the nodes said last.
    Outcome, OUTCOMES, "outcome", 5, {
        /// Nobody was asked: write-ahead. A crash may still have come after the bytes left.
        Unsent = "unsent",
        /// At least one node took it.
        Accepted = "accepted",
        /// At least one node had it already.
        Known = "known",
        /// Nobody can say: time-out, disconnect, an error that proves nothing.
        Unknown = "unknown",
        /// All nodes refused it and no earlier sending can be out.
        Refused = "refused",
    }
);

impl Purpose {
    /// Whether it does nothing but use the nonce.
    pub(super) const fn is_no_op(self) -> bool {
        matches!(self, Self::Cancel | Self::Filler)
    }
}

/// A signed transaction under a slot's nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Transaction hash.
    pub hash: B256,
    /// Priority fee per gas, wei.
    pub tip_wei: u128,
    /// Fee cap per gas, wei.
    pub cap_wei: u128,
    /// Why it was signed.
    pub purpose: Purpose,
    /// What the nodes said last.
    pub outcome: Outcome,
    /// When it was signed, sent, or last named by `due`; none = before a restart.
    pub(super) touched_at: Option<TimeNs>,
}

impl Attempt {
    /// A signed attempt that has not left.
    ///
    /// # Errors
    /// `Invalid` when the tip is above the cap (every node refuses that) or the hash is zero.
    pub fn signed(
        hash: B256,
        tip_wei: u128,
        cap_wei: u128,
        purpose: Purpose,
    ) -> Result<Self, CoreError> {
        if tip_wei > cap_wei {
            let reason = format!("{tip_wei} is above cap_wei {cap_wei}");
            return Err(CoreError::invalid("tip_wei", reason));
        }
        if hash.is_zero() {
            return Err(CoreError::invalid("hash", "is zero"));
        }
        Ok(Self {
            hash,
            tip_wei,
            cap_wei,
            purpose,
            outcome: Outcome::Unsent,
            touched_at: None,
        })
    }

    /// Whether a node may hold it. What is only signed is not live, what was refused is not.
    #[must_use]
    pub fn live(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Accepted | Outcome::Known | Outcome::Unknown
        )
    }

    /// Take the nodes' answer. A refusal of bytes that may be out already proves nothing: they can
    /// sit in another pool and come back, so it counts as unknown.
    pub(super) fn heard(&mut self, outcome: Outcome, now: TimeNs) {
        self.outcome = if outcome == Outcome::Refused && self.live() {
            Outcome::Unknown
        } else {
            outcome
        };
        self.touched_at = Some(now);
    }
}
