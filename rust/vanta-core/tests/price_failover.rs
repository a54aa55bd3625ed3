//! What the book remembers: strikes, failover with hysteresis, the breaker, divergence.

mod price_support;

use price_support::{MS, P, World, moved, primary, push, stream};
use rstest::rstest;
use vanta_core::price::{Breaker, FeedSpec, Number, Observation, Quality, Reject};
use vanta_core::units::SECOND_NS;

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

/// A book whose breaker has been opened by a conflict that is over now.
fn opened() -> World {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    world.run(&[P, moved(P, 100)], 3 * SECOND_NS + 2 * STEP, STEP);
    assert_eq!(world.breaker(), Breaker::Open);
    world.run(&[P, P], STEP, STEP);
    world
}

#[test]
fn a_conflict_of_more_than_three_seconds_opens_the_breaker() {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    world.pass(STEP);
    world.all(&[P, moved(P, 100)]);
    assert_eq!(world.quality(), Quality::Conflict);
    world.pass(3 * SECOND_NS);
    assert_eq!(world.breaker(), Breaker::Closed);
    assert!(!world.alarms().conflict);
    world.pass(1);
    assert_eq!(world.breaker(), Breaker::Open);
    assert!(world.alarms().conflict);
}

#[test]
fn the_breaker_half_opens_after_thirty_seconds_and_closes_after_ten_good() {
    let mut world = opened();
    // It opened three seconds into the conflict, that is three steps ago.
    world.run(&[P, P], 29 * SECOND_NS, SECOND_NS);
    assert_eq!(world.breaker(), Breaker::Open);
    world.pass(SECOND_NS);
    assert_eq!(world.breaker(), Breaker::HalfOpen);
    for n in 1..=5 {
        assert_eq!(world.breaker(), Breaker::HalfOpen, "{n}");
        world.pass(STEP);
        world.all(&[P, P]);
    }
    assert_eq!(world.breaker(), Breaker::Closed);
}

#[test]
fn the_breaker_counts_from_the_third_second_of_a_conflict_nobody_looked_at() {
    for (seconds, expected) in [(32, Breaker::Open), (33, Breaker::HalfOpen)] {
        let mut world = World::streams(2);
        world.all(&[P, P]);
        world.pass(STEP);
        world.all(&[P, moved(P, 100)]);
        world.pass(seconds * SECOND_NS);
        world.all(&[P, P]);
        assert_eq!(world.breaker(), expected, "{seconds}");
    }
}

#[test]
fn one_bad_update_in_half_open_starts_the_run_over() {
    let mut world = opened();
    world.run(&[P, P], 30 * SECOND_NS, SECOND_NS);
    world.run(&[P, P], 3 * STEP, STEP);
    world.pass(STEP);
    world.say(1, moved(P, 100));
    world.run(&[P, P], 4 * STEP, STEP);
    assert_eq!(world.breaker(), Breaker::HalfOpen);
    world.run(&[P, P], 2 * STEP, STEP);
    assert_eq!(world.breaker(), Breaker::Closed);
}

#[test]
fn losing_all_sources_opens_the_breaker() {
    let mut world = World::streams(2);
    assert_eq!(world.breaker(), Breaker::Closed);
    world.all(&[P, P]);
    world.pass(5 * SECOND_NS);
    assert_eq!(world.breaker(), Breaker::Closed);
    world.pass(1);
    let quote = world.quote();
    assert_eq!(
        (quote.quality, quote.breaker),
        (Quality::Stale, Breaker::Open)
    );
    // It stays open as long as there is no price, and opens no later for it.
    world.pass(60 * SECOND_NS);
    assert_eq!(world.breaker(), Breaker::Open);
    world.all(&[P, P]);
    assert_eq!(world.breaker(), Breaker::HalfOpen);
}

#[test]
fn a_lone_source_moving_five_percent_in_ten_seconds_opens_the_breaker() {
    let run = |e4: i64| {
        let mut world = World::streams(2);
        let mut price = P;
        world.say(0, price);
        for _ in 0..10 {
            world.pass(SECOND_NS);
            price = moved(price, e4);
            assert_eq!(world.say(0, price), Reject::Accepted);
        }
        world.quote()
    };
    assert_eq!(run(48).breaker, Breaker::Closed);
    let fast = run(50);
    assert_eq!(
        (fast.quality, fast.breaker),
        (Quality::Single, Breaker::Open)
    );
}

#[test]
fn the_breaker_remembers_a_dip_within_one_second() {
    let mut world = World::streams(2);
    world.wall += SECOND_NS - world.wall % SECOND_NS;
    for e4 in [0, -190, -370, -180, 10] {
        world.pass(MS);
        assert_eq!(world.say(0, moved(P, e4)), Reject::Accepted);
        assert_eq!(world.breaker(), Breaker::Closed);
    }
    world.pass(SECOND_NS);
    world.say(0, moved(P, 100));
    assert_eq!(world.breaker(), Breaker::Closed);
    world.pass(MS);
    world.say(0, moved(P, 120));
    assert_eq!(world.breaker(), Breaker::Open);
}

#[test]
fn a_confirmed_move_of_any_size_leaves_the_breaker_alone() {
    let mut world = World::streams(2);
    let mut price = P;
    world.all(&[price, price]);
    for _ in 0..10 {
        world.pass(SECOND_NS);
        price = moved(price, 100);
        world.say(0, price);
        world.say(1, price);
    }
    let quote = world.quote();
    assert_eq!(
        (quote.quality, quote.breaker, quote.price_e10),
        (Quality::Good, Breaker::Closed, price)
    );
}

#[test]
fn a_majority_that_leaves_the_third_behind_by_two_percent_opens_the_breaker() {
    let run = |e4: i64| {
        let mut world = World::streams(3);
        world.run(&[P, P, P], SECOND_NS, STEP);
        world.pass(STEP);
        let up = moved(P, e4);
        world.say(1, up);
        world.say(2, up);
        world.pass(STEP);
        world.say(1, up);
        world.say(2, up);
        world.quote()
    };
    let small = run(150);
    assert_eq!(small.breaker, Breaker::Closed);
    assert_eq!(small.price_e10, moved(P, 150));
    for e4 in [201, 300, 900] {
        let large = run(e4);
        assert_eq!(large.breaker, Breaker::Open, "{e4}");
        // They are followed, which is what two of three can do.
        assert_eq!(large.price_e10, moved(P, e4));
    }
}

#[rstest]
#[case::apart(31, true)]
#[case::near(29, false)]
fn a_lasting_gap_below_the_tolerance_is_an_alarm(#[case] e4: i64, #[case] expected: bool) {
    let mut world = World::streams(2);
    let live = |world: &mut World, e4: i64, seconds: i64| {
        for n in 0..seconds {
            world.pass(SECOND_NS);
            world.all(&[P + n % 7, moved(P, e4) + n % 5]);
        }
    };
    live(&mut world, 0, 10);
    live(&mut world, e4, 120);
    assert!(!world.alarms().divergence);
    live(&mut world, e4, 300);
    assert_eq!(world.alarms().divergence, expected);
    assert_eq!(world.quality(), Quality::Good);
    live(&mut world, 0, 60);
    assert!(!world.alarms().divergence);
}

#[test]
fn a_push_feed_within_its_threshold_diverges_from_nobody() {
    let mut world = World::of(&[primary(push(0)), stream(1)]);
    world.all(&[P, P]);
    for _ in 0..600 {
        world.pass(SECOND_NS);
        world.head(0);
        world.say(1, moved(P, 49));
    }
    assert_eq!(world.quality(), Quality::Good);
    assert!(!world.alarms().divergence);
}
