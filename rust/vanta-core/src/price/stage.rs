//! A market in time: what is said since the latest instant is staged, and remembered once time
//! went on.

use super::config::AggregateConfig;
use super::feed::{Instant, NEVER};
use super::market::Market;
use super::peers::serve_freeze;
use super::settle::Staged;
use super::survey::{Scene, next_change};
use super::world::World;

impl Market {
    // Catch up with `now`: what was staged before it held for a while, so it is remembered, and
    // time alone may have changed something since.
    pub(crate) fn advance(&mut self, now: Instant, scene: Scene<'_>) {
        if let Some(staged) = &self.staged {
            if staged.at.mono >= now.mono {
                // The time up to now was walked before anything was said now.
                return;
            }
            self.settle_due(scene.config, scene.world);
            self.remember_staged(scene);
        }
        if !self.is_quiet(now) {
            let (machine, ground) = self.parts(scene);
            ground.walk(machine, now);
        }
    }

    fn remember_staged(&mut self, scene: Scene<'_>) {
        let Some(staged) = self.staged.take() else {
            return;
        };
        let (machine, ground) = self.parts(scene);
        ground.remember(machine, &staged);
        if staged.made.quality.has_price() {
            self.moves.record(staged.made.price, staged.at.mono);
        }
        if staged.made.outliers != 0 && self.strike(staged.made.outliers, staged.at, scene.config) {
            // From the next moment on the others speak without it.
            let (machine, ground) = self.parts(scene);
            ground.settle(machine, staged.at.next(), (0, 0));
            self.wake();
        }
    }

    /// Count an accepted observation whose meaning is worked out with the next ones of its instant.
    pub(crate) fn await_more(&mut self, index: usize, now: Instant, scene: Scene<'_>) {
        let asked_wall = scene.asked_wall.max(now.wall);
        let leads = self.feeds.get(index).is_some_and(|feed| feed.leads);
        let staged = self
            .staged
            .get_or_insert_with(|| Staged::awaited(now, asked_wall));
        (staged.at, staged.asked_wall) = (now, asked_wall);
        staged.heard = scene.world.heard();
        staged.accepted += 1;
        staged.by_primary += i64::from(leads);
        self.due = Some(
            scene
                .world
                .clock_suspect(now, scene.asked_wall, scene.config),
        );
    }

    /// Work out what the observations accepted last say together: exactly what staging each of them
    /// would have led to, for none of them left a peer behind.
    pub(crate) fn settle_due(&mut self, config: &AggregateConfig, world: &World) {
        let (Some(suspect), Some(staged)) = (self.due.take(), self.staged) else {
            return;
        };
        let scene = self.scene(config, world, staged.asked_wall);
        let counts = (staged.accepted, staged.by_primary);
        let mut made = self
            .ground(scene)
            .look_when(suspect, &self.machine, staged.at, counts);
        // Judged by the world as it was then.
        made.heard = staged.heard;
        self.say(made, scene);
    }

    pub(crate) fn stage(&mut self, now: Instant, scene: Scene<'_>, accepted: Option<usize>) {
        self.due = None;
        if self.has_push {
            self.watch_push(now, scene);
        }
        for feed in &mut self.feeds {
            serve_freeze(feed, now, scene);
        }
        let (mut all, mut by_primary) = self
            .staged
            .as_ref()
            .map_or((0, 0), |staged| (staged.accepted, staged.by_primary));
        if let Some(feed) = accepted.and_then(|index| self.feeds.get(index)) {
            all += 1;
            by_primary += i64::from(feed.leads);
        }
        let counts = (all, by_primary);
        let mut staged = self.ground(scene).look(&self.machine, now, counts);
        let left_behind = accepted.is_some_and(|index| {
            staged.made.outliers.unbounded_shr(bit_of(index)) & 1 == 0
                && self.mark_left_behind(index, now, scene)
        });
        if left_behind {
            staged = self.look_again(now, scene, counts);
        }
        self.say(staged, scene);
    }

    // From now on, and for how long nothing changes by time alone.
    fn say(&mut self, mut staged: Staged, scene: Scene<'_>) {
        let now = staged.at;
        staged.shuts_out = self.shuts_out(staged.made.outliers, now, scene.config);
        self.staged = Some(staged);
        let returns = self
            .machine
            .returns_at(now.mono, staged.by_primary, scene.config);
        let next = next_change(&self.feeds, now.mono, now, scene).min(returns);
        self.quiet_mono = next;
        self.quiet_wall = next.saturating_add(now.offset());
    }

    /// Settle what held until `now`, before something other than an observation changes.
    pub(crate) fn catch_up(&mut self, now: Instant, config: &AggregateConfig, world: &World) {
        if self.latest_mono() != NEVER {
            let now = self.not_before(now);
            self.advance(now, self.scene(config, world, now.wall));
        }
    }

    /// Say what holds from `now` on, after something other than an observation changed.
    pub(crate) fn restage(&mut self, now: Instant, config: &AggregateConfig, world: &World) {
        if self.latest_mono() != NEVER {
            let now = self.not_before(now);
            self.stage(now, self.scene(config, world, now.wall), None);
        }
    }

    /// `now`, no earlier than what was said: the monotonic clock does not run back.
    pub(crate) fn not_before(&self, now: Instant) -> Instant {
        Instant {
            wall: now.wall,
            mono: now.mono.max(self.latest_mono()),
        }
    }

    /// The newest instant the market knows of; events are taken in the order they are offered.
    pub(crate) fn latest_mono(&self) -> i64 {
        let staged = self.staged.as_ref();
        staged.map_or(self.machine.settled_mono, |staged| staged.at.mono)
    }

    // Whoever is frozen by what was said has no part in it. Rare, and kept out of the usual way.
    #[cold]
    fn look_again(&self, now: Instant, scene: Scene<'_>, counts: (i64, i64)) -> Staged {
        self.ground(scene).look(&self.machine, now, counts)
    }

    // Whether a strike that is due shuts somebody out.
    fn shuts_out(&self, outliers: u16, now: Instant, config: &AggregateConfig) -> bool {
        outliers != 0
            && (0_u32..).zip(&self.feeds).any(|(index, feed)| {
                outliers.unbounded_shr(index) & 1 == 1
                    && feed.next_strike_quarantines(now.mono, config)
            })
    }

    fn strike(&mut self, outliers: u16, now: Instant, config: &AggregateConfig) -> bool {
        let mut shut_out = false;
        for (index, feed) in (0_u32..).zip(&mut self.feeds) {
            if outliers.unbounded_shr(index) & 1 == 1 {
                shut_out |= feed.strike(now.mono, config);
            }
        }
        shut_out
    }
}

fn bit_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
