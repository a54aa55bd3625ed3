//! From a transaction to the bytes that go out: with a key at hand, or with a signature made
//! elsewhere.

use alloy_primitives::{B256, U256};

use super::der::ORDER;
use super::transaction::{Authorization, Shape, SignedAuthorization, Transaction};
use super::write;
use crate::CoreError;
use crate::ecdsa::{Curve, HALF_ORDER, Signature};
use crate::keyring::Key;

/// Bytes for the network, and the hash they are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Type byte and RLP, as `eth_sendRawTransaction` takes it.
    pub raw: Vec<u8>,
    /// Keccak-256 of `raw`.
    pub hash: B256,
}

impl Transaction {
    /// What is hashed to be signed.
    #[must_use]
    pub fn preimage(&self) -> Vec<u8> {
        let fields = write::fields(self);
        write::preimage(self, &fields).bytes(&fields)
    }

    /// The hash that is signed.
    #[must_use]
    pub fn signing_hash(&self) -> B256 {
        let fields = write::fields(self);
        write::preimage(self, &fields).hash(&fields)
    }

    /// Refuse what Vanta must not send: a transaction without a chain holds on every chain, and one
    /// with blobs needs them beside it.
    ///
    /// # Errors
    /// As [`Transaction::check`], and [`CoreError::Invalid`] for type 3 and for type 0 without a
    /// chain.
    pub fn check_sendable(&self) -> Result<(), CoreError> {
        self.check()?;
        match (&self.shape, self.chain_id) {
            (Shape::Blob { .. }, _) => Err(CoreError::invalid("type", "3 is read, never sent")),
            (_, None) => Err(CoreError::invalid(
                "chain_id",
                "must be given: without one the transaction holds on every chain",
            )),
            _ => Ok(()),
        }
    }
}

/// Sign `tx` with `key`: deterministic and low-s, so that the same transaction has one hash.
///
/// # Errors
/// As [`Transaction::check_sendable`].
pub fn sign(curve: &Curve, key: &Key, tx: &Transaction) -> Result<Signed, CoreError> {
    tx.check_sendable()?;
    let fields = write::fields(tx);
    let digest = write::preimage(tx, &fields).hash(&fields);
    let signature = key.sign(curve, digest)?;
    Ok(finish(tx, &fields, &signature))
}

/// Give `tx` a signature that was made elsewhere over its signing hash.
///
/// Who signed is not looked at here; reading the bytes back says it.
///
/// # Errors
/// As [`Transaction::check`], and [`CoreError::Invalid`] when r or s is zero or not below the order, or
/// s is high (EIP-2).
pub fn assemble(tx: &Transaction, signature: &Signature) -> Result<Signed, CoreError> {
    tx.check()?;
    let r_is_scalar = signature.r > U256::ZERO && signature.r < ORDER;
    if !r_is_scalar || signature.s == U256::ZERO || signature.s > HALF_ORDER {
        let reason = "has an r or s outside of 1..order or a high s, which no chain takes";
        return Err(CoreError::invalid("signature", reason));
    }
    Ok(finish(tx, &write::fields(tx), signature))
}

/// Sign the leave `authorization` with the account's own `key`.
///
/// # Errors
/// None in practice: the key was checked when it was made.
pub fn authorize(
    curve: &Curve,
    key: &Key,
    authorization: Authorization,
) -> Result<SignedAuthorization, CoreError> {
    let signature = key.sign(curve, authorization.signing_hash())?;
    Ok(SignedAuthorization::new(authorization, &signature))
}

fn finish(tx: &Transaction, fields: &[u8], signature: &Signature) -> Signed {
    let whole = write::signed(tx, fields, signature);
    Signed {
        raw: whole.bytes(fields),
        hash: whole.hash(fields),
    }
}
