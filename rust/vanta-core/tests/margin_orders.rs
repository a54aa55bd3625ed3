//! Stops, headroom, order rules and copies: tables with their boundaries.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use rstest::rstest;
use vanta_core::margin::{
    CopyMode, CopySkip, Follower, LeaderFill, OiCaps, OpenOrder, OrderPrice, OrderRule, OrderRules,
    Side, StopCorner, StopRules, TierRule, Tiers, copy_close, copy_size, curve_min_stop,
    liquidation_estimate, liquidation_price, sl_price, tp_percent, tp_price, tpsl_bounds,
    upside_share, validate_order,
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

const CURVE: [(i64, i64); 4] = [(0, 0), (10, 15), (25, 75), (50, 75)];

fn curve() -> Vec<StopCorner> {
    let corner = |(at, stop)| StopCorner {
        leverage: ratio(at),
        stop: percent(stop),
    };
    CURVE.map(corner).to_vec()
}

#[rstest]
#[case::start(0, 0)]
#[case::first_piece_rounds_up(1, 2)]
#[case::corner(10, 15)]
#[case::second_piece(11, 19)]
#[case::flat_piece(26, 75)]
#[case::beyond(1_000, 75)]
fn the_smallest_stop_runs_along_the_curve(#[case] leverage: i64, #[case] stop: i64) {
    assert_eq!(
        curve_min_stop(ratio(leverage), &curve()),
        PercentE10::new(stop)
    );
}

#[rstest]
// 50 % at 10x is 5 % of the price; a share of a half doubles the distance; rounded away.
#[case::long(1_000, Side::Long, 0, 1_050)]
#[case::short(1_000, Side::Short, 0, 950)]
#[case::upside(1_000, Side::Long, 50, 1_100)]
#[case::share_of_all_is_left_out(1_000, Side::Long, 100, 1_050)]
#[case::rounds_away_long(999, Side::Long, 0, 1_049)]
#[case::rounds_away_short(999, Side::Short, 0, 949)]
fn a_take_profit_gains_at_least_what_was_asked(
    #[case] base: i64,
    #[case] side: Side,
    #[case] fee: i64,
    #[case] expected: i64,
) {
    let (asked, leverage, fee) = (percent(50 * E10), ratio(10 * E10), percent(fee * E10));
    let found = tp_price(price(base), asked, leverage, side, fee).unwrap();
    assert_eq!(found, price(expected));
    if fee < PercentE10::WHOLE {
        assert!(tp_percent(price(base), found, leverage, side, fee).unwrap() >= asked);
    }
}

#[rstest]
fn no_price_gains_or_loses_more_than_the_price() {
    let (whole, one) = (percent(100 * E10), ratio(E10));
    let none = PercentE10::ZERO;
    assert!(tp_price(price(7), whole, one, Side::Short, none).is_err());
    assert!(sl_price(price(7), whole, one, Side::Long).is_err());
    assert_eq!(sl_price(price(7), whole, one, Side::Short), Ok(price(14)));
}

#[rstest]
fn bounds_are_rounded_inwards() {
    let stops = (percent(E10), percent(80 * E10));
    let bounds = |side| {
        tpsl_bounds(
            price(999),
            ratio(10 * E10),
            side,
            percent(500 * E10),
            percent(0),
            stops,
        )
        .unwrap()
    };
    let long = bounds(Side::Long);
    assert_eq!(
        (long.take_profit, long.stop_near, long.stop_far),
        (price(1_498), price(998), price(920))
    );
    let short = bounds(Side::Short);
    assert_eq!(
        (short.take_profit, short.stop_near, short.stop_far),
        (price(500), price(1_000), price(1_078))
    );
}

fn caps() -> OiCaps {
    OiCaps {
        max_open_interest: usd(1_000),
        total_oi: usd(100),
        max_group_oi: usd(800),
        group_oi: usd(50),
        max_wallet_oi: usd(700),
        wallet_oi: usd(10),
        pair_max_oi: usd(600),
        long_oi: usd(40),
        short_oi: usd(60),
        group_share: percent(50 * E10),
        max_long: percent(100 * E10),
        max_short: percent(100 * E10),
        liquidity_buy: UsdE6::MAX,
        liquidity_sell: UsdE6::MAX,
    }
}

#[rstest]
#[case::side_cap(|_: &mut OiCaps| {}, 360)]
#[case::side_cap_rounds_down(|c: &mut OiCaps| c.max_group_oi = usd(799), 359)]
#[case::venue(|c: &mut OiCaps| c.total_oi = usd(999), 1)]
#[case::group(|c: &mut OiCaps| c.group_oi = usd(798), 2)]
#[case::wallet(|c: &mut OiCaps| c.wallet_oi = usd(697), 3)]
#[case::pair(|c: &mut OiCaps| c.short_oi = usd(556), 4)]
#[case::liquidity(|c: &mut OiCaps| c.liquidity_buy = usd(5), 5)]
#[case::over(|c: &mut OiCaps| c.total_oi = usd(1_001), 0)]
fn headroom_is_what_the_tightest_cap_leaves(
    #[case] change: fn(&mut OiCaps),
    #[case] expected: i64,
) {
    let mut all = caps();
    change(&mut all);
    assert_eq!(all.headroom(Side::Long), UsdE6::new(expected));
}

fn rules(curve: &[StopCorner]) -> OrderRules<'_> {
    OrderRules {
        is_listed: true,
        is_close_only: false,
        is_open: true,
        is_upside: !curve.is_empty(),
        min_leverage: ratio(2 * E10),
        max_leverage: ratio(20 * E10),
        min_notional: usd(100),
        max_trades: 3,
        max_gain: percent(500),
        stop: StopRules {
            max_stop: percent(80),
            spread_buffer: percent(1),
            floor: percent(if curve.is_empty() { 0 } else { 20 }),
            curve,
        },
        tiers: Tiers {
            thresholds: &[],
            fees: &[],
        },
        max_half_spread: percent(5),
        max_spread_x_leverage: percent(90),
        max_slippage: percent(7),
    }
}

fn order() -> OpenOrder {
    OpenOrder {
        side: Side::Long,
        collateral: usd(10),
        leverage: ratio(10 * E10),
        price: OrderPrice::Limit(price(99)),
        market: Some(price(100)),
        take_profit: Some(percent(500)),
        stop_loss: Some(percent(80)),
        spread: Some(percent(7)),
        slippage: Some(percent(7)),
        open_trades: 2,
    }
}

#[rstest]
#[case::every_limit_passes(|_: &mut OpenOrder| {}, &[])]
#[case::leverage_low(|o: &mut OpenOrder| { o.leverage = ratio(2 * E10 - 1); o.collateral = usd(60); }, &[OrderRule::Leverage])]
#[case::leverage_high(|o: &mut OpenOrder| { o.leverage = ratio(20 * E10 + 1); o.spread = None; }, &[OrderRule::Leverage])]
#[case::too_small(|o: &mut OpenOrder| o.collateral = usd(9), &[OrderRule::MinSize])]
#[case::too_large(|o: &mut OpenOrder| o.collateral = usd(37), &[OrderRule::Headroom])]
#[case::one_too_many(|o: &mut OpenOrder| o.open_trades = 3, &[OrderRule::MaxTrades])]
#[case::limit_at_market(|o: &mut OpenOrder| o.price = OrderPrice::Limit(price(100)), &[OrderRule::LimitPriceLong])]
#[case::stop_at_market(|o: &mut OpenOrder| o.price = OrderPrice::StopLimit(price(100)), &[OrderRule::StopPrice])]
#[case::stop_above(|o: &mut OpenOrder| o.price = OrderPrice::StopLimit(price(101)), &[])]
#[case::short_limit(|o: &mut OpenOrder| o.side = Side::Short, &[OrderRule::LimitPriceShort])]
#[case::take_profit(|o: &mut OpenOrder| o.take_profit = Some(percent(501)), &[OrderRule::TpTooHigh])]
#[case::take_profit_side(|o: &mut OpenOrder| o.take_profit = Some(percent(0)), &[OrderRule::TpSide])]
#[case::stop_high(|o: &mut OpenOrder| o.stop_loss = Some(percent(81)), &[OrderRule::SlTooHigh])]
#[case::stop_low(|o: &mut OpenOrder| o.stop_loss = Some(percent(79)), &[OrderRule::SlTooLow])]
#[case::least_stop_rounds_up(|o: &mut OpenOrder| o.leverage = ratio(10 * E10 + E10 / 20), &[OrderRule::SlTooLow])]
#[case::stop_side(|o: &mut OpenOrder| { o.stop_loss = Some(percent(0)); o.spread = None; }, &[OrderRule::SlSide])]
#[case::spread(|o: &mut OpenOrder| { o.spread = Some(percent(11)); o.stop_loss = None; }, &[OrderRule::Spread])]
#[case::spread_at_leverage(|o: &mut OpenOrder| { o.spread = Some(percent(9)); o.stop_loss = None; }, &[OrderRule::SpreadXLeverage])]
#[case::spread_at_leverage_rounds_up(|o: &mut OpenOrder| { o.spread = Some(percent(9)); o.stop_loss = None; o.leverage = ratio(10 * E10 - E10 / 10); o.collateral = usd(11); }, &[OrderRule::SpreadXLeverage])]
#[case::slippage(|o: &mut OpenOrder| o.slippage = Some(percent(8)), &[OrderRule::Slippage])]
fn an_order_is_refused_one_beyond_each_limit(
    #[case] change: fn(&mut OpenOrder),
    #[case] expected: &[OrderRule],
) {
    let mut one = order();
    change(&mut one);
    let found = validate_order(&rules(&[]), &caps(), &one).unwrap();
    let said: Vec<OrderRule> = found.failures.iter().map(|finding| finding.rule).collect();
    assert_eq!(said, expected);
}

#[rstest]
fn upside_stops_obey_floor_and_curve() {
    let curve = [StopCorner {
        leverage: ratio(E10),
        stop: percent(30),
    }];
    let mut one = order();
    one.spread = None;
    for (stop, broken) in [(29, true), (30, false)] {
        one.stop_loss = Some(percent(stop));
        let found = validate_order(&rules(&curve), &caps(), &one).unwrap();
        let said: Vec<OrderRule> = found.failures.iter().map(|finding| finding.rule).collect();
        assert_eq!(said.contains(&OrderRule::SlTooLowUpside), broken);
        assert_eq!(found.warnings.len(), 1);
    }
}

#[rstest]
fn the_upside_floor_holds_without_a_curve() {
    let floor = StopRules {
        floor: percent(20),
        ..rules(&[]).stop
    };
    assert_eq!(floor.min_stop(ratio(E10), None), Ok(percent(20)));
}

#[rstest]
fn an_order_of_nothing_or_at_no_price_is_no_order() {
    let mut free = rules(&[]);
    free.min_notional = UsdE6::ZERO;
    let mut one = order();
    one.collateral = UsdE6::ZERO;
    let found = validate_order(&free, &caps(), &one).unwrap();
    assert_eq!(found.failures.first().unwrap().rule, OrderRule::MinSize);
    one.price = OrderPrice::Limit(PriceE10::ZERO);
    assert!(validate_order(&free, &caps(), &one).is_err());
    one.price = OrderPrice::Market;
    one.market = Some(PriceE10::ZERO);
    assert!(validate_order(&free, &caps(), &one).is_err());
}

#[rstest]
#[case::pays_out(-1, true)]
#[case::nothing(0, false)]
#[case::all(100 * E10, false)]
#[case::more_than_all(100 * E10 + 1, true)]
fn a_share_is_a_part_of_the_profit(#[case] fee: i64, #[case] refused: bool) {
    let (thresholds, fees) = ([percent(E10)], [percent(fee)]);
    let mut asked = rules(&[]);
    asked.tiers = Tiers {
        thresholds: &thresholds,
        fees: &fees,
    };
    assert_eq!(asked.check().is_err(), refused);
    let share = upside_share(percent(E10), &asked.tiers, TierRule::HighestMet);
    assert_eq!(share.is_err(), refused);
}

fn leader() -> LeaderFill {
    LeaderFill {
        collateral: usd(1_000 * E6),
        leverage: ratio(10 * E10),
        equity: usd(10_000 * E6),
        delay_ns: 5,
        slip: ratio(5),
        min_leverage: ratio(2 * E10),
        max_leverage: ratio(50 * E10),
        min_notional: usd(100 * E6),
        open_fee: percent(E10 / 10),
    }
}

fn follower() -> Follower {
    Follower {
        allowed: true,
        mode: CopyMode::Multiplier,
        value: E10 / 10,
        equity: usd(2_000 * E6),
        free: usd(1_000 * E6),
        max_collateral: usd(500 * E6),
        max_notional: usd(5_000 * E6),
        max_leverage: ratio(20 * E10),
        min_leader: usd(10_000 * E6),
        max_leader: usd(10_000 * E6),
        max_delay_ns: 5,
        max_slip: ratio(5),
    }
}

#[rstest]
#[case::multiplier(|_: &mut Follower| {}, 100 * E6, CopySkip::None)]
#[case::fixed(|f: &mut Follower| { f.mode = CopyMode::Fixed; f.value = 7 * E6; f.max_leverage = ratio(20 * E10); }, 0, CopySkip::BelowMinimum)]
#[case::fixed_at_minimum(|f: &mut Follower| { f.mode = CopyMode::Fixed; f.value = 10 * E6; }, 10 * E6, CopySkip::None)]
#[case::equity_share(|f: &mut Follower| f.mode = CopyMode::EquityShare, 200 * E6, CopySkip::None)]
#[case::proportional(|f: &mut Follower| { f.mode = CopyMode::Proportional; f.value = E10; }, 200 * E6, CopySkip::None)]
#[case::trade_cap(|f: &mut Follower| f.max_collateral = usd(50 * E6), 50 * E6, CopySkip::None)]
#[case::position_cap(|f: &mut Follower| f.max_notional = usd(300 * E6), 30 * E6, CopySkip::None)]
#[case::position_cap_to_the_unit(|f: &mut Follower| { f.value = E10 / 5; f.max_leverage = ratio(E10 * 5 / 2); f.max_notional = usd(300 * E6 + 2); }, 120 * E6 + 1, CopySkip::None)]
#[case::own_cap(|f: &mut Follower| f.max_notional = usd(100 * E6 - 1), 0, CopySkip::OwnCap)]
// 10x at 0.1 % costs 1 % of the collateral.
#[case::cash(|f: &mut Follower| f.free = usd(101 * E6 / 2), 50 * E6, CopySkip::None)]
#[case::no_cash(|f: &mut Follower| f.free = usd(10_100_000 - 1), 0, CopySkip::NoFunds)]
#[case::in_debt(|f: &mut Follower| f.free = usd(-1), 0, CopySkip::NoFunds)]
#[case::paused(|f: &mut Follower| f.allowed = false, 0, CopySkip::NotAllowed)]
#[case::late(|f: &mut Follower| f.max_delay_ns = 4, 0, CopySkip::Late)]
#[case::slipped(|f: &mut Follower| f.max_slip = ratio(4), 0, CopySkip::Slippage)]
#[case::leader_small(|f: &mut Follower| f.min_leader = usd(10_000 * E6 + 1), 0, CopySkip::LeaderTooSmall)]
#[case::leader_large(|f: &mut Follower| f.max_leader = usd(10_000 * E6 - 1), 0, CopySkip::LeaderTooLarge)]
#[case::leverage(|f: &mut Follower| f.max_leverage = ratio(2 * E10 - 1), 0, CopySkip::Leverage)]
fn a_follower_stays_within_every_cap(
    #[case] change: fn(&mut Follower),
    #[case] collateral: i64,
    #[case] skip: CopySkip,
) {
    let mut one = follower();
    change(&mut one);
    let size = copy_size(&leader(), &one).unwrap();
    assert_eq!((size.collateral, size.skip), (usd(collateral), skip));
}

#[rstest]
fn a_close_takes_the_same_share_and_all_at_the_end() {
    let close = |closed| copy_close(usd(10), usd(closed), usd(3)).map(UsdE6::get);
    assert_eq!(close(0), Ok(0));
    assert_eq!(close(1), Ok(4));
    assert_eq!(close(3), Ok(10));
    assert!(close(4).is_err());
}

proptest! {
    #[test]
    fn the_estimate_is_the_line_wherever_the_line_is_above_zero(
        entry in 1..i64::MAX / 4,
        collateral in 1..1_000_000 * E6,
        leverage in 1..1_000 * E10,
        is_long: bool,
        rollover in 0..1_000 * E6,
        funding in -1_000 * E6..1_000 * E6,
    ) {
        let side = Side::from_is_long(is_long);
        let threshold = ratio(85 * E10 / 100);
        let (entry, collateral, leverage) = (price(entry), usd(collateral), ratio(leverage));
        let (rollover, funding) = (usd(rollover), usd(funding));
        let line = liquidation_price(entry, collateral, leverage, side, threshold, rollover, funding);
        let raw =
            liquidation_estimate(entry, collateral, leverage, side, threshold, rollover, funding);
        if let (Ok(line), Ok(raw)) = (line, raw) {
            prop_assert_eq!(line.get(), raw.max(0));
        }
    }

    #[test]
    fn more_charges_never_move_liquidation_away(
        entry in 1..1_000_000 * E10,
        collateral in 1..1_000_000 * E6,
        leverage in E10..1_000 * E10,
        is_long: bool,
        charge in 0..1_000 * E6,
        more in 0..1_000 * E6,
    ) {
        let side = Side::from_is_long(is_long);
        let line = |owed| {
            let (threshold, none) = (ratio(85 * E10 / 100), UsdE6::ZERO);
            let (entry, collateral, leverage) = (price(entry), usd(collateral), ratio(leverage));
            liquidation_estimate(entry, collateral, leverage, side, threshold, usd(owed), none)
        };
        if let (Ok(before), Ok(after)) = (line(charge), line(charge + more)) {
            let closer = if is_long { before <= after } else { before >= after };
            prop_assert!(closer);
        }
    }
}
