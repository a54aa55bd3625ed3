//! The last known good price: shown when there is none, and the measure of a lone source.

use super::combine::Combined;
use super::config::AggregateConfig;
use super::machine::Machine;
use super::number::{jump_limit, within};

/// A price kept for display and as the reference of the jump guard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub price: i64,
    pub conf: i64,
    pub as_of: i64,
    /// Until when it was good.
    pub mono: i64,
    /// Age at `mono`.
    pub age: i64,
}

impl Machine {
    /// Last known good for display, `None` once it is too old. Without one, the last price of a
    /// lone source serves, unless a conflict has shown since that it may have been a lie.
    pub(crate) fn display(&self, mono: i64, config: &AggregateConfig) -> Option<Known> {
        let shown = |known: &Known| mono.saturating_sub(known.mono) <= config.display_ns;
        self.good.filter(shown).or(self.lone.filter(shown))
    }

    /// Whether there is anything to display at `mono`.
    pub(crate) fn knows(&self, mono: i64, config: &AggregateConfig) -> bool {
        self.quality.has_price() || self.display(mono, config).is_some()
    }

    // What was said last held up to this instant, else time would have been settled in between.
    pub(crate) fn prolong_known(&mut self, mono: i64) {
        if self.quality.has_price() {
            self.last_mono = mono;
        }
        let known = if self.quality.is_agreed() {
            &mut self.good
        } else if self.quality.has_price() {
            &mut self.lone
        } else {
            return;
        };
        if let Some(known) = known {
            known.age = known.age.saturating_add(mono.saturating_sub(known.mono));
            known.mono = mono;
        }
    }

    /// The jump guard of a lone source: against the last price that two sources agreed on.
    pub(crate) fn lone_jump(&self, price: i64, mono: i64, config: &AggregateConfig) -> bool {
        let Some(good) = self.good else { return false };
        // While two sources agree, what they say is news.
        let elapsed = if self.quality.is_agreed() {
            0
        } else {
            mono.saturating_sub(good.mono)
        };
        if elapsed > config.display_ns {
            return false;
        }
        let limit = jump_limit(
            elapsed,
            config.jump_base_e10,
            config.jump_slope_e10,
            config.jump_cap_e10,
        );
        !within(price, good.price, good.price, limit)
    }

    /// Keep a price that was made just now.
    pub(crate) fn keep(&mut self, made: &Combined, as_of: i64, wall: i64, mono: i64) {
        let known = Known {
            price: made.price,
            conf: made.conf,
            as_of,
            mono,
            age: wall.saturating_sub(as_of).max(0),
        };
        if made.quality.is_agreed() {
            self.good = Some(known);
        } else {
            self.lone = Some(known);
        }
    }
}
