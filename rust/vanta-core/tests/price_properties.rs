//! What holds for every stream of observations.

#![expect(clippy::indexing_slicing, reason = "indices are drawn from the range")]

mod price_support;

use price_support::{MS, OPEN, P, World, moved, push, stream};
use proptest::prelude::*;
use vanta_core::price::{
    AggregateConfig, Breaker, FeedSpec, MarketSpec, Number, Observation, Quality, Quote, Reject,
};
use vanta_core::units::{E10, SECOND_NS};

/// Something that happens to the book.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// (source, distance from P in ten-thousandths, confidence in ten-thousandths)
    Say(u16, i64, i64),
    /// The source says its last word again.
    Repeat(u16),
    Pass(i64),
    Head,
    StepWall(i64),
    Withdraw(u16),
}

const SOURCES: u16 = 4;

fn event() -> impl Strategy<Value = Event> {
    let near = -40..40_i64;
    let far = -1_200..1_200_i64;
    prop_oneof![
        8 => (0..SOURCES, near, 0..60_i64).prop_map(|(s, e4, c)| Event::Say(s, e4, c)),
        2 => (0..SOURCES, far, 0..60_i64).prop_map(|(s, e4, c)| Event::Say(s, e4, c)),
        1 => (0..SOURCES).prop_map(Event::Repeat),
        6 => (1..3_000_i64).prop_map(|ms| Event::Pass(ms * MS)),
        1 => (5..90_i64).prop_map(|s| Event::Pass(s * SECOND_NS)),
        3 => Just(Event::Head),
        1 => (-20..20_i64).prop_map(|s| Event::StepWall(s * SECOND_NS)),
        1 => (0..SOURCES).prop_map(Event::Withdraw),
    ]
}

/// Three streams, the first one primary, and a push feed.
fn world() -> World {
    let lead = FeedSpec {
        primary: true,
        ..stream(0)
    };
    World::of(&[lead, stream(1), stream(2), push(3)])
}

fn play(world: &mut World, event: Event, last: &mut [Option<Observation>; 4]) {
    match event {
        Event::Say(source, e4, conf) => {
            let price = moved(P, e4);
            let seen = Observation {
                conf: (conf > 0).then(|| Number::Int((price / 10_000 * conf).into())),
                ..world.observation(price)
            };
            if world.offer(source, &seen) == Reject::Accepted {
                last[usize::from(source)] = Some(seen);
            }
        }
        Event::Repeat(source) => {
            if let Some(seen) = last[usize::from(source)] {
                let again = Observation {
                    recv_wall_ns: world.wall,
                    recv_mono_ns: world.mono,
                    ..seen
                };
                world.offer(source, &again);
            }
        }
        Event::Pass(ns) => world.pass(ns),
        Event::Head => world.head(3),
        Event::StepWall(ns) => world.wall += ns,
        Event::Withdraw(source) => world.withdraw(source),
    }
}

fn run(events: &[Event], mut look: impl FnMut(&World)) -> World {
    let mut world = world();
    let mut last = [None; 4];
    for event in events {
        play(&mut world, *event, &mut last);
        look(&world);
    }
    world
}

/// Whether the market was not GOOD just before its quote first ran back behind `as_of`, with
/// nothing said since `since`.
fn lapsed(world: &World, since: i64, as_of: i64) -> bool {
    let at = |mono: i64| {
        let mut then = world.clone();
        then.wall -= world.mono - mono;
        then.mono = mono;
        then.quote()
    };
    let (mut ahead, mut behind) = (since, world.mono);
    while behind - ahead > 1 {
        let middle = ahead + (behind - ahead) / 2;
        let quote = at(middle);
        if quote.quality == Quality::Good && quote.as_of_ns < as_of {
            behind = middle;
        } else {
            ahead = middle;
        }
    }
    at(ahead).quality != Quality::Good
}

proptest! {
    #[test]
    fn asking_at_any_rate_changes_nothing_and_replay_is_identical(
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut often: Vec<Quote> = Vec::new();
        let asked = run(&events, |world| {
            for _ in 0..3 {
                world.quote();
                world.alarms();
            }
            often.push(world.quote());
        });
        let mut again: Vec<Quote> = Vec::new();
        run(&events, |world| again.push(world.quote()));
        prop_assert_eq!(&often, &again);
        let silent = run(&events, |_| ());
        prop_assert_eq!(asked.quote(), silent.quote());
        prop_assert_eq!(asked.book.counters(), silent.book.counters());
    }

    #[test]
    fn good_needs_two_sources_and_as_of_does_not_run_back(
        events in prop::collection::vec(event(), 1..200),
    ) {
        let mut before: Option<Quote> = None;
        let mut since = 0;
        // What holds for no time at all never was, so each event has its own instant; and nobody
        // tells when the wall clock is set, so where it is there is no order to keep.
        let events: Vec<Event> = events
            .into_iter()
            .filter(|event| !matches!(event, Event::StepWall(_)))
            .flat_map(|event| [Event::Pass(1), event])
            .collect();
        run(&events, |world| {
            let quote = world.quote();
            if quote.quality.is_agreed() {
                assert!(quote.sources_used().count() >= 2);
            }
            if quote.quality.has_price() {
                assert!(quote.price_e10 > 0);
                assert!(quote.sources_used().count() >= 1);
            } else {
                assert_eq!(quote.sources_used().count(), 0);
                assert_eq!(quote.valid_until_ns, 0);
            }
            assert!(quote.age_ns >= 0);
            if let Some(before) = before {
                let both = before.quality == Quality::Good && quote.quality == Quality::Good;
                let back = both && quote.as_of_ns < before.as_of_ns;
                assert!(!back || lapsed(world, since, before.as_of_ns));
            }
            (before, since) = (Some(quote), world.mono);
        });
    }

    #[test]
    fn every_answer_is_counted(events in prop::collection::vec(event(), 1..100)) {
        let mut offered = 0;
        let mut world = world();
        let mut last = [None; 4];
        for event in events {
            let repeats = matches!(event, Event::Repeat(s) if last[usize::from(s)].is_some());
            offered += u64::from(repeats || matches!(event, Event::Say(..)));
            play(&mut world, event, &mut last);
        }
        let counted: u64 = world.book.counters().iter().map(|(_, count)| count).sum();
        prop_assert_eq!(counted, offered);
    }

    #[test]
    fn the_price_lies_between_the_sources_used(
        offsets in prop::collection::vec(-200..200_i64, 1..9),
    ) {
        let mut world = World::streams(9);
        let prices: Vec<i64> = offsets.iter().map(|e4| moved(P, *e4) + e4).collect();
        world.all(&prices);
        let quote = world.quote();
        if quote.quality.has_price() {
            let used: Vec<i64> = quote
                .sources_used()
                .filter_map(|source| prices.get(usize::from(source)).copied())
                .collect();
            let (low, high) = (used.iter().min().copied(), used.iter().max().copied());
            prop_assert!(low <= Some(quote.price_e10) && Some(quote.price_e10) <= high);
        }
    }

    #[test]
    fn the_order_of_arrival_of_different_sources_does_not_matter(
        prices in prop::collection::vec(-300..300_i64, 2..8),
        step in prop::collection::vec(-40..40_i64, 8),
        seed in any::<u64>(),
    ) {
        let n = u16::try_from(prices.len()).unwrap_or(0);
        let order = |mut seed: u64| {
            let mut sources: Vec<u16> = (0..n).collect();
            for index in (1..sources.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let other = usize::try_from(seed >> 33).unwrap_or(0) % (index + 1);
                sources.swap(index, other);
            }
            sources
        };
        let play = |rounds: [Vec<u16>; 2]| {
            let mut world = World::streams(n);
            let mut quotes = Vec::new();
            for (round, sources) in (0_i64..).zip(rounds) {
                world.pass(SECOND_NS);
                for source in sources {
                    let at = usize::from(source);
                    world.say(source, moved(moved(P, prices[at]), round * step[at]));
                }
                let mut quote = world.quote();
                quote.breaker = Breaker::Closed;
                if !quote.quality.has_price() {
                    // What is shown without a price is history, and history is the order.
                    (quote.price_e10, quote.as_of_ns, quote.age_ns) = (0, 0, 0);
                }
                quotes.push(quote);
            }
            // The first round is what the order of arrival cannot change; a later one depends on
            // what was said in between (the primary may have been left).
            quotes.truncate(1);
            quotes
        };
        let straight = play([(0..n).collect(), (0..n).collect()]);
        prop_assert_eq!(straight, play([order(seed), order(!seed)]));
    }

    #[test]
    fn scaling_all_prices_scales_the_result(
        prices in prop::collection::vec(1_000_000..1_008_000_i64, 1..9),
        factor in 1..1_000_i64,
    ) {
        let quote = |factor: i64| {
            let mut world = World::streams(9);
            // Even prices: the middle of two is exact at any scale.
            let scaled: Vec<i64> = prices.iter().map(|price| price * 2_000 * factor).collect();
            world.all(&scaled);
            world.quote()
        };
        let (one, many) = (quote(1), quote(factor));
        prop_assert_eq!(one.quality, many.quality);
        prop_assert_eq!(one.price_e10 * factor, many.price_e10);
        prop_assert_eq!(one.used, many.used);
    }

    #[test]
    fn a_duplicate_changes_nothing(events in prop::collection::vec(event(), 1..60)) {
        let mut world = world();
        let mut last = [None; 4];
        for event in events {
            play(&mut world, event, &mut last);
            for (source, seen) in (0_u16..).zip(last) {
                let Some(seen) = seen else { continue };
                let before = world.quote();
                let again = Observation {
                    recv_wall_ns: world.wall,
                    recv_mono_ns: world.mono,
                    ..seen
                };
                if world.offer(source, &again) == Reject::Duplicate {
                    prop_assert_eq!(world.quote(), before);
                }
            }
        }
    }

    #[test]
    fn no_observation_breaks_the_book(
        raw in prop::collection::vec(
            (
                0..5_u16,
                prop_oneof![any::<i128>(), (0..i128::from(1_000 * E10))],
                any::<i8>(),
                prop::option::of(any::<i128>()),
                (any::<i64>(), any::<i64>(), any::<i64>()),
                prop::option::of(any::<i128>()),
                prop::option::of(any::<bool>()),
            ),
            1..60,
        ),
    ) {
        let market = MarketSpec { has_hours: true, ..OPEN };
        let config = AggregateConfig::default();
        let feeds = [stream(0), stream(1), push(2), stream(1)];
        let mut world = World::with(market, &feeds, config);
        for (source, value, expo, conf, (publish, wall, mono), seq, open) in raw {
            let seen = Observation {
                value: Number::from_int(value),
                expo: expo.into(),
                conf: conf.map(Number::from_int),
                publish_ns: publish,
                seq,
                session_open: open,
                recv_wall_ns: wall,
                recv_mono_ns: mono,
            };
            world.offer(source, &seen);
            world.wall = wall.max(0);
            world.mono = mono.max(0);
            world.quote();
            world.alarms();
        }
    }
}
