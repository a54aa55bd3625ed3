//! Plain and keyed digests.

use hmac::{Hmac, KeyInit, Mac};
use ripemd::Ripemd160;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::CoreError;

/// A digest without a key. Keccak-256 is alloy's and is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-256 (FIPS 180-4), 32 bytes.
    Sha256,
    /// SHA-512 (FIPS 180-4), 64 bytes.
    Sha512,
    /// RIPEMD-160, 20 bytes: the fingerprints of BIP-32.
    Ripemd160,
}

impl HashKind {
    /// Read `sha256`, `sha512` or `ripemd160`.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another name.
    pub fn from_name(name: &str) -> Result<Self, CoreError> {
        match name {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            "ripemd160" => Ok(Self::Ripemd160),
            _ => Err(unknown("sha256, sha512, ripemd160")),
        }
    }

    /// Digest of `data`.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
            Self::Ripemd160 => Ripemd160::digest(data).to_vec(),
        }
    }
}

/// HMAC (RFC 2104) over a member of SHA-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacKind {
    /// HMAC-SHA-224, 28 bytes.
    Sha224,
    /// HMAC-SHA-256, 32 bytes.
    Sha256,
    /// HMAC-SHA-384, 48 bytes.
    Sha384,
    /// HMAC-SHA-512, 64 bytes.
    Sha512,
}

impl MacKind {
    /// Read `sha224`, `sha256`, `sha384` or `sha512`.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another name.
    pub fn from_name(name: &str) -> Result<Self, CoreError> {
        match name {
            "sha224" => Ok(Self::Sha224),
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            _ => Err(unknown("sha224, sha256, sha384, sha512")),
        }
    }

    /// HMAC of `data` under `key`, which may have any length.
    #[must_use]
    pub fn mac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha224 => mac::<Hmac<Sha224>>(key, &[data]),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, &[data]),
            Self::Sha384 => mac::<Hmac<Sha384>>(key, &[data]),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, &[data]),
        }
    }
}

// The name is not repeated: a caller who swaps the arguments passes a secret here.
fn unknown(known: &str) -> CoreError {
    CoreError::invalid("algorithm", format!("is none of {known}"))
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA-256 of the joined `parts`.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    wiped::<Hmac<Sha256>, 32>(key, parts)
}

/// HMAC-SHA-512 of the joined `parts`.
pub(crate) fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    wiped::<Hmac<Sha512>, 64>(key, parts)
}

fn wiped<M: Mac + KeyInit, const N: usize>(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let made = Zeroizing::new(mac::<M>(key, parts));
    let mut out = Zeroizing::new([0; N]);
    out.copy_from_slice(&made);
    out
}
