//! Properties of the short ways: many observations of one instant are one by one, and the quote of
//! a calm market is the careful one.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::units::{E10, MarketIx, SECOND_NS, SourceIx, TimeNs};

const WALL: i64 = 1_700_000_000 * SECOND_NS;
const MARKETS: u16 = 3;
const SOURCES: u16 = 6;

/// One offered observation: whose, how far from the middle, how old, and what else it says.
#[derive(Debug, Clone, Copy)]
struct Word {
    market: u16,
    source: u16,
    away_e6: i64,
    late_ns: i64,
    seq: Option<i128>,
    conf: bool,
    expo: i32,
    open: Option<bool>,
    /// Says the same price for ever.
    stuck: bool,
}

/// Words of one instant, and what happens before them.
#[derive(Debug, Clone)]
struct Step {
    after_ns: i64,
    wall_jump_ns: i64,
    drift_e6: i64,
    change: u8,
    words: Vec<Word>,
    /// Below 8 all sources speak before these words, the primary only below 5.
    chorus: u8,
}

fn chorus(step: &Step) -> Vec<Word> {
    let speakers = if step.chorus < 5 {
        0..SOURCES
    } else {
        1..SOURCES
    };
    let speak = |market, source: u16| Word {
        market,
        source,
        away_e6: i64::from(source) * 37 - 100,
        late_ns: 0,
        seq: None,
        conf: false,
        expo: -10,
        open: Some(true),
        stuck: source == 4,
    };
    let all =
        (0..MARKETS).flat_map(|market| speakers.clone().map(move |source| speak(market, source)));
    if step.chorus < 8 {
        all.collect()
    } else {
        Vec::new()
    }
}

fn words() -> impl Strategy<Value = Word> {
    let away = prop_oneof![
        8 => -400_i64..400,
        2 => prop::sample::select(vec![1_999_i64, 2_000, 2_001, 4_999, 5_000, 5_001, -5_001]),
        2 => prop::sample::select(vec![9_000_i64, 20_001, -30_000, 150_000]),
    ];
    let late = prop_oneof![
        8 => Just(0_i64),
        1 => 0..6 * SECOND_NS,
        1 => prop::sample::select(vec![-SECOND_NS, -SECOND_NS - 1, 5 * SECOND_NS + 1]),
    ];
    let expo = prop_oneof![30 => Just(-10), 1 => Just(-9)];
    let seq = prop_oneof![6 => Just(None), 2 => (0..4_i128).prop_map(Some)];
    (
        (0..MARKETS, 0..SOURCES + 1, away, late),
        (seq, any::<bool>(), expo, prop::option::of(any::<bool>())),
    )
        .prop_map(
            |((market, source, away_e6, late_ns), (seq, conf, expo, open))| Word {
                market,
                source,
                away_e6,
                late_ns,
                seq,
                conf,
                expo,
                open,
                stuck: false,
            },
        )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![
        4 => 1..SECOND_NS,
        4 => SECOND_NS..8 * SECOND_NS,
        1 => Just(0_i64),
        1 => 9 * SECOND_NS..100 * SECOND_NS,
    ];
    let jump = prop_oneof![20 => Just(0_i64), 1 => -3 * SECOND_NS..3 * SECOND_NS];
    let drift = prop_oneof![6 => -300..300_i64, 1 => -30_000..30_000_i64];
    let step = (
        after,
        jump,
        drift,
        0_u8..60,
        (prop::collection::vec(words(), 0..14), 0_u8..10),
    )
        .prop_map(
            |(after_ns, wall_jump_ns, drift_e6, change, (words, chorus))| Step {
                after_ns,
                wall_jump_ns,
                drift_e6,
                change,
                words,
                chorus,
            },
        );
    prop::collection::vec(step, 1..40)
}

fn time(ns: i64) -> TimeNs {
    TimeNs::new(ns).unwrap()
}

fn market(index: u16) -> MarketIx {
    MarketIx::new(index).unwrap()
}

/// Market 0: streams with a primary. Market 1: with hours and two feeds of one group. Market 2: with
/// a push feed.
fn book() -> PriceBook {
    let mut book = PriceBook::new(AggregateConfig::default()).unwrap();
    book.set_clock_offset(Some(0), time(WALL), time(0));
    for index in 0..MARKETS {
        let spec = MarketSpec {
            min_price_e10: 1,
            max_price_e10: i64::MAX,
            has_hours: index == 1,
            max_conf_e10: 0,
        };
        book.add_market(market(index), spec).unwrap();
        for source in 0..SOURCES {
            let push = index == 2 && source == 5;
            let spec = FeedSpec {
                kind: if push {
                    FeedKind::Push
                } else {
                    FeedKind::Stream
                },
                group: if index == 1 { source / 2 } else { source },
                primary: source == 0 && index != 2,
                expo: -10,
                interval_ns: SECOND_NS,
                max_age_ns: 0,
                heartbeat_ns: if push { 1_200 * SECOND_NS } else { 0 },
                deviation_e10: if push { E10 / 200 } else { 0 },
                conf_required: false,
            };
            book.add_feed(market(index), SourceIx::new(source).unwrap(), spec)
                .unwrap();
        }
    }
    book
}

fn observe(word: &Word, middle: i64, wall: i64, mono: i64) -> Observation {
    let middle = if word.stuck { 60_000 * E10 } else { middle };
    let price = middle / 1_000_000 * (1_000_000 + word.away_e6);
    Observation {
        value: Number::Int(price.into()),
        expo: word.expo,
        conf: word.conf.then(|| Number::Int((price / 1_000).into())),
        publish_ns: wall - word.late_ns,
        seq: word.seq,
        session_open: word.open,
        recv_wall_ns: wall,
        recv_mono_ns: mono,
    }
}

fn change(book: &mut PriceBook, what: u8, wall: i64, mono: i64) {
    let (now_wall, now_mono) = (time(wall), time(mono));
    match what {
        0 => book.set_clock_offset(None, now_wall, now_mono),
        1..=3 => book.set_clock_offset(Some(1_000), now_wall, now_mono),
        4 => book.set_sequencer(false, now_wall, now_wall, now_mono),
        5 => book.set_sequencer(true, time(0), now_wall, now_mono),
        6 => book
            .withdraw(market(0), SourceIx::new(1).unwrap(), now_wall, now_mono)
            .unwrap(),
        7..=20 => book
            .set_head(SourceIx::new(5).unwrap(), now_wall, now_wall, now_mono)
            .unwrap(),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn many_at_once_are_one_by_one_and_calm_quotes_are_careful(steps in steps()) {
        let (mut singly, mut together) = (book(), book());
        let (mut wall, mut mono, mut middle) = (WALL, SECOND_NS, 60_000 * E10);
        for step in &steps {
            mono += step.after_ns;
            wall += step.after_ns + step.wall_jump_ns;
            middle += middle / 1_000_000 * step.drift_e6;
            change(&mut singly, step.change, wall, mono);
            change(&mut together, step.change, wall, mono);
            let mut words = chorus(step);
            words.extend_from_slice(&step.words);
            let offered: Vec<_> = words
                .iter()
                .map(|word| {
                    let source = SourceIx::new(word.source).unwrap();
                    (market(word.market), source, observe(word, middle, wall, mono))
                })
                .collect();
            let one_by_one: Vec<_> =
                offered.iter().map(|(m, s, seen)| singly.update(*m, *s, seen)).collect();
            let mut at_once = Vec::new();
            together.update_many(offered.iter().copied(), |reject| at_once.push(reject));
            prop_assert_eq!(at_once, one_by_one);
            for (wall, mono) in [(wall, mono), (wall + 1, mono + 1), (wall + 7 * SECOND_NS, mono + 7 * SECOND_NS)] {
                for index in 0..MARKETS {
                    let expected = singly.careful_quote(market(index), time(wall), time(mono)).unwrap();
                    for book in [&singly, &together] {
                        let quote = book.quote(market(index), time(wall), time(mono)).unwrap();
                        prop_assert_eq!(quote, expected);
                        let alarms = book.alarms(market(index), time(wall), time(mono)).unwrap();
                        prop_assert_eq!(alarms, singly.alarms(market(index), time(wall), time(mono)).unwrap());
                        let ages = book.ages(market(index), time(wall), time(mono)).unwrap();
                        prop_assert_eq!(ages, singly.ages(market(index), time(wall), time(mono)).unwrap());
                    }
                }
            }
        }
        prop_assert_eq!(singly.counters(), together.counters());
    }
}
