//! What a transaction can cost at worst, and what is left of a budget while several are out.

use super::overflow;
use crate::error::CoreError;

/// Everything a transaction can take from its wallet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spend {
    /// Gas limit.
    pub gas_limit: u64,
    /// Fee cap, wei per gas.
    pub cap_wei: u128,
    /// Value sent along, wei.
    pub value_wei: u128,
    /// What the rollup charges for L1 data, wei: on top of gas times price.
    pub l1_fee_wei: u128,
    /// What the rollup's operator charges, wei.
    pub operator_fee_wei: u128,
}

/// The most it can take, wei: gas limit * cap + value + L1 data fee + operator fee. Nodes compare
/// the balance with this, not with what is likely.
///
/// # Errors
/// `Overflow`.
pub fn max_spend(spend: &Spend) -> Result<u128, CoreError> {
    u128::from(spend.gas_limit)
        .checked_mul(spend.cap_wei)
        .and_then(|sum| sum.checked_add(spend.value_wei))
        .and_then(|sum| sum.checked_add(spend.l1_fee_wei))
        .and_then(|sum| sum.checked_add(spend.operator_fee_wei))
        .ok_or_else(|| overflow("spend"))
}

/// What is left of a budget (a balance, a day's limit) when everything in flight costs its most,
/// wei; 0 when it is overdrawn. Per nonce only the dearest attempt counts: one of them is mined.
///
/// # Errors
/// `Overflow` when the sum in flight does not fit.
pub fn budget_left(budget_wei: u128, in_flight_wei: &[u128]) -> Result<u128, CoreError> {
    let taken = in_flight_wei.iter().try_fold(0_u128, |sum, spend| {
        sum.checked_add(*spend).ok_or_else(|| overflow("spend"))
    })?;
    Ok(budget_wei.saturating_sub(taken))
}
