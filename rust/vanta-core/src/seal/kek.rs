//! Keys that wrap data keys, by id and version.

use std::fmt;

use zeroize::Zeroizing;

use super::limits::{MAX_FIELD, MAX_WRAPPED, is_id};
use crate::CoreError;

/// A key-encryption key and its name; or, when a KMS holds that key, the data key it wrapped.
/// The bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct Kek {
    id: String,
    version: u32,
    key: Zeroizing<[u8; 32]>,
    wrapped: Option<Vec<u8>>,
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kek({}, version {})", self.id, self.version)
    }
}

impl Kek {
    /// A KEK held here. `id` is 1 to 255 characters of printable ASCII without spaces.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another id and for a key of zeros.
    pub fn local(id: &str, version: u32, key: Zeroizing<[u8; 32]>) -> Result<Self, CoreError> {
        Self::new(id, version, key, None)
    }

    /// The data key `dek`, which a KMS wrapped as `wrapped` under its key `id`.
    ///
    /// # Errors
    /// As [`Kek::local`], and [`CoreError::Invalid`] for 0 or more than [`MAX_WRAPPED`] bytes.
    pub fn external(
        id: &str,
        version: u32,
        dek: Zeroizing<[u8; 32]>,
        wrapped: &[u8],
    ) -> Result<Self, CoreError> {
        if wrapped.is_empty() || wrapped.len() > MAX_WRAPPED {
            let reason = format!("has {} bytes, must have 1 to {MAX_WRAPPED}", wrapped.len());
            return Err(CoreError::invalid("wrapped_dek", reason));
        }
        Self::new(id, version, dek, Some(wrapped.to_vec()))
    }

    fn new(
        id: &str,
        version: u32,
        key: Zeroizing<[u8; 32]>,
        wrapped: Option<Vec<u8>>,
    ) -> Result<Self, CoreError> {
        if !is_id(id.as_bytes()) {
            let reason = format!(
                "has {} bytes, must be 1 to {MAX_FIELD} printable ASCII characters, no space",
                id.len()
            );
            return Err(CoreError::invalid("id", reason));
        }
        if *key == [0; 32] {
            // Memory that was never filled; everybody could open what it seals.
            return Err(CoreError::invalid("key", "is zero, must be random"));
        }
        Ok(Self {
            id: id.to_owned(),
            version,
            key,
            wrapped,
        })
    }

    /// Name of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Version of the key.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What the KMS wrapped, if it is held there.
    #[must_use]
    pub fn wrapped(&self) -> Option<&[u8]> {
        self.wrapped.as_deref()
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }
}
