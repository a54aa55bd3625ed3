//! Fees at their boundaries: base fee, offer, replacement, ceilings, spend.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use rstest::rstest;
use vanta_core::fees::{
    BumpReason, FeeMarket, FeePolicy, Header, Spend, Stuck, budget_left, bump_fees, choose_fees,
    forecast_base_fee, max_spend, next_base_fee, replacement_floor,
};

fn extra(version: u8, denominator: u32, elasticity: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![version];
    bytes.extend(denominator.to_be_bytes());
    bytes.extend(elasticity.to_be_bytes());
    bytes.extend(rest);
    bytes
}

fn header(base_fee_wei: u128, gas_used: u64, gas_limit: u64, blob_gas_used: u64) -> Header {
    Header {
        base_fee_wei,
        gas_used,
        gas_limit,
        blob_gas_used,
    }
}

#[rstest]
#[case::empty(vec![], "extra_data is empty")]
#[case::text(vec![98; 9], "extra_data has version 98, known are 0 and 1")]
#[case::short(extra(0, 1, 1, &[])[..8].to_vec(), "extra_data has 8 bytes, must have 9")]
#[case::long(extra(0, 1, 1, &[0]), "extra_data has 10 bytes, must have 9")]
#[case::cut(extra(1, 1, 1, &[0; 7]), "extra_data has 16 bytes, must have 17")]
#[case::old_length(extra(1, 1, 1, &[]), "extra_data has 9 bytes, must have 17")]
#[case::new_length(extra(0, 1, 1, &[0; 8]), "extra_data has 17 bytes, must have 9")]
#[case::zero(extra(0, 0, 6, &[]), "denominator 0 is outside of 1..=18446744073709551615")]
#[case::flat(extra(0, 250, 0, &[]), "elasticity 0 is outside of 1..=18446744073709551615")]
fn hostile_extra_data_is_named(#[case] bytes: Vec<u8>, #[case] text: &str) {
    let told = FeeMarket::of_extra_data(&bytes).unwrap_err().to_string();
    assert_eq!(told, text);
}

#[test]
fn extra_data_of_both_versions() {
    let old = FeeMarket::of_extra_data(&extra(0, 250, 6, &[])).unwrap();
    assert_eq!((old.denominator, old.elasticity), (250, 6));
    assert_eq!((old.min_base_fee_wei, old.counts_footprint), (0, false));
    let new = FeeMarket::of_extra_data(&extra(1, 125, 6, &u64::MAX.to_be_bytes())).unwrap();
    assert_eq!((new.denominator, new.elasticity), (125, 6));
    assert_eq!(new.min_base_fee_wei, u128::from(u64::MAX));
    assert!(new.counts_footprint);
}

// Elasticity 2, denominator 8: target 100 of a limit of 200.
#[rstest]
#[case::at_target(1_000, 100, 1_000)]
#[case::one_above(1_000, 101, 1_001)]
#[case::one_below(1_000, 99, 999)]
#[case::full(1_000, 200, 1_125)]
#[case::empty(1_000, 0, 875)]
#[case::rises_by_at_least_one(7, 101, 8)]
#[case::falls_by_nothing(7, 99, 7)]
#[case::zero_rises(0, 101, 1)]
#[case::zero_stays(0, 0, 0)]
fn base_fee_of_a_plain_market(#[case] base: u128, #[case] used: u64, #[case] next: u128) {
    let market = FeeMarket::plain(2, 8, 0).unwrap();
    // What a plain chain calls blob gas does not touch this fee.
    let parent = header(base, used, 200, u64::MAX);
    assert_eq!(next_base_fee(&market, &parent).unwrap(), next);
}

#[rstest]
#[case::footprint_above(100, 150, 1_062)]
#[case::gas_above(150, 100, 1_062)]
#[case::minimum(0, 0, 990)]
fn the_larger_of_gas_and_footprint_counts(
    #[case] used: u64,
    #[case] footprint: u64,
    #[case] next: u128,
) {
    let bytes = extra(1, 8, 2, &990_u64.to_be_bytes());
    let market = FeeMarket::of_extra_data(&bytes).unwrap();
    let parent = header(1_000, used, 200, footprint);
    assert_eq!(next_base_fee(&market, &parent).unwrap(), next);
}

#[test]
fn impossible_headers_are_named() {
    let market = FeeMarket::plain(6, 125, 0).unwrap();
    for (parent, text) in [
        (header(1, 7, 6, 0), "gas_used 7 is outside of 0..=6"),
        (
            header(1, 0, 5, 0),
            "gas_limit 5 is outside of 6..=18446744073709551615",
        ),
        (header(u128::MAX, 6, 6, 0), "base fee does not fit its unit"),
    ] {
        assert_eq!(
            next_base_fee(&market, &parent).unwrap_err().to_string(),
            text
        );
    }
}

#[test]
fn a_doubling_takes_eighteen_full_blocks() {
    let bytes = extra(1, 125, 6, &5_000_000_u64.to_be_bytes());
    let market = FeeMarket::of_extra_data(&bytes).unwrap();
    let parent = header(1_000_000_000, 25_000_000, 150_000_000, 0);
    let after = |blocks| forecast_base_fee(&market, &parent, blocks).unwrap();
    assert_eq!(after(0), 1_000_000_000);
    assert_eq!(after(1), 1_040_000_000);
    assert!(after(17) < 2_000_000_000 && after(18) > 2_000_000_000);
    assert!(after(58) < 10_000_000_000 && after(59) > 10_000_000_000);
    assert!(forecast_base_fee(&market, &parent, 1_001).is_err());
}

#[rstest]
#[case::none(&[], 50, 1)]
#[case::one(&[9], 50, 9)]
#[case::median_of_three(&[9, 3, 5], 50, 5)]
#[case::lower_of_the_middle(&[1, 2, 3, 4], 50, 2)]
#[case::least(&[4, 2, 3], 0, 2)]
#[case::most(&[4, 2, 3], 100, 4)]
#[case::zero_is_lifted(&[0, 0], 50, 1)]
#[case::ceiling(&[u64::MAX], 50, 1_000_000_000)]
fn the_tip_is_a_percentile(#[case] rewards: &[u64], #[case] percentile: u32, #[case] tip: u128) {
    let policy = FeePolicy {
        tip_percentile: percentile,
        ..FeePolicy::default()
    };
    let fees = choose_fees(1_000, 100, rewards, &policy).unwrap();
    assert_eq!((fees.tip_wei, fees.cap_wei), (tip, 2_000 + tip));
    assert!(!fees.limited);
}

#[rstest]
#[case::twice_the_minimum(10, 500, 1_000, false)]
#[case::at_the_ceiling(49_999_999_999, 0, 99_999_999_999, false)]
#[case::above_the_ceiling(50_000_000_000, 0, 100_000_000_000, true)]
fn the_cap_has_a_floor_and_a_ceiling(
    #[case] base: u128,
    #[case] minimum: u128,
    #[case] cap: u128,
    #[case] limited: bool,
) {
    let fees = choose_fees(base, minimum, &[1], &FeePolicy::default()).unwrap();
    assert_eq!((fees.cap_wei, fees.limited), (cap, limited));
}

#[rstest]
#[case::zero(0, 1_000, 1)]
#[case::one(1, 1_000, 2)]
#[case::nine(9, 1_000, 10)]
#[case::ten(10, 1_000, 11)]
#[case::eleven(11, 1_000, 13)]
#[case::hundred(100, 1_250, 113)]
#[case::exact(800, 1_250, 900)]
fn a_replacement_is_rounded_up(#[case] old: u128, #[case] bps: u32, #[case] new: u128) {
    assert_eq!(replacement_floor(old, bps).unwrap(), new);
}

fn stuck(tip: u128, cap: u128, market_tip: u128, base: u128) -> Stuck {
    Stuck {
        tip_wei: tip,
        cap_wei: cap,
        market_tip_wei: market_tip,
        next_base_fee_wei: base,
        min_base_fee_wei: 0,
        spend: Spend {
            gas_limit: 1,
            ..Spend::default()
        },
        budget_wei: u128::MAX,
    }
}

// Old: tip 100, cap 2,100; least replacement 110 and 2,310. Market's cap: 2 * base + tip.
#[rstest]
#[case::market_above_both(200, 2_000, 200, 4_200)]
#[case::market_at_both(110, 1_100, 110, 2_310)]
#[case::tip_one_short(109, 1_101, 110, 2_312)]
#[case::tip_short_and_cap_exact(108, 1_101, 110, 2_312)]
#[case::cap_one_short(111, 1_099, 111, 2_310)]
#[case::only_the_tip_is_there(200, 100, 200, 2_310)]
#[case::only_the_cap_is_there(1, 3_000, 110, 6_110)]
#[case::neither(1, 1, 110, 2_310)]
fn the_four_cases_of_a_bump(
    #[case] market_tip: u128,
    #[case] base: u128,
    #[case] tip: u128,
    #[case] cap: u128,
) {
    let policy = FeePolicy {
        bump_bps: 1_000,
        ..FeePolicy::default()
    };
    let bump = bump_fees(&stuck(100, 2_100, market_tip, base), &policy).unwrap();
    assert_eq!(bump.reason, BumpReason::Bump);
    assert_eq!((bump.fees.tip_wei, bump.fees.cap_wei), (tip, cap));
}

#[rstest]
#[case::cap_at_the_ceiling(2_310, BumpReason::Bump)]
#[case::cap_above_it(2_309, BumpReason::Ceiling)]
fn the_cap_ceiling_to_the_wei(#[case] max_cap_wei: u128, #[case] reason: BumpReason) {
    let policy = FeePolicy {
        bump_bps: 1_000,
        max_cap_wei,
        max_tip_wei: 1_000,
        ..FeePolicy::default()
    };
    let bump = bump_fees(&stuck(100, 2_100, 1, 1), &policy).unwrap();
    assert_eq!(bump.reason, reason);
    if reason != BumpReason::Bump {
        assert_eq!((bump.fees.tip_wei, bump.fees.cap_wei), (100, 2_100));
    }
}

// Gas 10 at a cap of 2,310, value 7, L1 data 5, operator 3.
#[rstest]
#[case::enough(23_115, BumpReason::Bump)]
#[case::one_short(23_114, BumpReason::Budget)]
fn the_budget_to_the_wei(#[case] budget_wei: u128, #[case] reason: BumpReason) {
    let policy = FeePolicy {
        bump_bps: 1_000,
        ..FeePolicy::default()
    };
    let asked = Stuck {
        spend: Spend {
            gas_limit: 10,
            cap_wei: u128::MAX,
            value_wei: 7,
            l1_fee_wei: 5,
            operator_fee_wei: 3,
        },
        budget_wei,
        ..stuck(100, 2_100, 1, 1)
    };
    assert_eq!(bump_fees(&asked, &policy).unwrap().reason, reason);
}

// Market's tip 22, so five times is 110, what the tip rises to.
#[rstest]
#[case::at_five_times(22, 0, BumpReason::Bump)]
#[case::above_five_times(21, 0, BumpReason::Multiple)]
#[case::above_but_small(21, 2_311, BumpReason::Bump)]
#[case::above_and_not_small(21, 110, BumpReason::Multiple)]
fn the_multiple_to_the_wei(
    #[case] market_tip: u128,
    #[case] multiple_from_wei: u128,
    #[case] reason: BumpReason,
) {
    let policy = FeePolicy {
        bump_bps: 1_000,
        multiple_from_wei,
        ..FeePolicy::default()
    };
    let bump = bump_fees(&stuck(100, 2_100, market_tip, 1_000), &policy).unwrap();
    assert_eq!(bump.reason, reason);
}

#[test]
fn sums_that_do_not_fit_are_errors() {
    let spend = Spend {
        gas_limit: 2,
        cap_wei: u128::MAX / 2,
        value_wei: 1,
        ..Spend::default()
    };
    assert_eq!(max_spend(&spend).unwrap(), u128::MAX);
    let more = Spend {
        l1_fee_wei: 1,
        ..spend
    };
    assert!(max_spend(&more).unwrap_err().is_overflow());
    assert_eq!(budget_left(10, &[4, 6]).unwrap(), 0);
    assert_eq!(budget_left(10, &[4, 7]).unwrap(), 0, "overdrawn");
    assert_eq!(budget_left(10, &[4, 5]).unwrap(), 1);
    assert!(budget_left(10, &[u128::MAX, 1]).unwrap_err().is_overflow());
    assert!(
        replacement_floor(u128::MAX, 1_000)
            .unwrap_err()
            .is_overflow()
    );
    let told = bump_fees(&stuck(2, 1, 1, 1), &FeePolicy::default()).unwrap_err();
    assert_eq!(told.to_string(), "tip_wei 2 is above cap_wei 1");
}

#[rstest]
#[case::no_tip(FeePolicy { min_tip_wei: 0, ..FeePolicy::default() })]
#[case::tips_swapped(FeePolicy { min_tip_wei: 2, max_tip_wei: 1, ..FeePolicy::default() })]
#[case::tip_above_cap(FeePolicy { max_cap_wei: 1, ..FeePolicy::default() })]
#[case::percentile(FeePolicy { tip_percentile: 101, ..FeePolicy::default() })]
#[case::bump_too_small(FeePolicy { bump_bps: 999, ..FeePolicy::default() })]
#[case::bump_too_large(FeePolicy { bump_bps: 10_001, ..FeePolicy::default() })]
#[case::multiple(FeePolicy { max_multiple: 0, ..FeePolicy::default() })]
fn a_policy_nodes_would_refuse_is_refused(#[case] policy: FeePolicy) {
    assert!(policy.validate().is_err());
}

#[rstest]
#[case::above(99_999_999_999, true)]
#[case::at(100_000_000_000, true)]
#[case::below(100_000_000_001, false)]
fn no_offer_is_below_the_minimum_base_fee(#[case] minimum: u128, #[case] good: bool) {
    // The ceiling of the usual policy is 100 gwei.
    let offer = choose_fees(1, minimum, &[], &FeePolicy::default());
    assert_eq!(
        offer.as_ref().is_ok_and(|fees| fees.cap_wei >= minimum),
        good
    );
    if let Err(error) = offer {
        let wanted = "max_cap_wei 100000000000 is below the minimum base fee 100000000001";
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn a_policy_that_nobody_checked_does_not_panic() {
    let policy = FeePolicy {
        min_tip_wei: 9,
        max_tip_wei: 3,
        ..FeePolicy::default()
    };
    let stuck = Stuck {
        tip_wei: 1,
        cap_wei: 10,
        market_tip_wei: 5,
        next_base_fee_wei: 10,
        min_base_fee_wei: 0,
        spend: Spend::default(),
        budget_wei: 0,
    };
    assert_eq!(bump_fees(&stuck, &policy).unwrap().fees.tip_wei, 3);
}
