//! Fees, tiers, net profit and the contract's integers: tables with their boundaries, and what
//! holds for all inputs.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use rstest::rstest;
use vanta_core::margin::{
    CloseFeeBase, CoinBook, FeeKind, FixedFee, MakerTaker, MarginMove, Owed, Side, SkewLine,
    TierRule, Tiers, adjusted_max_gain, close_maker_taker_fee, closing_payout, coin_size,
    impact_spread, margin_update, net_pnl, open_maker_taker_fee, percent_fee, percent_pnl,
    percent_profit, skew_open_fee, upside_share, withdrawal_leaves_enough,
};
use vanta_core::units::{E6, E10, PercentE10, PriceE10, RatioE10, UsdE6};

fn percent(raw: i64) -> PercentE10 {
    PercentE10::new(raw).unwrap()
}

fn usd(raw: i64) -> UsdE6 {
    UsdE6::new(raw).unwrap()
}

fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

fn ratio(raw: i64) -> RatioE10 {
    RatioE10::new(raw).unwrap()
}

#[rstest]
// The venue's lines: the tenth of the opposite side's share picks one.
#[case::empty_book(0, 0, 0, 8 * E10 / 100)]
#[case::all_on_the_same_side(900, 0, 100, 8 * E10 / 100)]
#[case::nine_percent(910, 90, 0, 791 * E10 / 10_000)]
#[case::ten_percent(900, 100, 0, 76 * E10 / 1_000)]
#[case::beyond_the_last_line(0, 1_000, 0, 66 * E10 / 1_000)]
fn the_share_of_the_opposite_side_picks_the_line(
    #[case] long: i64,
    #[case] short: i64,
    #[case] size: i64,
    #[case] rate: i64,
) {
    let lines = [(-1, 800), (-2, 780), (-3, 960)].map(|(slope, base)| SkewLine {
        slope_e10: slope * E10,
        base_e10: base * E10,
    });
    let none = PercentE10::ZERO;
    let fee = skew_open_fee(
        usd(size * E6),
        Side::Long,
        usd(long * E6),
        usd(short * E6),
        &lines,
        none,
    );
    assert_eq!(fee.unwrap().rate, percent(rate));
}

#[rstest]
#[case::towards_balance(4, 2, 1, false, (1, FeeKind::Maker))]
#[case::to_balance(4, 2, 2, false, (1, FeeKind::Maker))]
#[case::one_beyond(4, 2, 3, false, (3, FeeKind::Mixed))]
#[case::away(4, 2, 1, true, (5, FeeKind::Taker))]
#[case::balanced(3, 3, 1, true, (5, FeeKind::Taker))]
#[case::empty(0, 0, 1, false, (5, FeeKind::Taker))]
fn opening_pays_by_what_it_does_to_the_book(
    #[case] long: u128,
    #[case] short: u128,
    #[case] coins: u128,
    #[case] is_long: bool,
    #[case] expected: (i64, FeeKind),
) {
    let rates = MakerTaker {
        maker: percent(1),
        taker: percent(5),
    };
    let (rate, kind) = open_maker_taker_fee(
        CoinBook { long, short },
        coins,
        Side::from_is_long(is_long),
        rates,
    )
    .unwrap();
    // (1 * 2 + 5 * 1) / 3 = 2.33, up.
    assert_eq!((rate.get(), kind), expected);
}

#[rstest]
fn closing_takes_at_most_what_its_side_holds() {
    let book = CoinBook { long: 4, short: 2 };
    let rates = MakerTaker {
        maker: percent(0),
        taker: percent(100),
    };
    let close = |coins| close_maker_taker_fee(book, coins, Side::Long, rates).unwrap();
    assert_eq!(close(4), close(1_000));
    assert_eq!(close(4), (percent(50), FeeKind::Mixed));
    assert_eq!(close(2).1, FeeKind::Maker);
}

#[rstest]
#[case::below_all(99, 80, 80)]
#[case::at_the_first(100, 80, 50)]
#[case::before_the_second(499, 80, 50)]
#[case::at_the_second(500, 50, 45)]
#[case::at_the_last(2_500, 45, 45)]
#[case::beyond(9_999, 45, 45)]
fn the_two_readings_of_the_tiers(#[case] profit: i64, #[case] met: i64, #[case] counted: i64) {
    let thresholds = [100, 500, 2_500].map(percent);
    let fees = [80, 50, 45].map(percent);
    let tiers = Tiers {
        thresholds: &thresholds,
        fees: &fees,
    };
    let share = |rule| upside_share(percent(profit), &tiers, rule).unwrap().get();
    assert_eq!(share(TierRule::HighestMet), met);
    assert_eq!(share(TierRule::CountMet), counted);
}

#[rstest]
#[case::at_a_tier(500, 375)]
#[case::above(900, 675)]
#[case::highest(2_500, 2_125)]
fn the_largest_take_profit_is_net_of_its_share(#[case] most: i64, #[case] net: i64) {
    let thresholds = [250, 500, 2_500].map(|p| percent(p * E10));
    let fees = [30, 25, 15].map(|p| percent(p * E10));
    let tiers = Tiers {
        thresholds: &thresholds,
        fees: &fees,
    };
    assert_eq!(
        adjusted_max_gain(percent(most * E10), &tiers),
        PercentE10::new(net * E10)
    );
}

fn at(now: i64) -> Owed {
    Owed {
        entry: price(100 * E10),
        price: price(now * E10),
        collateral: usd(100 * E6),
        leverage: ratio(10 * E10),
        side: Side::Long,
        rollover: usd(E6),
        funding: usd(-2 * E6),
    }
}

#[rstest]
// 1000 USD of notional at 0.08 %: 0.8; a loss of 50 is protected by 20 %: 10.
#[case::gain(105, CloseFeeBase::Notional, 800_000, 0, 50_200_000)]
#[case::gain_on_the_whole(105, CloseFeeBase::NotionalPlusPnl, 840_000, 0, 50_160_000)]
#[case::loss(95, CloseFeeBase::Notional, 800_000, 10 * E6, -39_800_000)]
// Beyond the collateral only the collateral is protected.
#[case::all_and_more(80, CloseFeeBase::Notional, 800_000, 20 * E6, -179_800_000)]
fn net_profit_part_by_part(
    #[case] now: i64,
    #[case] base: CloseFeeBase,
    #[case] fee: i64,
    #[case] rebate: i64,
    #[case] net: i64,
) {
    let terms = FixedFee {
        close_fee: percent(8 * E10 / 100),
        discount: PercentE10::ZERO,
        loss_protection: percent(20 * E10),
        base,
    };
    let parts = net_pnl(&at(now), &terms).unwrap();
    assert_eq!(parts.closing_fee, usd(fee));
    assert_eq!(parts.loss_protection, usd(rebate));
    assert_eq!(parts.net, usd(net));
}

#[rstest]
#[case::nothing_left(-85 * E6, 0, 0)]
#[case::one_more(-85 * E6 + 1, 0, 15 * E6 + 1)]
#[case::charges_count(-80 * E6, 5 * E6, 0)]
#[case::gain(20 * E6, E6, 119 * E6)]
fn a_close_pays_nothing_at_the_threshold(
    #[case] pnl: i64,
    #[case] charges: i64,
    #[case] paid: i64,
) {
    let threshold = ratio(85 * E10 / 100);
    assert_eq!(
        closing_payout(usd(100 * E6), usd(pnl), usd(charges), threshold),
        UsdE6::new(paid)
    );
}

#[rstest]
fn coins_are_floored_twice() {
    // 10 USD at 3: 3.33 coins; one unit of USD at a price beyond it: nothing.
    let coins = |usd_e6, at| coin_size(usd(usd_e6), price(at), false).unwrap();
    assert_eq!(coins(10 * E6, 3 * E10), 33_333_333_333);
    assert_eq!(coins(1, 20_000 * E10), 0);
    assert_eq!(
        coins(i64::MAX, 1),
        u128::from(i64::MAX.unsigned_abs()) * 10_u128.pow(14)
    );
    assert_eq!(
        coin_size(usd(10 * E6), PriceE10::ZERO, true),
        Ok(100_000_000_000)
    );
    assert!(coin_size(usd(1), PriceE10::ZERO, false).is_err());
}

#[rstest]
// A third of 100 % in units of 10^-10 %.
#[case::gain(4, Side::Long, 333_333_333_333)]
#[case::loss_towards_zero(2, Side::Long, -333_333_333_333)]
#[case::most(10_000, Side::Long, 900 * E10)]
#[case::worst(10_000, Side::Short, -100 * E10)]
fn percent_profit_truncates_and_clips(#[case] now: i64, #[case] side: Side, #[case] p: i64) {
    let found = percent_profit(price(3), price(now), ratio(E10), side, percent(900 * E10)).unwrap();
    assert_eq!(found.get(), p);
}

#[rstest]
fn a_percent_becomes_an_amount_by_two_truncations() {
    let pnl = |collateral, p| percent_pnl(usd(collateral), percent(p)).unwrap().get();
    assert_eq!(pnl(100 * E6, -E10), -E6);
    assert_eq!(pnl(199, E10), 1);
    assert_eq!(pnl(199, -E10), -1);
}

#[rstest]
#[case::deposit(MarginMove::Deposit, 100, 5, 195, 51_282_051_282)]
#[case::withdraw(MarginMove::Withdraw, 40, 10, 50, 200_000_000_000)]
fn a_margin_update_keeps_the_notional(
    #[case] direction: MarginMove,
    #[case] amount: i64,
    #[case] fees: i64,
    #[case] left: i64,
    #[case] leverage: i64,
) {
    let update = margin_update(
        usd(100 * E6),
        usd(1_000 * E6),
        usd(amount * E6),
        direction,
        usd(fees * E6),
    );
    assert_eq!(update, Ok((usd(left * E6), ratio(leverage))));
}

#[rstest]
fn a_withdrawal_leaves_more_than_a_fifth() {
    let enough = |pnl| withdrawal_leaves_enough(usd(100), usd(pnl), ratio(8 * E10 / 10)).unwrap();
    assert!(enough(-79));
    assert!(!enough(-80));
    let all = margin_update(usd(5), usd(5), usd(5), MarginMove::Withdraw, usd(0));
    assert!(all.unwrap_err().to_string().starts_with("amount_e6 5"));
}

#[rstest]
#[case::exact_root(-4, 1, 2 * E10, 5 * E10)]
#[case::rounds_up(2, 1, 14_142_135_624, 5 * E10)]
#[case::capped(1_000_000, 1, 5 * E10, 5 * E10)]
#[case::no_flow(0, 7, 0, 5 * E10)]
fn the_spread_follows_the_root_of_flow(
    #[case] flow: i64,
    #[case] depth: u64,
    #[case] expected: i64,
    #[case] most: i64,
) {
    let spread = impact_spread(flow, depth, percent(E10), PercentE10::ZERO, percent(most));
    assert_eq!(spread, PercentE10::new(expected));
}

proptest! {
    #[test]
    fn more_size_never_pays_less(
        size in 0..i64::MAX / 2,
        more in 0..i64::MAX / 2,
        rate in 0..E10,
        discount in 0..=100 * E10,
    ) {
        let fee = |size| percent_fee(usd(size), percent(rate), percent(discount)).unwrap();
        prop_assert!(fee(size) <= fee(size + more));
    }

    #[test]
    fn more_flow_never_narrows_the_spread(
        flow in 0..i64::MAX / 2,
        more in 0..i64::MAX / 2,
        depth in 1..u64::MAX,
        impact in 0..100 * E10,
    ) {
        let most = percent(i64::MAX);
        let spread =
            |flow| impact_spread(flow, depth, percent(impact), PercentE10::ZERO, most).unwrap();
        prop_assert!(spread(flow) <= spread(flow + more));
        prop_assert_eq!(spread(flow), spread(-flow));
    }

    #[test]
    fn a_blend_lies_between_its_rates(
        long in 0_u128..1 << 80,
        short in 0_u128..1 << 80,
        coins in 1_u128..1 << 80,
        is_long: bool,
        maker in 0..E10,
        taker in 0..E10,
    ) {
        let rates = MakerTaker { maker: percent(maker), taker: percent(taker) };
        let book = CoinBook { long, short };
        for fee in [open_maker_taker_fee, close_maker_taker_fee] {
            let (rate, _) = fee(book, coins, Side::from_is_long(is_long), rates).unwrap();
            prop_assert!((maker.min(taker)..=maker.max(taker)).contains(&rate.get()));
        }
    }
}
