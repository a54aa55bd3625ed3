//! What is true for all markets at once: the chain's sequencer and our own clock.

use super::config::AggregateConfig;
use super::feed::{Feed, Instant, NEVER, Seen};

/// What one source, over all its feeds, says about our clock.
#[derive(Debug, Clone, Copy)]
struct SourceClock {
    source: u16,
    /// Newest block a push source was read at, `NEVER` for a stream.
    head: i64,
    head_limit: i64,
    age_limit: i64,
    /// It talks as long as its last message is no older than this.
    window: i64,
    heard_mono: i64,
    /// Its last message looked like the future.
    future: bool,
    /// Its last accepted word.
    publish: i64,
    recv_mono: i64,
}

/// The sequencer, the measured clock error, and the sources' votes on our clock.
#[derive(Debug, Clone)]
pub(crate) struct World {
    sequencer_up: bool,
    sequencer_since: i64,
    clock_offset: Option<i64>,
    sources: Vec<SourceClock>,
    heard: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            sequencer_up: true,
            sequencer_since: 0,
            clock_offset: None,
            sources: Vec::new(),
            heard: 0,
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.sources.capacity() * size_of::<SourceClock>()
    }

    /// Grows with everything that is heard of the world.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    pub(crate) fn set_sequencer(&mut self, up: bool, since: i64) {
        self.heard += 1;
        self.sequencer_up = up;
        self.sequencer_since = since;
    }

    pub(crate) fn set_clock_offset(&mut self, offset: Option<i64>) {
        self.heard += 1;
        self.clock_offset = offset;
    }

    /// Know the source of a newly declared feed.
    pub(crate) fn declare(&mut self, feed: &Feed) {
        let window = feed.spec.interval_ns.saturating_mul(3).max(feed.head_limit);
        if let Some(known) = self.find(feed.source) {
            known.window = known.window.max(window);
            known.age_limit = known.age_limit.max(feed.age_limit);
            known.head_limit = known.head_limit.max(feed.head_limit);
            return;
        }
        self.sources.push(SourceClock {
            source: feed.source,
            head: NEVER,
            head_limit: feed.head_limit,
            age_limit: feed.age_limit,
            window,
            heard_mono: NEVER,
            future: false,
            publish: 0,
            recv_mono: NEVER,
        });
    }

    // Whoever asks for one of them is about to change it.
    fn find(&mut self, source: u16) -> Option<&mut SourceClock> {
        self.heard += 1;
        self.sources.iter_mut().find(|known| known.source == source)
    }

    /// A message of this source was understood.
    pub(crate) fn hear(&mut self, source: u16, mono: i64, future: bool, accepted: Option<&Seen>) {
        if let Some(known) = self.find(source) {
            known.heard_mono = mono;
            known.future = future;
            if let Some(seen) = accepted {
                known.publish = seen.publish;
                known.recv_mono = seen.recv_mono;
            }
        }
    }

    pub(crate) fn set_head(&mut self, source: u16, head: i64) {
        if let Some(known) = self.find(source) {
            known.head = head;
        }
    }

    /// Wall time from which push feeds may be used, `i64::MAX` while the sequencer is down.
    pub(crate) fn push_from(&self, config: &AggregateConfig) -> i64 {
        if !self.sequencer_up {
            return i64::MAX;
        }
        if self.sequencer_since <= 0 {
            return 0;
        }
        self.sequencer_since
            .saturating_add(config.sequencer_grace_ns)
    }

    /// Whether our clock is to blame: its error unknown or large, or more than half of the sources
    /// that talk look early or late at once.
    ///
    /// `asked_wall` is the wall time of the asking, later than `now` for an instant of the past.
    pub(crate) fn clock_suspect(
        &self,
        now: Instant,
        asked_wall: i64,
        config: &AggregateConfig,
    ) -> bool {
        let measured = self
            .clock_offset
            .is_some_and(|offset| offset.unsigned_abs() <= config.clock_offset_ns.unsigned_abs());
        if !measured {
            return true;
        }
        let (mut talking, mut wrong, mut late_heads) = (0_u32, 0_u32, 0_u32);
        for source in &self.sources {
            match source.vote(now, asked_wall, config) {
                Vote::Silent => {}
                Vote::Right => talking += 1,
                Vote::Wrong => {
                    talking += 1;
                    wrong += 1;
                }
                Vote::LateHead => {
                    talking += 1;
                    late_heads += 1;
                }
            }
        }
        // A late head alone is a stalled chain; beside a wrong stream it is our clock.
        let wrong = if wrong > 0 { wrong + late_heads } else { 0 };
        wrong * 2 > talking
    }
}

enum Vote {
    Silent,
    Right,
    Wrong,
    LateHead,
}

impl SourceClock {
    fn vote(&self, now: Instant, asked_wall: i64, config: &AggregateConfig) -> Vote {
        let horizon = asked_wall
            .max(now.wall)
            .saturating_add(config.future_skew_ns);
        let talks =
            self.heard_mono != NEVER && now.mono.saturating_sub(self.heard_mono) <= self.window;
        if self.head != NEVER {
            return if self.head > horizon || (talks && self.future) {
                Vote::Wrong
            } else if now.wall.saturating_sub(self.head) > self.head_limit {
                Vote::LateHead
            } else {
                Vote::Right
            };
        }
        if !talks {
            return Vote::Silent;
        }
        // The part of the age that silence does not explain: how late the word was on arrival, by
        // the wall clock as it runs now.
        let spoke = self.recv_mono != NEVER;
        let lag = now
            .wall
            .saturating_sub(self.publish)
            .saturating_sub(now.mono.saturating_sub(self.recv_mono));
        if self.future || (spoke && (self.publish > horizon || lag > self.age_limit)) {
            Vote::Wrong
        } else {
            Vote::Right
        }
    }
}
