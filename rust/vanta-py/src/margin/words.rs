//! Words and short lists that several margin functions take.

use pyo3::prelude::*;
use vanta_core::margin::{CloseFeeBase, StopCorner, TierRule, Tiers};
use vanta_core::units::PercentE10;

use crate::arrays::{int, ints, pairs};
use crate::errors::invalid;

/// The tier rule named by `rule`.
pub(super) fn tier_rule(rule: &str) -> PyResult<TierRule> {
    match rule {
        "highest_met" => Ok(TierRule::HighestMet),
        "count_met" => Ok(TierRule::CountMet),
        _ => Err(invalid("rule", "must be highest_met or count_met")),
    }
}

/// The base named by `close_fee_base`.
pub(super) fn fee_base(base: &str) -> PyResult<CloseFeeBase> {
    match base {
        "notional" => Ok(CloseFeeBase::Notional),
        "notional_plus_pnl" => Ok(CloseFeeBase::NotionalPlusPnl),
        _ => Err(invalid(
            "close_fee_base",
            "must be notional or notional_plus_pnl",
        )),
    }
}

/// Owned tiers of an Upside share.
pub(super) struct OwnedTiers {
    thresholds: Vec<PercentE10>,
    fees: Vec<PercentE10>,
}

impl OwnedTiers {
    pub(super) fn read(thresholds: &Bound<'_, PyAny>, fees: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            thresholds: ints("thresholds_p_e10", thresholds)?,
            fees: ints("fees_p_e10", fees)?,
        })
    }

    pub(super) fn tiers(&self) -> Tiers<'_> {
        Tiers {
            thresholds: &self.thresholds,
            fees: &self.fees,
        }
    }
}

/// The corners of a curve of smallest stops.
pub(super) fn corners(any: &Bound<'_, PyAny>) -> PyResult<Vec<StopCorner>> {
    pairs("curve_e10", any)?
        .iter()
        .map(|(leverage, stop)| {
            Ok(StopCorner {
                leverage: int("curve_e10", leverage)?,
                stop: int("curve_e10", stop)?,
            })
        })
        .collect()
}
