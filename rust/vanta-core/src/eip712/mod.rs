//! What is signed when typed data or an intent is signed.
//!
//! ```text
//! fields -> intent.rs -> struct hash -+-> digest -> ecdsa -> signature
//!  (schema.rs names and types them)  |
//! domain -> Domain ------ separator -+        fields <- decode.rs <- intent bytes
//! ```
//!
//! A digest is `keccak(0x1901 ‖ separator ‖ struct hash)` (EIP-712). The venue's intents are a fixed
//! table and take the short way; typed data of anyone else is read from JSON by [`TypedData`].

mod decode;
pub mod delegation;
mod intent;
mod schema;
mod typed_data;

use alloy_primitives::{Address, B256, Keccak256, U256, b256, keccak256};

pub use intent::{Intent, SignedIntent, Value};
pub use schema::{Field, FieldType, INTENT_KINDS, StructType};
pub use typed_data::TypedData;

/// keccak of `EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)`.
const DOMAIN_TYPE_HASH: B256 =
    b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");

/// The domain of the venue's intents, its separator computed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain {
    separator: B256,
}

impl Domain {
    /// A domain of all four fields that the venue uses.
    #[must_use]
    pub fn new(name: &str, version: &str, chain_id: U256, verifying_contract: Address) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(DOMAIN_TYPE_HASH);
        hasher.update(keccak256(name));
        hasher.update(keccak256(version));
        hasher.update(chain_id.to_be_bytes::<32>());
        hasher.update(verifying_contract.into_word());
        Self {
            separator: hasher.finalize(),
        }
    }

    /// Hash of the domain.
    #[must_use]
    pub fn separator(&self) -> B256 {
        self.separator
    }

    /// Digest of a struct in this domain.
    #[must_use]
    pub fn digest(&self, struct_hash: B256) -> B256 {
        digest(self.separator, struct_hash)
    }
}

/// `keccak(0x1901 ‖ separator ‖ struct hash)`.
#[must_use]
pub fn digest(separator: B256, struct_hash: B256) -> B256 {
    let mut signed = [0; 66];
    let (prefix, rest) = signed.split_at_mut(2);
    let (first, second) = rest.split_at_mut(32);
    prefix.copy_from_slice(&[0x19, 0x01]);
    first.copy_from_slice(separator.as_slice());
    second.copy_from_slice(struct_hash.as_slice());
    keccak256(signed)
}

/// Digest of a personal message (EIP-191, version 0x45): what wallets sign as text.
#[must_use]
pub fn personal_digest(message: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(b"\x19Ethereum Signed Message:\n");
    hasher.update(message.len().to_string());
    hasher.update(message);
    hasher.finalize()
}
