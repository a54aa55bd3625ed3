//! What a market remembers between quotes: failover, breaker, last known good, divergence.
//!
//! The machine moves only at events and at the instants where time alone changes who may speak.
//! A quote moves a copy, so asking often or never leads to the same state.

use super::codes::{Breaker, Quality};
use super::combine::Combined;
use super::config::AggregateConfig;
use super::feed::NEVER;
use super::known::Known;
use super::moves::Moves;

/// Facts of one settling.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub config: &'a AggregateConfig,
    pub wall: i64,
    pub mono: i64,
    /// Observations accepted at this instant.
    pub accepted: i64,
    /// Those of the primary among them.
    pub by_primary: i64,
    pub moves: &'a Moves,
    pub divergence: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    pub settled_mono: i64,
    pub quality: Quality,
    /// The last price made was the primary's own.
    on_primary: bool,
    /// We left the primary and it may not lead yet.
    away: bool,
    return_since: i64,
    return_count: i64,
    conflict_since: i64,
    breaker: Breaker,
    opened_at: i64,
    good_run: i64,
    /// Some price was made: from now on its absence opens the breaker.
    armed: bool,
    pub good: Option<Known>,
    pub lone: Option<Known>,
    good_as_of: i64,
    /// The last price made, and until when it held: it may not have reached the window of moves.
    last_price: i64,
    pub last_mono: i64,
    gap: i64,
    gap_ewma: i64,
    gap_since: i64,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            settled_mono: NEVER,
            quality: Quality::None,
            on_primary: false,
            away: false,
            return_since: NEVER,
            return_count: 0,
            conflict_since: NEVER,
            breaker: Breaker::Closed,
            opened_at: NEVER,
            good_run: 0,
            armed: false,
            good: None,
            lone: None,
            good_as_of: 0,
            last_price: 0,
            last_mono: NEVER,
            gap: 0,
            gap_ewma: 0,
            gap_since: NEVER,
        }
    }

    pub(crate) fn breaker(&self) -> Breaker {
        self.breaker
    }

    /// Whether the primary was left and has not returned yet.
    pub(crate) fn is_away(&self) -> bool {
        self.away
    }

    /// Whether the primary must still prove itself at `mono`, given `more` updates just accepted.
    pub(crate) fn probation(&self, mono: i64, more: i64, config: &AggregateConfig) -> bool {
        self.away && mono < self.returns_at(mono, more, config)
    }

    /// When the primary may lead again if nothing else happens, `i64::MAX` without an end in sight,
    /// given `more` of its updates accepted at `mono`.
    pub(crate) fn returns_at(&self, mono: i64, more: i64, config: &AggregateConfig) -> i64 {
        if !self.away || self.return_count.saturating_add(more) < config.return_updates {
            return i64::MAX;
        }
        let since = if self.return_count == 0 {
            mono
        } else {
            self.return_since
        };
        since.saturating_add(config.return_after_ns)
    }

    /// Consecutive good updates of the primary start over.
    pub(crate) fn break_return(&mut self) {
        self.return_count = 0;
    }

    pub(crate) fn conflict_alarm(&self, mono: i64, config: &AggregateConfig) -> bool {
        self.conflict_since != NEVER
            && mono.saturating_sub(self.conflict_since) > config.breaker_conflict_ns
    }

    pub(crate) fn divergence_alarm(&self, mono: i64, config: &AggregateConfig) -> bool {
        self.gap_since != NEVER && mono.saturating_sub(self.gap_since) >= config.divergence_after_ns
    }

    pub(crate) fn divergence_e10(&self) -> i64 {
        self.gap_ewma
    }

    /// Whether the breaker is closed and nothing is on its way to open it.
    pub(crate) fn rests(&self) -> bool {
        self.breaker == Breaker::Closed && self.conflict_since == NEVER
    }

    /// The `as_of` to publish with `made`.
    pub(crate) fn published(&self, made: &Combined) -> i64 {
        if made.quality == Quality::Good && self.quality == Quality::Good {
            // A feed that joins late may be older than what was said before; the published
            // instant does not run backwards while the quality holds.
            return made.as_of.max(self.good_as_of);
        }
        made.as_of
    }

    /// Move to `step.mono` with what the market says then; returns the `as_of` to publish.
    pub(crate) fn settle(&mut self, made: &Combined, step: Step<'_>) -> i64 {
        self.prolong_known(step.mono);
        self.smooth_gap(made, step);
        self.step_breaker(made, step);
        self.step_failover(made, step);
        let as_of = self.published(made);
        if made.quality == Quality::Good {
            self.good_as_of = as_of;
        }
        if made.quality.has_price() {
            self.keep(made, as_of, step.wall, step.mono);
            self.armed = true;
            (self.last_price, self.last_mono) = (made.price, step.mono);
        }
        if made.quality == Quality::Conflict {
            // What a lone source said may have been the lie.
            self.lone = None;
        }
        self.quality = made.quality;
        self.settled_mono = step.mono;
        as_of
    }

    // Leave at once, return after a time and a number of good updates.
    fn step_failover(&mut self, made: &Combined, step: Step<'_>) {
        if !made.primary_agrees {
            self.return_count = 0;
        } else if self.away && step.by_primary > 0 {
            if self.return_count == 0 {
                self.return_since = step.mono;
            }
            self.return_count = self.return_count.saturating_add(step.by_primary);
        }
        if !made.quality.has_price() {
            return;
        }
        if made.from_primary {
            self.away = false;
            self.return_count = 0;
        } else if self.on_primary {
            self.away = true;
        }
        self.on_primary = made.from_primary;
    }

    // A price was made before, and now there is none.
    fn lost(&self, quality: Quality) -> bool {
        let none = matches!(
            quality,
            Quality::Stale | Quality::ClockSuspect | Quality::None
        );
        self.armed && none
    }

    fn half_open(&mut self, step: Step<'_>) {
        let term = step.config.breaker_open_ns;
        if self.breaker == Breaker::Open && step.mono.saturating_sub(self.opened_at) >= term {
            self.breaker = Breaker::HalfOpen;
            self.good_run = 0;
        }
    }

    fn step_breaker(&mut self, made: &Combined, step: Step<'_>) {
        let config = step.config;
        // The conflict, if any, lasted up to this instant.
        let mut since = step.mono;
        let mut cause = self.conflict_alarm(step.mono, config);
        if !cause && !self.lost(self.quality) {
            // Before this instant nothing held it open; its term may have ended unseen.
            self.half_open(step);
        }
        if cause {
            since = self
                .conflict_since
                .saturating_add(config.breaker_conflict_ns);
        }
        if made.quality == Quality::Conflict {
            if self.conflict_since == NEVER {
                self.conflict_since = step.mono;
            }
        } else {
            self.conflict_since = NEVER;
        }
        cause |= self.lost(made.quality);
        if made.quality.has_price() {
            let limit = if !made.quality.is_agreed() && made.used.count_ones() < 2 {
                Some(config.breaker_move_e10)
            } else if made.outliers != 0 {
                Some(config.breaker_contested_e10)
            } else {
                None
            };
            cause |= limit.is_some_and(|limit| {
                let last = (self.last_price, self.last_mono);
                step.moves.exceeds(made.price, step.mono, limit, last)
            });
        }
        if cause {
            if self.breaker != Breaker::Open {
                self.breaker = Breaker::Open;
                self.opened_at = since;
            }
            self.good_run = 0;
            return;
        }
        self.half_open(step);
        if self.breaker == Breaker::HalfOpen {
            self.good_run = if made.quality == Quality::Good {
                self.good_run.saturating_add(step.accepted)
            } else {
                0
            };
            if self.good_run >= config.breaker_good {
                self.breaker = Breaker::Closed;
            }
        }
    }

    // Time-weighted: the gap that held since the last settling counts for that long.
    fn smooth_gap(&mut self, made: &Combined, step: Step<'_>) {
        let config = step.config;
        if self.settled_mono != NEVER {
            // In microseconds, ten minutes at most: with gaps of at most 10^10 the product fits.
            let held = (step.mono.saturating_sub(self.settled_mono) / 1_000).clamp(0, 600_000_000);
            if held > 0 {
                let weight = held.saturating_add(config.divergence_tau_ns / 1_000);
                self.gap_ewma += (self.gap - self.gap_ewma) * held / weight;
            }
        }
        self.gap = if made.quality.has_price() || made.quality == Quality::Conflict {
            step.divergence
        } else {
            0
        };
        if self.gap_ewma <= config.divergence_e10 {
            self.gap_since = NEVER;
        } else if self.gap_since == NEVER {
            self.gap_since = step.mono;
        }
    }
}
