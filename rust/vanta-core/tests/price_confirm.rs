//! What needs a second word before it counts: jumps, a changed exponent.

mod price_support;

use price_support::{MS, P, World, moved, stream};
use rstest::rstest;
use vanta_core::price::{Number, Observation, Quality, Reject};
use vanta_core::units::SECOND_NS;

#[rstest]
#[case::two_percent_at_once(200, 1, Reject::Accepted)]
#[case::more_at_once(201, 1, Reject::Jump)]
#[case::two_and_a_half_in_a_second(250, SECOND_NS, Reject::Accepted)]
#[case::more_in_a_second(251, SECOND_NS, Reject::Jump)]
#[case::ten_in_five_minutes(1_000, 300 * SECOND_NS, Reject::Accepted)]
#[case::more_in_an_hour(1_001, 3_600 * SECOND_NS, Reject::Jump)]
fn the_jump_guard_grows_with_time(#[case] e4: i64, #[case] after: i64, #[case] expected: Reject) {
    let mut world = World::streams(1);
    world.all(&[P]);
    world.pass(after);
    assert_eq!(world.say(0, moved(P, e4)), expected);
}

#[test]
fn a_jump_counts_after_three_consecutive_updates() {
    let mut world = World::streams(1);
    world.all(&[P]);
    let up = moved(P, 500);
    for expected in [Reject::Jump, Reject::Jump, Reject::Accepted] {
        world.pass(MS);
        assert_eq!(world.say(0, up), expected);
    }
    assert_eq!(world.quote().price_e10, up);
}

#[test]
fn three_different_jumps_confirm_nothing() {
    let mut world = World::streams(1);
    world.all(&[P]);
    for e4 in [500, 1_500, -500, 3_000, 700, -900] {
        world.pass(MS);
        assert_eq!(world.say(0, moved(P, e4)), Reject::Jump);
    }
    assert_eq!(world.quote().price_e10, P);
}

#[test]
fn an_accepted_word_in_between_starts_the_count_over() {
    let mut world = World::streams(1);
    world.all(&[P]);
    let up = moved(P, 500);
    for (price, expected) in [
        (up, Reject::Jump),
        (up, Reject::Jump),
        (P, Reject::Accepted),
        (up, Reject::Jump),
        (up, Reject::Jump),
        (up, Reject::Accepted),
    ] {
        world.pass(MS);
        assert_eq!(world.say(0, price), expected);
    }
}

#[test]
fn a_held_jump_repeated_word_for_word_confirms_nothing() {
    let mut world = World::streams(1);
    world.all(&[P]);
    world.pass(MS);
    let seen = world.observation(moved(P, 500));
    assert_eq!(world.offer(0, &seen), Reject::Jump);
    for _ in 0..5 {
        assert_eq!(world.offer(0, &seen), Reject::Duplicate);
    }
    assert_eq!(world.quote().price_e10, P);
}

#[test]
fn a_jump_that_a_second_source_makes_too_counts_for_both() {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    world.pass(MS);
    let up = moved(P, 500);
    assert_eq!(world.say(0, up), Reject::Jump);
    assert_eq!(world.quote().price_e10, P);
    assert_eq!(world.say(1, up), Reject::Accepted);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Good, up));
}

#[test]
fn late_words_confirm_no_jump() {
    let mut world = World::streams(1);
    world.all(&[P]);
    world.pass(SECOND_NS);
    for ago in [1, 3, 2, 5, 4] {
        let late = Observation {
            publish_ns: world.wall - ago * MS,
            ..world.observation(moved(P, 500))
        };
        assert_eq!(world.offer(0, &late), Reject::Jump);
    }
    assert_eq!(world.quote().price_e10, P);
}

/// Offers of another exponent, right or wrong by the peer; how many were refused.
fn refused_with_another_exponent(rights: &[bool]) -> usize {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    let mut refused = 0;
    for right in rights {
        world.pass(SECOND_NS);
        world.say(1, P);
        let price = if *right { P } else { moved(P, 60) };
        let seen = Observation {
            value: Number::Int(i128::from(price) * 100),
            expo: -12,
            ..world.observation(price)
        };
        match world.offer(0, &seen) {
            Reject::ExpoChanged => refused += 1,
            answer => assert_eq!(answer, Reject::Accepted),
        }
    }
    refused
}

#[rstest]
#[case::five_agree(&[true; 5], 4)]
#[case::all_disagree(&[false; 9], 9)]
#[case::four_and_a_lie(&[true, true, true, true, false, true, true, true, true], 9)]
#[case::five_after_a_lie(&[true, true, false, true, true, true, true, true], 7)]
fn a_new_exponent_must_agree_five_times_in_a_row(#[case] rights: &[bool], #[case] refused: usize) {
    assert_eq!(refused_with_another_exponent(rights), refused);
}

#[test]
fn a_source_of_the_same_group_confirms_no_jump() {
    let mut world = World::of(&[stream(0), stream(0)]);
    world.all(&[P, P]);
    world.pass(MS);
    assert_eq!(world.say(0, moved(P, 500)), Reject::Jump);
    assert_eq!(world.say(1, moved(P, 500)), Reject::Jump);
}

#[test]
fn a_word_from_the_future_does_not_spoil_the_trial_of_an_exponent() {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    let year_2286 = Observation {
        expo: -12,
        publish_ns: i64::MAX,
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &year_2286), Reject::ExpoChanged);
    for n in 1..=5 {
        world.pass(SECOND_NS);
        world.say(1, P);
        let seen = Observation {
            value: Number::Int(i128::from(P) * 100),
            expo: -12,
            ..world.observation(P)
        };
        let expected = if n < 5 {
            Reject::ExpoChanged
        } else {
            Reject::Accepted
        };
        assert_eq!(world.offer(0, &seen), expected, "{n}");
    }
}
