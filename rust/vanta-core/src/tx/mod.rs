//! Transactions: what is hashed and signed, what goes to the network, what others sent.
//!
//! ```text
//! Transaction ── write ──▶ preimage ── keccak ──▶ signing hash ── key or KMS ──▶ Signature
//!      ▲                                                                          │
//!      └── read ◀── raw bytes ◀──────────────── assemble ◀────────────────────────┘
//! ```
//!
//! Types 2 (EIP-1559) and 4 (EIP-7702) are what Vanta sends; 0, 1 and 3 exist to read what others
//! send. What is read is written back to the same bytes: nothing but the one canonical encoding is
//! accepted.

mod sign;
mod transaction;
mod write;

pub use sign::{Signed, assemble, authorize, sign};
pub use transaction::{
    AccessEntry, Authorization, Fees, MAX_NONCE, Shape, SignedAuthorization, Transaction,
};
