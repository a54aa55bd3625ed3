//! Margin maths: worked examples, boundaries and what is refused.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::margin::{
    Fill, HealthRows, LiquidationRows, PnlRows, PositionState, Side, execution_price, fee, health,
    health_scan, liquidation_price, liquidation_prices, notional, pnl, pnls, safe_line,
    size_for_risk,
};
use vanta_core::units::{E6, E10, PriceE10, RatioE10, UsdE6};

fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

fn usd(raw: i64) -> UsdE6 {
    UsdE6::new(raw).unwrap()
}

fn ratio(raw: i64) -> RatioE10 {
    RatioE10::new(raw).unwrap()
}

const THRESHOLD: i64 = 85 * E10 / 100;

#[rstest]
#[case::whole(200 * E6, 25 * E10, 5_000 * E6)]
#[case::rounds_down(3, E10 / 2, 1)]
#[case::nothing(0, 25 * E10, 0)]
fn notional_rounds_down(#[case] collateral: i64, #[case] leverage: i64, #[case] expected: i64) {
    assert_eq!(
        notional(usd(collateral), ratio(leverage)),
        UsdE6::new(expected)
    );
}

#[rstest]
#[case::exact(5_000 * E6, 6 * E10 / 10_000, 3 * E6)]
#[case::rounds_up(1, 1, 1)]
#[case::free(5_000 * E6, 0, 0)]
fn fees_round_up(#[case] notional: i64, #[case] rate: i64, #[case] expected: i64) {
    assert_eq!(fee(usd(notional), ratio(rate)), UsdE6::new(expected));
}

#[rstest]
#[case::long_open(Side::Long, Fill::Open, 34)]
#[case::long_close(Side::Long, Fill::Close, 32)]
#[case::short_open(Side::Short, Fill::Open, 32)]
#[case::short_close(Side::Short, Fill::Close, 34)]
fn spread_goes_against_the_trader(#[case] side: Side, #[case] fill: Fill, #[case] expected: i64) {
    // 33 * (1 +/- 0.01) = 33.33 or 32.67
    assert_eq!(
        execution_price(price(33), ratio(E10 / 100), side, fill),
        PriceE10::new(expected)
    );
}

#[rstest]
#[case::long_gain(110, Side::Long, 100 * E6)]
#[case::long_loss(91, Side::Long, -90 * E6)]
#[case::short_gain(91, Side::Short, 90 * E6)]
#[case::short_loss(109, Side::Short, -90 * E6)]
#[case::long_whole_loss(90, Side::Long, -100 * E6)]
#[case::long_beyond(89, Side::Long, -100 * E6)]
#[case::short_far_beyond(i64::MAX, Side::Short, -100 * E6)]
#[case::flat(100, Side::Long, 0)]
fn profit_is_floored_at_the_collateral(#[case] at: i64, #[case] side: Side, #[case] expected: i64) {
    let profit = pnl(price(100), price(at), usd(100 * E6), ratio(10 * E10), side);
    assert_eq!(profit, UsdE6::new(expected));
}

#[rstest]
fn profit_rounds_towards_loss() {
    let third = |at, side| {
        pnl(price(3), price(at), usd(1), ratio(E10), side)
            .unwrap()
            .get()
    };
    assert_eq!(third(4, Side::Long), 0);
    assert_eq!(third(2, Side::Long), -1);
    assert_eq!(third(4, Side::Short), -1);
    assert_eq!(third(2, Side::Short), 0);
}

#[rstest]
// The venue's own example: 3500, 100 USDC, 10x.
#[case::long(3_500 * E10, Side::Long, 0, 0, 32_025 * E10 / 10)]
#[case::short(3_500 * E10, Side::Short, 0, 0, 37_975 * E10 / 10)]
#[case::charges_move_it_closer(3_500 * E10, Side::Long, 10 * E6, 5 * E6, 3_255 * E10)]
#[case::received_funding_moves_it_away(3_500 * E10, Side::Long, 0, -15 * E6, 3_150 * E10)]
#[case::charges_above_the_threshold(3_500 * E10, Side::Long, 95 * E6, 0, 3_535 * E10)]
#[case::rounds_towards_entry_long(7, Side::Long, 0, 0, 7)]
#[case::rounds_towards_entry_short(7, Side::Short, 0, 0, 7)]
fn liquidation_of_100_usd_at_10x(
    #[case] entry: i64,
    #[case] side: Side,
    #[case] rollover: i64,
    #[case] funding: i64,
    #[case] expected: i64,
) {
    let line = liquidation_price(
        price(entry),
        usd(100 * E6),
        ratio(10 * E10),
        side,
        ratio(THRESHOLD),
        usd(rollover),
        usd(funding),
    );
    assert_eq!(line, PriceE10::new(expected));
}

#[rstest]
fn liquidation_is_clamped_at_zero() {
    let line = |side, leverage, funding| {
        let (entry, size) = (price(3_500 * E10), usd(100 * E6));
        let none = UsdE6::ZERO;
        liquidation_price(
            entry,
            size,
            ratio(leverage),
            side,
            ratio(THRESHOLD),
            none,
            usd(funding),
        )
    };
    assert_eq!(line(Side::Long, E10 / 2, 0), Ok(PriceE10::ZERO));
    assert_eq!(line(Side::Long, E10, -i64::MAX), Ok(PriceE10::ZERO));
    assert_eq!(line(Side::Short, E10, 1_000 * E6), Ok(PriceE10::ZERO));
    assert!(line(Side::Short, E10, -i64::MAX).unwrap_err().is_overflow());
    // Far below 0 the distance itself does not fit 64 bits.
    let (unit, owed) = (usd(1), usd(922_337_204));
    let short = |entry| {
        let (leverage, none) = (ratio(1), UsdE6::ZERO);
        liquidation_price(entry, unit, leverage, Side::Short, ratio(0), none, owed)
    };
    assert_eq!(short(PriceE10::MAX), Ok(PriceE10::ZERO));
}

#[rstest]
#[case::long(Side::Long, 3_000, 3_025)]
#[case::short(Side::Short, 4_000, 3_975)]
#[case::long_rounds_to_entry(Side::Long, 3_010, 3_035)]
#[case::liquidation_beyond_entry(Side::Long, 3_600, 3_600)]
#[case::at_entry(Side::Short, 3_500, 3_500)]
fn safe_line_is_5_percent_closer(
    #[case] side: Side,
    #[case] liquidation: i64,
    #[case] expected: i64,
) {
    let line = safe_line(price(3_500), price(liquidation), ratio(E10 / 20), side);
    assert_eq!(line, PriceE10::new(expected));
}

#[rstest]
// Entry 1000, 100 USDC, 10x: liquidation 915, safe line 919.25 rounded to 920.
#[case::gaining(1_100, PositionState::Healthy, 21_764_705_882)]
#[case::entry(1_000, PositionState::Healthy, E10)]
#[case::above_the_line(921, PositionState::Healthy, 705_882_352)]
#[case::at_the_line(920, PositionState::BeyondSafeLine, 588_235_294)]
#[case::above_liquidation(916, PositionState::BeyondSafeLine, 117_647_058)]
#[case::at_liquidation(915, PositionState::BeyondLiquidation, 0)]
#[case::below(900, PositionState::BeyondLiquidation, 0)]
fn health_of_a_long(#[case] at: i64, #[case] state: PositionState, #[case] left: i64) {
    let (size, leverage) = (usd(100 * E6), ratio(10 * E10));
    let (threshold, buffer) = (ratio(THRESHOLD), ratio(E10 / 20));
    let one = health(
        price(1_000),
        price(at),
        size,
        leverage,
        Side::Long,
        threshold,
        buffer,
    );
    let one = one.unwrap();
    assert_eq!(one.state, state);
    assert_eq!(one.distance_left.get(), left);
    assert_eq!(one.liquidation.get(), 915);
    assert_eq!(one.safe_line.get(), 920);
    assert_eq!(
        one.pnl,
        pnl(price(1_000), price(at), size, leverage, Side::Long).unwrap()
    );
    // A short mirrored at entry stands the same.
    let mirror = price(2_000 - at);
    let short = health(
        price(1_000),
        mirror,
        size,
        leverage,
        Side::Short,
        threshold,
        buffer,
    );
    let short = short.unwrap();
    assert_eq!(short.state, state);
    assert_eq!(short.distance_left.get(), left);
}

#[rstest]
fn size_for_risk_stops_at_the_first_unit_too_many() {
    // 1 % to the stop at 10x and 0.1 % of costs at 10x: 11 % of the collateral.
    let size = size_for_risk(
        usd(11 * E6),
        price(1_000),
        price(990),
        ratio(10 * E10),
        ratio(E10 / 1_000),
        Side::Long,
    );
    assert_eq!(size, UsdE6::new(100 * E6));
}

#[rstest]
#[case::long_stop_at_entry(1_000, Side::Long)]
#[case::long_stop_above(1_001, Side::Long)]
#[case::short_stop_below(999, Side::Short)]
fn size_for_risk_refuses_a_stop_that_cannot_lose(#[case] stop: i64, #[case] side: Side) {
    let size = size_for_risk(
        usd(1),
        price(1_000),
        price(stop),
        ratio(E10),
        ratio(0),
        side,
    );
    assert!(matches!(
        size,
        Err(CoreError::Invalid {
            name: "stop_e10",
            ..
        })
    ));
}

#[rstest]
fn size_for_risk_without_a_bound_overflows() {
    let size = size_for_risk(
        UsdE6::MAX,
        price(1_000),
        price(999),
        ratio(1),
        ratio(0),
        Side::Long,
    );
    assert!(size.unwrap_err().is_overflow());
}

#[rstest]
fn impossible_arguments_are_named() {
    let (entry, size, leverage) = (price(1), usd(1), ratio(1));
    let name = |error: CoreError| error.to_string().split(' ').next().unwrap().to_owned();
    let long = Side::Long;
    let zero = PriceE10::ZERO;
    assert_eq!(
        name(notional(usd(-1), leverage).unwrap_err()),
        "collateral_e6"
    );
    assert_eq!(name(fee(usd(-1), leverage).unwrap_err()), "notional_e6");
    assert_eq!(
        name(pnl(zero, entry, size, leverage, long).unwrap_err()),
        "entry_e10"
    );
    assert_eq!(
        name(pnl(entry, zero, size, leverage, long).unwrap_err()),
        "price_e10"
    );
    assert_eq!(
        name(pnl(entry, entry, size, ratio(0), long).unwrap_err()),
        "leverage_e10"
    );
    assert_eq!(
        name(pnl(entry, entry, usd(-1), leverage, long).unwrap_err()),
        "collateral_e6"
    );
    let spread = execution_price(entry, ratio(E10 + 1), long, Fill::Open);
    assert_eq!(name(spread.unwrap_err()), "spread_e10");
    let line = safe_line(entry, entry, ratio(E10 + 1), long);
    assert_eq!(name(line.unwrap_err()), "buffer_e10");
    let none = UsdE6::ZERO;
    let liquidation = |size, threshold| {
        liquidation_price(entry, size, leverage, long, ratio(threshold), none, none).unwrap_err()
    };
    assert_eq!(name(liquidation(none, 0)), "collateral_e6");
    assert_eq!(name(liquidation(size, E10 + 1)), "threshold_e10");
}

#[rstest]
fn batches_say_which_row_is_wrong() {
    let (entry, at, size) = ([1, 1, 0], [1, 1, 1], [1, 1, 1]);
    let is_long = [true; 3];
    let rows = PnlRows {
        entry: &entry,
        price: &at,
        collateral: &size,
        leverage: &size,
        is_long: &is_long,
    };
    let error = pnls(&rows).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("row 2: entry_e10 0 is outside of 1..={}", i64::MAX)
    );
    let rows = LiquidationRows {
        entry: &at,
        collateral: &size,
        leverage: &size,
        is_long: &is_long,
        threshold: &[0, -1, 0],
        rollover: &size,
        funding: &size,
    };
    let error = liquidation_prices(&rows).unwrap_err();
    assert!(
        error.to_string().starts_with("row 1: threshold_e10 -1"),
        "{error}"
    );
    let rows = HealthRows {
        entry: &entry,
        price: &at,
        collateral: &size,
        leverage: &size,
        is_long: &is_long,
        threshold: &size,
        buffer: &size,
    };
    assert!(
        health_scan(&rows)
            .unwrap_err()
            .to_string()
            .starts_with("row 2: entry_e10")
    );
}
