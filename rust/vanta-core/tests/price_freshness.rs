//! Two clocks per source, silence, freezes, sessions, and our own clock.

mod price_support;

use price_support::{MS, OPEN, P, START, World, moved, primary, push, stream};
use rstest::rstest;
use vanta_core::price::{
    AggregateConfig, Breaker, FeedSpec, MarketSpec, Observation, Quality, Reject, Standing,
};
use vanta_core::units::{MarketIx, SECOND_NS};

#[test]
fn a_stream_is_fresh_for_five_seconds_of_its_publish_time() {
    let mut world = World::streams(1);
    let seen = Observation {
        publish_ns: START - 3 * SECOND_NS,
        ..world.observation(P)
    };
    world.offer(0, &seen);
    world.pass(2 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Single);
    world.pass(1);
    assert_eq!(world.quality(), Quality::Stale);
}

#[test]
fn a_feed_can_have_its_own_age() {
    let slow = FeedSpec {
        max_age_ns: 90 * SECOND_NS,
        ..primary(stream(0))
    };
    let mut world = World::of(&[slow]);
    world.all(&[P]);
    world.pass(90 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Single);
    world.pass(1);
    assert_eq!(world.quality(), Quality::Stale);
}

#[test]
fn a_wall_clock_set_back_does_not_make_a_stream_younger() {
    let mut world = World::streams(1);
    world.all(&[P]);
    world.wall -= SECOND_NS;
    world.mono += 5 * SECOND_NS + 1;
    let quote = world.quote();
    assert_eq!(quote.quality, Quality::Stale);
    assert_eq!(quote.age_ns, 5 * SECOND_NS + 1);
}

#[test]
fn a_push_feed_needs_a_head_no_older_than_five_seconds() {
    let mut world = World::of(&[primary(push(0))]);
    world.all(&[P]);
    assert_eq!(world.quality(), Quality::None);
    world.head(0);
    world.pass(1);
    world.all(&[P]);
    world.head(0);
    assert_eq!(world.quality(), Quality::Single);
    world.pass(5 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Single);
    world.pass(1);
    assert_eq!(world.quality(), Quality::Stale);
    world.head(0);
    assert_eq!(world.quality(), Quality::Single);
}

#[rstest]
#[case::nineteen_minutes(19 * 60, Quality::Single)]
#[case::heartbeat_and_a_quarter(1_500, Quality::Single)]
#[case::beyond(1_501, Quality::Stale)]
fn a_push_feed_may_be_quiet_for_its_heartbeat(#[case] seconds: i64, #[case] expected: Quality) {
    let mut world = World::of(&[primary(push(0))]);
    world.all(&[P]);
    for _ in 0..seconds {
        world.head(0);
        world.pass(SECOND_NS);
    }
    assert_eq!(world.quality(), expected);
}

#[test]
fn a_head_from_the_future_is_not_fresh() {
    let mut world = World::of(&[primary(push(0)), stream(1)]);
    world.all(&[P, P]);
    world.head_of(0, world.wall + 2 * SECOND_NS);
    assert_eq!(world.reason(0), Some("STALE"));
}

#[test]
fn the_sequencer_holds_push_feeds_back_for_its_grace_period() {
    let mut world = World::of(&[primary(push(0)), stream(1)]);
    world.all(&[P, P]);
    world.head(0);
    assert_eq!(world.quality(), Quality::Good);
    world.sequencer(false);
    assert_eq!(world.quality(), Quality::Fallback);
    assert_eq!(world.reason(0), Some("SEQUENCER"));
    world.pass(600 * SECOND_NS);
    world.sequencer(true);
    let grace = 3_600 * SECOND_NS;
    world.pass(grace - 1);
    world.head(0);
    let round = world.say(0, P);
    assert_eq!(round, Reject::Accepted);
    assert_eq!(world.reason(0), Some("SEQUENCER"));
    world.pass(1);
    assert_eq!(world.quality(), Quality::Single);
}

#[test]
fn silence_is_named_after_three_intervals() {
    let mut world = World::streams(1);
    world.all(&[P]);
    let state = |world: &World| {
        let (wall, mono) = world.now();
        let ages = MarketIx::new(0).and_then(|market| world.book.ages(market, wall, mono));
        ages.unwrap_or_default()
            .first()
            .map(|age| (age.standing, age.age_ns))
    };
    world.pass(3 * SECOND_NS);
    assert_eq!(state(&world), Some((Standing::Fresh, Some(3 * SECOND_NS))));
    world.pass(1);
    assert_eq!(
        state(&world),
        Some((Standing::Silent, Some(3 * SECOND_NS + 1)))
    );
    // Nonsense is no sign of life, a duplicate is.
    let nonsense = world.observation(0);
    world.offer(0, &nonsense);
    assert_eq!(state(&world).map(|s| s.0), Some(Standing::Fresh));
}

#[test]
fn who_moved_first_is_not_frozen_when_the_others_follow() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.pass(SECOND_NS);
    world.say(0, moved(P, 40));
    world.pass(SECOND_NS);
    world.run(&[moved(P, 40); 3], 120 * SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(0), None);
}

#[test]
fn a_restamped_stream_is_frozen_once_a_peer_moved_and_a_minute_passed() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.run(&[P, moved(P, 21), moved(P, 21)], 60 * SECOND_NS, SECOND_NS);
    assert_eq!(world.quality(), Quality::Good);
    assert_eq!(world.reason(0), None);
    world.run(&[P, moved(P, 21), moved(P, 21)], SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(0), Some("FROZEN"));
    assert_eq!(world.quality(), Quality::Degraded);
    // A new value ends the freeze, not the quarantine.
    world.pass(MS);
    world.say(0, moved(P, 22));
    assert_eq!(world.reason(0), Some("QUARANTINED"));
}

#[test]
fn who_freezes_between_two_words_was_not_used_any_more() {
    let mut world = World::of(&[primary(stream(0)), stream(1), stream(2), push(3)]);
    world.say(2, P);
    world.say(1, moved(P, 15));
    world.say(3, P);
    world.pass(60 * SECOND_NS + 1);
    world.say(1, moved(P, 15));
    for (source, e4) in [(0, 0), (2, -21)] {
        world.pass(1);
        world.say(source, moved(P, e4));
    }
    world.pass(1);
    let quote = world.quote();
    assert_eq!(
        (quote.quality, world.reason(1)),
        (Quality::Good, Some("FROZEN"))
    );
    // An older word joins; what was published does not run back to the frozen one.
    world.head(3);
    assert!(world.quote().sources_used().any(|source| source == 3));
    assert_eq!(world.quote().as_of_ns, quote.as_of_ns);
}

#[test]
fn an_unchanged_stream_is_fine_while_nobody_moves() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.run(
        &[P, moved(P, 20), moved(P, -20)],
        300 * SECOND_NS,
        SECOND_NS,
    );
    assert_eq!(world.quality(), Quality::Good);
    assert_eq!(world.reason(0), None);
}

#[test]
fn a_silent_stream_is_stale_and_not_frozen() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    for _ in 0..120 {
        world.pass(SECOND_NS);
        world.say(1, moved(P, 30));
        world.say(2, moved(P, 30));
    }
    assert_eq!(world.reason(0), Some("STALE"));
    world.say(0, moved(P, 30));
    assert_eq!(world.reason(0), None);
}

#[test]
fn a_quarantined_peer_freezes_nobody() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.say(2, P + 1);
    world.run(&[P, P, moved(P, 100)], 59 * SECOND_NS, SECOND_NS);
    world.run(&[P, P, P], 10 * SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(0), None);
    assert_eq!(world.reason(1), None);
}

#[test]
fn a_push_feed_is_exempt_within_its_threshold_and_frozen_beyond_it() {
    let push = primary(push(0));
    let run = |e4: i64, seconds: i64| {
        let mut world = World::of(&[push, stream(1), stream(2)]);
        world.all(&[P, P, P]);
        for _ in 0..seconds {
            world.pass(SECOND_NS);
            world.head(0);
            world.say(1, moved(P, e4));
            world.say(2, moved(P, e4));
        }
        world.reason(0)
    };
    assert_eq!(run(50, 600), None);
    // Between the tolerance of 0.5 % and 0.7 %: an outlier, but not frozen.
    assert_eq!(run(70, 600), Some("OUTLIER"));
    assert_eq!(run(71, 31), Some("OUTLIER"));
    assert_eq!(run(71, 32), Some("FROZEN"));
}

fn hours() -> World {
    let market = MarketSpec {
        has_hours: true,
        ..OPEN
    };
    World::with(
        market,
        &[primary(stream(0)), stream(1)],
        AggregateConfig::default(),
    )
}

fn session(world: &mut World, source: u16, price: i64, open: Option<bool>) -> Reject {
    let seen = Observation {
        session_open: open,
        ..world.observation(price)
    };
    world.offer(source, &seen)
}

#[test]
fn a_market_with_hours_is_closed_until_a_source_says_open() {
    let mut world = hours();
    assert_eq!(world.quality(), Quality::Closed);
    assert_eq!(session(&mut world, 0, P, None), Reject::Closed);
    assert_eq!(world.quality(), Quality::Closed);
    world.pass(1);
    assert_eq!(session(&mut world, 0, P, Some(true)), Reject::Accepted);
    assert_eq!(session(&mut world, 1, P, Some(true)), Reject::Accepted);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn a_weekend_is_closed_and_opens_no_breaker() {
    let mut world = hours();
    session(&mut world, 0, P, Some(true));
    session(&mut world, 1, P, Some(true));
    world.pass(SECOND_NS);
    for source in [0, 1] {
        assert_eq!(session(&mut world, source, P, Some(false)), Reject::Closed);
    }
    assert_eq!(world.quality(), Quality::Closed);
    world.pass(2 * 86_400 * SECOND_NS);
    assert_eq!(world.quality(), Quality::Closed);
    assert_eq!(world.breaker(), Breaker::Closed);
    for source in [0, 1] {
        let open = session(&mut world, source, moved(P, 80), Some(true));
        assert_eq!(open, Reject::Accepted);
    }
    let quote = world.quote();
    assert_eq!(
        (quote.quality, quote.breaker),
        (Quality::Good, Breaker::Closed)
    );
}

#[rstest]
#[case::closed(Some(false))]
#[case::unknown(None)]
fn the_session_is_heard_in_a_carried_forward_price(#[case] word: Option<bool>) {
    let mut world = hours();
    session(&mut world, 0, P, Some(true));
    session(&mut world, 1, P, Some(true));
    let at = world.wall;
    world.pass(SECOND_NS);
    for source in [0, 1] {
        let carried = Observation {
            publish_ns: at,
            session_open: word,
            ..world.observation(P)
        };
        assert_eq!(world.offer(source, &carried), Reject::Duplicate);
    }
    assert_eq!(world.quality(), Quality::Closed);
}

#[test]
fn what_is_said_now_is_not_heard_in_the_past() {
    let mut world = World::of(&[stream(0), push(1), stream(2)]);
    world.all(&[P, P]);
    world.pass(SECOND_NS + MS);
    world.say(1, P);
    world.say(0, moved(P, 21));
    // Taken back within the moment it was said: it never held.
    assert_eq!(world.say(0, P), Reject::Equivocation);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Stale, P));
    assert_eq!((quote.as_of_ns, quote.age_ns), (START, SECOND_NS + MS));
}
