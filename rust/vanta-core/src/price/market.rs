//! One market: its feeds, what happens when one speaks, and its quote.

use super::codes::{Quality, Reject, Standing};
use super::combine::{Combined, Panel, combine, divergence};
use super::config::AggregateConfig;
use super::feed::{Feed, FeedSpec, Instant, MAX_FEEDS, NEVER, Seen};
use super::gate::{Observation, Verdict, gates};
use super::machine::{Machine, Moves, Step};
use super::number::within;
use super::quote::{Alarms, Quote};
use super::survey::{Conditions, Scene, Survey, next_change, standing, survey};
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
    machine: Machine,
    moves: Moves,
    has_primary: bool,
    sources: [u16; MAX_FEEDS],
    /// Nothing changes by time alone before both of these.
    quiet_wall: i64,
    quiet_mono: i64,
}

/// Outcome of settling a market at one instant.
struct Settled {
    made: Combined,
    survey: Survey,
    as_of: i64,
}

impl Market {
    pub(crate) fn new(spec: MarketSpec, config: &AggregateConfig) -> Self {
        Self {
            spec,
            feeds: Vec::with_capacity(MAX_FEEDS),
            machine: Machine::new(),
            moves: Moves::new(config),
            has_primary: false,
            sources: [0; MAX_FEEDS],
            quiet_wall: NEVER,
            quiet_mono: NEVER,
        }
    }

    pub(crate) fn add_feed(
        &mut self,
        source: u16,
        spec: FeedSpec,
        config: &AggregateConfig,
    ) -> Result<(), CoreError> {
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
        self.feeds.push(Feed::new(source, spec, config));
        self.has_primary |= spec.primary;
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

    /// Look at time again at the next event: something other than an observation changed.
    pub(crate) fn wake(&mut self) {
        self.quiet_wall = NEVER;
        self.quiet_mono = NEVER;
    }

    fn scene<'a>(&self, config: &'a AggregateConfig, conditions: &'a Conditions) -> Scene<'a> {
        Scene {
            config,
            conditions,
            has_hours: self.spec.has_hours,
        }
    }

    /// Offer one observation of the feed at `index`.
    pub(crate) fn update(
        &mut self,
        index: usize,
        observation: &Observation,
        config: &AggregateConfig,
        conditions: &Conditions,
    ) -> Reject {
        let now = Instant {
            wall: observation.recv_wall_ns,
            // Events are taken in the order in which they are offered.
            mono: observation.recv_mono_ns.max(self.machine.settled_mono),
        };
        let scene = self.scene(config, conditions);
        self.advance(now, scene);
        let verdict = gates(&mut self.feeds, index, observation, now, &self.spec, scene);
        let reject = match &verdict {
            Verdict::Accepted(_) => Reject::Accepted,
            Verdict::Refused { reject, .. } => *reject,
        };
        if let Some(feed) = self.feeds.get_mut(index)
            && reject != Reject::Malformed
        {
            feed.heard_mono = now.mono;
            feed.heard_future = reject == Reject::Future;
        }
        match verdict {
            Verdict::Accepted(seen) => self.accept(index, seen, now, scene),
            Verdict::Refused { settles, .. } => {
                if self.feeds.get(index).is_some_and(|feed| feed.leads)
                    && !matches!(reject, Reject::Duplicate | Reject::OutOfOrder)
                {
                    self.machine.break_return();
                }
                if settles {
                    self.settle_event(now, scene, None);
                }
            }
        }
        reject
    }

    fn accept(&mut self, index: usize, seen: Seen, now: Instant, scene: Scene<'_>) {
        self.take(index, seen, now, scene);
        self.confirm_held(index, now, scene);
        self.settle_event(now, scene, Some(index));
    }

    // Store, and remember where the peers stand relative to this change.
    fn take(&mut self, index: usize, seen: Seen, now: Instant, scene: Scene<'_>) {
        let mut peers = [0_i64; MAX_FEEDS];
        for (slot, feed) in peers.iter_mut().zip(&self.feeds) {
            *slot = feed.last.map_or(0, |last| last.price);
        }
        let Some(feed) = self.feeds.get_mut(index) else {
            return;
        };
        if feed.store(seen) {
            feed.peers_then = peers;
        }
        let group = feed.spec.group;
        if standing(feed, now, scene) != Standing::Fresh {
            return;
        }
        // The reference is where this peer was when the other feed last changed.
        for other in &mut self.feeds {
            if other.spec.group == group || other.peer_moved || other.is_push() {
                continue;
            }
            let Some(then) = other.peers_then.get_mut(index) else {
                continue;
            };
            if *then == 0 {
                *then = seen.price;
            } else if !within(seen.price, *then, *then, scene.config.frozen_move_e10) {
                other.peer_moved = true;
            }
        }
    }

    // A jump that was held is confirmed by this feed's word: whoever came first, both count.
    fn confirm_held(&mut self, index: usize, now: Instant, scene: Scene<'_>) {
        let Some(speaker) = self.feeds.get(index) else {
            return;
        };
        if !self.feeds.iter().any(|feed| feed.held.is_some())
            || standing(speaker, now, scene) != Standing::Fresh
        {
            return;
        }
        let Some(word) = speaker.last else { return };
        let speaker = speaker.clone();
        for other in 0..self.feeds.len() {
            let confirmed = self.feeds.get(other).and_then(|feed| {
                let held = feed.held?.seen;
                let tolerance = super::combine::pair_tolerance(&speaker, feed, scene.config);
                let low = word.price.min(held.price);
                let alive = now.mono <= held.stale_mono;
                (alive
                    && feed.spec.group != speaker.spec.group
                    && within(word.price, held.price, low, tolerance))
                .then_some(held)
            });
            if let Some(held) = confirmed {
                self.take(other, held, now, scene);
            }
        }
    }

    // Walk through the instants at which time alone changed who may speak.
    fn advance(&mut self, now: Instant, scene: Scene<'_>) {
        if self.feeds.iter().any(|feed| feed.lapsed && feed.leads) {
            self.machine.leave_primary();
        }
        if now.wall < self.quiet_wall && now.mono < self.quiet_mono {
            return;
        }
        for feed in &mut self.feeds {
            feed.lapsed = false;
        }
        Self::walk(
            &self.feeds,
            &mut self.machine,
            &self.moves,
            self.has_primary,
            now,
            scene,
        );
    }

    fn walk(
        feeds: &[Feed],
        machine: &mut Machine,
        moves: &Moves,
        has_primary: bool,
        now: Instant,
        scene: Scene<'_>,
    ) {
        // Each feed has at most five such instants.
        for _ in 0..5 * MAX_FEEDS {
            let at = next_change(feeds, machine.settled_mono, now, scene);
            if at > now.mono || machine.settled_mono == NEVER {
                return;
            }
            let instant = Instant {
                wall: at.saturating_add(now.offset()),
                mono: at,
            };
            settle(feeds, machine, moves, has_primary, instant, scene, None);
        }
    }

    fn settle_event(&mut self, now: Instant, scene: Scene<'_>, accepted: Option<usize>) {
        self.watch_push(now, scene);
        for feed in &mut self.feeds {
            serve_freeze(feed, now, scene);
        }
        let before = self.machine;
        let mut done = settle(
            &self.feeds,
            &mut self.machine,
            &self.moves,
            self.has_primary,
            now,
            scene,
            accepted,
        );
        if accepted.is_some() && self.strike(done.made.outliers, now, scene.config) {
            // Somebody was shut out: settle again without that voice.
            self.machine = before;
            done = settle(
                &self.feeds,
                &mut self.machine,
                &self.moves,
                self.has_primary,
                now,
                scene,
                accepted,
            );
        }
        if done.made.quality.has_price() {
            self.moves.record(done.made.price, now.mono);
        }
        let next = next_change(&self.feeds, now.mono, now, scene);
        self.quiet_mono = next;
        self.quiet_wall = next.saturating_add(now.offset());
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

    // A push feed may lag by its threshold, not more, as long as any fresh peer is that near.
    fn watch_push(&mut self, now: Instant, scene: Scene<'_>) {
        for index in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get(index).filter(|feed| feed.is_push()) else {
                continue;
            };
            let Some(seen) = feed.last else { continue };
            let limit = feed
                .spec
                .deviation_e10
                .saturating_add(scene.config.frozen_move_e10);
            let mut peers = self
                .feeds
                .iter()
                .filter(|peer| peer.spec.group != feed.spec.group)
                .filter(|peer| standing(peer, now, scene) == Standing::Fresh)
                .filter_map(|peer| peer.last)
                .peekable();
            let beyond = peers.peek().is_some()
                && peers.all(|peer| !within(peer.price, seen.price, seen.price, limit));
            if let Some(feed) = self.feeds.get_mut(index) {
                if !beyond {
                    feed.beyond_since = NEVER;
                } else if feed.beyond_since == NEVER {
                    feed.beyond_since = now.mono;
                }
            }
        }
    }

    /// The market's quote at `now`; moves nothing.
    pub(crate) fn quote(
        &self,
        market: u16,
        now: Instant,
        config: &AggregateConfig,
        conditions: &Conditions,
    ) -> Quote {
        let scene = self.scene(config, conditions);
        let mut machine = self.machine;
        let now = Instant {
            wall: now.wall,
            mono: now.mono.max(machine.settled_mono),
        };
        if self.feeds.iter().any(|feed| feed.lapsed && feed.leads) {
            machine.leave_primary();
        }
        if now.wall >= self.quiet_wall || now.mono >= self.quiet_mono {
            Self::walk(
                &self.feeds,
                &mut machine,
                &self.moves,
                self.has_primary,
                now,
                scene,
            );
        }
        let done = settle(
            &self.feeds,
            &mut machine,
            &self.moves,
            self.has_primary,
            now,
            scene,
            None,
        );
        let made = done.made;
        let mut standings = done.survey.standings;
        for (index, slot) in (0_u32..).zip(standings.iter_mut()) {
            if made.outliers.checked_shr(index).unwrap_or(0) & 1 == 1 {
                *slot = Standing::Outlier;
            }
        }
        let mut quote = Quote {
            market,
            price_e10: made.price,
            conf_e10: made.conf,
            quality: made.quality,
            breaker: machine.breaker(),
            as_of_ns: done.as_of,
            valid_until_ns: made.valid_until,
            age_ns: now.wall.saturating_sub(done.as_of).max(0),
            spread_e10: made.spread,
            config_version: config.version,
            used: made.used,
            sources: self.sources,
            standings,
            feeds: u8::try_from(self.feeds.len()).unwrap_or(0),
        };
        if !made.quality.has_price() {
            quote.used = 0;
            quote.valid_until_ns = 0;
            quote.age_ns = 0;
            if let Some(known) = machine.display(now.mono, config) {
                quote.price_e10 = known.price;
                quote.conf_e10 = known.conf;
                quote.as_of_ns = known.as_of;
                let passed = now
                    .mono
                    .saturating_sub(known.mono)
                    .saturating_add(known.age);
                quote.age_ns = passed.max(now.wall.saturating_sub(known.as_of));
            }
        }
        quote
    }

    /// Alarms that are due at `now`: a lasting conflict, a lasting divergence.
    pub(crate) fn alarms(
        &self,
        now: Instant,
        config: &AggregateConfig,
        conditions: &Conditions,
    ) -> Alarms {
        let scene = self.scene(config, conditions);
        let mut machine = self.machine;
        let mono = now.mono.max(machine.settled_mono);
        let now = Instant {
            wall: now.wall,
            mono,
        };
        Self::walk(
            &self.feeds,
            &mut machine,
            &self.moves,
            self.has_primary,
            now,
            scene,
        );
        settle(
            &self.feeds,
            &mut machine,
            &self.moves,
            self.has_primary,
            now,
            scene,
            None,
        );
        Alarms {
            conflict: machine.conflict_alarm(mono, config),
            divergence: machine.divergence_alarm(mono, config),
            divergence_e10: machine.divergence_e10(),
        }
    }
}

// A freeze leads to one quarantine, however long it lasts.
fn serve_freeze(feed: &mut Feed, now: Instant, scene: Scene<'_>) {
    if !feed.freeze_served
        && now.mono >= feed.frozen_from(scene.config)
        && standing(feed, now, scene) == Standing::Frozen
    {
        feed.freeze_served = true;
        feed.quarantine(now.mono, scene.config);
    }
}

fn settle(
    feeds: &[Feed],
    machine: &mut Machine,
    moves: &Moves,
    has_primary: bool,
    now: Instant,
    scene: Scene<'_>,
    accepted: Option<usize>,
) -> Settled {
    let config = scene.config;
    let seen = survey(feeds, now, scene);
    let voices = seen.voices();
    let panel = Panel {
        feeds,
        config,
        has_primary,
        probation: machine.probation(now.mono, config),
    };
    let mut made = if seen.clock_suspect {
        Combined::nothing(Quality::ClockSuspect)
    } else if voices.is_empty() && seen.closed {
        Combined::nothing(Quality::Closed)
    } else if voices.is_empty() && machine.display(now.mono, config).is_some() {
        Combined::nothing(Quality::Stale)
    } else {
        combine(voices, panel)
    };
    if voices.len() == 1
        && made.quality.has_price()
        && machine.lone_jump(made.price, now.mono, config)
    {
        made = Combined::nothing(Quality::Conflict);
    }
    let step = Step {
        config,
        wall: now.wall,
        mono: now.mono,
        accepted: accepted.is_some(),
        by_primary: accepted
            .and_then(|index| feeds.get(index))
            .is_some_and(|feed| feed.leads),
        moves,
        divergence: divergence(voices, feeds),
    };
    let as_of = machine.settle(&made, step);
    Settled {
        made,
        survey: seen,
        as_of,
    }
}
