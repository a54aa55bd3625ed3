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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    // The example of the specification.
    const SECRET: &[u8] =
        b"\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0";
    const OTHER: &[u8] = b"twenty-four bytes at all";
    const GOOD: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const WRONG: &str = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";

    fn signer(id: &str, timestamp: &str, body: &str, signature: &str, secrets: &[&[u8]]) -> i16 {
        let delivery = Delivery {
            id: id.as_bytes(),
            timestamp: timestamp.as_bytes(),
            body: body.as_bytes(),
            signature: signature.as_bytes(),
        };
        verify(&Secrets::new(secrets.iter().copied()).unwrap(), &delivery)
    }

    fn example(signature: &str, secrets: &[&[u8]]) -> i16 {
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        signer(
            id,
            "1614265330",
            r#"{"test": 2432232314}"#,
            signature,
            secrets,
        )
    }

    #[test]
    fn the_first_secret_that_signed_is_told() {
        assert_eq!(example(GOOD, &[SECRET]), 0);
        assert_eq!(example(GOOD, &[OTHER, SECRET]), 1);
        assert_eq!(example(GOOD, &[SECRET, SECRET]), 0);
        assert_eq!(example(GOOD, &[OTHER]), -1);
        assert_eq!(example(WRONG, &[SECRET]), -1);
        assert_eq!(
            example(&format!("{WRONG} v1a,x junk  {GOOD}"), &[SECRET]),
            0
        );
    }

    #[rstest]
    #[case::nothing("", -1)]
    #[case::no_version("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1)]
    #[case::other_version("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1)]
    #[case::no_padding("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", -1)]
    #[case::padded_twice("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O==", -1)]
    #[case::not_canonical("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", -1)]
    #[case::url_alphabet("v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1)]
    #[case::eight("a a a a a a a v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0)]
    #[case::nine(
        "a a a a a a a a v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        -1
    )]
    fn tokens_of_the_list(#[case] signature: &str, #[case] expected: i16) {
        assert_eq!(example(signature, &[SECRET]), expected);
    }

    #[rstest]
    #[case::short_id("msg_p5j", "1614265330")]
    #[case::dot_in_id("msg_p5jX.8AQM9", "1614265330")]
    #[case::nine_digits("msg_p5jXN8AQM9", "161426533")]
    #[case::eleven_digits("msg_p5jXN8AQM9", "16142653300")]
    #[case::sign("msg_p5jXN8AQM9", "+161426533")]
    fn nobody_signed_what_is_malformed(#[case] id: &str, #[case] timestamp: &str) {
        let content = format!("{id}.{timestamp}.body");
        let mac = hmac_sha256(SECRET, &[content.as_bytes()]);
        let signature = format!("v1,{}", base64(&*mac));
        assert_eq!(signer(id, timestamp, "body", &signature, &[SECRET]), -1);
    }

    #[test]
    fn counts_and_lengths_of_secrets() {
        for (length, good) in [(23, false), (24, true), (64, true), (65, false)] {
            let secret = vec![1; length];
            assert_eq!(Secrets::new([secret.as_slice()]).is_ok(), good);
        }
        for (count, good) in [(0, false), (1, true), (16, true), (17, false)] {
            assert_eq!(Secrets::new(vec![SECRET; count]).is_ok(), good);
        }
        let shown = format!("{:?}", Secrets::new([SECRET]).unwrap());
        assert_eq!(shown, "Secrets(1)");
    }

    fn base64(bytes: &[u8]) -> String {
        let alphabet: Vec<char> = ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain("+/".chars())
            .collect();
        let bits: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
            .collect();
        let mut text: String = bits
            .chunks(6)
            .map(|six| {
                (0..6).fold(0, |value, at| {
                    value << 1 | usize::from(six.get(at).copied().unwrap_or(0))
                })
            })
            .map(|value| alphabet.get(value).copied().unwrap())
            .collect();
        text.push('=');
        text
    }

    proptest! {
        #[test]
        fn every_digest_is_read_as_it_was_written(digest: [u8; 32]) {
            prop_assert_eq!(digest_of(base64(&digest).as_bytes()), Some(digest));
        }

        #[test]
        fn one_changed_byte_is_refused(body in "[a-z]{1,50}", at: prop::sample::Index) {
            let mac = hmac_sha256(SECRET, &[b"identifier.1614265330.", body.as_bytes()]);
            let signature = format!("v1,{}", base64(&*mac));
            prop_assert_eq!(signer("identifier", "1614265330", &body, &signature, &[SECRET]), 0);
            let place = at.index(body.len());
            let other: String = body
                .char_indices()
                .map(|(index, letter)| if index == place { '!' } else { letter })
                .collect();
            prop_assert_eq!(signer("identifier", "1614265330", &other, &signature, &[SECRET]), -1);
        }
    }
}
