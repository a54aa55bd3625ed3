//! What opening and closing costs under the venue's fee models.
//!
//! Two models exist beside each other: the legacy line by the skew of open interest, and maker or
//! taker by whether a trade balances the book in coins. Rates are venue percents, rounded up.

use std::cmp::Ordering;

use alloy_primitives::U256;

use super::percent::{not_negative, part, rest_of_whole};
use super::{Side, in_range};
use crate::error::CoreError;
use crate::units::{PercentE10, UsdE6, div_ceil, mul_div_ceil};

/// One line of the legacy opening fee: `(slope * oiPct + base) / 10000` percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkewLine {
    /// Change per point of the opposite side's share, 1/10000 percent e10.
    pub slope_e10: i64,
    /// Rate where the opposite side is empty, 1/10000 percent e10.
    pub base_e10: i64,
}

/// A rate and what it charges on a notional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// Percent of notional, rounded up.
    pub rate: PercentE10,
    /// Amount from the exact rate, rounded up once.
    pub amount: UsdE6,
}

/// Legacy opening fee: `oiPct = floor(100 * opposite / (same + notional + opposite))` (0 for an
/// empty book), the line of its tenth (the last one beyond the list), less `discount`.
///
/// # Errors
/// `OutOfRange` for a negative amount or a discount above 100 %, `Invalid` without lines,
/// `Overflow` when the fee does not fit.
pub fn skew_open_fee(
    notional: UsdE6,
    side: Side,
    oi_long: UsdE6,
    oi_short: UsdE6,
    lines: &[SkewLine],
    discount: PercentE10,
) -> Result<Fee, CoreError> {
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    in_range("oi_long_e6", oi_long.get(), 0, i64::MAX)?;
    in_range("oi_short_e6", oi_short.get(), 0, i64::MAX)?;
    part("discount_p_e10", discount)?;
    let opposite = if side.is_long() { oi_short } else { oi_long }.wide();
    let total = oi_long.wide() + oi_short.wide() + notional.wide();
    let points = if total == 0 {
        0
    } else {
        100 * opposite / total
    };
    let tenth = usize::try_from(points / 10).unwrap_or(usize::MAX);
    let line = lines
        .get(tenth)
        .or(lines.last())
        .ok_or_else(|| CoreError::invalid("skew_lines_e10", "has no lines"))?;
    // Below 2^77, and below 2^117 with the discount.
    let rate = i128::from(line.slope_e10) * points + i128::from(line.base_e10);
    let charged = rate * rest_of_whole(discount);
    let whole = PercentE10::WHOLE.wide();
    let overflow = |_| CoreError::Overflow { what: "fee" };
    Ok(Fee {
        rate: div_ceil(charged, 10_000 * whole)
            .and_then(PercentE10::new)
            .map_err(overflow)?,
        amount: mul_div_ceil(notional.get(), charged, 10_000 * whole * whole)
            .and_then(UsdE6::new)
            .map_err(overflow)?,
    })
}

/// `rate` of `notional`, less `discount`, rounded up once.
///
/// # Errors
/// `OutOfRange` for a negative amount or rate or a discount above 100 %, `Overflow` when the fee
/// does not fit.
pub fn percent_fee(
    notional: UsdE6,
    rate: PercentE10,
    discount: PercentE10,
) -> Result<UsdE6, CoreError> {
    in_range("notional_e6", notional.get(), 0, i64::MAX)?;
    flat_fee(notional, rate, discount)
}

/// [`percent_fee`] of a base that a loss may have made negative.
pub(super) fn flat_fee(
    base: UsdE6,
    rate: PercentE10,
    discount: PercentE10,
) -> Result<UsdE6, CoreError> {
    not_negative("rate_p_e10", rate)?;
    part("discount_p_e10", discount)?;
    let whole = PercentE10::WHOLE.wide();
    mul_div_ceil(
        base.get(),
        rate.wide() * rest_of_whole(discount),
        whole * whole,
    )
    .and_then(UsdE6::new)
    .map_err(|_| CoreError::Overflow { what: "fee" })
}

/// How a trade moved the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeKind {
    /// Towards balance.
    Maker,
    /// Away from it, or there was nothing to balance.
    Taker,
    /// Through balance: each part pays its own rate.
    Mixed,
}

impl FeeKind {
    /// The word the kind has across the border.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
            Self::Mixed => "mixed",
        }
    }
}

/// Open interest in coins, e10. Cheap coins outgrow 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinBook {
    /// Coins held long.
    pub long: u128,
    /// Coins held short.
    pub short: u128,
}

impl CoinBook {
    fn total(self) -> U256 {
        U256::from(self.long) + U256::from(self.short)
    }

    fn of(self, side: Side) -> u128 {
        match side {
            Side::Long => self.long,
            Side::Short => self.short,
        }
    }

    fn with(self, side: Side, coins: u128) -> Self {
        match side {
            Side::Long => Self {
                long: coins,
                ..self
            },
            Side::Short => Self {
                short: coins,
                ..self
            },
        }
    }
}

/// Maker and taker rates of one direction of trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MakerTaker {
    /// Rate towards balance.
    pub maker: PercentE10,
    /// Rate away from balance.
    pub taker: PercentE10,
}

/// Rate of a trade of `size` coins that turned the book `before` into `after`, rounded up.
///
/// The heavier side before decides: heavier still pays taker, not beyond balance pays maker, and
/// beyond it the part up to balance pays maker and the rest taker. A balanced or empty book pays
/// taker.
///
/// # Errors
/// `Invalid` for a size of 0 that crossed balance, `Overflow` when a product does not fit.
pub fn maker_taker_fee(
    before: CoinBook,
    after: CoinBook,
    size: u128,
    rates: MakerTaker,
) -> Result<(PercentE10, FeeKind), CoreError> {
    let (old, new) = (before.total(), after.total());
    let heavier = before.long.cmp(&before.short);
    if old.is_zero() || new.is_zero() || heavier == Ordering::Equal {
        return Ok((rates.taker, FeeKind::Taker));
    }
    // Shares of the total compared as products, which are exact.
    let share = U256::from(after.long).checked_mul(old);
    let held = U256::from(before.long).checked_mul(new);
    let (Some(share), Some(held)) = (share, held) else {
        return Err(CoreError::Overflow { what: "coin share" });
    };
    let away = match heavier {
        Ordering::Greater => share > held,
        Ordering::Less | Ordering::Equal => share < held,
    };
    if away {
        return Ok((rates.taker, FeeKind::Taker));
    }
    let crossed = heavier != after.long.cmp(&after.short) && after.long != after.short;
    if !crossed {
        return Ok((rates.maker, FeeKind::Maker));
    }
    blended(before.long.abs_diff(before.short), size, rates).map(|rate| (rate, FeeKind::Mixed))
}

/// `(maker * gap + taker * (size - gap)) / size`, rounded up.
fn blended(gap: u128, size: u128, rates: MakerTaker) -> Result<PercentE10, CoreError> {
    let overflow = || CoreError::Overflow { what: "fee rate" };
    let gap = i128::try_from(gap).map_err(|_| overflow())?;
    let size = i128::try_from(size).map_err(|_| overflow())?;
    if size == 0 {
        return Err(CoreError::invalid("size_coin_e10", "is 0"));
    }
    let maker = rates.maker.wide().checked_mul(gap);
    let taker = size
        .checked_sub(gap)
        .and_then(|rest| rates.taker.wide().checked_mul(rest));
    let sum = maker
        .zip(taker)
        .and_then(|(maker, taker)| maker.checked_add(taker))
        .ok_or_else(overflow)?;
    div_ceil(sum, size)
        .and_then(PercentE10::new)
        .map_err(|_| overflow())
}

/// [`maker_taker_fee`] of opening `coins` on `side`.
///
/// # Errors
/// `Overflow` when the book outgrows 128 bits.
pub fn open_maker_taker_fee(
    before: CoinBook,
    coins: u128,
    side: Side,
    rates: MakerTaker,
) -> Result<(PercentE10, FeeKind), CoreError> {
    let held = before.of(side).checked_add(coins);
    let after = held.ok_or(CoreError::Overflow {
        what: "coin open interest",
    })?;
    maker_taker_fee(before, before.with(side, after), coins, rates)
}

/// [`maker_taker_fee`] of closing `coins` on `side`; at most what the side holds is closed.
///
/// # Errors
/// `Overflow` when a product does not fit.
pub fn close_maker_taker_fee(
    before: CoinBook,
    coins: u128,
    side: Side,
    rates: MakerTaker,
) -> Result<(PercentE10, FeeKind), CoreError> {
    let held = before.of(side);
    let coins = coins.min(held);
    maker_taker_fee(before, before.with(side, held - coins), coins, rates)
}
