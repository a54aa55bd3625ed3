//! The figures of [`super::health()`] for amounts of everyday size: the same roundings, without a
//! question after each step.
//!
//! A scan of a million positions spends its time on those questions. Within the bounds below no
//! step can leave its word, which leaves one question at the start. Outside of them the row goes
//! the careful way.

use super::{PositionHealth, PositionState, Side};
use crate::units::{E10, PriceE10, RatioE10, UsdE6, divide_words, split_e10};

/// Prices below this (72 million dollars).
const PRICE_BELOW: u64 = 1 << 56;
/// Leverages from 1 to below this (1759), in e10.
const LEVERAGE_BELOW: u64 = 1 << 44;
/// Collaterals below this (a billion dollars).
const COLLATERAL_BELOW: u64 = 1 << 50;
const ONE: u64 = E10.unsigned_abs();

/// One row, raw integers of the units of [`super::health()`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub entry: i64,
    pub price: i64,
    pub collateral: i64,
    pub leverage: i64,
    pub side: Side,
    pub threshold: i64,
    pub buffer: i64,
}

fn within(value: i64, low: u64, below: u64) -> bool {
    // A negative value is a large one here.
    value.cast_unsigned().wrapping_sub(low) < below - low
}

/// Health of the row, `None` where some figure might not fit or an argument is impossible.
#[inline]
pub(super) fn quick_health(row: &Row) -> Option<PositionHealth> {
    let usual = within(row.entry, 1, PRICE_BELOW)
        & within(row.price, 1, PRICE_BELOW)
        & within(row.collateral, 1, COLLATERAL_BELOW)
        & within(row.leverage, ONE, LEVERAGE_BELOW)
        & within(row.threshold, 0, ONE + 1)
        & within(row.buffer, 0, ONE + 1);
    if !usual {
        return None;
    }
    let entry = row.entry.unsigned_abs();
    let leverage = row.leverage.unsigned_abs();
    // Leverage is at least 1 and the threshold at most 1: the distance is at most the entry.
    let room = u128::from(entry) * u128::from(row.threshold.unsigned_abs());
    let (distance, _) = divide_words(room, leverage);
    let (shift, rest) = split_e10(u128::from(distance) * u128::from(row.buffer.unsigned_abs()));
    let shift = i64::try_from(shift).ok()? + i64::from(rest != 0);
    // Sides and signs are as random as coins: a product costs less than a branch guessed wrong.
    // No figure here exceeds 2^58.
    let sign = 2 * i64::from(row.side.is_long()) - 1;
    let liquidation = row.entry - sign * distance.cast_signed();
    let line = liquidation + sign * shift;
    let gain = sign * (row.price - row.entry);
    let left = gain + distance.cast_signed();
    let pnl = quick_pnl(gain, entry, row.collateral, leverage)?;
    let whole = distance.max(1);
    let kept = left.max(0).unsigned_abs() * u64::from(distance != 0);
    let scaled = u128::from(kept) * u128::from(ONE);
    // A profit beyond a billion distances does not fit: the careful way says so.
    if scaled >> 64 >= u128::from(whole) {
        return None;
    }
    let distance_left = i64::try_from(divide_words(scaled, whole).0).ok()?;
    let state = if left <= 0 {
        PositionState::BeyondLiquidation
    } else if sign * (row.price - line) <= 0 {
        PositionState::BeyondSafeLine
    } else {
        PositionState::Healthy
    };
    Some(PositionHealth {
        liquidation: PriceE10::new(liquidation).ok()?,
        safe_line: PriceE10::new(line).ok()?,
        pnl: UsdE6::new(pnl).ok()?,
        distance_left: RatioE10::new(distance_left).ok()?,
        state,
    })
}

/// [`super::pnl`] of a row within the bounds.
#[inline]
pub(crate) fn quick_gross(
    entry: i64,
    price: i64,
    collateral: i64,
    leverage: i64,
    side: Side,
) -> Option<i64> {
    let usual = within(entry, 1, PRICE_BELOW)
        & within(price, 1, PRICE_BELOW)
        & within(collateral, 1, COLLATERAL_BELOW)
        & within(leverage, ONE, LEVERAGE_BELOW);
    if !usual {
        return None;
    }
    let gain = side.gain(price - entry);
    quick_pnl(
        gain,
        entry.unsigned_abs(),
        collateral,
        leverage.unsigned_abs(),
    )
}

/// [`super::liquidation_price`] of a row within the bounds; `owed` is rollover plus funding.
#[inline]
pub(super) fn quick_liquidation(
    entry: i64,
    collateral: i64,
    leverage: i64,
    side: Side,
    threshold: i64,
    owed: i64,
) -> Option<i64> {
    let usual = within(entry, 1, PRICE_BELOW)
        & within(collateral, 1, COLLATERAL_BELOW)
        & within(leverage, ONE, LEVERAGE_BELOW)
        & within(threshold, 0, ONE + 1)
        & within(owed, 0, COLLATERAL_BELOW);
    if !usual {
        return None;
    }
    let origin = entry.unsigned_abs();
    let leverage = leverage.unsigned_abs();
    let distance = if owed == 0 {
        let room = u128::from(origin) * u128::from(threshold.unsigned_abs());
        divide_words(room, leverage).0
    } else {
        // Below 2^84 each; charges above the threshold go the careful way.
        let room = u128::from(collateral.unsigned_abs()) * u128::from(threshold.unsigned_abs());
        let room = room.checked_sub(u128::from(owed.unsigned_abs()) * u128::from(ONE))?;
        let exposure = u128::from(collateral.unsigned_abs()) * u128::from(leverage);
        if room.leading_zeros() + origin.leading_zeros() < 64 {
            return None;
        }
        u64::try_from(room.wrapping_mul(u128::from(origin)) / exposure).ok()?
    };
    let distance = i64::try_from(distance).ok()?;
    Some(entry - side.gain(distance))
}

// `gain` is a difference of prices within bounds, as are the others.
#[inline]
fn quick_pnl(gain: i64, entry: u64, collateral: i64, leverage: u64) -> Option<i64> {
    let moved = u128::from(gain.unsigned_abs()) * u128::from(leverage);
    if gain < 0 && moved >= u128::from(entry) * u128::from(ONE) {
        return Some(-collateral);
    }
    // 2^100 at most, times a collateral of 2^50: the lengths decide.
    if moved.leading_zeros() + collateral.leading_zeros() < 64 {
        return None;
    }
    let product = moved.wrapping_mul(u128::from(collateral.unsigned_abs()));
    let (whole, low) = split_e10(product);
    if whole >> 64 >= u128::from(entry) {
        return None;
    }
    let (size, high) = divide_words(whole, entry);
    let size = i64::try_from(size).ok()?;
    // -1 for a loss, else 0: `!size` is `-size - 1`, the loss rounded up where something is left.
    let loss = gain >> 63;
    Some((size ^ loss) - (loss * i64::from((low | u128::from(high)) == 0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::margin::health;

    fn careful(row: &Row) -> Option<PositionHealth> {
        health(
            PriceE10::new(row.entry).ok()?,
            PriceE10::new(row.price).ok()?,
            UsdE6::new(row.collateral).ok()?,
            RatioE10::new(row.leverage).ok()?,
            row.side,
            RatioE10::new(row.threshold).ok()?,
            RatioE10::new(row.buffer).ok()?,
        )
        .ok()
    }

    /// Everyday values, and each bound with its neighbours.
    fn near(bounds: [u64; 2], usual: std::ops::Range<i64>) -> impl Strategy<Value = i64> {
        let edges = bounds
            .map(u64::cast_signed)
            .map(|bound| bound - 2..bound + 2);
        let [low, high] = edges;
        prop_oneof![low, high, usual, any::<i64>()]
    }

    fn rows() -> impl Strategy<Value = Row> {
        (
            near([1, PRICE_BELOW], 1..100_000 * E10),
            near([1, PRICE_BELOW], 1..100_000 * E10),
            near([1, COLLATERAL_BELOW], 1..1_000_000_000_000),
            near([ONE, LEVERAGE_BELOW], E10..500 * E10),
            any::<bool>(),
            near([0, ONE], 0..E10),
            near([0, ONE], 0..E10),
        )
            .prop_map(
                |(entry, price, collateral, leverage, is_long, threshold, buffer)| Row {
                    entry,
                    price,
                    collateral,
                    leverage,
                    side: Side::from_is_long(is_long),
                    threshold,
                    buffer,
                },
            )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]
        #[test]
        fn what_the_quick_way_answers_is_the_careful_answer(row in rows()) {
            if let Some(quick) = quick_health(&row) {
                prop_assert_eq!(Some(quick), careful(&row));
            }
        }
    }

    type Bound = (fn(&mut Row, i64), u64, u64);

    #[test]
    fn the_quick_way_ends_at_its_bounds_and_not_before() {
        let bounds: [Bound; 6] = [
            (|row, value| row.entry = value, 1, PRICE_BELOW - 1),
            (|row, value| row.price = value, 1, PRICE_BELOW - 1),
            (|row, value| row.collateral = value, 1, COLLATERAL_BELOW - 1),
            (|row, value| row.leverage = value, ONE, LEVERAGE_BELOW - 1),
            (|row, value| row.threshold = value, 0, ONE),
            (|row, value| row.buffer = value, 0, ONE),
        ];
        for (change, low, high) in bounds {
            let (low, high) = (low.cast_signed(), high.cast_signed());
            for (value, inside) in [
                (low - 1, false),
                (low, true),
                (high, true),
                (high + 1, false),
            ] {
                let mut row = USUAL;
                change(&mut row, value);
                // An entry of next to nothing makes profits that only the careful way can refuse.
                if row.entry == 1 {
                    row.price = 1;
                }
                let quick = quick_health(&row);
                assert_eq!(quick.is_some(), inside, "{value}");
                assert!(!inside || quick == careful(&row), "{value}");
            }
        }
    }

    const USUAL: Row = Row {
        entry: 60_000 * E10,
        price: 60_100 * E10,
        collateral: 1_000_000_000,
        leverage: 10 * E10,
        side: Side::Short,
        threshold: 8_500_000_000,
        buffer: 500_000_000,
    };

    #[test]
    fn a_price_at_the_safe_line_is_beyond_it_on_both_sides() {
        for side in [Side::Long, Side::Short] {
            let mut row = Row { side, ..USUAL };
            let line = careful(&row).map_or(0, |one| one.safe_line.get());
            for (better, state) in [
                (-1, PositionState::BeyondSafeLine),
                (0, PositionState::BeyondSafeLine),
                (1, PositionState::Healthy),
            ] {
                row.price = line + side.gain(better);
                let quick = quick_health(&row);
                assert_eq!(quick.map(|one| one.state), Some(state));
                assert_eq!(quick, careful(&row));
            }
        }
    }

    #[test]
    fn a_loss_is_rounded_up_for_what_either_division_leaves() {
        // 3 * (10^10 + 1) leaves 3 of 10^10 and nothing of the entry.
        assert_eq!(quick_gross(3, 2, 3, E10 + 1, Side::Long), Some(-2));
        // And the other way about, then neither.
        assert_eq!(quick_gross(3, 2, 4, E10, Side::Long), Some(-2));
        assert_eq!(quick_gross(3, 2, 3, E10, Side::Long), Some(-1));
    }

    #[test]
    fn a_line_ends_at_its_bounds() {
        let line = |threshold, owed| {
            quick_liquidation(60_000 * E10, 1_000, 10 * E10, Side::Long, threshold, owed)
        };
        assert!(line(E10, 0).is_some() && line(E10 + 1, 0).is_none());
        assert!(line(E10, 1).is_some() && line(E10, -1).is_none());
    }
}
