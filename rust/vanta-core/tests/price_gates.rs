//! The gates: each refusal with its code, in the published order, counted, and without effect.

mod price_support;

use price_support::{OPEN, P, START, World, moved, stream};
use rstest::rstest;
use vanta_core::price::{
    AggregateConfig, FeedSpec, MarketSpec, Number, Observation, Quality, Reject,
};
use vanta_core::units::{E10, MarketIx, SECOND_NS, SourceIx};

fn bounded() -> World {
    let market = MarketSpec {
        min_price_e10: 50 * E10,
        max_price_e10: 200 * E10,
        ..OPEN
    };
    let conf = FeedSpec {
        conf_required: true,
        ..stream(0)
    };
    World::with(market, &[conf, stream(1)], AggregateConfig::default())
}

#[rstest]
#[case::text("NaN")]
#[case::infinity("Infinity")]
#[case::exponent("1e5")]
#[case::empty("")]
#[case::sign_only("-")]
#[case::plus("+100")]
#[case::space(" 100")]
#[case::newline("100\n")]
#[case::arabic("١٢٣")]
#[case::point("1.5")]
#[case::underscore("1_0")]
#[case::hex("0x10")]
#[case::nul("1\0")]
#[case::thirty_one_digits("1234567890123456789012345678901")]
fn what_is_no_number_is_malformed(#[case] text: &str) {
    let mut world = World::streams(1);
    let seen = Observation {
        value: Number::parse(text),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), Reject::Malformed);
    assert_eq!(world.quality(), Quality::None);
    assert_eq!(world.count(Reject::Malformed), 1);
}

#[test]
fn the_first_failing_gate_gives_the_answer() {
    // One observation that fails all gates at once, then repaired gate by gate.
    let mut world = bounded();
    let good = Observation {
        conf: Some(Number::Int(i128::from(P / 1_000))),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &good), Reject::Accepted);
    let mut seen = Observation {
        value: Number::Malformed,
        expo: -9,
        publish_ns: world.wall + 2 * SECOND_NS,
        ..good
    };
    assert_eq!(world.offer(0, &seen), Reject::Malformed);
    seen.value = Number::Int(0);
    assert_eq!(world.offer(0, &seen), Reject::Nonpositive);
    seen.value = Number::Int(i128::from(P) * 100);
    assert_eq!(world.offer(0, &seen), Reject::OutOfBounds);
    seen.value = Number::Int(i128::from(P));
    assert_eq!(world.offer(0, &seen), Reject::ExpoChanged);
    seen.expo = -10;
    assert_eq!(world.offer(0, &seen), Reject::Future);
    seen.publish_ns = START - 1;
    seen.value = Number::Int(i128::from(moved(P, 400)));
    seen.conf = None;
    assert_eq!(world.offer(0, &seen), Reject::OutOfOrder);
    seen.publish_ns = START;
    assert_eq!(world.offer(0, &seen), Reject::Equivocation);
    seen.publish_ns = START + 1;
    assert_eq!(world.offer(0, &seen), Reject::WideConf);
    seen.conf = good.conf;
    assert_eq!(world.offer(0, &seen), Reject::Jump);
    seen.publish_ns = START + 2;
    seen.value = good.value;
    assert_eq!(world.offer(0, &seen), Reject::Accepted);
}

#[rstest]
#[case::below(50 * E10 - 1, Reject::OutOfBounds)]
#[case::lowest(50 * E10, Reject::Accepted)]
#[case::highest(200 * E10, Reject::Accepted)]
#[case::above(200 * E10 + 1, Reject::OutOfBounds)]
#[case::negative(-1, Reject::Nonpositive)]
fn bounds_are_inclusive(#[case] price: i64, #[case] expected: Reject) {
    let mut world = bounded();
    assert_eq!(world.say(1, price), expected);
}

#[test]
fn a_price_too_large_for_its_unit_is_out_of_bounds() {
    let mut world = World::of(&[FeedSpec {
        expo: 0,
        ..stream(0)
    }]);
    let seen = Observation {
        value: Number::Int(10_i128.pow(30) - 1),
        expo: 0,
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), Reject::OutOfBounds);
}

#[test]
fn a_price_that_rounds_to_nothing_is_nonpositive() {
    let mut world = World::of(&[FeedSpec {
        expo: -18,
        ..stream(0)
    }]);
    let seen = Observation {
        value: Number::Int(1),
        expo: -18,
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), Reject::Nonpositive);
}

#[rstest]
#[case::now(0, Reject::Accepted)]
#[case::within_skew(SECOND_NS, Reject::Accepted)]
#[case::beyond_skew(SECOND_NS + 1, Reject::Future)]
#[case::minute(60 * SECOND_NS, Reject::Future)]
#[case::end_of_time(i64::MAX - START, Reject::Future)]
fn publish_time_may_be_ahead_by_the_skew(#[case] ahead: i64, #[case] expected: Reject) {
    let mut world = World::streams(1);
    let seen = Observation {
        publish_ns: START + ahead,
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), expected);
}

#[test]
fn a_publish_time_before_1970_and_a_negative_sequence_are_malformed() {
    let mut world = World::streams(1);
    let early = Observation {
        publish_ns: -1,
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &early), Reject::Malformed);
    let negative = Observation {
        seq: Some(-1),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &negative), Reject::Malformed);
}

#[test]
fn a_sequence_orders_words_of_one_publish_time() {
    let mut world = World::streams(1);
    let at = |world: &World, price, seq| Observation {
        seq: Some(seq),
        ..world.observation(price)
    };
    // A round id of 80 bits: phase 3, round 1599, then a new phase.
    let round = (3_i128 << 64) + 1599;
    let seen = at(&world, P, round);
    assert_eq!(world.offer(0, &seen), Reject::Accepted);
    let next = at(&world, P + 1, round + 1);
    assert_eq!(world.offer(0, &next), Reject::Accepted);
    assert_eq!(world.offer(0, &seen), Reject::OutOfOrder);
    let phase = at(&world, P + 2, (4_i128 << 64) + 1);
    assert_eq!(world.offer(0, &phase), Reject::Accepted);
    assert_eq!(world.offer(0, &phase), Reject::Duplicate);
    assert_eq!(world.quote().price_e10, P + 2);
}

#[test]
fn a_duplicate_does_not_refresh_age() {
    let mut world = World::streams(1);
    let seen = world.observation(P);
    assert_eq!(world.offer(0, &seen), Reject::Accepted);
    for _ in 0..6 {
        world.pass(SECOND_NS);
        let again = Observation {
            recv_wall_ns: world.wall,
            recv_mono_ns: world.mono,
            ..seen
        };
        assert_eq!(world.offer(0, &again), Reject::Duplicate);
    }
    assert_eq!(world.quality(), Quality::Stale);
}

#[test]
fn equivocation_shuts_the_source_out_for_a_minute_and_then_for_two() {
    let mut world = World::streams(3);
    world.all(&[P, P, P]);
    assert_eq!(world.say(1, P + 1), Reject::Equivocation);
    assert_eq!(world.reason(1), Some("QUARANTINED"));
    // Saying it again does not make the sentence longer.
    assert_eq!(world.say(1, P + 2), Reject::Equivocation);
    world.run(&[P, P, P], 59 * SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(1), Some("QUARANTINED"));
    world.run(&[P, P, P], SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(1), None);
    assert_eq!(world.say(1, P + 1), Reject::Equivocation);
    world.run(&[P, P, P], 119 * SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(1), Some("QUARANTINED"));
    world.run(&[P, P, P], SECOND_NS, SECOND_NS);
    assert_eq!(world.reason(1), None);
}

#[rstest]
#[case::missing(None, Reject::WideConf)]
#[case::zero(Some(0), Reject::WideConf)]
#[case::negative(Some(-1), Reject::WideConf)]
#[case::half_percent(Some(P / 200), Reject::Accepted)]
#[case::wider(Some(P / 200 + 1), Reject::WideConf)]
fn confidence_must_be_there_positive_and_narrow(
    #[case] conf: Option<i64>,
    #[case] expected: Reject,
) {
    let mut world = bounded();
    let seen = Observation {
        conf: conf.map(|conf| Number::Int(conf.into())),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), expected);
}

#[test]
fn a_market_can_have_its_own_confidence_limit() {
    let market = MarketSpec {
        max_conf_e10: 10_000_000,
        ..OPEN
    };
    let mut world = World::with(market, &[stream(0)], AggregateConfig::default());
    let seen = Observation {
        conf: Some(Number::Int(i128::from(P / 1_000) + 1)),
        ..world.observation(P)
    };
    assert_eq!(world.offer(0, &seen), Reject::WideConf);
}

#[test]
fn an_unknown_market_or_source_is_malformed_and_counted() {
    let mut world = World::streams(1);
    let seen = world.observation(P);
    assert_eq!(world.offer(7, &seen), Reject::Malformed);
    let (Ok(market), Ok(source)) = (MarketIx::new(9), SourceIx::new(0)) else {
        unreachable!("any u16 is an index")
    };
    assert_eq!(world.book.update(market, source, &seen), Reject::Malformed);
    assert_eq!(world.count(Reject::Malformed), 2);
}

#[test]
fn nothing_refused_changes_a_quote() {
    let mut world = World::streams(2);
    world.all(&[P, P + 5]);
    let before = world.quote();
    let later = world.wall + 3 * SECOND_NS;
    for seen in [
        Observation {
            value: Number::Malformed,
            ..world.observation(P)
        },
        Observation {
            value: Number::Int(0),
            ..world.observation(P)
        },
        Observation {
            publish_ns: later,
            ..world.observation(P)
        },
        Observation {
            publish_ns: START - 5,
            ..world.observation(P)
        },
        Observation {
            publish_ns: START + 1,
            ..world.observation(moved(P, 900))
        },
        Observation {
            conf: Some(Number::Int(i128::from(P))),
            publish_ns: START + 2,
            ..world.observation(P)
        },
        world.observation(P),
    ] {
        assert_ne!(world.offer(0, &seen), Reject::Accepted);
        assert_eq!(world.quote(), before, "{seen:?}");
    }
}
