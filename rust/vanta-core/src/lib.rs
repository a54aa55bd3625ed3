//! Pure trading core: money, prices, risk, triggers, encodings, transactions and keys.
//!
//! Nothing here does I/O, reads a clock, starts a thread or keeps a global: time is an argument and
//! every answer follows from the arguments and the book's own state. Expected outcomes (a refused
//! order) are values; only impossible arguments and overflow are [`CoreError`]s.
#![forbid(unsafe_code)]

pub mod abi;
pub mod ecdsa;
pub mod eip712;
pub mod error;
pub mod fees;
pub mod hashing;
pub mod keyring;
pub mod margin;
pub mod nonce;
pub mod price;
pub mod risk;
pub mod seal;
pub mod trigger;
pub mod tx;
pub mod units;
pub mod webhook;

pub use error::CoreError;
