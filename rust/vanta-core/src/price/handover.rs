//! Opening and closing the lane of a market: the same facts in two forms.

use super::codes::Quality;
use super::config::AggregateConfig;
use super::feed::{Feed, FeedKind, Held, Instant, NEVER, Seen};
use super::lane::{Lane, SEATS, Seat};
use super::market::Market;
use super::settle::Staged;
use super::world::World;
use crate::units::E10;

/// Fewest feeds of a market in the lane: with two, another rule combines.
const FEWEST: usize = 3;

impl Lane {
    /// A lane that is not in use.
    pub(crate) fn closed() -> Self {
        Self {
            open: false,
            due: false,
            staged: false,
            careful: false,
            led: false,
            lead: 0,
            count: 0,
            promises: 0,
            held: 0,
            behind: 0,
            seen: 0,
            sources: [0; SEATS],
            clocks: [0; SEATS],
            follows: 0,
            trails: 0,
            min_price: 0,
            max_price: 0,
            max_conf: 0,
            at: Instant { wall: 0, mono: 0 },
            accepted: 0,
            by_primary: 0,
            price: 0,
            conf: 0,
            as_of: 0,
            valid_until: 0,
            spread: 0,
            heard: 0,
            calm: super::calm::Calm {
                price: 0,
                conf: 0,
                as_of: 0,
                mono: 0,
                age: 0,
                gap: 0,
                gap_ewma: 0,
                gap_since: NEVER,
            },
            second: NEVER,
            low: 0,
            high: 0,
            quiet_wall: NEVER,
            quiet_mono: NEVER,
            seats: [Seat::default(); SEATS],
            waits: Seat::default(),
            seen_then: [0; SEATS],
        }
    }

    /// Take the truth over from a market, if it is calm.
    pub(crate) fn open(
        &mut self,
        market: &Market,
        config: &AggregateConfig,
        world: &World,
    ) -> bool {
        match Self::opened(market, config, world) {
            Some(opened) => {
                *self = opened;
                true
            }
            None => false,
        }
    }

    fn opened(market: &Market, config: &AggregateConfig, world: &World) -> Option<Self> {
        let count = market.feeds.len();
        if !(FEWEST..=SEATS).contains(&count) || market.has_push || market.spec.has_hours {
            return None;
        }
        let staged = market.staged.as_ref()?;
        let made = &staged.made;
        let led = market.feeds.iter().position(|feed| feed.leads);
        let mut opened = Self {
            open: true,
            staged: true,
            led: led.is_some(),
            lead: u8::try_from(led.unwrap_or(0)).ok()?,
            count: u8::try_from(count).ok()?,
            ..Self::closed()
        };
        let calm = market.due.is_none()
            && made.quality == Quality::Good
            && made.outliers == 0
            && u64::from(made.used) == opened.all()
            && made.from_primary == opened.led
            && made.primary_agrees == opened.led
            && staged.asked_wall == staged.at.wall;
        if !calm {
            return None;
        }
        opened.calm = market.machine.calm(opened.led)?;
        opened.min_price = market.spec.min_price_e10;
        opened.max_price = market.spec.max_price_e10;
        opened.max_conf = match market.spec.max_conf_e10 {
            0 => config.max_conf_e10,
            own => own,
        }
        .min(config.deviation_e10);
        (opened.at, opened.heard) = (staged.at, staged.heard);
        (opened.accepted, opened.by_primary) = (staged.accepted, staged.by_primary);
        (opened.price, opened.conf) = (made.price, made.conf);
        (opened.as_of, opened.valid_until) = (made.as_of, made.valid_until);
        opened.spread = made.spread;
        (opened.quiet_wall, opened.quiet_mono) = (market.quiet_wall, market.quiet_mono);
        for (index, feed) in market.feeds.iter().enumerate() {
            let (before, _) = market.feeds.split_at(index);
            if before
                .iter()
                .any(|other| other.spec.group == feed.spec.group)
            {
                return None;
            }
            let seen = usual(feed, staged.at.mono, config)?;
            opened.promises |= u8::from(feed.spec.conf_required) << index;
            *opened.sources.get_mut(index)? = feed.source;
            *opened.clocks.get_mut(index)? = world.place(feed.source)?;
            *opened.seats.get_mut(index)? = Seat {
                price: seen.price,
                former: 0,
                conf: seen.conf,
                publish: seen.publish,
                seq: i64::try_from(seen.seq).ok()?,
                floor_publish: -1,
                floor_seq: -1,
                recv_mono: seen.recv_mono,
                changed_mono: feed.changed_mono,
                stale_mono: seen.stale_mono,
                age_limit: feed.age_limit,
            };
            for (at, other) in market.feeds.iter().enumerate() {
                let follows = other.peers_then.get(index) == Some(&seen.price);
                opened.follows |= u64::from(follows) << (index * SEATS + at);
            }
        }
        Some(opened)
    }

    /// Give the truth back to the market.
    pub(crate) fn close(&mut self, market: &mut Market) {
        self.open = false;
        self.give_back(market);
    }

    /// Write into `market` what the lane knows.
    pub(crate) fn give_back(&self, market: &mut Market) {
        for (index, seat) in self.seats().iter().enumerate() {
            for (at, other) in market.feeds.iter_mut().enumerate() {
                let place = index * SEATS + at;
                let reference = if self.follows >> place & 1 == 1 {
                    seat.price
                } else if self.trails >> place & 1 == 1 {
                    seat.former
                } else if let Some(seen) = self.stayed_behind(at, index) {
                    seen
                } else {
                    continue;
                };
                if let Some(then) = other.peers_then.get_mut(index) {
                    *then = reference;
                }
            }
            if let Some(feed) = market.feeds.get_mut(index) {
                feed.last = Some(seat.seen());
                if seat.floor_publish >= 0 {
                    feed.floor = Some((seat.floor_publish, seat.floor_seq.into()));
                }
                feed.heard_mono = feed.heard_mono.max(seat.recv_mono);
                feed.changed_mono = seat.changed_mono;
                if self.held >> index & 1 == 1 {
                    feed.heard_mono = feed.heard_mono.max(self.waits.recv_mono);
                    feed.held = Some(Box::new(Held {
                        seen: self.waits.seen(),
                        count: 1,
                    }));
                }
            }
        }
        market.machine.recall(&self.calm);
        if self.second != NEVER {
            market.moves.merge(self.second, self.low, self.high);
        }
        market.staged = self.staged.then(|| Staged {
            made: self.combined(),
            divergence: self.spread.min(E10),
            standings: self.standings(),
            accepted: self.accepted,
            by_primary: self.by_primary,
            heard: self.heard,
            ..Staged::awaited(self.at, self.at.wall)
        });
        // Words are accepted here only where our clock is not to blame.
        market.due = self.due.then_some(false);
        (market.quiet_wall, market.quiet_mono) = (self.quiet_wall, self.quiet_mono);
    }
}

// The last word of a feed about which nothing is unusual.
fn usual(feed: &Feed, mono: i64, config: &AggregateConfig) -> Option<Seen> {
    let spec = &feed.spec;
    let plain = spec.kind == FeedKind::Stream && spec.expo == -10 && spec.deviation_e10 == 0;
    let seen = feed.last.filter(|_| plain)?;
    let at_peace = feed.held.is_none()
        && !feed.quarantined(mono)
        && !feed.peer_moved
        && !feed.freeze_served
        && !seen.struck
        && seen.conf_ratio <= config.deviation_e10;
    at_peace.then_some(seen)
}
