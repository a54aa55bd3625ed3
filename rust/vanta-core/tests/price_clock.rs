//! Our own clock, and how long a price is shown after it was good.

mod price_support;

use price_support::{MS, OPEN, P, World, primary, stream};
use rstest::rstest;
use vanta_core::price::{Breaker, Observation, Quality, Reject};
use vanta_core::units::{MarketIx, SECOND_NS, SourceIx, TimeNs};

#[rstest]
#[case::unknown(None, Quality::ClockSuspect)]
#[case::fine(Some(500 * MS), Quality::Good)]
#[case::behind(Some(-500 * MS), Quality::Good)]
#[case::too_far(Some(500 * MS + 1), Quality::ClockSuspect)]
#[case::too_far_behind(Some(-500 * MS - 1), Quality::ClockSuspect)]
fn our_clock_must_be_measured(#[case] offset: Option<i64>, #[case] expected: Quality) {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    world.clock_offset(offset);
    assert_eq!(world.quality(), expected);
}

#[rstest]
#[case::ten_seconds_ahead(10)]
#[case::ten_seconds_behind(-10)]
#[case::an_hour_ahead(3_600)]
#[case::an_hour_behind(-3_600)]
fn a_stepped_wall_clock_is_our_fault(#[case] step: i64) {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.wall += step * SECOND_NS;
    world.mono += MS;
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::ClockSuspect, P));
    assert!(quote.age_ns >= 0);
    // The world goes on publishing true time.
    for n in 1..=3 {
        world.pass(SECOND_NS);
        for source in 0..3 {
            let seen = Observation {
                publish_ns: world.wall - step * SECOND_NS,
                ..world.observation(P + n)
            };
            world.offer(source, &seen);
        }
        let quote = world.quote();
        assert_eq!(quote.quality, Quality::ClockSuspect);
        assert_eq!(quote.breaker, Breaker::Open);
    }
    // Set right again, the book recovers; the breaker takes its time.
    world.wall -= step * SECOND_NS;
    world.run(&[P, P, P], SECOND_NS, 100 * MS);
    let quote = world.quote();
    assert_eq!(
        (quote.quality, quote.breaker),
        (Quality::Good, Breaker::Open)
    );
}

#[test]
fn one_late_source_of_three_is_its_own_fault() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    world.pass(SECOND_NS);
    let late = Observation {
        publish_ns: world.wall + 60 * SECOND_NS,
        ..world.observation(P)
    };
    assert_eq!(world.offer(2, &late), Reject::Future);
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn a_single_source_from_the_future_is_judged_by_the_others_of_the_book() {
    let mut world = World::streams(3);
    let alone = MarketIx::new(1).and_then(|market| {
        world.book.add_market(market, OPEN)?;
        world
            .book
            .add_feed(market, SourceIx::new(9)?, primary(stream(0)))?;
        Ok(market)
    });
    let Ok(market) = alone else {
        unreachable!("declared once")
    };
    world.all(&[P, P, P]);
    let future = Observation {
        publish_ns: world.wall + 60 * SECOND_NS,
        ..world.observation(P)
    };
    let (Ok(source), Ok(wall), Ok(mono)) = (
        SourceIx::new(9),
        TimeNs::new(world.wall),
        TimeNs::new(world.mono),
    ) else {
        unreachable!("in range")
    };
    assert_eq!(world.book.update(market, source, &future), Reject::Future);
    let quality = world.book.quote(market, wall, mono).map(|q| q.quality);
    assert_eq!(quality, Ok(Quality::None));
    assert_eq!(world.quality(), Quality::Good);
}

#[test]
fn last_known_good_is_shown_for_a_quarter_of_an_hour_after_it_was_good() {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    world.pass(5 * SECOND_NS + 1);
    assert_eq!(world.quality(), Quality::Stale);
    world.pass(15 * 60 * SECOND_NS);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Stale, P));
    assert_eq!(quote.age_ns, 905 * SECOND_NS + 1);
    assert_eq!(quote.valid_until_ns, 0);
    assert_eq!(quote.sources_used().count(), 0);
    world.pass(1);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::None, 0));
}
