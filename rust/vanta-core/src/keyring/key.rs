//! One private key: it signs and it knows its address; it never shows its bytes.

use std::fmt;

use alloy_primitives::{Address, B256, hex};
use secp256k1::SecretKey;
use zeroize::Zeroizing;

use crate::CoreError;
use crate::ecdsa::{Curve, Signature, address_of};

/// A private key, its public key and its address. The bytes are wiped when it is dropped.
pub struct Key {
    // Boxed, so that moving the key leaves no copy of the bytes behind.
    secret: Box<Zeroizing<[u8; 32]>>,
    public: [u8; 65],
    address: Address,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address)
    }
}

impl Key {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] when they are zero or not below the group order.
    pub fn new(curve: &Curve, secret: Zeroizing<[u8; 32]>) -> Result<Self, CoreError> {
        let mut scalar = scalar(&secret)?;
        let public = curve.public_key(&scalar);
        scalar.non_secure_erase();
        Ok(Self {
            secret: Box::new(secret),
            public: public.serialize_uncompressed(),
            address: address_of(&public),
        })
    }

    /// A key from 32 raw bytes, or from their hex digits with or without `0x`.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another length, other characters, and as [`Key::new`].
    pub fn from_raw(curve: &Curve, given: &[u8]) -> Result<Self, CoreError> {
        let mut secret = Zeroizing::new([0; 32]);
        if given.len() == secret.len() {
            secret.copy_from_slice(given);
        } else {
            let digits = given.strip_prefix(b"0x").unwrap_or(given);
            hex::decode_to_slice(digits, secret.as_mut_slice()).map_err(|_| {
                let reason = format!(
                    "has {} bytes, must have 32, or 64 hex digits after an optional 0x",
                    given.len()
                );
                CoreError::invalid("secret", reason)
            })?;
        }
        Self::new(curve, secret)
    }

    /// Address of the key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Public key, uncompressed: 4 ‖ X ‖ Y.
    #[must_use]
    pub fn public_key(&self) -> [u8; 65] {
        self.public
    }

    /// Sign `digest`: deterministic and low-s.
    ///
    /// # Errors
    /// None in practice: the bytes were checked when the key was made.
    pub fn sign(&self, curve: &Curve, digest: B256) -> Result<Signature, CoreError> {
        let mut scalar = scalar(&self.secret)?;
        let signature = curve.sign(&scalar, digest);
        scalar.non_secure_erase();
        Ok(signature)
    }

    /// Sign each of the `digests`, 32 bytes a row; r ‖ s ‖ v, 65 bytes a row.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] when the length is no multiple of 32.
    pub fn sign_rows(&self, curve: &Curve, digests: &[u8]) -> Result<Vec<u8>, CoreError> {
        let (rows, rest) = digests.as_chunks::<32>();
        if !rest.is_empty() {
            let reason = format!("has {} bytes, must have 32 for each row", digests.len());
            return Err(CoreError::invalid("digests", reason));
        }
        let mut signatures = Vec::with_capacity(rows.len().saturating_mul(65));
        for row in rows {
            signatures.extend_from_slice(&self.sign(curve, B256::new(*row))?.rsv());
        }
        Ok(signatures)
    }

    pub(super) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

pub(super) fn scalar(secret: &[u8; 32]) -> Result<SecretKey, CoreError> {
    SecretKey::from_byte_array(*secret)
        .map_err(|_| CoreError::invalid("key", "is zero or not below the group order"))
}

// A key cannot outlive its wipe: this fails to compile when its bytes lose their wiping type.
const _: fn(&Key) -> &Box<Zeroizing<[u8; 32]>> = |key| &key.secret;
