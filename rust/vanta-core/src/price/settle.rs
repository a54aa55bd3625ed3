//! Settling: what a market says at one instant, and what it remembers of it.

use super::codes::{Quality, Standing};
use super::combine::{Combined, Panel, combine, divergence};
use super::feed::{Feed, Instant, MAX_FEEDS, NEVER};
use super::machine::{Machine, Step};
use super::moves::Moves;
use super::survey::{Scene, Survey, next_change, survey};
use crate::units::E10;

/// Everything a settling reads.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub feeds: &'a [Feed],
    pub moves: &'a Moves,
    pub has_primary: bool,
    pub has_push: bool,
    pub scene: Scene<'a>,
}

/// What a market says since an instant, not yet remembered: what holds for no time never was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged {
    pub at: Instant,
    /// Wall time that had passed for sure when it was made.
    pub asked_wall: i64,
    pub made: Combined,
    pub divergence: i64,
    pub standings: [Standing; MAX_FEEDS],
    /// One voice alone: what it is worth changes with time.
    pub alone: bool,
    /// Observations accepted at that instant, and those of the primary among them.
    pub accepted: i64,
    pub by_primary: i64,
    /// For some outlier this is the strike that shuts it out.
    pub shuts_out: bool,
    /// What had been heard of the world when it was made.
    pub heard: u64,
}

/// Outcome of one settling.
pub(crate) struct Settled {
    pub made: Combined,
    pub standings: [Standing; MAX_FEEDS],
    pub as_of: i64,
}

impl Staged {
    /// Observations were accepted at `now`; what they say together is not worked out yet.
    pub(crate) fn awaited(now: Instant, asked_wall: i64) -> Self {
        Self {
            at: now,
            asked_wall,
            made: Combined::nothing(Quality::None),
            divergence: 0,
            standings: [Standing::Stale; MAX_FEEDS],
            alone: false,
            accepted: 0,
            by_primary: 0,
            shuts_out: false,
            heard: 0,
        }
    }
}

impl Ground<'_> {
    /// Settle at each instant up to `now` at which time alone changed who may speak.
    pub(crate) fn walk(&self, machine: &mut Machine, now: Instant) {
        if machine.settled_mono == NEVER {
            return;
        }
        // Each feed has at most seven such instants, and each may end a return of the primary.
        for _ in 0..8 * MAX_FEEDS {
            let since = machine.settled_mono;
            let mut at = next_change(self.feeds, since, now, self.scene);
            let returns = machine.returns_at(since, 0, self.scene.config);
            if returns > since {
                at = at.min(returns);
            }
            if at > now.mono {
                return;
            }
            let instant = Instant {
                wall: at.saturating_add(now.offset()),
                mono: at,
            };
            self.settle(machine, instant, (0, 0));
        }
    }

    /// Combine what the feeds say at `now` and move the machine there, with the numbers of
    /// observations accepted by anybody and by the primary.
    pub(crate) fn settle(
        &self,
        machine: &mut Machine,
        now: Instant,
        accepted: (i64, i64),
    ) -> Settled {
        let staged = self.look(machine, now, accepted);
        let as_of = self.remember(machine, &staged);
        Settled {
            made: staged.made,
            standings: staged.standings,
            as_of,
        }
    }

    /// Combine what the feeds say at `now`.
    pub(crate) fn look(&self, machine: &Machine, now: Instant, counts: (i64, i64)) -> Staged {
        let (world, config) = (self.scene.world, self.scene.config);
        let suspect = world.clock_suspect(now, self.scene.asked_wall, config);
        self.look_when(suspect, machine, now, counts)
    }

    /// As [`Ground::look`], where it is known whether our clock is to blame.
    pub(crate) fn look_when(
        &self,
        clock_suspect: bool,
        machine: &Machine,
        now: Instant,
        (accepted, by_primary): (i64, i64),
    ) -> Staged {
        let survey = survey(self.feeds, now, self.scene);
        let made = if clock_suspect {
            Combined::nothing(Quality::ClockSuspect)
        } else {
            self.combine(machine, &survey, now, by_primary)
        };
        Staged {
            at: now,
            asked_wall: self.scene.asked_wall.max(now.wall),
            divergence: if self.has_push || made.spread == 0 {
                divergence(survey.voices(), self.feeds)
            } else {
                made.spread.min(E10)
            },
            made,
            standings: survey.standings,
            alone: survey.voices().len() == 1,
            accepted,
            by_primary,
            shuts_out: false,
            heard: self.scene.world.heard(),
        }
    }

    /// Move the machine to what was staged; returns the `as_of` to publish.
    pub(crate) fn remember(&self, machine: &mut Machine, staged: &Staged) -> i64 {
        let step = Step {
            config: self.scene.config,
            wall: staged.at.wall,
            mono: staged.at.mono,
            accepted: staged.accepted,
            by_primary: staged.by_primary,
            moves: self.moves,
            divergence: staged.divergence,
        };
        machine.settle(&staged.made, step)
    }

    fn combine(&self, machine: &Machine, seen: &Survey, now: Instant, by_primary: i64) -> Combined {
        let config = self.scene.config;
        let voices = seen.voices();
        if voices.is_empty() {
            return Combined::nothing(if seen.closed {
                Quality::Closed
            } else if machine.knows(now.mono, config) {
                Quality::Stale
            } else {
                Quality::None
            });
        }
        let panel = Panel {
            feeds: self.feeds,
            config,
            has_primary: self.has_primary,
            probation: machine.probation(now.mono, by_primary, config),
        };
        let made = combine(voices, panel);
        if voices.len() == 1 && machine.lone_jump(made.price, now.mono, config) {
            return Combined::nothing(Quality::Conflict);
        }
        made
    }
}
