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

mod address;
mod batch;
mod der;
mod gas;
mod read;
pub mod rlp;
mod sign;
mod transaction;
mod write;

pub use address::{checksum, parse_address};
pub use batch::{Calls, Column, SignRows, sign_all};
pub use der::normalize_signature;
pub use gas::{GasPrices, IntrinsicGas, intrinsic_gas};
pub use read::{Decoded, read};
pub use sign::{Signed, assemble, authorize, sign};
pub use transaction::{
    AccessEntry, Authorization, Fees, MAX_NONCE, Shape, SignedAuthorization, Transaction,
};
