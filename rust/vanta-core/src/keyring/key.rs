//! One private key: it signs and it knows its address; it never shows its bytes.

use std::fmt;

use alloy_primitives::{Address, B256};
use secp256k1::SecretKey;
use zeroize::Zeroizing;

use crate::CoreError;
use crate::ecdsa::{Curve, Signature, address_of};

/// A private key and its address. The bytes are wiped when it is dropped.
pub struct Key {
    secret: Zeroizing<[u8; 32]>,
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
        let address = address_of(&curve.public_key(&scalar));
        scalar.non_secure_erase();
        Ok(Self { secret, address })
    }

    /// Address of the key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
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
}

fn scalar(secret: &Zeroizing<[u8; 32]>) -> Result<SecretKey, CoreError> {
    SecretKey::from_byte_array(**secret)
        .map_err(|_| CoreError::invalid("key", "is zero or not below the group order"))
}
