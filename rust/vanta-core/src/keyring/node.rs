//! Keys derived along a path (BIP-32, secp256k1).

use std::fmt;

use ripemd::Ripemd160;
use secp256k1::{PublicKey, Scalar};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Key;
use super::key::scalar;
use super::mnemonic::Seed;
use crate::CoreError;
use crate::ecdsa::Curve;
use crate::hashing::hmac_sha512;

const HARDENED: u32 = 1 << 31;

/// Steps from the master key: `m/44'/60'/0'/0/0`, hardened by `'` or `h`, at most 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<u32>);

impl Path {
    /// Read the text form.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] naming the first step that is none.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let bad = |reason: String| CoreError::invalid("path", reason);
        let Some(steps) = text.strip_prefix('m') else {
            return Err(bad(String::from("must start with m")));
        };
        if steps.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(steps) = steps.strip_prefix('/') else {
            return Err(bad(String::from("must go on with / after m")));
        };
        let mut path = Vec::new();
        for (number, step) in steps.split('/').enumerate() {
            let hard = step.strip_suffix(['\'', 'h', 'H']);
            let digits = hard.unwrap_or(step);
            let plain = digits.len() <= 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let index = if plain {
                digits.parse::<u32>().ok()
            } else {
                None
            };
            match index {
                Some(index) if index < HARDENED && number < 255 => {
                    path.push(if hard.is_some() {
                        index | HARDENED
                    } else {
                        index
                    });
                }
                _ => {
                    let reason = format!(
                        "has a step {} that is no number below 2147483648, or beyond 255",
                        number.saturating_add(1)
                    );
                    return Err(bad(reason));
                }
            }
        }
        Ok(Self(path))
    }
}

/// A derived key with what deriving further takes. Key and chain code are wiped when it is dropped.
pub struct Node {
    secret: Zeroizing<[u8; 32]>,
    chain_code: Zeroizing<[u8; 32]>,
    public: [u8; 33],
    depth: u8,
    index: u32,
    parent: [u8; 4],
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node(depth {})", self.depth)
    }
}

impl Node {
    /// The node at `path` below the master key of `seed`.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] when a step yields no key (once in 2^127: take the next index).
    pub fn derive(curve: &Curve, seed: &Seed, path: &Path) -> Result<Self, CoreError> {
        let (secret, chain_code) = halves(b"Bitcoin seed", &[seed.bytes()]);
        let public = public_of(curve, &secret)?.serialize();
        let mut node = Self {
            secret,
            chain_code,
            public,
            depth: 0,
            index: 0,
            parent: [0; 4],
        };
        for index in &path.0 {
            node = node.child(curve, *index)?;
        }
        Ok(node)
    }

    fn child(&self, curve: &Curve, index: u32) -> Result<Self, CoreError> {
        let place = index.to_be_bytes();
        let (tweak, chain_code) = if index >= HARDENED {
            halves(
                self.chain_code.as_slice(),
                &[&[0], self.secret.as_slice(), &place],
            )
        } else {
            halves(self.chain_code.as_slice(), &[&self.public, &place])
        };
        let mut sum = Scalar::from_be_bytes(*tweak)
            .ok()
            .and_then(|tweak| scalar(&self.secret).ok()?.add_tweak(&tweak).ok())
            .ok_or_else(|| CoreError::invalid("path", "yields no key, take the next index"))?;
        let secret = Zeroizing::new(sum.secret_bytes());
        sum.non_secure_erase();
        let public = public_of(curve, &secret)?.serialize();
        Ok(Self {
            secret,
            chain_code,
            public,
            depth: self.depth.saturating_add(1),
            index,
            parent: self.fingerprint(),
        })
    }

    /// The key at this node.
    ///
    /// # Errors
    /// As [`Key::new`]; none in practice.
    pub fn key(&self, curve: &Curve) -> Result<Key, CoreError> {
        Key::new(curve, self.secret.clone())
    }

    /// Steps from the master key.
    #[must_use]
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// The last step; 2^31 and above are hardened.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Fingerprint of the node above, zeros at the master key.
    #[must_use]
    pub fn parent_fingerprint(&self) -> [u8; 4] {
        self.parent
    }

    /// First four bytes of RIPEMD-160 of SHA-256 of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 4] {
        let digest = Ripemd160::digest(Sha256::digest(self.public));
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// Public half of the derivation; together with a child's private key it yields this one's.
    #[must_use]
    pub fn chain_code(&self) -> &[u8; 32] {
        &self.chain_code
    }

    /// Public key, compressed.
    #[must_use]
    pub fn public_key(&self) -> [u8; 33] {
        self.public
    }
}

fn public_of(curve: &Curve, secret: &[u8; 32]) -> Result<PublicKey, CoreError> {
    let mut scalar = scalar(secret)?;
    let public = curve.public_key(&scalar);
    scalar.non_secure_erase();
    Ok(public)
}

type Half = Zeroizing<[u8; 32]>;

fn halves(key: &[u8], parts: &[&[u8]]) -> (Half, Half) {
    let made = hmac_sha512(key, parts);
    let mut left = Zeroizing::new([0; 32]);
    let mut right = Zeroizing::new([0; 32]);
    let (first, second) = made.split_at(32);
    left.copy_from_slice(first);
    right.copy_from_slice(second);
    (left, right)
}
