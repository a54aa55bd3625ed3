//! Secrets at rest: AES-256-GCM envelopes bound to their owner and purpose.
//!
//! ```text
//! record = version(1) ‖ algorithm(1) ‖ kek id(1 + n) ‖ kek version(4) ‖ wrapped dek(2 + n)
//!          ‖ nonce(12) ‖ ciphertext ‖ tag(16)                       integers big-endian
//! ```
//!
//! Every record has a data key (DEK) of its own; the DEK is wrapped by a key-encryption key (KEK)
//! that is named by id and version and chosen by them, never by trial: AES-GCM does not commit to a
//! key. Algorithm 1 wraps with a KEK held here, algorithm 2 keeps what a KMS wrapped, and the KMS
//! opens it first. The associated data bind who owns the secret, whose it is, and what it is for, so
//! that a record moved to another row does not open. Signing keys are sealed as another kind than
//! other secrets: only a keyring opens them, so that no call can hand one out.
//!
//! The core reads no entropy: the caller passes 32 random bytes for each record. Data key and nonces
//! are HMAC-SHA-512 of what is sealed under those bytes, so that the same bytes passed twice by
//! mistake still never encrypt two secrets with one key and nonce.

mod bound;
mod cipher;
mod envelope;
mod kek;
mod limits;
mod record;

pub use bound::Context;
pub(crate) use bound::Kind;
pub use envelope::{ENTROPY, info, rewrap, seal, unseal};
pub(crate) use envelope::{check_random, open, shut};
pub use kek::Kek;
pub use limits::{MAX_FIELD, MAX_SECRET, MAX_WRAPPED};
pub use record::{Algorithm, Info};
