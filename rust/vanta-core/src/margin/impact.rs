//! The flow-based spread of v2: what recent trading in one direction costs the next trade.

use alloy_primitives::U256;

use super::percent::not_negative;
use crate::error::CoreError;
use crate::units::PercentE10;

/// `impact * sqrt(|flow| / depth) + constant`, at most `max_spread`; rounded up once, against the
/// trader. `flow` and `depth` share a unit.
///
/// # Errors
/// `OutOfRange` for a negative percent, `Invalid` for a depth of 0.
pub fn impact_spread(
    flow: i64,
    depth: u64,
    impact: PercentE10,
    constant: PercentE10,
    max_spread: PercentE10,
) -> Result<PercentE10, CoreError> {
    not_negative("impact_p_e10", impact)?;
    not_negative("constant_p_e10", constant)?;
    not_negative("max_spread_p_e10", max_spread)?;
    if depth == 0 {
        return Err(CoreError::invalid("depth", "is 0"));
    }
    // sqrt(impact^2 * flow / depth): the root of a fraction rounded up is the root of the fraction
    // rounded up, so nothing is lost before the one rounding.
    let size = U256::from(impact.get().unsigned_abs());
    let inner = (size * size * U256::from(flow.unsigned_abs())).div_ceil(U256::from(depth));
    let Ok(inner) = u128::try_from(inner) else {
        return Ok(max_spread); // its root is above any percent
    };
    let root = inner.isqrt();
    let root = root + u128::from(root * root != inner);
    let spread = i64::try_from(root)
        .ok()
        .and_then(|root| root.checked_add(constant.get()))
        .unwrap_or(i64::MAX);
    PercentE10::new(spread.min(max_spread.get()))
}
