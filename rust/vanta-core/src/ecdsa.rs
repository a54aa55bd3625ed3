//! ECDSA over secp256k1: sign a digest, recover who signed, and nothing about what was signed.
//!
//! libsecp256k1 does the work. Signatures are deterministic (RFC 6979) and low-s (EIP-2).

use std::fmt;

use alloy_primitives::{Address, B256, U256, keccak256};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};

use crate::CoreError;

/// Half of the group order, rounded down: the largest `s` that is low.
pub const HALF_ORDER: U256 = U256::from_limbs([
    0xdfe9_2f46_681b_20a0,
    0x5d57_6e73_57a4_501d,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);

/// A signature with the parity of its nonce point, so that the signer can be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// x of the nonce point.
    pub r: U256,
    /// Low-s when made here.
    pub s: U256,
    /// Parity of the nonce point's y.
    pub y_is_odd: bool,
}

impl Signature {
    /// r ‖ s ‖ v, 65 bytes, v = 27 or 28: the form contracts and intents take.
    #[must_use]
    pub fn rsv(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        let (r, rest) = bytes.split_at_mut(32);
        let (s, v) = rest.split_at_mut(32);
        r.copy_from_slice(&self.r.to_be_bytes::<32>());
        s.copy_from_slice(&self.s.to_be_bytes::<32>());
        v.copy_from_slice(&[27 + u8::from(self.y_is_odd)]);
        bytes
    }

    /// Read r ‖ s ‖ v; v may be 0, 1, 27 or 28.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another length or another v.
    pub fn from_rsv(bytes: &[u8]) -> Result<Self, CoreError> {
        let fields = bytes.split_at_checked(32).and_then(|(r, rest)| {
            let (s, v) = rest.split_at_checked(32)?;
            let [v] = v else { return None };
            Some((U256::from_be_slice(r), U256::from_be_slice(s), *v))
        });
        let Some((r, s, v)) = fields else {
            let reason = format!("has {} bytes, must have 65", bytes.len());
            return Err(CoreError::invalid("signature", reason));
        };
        let y_is_odd = match v {
            0 | 27 => false,
            1 | 28 => true,
            _ => {
                let reason = format!("ends in v = {v}, must be 0, 1, 27 or 28");
                return Err(CoreError::invalid("signature", reason));
            }
        };
        Ok(Self { r, s, y_is_odd })
    }
}

/// The curve's context: tables, and the blinding of its secret multiplications.
#[derive(Clone)]
pub struct Curve(Secp256k1<All>);

impl fmt::Debug for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve")
    }
}

impl Curve {
    /// A context blinded by `seed`: 32 bytes that nobody can guess.
    #[must_use]
    pub fn blinded(seed: &[u8; 32]) -> Self {
        let mut context = Secp256k1::new();
        context.seeded_randomize(seed);
        Self(context)
    }

    /// A context for public data only: recovery and checks.
    #[must_use]
    pub fn public() -> Self {
        Self(Secp256k1::new())
    }

    /// Sign `digest`: deterministic and low-s.
    #[must_use]
    pub fn sign(&self, key: &SecretKey, digest: B256) -> Signature {
        let signed = self
            .0
            .sign_ecdsa_recoverable(Message::from_digest(digest.0), key);
        let (id, compact) = signed.serialize_compact();
        let (r, s) = compact.split_at(32);
        Signature {
            r: U256::from_be_slice(r),
            s: U256::from_be_slice(s),
            y_is_odd: matches!(id, RecoveryId::One | RecoveryId::Three),
        }
    }

    /// Address of the key that made `signature` over `digest`; high-s is recovered too.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] when no key can have made it.
    pub fn recover(&self, digest: B256, signature: &Signature) -> Result<Address, CoreError> {
        let mut compact = [0; 64];
        let (r, s) = compact.split_at_mut(32);
        r.copy_from_slice(&signature.r.to_be_bytes::<32>());
        s.copy_from_slice(&signature.s.to_be_bytes::<32>());
        let id = if signature.y_is_odd {
            RecoveryId::One
        } else {
            RecoveryId::Zero
        };
        RecoverableSignature::from_compact(&compact, id)
            .and_then(|parsed| {
                self.0
                    .recover_ecdsa(Message::from_digest(digest.0), &parsed)
            })
            .map(|key| address_of(&key))
            .map_err(|_| CoreError::invalid("signature", "was made by no key"))
    }

    /// Public key of `key`.
    #[must_use]
    pub fn public_key(&self, key: &SecretKey) -> PublicKey {
        key.public_key(&self.0)
    }
}

/// Last 20 bytes of keccak(X ‖ Y).
#[must_use]
pub fn address_of(key: &PublicKey) -> Address {
    let [_, point @ ..] = key.serialize_uncompressed();
    Address::from_word(keccak256(point))
}
