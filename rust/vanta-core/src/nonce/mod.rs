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
//! # What the caller owes
//!
//! The ledger keeps its promises to a caller that keeps these, in this order:
//!
//! 1. *One writer.* The caller holds the lease of the wallet, and each transaction below checks it.
//! 2. *Write first.* `reserve`, then one database transaction with the slot's row and the lane's;
//!    `signed`, then one with the attempt's row and the raw bytes; only then may a byte leave. When a
//!    transaction fails, drop the ledger and `restore` it from the rows. The same for every bump,
//!    cancel and filler. Nothing signed is ever released, only closed by a no-op.
//! 3. *Deadline.* Looked at before `reserve`, before an original or a bump is signed, and before a
//!    SEND: a held or restored lane can hand out bytes hours later. When it has passed: `release` if
//!    unsigned, else sign a cancel and go on asking about every hash; what is mined decides.
//! 4. *Tell what the nodes said*: `accepted` or `known` when one took or had it; `refused` only when
//!    all refuse and none can take the same bytes later (underpriced, dead payload). No funds, a full
//!    pool, a nonce too low or too high, a time-out, an unknown text: `unknown`. No funds: `hold` too.
//! 5. *A receipt counts when its block hash is that of the sealed block at its height.* A
//!    preconfirmation is never told. A receipt of anybody who used one of our nonces is told, found by
//!    FIND. `Confirmed` is told once: the lane's and slot's rows, losers included, are written with
//!    what follows from it.
//! 6. *Counts*: the highest that enough nodes agree on, `latest` of sealed blocks, never `pending`.
//!    In a round: headers first; `reorg` from the lowest vanished block; then `sync`; then receipts
//!    *read after that*, since a receipt read before the finalized count would be FINAL too early;
//!    then `due`. Reserve only after the `sync` that follows a `reorg`.
//! 7. *After a crash*: check the chain id; `restore` every lane at fresh counts; compare the block hash
//!    of every settled row with the sealed block's and `reorg` from the lowest that differs, since
//!    blocks can vanish while nobody looks; `sync`; do the work; only then `reserve`.
//! 8. *A hold is written* when `held` changes and lifted by a person: `resume` with the count of now.
//!
//! BUMP and REPLACE name the highest price ever signed; what the price may be is asked of `fees`. If
//! it says to send the same bytes, nothing is signed. A bump of a no-op is signed as a no-op.
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
mod told;

pub use attempt::{Attempt, OUTCOMES, Outcome, PURPOSES, Purpose};
pub use chain::{Confirmed, Reorged, Synced};
pub use config::NonceConfig;
pub use due::{DUE_KINDS, Due, DueKind, Market};
pub use lane::{Hold, Lane, Reserve};
pub use ledger::{DueRow, LaneIx, NonceLedger};
pub use restore::{AttemptRow, LaneRow, Recovery, SlotRow};
pub use slot::{SLOT_STATES, SlotState, SlotView};
pub use told::{Counts, Receipt};

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
