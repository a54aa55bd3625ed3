//! Phrases of words (BIP-39) to a seed. The ten official lists are known; the language is not asked
//! for, since the seed hangs on the words alone.

use std::fmt;

use bip39::{Error, Language, Mnemonic};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::CoreError;
use crate::hashing::Pbkdf2;

/// Where wallets keep their first Ethereum account (BIP-44).
pub const DEFAULT_PATH: &str = "m/44'/60'/0'/0/0";

/// Most bytes of a phrase or passphrase.
const MAX_TEXT: usize = 2_048;
const ITERATIONS: u64 = 2_048;

/// The 64 bytes a phrase stands for. They are wiped when it is dropped.
pub struct Seed(Zeroizing<Vec<u8>>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// Read 12, 15, 18, 21 or 24 words of one list, UTF-8 in any normal form, and a passphrase
    /// (empty for none): PBKDF2-HMAC-SHA-512 of the NFKD forms, 2048 iterations.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] about `phrase` for another count, a word of no list or a wrong
    /// checksum, and about either for text that is not UTF-8 or beyond 2048 bytes.
    pub fn from_phrase(phrase: &[u8], passphrase: &[u8]) -> Result<Self, CoreError> {
        let phrase = normal("phrase", phrase)?;
        let mut words = Zeroizing::new(String::with_capacity(phrase.len()));
        for word in phrase.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        check(&words)?;
        let passphrase = normal("passphrase", passphrase)?;
        let mut salt = Zeroizing::new(Vec::with_capacity(8 + passphrase.len()));
        salt.extend_from_slice(b"mnemonic");
        salt.extend_from_slice(passphrase.as_bytes());
        let seed = Pbkdf2::sha512(ITERATIONS)?.derive(words.as_bytes(), &salt, 64)?;
        Ok(Self(seed))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn check(words: &str) -> Result<(), CoreError> {
    let mut known = 0;
    let mut checksum = false;
    for language in Language::ALL {
        match Mnemonic::parse_in_normalized(*language, words) {
            Ok(_) => return Ok(()),
            Err(Error::UnknownWord(index)) => known = known.max(index),
            Err(Error::BadWordCount(count)) => {
                let reason = format!("has {count} words, must have 12, 15, 18, 21 or 24");
                return Err(CoreError::invalid("phrase", reason));
            }
            Err(_) => checksum = true,
        }
    }
    let reason = if checksum {
        String::from("has a wrong checksum: a word is wrong or out of place")
    } else {
        format!(
            "has a word {} that its list does not hold",
            known.saturating_add(1)
        )
    };
    Err(CoreError::invalid("phrase", reason))
}

fn normal(name: &'static str, given: &[u8]) -> Result<Zeroizing<String>, CoreError> {
    if given.len() > MAX_TEXT {
        let reason = format!("has {} bytes, the limit is {MAX_TEXT}", given.len());
        return Err(CoreError::invalid(name, reason));
    }
    let text = str::from_utf8(given).map_err(|_| CoreError::invalid(name, "is not UTF-8"))?;
    // Room for the longest decomposition, so that growing leaves no copies behind.
    let mut normal = Zeroizing::new(String::with_capacity(given.len().saturating_mul(18)));
    normal.extend(text.nfkd());
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use rstest::rstest;
    use sha2::{Digest, Sha256};

    use super::*;

    // SHA-256 of the files of bitcoin/bips, folder bip-0039: the crate's lists are the official ones.
    #[rstest]
    #[case(
        Language::SimplifiedChinese,
        "5c5942792bd8340cb8b27cd592f1015edf56a8c5b26276ee18a482428e7c5726"
    )]
    #[case(
        Language::TraditionalChinese,
        "417b26b3d8500a4ae3d59717d7011952db6fc2fb84b807f3f94ac734e89c1b5f"
    )]
    #[case(
        Language::Czech,
        "7e80e161c3e93d9554c2efb78d4e3cebf8fc727e9c52e03b83b94406bdcc95fc"
    )]
    #[case(
        Language::English,
        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    )]
    #[case(
        Language::French,
        "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59"
    )]
    #[case(
        Language::Italian,
        "d392c49fdb700a24cd1fceb237c1f65dcc128f6b34a8aacb58b59384b5c648c2"
    )]
    #[case(
        Language::Japanese,
        "2eed0aef492291e061633d7ad8117f1a2b03eb80a29d0e4e3117ac2528d05ffd"
    )]
    #[case(
        Language::Korean,
        "9e95f86c167de88f450f0aaf89e87f6624a57f973c67b516e338e8e8b8897f60"
    )]
    #[case(
        Language::Portuguese,
        "2685e9c194c82ae67e10ba59d9ea5345a23dc093e92276fc5361f6667d79cd3f"
    )]
    #[case(
        Language::Spanish,
        "46846a5a0139d1e3cb77293e521c2865f7bcdb82c44e8d0a06a2cd0ecba48c0b"
    )]
    fn the_lists_are_the_official_ones(#[case] language: Language, #[case] sum: &str) {
        let mut digest = Sha256::new();
        for word in language.word_list() {
            digest.update(word.as_bytes());
            digest.update(b"\n");
        }
        assert_eq!(hex::encode(digest.finalize()), sum);
        assert_eq!(Language::ALL.len(), 10);
    }
}
