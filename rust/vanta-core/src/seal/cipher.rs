//! AES-256-GCM (SP 800-38D) over one buffer.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, Key, KeyInit, Nonce, Tag};
use zeroize::Zeroizing;

use crate::CoreError;

/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;
/// Bytes of a tag.
pub(super) const TAG: usize = 16;

/// Encrypt `buffer` in place; returns the tag.
pub(super) fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    bound: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG], CoreError> {
    Aes256Gcm::new(<&Key<Aes256Gcm>>::from(key))
        .encrypt_inout_detached(<&Nonce<_>>::from(nonce), bound, InOutBuf::from(buffer))
        .map(Into::into)
        .map_err(|_| CoreError::seal("is too long to seal"))
}

/// Decrypt a copy of `ciphertext`.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    bound: &[u8],
    ciphertext: &[u8],
    tag: &[u8; TAG],
) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    Aes256Gcm::new(<&Key<Aes256Gcm>>::from(key))
        .decrypt_inout_detached(
            <&Nonce<_>>::from(nonce),
            bound,
            InOutBuf::from(buffer.as_mut_slice()),
            <&Tag>::from(tag),
        )
        .map_err(|_| CoreError::seal("does not open: wrong key, wrong owner or tampered"))?;
    Ok(buffer)
}
