//! Which nonce belongs to which intent, per wallet, and what became of it.
//!
//! Two live transactions of one intent under two nonces are a double fill, so every attempt of an
//! intent shares one nonce, and a nonce is given again only when it was never signed. The chain's
//! count is a floor and nothing else: it can be late, ahead or a lie, and what was handed out stays
//! handed out. The ledger holds hashes and fees; signed bytes stay in the database, written there
//! before the first of them leaves.
//!
//! ```text
//! reserve ──▶ signed ──▶ (database commit) ──▶ sent ──▶ confirm ──▶ confirm again once final
//!  lane.rs     lane.rs                         lane.rs   chain.rs    chain.rs
//!    └─ release (never signed): returned, given again lowest first, or filled when it is a gap
//! due.rs: what to look at now    restore.rs: the same lane after a crash    ledger.rs: all lanes
//! ```
//!
//! A FINAL slot is dropped, so that memory follows what is open and not what was ever sent: whether
//! its intent may act again is then the database's word, by the unique row of its order.
//!
//! A lane has one writer. Time is an argument, monotonic nanoseconds.

mod attempt;
mod chain;
mod config;
mod due;
mod lane;
mod ledger;
mod restore;
mod slot;

pub use attempt::{Attempt, OUTCOMES, Outcome, PURPOSES, Purpose};
pub use chain::{Confirmed, Counts, Receipt, Reorged, Synced};
pub use config::NonceConfig;
pub use due::{DUE_KINDS, Due, DueKind, Market};
pub use lane::{Hold, Lane, Reserve};
pub use ledger::{DueRow, LaneIx, NonceLedger};
pub use restore::{AttemptRow, LaneRow, Recovery, SlotRow};
pub use slot::{SLOT_STATES, SlotState, SlotView};

use crate::error::CoreError;

/// Largest nonce: what a `bigint` column holds, far below the protocol's 2^64 - 2.
pub const MAX_NONCE: u64 = i64::MAX.unsigned_abs();

/// A closed set of published names; each variant is known by its text across the border.
macro_rules! named {
    (
        $(#[$doc:meta])* $name:ident, $names:ident, $argument:literal, $count:literal,
        { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        #[doc = concat!("Published names of [`", stringify!($name), "`].")]
        pub const $names: [&str; $count] = [$($text),+];

        impl $name {
            /// Published name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The variant of a published name.
            ///
            /// # Errors
            /// `Invalid` for any other text.
            pub fn from_name(text: &str) -> Result<Self, $crate::error::CoreError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::nonce::unknown_name($argument, text, &$names)),
                }
            }
        }
    };
}
use named;

fn unknown_name(argument: &'static str, text: &str, names: &[&str]) -> CoreError {
    let shown: String = text.chars().take(40).collect();
    CoreError::invalid(
        argument,
        format!("{shown:?} is none of {}", names.join(", ")),
    )
}
