//! Standard Webhooks v1, symmetric: which live secret signed a delivery.
//!
//! The signature is HMAC-SHA-256 of `{id}.{timestamp}.{body}` in base64, one of the tokens of a
//! list. Everything but the secrets is public to whoever sent it, so malformed input is told apart
//! early; then every secret is computed and every token compared, in constant time, without an exit.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::CoreError;
use crate::hashing::hmac_sha256;

/// Most live secrets at once; a rotation has two.
pub const MAX_SECRETS: usize = 16;

/// Most tokens of a signature list, of any version: nobody buys hashing by the kilobyte.
pub const MAX_TOKENS: usize = 8;

const VERSION: &[u8] = b"v1,";
const TOKEN: usize = 44; // base64 of 32 bytes

/// One delivery as received: three headers and the raw body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// `webhook-id`.
    pub id: &'a [u8],
    /// `webhook-timestamp`; whether it is recent is the caller's to check.
    pub timestamp: &'a [u8],
    /// The bytes as received.
    pub body: &'a [u8],
    /// `webhook-signature`: tokens between white space.
    pub signature: &'a [u8],
}

/// The secrets that are live now, wiped when dropped.
#[derive(Clone)]
pub struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// 1 to [`MAX_SECRETS`] secrets of 24 to 64 bytes.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] for another count or length.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, CoreError> {
        let bad = |reason| CoreError::invalid("secrets", reason);
        let mut held = Vec::new();
        for secret in secrets {
            if !(24..=64).contains(&secret.len()) {
                let length = secret.len();
                return Err(bad(format!(
                    "has one of {length} bytes, must have 24 to 64"
                )));
            }
            held.push(Zeroizing::new(secret.to_vec()));
        }
        if held.is_empty() || held.len() > MAX_SECRETS {
            let count = held.len();
            return Err(bad(format!("has {count}, must have 1 to {MAX_SECRETS}")));
        }
        Ok(Self(held))
    }
}

/// Index of the first of `secrets` that signed `delivery`, -1 if none did.
///
/// Nothing signed a delivery whose id is not 8 to 64 of `A-Z a-z 0-9 _ -`, whose timestamp is not ten
/// digits, or whose list has more than [`MAX_TOKENS`] tokens; other versions and malformed or
/// non-canonical base64 are skipped.
#[must_use]
pub fn verify(secrets: &Secrets, delivery: &Delivery<'_>) -> i16 {
    let Some(tokens) = tokens(delivery) else {
        return -1;
    };
    let mut signer: i16 = -1;
    for (index, secret) in (0..).zip(&secrets.0) {
        let content = [delivery.id, b".", delivery.timestamp, b".", delivery.body];
        let expected = hmac_sha256(secret, &content);
        let mut found = Choice::from(0);
        for token in &tokens {
            found |= expected.as_slice().ct_eq(token);
        }
        found &= signer.ct_eq(&-1);
        signer.conditional_assign(&index, found);
    }
    signer
}

fn tokens(delivery: &Delivery<'_>) -> Option<Vec<[u8; 32]>> {
    let id_ok = (8..=64).contains(&delivery.id.len())
        && delivery
            .id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let timestamp_ok =
        delivery.timestamp.len() == 10 && delivery.timestamp.iter().all(u8::is_ascii_digit);
    if !id_ok || !timestamp_ok {
        return None;
    }
    let mut read = Vec::with_capacity(MAX_TOKENS);
    let parts = delivery
        .signature
        .split(|byte| matches!(byte, b' ' | 9..=13))
        .filter(|part| !part.is_empty());
    for (number, part) in parts.enumerate() {
        if number >= MAX_TOKENS {
            return None;
        }
        read.extend(part.strip_prefix(VERSION).and_then(digest_of));
    }
    (!read.is_empty()).then_some(read)
}

// Strict: one spelling of each value, as the sender's library writes it.
fn digest_of(text: &[u8]) -> Option<[u8; 32]> {
    let digits = text.strip_suffix(b"=").filter(|_| text.len() == TOKEN)?;
    let mut bytes = [0; 32];
    let mut places = bytes.iter_mut();
    let (mut held, mut bits) = (0u32, 0u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from(held >> bits).ok()?;
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(bytes)
}
