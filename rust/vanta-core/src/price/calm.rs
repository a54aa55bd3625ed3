//! What a calm market remembers: the last price and the smoothed gap between its sources.

use super::config::AggregateConfig;
use super::feed::{Instant, NEVER};
use super::machine::smoothed;
use crate::units::E10;

/// The part of the machine that moves while a market is calm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calm {
    /// The last price remembered, which is good.
    pub price: i64,
    pub conf: i64,
    pub as_of: i64,
    pub mono: i64,
    /// Age of `as_of` at `mono`.
    pub age: i64,
    pub gap: i64,
    pub gap_ewma: i64,
    pub gap_since: i64,
}

impl Calm {
    /// What [`super::machine::Machine::settle`] does with a good price that nobody contests.
    pub(crate) fn remember(
        &mut self,
        (price, conf, as_of): (i64, i64, i64),
        at: Instant,
        spread: i64,
        config: &AggregateConfig,
    ) {
        self.gap_ewma = smoothed((self.gap_ewma, self.gap), self.mono, at.mono, config);
        self.gap = spread.min(E10);
        if self.gap_ewma <= config.divergence_e10 {
            self.gap_since = NEVER;
        } else if self.gap_since == NEVER {
            self.gap_since = at.mono;
        }
        (self.price, self.conf, self.as_of) = (price, conf, as_of);
        self.age = at.wall.saturating_sub(as_of).max(0);
        self.mono = at.mono;
    }
}
