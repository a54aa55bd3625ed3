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

/// What a market says since an instant, not yet remembered: what holds for no time never was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged {
    pub at: Instant,
    pub made: Combined,
    pub divergence: i64,
    /// Observations accepted at that instant, and those of the primary among them.
    pub accepted: i64,
    pub by_primary: i64,
    /// Bit per outlier for whom this is the strike that shuts it out.
    pub shut_out: u16,
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
        let (staged, survey) = self.look(machine, now, accepted);
        let as_of = self.remember(machine, &staged);
        Settled {
            made: staged.made,
            survey,
            as_of,
        }
    }

    /// Combine what the feeds say at `now`.
    pub(crate) fn look(
        &self,
        machine: &Machine,
        now: Instant,
        (accepted, by_primary): (i64, i64),
    ) -> (Staged, Survey) {
        let survey = survey(self.feeds, now, self.scene);
        let staged = Staged {
            at: now,
            made: self.combine(machine, &survey, now, by_primary),
            divergence: divergence(survey.voices(), self.feeds),
            accepted,
            by_primary,
            shut_out: 0,
        };
        (staged, survey)
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
        let mut machine = *machine;
        machine.prolong_known(now.mono);
        let config = self.scene.config;
        let voices = seen.voices();
        if self
            .scene
            .world
            .clock_suspect(now, self.scene.asked_wall, config)
        {
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
            probation: machine.probation(now.mono, by_primary, config),
        };
        let made = combine(voices, panel);
        if voices.len() == 1 && machine.lone_jump(made.price, now.mono, config) {
            return Combined::nothing(Quality::Conflict);
        }
        made
    }
}
