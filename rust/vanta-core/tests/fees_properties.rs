//! What holds for every fee.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use vanta_core::fees::{
    BumpReason, FeeMarket, FeePolicy, Header, Spend, Stuck, bump_fees, choose_fees,
    forecast_base_fee, next_base_fee,
};

fn fee() -> impl Strategy<Value = u128> {
    prop_oneof![
        0_u128..20,
        0_u128..1_000_000_000_000,
        0..u128::from(u64::MAX)
    ]
}

proptest! {
    #[test]
    fn a_block_moves_the_fee_by_a_bounded_share(
        base in fee(),
        (limit, used) in (1_000_u64..400_000_000).prop_flat_map(|limit| (Just(limit), 0..=limit)),
        elasticity in 1_u64..20,
        denominator in 1_u64..1_000,
        minimum in 0_u128..10_000_000,
    ) {
        let market = FeeMarket::plain(elasticity, denominator, minimum).unwrap();
        let parent = Header { base_fee_wei: base, gas_used: used, gas_limit: limit, blob_gas_used: 0 };
        let next = next_base_fee(&market, &parent).unwrap();
        // The target is rounded down, so a full block is above it by at most this many targets.
        let times = u128::from(limit / (limit / elasticity));
        let most = (base * times / u128::from(denominator)).max(1);
        prop_assert!(next <= (base + most).max(minimum));
        prop_assert!(next >= minimum);
        prop_assert!(next >= base - base / u128::from(denominator));
        let worst = forecast_base_fee(&market, &parent, 3).unwrap();
        prop_assert!(worst >= next);
    }

    #[test]
    fn no_extra_data_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(market) = FeeMarket::of_extra_data(&bytes) {
            prop_assert!(market.elasticity > 0 && market.denominator > 0);
        }
    }

    #[test]
    fn an_offer_can_be_mined_and_stands_eighteen_full_blocks(
        base in 5_000_000_u128..10_000_000_000,
        rewards in prop::collection::vec(any::<u64>(), 0..20),
    ) {
        let fees = choose_fees(base, 5_000_000, &rewards, &FeePolicy::default()).unwrap();
        prop_assert!(fees.tip_wei >= 1 && fees.tip_wei <= fees.cap_wei);
        let market = FeeMarket::plain(6, 125, 5_000_000).unwrap();
        let at = Header { base_fee_wei: base, gas_used: 1_000_000, gas_limit: 6_000_000, blob_gas_used: 0 };
        let later = forecast_base_fee(&market, &at, 17).unwrap();
        prop_assert!(fees.limited || fees.cap_wei >= later);
    }

    #[test]
    fn a_bump_is_accepted_by_both_clients_or_changes_nothing(
        tip in fee(),
        above in fee(),
        market_tip in fee(),
        base in fee(),
        bps in 1_000_u32..=10_000,
        gas in 0_u64..16_777_216,
        budget in fee(),
    ) {
        let policy = FeePolicy { bump_bps: bps, ..FeePolicy::default() };
        let cap = tip + above;
        let stuck = Stuck {
            tip_wei: tip,
            cap_wei: cap,
            market_tip_wei: market_tip,
            next_base_fee_wei: base,
            min_base_fee_wei: 0,
            spend: Spend { gas_limit: gas, ..Spend::default() },
            budget_wei: budget,
        };
        let bump = bump_fees(&stuck, &policy).unwrap();
        let fees = bump.fees;
        if bump.reason == BumpReason::Bump {
            prop_assert!(fees.tip_wei <= fees.cap_wei);
            for (old, new) in [(tip, fees.tip_wei), (cap, fees.cap_wei)] {
                prop_assert!(new > old && new * 10 >= old * 11);
            }
            prop_assert!(fees.cap_wei <= policy.max_cap_wei);
            prop_assert!(fees.cap_wei * u128::from(gas) <= budget);
        } else {
            prop_assert_eq!((fees.tip_wei, fees.cap_wei), (tip, cap));
        }
    }
}
