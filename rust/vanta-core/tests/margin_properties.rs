//! Margin maths: what holds for every position.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use vanta_core::margin::{
    Fill, HealthRows, PnlRows, Side, execution_price, fee, health, health_scan, liquidation_price,
    notional, pnl, pnls, safe_line, size_for_risk,
};
use vanta_core::units::{E6, E10, PriceE10, RatioE10, UsdE6};

prop_compose! {
    fn position()(
        entry in 1..1_000_000 * E10,
        collateral in 1..100_000_000 * E6,
        leverage in E10..500 * E10,
        is_long in any::<bool>(),
    ) -> (PriceE10, UsdE6, RatioE10, Side) {
        (
            PriceE10::new(entry).unwrap(),
            UsdE6::new(collateral).unwrap(),
            RatioE10::new(leverage).unwrap(),
            Side::from_is_long(is_long),
        )
    }
}

/// A position and a price.
type Row = ((PriceE10, UsdE6, RatioE10, Side), i64);

fn share() -> impl Strategy<Value = RatioE10> {
    (0..=E10).prop_map(|raw| RatioE10::new(raw).unwrap())
}

proptest! {
    #[test]
    fn profit_is_monotone_in_the_price(
        (entry, size, leverage, side) in position(),
        a in 1..2_000_000 * E10,
        b in 1..2_000_000 * E10,
    ) {
        let (low, high) = (PriceE10::new(a.min(b)).unwrap(), PriceE10::new(a.max(b)).unwrap());
        let at_low = pnl(entry, low, size, leverage, side);
        let at_high = pnl(entry, high, size, leverage, side);
        // Only a gain can outgrow its unit.
        prop_assume!(at_low.is_ok() && at_high.is_ok());
        let (at_low, at_high) = (at_low.unwrap(), at_high.unwrap());
        prop_assert!(at_low >= size.negated() && at_high >= size.negated());
        if side.is_long() {
            prop_assert!(at_low <= at_high);
        } else {
            prop_assert!(at_low >= at_high);
        }
    }

    #[test]
    fn a_round_trip_at_one_price_never_gains(
        (quote, size, leverage, side) in position(),
        spread in share(),
    ) {
        let open = execution_price(quote, spread, side, Fill::Open).unwrap();
        let close = execution_price(quote, spread, side, Fill::Close).unwrap();
        prop_assume!(open != PriceE10::ZERO && close != PriceE10::ZERO);
        prop_assert!(pnl(open, close, size, leverage, side).unwrap() <= UsdE6::ZERO);
    }

    #[test]
    fn lines_lie_between_liquidation_and_entry(
        (entry, size, leverage, side) in position(),
        threshold in share(),
        buffer in share(),
    ) {
        let none = UsdE6::ZERO;
        let line = liquidation_price(entry, size, leverage, side, threshold, none, none).unwrap();
        let safe = safe_line(entry, line, buffer, side).unwrap();
        // A larger buffer and a smaller threshold both move the lines to entry, never past it.
        prop_assert!(side.at_or_beyond(line, safe));
        prop_assert!(side.at_or_beyond(safe, entry));
    }

    #[test]
    fn charges_never_move_liquidation_away(
        (entry, size, leverage, side) in position(),
        threshold in share(),
        charge in 0..1_000 * E6,
    ) {
        let none = UsdE6::ZERO;
        let more = UsdE6::new(charge).unwrap();
        let plain = liquidation_price(entry, size, leverage, side, threshold, none, none).unwrap();
        let rolled = liquidation_price(entry, size, leverage, side, threshold, more, none);
        let funded = liquidation_price(entry, size, leverage, side, threshold, none, more);
        prop_assert_eq!(&rolled, &funded);
        if let Ok(rolled) = rolled {
            prop_assert!(side.at_or_beyond(plain, rolled));
        }
    }

    // At the liquidation price at most the threshold is lost: one tick of price is worth more
    // than the rounding, so the bound is the loss one tick further away.
    #[test]
    fn liquidation_comes_no_later_than_the_threshold(
        (entry, size, leverage, side) in position(),
        threshold in share(),
    ) {
        let none = UsdE6::ZERO;
        let line = liquidation_price(entry, size, leverage, side, threshold, none, none).unwrap();
        prop_assume!(line != PriceE10::ZERO);
        let loss = pnl(entry, line, size, leverage, side).unwrap().negated();
        prop_assert!(loss <= size.times_ceil(threshold).unwrap());
    }

    #[test]
    fn size_for_risk_is_the_largest(
        (entry, _, leverage, side) in position(),
        risk in 0..1_000_000 * E6,
        stop_share in 1..E10,
        cost in 0..E10 / 10,
    ) {
        let entry = PriceE10::new(entry.get().max(2)).unwrap();
        let away = entry.times_ceil(RatioE10::new(stop_share).unwrap()).unwrap().get();
        let away = away.min(entry.get() - 1);
        let stop = if side.is_long() { entry.get() - away } else { entry.get() + away };
        let stop = PriceE10::new(stop).unwrap();
        let (risk, cost) = (UsdE6::new(risk).unwrap(), RatioE10::new(cost).unwrap());
        let loss = |collateral: i64| -> i64 {
            let collateral = UsdE6::new(collateral).unwrap();
            let costs = fee(notional(collateral, leverage).unwrap(), cost).unwrap();
            costs.get() - pnl(entry, stop, collateral, leverage, side).unwrap().get()
        };
        let size = size_for_risk(risk, entry, stop, leverage, cost, side).unwrap().get();
        prop_assert!(loss(size) <= risk.get());
        prop_assert!(loss(size + 1) > risk.get());
    }

    #[test]
    fn batches_are_the_scalar_function(
        rows in prop::collection::vec((position(), 1..1_000_000 * E10), 0..20),
        threshold in share(),
        buffer in share(),
    ) {
        let column = |of: fn(&Row) -> i64| -> Vec<i64> {
            rows.iter().map(of).collect()
        };
        let entry = column(|row| row.0.0.get());
        let size = column(|row| row.0.1.get());
        let leverage = column(|row| row.0.2.get());
        let price = column(|row| row.1);
        let is_long: Vec<bool> = rows.iter().map(|row| row.0.3.is_long()).collect();
        let one = |row: &Row| {
            let ((entry, size, leverage, side), price) = *row;
            health(entry, PriceE10::new(price).unwrap(), size, leverage, side, threshold, buffer)
        };
        let scalar: Result<Vec<_>, _> = rows.iter().map(one).collect();
        prop_assume!(scalar.is_ok());
        let scalar = scalar.unwrap();
        let profits = pnls(&PnlRows {
            entry: &entry,
            price: &price,
            collateral: &size,
            leverage: &leverage,
            is_long: &is_long,
        });
        prop_assert_eq!(profits.unwrap(), scalar.iter().map(|h| h.pnl.get()).collect::<Vec<_>>());
        let thresholds = vec![threshold.get(); rows.len()];
        let buffers = vec![buffer.get(); rows.len()];
        let health = health_scan(&HealthRows {
            entry: &entry,
            price: &price,
            collateral: &size,
            leverage: &leverage,
            is_long: &is_long,
            threshold: &thresholds,
            buffer: &buffers,
        });
        let health = health.unwrap();
        let lines: Vec<_> = scalar.iter().map(|h| h.liquidation.get()).collect();
        prop_assert_eq!(health.liquidation, lines);
        let states: Vec<_> = scalar.iter().map(|h| h.state.code()).collect();
        prop_assert_eq!(health.state, states);
        let left: Vec<_> = scalar.iter().map(|h| h.distance_left.get()).collect();
        prop_assert_eq!(health.distance_left, left);
    }
}
