//! The share of a profit that Upside positions pay instead of fees.
//!
//! The venue publishes two readings of the same table. Its estimate and its limits use the highest
//! threshold that is met; the fee of a realised profit counts the thresholds that are met, which is
//! one tier further. Both exist here by name; what is shown before a trade uses the first.

use super::percent::{LeveragedMove, part, rest_of_whole};
use crate::error::CoreError;
use crate::units::{PercentE10, UsdE6, mul_div_floor};

/// Which tier a profit falls into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TierRule {
    /// The highest threshold the profit meets; below all of them the first fee.
    HighestMet,
    /// The number of thresholds met from the first on, at most the last tier.
    CountMet,
}

/// Thresholds and the fee of each, in percent of collateral and of profit.
#[derive(Debug, Clone, Copy)]
pub struct Tiers<'a> {
    /// Profit from which a tier counts.
    pub thresholds: &'a [PercentE10],
    /// Share of the profit that is paid.
    pub fees: &'a [PercentE10],
}

impl Tiers<'_> {
    /// Every fee is a part of the profit: below 0 it would pay out, above 100 % take more than all.
    ///
    /// # Errors
    /// `OutOfRange` naming `fees_p_e10`.
    pub fn check(&self) -> Result<(), CoreError> {
        self.fees
            .iter()
            .try_for_each(|fee| part("fees_p_e10", *fee))
    }

    fn share(
        &self,
        rule: TierRule,
        met: impl Fn(PercentE10) -> bool,
    ) -> Result<PercentE10, CoreError> {
        self.check()?;
        let nothing = PercentE10::ZERO;
        match rule {
            TierRule::HighestMet => {
                let fee = match self.thresholds.iter().rposition(|tier| met(*tier)) {
                    Some(tier) => self.fees.get(tier),
                    None => self.fees.first(),
                };
                Ok(fee.copied().unwrap_or(nothing))
            }
            TierRule::CountMet => {
                let count = self
                    .thresholds
                    .iter()
                    .take_while(|tier| met(**tier))
                    .count();
                let fee = match self.thresholds.len().checked_sub(1) {
                    Some(last) => self.fees.get(count.min(last)),
                    None => self.fees.last(),
                };
                fee.copied()
                    .ok_or_else(|| CoreError::invalid("fees_p_e10", "has no fee for this profit"))
            }
        }
    }

    /// The share at an exact gross result.
    pub(super) fn share_of_move(
        &self,
        rule: TierRule,
        gross: LeveragedMove,
    ) -> Result<PercentE10, CoreError> {
        self.share(rule, |tier| gross.reaches(tier))
    }
}

/// The share at a profit of `profit` percent of the collateral.
///
/// # Errors
/// `OutOfRange` for a fee outside of 0..=100 %, `Invalid` when counting finds a tier without a fee;
/// the highest met is then free.
pub fn upside_share(
    profit: PercentE10,
    tiers: &Tiers<'_>,
    rule: TierRule,
) -> Result<PercentE10, CoreError> {
    tiers.share(rule, |tier| profit >= tier)
}

/// The share of a realised profit and what it takes from `pnl`, rounded up; nothing of a loss.
///
/// # Errors
/// As [`upside_share`], and `Overflow` when the fee does not fit.
pub fn upside_fee(
    profit: PercentE10,
    pnl: UsdE6,
    tiers: &Tiers<'_>,
    rule: TierRule,
) -> Result<(PercentE10, UsdE6), CoreError> {
    if pnl <= UsdE6::ZERO {
        return Ok((PercentE10::ZERO, UsdE6::ZERO));
    }
    let share = upside_share(profit, tiers, rule)?;
    Ok((share, share.of_ceil(pnl)?))
}

/// Largest take profit of an Upside position, net of the share at that level, rounded down.
///
/// # Errors
/// `OutOfRange` for a fee outside of 0..=100 %.
pub fn adjusted_max_gain(max_gain: PercentE10, tiers: &Tiers<'_>) -> Result<PercentE10, CoreError> {
    let share = upside_share(max_gain, tiers, TierRule::HighestMet)?;
    mul_div_floor(
        max_gain.get(),
        rest_of_whole(share),
        PercentE10::WHOLE.wide(),
    )
    .and_then(PercentE10::new)
    .map_err(|_| CoreError::Overflow {
        what: "maximum gain",
    })
}
