//! Keys by handle.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Key;
use crate::CoreError;

/// Keys by handle; a handle is given once and never again.
#[derive(Default)]
pub struct Keyring {
    keys: BTreeMap<u32, Arc<Key>>,
    next: u32,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Take `key` in; returns its handle.
    ///
    /// # Errors
    /// [`CoreError::Overflow`] after 2^32 - 1 keys.
    pub fn add(&mut self, key: Key) -> Result<u32, CoreError> {
        let handle = self.next;
        self.next = handle
            .checked_add(1)
            .ok_or(CoreError::Overflow { what: "handle" })?;
        self.keys.insert(handle, Arc::new(key));
        Ok(handle)
    }

    /// The key behind `handle`.
    ///
    /// # Errors
    /// [`CoreError::Unknown`] for a handle never given, [`CoreError::Invalid`] for a forgotten one.
    pub fn key(&self, handle: u32) -> Result<Arc<Key>, CoreError> {
        match self.keys.get(&handle) {
            Some(key) => Ok(Arc::clone(key)),
            None => Err(self.missing(handle)),
        }
    }

    /// Drop the key: it is wiped once the last signature under way with it is done.
    ///
    /// # Errors
    /// As [`Keyring::key`].
    pub fn forget(&mut self, handle: u32) -> Result<(), CoreError> {
        match self.keys.remove(&handle) {
            Some(_) => Ok(()),
            None => Err(self.missing(handle)),
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn missing(&self, handle: u32) -> CoreError {
        if handle < self.next {
            return CoreError::invalid("handle", format!("{handle} was forgotten"));
        }
        CoreError::Unknown {
            name: "handle",
            value: u64::from(handle),
        }
    }
}
