//! Stops, limits and targets by price: a tick touches only what fires.
//!
//! A tick is compared with two numbers of its market, the nearest price above and below at which
//! anything fires or moves. Most ticks end there. What lies behind:
//!
//! ```text
//! book.rs    what arming, disarming and a tick do, in order
//! quiet.rs   the two numbers of a market
//! index.rs   id -> slot of a node
//! kind.rs    which way a kind looks, and what its arguments mean
//! heap.rs    leftist heaps of nodes in one slab: arm, disarm, fire, meld in O(log n), worst case
//! trail.rs   trailing stops: those with the same watermark share it, and new extremes meld them
//! marks.rs   the watermarks of a lane in order
//! ```
//!
//! A market has two lanes, what fires at or below the price and what fires at or above it. Within a
//! lane prices are mirrored so that a trigger always fires at `x >= key`, with `x` the price for the
//! upper and its negative for the lower lane.
//!
//! # What fires
//!
//! | kind | long | short | `level` | `distance` | `offset` |
//! | --- | --- | --- | --- | --- | --- |
//! | take profit | at or above | at or below | the level | 0 | 0 |
//! | stop loss, buffer | at or below | at or above | the level | 0 | 0 |
//! | limit (opens) | at or below | at or above | the level | 0 | 0 |
//! | trailing | at or below peak - distance | at or above trough + distance | first peak or trough | above 0 | 0 |
//! | break-even | at or below entry + offset | at or above entry - offset | entry | activation, above 0 | any below `distance` |
//!
//! An equal price fires. Break-even rests until a price has been at or beyond entry + distance (short:
//! entry - distance). Peaks and activations come from the prices the book is shown after arming, and
//! a price that moves one never fires the same trigger.
//!
//! # Order
//!
//! A tick fires all that it reaches, at once: first the lane at or below (highest level first), then
//! the lane at or above (lowest first), so in either lane the level nearest to where the price came
//! from is first; equal levels by id. Target and stop of one position are in the same answer when one
//! price reaches both. A fired trigger is gone: its id fires again only when it is armed again, in any
//! version, since the book forgets what fired. Whether it may be is the caller's to know.
//!
//! # After a restart
//!
//! The book keeps nothing. Plain levels are armed again from their rows. What a price has moved would
//! start from its first numbers again, and a stop that was closer would be further away, so its
//! place has to be stored while it runs:
//!
//! - trailing: arm with the stored best price as `level`. It is the last `level` of the book plus
//!   `distance` (short: minus); where the book tells none, the stop was beyond all prices.
//! - break-even: at rest (no level) as it was; once it has a level, as a stop loss at that level.

mod book;
mod heap;
mod index;
mod kind;
mod marks;
mod quiet;
mod trail;

pub use book::{Fired, QuoteRows, TriggerBook};
pub use kind::{Arming, TRIGGER_KINDS, TriggerKind};
