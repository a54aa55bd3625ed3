//! One feed: a source's word about one market, with all that is remembered about it.

use super::config::AggregateConfig;

/// Feeds a market can have; references between them are kept inline.
pub const MAX_FEEDS: usize = 16;
/// "Never" and "not set" on a clock that starts at zero.
pub(crate) const NEVER: i64 = i64::MIN;

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant {
    pub wall: i64,
    pub mono: i64,
}

impl Instant {
    /// The moment after it.
    pub(crate) fn next(self) -> Self {
        Self {
            wall: self.wall.saturating_add(1),
            mono: self.mono.saturating_add(1),
        }
    }

    /// Wall minus monotonic time: changes only when the wall clock is stepped.
    pub(crate) fn offset(self) -> i64 {
        self.wall.saturating_sub(self.mono)
    }
}

/// How a feed is kept fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// Speaks all the time: its age is the age of its last word.
    Stream,
    /// Speaks on deviation or heartbeat: its age is that of the block it was read at, and of its
    /// last word within the heartbeat.
    Push,
}

/// Facts about a feed that never change, the pinned exponent aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedSpec {
    /// Stream or push.
    pub kind: FeedKind,
    /// Sources of one group are one failure domain.
    pub group: u16,
    /// Whether this feed's group is the market's primary.
    pub primary: bool,
    /// Pinned exponent.
    pub expo: i32,
    /// Expected time between two messages; three of them make silence.
    pub interval_ns: i64,
    /// Largest age (stream) or age of the block (push); 0 = the configured one.
    pub max_age_ns: i64,
    /// Push only: longest time between two updates of a quiet market.
    pub heartbeat_ns: i64,
    /// Push only: how far the market may move before it must update.
    pub deviation_e10: i64,
    /// Whether the source promises a confidence with each price.
    pub conf_required: bool,
}

/// What orders a source's words: publish time, then sequence (-1 = none).
pub(crate) type Key = (i64, i128);

/// An observation that passed the gates, or is held as a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub price: i64,
    pub conf: i64,
    /// `conf / price`, rounded down.
    pub conf_ratio: i64,
    pub publish: i64,
    pub seq: i128,
    pub recv_mono: i64,
    /// Monotonic time after which it is too old, whatever the wall clock says.
    pub stale_mono: i64,
    /// A strike was already given for it.
    pub struck: bool,
}

impl Seen {
    pub(crate) fn key(&self) -> Key {
        (self.publish, self.seq)
    }
}

/// A jump waiting for confirmation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub seen: Seen,
    pub count: i64,
}

/// An exponent other than the pinned one is being judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpoTrial {
    pub expo: i32,
    pub agreed: i64,
    pub key: Key,
}

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each read on its own"
)]
pub(crate) struct Feed {
    pub source: u16,
    pub spec: FeedSpec,
    /// Its group is the market's primary, whichever of its feeds speaks.
    pub leads: bool,
    /// Limit of the age clock: maximum age, or heartbeat with its margin.
    pub age_limit: i64,
    /// Push: limit of the currency clock.
    pub head_limit: i64,
    /// Push: time of the block it was read at, `NEVER` before the first one.
    pub head: i64,
    pub last: Option<Seen>,
    /// Key before `last`: nothing older comes back after a withdrawal.
    pub floor: Option<Key>,
    pub held: Option<Box<Held>>,
    pub trial: Option<Box<ExpoTrial>>,
    pub session_closed: bool,
    /// Last message that was understood.
    pub heard_mono: i64,
    /// When the value last changed, and where the peers were then (0 = unknown).
    pub changed_mono: i64,
    pub peers_then: [i64; MAX_FEEDS],
    pub peer_moved: bool,
    /// Push: since when all fresh peers are beyond its threshold.
    pub beyond_since: i64,
    pub freeze_served: bool,
    pub strikes: [i64; 8],
    pub quarantine_until: i64,
    pub quarantine_len: i64,
}

impl Feed {
    pub(crate) fn new(source: u16, spec: FeedSpec, config: &AggregateConfig) -> Self {
        let max_age = if spec.max_age_ns > 0 {
            spec.max_age_ns
        } else {
            config.stream_max_age_ns
        };
        let age_limit = match spec.kind {
            FeedKind::Stream => max_age,
            // heartbeat * 1.25
            FeedKind::Push => spec.heartbeat_ns.saturating_add(spec.heartbeat_ns / 4),
        };
        Self {
            source,
            spec,
            leads: spec.primary,
            age_limit,
            head_limit: max_age,
            head: NEVER,
            last: None,
            floor: None,
            held: None,
            trial: None,
            session_closed: false,
            heard_mono: NEVER,
            changed_mono: NEVER,
            peers_then: [0; MAX_FEEDS],
            peer_moved: false,
            beyond_since: NEVER,
            freeze_served: false,
            strikes: [NEVER; 8],
            quarantine_until: NEVER,
            quarantine_len: 0,
        }
    }

    pub(crate) fn is_push(&self) -> bool {
        self.spec.kind == FeedKind::Push
    }

    /// Whether the feed may not influence anything at `mono`, whatever it says.
    pub(crate) fn quarantined(&self, mono: i64) -> bool {
        self.trial.is_some() || mono < self.quarantine_until
    }

    /// First monotonic instant at which the feed counts as frozen, `i64::MAX` when it does not.
    pub(crate) fn frozen_from(&self, config: &AggregateConfig) -> i64 {
        match self.spec.kind {
            // Silence is not a freeze: the old value must have been said again.
            FeedKind::Stream
                if self.peer_moved
                    && self
                        .last
                        .is_some_and(|last| last.recv_mono > self.changed_mono) =>
            {
                after(self.changed_mono, config.frozen_after_ns)
            }
            FeedKind::Push if self.beyond_since != NEVER => {
                after(self.beyond_since, config.frozen_push_ns)
            }
            FeedKind::Stream | FeedKind::Push => i64::MAX,
        }
    }

    /// Whether nothing was heard for three expected intervals.
    pub(crate) fn silent(&self, mono: i64) -> bool {
        self.heard_mono == NEVER
            || mono.saturating_sub(self.heard_mono) > self.spec.interval_ns.saturating_mul(3)
    }

    /// Shut the feed out for a term that doubles from one quarantine to the next; one being served
    /// is not made longer.
    pub(crate) fn quarantine(&mut self, mono: i64, config: &AggregateConfig) {
        if mono < self.quarantine_until {
            return;
        }
        let clean = mono.saturating_sub(self.quarantine_until) > config.quarantine_max_ns;
        self.quarantine_len = if self.quarantine_until == NEVER || clean {
            config.quarantine_ns
        } else {
            self.quarantine_len.saturating_mul(2)
        }
        .min(config.quarantine_max_ns);
        self.quarantine_until = mono.saturating_add(self.quarantine_len);
        self.strikes = [NEVER; 8];
    }

    /// Whether one more strike leads to quarantine.
    pub(crate) fn next_strike_quarantines(&self, mono: i64, config: &AggregateConfig) -> bool {
        self.last.is_some_and(|seen| !seen.struck)
            && self.recent_strikes(mono, config) + 1 >= config.strikes
    }

    fn recent_strikes(&self, mono: i64, config: &AggregateConfig) -> i64 {
        let recent = self
            .strikes
            .iter()
            .filter(|at| **at != NEVER && mono.saturating_sub(**at) <= config.strike_window_ns)
            .count();
        i64::try_from(recent).unwrap_or(i64::MAX)
    }

    /// Count one strike for the current observation; returns whether it led to quarantine.
    pub(crate) fn strike(&mut self, mono: i64, config: &AggregateConfig) -> bool {
        let Some(seen) = self.last.as_mut().filter(|seen| !seen.struck) else {
            return false;
        };
        seen.struck = true;
        self.strikes.rotate_right(1);
        if let Some(newest) = self.strikes.first_mut() {
            *newest = mono;
        }
        let quarantined = self.recent_strikes(mono, config) >= config.strikes;
        if quarantined {
            self.quarantine(mono, config);
        }
        quarantined
    }

    /// Take an observation as the feed's word. Peer references are the market's business.
    pub(crate) fn store(&mut self, seen: Seen) -> bool {
        let changed = self.last.is_none_or(|last| last.price != seen.price);
        self.floor = self.last.map(|last| last.key()).or(self.floor);
        self.last = Some(seen);
        self.held = None;
        if changed {
            self.changed_mono = seen.recv_mono;
            self.peer_moved = false;
            self.beyond_since = NEVER;
            self.freeze_served = false;
        }
        changed
    }

    /// Forget the last word; the one before it may be said again, nothing older.
    pub(crate) fn withdraw(&mut self) {
        self.last = None;
        self.held = None;
        self.peer_moved = false;
        self.beyond_since = NEVER;
        self.freeze_served = false;
    }
}

/// First instant strictly later than `span` after `since`.
pub(crate) fn after(since: i64, span: i64) -> i64 {
    since.saturating_add(span).saturating_add(1)
}
