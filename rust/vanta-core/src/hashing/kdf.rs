//! Keys made of passwords, with a ceiling on what they may cost.

use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::CoreError;

/// Most iterations of PBKDF2: some seconds. Wallets write 262 144, today's advice is 600 000.
pub const MAX_ITERATIONS: u32 = 10_000_000;

/// Most bytes of a derived key.
pub const MAX_KEY_LEN: usize = 128;

/// Most N · r · p of scrypt: 512 MiB (128 · N · r) and some seconds. Wallets write 2^21.
pub const MAX_SCRYPT_WORK: u64 = 1 << 22;

/// PBKDF2 (RFC 8018) over an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pbkdf2 {
    sha512: bool,
    iterations: u32,
}

impl Pbkdf2 {
    /// Over HMAC-SHA-256.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] for more than [`MAX_ITERATIONS`] or none.
    pub fn sha256(iterations: u64) -> Result<Self, CoreError> {
        Self::new(false, iterations)
    }

    /// Over HMAC-SHA-512.
    ///
    /// # Errors
    /// As [`Pbkdf2::sha256`].
    pub fn sha512(iterations: u64) -> Result<Self, CoreError> {
        Self::new(true, iterations)
    }

    fn new(sha512: bool, iterations: u64) -> Result<Self, CoreError> {
        let checked = u32::try_from(iterations)
            .ok()
            .filter(|count| (1..=MAX_ITERATIONS).contains(count));
        match checked {
            Some(iterations) => Ok(Self { sha512, iterations }),
            None => Err(out_of_range(
                "iterations",
                iterations,
                1,
                u64::from(MAX_ITERATIONS),
            )),
        }
    }

    /// Derive `length` bytes.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] for a length outside of 1..=[`MAX_KEY_LEN`].
    pub fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let mut key = blank(length)?;
        if self.sha512 {
            pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, self.iterations, &mut key);
        } else {
            pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, self.iterations, &mut key);
        }
        Ok(key)
    }
}

/// scrypt (RFC 7914). Its working memory is freed, but not wiped, by the crate that does it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scrypt(scrypt::Params);

impl Scrypt {
    /// With cost `n` (a power of two), block size `r`, parallelism `p`.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] when `n` is no power of two above 1; [`CoreError::OutOfRange`] when
    /// n · r · p is above [`MAX_SCRYPT_WORK`], or `r` or `p` is zero.
    pub fn new(n: u64, r: u64, p: u64) -> Result<Self, CoreError> {
        if !n.is_power_of_two() || n < 2 {
            let reason = format!("{n} must be a power of two, at least 2");
            return Err(CoreError::invalid("n", reason));
        }
        let work = n.checked_mul(r).and_then(|work| work.checked_mul(p));
        let work = work.filter(|work| (1..=MAX_SCRYPT_WORK).contains(work));
        let params = work.and_then(|_| {
            let log_n = u8::try_from(n.trailing_zeros()).ok()?;
            scrypt::Params::new(log_n, u32::try_from(r).ok()?, u32::try_from(p).ok()?).ok()
        });
        params.map(Self).ok_or_else(|| {
            let reason = format!("{n} with r = {r}, p = {p}: n * r * p must be within 1..={MAX_SCRYPT_WORK}, and n below 2 ** (16 * r)");
            CoreError::invalid("n", reason)
        })
    }

    /// Derive `length` bytes.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] for a length outside of 1..=[`MAX_KEY_LEN`].
    pub fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let mut key = blank(length)?;
        scrypt::scrypt(password, salt, &self.0, &mut key)
            .map_err(|_| CoreError::invalid("length", "does not fit scrypt"))?;
        Ok(key)
    }
}

fn blank(length: usize) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    if length == 0 || length > MAX_KEY_LEN {
        let given = u64::try_from(length).unwrap_or(u64::MAX);
        return Err(out_of_range("length", given, 1, 128));
    }
    Ok(Zeroizing::new(vec![0; length]))
}

fn out_of_range(name: &'static str, value: u64, min: u64, max: u64) -> CoreError {
    CoreError::OutOfRange {
        name,
        value: i128::from(value),
        min: i128::from(min),
        max: i128::from(max),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use alloy_primitives::hex;
    use rstest::rstest;

    use super::*;

    // RFC 7914, sections 11 and 12.
    #[test]
    fn published_keys() {
        let key = Pbkdf2::sha256(1)
            .unwrap()
            .derive(b"passwd", b"salt", 64)
            .unwrap();
        assert_eq!(
            key.as_slice(),
            hex!(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc
                 49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            )
        );
        let key = Scrypt::new(1024, 8, 16)
            .unwrap()
            .derive(b"password", b"NaCl", 64)
            .unwrap();
        assert_eq!(
            key.as_slice(),
            hex!(
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
                 2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            )
        );
    }

    #[rstest]
    #[case::none(0, false)]
    #[case::one(1, true)]
    #[case::limit(10_000_000, true)]
    #[case::above(10_000_001, false)]
    #[case::far_above(u64::MAX, false)]
    fn iterations(#[case] count: u64, #[case] good: bool) {
        assert_eq!(Pbkdf2::sha256(count).is_ok(), good);
        assert_eq!(Pbkdf2::sha512(count).is_ok(), good);
    }

    #[rstest]
    #[case::smallest(2, 1, 1, true)]
    #[case::one(1, 1, 1, false)]
    #[case::zero(0, 1, 1, false)]
    #[case::no_power(3, 1, 1, false)]
    #[case::limit(1 << 19, 8, 1, true)]
    #[case::above(1 << 19, 8, 2, false)]
    #[case::no_blocks(2, 0, 1, false)]
    #[case::no_lanes(2, 1, 0, false)]
    #[case::overflow(1 << 63, 1 << 63, 1 << 63, false)]
    #[case::wrapping_to_small(1 << 32, 1 << 32, 1, false)]
    fn costs(#[case] n: u64, #[case] r: u64, #[case] p: u64, #[case] good: bool) {
        assert_eq!(Scrypt::new(n, r, p).is_ok(), good);
    }

    #[rstest]
    #[case(0, false)]
    #[case(1, true)]
    #[case(128, true)]
    #[case(129, false)]
    fn lengths(#[case] length: usize, #[case] good: bool) {
        assert_eq!(
            Pbkdf2::sha256(1).unwrap().derive(b"", b"", length).is_ok(),
            good
        );
        assert_eq!(
            Scrypt::new(2, 1, 1)
                .unwrap()
                .derive(b"", b"", length)
                .is_ok(),
            good
        );
    }
}
