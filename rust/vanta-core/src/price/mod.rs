//! The price book: many sources, one price per market, and how far to trust it.
//!
//! ```text
//! update ─► gate.rs  eight gates, first failure is the answer (confirm.rs: jumps, exponents)
//!             └► peers.rs  what it means for the others
//!                  └► stage.rs  what is said now; once time went on ─► machine.rs  failover,
//!                               strikes, breaker, last known good
//! quote  ─► ask.rs  on a copy of the machine
//!
//! both: survey.rs  who may speak (two clocks, quarantine, session), world.rs  our own clock
//!       combine.rs  median, tolerance (claim.rs), majority
//! ```
//!
//! Two sources can detect a lie but not attribute it; `f` liars need `2 f + 1` fresh sources. Two
//! colluding sources out of three are followed: the jump guard, the breaker and the bounds limit
//! what that costs. Time is an argument: `wall` is compared with publish times, `mono` measures
//! waiting. A quote changes nothing, so the rate of asking has no influence.

mod ask;
mod book;
mod claim;
mod codes;
mod combine;
mod config;
mod confirm;
mod feed;
mod gate;
mod known;
mod machine;
mod market;
mod moves;
mod number;
mod peers;
mod quote;
mod settle;
mod stage;
mod survey;
#[cfg(test)]
mod together;
mod world;

pub use book::PriceBook;
pub use codes::{
    BREAKERS, Breaker, PRICE_REJECTS, QUALITIES, Quality, Reject, STANDINGS, Standing,
};
pub use config::AggregateConfig;
pub use feed::{FeedKind, FeedSpec, MAX_FEEDS};
pub use gate::Observation;
pub use market::MarketSpec;
pub use number::Number;
pub use quote::{Alarms, FeedAge, Quote};
