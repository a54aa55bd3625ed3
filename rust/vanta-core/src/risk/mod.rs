//! The risk book: who may open what, now.
//!
//! ```text
//! OpenRequest ─► figures ─► rules ─► RiskVerdict        book.rs orders the steps
//!   (market)    (figures)  (rules)   all failures       check: only the verdict
//!   (account)   (account)  (opens)   nearest size       admit: reserves cash, counts the open
//!                                                       apply_fill / release: ends the reservation
//! ```
//!
//! Only opens pass through here: reducing and closing are never refused by a limit. Time is an
//! argument; windows, days and resets follow from it. A value equal to its limit passes.

mod account;
mod batch;
mod book;
mod figures;
mod nearest;
mod opens;
mod policies;
mod quick;
mod refuse;
mod reservations;
mod rows;
mod rules;
mod tables;

pub use account::{Account, Exposure, Limits, Position, UserState};
pub use book::{FillUpdate, RiskBook};
pub use figures::{Figures, Market, OpenRequest};
pub use rows::{Admission, Admissions, OpenRows};
pub use rules::{Failure, RULES, RiskVerdict, Rule};
