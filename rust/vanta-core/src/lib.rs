//! Pure trading core: money units, prices, margin maths and the risk book.
//!
//! Nothing here does I/O, reads a clock, starts a thread or keeps a global: time is an argument and
//! every answer follows from the arguments and the book's own state. Expected outcomes (a refused
//! order) are values; only impossible arguments and overflow are [`CoreError`]s.
#![forbid(unsafe_code)]

pub mod error;
pub mod margin;
pub mod price;
pub mod risk;
pub mod units;

pub use error::CoreError;
