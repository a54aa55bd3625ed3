//! How many transactions may be out at once, and how often each of them is looked at.

use crate::error::CoreError;
use crate::units::SECOND_NS;

/// Limits and intervals of every lane of a ledger. Defaults: start values for a chain of 2-second
/// blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceConfig {
    /// Open slots per lane, 1..=16; a node keeps 16 per sender.
    pub max_in_flight: u64,
    /// Bumps per slot before the last attempt is only sent again, 0..=32.
    pub max_bumps: u64,
    /// Time without inclusion before a bump, from the first sending of the newest attempt, and before
    /// bytes that were taken are sent again.
    pub bump_after_ns: i64,
    /// Time between two sendings of the same bytes while nobody has accepted them.
    pub resend_ns: i64,
    /// Time between two looks for a receipt of the lowest open slot.
    pub receipt_ns: i64,
    /// Time between two looks at what only finality can settle.
    pub tags_ns: i64,
    /// Time a slot may stay reserved before it is asked about.
    pub sign_ns: i64,
}

impl Default for NonceConfig {
    fn default() -> Self {
        Self {
            max_in_flight: 4,
            max_bumps: 8,
            bump_after_ns: 6 * SECOND_NS,
            resend_ns: 4 * SECOND_NS,
            receipt_ns: SECOND_NS / 2,
            tags_ns: 12 * SECOND_NS,
            sign_ns: 5 * SECOND_NS / 2,
        }
    }
}

/// Longest interval: an hour. A lane looked at more rarely is a lane nobody looks at.
const MAX_INTERVAL_NS: i64 = 3_600 * SECOND_NS;

impl NonceConfig {
    /// The same, checked.
    ///
    /// # Errors
    /// `OutOfRange` naming the first value outside of its range; intervals are 1 ns..=1 h.
    pub fn validate(self) -> Result<Self, CoreError> {
        within("max_in_flight", i128::from(self.max_in_flight), 1, 16)?;
        within("max_bumps", i128::from(self.max_bumps), 0, 32)?;
        for (name, value) in [
            ("bump_after_ns", self.bump_after_ns),
            ("resend_ns", self.resend_ns),
            ("receipt_ns", self.receipt_ns),
            ("tags_ns", self.tags_ns),
            ("sign_ns", self.sign_ns),
        ] {
            within(name, i128::from(value), 1, i128::from(MAX_INTERVAL_NS))?;
        }
        Ok(self)
    }
}

pub(super) fn within(
    name: &'static str,
    value: i128,
    min: i128,
    max: i128,
) -> Result<(), CoreError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(CoreError::OutOfRange {
        name,
        value,
        min,
        max,
    })
}
