//! What blocks new risk and what calls an operator: the breaker, the divergence alarm.

mod price_support;

use price_support::{MS, P, World, moved, primary, push, stream};
use rstest::rstest;
use vanta_core::price::{Breaker, FeedSpec, Quality, Reject};
use vanta_core::units::SECOND_NS;

const STEP: i64 = 100 * MS;

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
fn a_breaker_that_half_opened_unseen_opens_again_for_its_full_term() {
    let mut world = World::streams(1);
    world.all(&[P]);
    world.pass(32 * SECOND_NS);
    assert_eq!(world.breaker(), Breaker::Open);
    world.all(&[P]);
    // Half open after 35 s, stale again after 37.
    world.pass(6 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Stale);
    world.all(&[P]);
    assert_eq!(world.breaker(), Breaker::Open);
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
fn a_price_is_part_of_the_window_for_as_long_as_it_holds() {
    let patient = FeedSpec {
        max_age_ns: 60 * SECOND_NS,
        ..primary(stream(0))
    };
    let mut world = World::of(&[patient]);
    world.all(&[P]);
    world.pass(50 * SECOND_NS);
    world.all(&[moved(P, 510)]);
    assert_eq!(world.breaker(), Breaker::Open);
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

#[test]
fn a_conflict_that_shutting_a_source_out_leaves_behind_counts_from_then() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    // Both within 0.5 % of the middle one, but not of the lower one.
    let apart = [moved(P, -50), P, moved(P, 100)];
    world.run(&apart, 3 * STEP, STEP);
    assert_eq!(world.quality(), Quality::Good);
    world.pass(4 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Conflict);
    assert_eq!(world.breaker(), Breaker::Open);
    world.all(&[P, P]);
    assert_eq!(world.quality(), Quality::Good);
    assert_eq!(world.breaker(), Breaker::Open);
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
