//! The combination: which sources make which price, and how far it is to be trusted.

mod price_support;

use price_support::{OPEN, P, World, moved, primary, push, stream};
use rstest::rstest;
use vanta_core::price::{
    AggregateConfig, FeedSpec, MAX_FEEDS, MarketSpec, Number, Observation, PriceBook, Quality,
    Reject,
};
use vanta_core::units::{E10, MarketIx, SECOND_NS, SourceIx};

fn used(world: &World) -> Vec<u16> {
    world.quote().sources_used().collect()
}

#[test]
fn no_source_makes_no_price() {
    let quote = World::streams(2).quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::None, 0));
}

#[rstest]
#[case::the_primary(0, Quality::Single)]
#[case::another(1, Quality::Fallback)]
fn one_source_alone(#[case] source: u16, #[case] expected: Quality) {
    let mut world = World::streams(2);
    world.say(source, P);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (expected, P));
    assert_eq!(used(&world), [source]);
    assert_eq!(quote.valid_until_ns, world.wall + 5 * SECOND_NS);
}

#[rstest]
#[case::at_the_tolerance(50, Quality::Good)]
#[case::one_more(51, Quality::Conflict)]
#[case::below(-49, Quality::Good)]
fn two_sources_agree_within_half_a_percent_of_the_lower(
    #[case] e4: i64,
    #[case] expected: Quality,
) {
    let mut world = World::streams(2);
    world.all(&[P, moved(P, e4)]);
    let quote = world.quote();
    assert_eq!(quote.quality, expected);
    let price = if expected == Quality::Good { P } else { 0 };
    assert_eq!(quote.price_e10, price);
}

#[test]
fn the_spread_behind_a_conflict_is_rounded_up() {
    let mut world = World::streams(2);
    world.all(&[3 * E10, 4 * E10]);
    assert_eq!(world.quote().spread_e10, 3_333_333_334);
}

#[test]
fn without_a_declared_primary_the_middle_is_good() {
    let mut world = World::of(&[stream(0), stream(1)]);
    world.all(&[P + 1, P + 4]);
    let quote = world.quote();
    // The half between 2 and 3 goes to the even neighbour.
    assert_eq!((quote.quality, quote.price_e10), (Quality::Good, P + 2));
}

#[test]
fn two_others_without_the_primary_are_degraded() {
    let mut world = World::streams(3);
    world.say(1, P + 1);
    world.say(2, P + 2);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Degraded, P + 2));
    assert_eq!(used(&world), [1, 2]);
}

#[test]
fn of_three_the_primary_gives_the_price_if_it_agrees() {
    let mut world = World::streams(3);
    world.all(&[P + 9, P, P + 20]);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Good, P + 9));
}

#[test]
fn an_outlying_primary_is_left_out_and_named() {
    let mut world = World::streams(3);
    world.all(&[moved(P, 60), P, P + 2]);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Degraded, P + 1));
    assert_eq!(world.reason(0), Some("OUTLIER"));
}

#[rstest]
#[case::two_against_two(&[P, P, moved(P, 200), moved(P, 200)], Quality::Conflict)]
#[case::two_of_four(&[P, P, moved(P, 150), moved(P, -150)], Quality::Conflict)]
#[case::scattered(&[P, moved(P, 120), moved(P, 240)], Quality::Conflict)]
#[case::three_against_one(&[P, P, P, moved(P, 200)], Quality::Good)]
fn a_majority_must_agree(#[case] prices: &[i64], #[case] expected: Quality) {
    let mut world = World::streams(u16::try_from(prices.len()).unwrap_or(0));
    world.all(prices);
    assert_eq!(world.quality(), expected);
}

#[test]
fn a_push_feed_may_lag_by_its_deviation_plus_the_other_ones_confidence() {
    // 0.5 % deviation + 0.3 % confidence: 0.8 % is fine, more is a conflict.
    for (e4, expected) in [(80, Quality::Good), (81, Quality::Conflict)] {
        let mut world = World::of(&[primary(push(0)), stream(1)]);
        world.say(0, P);
        world.head(0);
        let price = moved(P, e4);
        let seen = Observation {
            conf: Some(Number::Int(i128::from(price / 1_000 * 3))),
            ..world.observation(price)
        };
        world.offer(1, &seen);
        assert_eq!(world.quality(), expected, "{e4}");
    }
}

#[test]
fn no_claim_widens_the_tolerance_beyond_its_cap() {
    let wide = FeedSpec {
        deviation_e10: 200_000_000,
        ..push(1)
    };
    for (e4, expected) in [(150, Quality::Good), (151, Quality::Conflict)] {
        let mut world = World::of(&[primary(stream(0)), wide]);
        world.all(&[P, moved(P, e4)]);
        world.head(1);
        assert_eq!(world.quality(), expected, "{e4}");
    }
}

#[test]
fn five_noisy_sources_widen_the_tolerance_by_their_own_spread() {
    // Distances 0, 30, 30, 30, 100: MAD 0.3 %, three sigma 1.33 %. Four sources have no such rule.
    let mut five = World::streams(5);
    five.all(&[P, moved(P, 30), moved(P, -30), moved(P, -30), moved(P, 100)]);
    assert_eq!(five.quality(), Quality::Good);
    assert_eq!(five.reason(4), None);
    let mut far = World::streams(5);
    far.all(&[P, moved(P, 30), moved(P, -30), moved(P, -30), moved(P, 134)]);
    assert_eq!(far.reason(4), Some("OUTLIER"));
    let mut four = World::streams(4);
    four.all(&[P, moved(P, 30), moved(P, -30), moved(P, 100)]);
    assert_eq!(four.reason(3), Some("OUTLIER"));
}

#[test]
fn sources_of_one_group_are_one_voice_the_freshest() {
    let mut world = World::of(&[primary(stream(0)), stream(0), stream(1)]);
    world.say(0, P);
    world.say(1, P + 1);
    // Two feeds, one failure domain.
    assert_eq!(world.quality(), Quality::Single);
    world.pass(1);
    world.say(1, P + 2);
    world.say(2, P + 3);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Good, P + 2));
    assert_eq!(used(&world), [1, 2]);
    assert_eq!(world.reason(0), None);
    world.pass(1);
    world.say(0, P + 5);
    assert_eq!(world.quote().price_e10, P + 5);
    assert_eq!(used(&world), [0, 2]);
}

#[test]
fn the_primary_wins_a_tie_within_its_group() {
    let mut world = World::of(&[stream(0), primary(stream(0)), stream(1)]);
    world.all(&[P + 1, P + 2, P + 3]);
    assert_eq!(world.quote().price_e10, P + 2);
}

#[test]
fn as_of_and_validity_are_those_of_the_oldest_source_used() {
    let mut world = World::streams(2);
    world.say(0, P);
    world.pass(SECOND_NS);
    world.say(1, P);
    let quote = world.quote();
    assert_eq!(quote.as_of_ns, world.wall - SECOND_NS);
    assert_eq!(quote.valid_until_ns, world.wall + 4 * SECOND_NS);
    assert_eq!(quote.age_ns, SECOND_NS);
}

#[test]
fn confidence_is_the_primarys_or_the_widest() {
    let mut world = World::streams(3);
    for (source, conf) in [(0, 10), (1, 30), (2, 20)] {
        let seen = Observation {
            conf: Some(Number::Int(conf)),
            ..world.observation(P)
        };
        world.offer(source, &seen);
    }
    assert_eq!(world.quote().conf_e10, 10);
    world.pass(1);
    let far = world.observation(moved(P, 100));
    world.offer(0, &far);
    assert_eq!(world.quote().conf_e10, 30);
}

#[test]
fn a_quote_names_the_version_of_its_rules() {
    let config = AggregateConfig {
        version: 7,
        ..AggregateConfig::default()
    };
    assert_eq!(
        World::with(OPEN, &[stream(0)], config)
            .quote()
            .config_version,
        7
    );
}

#[test]
fn a_lone_source_far_from_what_two_agreed_on_makes_no_price() {
    let mut world = World::streams(2);
    world.all(&[P, P]);
    // Small steps by the primary alone walk away from the last price that two agreed on.
    let mut price = P;
    for _ in 0..60 {
        world.pass(SECOND_NS);
        price = moved(price, 50);
        world.say(0, price);
    }
    let quote = world.quote();
    assert_eq!(
        (quote.quality, quote.price_e10),
        (Quality::Conflict, moved(P, 50))
    );
    // After 15 minutes there is nothing left to compare with.
    for _ in 0..15 * 60 {
        world.pass(SECOND_NS);
        world.say(0, price);
    }
    assert_eq!(world.quality(), Quality::Single);
}

#[test]
fn declarations_are_checked() {
    let book = || PriceBook::new(AggregateConfig::default());
    let (Ok(mut book), Ok(market), Ok(source)) = (book(), MarketIx::new(3), SourceIx::new(0))
    else {
        unreachable!("defaults are valid")
    };
    for (low, high) in [(0, 1), (2, 1), (-1, 1)] {
        let spec = MarketSpec {
            min_price_e10: low,
            max_price_e10: high,
            ..OPEN
        };
        assert!(book.add_market(market, spec).is_err(), "{low} {high}");
    }
    assert!(book.add_feed(market, source, stream(0)).is_err());
    assert!(book.add_market(market, OPEN).is_ok());
    assert!(book.add_market(market, OPEN).is_err());
    let silent = FeedSpec {
        heartbeat_ns: 0,
        ..push(0)
    };
    assert!(book.add_feed(market, source, silent).is_err());
    assert!(book.add_feed(market, source, primary(stream(0))).is_ok());
    assert!(book.add_feed(market, source, stream(0)).is_err());
    let add = |book: &mut PriceBook, index: u16, spec: FeedSpec| {
        SourceIx::new(index).and_then(|source| book.add_feed(market, source, spec))
    };
    assert!(add(&mut book, 1, primary(stream(1))).is_err());
    assert!(add(&mut book, 1, primary(stream(0))).is_ok());
    for index in 2..u16::try_from(MAX_FEEDS).unwrap_or(0) {
        assert!(add(&mut book, index, stream(index)).is_ok(), "{index}");
    }
    assert!(add(&mut book, 99, stream(99)).is_err());
}

#[test]
fn constants_are_checked_by_name() {
    let mut config = AggregateConfig::default();
    assert!(config.set("no_such_thing", 1).is_err());
    assert!(config.set("strikes", 9).is_ok());
    let refused = PriceBook::new(config)
        .map(|_| ())
        .map_err(|e| e.to_string());
    assert_eq!(refused, Err("strikes 9 is outside of 1..=8".into()));
}

#[test]
fn sixteen_sources_combine() {
    let mut world = World::streams(16);
    let prices: Vec<i64> = (0..16).map(|n| P + n).collect();
    world.all(&prices);
    let quote = world.quote();
    assert_eq!((quote.quality, quote.price_e10), (Quality::Good, P));
    assert_eq!(quote.sources_used().count(), 16);
    assert_eq!(world.say(15, P), Reject::Equivocation);
    assert_eq!(world.quote().sources_used().count(), 15);
}
