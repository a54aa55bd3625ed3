//! Keys to sealed records and back: bound to owner, address and purpose.

use alloy_primitives::Address;
use zeroize::Zeroizing;

use super::Key;
use crate::CoreError;
use crate::ecdsa::Curve;
use crate::hashing::hmac_sha512;
use crate::seal::{Context, ENTROPY, Kek, Kind, check_random, open, shut};

/// Chain family of these keys: secp256k1 with an Ethereum address.
pub const FAMILY: &str = "evm";

/// Random bytes that a new key takes.
pub const CREATE_ENTROPY: usize = 64;

/// Seal `key` for `owner` and `purpose`; the address is bound too.
///
/// # Errors
/// As [`crate::seal::seal`] and [`Context::new`].
pub fn seal_key(
    key: &Key,
    kek: &Kek,
    owner: &str,
    purpose: &str,
    entropy: &[u8; ENTROPY],
) -> Result<Vec<u8>, CoreError> {
    let address = key.address();
    let context = Context::new(owner, address.as_slice(), FAMILY, purpose)?;
    shut(Kind::SigningKey, key.secret(), kek, &context, entropy)
}

/// The key in `record`, which must be that of `address`.
///
/// # Errors
/// [`CoreError::Seal`] as [`crate::seal::unseal`], and when the key has another address.
pub fn unseal_key(
    curve: &Curve,
    record: &[u8],
    keks: &[Kek],
    owner: &str,
    purpose: &str,
    address: Address,
) -> Result<Key, CoreError> {
    let context = Context::new(owner, address.as_slice(), FAMILY, purpose)?;
    let opened = open(Kind::SigningKey, record, keks, &context)?;
    let mut secret = Zeroizing::new([0; 32]);
    if opened.len() != secret.len() {
        return Err(CoreError::seal("does not hold a key of 32 bytes"));
    }
    secret.copy_from_slice(&opened);
    let key = Key::new(curve, secret).map_err(|_| CoreError::seal("holds no key"))?;
    if key.address() != address {
        return Err(CoreError::seal("holds the key of another address"));
    }
    Ok(key)
}

/// A new key made of `entropy`, and its sealed record.
///
/// Key and sealing bytes are the halves of HMAC-SHA-512 of a label under `entropy`: the caller's bytes
/// are not the key's, though whoever keeps them can make it again.
///
/// # Errors
/// As [`seal_key`], and [`CoreError::Invalid`] for entropy of one repeated byte in either half, or
/// (once in 2^128) that is no key.
pub fn create_key(
    curve: &Curve,
    entropy: &[u8; CREATE_ENTROPY],
    kek: &Kek,
    owner: &str,
    purpose: &str,
) -> Result<(Key, Vec<u8>), CoreError> {
    for half in entropy.chunks(32) {
        check_random(half)?;
    }
    let made = hmac_sha512(entropy, &[b"vanta new key 1"]);
    let (own, sealing) = made.split_at(32);
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(own);
    let key = Key::new(curve, secret).map_err(|error| error.named("entropy"))?;
    let mut random = Zeroizing::new([0; ENTROPY]);
    random.copy_from_slice(sealing);
    let record = seal_key(&key, kek, owner, purpose, &random)?;
    Ok((key, record))
}
