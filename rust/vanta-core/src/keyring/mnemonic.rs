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
