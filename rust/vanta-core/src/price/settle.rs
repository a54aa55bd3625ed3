//! Settling: what a market says at one instant, and what it remembers of it.

use super::codes::Quality;
use super::combine::{Combined, Panel, combine, divergence};
use super::feed::{Feed, Instant, MAX_FEEDS, NEVER};
use super::machine::{Machine, Step};
use super::moves::Moves;
use super::survey::{Scene, Survey, next_change, survey};

/// Everything a settling reads.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub feeds: &'a [Feed],
    pub moves: &'a Moves,
    pub has_primary: bool,
    pub scene: Scene<'a>,
}

/// Outcome of one settling.
pub(crate) struct Settled {
    pub made: Combined,
    pub survey: Survey,
    pub as_of: i64,
}

impl Ground<'_> {
    /// Settle at each instant up to `now` at which time alone changed who may speak.
    pub(crate) fn walk(&self, machine: &mut Machine, now: Instant) {
        if machine.settled_mono == NEVER {
            return;
        }
        // Each feed has at most five such instants.
        for _ in 0..5 * MAX_FEEDS {
            let at = next_change(self.feeds, machine.settled_mono, now, self.scene);
            if at > now.mono {
                return;
            }
            let instant = Instant {
                wall: at.saturating_add(now.offset()),
                mono: at,
            };
            self.settle(machine, instant, None);
        }
    }

    /// Combine what the feeds say at `now` and move the machine there; `accepted` is the feed
    /// whose observation was stored just now.
    pub(crate) fn settle(
        &self,
        machine: &mut Machine,
        now: Instant,
        accepted: Option<usize>,
    ) -> Settled {
        let config = self.scene.config;
        machine.prolong_known(now.mono);
        let seen = survey(self.feeds, now, self.scene);
        let made = self.combine(machine, &seen, now);
        let step = Step {
            config,
            wall: now.wall,
            mono: now.mono,
            accepted: accepted.is_some(),
            by_primary: accepted
                .and_then(|index| self.feeds.get(index))
                .is_some_and(|feed| feed.leads),
            moves: self.moves,
            divergence: divergence(seen.voices(), self.feeds),
        };
        let as_of = machine.settle(&made, step);
        Settled {
            made,
            survey: seen,
            as_of,
        }
    }

    fn combine(&self, machine: &Machine, seen: &Survey, now: Instant) -> Combined {
        let config = self.scene.config;
        let voices = seen.voices();
        if self.scene.world.clock_suspect(now, config) {
            return Combined::nothing(Quality::ClockSuspect);
        }
        if voices.is_empty() {
            return Combined::nothing(if seen.closed {
                Quality::Closed
            } else if machine.display(now.mono, config).is_some() {
                Quality::Stale
            } else {
                Quality::None
            });
        }
        let panel = Panel {
            feeds: self.feeds,
            config,
            has_primary: self.has_primary,
            probation: machine.probation(now.mono, config),
        };
        let made = combine(voices, panel);
        if voices.len() == 1 && machine.lone_jump(made.price, now.mono, config) {
            return Combined::nothing(Quality::Conflict);
        }
        made
    }
}
