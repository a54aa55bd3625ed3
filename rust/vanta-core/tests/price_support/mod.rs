//! A small world around a price book: one market, feeds by number, and time that is told.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its part; a test stops at the first surprise"
)]

use vanta_core::price::{
    AggregateConfig, Alarms, Breaker, FeedKind, FeedSpec, MarketSpec, Number, Observation,
    PriceBook, Quality, Quote, Reject,
};
use vanta_core::units::{E10, MarketIx, SECOND_NS, SourceIx, TimeNs};

pub const START: i64 = 1_700_000_000 * SECOND_NS;
pub const P: i64 = 100 * E10;
pub const MS: i64 = 1_000_000;

/// A stream feed that is not primary.
pub fn stream(group: u16) -> FeedSpec {
    FeedSpec {
        kind: FeedKind::Stream,
        group,
        primary: false,
        expo: -10,
        interval_ns: SECOND_NS,
        max_age_ns: 0,
        heartbeat_ns: 0,
        deviation_e10: 0,
        conf_required: false,
    }
}

pub fn primary(spec: FeedSpec) -> FeedSpec {
    FeedSpec {
        primary: true,
        ..spec
    }
}

/// A push feed: heartbeat 1200 s, deviation 0.5 %.
pub fn push(group: u16) -> FeedSpec {
    FeedSpec {
        kind: FeedKind::Push,
        heartbeat_ns: 1_200 * SECOND_NS,
        deviation_e10: 50_000_000,
        ..stream(group)
    }
}

pub const OPEN: MarketSpec = MarketSpec {
    min_price_e10: 1,
    max_price_e10: i64::MAX,
    has_hours: false,
    max_conf_e10: 0,
};

#[derive(Clone)]
pub struct World {
    pub book: PriceBook,
    pub wall: i64,
    pub mono: i64,
}

impl World {
    pub fn with(market: MarketSpec, feeds: &[FeedSpec], config: AggregateConfig) -> Self {
        let mut book = PriceBook::new(config).unwrap();
        book.add_market(MarketIx::new(0).unwrap(), market).unwrap();
        for (source, spec) in (0_u16..).zip(feeds) {
            let source = SourceIx::new(source).unwrap();
            book.add_feed(MarketIx::new(0).unwrap(), source, *spec)
                .unwrap();
        }
        let mut world = Self {
            book,
            wall: START,
            mono: 10 * SECOND_NS,
        };
        world.clock_offset(Some(0));
        world
    }

    pub fn of(feeds: &[FeedSpec]) -> Self {
        Self::with(OPEN, feeds, AggregateConfig::default())
    }

    /// `n` streams, the first one primary.
    pub fn streams(n: u16) -> Self {
        let feeds: Vec<FeedSpec> = (0..n)
            .map(|group| FeedSpec {
                primary: group == 0,
                ..stream(group)
            })
            .collect();
        Self::of(&feeds)
    }

    pub fn pass(&mut self, ns: i64) {
        self.wall += ns;
        self.mono += ns;
    }

    /// An observation published and received now.
    pub fn observation(&self, price: i64) -> Observation {
        Observation {
            value: Number::Int(price.into()),
            expo: -10,
            conf: None,
            publish_ns: self.wall,
            seq: None,
            session_open: None,
            recv_wall_ns: self.wall,
            recv_mono_ns: self.mono,
        }
    }

    pub fn offer(&mut self, source: u16, observation: &Observation) -> Reject {
        let source = SourceIx::new(source).unwrap();
        self.book
            .update(MarketIx::new(0).unwrap(), source, observation)
    }

    pub fn say(&mut self, source: u16, price: i64) -> Reject {
        let observation = self.observation(price);
        self.offer(source, &observation)
    }

    /// All sources say their price in order; all must be accepted.
    pub fn all(&mut self, prices: &[i64]) {
        for (source, price) in (0_u16..).zip(prices) {
            assert_eq!(self.say(source, *price), Reject::Accepted, "{source}");
        }
    }

    /// Let `ns` pass in steps, all sources saying their price after each.
    pub fn run(&mut self, prices: &[i64], ns: i64, step: i64) {
        for _ in 0..ns / step {
            self.pass(step);
            for (source, price) in (0_u16..).zip(prices) {
                self.say(source, *price);
            }
        }
    }

    /// Both clocks.
    pub fn now(&self) -> (TimeNs, TimeNs) {
        (
            TimeNs::new(self.wall).unwrap(),
            TimeNs::new(self.mono).unwrap(),
        )
    }

    pub fn head(&mut self, source: u16) {
        self.head_of(source, self.wall);
    }

    pub fn head_of(&mut self, source: u16, head: i64) {
        let (wall, mono) = self.now();
        let head = TimeNs::new(head).unwrap();
        self.book
            .set_head(SourceIx::new(source).unwrap(), head, wall, mono)
            .unwrap();
    }

    pub fn sequencer(&mut self, up: bool) {
        let (wall, mono) = self.now();
        self.book.set_sequencer(up, wall, wall, mono);
    }

    pub fn clock_offset(&mut self, offset: Option<i64>) {
        let (wall, mono) = self.now();
        self.book.set_clock_offset(offset, wall, mono);
    }

    pub fn withdraw(&mut self, source: u16) {
        let (wall, mono) = self.now();
        let market = MarketIx::new(0).unwrap();
        self.book
            .withdraw(market, SourceIx::new(source).unwrap(), wall, mono)
            .unwrap();
    }

    pub fn quote(&self) -> Quote {
        let (wall, mono) = self.now();
        self.book
            .quote(MarketIx::new(0).unwrap(), wall, mono)
            .unwrap()
    }

    pub fn alarms(&self) -> Alarms {
        let (wall, mono) = self.now();
        self.book
            .alarms(MarketIx::new(0).unwrap(), wall, mono)
            .unwrap()
    }

    pub fn quality(&self) -> Quality {
        self.quote().quality
    }

    pub fn breaker(&self) -> Breaker {
        self.quote().breaker
    }

    /// Why a source had no part in the quote.
    pub fn reason(&self, source: u16) -> Option<&'static str> {
        self.quote()
            .sources_rejected()
            .find(|(index, _)| *index == source)
            .map(|(_, standing)| standing.name())
    }

    pub fn count(&self, reject: Reject) -> u64 {
        self.book
            .counters()
            .iter()
            .find(|(name, _)| *name == reject.name())
            .map(|(_, count)| *count)
            .unwrap()
    }
}

/// `price` moved by `e4` ten-thousandths.
pub fn moved(price: i64, e4: i64) -> i64 {
    price + price / 10_000 * e4
}
