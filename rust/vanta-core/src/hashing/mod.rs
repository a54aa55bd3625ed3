//! Digests, keyed digests and keys made of passwords, each by the name it has in wallet files.
//!
//! The imports of wallets, the seals and the webhook door stand on these, and the vectors of other
//! projects are checked through them. The algorithms are those of well-kept crates; here are their
//! names and their limits: a wallet file from a stranger must not eat all memory.

mod digest;
mod kdf;

pub use digest::{HashKind, MacKind};
pub(crate) use digest::{hmac_sha256, hmac_sha512};
pub use kdf::{MAX_ITERATIONS, MAX_KEY_LEN, MAX_SCRYPT_WORK, Pbkdf2, Scrypt};
