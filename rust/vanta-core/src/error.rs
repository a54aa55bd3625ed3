//! The one error type of the core: variants by what the caller can do about it.
//!
//! Messages are lower case and say which argument, its value and its limit. A refusal by a rule is
//! not an error, it is a value of the module that refuses.

use thiserror::Error;

/// What the core refuses to compute.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CoreError {
    /// The caller passed a number outside of its range: pass one inside.
    #[error("{name} {value} is outside of {min}..={max}")]
    OutOfRange {
        /// Name of the argument.
        name: &'static str,
        /// The value that was passed.
        value: i128,
        /// Smallest allowed value.
        min: i128,
        /// Largest allowed value.
        max: i128,
    },
    /// The caller passed something that cannot be combined or understood: fix the argument.
    #[error("{name} {reason}")]
    Invalid {
        /// Name of the argument.
        name: &'static str,
        /// What is wrong with it, the value included.
        reason: String,
    },
    /// The caller named something that was never declared: declare it first.
    #[error("{name} {value} is unknown")]
    Unknown {
        /// Name of the argument.
        name: &'static str,
        /// The unknown key.
        value: u64,
    },
    /// A sum or product does not fit its unit: the amounts are beyond anything tradable.
    #[error("{what} does not fit its unit")]
    Overflow {
        /// The quantity that was being computed.
        what: &'static str,
    },
    /// A row of a batch is wrong; nothing of the batch was applied.
    #[error("row {row}: {error}")]
    AtRow {
        /// Index of the first wrong row.
        row: usize,
        /// What is wrong with it.
        error: Box<CoreError>,
    },
}

impl CoreError {
    /// The same error with the argument renamed, so that the text uses the caller's word.
    #[must_use]
    pub fn named(self, argument: &'static str) -> Self {
        match self {
            Self::OutOfRange {
                value, min, max, ..
            } => Self::OutOfRange {
                name: argument,
                value,
                min,
                max,
            },
            Self::Invalid { reason, .. } => Self::Invalid {
                name: argument,
                reason,
            },
            Self::Unknown { value, .. } => Self::Unknown {
                name: argument,
                value,
            },
            Self::Overflow { .. } => Self::Overflow { what: argument },
            Self::AtRow { row, error } => Self::AtRow {
                row,
                error: Box::new(error.named(argument)),
            },
        }
    }

    /// The same error, saying which row of a batch it is about.
    #[must_use]
    pub fn at_row(self, row: usize) -> Self {
        Self::AtRow {
            row,
            error: Box::new(self),
        }
    }

    /// Whether a sum or product outgrew its unit, in a batch row or alone.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        match self {
            Self::Overflow { .. } => true,
            Self::AtRow { error, .. } => error.is_overflow(),
            Self::OutOfRange { .. } | Self::Invalid { .. } | Self::Unknown { .. } => false,
        }
    }

    /// An [`CoreError::Invalid`] about `name`.
    pub fn invalid(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            name,
            reason: reason.into(),
        }
    }
}
