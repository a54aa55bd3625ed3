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
    /// Encoded bytes are not what they are said to be, or a value does not fit its type.
    #[error("{what} {reason}")]
    Abi {
        /// What was being encoded or decoded.
        what: &'static str,
        /// What is wrong with it; never the whole data.
        reason: String,
    },
    /// The lane is not in a state that allows this: the caller's picture of it is stale.
    #[error("nonce {nonce} {reason}")]
    Nonce {
        /// The nonce of the slot.
        nonce: u64,
        /// Why not.
        reason: String,
    },
    /// A sealed record does not open: wrong key, wrong owner or tampered. Never says which bytes.
    #[error("sealed record {reason}")]
    Seal {
        /// Why not, without any secret.
        reason: String,
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
    #[cold]
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
            Self::Abi { reason, .. } => Self::Abi {
                what: argument,
                reason,
            },
            Self::Nonce { .. } | Self::Seal { .. } => self,
            Self::AtRow { row, error } => Self::AtRow {
                row,
                error: Box::new(error.named(argument)),
            },
        }
    }

    /// The same error, saying which row of a batch it is about.
    #[must_use]
    #[cold]
    pub fn at_row(self, row: usize) -> Self {
        Self::AtRow {
            row,
            error: Box::new(self),
        }
    }

    /// The same error of a row, where the rows were a piece of a batch that began at `start`.
    #[must_use]
    pub fn later(self, start: usize) -> Self {
        match self {
            Self::AtRow { row, error } => Self::AtRow {
                row: row.saturating_add(start),
                error,
            },
            other => other,
        }
    }

    /// Whether a sum or product outgrew its unit, in a batch row or alone.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        match self {
            Self::Overflow { .. } => true,
            Self::AtRow { error, .. } => error.is_overflow(),
            Self::OutOfRange { .. }
            | Self::Invalid { .. }
            | Self::Unknown { .. }
            | Self::Abi { .. }
            | Self::Nonce { .. }
            | Self::Seal { .. } => false,
        }
    }

    /// A [`CoreError::Abi`] about `what`.
    pub fn abi(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Abi {
            what,
            reason: reason.into(),
        }
    }

    /// A [`CoreError::Nonce`] about the slot `nonce`.
    pub fn nonce(nonce: u64, reason: impl Into<String>) -> Self {
        Self::Nonce {
            nonce,
            reason: reason.into(),
        }
    }

    /// A [`CoreError::Seal`]; `reason` must not tell anything of a secret.
    pub fn seal(reason: impl Into<String>) -> Self {
        Self::Seal {
            reason: reason.into(),
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
