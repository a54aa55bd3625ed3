//! A market in time: what is said since the latest instant is staged, and remembered once time
//! went on.

use super::config::AggregateConfig;
use super::feed::{Instant, NEVER, after};
use super::market::Market;
use super::peers::serve_freeze;
use super::survey::{Scene, next_change};
use super::world::World;

impl Market {
    // Catch up with `now`: what was staged before it held for a while, so it is remembered, and
    // time alone may have changed something since.
    pub(crate) fn advance(&mut self, now: Instant, scene: Scene<'_>) {
        if self.staged.is_some_and(|staged| staged.at.mono < now.mono) {
            self.remember_staged(scene);
        }
        if !self.is_quiet(now) {
            let (machine, ground) = self.parts(scene);
            ground.walk(machine, now);
        }
    }

    fn remember_staged(&mut self, scene: Scene<'_>) {
        if let Some(staged) = self.staged.take() {
            let (machine, ground) = self.parts(scene);
            ground.remember(machine, &staged);
            if staged.made.quality.has_price() {
                self.moves.record(staged.made.price, staged.at.mono);
            }
            if self.strike(staged.made.outliers, staged.at, scene.config) {
                self.wake();
            }
        }
    }

    pub(crate) fn stage(&mut self, now: Instant, scene: Scene<'_>, accepted: Option<usize>) {
        if self.has_push {
            self.watch_push(now, scene);
        }
        for feed in &mut self.feeds {
            serve_freeze(feed, now, scene);
        }
        let (mut all, mut by_primary) = self
            .staged
            .map_or((0, 0), |staged| (staged.accepted, staged.by_primary));
        if let Some(feed) = accepted.and_then(|index| self.feeds.get(index)) {
            all += 1;
            by_primary += i64::from(feed.leads);
        }
        let mut staged = self
            .ground(scene)
            .look(&self.machine, now, (all, by_primary));
        staged.shut_out = self.about_to_be_shut_out(staged.made.outliers, now, scene.config);
        self.staged = Some(staged);
        let frozen = accepted.is_some_and(|index| {
            staged.made.outliers.unbounded_shr(bit_of(index)) & 1 == 0
                && self.mark_left_behind(index, now, scene)
        });
        if frozen {
            self.wake();
            return;
        }
        let next = next_change(&self.feeds, now.mono, now, scene);
        self.quiet_mono = next;
        self.quiet_wall = next.saturating_add(now.offset());
    }

    /// Something other than an observation changed, at a time nobody told: say at the latest
    /// instant what holds now. `known_wall` is a wall time that has passed for sure.
    pub(crate) fn restage(
        &mut self,
        latest: Instant,
        known_wall: i64,
        config: &AggregateConfig,
        world: &World,
    ) {
        if self.latest_mono() == NEVER {
            return;
        }
        let mono = latest.mono.max(self.latest_mono());
        let now = Instant {
            wall: mono.saturating_add(latest.offset()),
            mono,
        };
        let scene = self.scene(config, world, known_wall.max(now.wall));
        self.advance(now, scene);
        self.remember_staged(scene);
        self.stage(now, scene, None);
    }

    /// The newest instant the market knows of; events are taken in the order they are offered.
    pub(crate) fn latest_mono(&self) -> i64 {
        self.staged
            .map_or(self.machine.settled_mono, |staged| staged.at.mono)
    }

    fn about_to_be_shut_out(&self, outliers: u16, now: Instant, config: &AggregateConfig) -> u16 {
        let mut shut_out = 0;
        if outliers != 0 {
            for (index, feed) in (0_u32..).zip(&self.feeds) {
                let bit = 1_u16.unbounded_shl(index);
                if outliers & bit != 0 && feed.next_strike_quarantines(now.mono, config) {
                    shut_out |= bit;
                }
            }
        }
        shut_out
    }

    fn strike(&mut self, outliers: u16, now: Instant, config: &AggregateConfig) -> bool {
        let mut shut_out = false;
        if outliers != 0 {
            for (index, feed) in (0_u32..).zip(&mut self.feeds) {
                if outliers.checked_shr(index).unwrap_or(0) & 1 == 1 {
                    shut_out |= feed.strike(now.mono, config);
                }
            }
        }
        shut_out
    }

    /// Refresh the currency clock of the push feed at `index`; false when it is no push feed.
    ///
    /// When the old head had run out before this one came, that moment is settled first, so that a
    /// lapse counts whether or not anybody asked in between. `latest` maps it to monotonic time.
    pub(crate) fn set_head(
        &mut self,
        index: usize,
        head: i64,
        latest: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> bool {
        let Some(feed) = self.feeds.get(index).filter(|feed| feed.is_push()) else {
            return false;
        };
        let lapse = after(feed.head, feed.head_limit);
        if feed.head != NEVER && lapse <= head {
            let at = Instant {
                wall: lapse,
                mono: lapse.saturating_sub(latest.offset()),
            };
            let scene = self.scene(config, world, at.wall);
            self.advance(at, scene);
        }
        if let Some(feed) = self.feeds.get_mut(index) {
            feed.head = head;
        }
        true
    }
}

fn bit_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
