//! The lane of a calm market: what its usual word touches, and nothing else, in one small record.
//!
//! A market is calm when all of its feeds are fresh streams that agree, nobody is quarantined or on
//! trial, the breaker rests and time alone changes nothing soon. As long as the lane is open, it
//! holds the truth about what it names, and the market's other memory stands still. Whatever is not
//! plainly usual is not decided here: it closes the lane (`handover.rs`) and goes the careful way.

use super::calm::Calm;
use super::config::AggregateConfig;
use super::feed::{Instant, Seen};
use super::gate::Observation;
use super::number::{Number, conf_ratio};

/// Most feeds a market in the lane has.
pub(crate) const SEATS: usize = 8;

/// What the lane compares words with, the same for all markets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A word this near to the one before is no jump and leaves nobody behind.
    pub near: i64,
    pub tolerance: i64,
    pub skew: i64,
    pub frozen_move: i64,
}

impl Limits {
    pub(crate) fn new(config: &AggregateConfig) -> Self {
        Self {
            near: config
                .frozen_move_e10
                .min(config.jump_base_e10)
                .min(config.jump_cap_e10),
            tolerance: config.deviation_e10.min(config.tolerance_cap_e10),
            skew: config.future_skew_ns,
            frozen_move: config.frozen_move_e10,
        }
    }
}

/// An observation in the terms of the lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub price: i64,
    /// 0 = none.
    pub conf: i64,
    pub publish: i64,
    /// -1 = none.
    pub seq: i64,
}

impl Word {
    /// Of nobody.
    pub(crate) const NONE: Self = Self {
        price: 0,
        conf: 0,
        publish: 0,
        seq: -1,
    };

    /// `None` for what the lane does not understand.
    #[inline]
    pub(crate) fn of(seen: &Observation) -> Option<Self> {
        let Number::Int(price) = seen.value else {
            return None;
        };
        let conf = match seen.conf {
            None => 0,
            Some(Number::Int(conf)) if conf > 0 => i64::try_from(conf).ok()?,
            Some(_) => return None,
        };
        let seq = match seen.seq {
            None => -1,
            Some(seq) if seq >= 0 => i64::try_from(seq).ok()?,
            Some(_) => return None,
        };
        (seen.expo == -10).then_some(Self {
            price: i64::try_from(price).ok()?,
            conf,
            publish: seen.publish_ns,
            seq,
        })
    }
}

/// One feed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seat {
    pub price: i64,
    /// Price before it changed last.
    pub former: i64,
    pub conf: i64,
    pub publish: i64,
    pub seq: i64,
    /// Key of the word before; -1 = as the feed remembers it.
    pub floor_publish: i64,
    pub floor_seq: i64,
    pub recv_mono: i64,
    pub changed_mono: i64,
    pub stale_mono: i64,
    pub age_limit: i64,
}

#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each read on its own"
)]
pub(crate) struct Lane {
    /// The lane holds the truth, not the market.
    pub open: bool,
    /// Accepted words are not combined yet.
    pub due: bool,
    /// Something was accepted at `at` and is not remembered yet.
    pub staged: bool,
    /// The market went the careful way within this batch.
    pub careful: bool,
    /// A primary is declared; it leads.
    pub led: bool,
    pub lead: u8,
    pub count: u8,
    /// Bits of the feeds that promise a confidence, and of the one whose jump `waits`, if any.
    pub promises: u8,
    pub held: u8,
    /// The feed that stayed behind alone, and for which others it is `seen_then` that says where it
    /// saw them.
    pub behind: u8,
    pub seen: u8,
    pub sources: [u16; SEATS],
    /// Where the world keeps each source.
    pub clocks: [u16; SEATS],
    /// Per seat, whose reference to it is its price, and whose is its former one. That of everybody
    /// else is in `seen_then`, or where the feeds keep it.
    pub follows: u64,
    pub trails: u64,
    pub min_price: i64,
    pub max_price: i64,
    pub max_conf: i64,
    /// What is said since `at`.
    pub at: Instant,
    pub accepted: i64,
    pub by_primary: i64,
    pub price: i64,
    pub conf: i64,
    pub as_of: i64,
    pub valid_until: i64,
    pub spread: i64,
    pub heard: u64,
    /// What is remembered.
    pub calm: Calm,
    /// Lowest and highest price of one second that the market's moves do not have yet.
    pub second: i64,
    pub low: i64,
    pub high: i64,
    pub quiet_wall: i64,
    pub quiet_mono: i64,
    pub seats: [Seat; SEATS],
    pub waits: Seat,
    pub seen_then: [i64; SEATS],
}

impl Lane {
    /// The seats taken.
    pub(crate) fn seats(&self) -> &[Seat] {
        self.seats.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// A bit for each seat.
    pub(crate) fn all(&self) -> u64 {
        1_u64.wrapping_shl(self.count.into()) - 1
    }

    pub(crate) fn seat_of(&self, source: u16) -> Option<usize> {
        // Sources are mostly declared in the order of their numbers.
        let likely = usize::from(source);
        let count = usize::from(self.count);
        if likely < count && self.sources.get(likely) == Some(&source) {
            return Some(likely);
        }
        self.sources
            .iter()
            .take(count)
            .position(|known| *known == source)
    }

    /// `now`, no earlier than what was said, as [`super::market::Market::not_before`].
    pub(crate) fn not_before(&self, now: Instant) -> Instant {
        let latest = if self.staged {
            self.at.mono
        } else {
            self.calm.mono
        };
        Instant {
            mono: now.mono.max(latest),
            ..now
        }
    }

    /// Whether nothing changes by time alone up to `now`.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        now.wall < self.quiet_wall && now.mono < self.quiet_mono
    }

    /// Price, confidence and publish time as they are published.
    pub(crate) fn said(&self) -> (i64, i64, i64) {
        (self.price, self.conf, self.as_of.max(self.calm.as_of))
    }
}

impl Seat {
    /// As the feed remembers it.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            price: self.price,
            conf: self.conf,
            conf_ratio: conf_ratio(self.conf, self.price),
            publish: self.publish,
            seq: self.seq.into(),
            recv_mono: self.recv_mono,
            stale_mono: self.stale_mono,
            struck: false,
        }
    }
}
