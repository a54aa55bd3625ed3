//! What the book remembers: strikes, failover with hysteresis, the breaker, divergence.

mod price_support;

use price_support::{MS, P, World, moved, primary, push, stream};
use rstest::rstest;
use vanta_core::price::{FeedSpec, Number, Observation, Quality, Reject};
use vanta_core::units::{MarketIx, SECOND_NS, SourceIx};

const STEP: i64 = 100 * MS;

/// Three sources, the last of which has just been struck `n` times within a second.
fn struck(n: usize) -> World {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    for _ in 0..n {
        world.pass(STEP);
        world.all(&[P, P, moved(P, 100)]);
    }
    // An outlier is struck once it has held for a while.
    world.pass(MS);
    world.say(0, P);
    world
}

#[rstest]
#[case::twice(2, "OUTLIER")]
#[case::three_times(3, "QUARANTINED")]
fn three_strikes_in_a_minute_shut_a_source_out(#[case] n: usize, #[case] expected: &str) {
    assert_eq!(struck(n).reason(2), Some(expected));
}

#[test]
fn a_strike_counts_once_per_observation_however_often_one_looks() {
    let mut world = struck(1);
    for _ in 0..100 {
        world.quote();
    }
    for _ in 0..20 {
        world.pass(STEP);
        // The others go on; the liar says nothing new.
        world.say(0, P);
        world.say(1, P);
    }
    assert_eq!(world.reason(2), Some("OUTLIER"));
}

#[test]
fn strikes_older_than_a_minute_are_forgotten() {
    let mut world = struck(2);
    world.run(&[P, P, P], 61 * SECOND_NS, SECOND_NS);
    world.pass(STEP);
    world.all(&[P, P, moved(P, 100)]);
    assert_eq!(world.reason(2), Some("OUTLIER"));
}

#[test]
fn quarantine_doubles_up_to_a_quarter_of_an_hour() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    let lie = [P, P, moved(P, 100)];
    let mut terms = Vec::new();
    for _ in 0..6 {
        while world.reason(2) != Some("QUARANTINED") {
            world.run(&lie, STEP, STEP);
        }
        let start = world.mono;
        while world.reason(2) == Some("QUARANTINED") {
            world.run(&[P, P, P], SECOND_NS, SECOND_NS);
        }
        terms.push((world.mono - start) / SECOND_NS);
    }
    assert_eq!(terms, [60, 120, 240, 480, 900, 900]);
    // A quarter of an hour without a fault, and it starts over.
    world.run(&[P, P, P], 901 * SECOND_NS, SECOND_NS);
    while world.reason(2) != Some("QUARANTINED") {
        world.run(&lie, STEP, STEP);
    }
    world.run(&[P, P, P], 60 * SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(2), None);
}

#[test]
fn a_quarantined_source_has_no_influence() {
    let mut with = struck(3);
    let mut without = World::streams(2);
    without.all(&[P, P]);
    without.pass(3 * STEP);
    without.all(&[P, P]);
    without.pass(MS);
    without.say(0, P);
    for n in 1..50 {
        with.pass(STEP);
        without.pass(STEP);
        with.say(2, moved(P, 100 - 4 * n));
        with.say(0, P + n);
        without.say(0, P + n);
        with.say(1, P - n);
        without.say(1, P - n);
        let (a, b) = (with.quote(), without.quote());
        assert_eq!(
            (a.price_e10, a.quality, a.as_of_ns, a.spread_e10, a.breaker),
            (b.price_e10, b.quality, b.as_of_ns, b.spread_e10, b.breaker),
        );
    }
}

#[test]
fn a_quarantine_ends_for_a_source_that_has_no_word_left_too() {
    let patient = FeedSpec {
        max_age_ns: 100 * SECOND_NS,
        ..stream(0)
    };
    let feeds = [0, 1, 2].map(|group| FeedSpec { group, ..patient });
    let mut world = World::of(&feeds);
    world.all(&[P, P, P]);
    // Another value under the same key.
    assert_eq!(world.say(2, P + 1), Reject::Equivocation);
    world.withdraw(2);
    world.pass(60 * SECOND_NS - 1);
    assert_eq!(world.reason(2), Some("QUARANTINED"));
    world.pass(1);
    assert_eq!(world.reason(2), Some("STALE"));
}

/// Two sources, the primary gone for six seconds and just back.
fn returning() -> World {
    let mut world = World::streams(2);
    world.all(&[P, P + 2]);
    for _ in 0..6 {
        world.pass(SECOND_NS);
        world.say(1, P + 2);
    }
    assert_eq!(world.quality(), Quality::Fallback);
    assert_eq!(world.quote().price_e10, P + 2);
    world
}

#[test]
fn the_primary_returns_after_ten_seconds_of_good_updates() {
    let mut world = returning();
    world.run(&[P, P + 2], SECOND_NS, SECOND_NS);
    let back = world.mono;
    let mut qualities = vec![world.quality()];
    while world.mono < back + 20 * SECOND_NS {
        world.run(&[P, P + 2], SECOND_NS, SECOND_NS);
        qualities.push(world.quality());
    }
    let mut runs = qualities.clone();
    runs.dedup();
    assert_eq!(runs, [Quality::Fallback, Quality::Good]);
    assert_eq!(qualities.iter().position(|q| *q == Quality::Good), Some(10));
}

#[test]
fn ten_seconds_are_not_enough_without_five_updates() {
    let mut world = returning();
    for n in 1..=6 {
        world.pass(3 * SECOND_NS);
        world.all(&[P, P + 2]);
        let expected = if n < 5 {
            Quality::Fallback
        } else {
            Quality::Good
        };
        assert_eq!(world.quality(), expected, "{n}");
    }
}

#[rstest]
#[case::outlying(|world: &mut World| { let far = moved(P, 60); world.say(0, far); })]
#[case::wide(|world: &mut World| {
    let wide = Observation { conf: Some(Number::Int(P.into())), ..world.observation(P) };
    assert_eq!(world.offer(0, &wide), Reject::WideConf);
})]
fn a_bad_update_of_the_primary_starts_its_probation_over(#[case] bad: fn(&mut World)) {
    let mut world = returning();
    world.run(&[P, P + 2], 9 * SECOND_NS, SECOND_NS);
    world.pass(SECOND_NS);
    bad(&mut world);
    world.say(1, P + 2);
    world.run(&[P, P + 2], 10 * SECOND_NS, SECOND_NS);
    assert_eq!(world.quality(), Quality::Fallback);
    world.run(&[P, P + 2], SECOND_NS, SECOND_NS);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn with_three_sources_probation_is_degraded() {
    let mut world = World::streams(3);
    world.all(&[P, P + 2, P + 4]);
    world.pass(MS);
    world.all(&[moved(P, 100), P + 2, P + 4]);
    assert_eq!(world.quality(), Quality::Degraded);
    world.run(&[P, P + 2, P + 4], SECOND_NS, SECOND_NS);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Degraded, P + 2));
    world.run(&[P, P + 2, P + 4], 10 * SECOND_NS, SECOND_NS);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn a_primary_left_alone_leads_again_at_once() {
    let mut world = returning();
    for _ in 0..6 {
        world.pass(SECOND_NS);
        world.say(0, P);
    }
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Single, P));
}

#[test]
fn a_primary_that_was_never_there_needs_no_probation() {
    let mut world = World::streams(2);
    world.say(1, P);
    world.pass(SECOND_NS);
    world.say(0, P);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn the_lapse_of_a_push_primary_between_two_heads_is_noticed() {
    let mut world = World::of(&[primary(push(0)), stream(1)]);
    world.all(&[P, P + 2]);
    world.head(0);
    assert_eq!(world.quality(), Quality::Good);
    for _ in 0..8 {
        world.pass(SECOND_NS);
        world.say(1, P + 2);
    }
    assert_eq!(world.quality(), Quality::Fallback);
    world.head(0);
    assert_eq!(world.quality(), Quality::Fallback);
}

#[test]
fn a_lapse_that_nobody_saw_counts_too() {
    let patient = FeedSpec {
        max_age_ns: 60 * SECOND_NS,
        ..stream(1)
    };
    for (seconds, expected) in [(5, Quality::Good), (6, Quality::Fallback)] {
        let mut world = World::of(&[primary(push(0)), patient]);
        world.all(&[P, P + 2]);
        world.head(0);
        world.pass(seconds * SECOND_NS);
        world.head(0);
        assert_eq!(world.quality(), expected, "{seconds}");
    }
}

#[test]
fn probation_ends_with_time_even_between_two_updates() {
    let mut world = World::streams(3);
    world.all(&[P, P + 2, P + 4]);
    world.pass(STEP);
    world.all(&[moved(P, 100), P + 2, P + 4]);
    world.run(&[P, P + 2, P + 4], 10 * SECOND_NS, SECOND_NS);
    assert_eq!(world.quality(), Quality::Degraded);
    world.pass(SECOND_NS - 1);
    assert_eq!(world.quality(), Quality::Degraded);
    world.pass(1);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn a_return_that_time_brought_is_not_taken_back() {
    let mut world = World::streams(3);
    world.all(&[P, P + 2, P + 4]);
    world.pass(STEP);
    world.all(&[moved(P, 100), P + 2, P + 4]);
    world.run(&[P, P + 2, P + 4], 10 * SECOND_NS, SECOND_NS);
    world.pass(SECOND_NS + MS);
    assert_eq!(world.quality(), Quality::Good);
    let wide = Observation {
        conf: Some(Number::Int(P.into())),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &wide), Reject::WideConf);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn a_refusal_of_the_primary_does_not_undo_what_it_said_before_within_one_batch() {
    let mut world = World::streams(3);
    let prices = [moved(P, 1), P, P];
    world.all(&prices);
    // The primary falls silent, and must then prove itself for ten seconds and five words.
    world.run(&[], 2 * SECOND_NS, SECOND_NS);
    for _ in 0..6 {
        world.pass(SECOND_NS);
        world.say(1, P);
        world.say(2, P);
    }
    assert_eq!(world.quality(), Quality::Degraded);
    world.run(&prices, 10 * SECOND_NS, 2 * SECOND_NS + SECOND_NS / 2);
    assert_eq!(world.quality(), Quality::Degraded);
    world.pass(2 * SECOND_NS + SECOND_NS / 2);
    let refused = Observation {
        value: Number::Int(0),
        ..world.observation(P)
    };
    let words = [
        (1, world.observation(P)),
        (2, world.observation(P)),
        (0, world.observation(moved(P, 1))),
        (0, refused),
    ];
    let offers = words.into_iter().filter_map(|(source, seen)| {
        Some((MarketIx::new(0).ok()?, SourceIx::new(source).ok()?, seen))
    });
    world.book.update_many(offers, |_| {});
    // It had returned before it was refused, so nothing is to be proven again.
    world.pass(STEP);
    world.all(&prices);
    assert_eq!(world.quality(), Quality::Good);
}
