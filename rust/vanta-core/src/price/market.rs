//! One market: its feeds, and what happens when one of them speaks.

use super::codes::Reject;
use super::config::AggregateConfig;
use super::feed::{ExpoTrial, Feed, FeedKind, Held, Instant, MAX_FEEDS, NEVER, Seen};
use super::gate::{Observation, Verdict, gates};
use super::machine::Machine;
use super::moves::Moves;
use super::settle::{Ground, Staged};
use super::survey::Scene;
use super::world::World;
use crate::error::CoreError;

/// Bounds and habits of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketSpec {
    /// Smallest believable price at scale 10^10.
    pub min_price_e10: i64,
    /// Largest believable price at scale 10^10.
    pub max_price_e10: i64,
    /// Whether the market has sessions; then silence about the session means closed.
    pub has_hours: bool,
    /// Largest confidence as a share of the price; 0 = the configured one.
    pub max_conf_e10: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub spec: MarketSpec,
    pub feeds: Vec<Feed>,
    pub machine: Machine,
    /// What is said since the latest instant.
    pub staged: Option<Staged>,
    /// What was accepted now is not combined yet; whether our clock was to blame when it came.
    pub due: Option<bool>,
    pub moves: Moves,
    has_primary: bool,
    pub has_push: bool,
    pub sources: [u16; MAX_FEEDS],
    /// Nothing changes by time alone before both of these.
    pub quiet_wall: i64,
    pub quiet_mono: i64,
}

impl Market {
    pub(crate) fn new(spec: MarketSpec, config: &AggregateConfig) -> Self {
        Self {
            spec,
            feeds: Vec::new(),
            machine: Machine::new(),
            staged: None,
            due: None,
            moves: Moves::new(config),
            has_primary: false,
            has_push: false,
            sources: [0; MAX_FEEDS],
            quiet_wall: NEVER,
            quiet_mono: NEVER,
        }
    }

    pub(crate) fn add_feed(&mut self, feed: Feed) -> Result<(), CoreError> {
        let (source, spec) = (feed.source, feed.spec);
        if self.feed_index(source).is_some() {
            return Err(CoreError::invalid(
                "source_ix",
                format!("{source} is declared already"),
            ));
        }
        if self.feeds.len() >= MAX_FEEDS {
            return Err(CoreError::invalid(
                "source_ix",
                format!("{source} is one more than the {MAX_FEEDS} feeds a market can have"),
            ));
        }
        let lead = self.feeds.iter().find(|feed| feed.leads);
        if spec.primary && lead.is_some_and(|feed| feed.spec.group != spec.group) {
            return Err(CoreError::invalid(
                "primary",
                "is another group already; a market has one primary group",
            ));
        }
        if let Some(slot) = self.sources.get_mut(self.feeds.len()) {
            *slot = source;
        }
        self.feeds.reserve_exact(1);
        self.feeds.push(feed);
        self.has_primary |= spec.primary;
        self.has_push |= spec.kind == FeedKind::Push;
        let leading = self
            .feeds
            .iter()
            .find(|feed| feed.spec.primary)
            .map(|feed| feed.spec.group);
        for feed in &mut self.feeds {
            feed.leads = Some(feed.spec.group) == leading;
        }
        self.wake();
        Ok(())
    }

    pub(crate) fn feed_index(&self, source: u16) -> Option<usize> {
        self.sources
            .iter()
            .take(self.feeds.len())
            .position(|known| *known == source)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let waiting = self.feeds.iter().map(|feed| {
            usize::from(feed.held.is_some()) * size_of::<Held>()
                + usize::from(feed.trial.is_some()) * size_of::<ExpoTrial>()
        });
        self.feeds.capacity() * size_of::<Feed>() + waiting.sum::<usize>()
    }

    /// Index of the source's feed if it is a push feed.
    pub(crate) fn push_index(&self, source: u16) -> Option<usize> {
        let index = self.feed_index(source)?;
        self.feeds.get(index).filter(|feed| feed.is_push())?;
        Some(index)
    }

    /// Look at time again at the next event: something other than an observation changed.
    pub(crate) fn wake(&mut self) {
        self.quiet_wall = NEVER;
        self.quiet_mono = NEVER;
    }

    /// Whether nothing can have changed by time alone.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        now.wall < self.quiet_wall && now.mono < self.quiet_mono
    }

    pub(crate) fn scene<'a>(
        &self,
        config: &'a AggregateConfig,
        world: &'a World,
        asked_wall: i64,
    ) -> Scene<'a> {
        Scene {
            config,
            world,
            has_hours: self.spec.has_hours,
            asked_wall,
        }
    }

    /// The machine, and the ground it moves on.
    pub(crate) fn parts<'a>(&'a mut self, scene: Scene<'a>) -> (&'a mut Machine, Ground<'a>) {
        let ground = Ground {
            feeds: &self.feeds,
            moves: &self.moves,
            has_primary: self.has_primary,
            has_push: self.has_push,
            scene,
        };
        (&mut self.machine, ground)
    }

    pub(crate) fn ground<'a>(&'a self, scene: Scene<'a>) -> Ground<'a> {
        Ground {
            feeds: &self.feeds,
            moves: &self.moves,
            has_primary: self.has_primary,
            has_push: self.has_push,
            scene,
        }
    }

    /// Offer one observation of the feed at `index`. With `more` to come at the same instant, what
    /// they say together may be left to [`Market::settle_due`].
    pub(crate) fn update(
        &mut self,
        index: usize,
        observation: &Observation,
        config: &AggregateConfig,
        world: &mut World,
        more: bool,
    ) -> Reject {
        let now = self.not_before(Instant {
            wall: observation.recv_wall_ns,
            mono: observation.recv_mono_ns,
        });
        let scene = self.scene(config, world, now.wall);
        self.advance(now, scene);
        let verdict = gates(&mut self.feeds, index, observation, now, &self.spec, scene);
        let (reject, seen) = match &verdict {
            Verdict::Accepted(seen) => (Reject::Accepted, Some(seen)),
            Verdict::Refused { reject, .. } => (*reject, None),
        };
        if let Some(feed) = self.feeds.get_mut(index)
            && reject != Reject::Malformed
        {
            feed.heard_mono = now.mono;
            // What was said before is a sign of life, but tells nothing about our clock.
            let old = matches!(reject, Reject::Duplicate | Reject::OutOfOrder);
            if !old && !feed.quarantined(now.mono) {
                world.hear(feed.source, now.mono, reject == Reject::Future, seen);
            }
        }
        let scene = self.scene(config, world, now.wall);
        match verdict {
            Verdict::Accepted(seen) => self.accept(index, seen, now, scene, more),
            Verdict::Refused { settles, .. } => {
                if !matches!(reject, Reject::Duplicate | Reject::OutOfOrder)
                    && self.feeds.get(index).is_some_and(|feed| feed.leads)
                {
                    // What was said before this refusal was said without it.
                    self.settle_due(config, world);
                    self.machine.break_return();
                    if let Some(staged) = &mut self.staged {
                        staged.by_primary = 0;
                    }
                }
                if settles {
                    self.stage(now, scene, None);
                }
            }
        }
        reject
    }

    fn accept(&mut self, index: usize, seen: Seen, now: Instant, scene: Scene<'_>, more: bool) {
        self.take(index, seen, now);
        self.confirm_held(index, now, scene);
        if more && self.leaves_all_in_peace(index, scene.config) {
            self.await_more(index, now, scene);
        } else {
            self.stage(now, scene, Some(index));
        }
    }
}
