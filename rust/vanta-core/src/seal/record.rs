//! The bytes of a record: written one way, read strictly.

use super::cipher::{NONCE, TAG};
use super::limits::{MAX_SECRET, MAX_WRAPPED, is_id};
use crate::CoreError;

const VERSION: u8 = 1;

/// Bytes of a DEK wrapped here: nonce, ciphertext, tag.
pub(super) const LOCAL_WRAPPED: usize = NONCE + 32 + TAG;

/// How the data key is wrapped; the secret itself is always under AES-256-GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// By AES-256-GCM under a KEK held here.
    Local,
    /// By a KMS.
    External,
}

impl Algorithm {
    fn code(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::External => 2,
        }
    }

    pub(super) fn name(self) -> &'static [u8] {
        match self {
            Self::Local => b"local",
            Self::External => b"external",
        }
    }
}

/// What a record says of itself to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// How the data key is wrapped.
    pub algorithm: Algorithm,
    /// Name of the KEK.
    pub kek_id: String,
    /// Version of the KEK.
    pub kek_version: u32,
    /// The wrapped data key, as a KMS takes it.
    pub wrapped_dek: Vec<u8>,
}

/// A record in its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kek_id: &'a str,
    pub(super) kek_version: u32,
    pub(super) wrapped: &'a [u8],
    pub(super) nonce: &'a [u8; NONCE],
    pub(super) ciphertext: &'a [u8],
    pub(super) tag: &'a [u8; TAG],
}

impl<'a> Parts<'a> {
    pub(super) fn read(record: &'a [u8]) -> Result<Self, CoreError> {
        let (version, rest) = byte(record)?;
        if version != VERSION {
            return Err(CoreError::seal(format!(
                "has version {version}, must have {VERSION}"
            )));
        }
        let (code, rest) = byte(rest)?;
        let algorithm = match code {
            1 => Algorithm::Local,
            2 => Algorithm::External,
            _ => {
                let reason = format!("has algorithm {code}, must have 1 or 2");
                return Err(CoreError::seal(reason));
            }
        };
        let (length, rest) = byte(rest)?;
        let (id, rest) = cut(rest, usize::from(length))?;
        let kek_id = str::from_utf8(id)
            .ok()
            .filter(|id| is_id(id.as_bytes()))
            .ok_or_else(|| CoreError::seal("names no printable key id"))?;
        let (kek_version, rest) = array::<4>(rest)?;
        let (length, rest) = array::<2>(rest)?;
        let (wrapped, rest) = cut(rest, usize::from(u16::from_be_bytes(*length)))?;
        let fits = match algorithm {
            Algorithm::Local => wrapped.len() == LOCAL_WRAPPED,
            Algorithm::External => (1..=MAX_WRAPPED).contains(&wrapped.len()),
        };
        if !fits {
            let reason = format!("has a wrapped data key of {} bytes", wrapped.len());
            return Err(CoreError::seal(reason));
        }
        let (nonce, rest) = array(rest)?;
        let (ciphertext, tag) = rest.split_last_chunk().ok_or_else(short)?;
        if ciphertext.is_empty() || ciphertext.len() > MAX_SECRET {
            let reason = format!(
                "holds {} bytes, must hold 1 to {MAX_SECRET}",
                ciphertext.len()
            );
            return Err(CoreError::seal(reason));
        }
        Ok(Self {
            algorithm,
            kek_id,
            kek_version: u32::from_be_bytes(*kek_version),
            wrapped,
            nonce,
            ciphertext,
            tag,
        })
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, CoreError> {
        let too_long = || CoreError::seal("has a field beyond its length");
        let id = u8::try_from(self.kek_id.len()).map_err(|_| too_long())?;
        let wrapped = u16::try_from(self.wrapped.len()).map_err(|_| too_long())?;
        let mut record = vec![VERSION, self.algorithm.code(), id];
        record.extend_from_slice(self.kek_id.as_bytes());
        record.extend_from_slice(&self.kek_version.to_be_bytes());
        record.extend_from_slice(&wrapped.to_be_bytes());
        record.extend_from_slice(self.wrapped);
        record.extend_from_slice(self.nonce);
        record.extend_from_slice(self.ciphertext);
        record.extend_from_slice(self.tag);
        Ok(record)
    }

    pub(super) fn info(&self) -> Info {
        Info {
            algorithm: self.algorithm,
            kek_id: self.kek_id.to_owned(),
            kek_version: self.kek_version,
            wrapped_dek: self.wrapped.to_vec(),
        }
    }
}

fn short() -> CoreError {
    CoreError::seal("ends too early")
}

fn byte(bytes: &[u8]) -> Result<(u8, &[u8]), CoreError> {
    let (first, rest) = bytes.split_first().ok_or_else(short)?;
    Ok((*first, rest))
}

fn cut(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), CoreError> {
    bytes.split_at_checked(length).ok_or_else(short)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), CoreError> {
    bytes.split_first_chunk().ok_or_else(short)
}
