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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use alloy_primitives::hex;
    use rstest::rstest;

    use super::*;

    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, cases 13, 14 and 16.
    #[rstest]
    #[case::nothing("00", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b")]
    #[case::one_block(
        "00",
        "",
        "00000000000000000000000000000000",
        "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919"
    )]
    #[case::bound(
        "feffe9928665731c6d6a8f9467308308",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )]
    fn published_cases(
        #[case] half_key: &str,
        #[case] bound: &str,
        #[case] plain: &str,
        #[case] cipher: &str,
        #[case] tag: &str,
    ) {
        let mut key = [0; 32];
        let half = hex::decode(half_key).unwrap();
        let mut nonce = [0; NONCE];
        if half.len() == 16 {
            key = [half.clone(), half].concat().try_into().unwrap();
            nonce = hex!("cafebabefacedbaddecaf888");
        }
        let bound = hex::decode(bound).unwrap();
        let plain = hex::decode(plain).unwrap();
        let mut buffer = plain.clone();
        let made = encrypt(&key, &nonce, &bound, &mut buffer).unwrap();
        assert_eq!(
            (hex::encode(&buffer), hex::encode(made)),
            (cipher.into(), tag.into())
        );
        assert_eq!(
            *decrypt(&key, &nonce, &bound, &buffer, &made).unwrap(),
            plain
        );
        let mut other = made;
        other[15] ^= 1;
        assert!(decrypt(&key, &nonce, &bound, &buffer, &other).is_err());
    }
}
