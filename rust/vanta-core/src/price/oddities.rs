//! What happens to markets that are mostly calm, for the properties of their lanes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::units::{E10, MarketIx, SECOND_NS, SourceIx, TimeNs};

const WALL: i64 = 1_700_000_000 * SECOND_NS;
const MIDDLE: i64 = 60_000 * E10;
/// Feeds of each market; the first is primary in even markets.
const FEEDS: [u16; 4] = [5, 3, 4, 8];

/// What is odd about an instant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Oddity {
    /// A whole round is told by everybody, from the first to the last or the other way round.
    Round {
        backwards: bool,
    },
    /// Everybody but one speaks.
    AllBut(u16),
    /// Only one speaks, in all markets.
    Only(u16),
    /// One speaks, this far from where it was (0.2 % and 2 % are limits) or this much beside that.
    Move {
        source: u16,
        by_e10: i64,
        beside: i64,
    },
    /// One is this far from the middle for once.
    Away {
        source: u16,
        by_e6: i64,
    },
    /// One says the same as before: all of it, only the price, or another price.
    Again {
        source: u16,
        what: u8,
    },
    Late {
        source: u16,
        by_ns: i64,
    },
    Doubtful {
        source: u16,
        conf_e10: i64,
        beside: i64,
    },
    Numbered {
        source: u16,
        seq: i128,
    },
    Foreign {
        source: u16,
    },
    Nonsense {
        source: u16,
    },
    /// Everybody moves at once.
    Drift(i64),
    /// Both clocks go on, or the wall clock is stepped.
    Wait(i64),
    Step(i64),
    /// A word by itself, on both books.
    Single {
        market: u16,
        source: u16,
    },
    Change(u8),
}

pub(super) fn oddities() -> impl Strategy<Value = Oddity> {
    let limits = prop::sample::select(vec![
        0_i64,
        19_999_999,
        20_000_000,
        20_000_001,
        199_999_999,
        200_000_000,
        200_000_001,
        250_000_000,
    ]);
    let aways = prop::sample::select(vec![
        0_i64, 3_000, 4_999, 5_000, 5_001, 19_000, 30_000, -30_000, 200_000,
    ]);
    let lates = prop::sample::select(vec![
        -SECOND_NS - 1,
        -SECOND_NS,
        1,
        5 * SECOND_NS,
        5 * SECOND_NS + 1,
        8 * SECOND_NS,
        i64::MAX,
    ]);
    prop_oneof![
        24 => any::<bool>().prop_map(|backwards| Oddity::Round { backwards }),
        4 => (0..8_u16).prop_map(Oddity::AllBut),
        4 => (0..8_u16).prop_map(Oddity::Only),
        4 => (0..8_u16, limits, -1..=1_i64)
            .prop_map(|(source, by_e10, beside)| Oddity::Move { source, by_e10, beside }),
        4 => (0..8_u16, aways).prop_map(|(source, by_e6)| Oddity::Away { source, by_e6 }),
        3 => (0..8_u16, 0..4_u8).prop_map(|(source, what)| Oddity::Again { source, what }),
        2 => (0..8_u16, lates).prop_map(|(source, by_ns)| Oddity::Late { source, by_ns }),
        2 => (0..8_u16, 0..60_000_000_i64, -1..=1_i64)
            .prop_map(|(source, conf_e10, beside)| Oddity::Doubtful { source, conf_e10, beside }),
        1 => (0..8_u16, Just(50_000_000_i64), -1..=1_i64)
            .prop_map(|(source, conf_e10, beside)| Oddity::Doubtful { source, conf_e10, beside }),
        2 => (0..8_u16, -1..3_i128).prop_map(|(source, seq)| Oddity::Numbered { source, seq }),
        1 => (0..9_u16).prop_map(|source| Oddity::Foreign { source }),
        1 => (0..9_u16).prop_map(|source| Oddity::Nonsense { source }),
        2 => (-3_000_i64..3_000).prop_map(Oddity::Drift),
        4 => prop::sample::select(vec![0, 1, SECOND_NS, 4 * SECOND_NS, 5 * SECOND_NS, 40 * SECOND_NS])
            .prop_map(Oddity::Wait),
        1 => (-3 * SECOND_NS..3 * SECOND_NS).prop_map(Oddity::Step),
        2 => (0..4_u16, 0..8_u16).prop_map(|(market, source)| Oddity::Single { market, source }),
        1 => (0..6_u8).prop_map(Oddity::Change),
    ]
}

pub(super) fn time(ns: i64) -> TimeNs {
    TimeNs::new(ns).unwrap()
}

pub(super) fn market(index: u16) -> MarketIx {
    MarketIx::new(index).unwrap()
}

pub(super) fn source(index: u16) -> SourceIx {
    SourceIx::new(index).unwrap()
}

pub(super) fn book() -> PriceBook {
    let mut book = PriceBook::new(AggregateConfig::default()).unwrap();
    book.set_clock_offset(Some(0), time(WALL), time(0));
    for (index, feeds) in (0_u16..).zip(FEEDS) {
        let spec = MarketSpec {
            min_price_e10: 1,
            max_price_e10: i64::MAX,
            has_hours: false,
            max_conf_e10: i64::from(index == 2) * 10_000_000,
        };
        book.add_market(market(index), spec).unwrap();
        for feed in 0..feeds {
            let spec = FeedSpec {
                kind: FeedKind::Stream,
                group: feed,
                primary: feed == 0 && index % 2 == 0,
                expo: -10,
                interval_ns: SECOND_NS,
                max_age_ns: i64::from(feed == 2) * 7 * SECOND_NS,
                heartbeat_ns: 0,
                deviation_e10: 0,
                conf_required: index == 2 && feed == 1,
            };
            // The last market declares its sources the other way round.
            let number = if index == 3 { 7 - feed } else { feed };
            book.add_feed(market(index), source(number), spec).unwrap();
        }
    }
    book
}

pub(super) type Offer = (MarketIx, SourceIx, Observation);

/// The world as it goes on.
pub(super) struct Stage {
    pub wall: i64,
    pub mono: i64,
    pub middle: i64,
    turn: i64,
    last: [[Option<Observation>; 9]; 4],
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            wall: WALL,
            mono: SECOND_NS,
            middle: MIDDLE,
            turn: 0,
            last: [[None; 9]; 4],
        }
    }

    pub(super) fn word(&mut self, at: u16, from: u16) -> Observation {
        self.turn += 1;
        let noise = (self.turn * 7_919) % 1_000 * (E10 / 100);
        let price = self.middle + noise;
        let conf = at == 2 && from == 1;
        Observation {
            value: Number::Int(price.into()),
            expo: -10,
            conf: conf.then(|| Number::Int((price / 2_000).into())),
            publish_ns: self.wall,
            seq: None,
            session_open: None,
            recv_wall_ns: self.wall,
            recv_mono_ns: self.mono,
        }
    }

    fn said(&self, at: u16, from: u16) -> Option<Observation> {
        *self.last.get(usize::from(at))?.get(usize::from(from))?
    }

    fn odd(&mut self, at: u16, from: u16, oddity: Oddity) -> Option<Observation> {
        let mut word = self.word(at, from);
        let Number::Int(price) = word.value else {
            return None;
        };
        let before = self.said(at, from);
        let known = before.map_or(price, |seen| seen.value.get().unwrap_or(price));
        match oddity {
            Oddity::Move { by_e10, beside, .. } => {
                word.value = Number::Int(
                    known + known * i128::from(by_e10) / i128::from(E10) + i128::from(beside),
                );
            }
            Oddity::Away { by_e6, .. } => {
                word.value = Number::Int(price + price * i128::from(by_e6) / 1_000_000);
            }
            Oddity::Again { what, .. } => {
                let before = before?;
                word.value = if what == 3 { word.value } else { before.value };
                word.publish_ns = if what == 1 {
                    word.publish_ns
                } else {
                    before.publish_ns
                };
                word.seq = before.seq.filter(|_| what != 2);
            }
            Oddity::Late { by_ns, .. } => word.publish_ns = self.wall.saturating_sub(by_ns),
            Oddity::Doubtful {
                conf_e10, beside, ..
            } => {
                let conf = price * i128::from(conf_e10) / i128::from(E10) + i128::from(beside);
                word.conf = Some(Number::Int(conf));
            }
            Oddity::Numbered { seq, .. } => {
                word.seq = Some(seq);
                word.publish_ns = before.map_or(self.wall, |seen| seen.publish_ns);
            }
            Oddity::Foreign { .. } => word.expo = -9,
            Oddity::Nonsense { .. } => word.value = Number::Malformed,
            _ => {}
        }
        Some(word)
    }

    /// What is offered at once.
    pub(super) fn offers(&mut self, oddity: Oddity) -> Vec<Offer> {
        let mut pairs: Vec<(u16, u16)> = (0..4)
            .flat_map(|at| (0..8_u16).map(move |from| (at, from)))
            .collect();
        match oddity {
            Oddity::Round { backwards: true } => pairs.reverse(),
            Oddity::AllBut(silent) => pairs.retain(|(_, from)| *from != silent),
            // Market by market in turn, so that no two rows of one follow each other.
            Oddity::Only(one) => pairs.retain(|(_, from)| *from == one || *from == (one + 1) % 3),
            Oddity::Move { source, .. }
            | Oddity::Away { source, .. }
            | Oddity::Again { source, .. }
            | Oddity::Late { source, .. }
            | Oddity::Doubtful { source, .. }
            | Oddity::Numbered { source, .. }
            | Oddity::Foreign { source }
            | Oddity::Nonsense { source } => {
                let odd: Vec<_> = (0..4).map(|at| (at, source)).collect();
                // In its place among the others, after all of them, or alone.
                let way = self.turn % 3;
                if way != 0 {
                    pairs.retain(|(_, from)| way == 1 && *from != source);
                    pairs.extend(odd);
                }
            }
            Oddity::Single { .. } | Oddity::Change(_) | Oddity::Wait(_) | Oddity::Step(_) => {
                pairs.clear();
            }
            Oddity::Round { .. } | Oddity::Drift(_) => {}
        }
        if matches!(oddity, Oddity::Only(_)) {
            pairs.sort_by_key(|(at, from)| (*from, *at));
        }
        let offers: Vec<Offer> = pairs
            .into_iter()
            .filter_map(|(at, from)| {
                Some((
                    market(at),
                    source(from),
                    self.odd_if_meant(at, from, oddity)?,
                ))
            })
            .collect();
        for (at, from, seen) in &offers {
            let row = self.last.get_mut(usize::from(at.get())).unwrap();
            *row.get_mut(usize::from(from.get())).unwrap() = Some(*seen);
        }
        offers
    }

    fn odd_if_meant(&mut self, at: u16, from: u16, oddity: Oddity) -> Option<Observation> {
        let meant = match oddity {
            Oddity::Move { source, .. }
            | Oddity::Away { source, .. }
            | Oddity::Again { source, .. }
            | Oddity::Late { source, .. }
            | Oddity::Doubtful { source, .. }
            | Oddity::Numbered { source, .. }
            | Oddity::Foreign { source }
            | Oddity::Nonsense { source } => source == from,
            _ => false,
        };
        if meant {
            self.odd(at, from, oddity)
        } else {
            Some(self.word(at, from))
        }
    }
}
