//! Keys that sign: unsealed or imported, used and wiped in here; outside only handles are seen.
//!
//! ```text
//! record ── sealed ──┐
//! keystore, crowdsale ├─▶ Key ──▶ Keyring (handle) ──▶ signature
//! mnemonic ─▶ node ───┘              └─▶ sealed record
//! ```
//!
//! What is wiped: the bytes of every key, data key, seed, chain code and decrypted wallet held in
//! these types, when they are dropped. What is not proven: copies the compiler leaves on the stack or
//! in registers, the working memory of PBKDF2 and scrypt, and what Python passed in as `bytes`: raw
//! keys, phrases, passwords and entropy stay in Python's memory until it reuses that.

mod key;
mod keystore;
mod mnemonic;
mod node;
mod ring;
mod sealed;

pub use key::Key;
pub use keystore::{MAX_JSON, open_wallet};
pub use mnemonic::{DEFAULT_PATH, Seed};
pub use node::{Node, Path};
pub use ring::Keyring;
pub use sealed::{CREATE_ENTROPY, FAMILY, create_key, seal_key, unseal_key};
