//! What to offer first.

use super::{out_of, overflow};
use crate::error::CoreError;

/// Limits of what is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    /// Least tip, wei per gas, 1 or more: a tip of 0 cannot be outbid by a share of itself.
    pub min_tip_wei: u128,
    /// Most tip of a first offer, wei per gas.
    pub max_tip_wei: u128,
    /// Most fee cap of any attempt, wei per gas.
    pub max_cap_wei: u128,
    /// Which percentile of the rewards is the tip, 0..=100.
    pub tip_percentile: u32,
    /// By how much a replacement is dearer, in hundredths of a percent, 1,000..=10,000.
    pub bump_bps: u32,
    /// A bumped field may be this many times the market's suggestion, 1..=100.
    pub max_multiple: u32,
    /// Below this, the multiple is not asked about, wei per gas.
    pub multiple_from_wei: u128,
}

const GWEI: u128 = 1_000_000_000;

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            min_tip_wei: 1,
            max_tip_wei: GWEI,
            max_cap_wei: 100 * GWEI,
            tip_percentile: 50,
            bump_bps: 1_250,
            max_multiple: 5,
            multiple_from_wei: GWEI,
        }
    }
}

impl FeePolicy {
    /// The same, checked.
    ///
    /// # Errors
    /// `OutOfRange` naming the first value outside of its range; min tip <= max tip <= max cap.
    pub fn validate(self) -> Result<Self, CoreError> {
        let most = u128::MAX / 4;
        for (name, value, min, max) in [
            ("max_cap_wei", self.max_cap_wei, 1, most),
            ("max_tip_wei", self.max_tip_wei, 1, self.max_cap_wei),
            ("min_tip_wei", self.min_tip_wei, 1, self.max_tip_wei),
            ("tip_percentile", self.tip_percentile.into(), 0, 100),
            ("bump_bps", self.bump_bps.into(), 1_000, 10_000),
            ("max_multiple", self.max_multiple.into(), 1, 100),
        ] {
            if !(min..=max).contains(&value) {
                return Err(out_of(name, value, min, max));
            }
        }
        Ok(self)
    }

    /// A market's tip within the bounds of a first offer.
    pub(super) fn tip(&self, market_wei: u128) -> u128 {
        // Not `clamp`, which panics when nobody has checked that the bounds are in order.
        market_wei.max(self.min_tip_wei).min(self.max_tip_wei)
    }
}

/// A price per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// Priority fee, wei per gas.
    pub tip_wei: u128,
    /// Fee cap, wei per gas, tip included.
    pub cap_wei: u128,
    /// Whether the policy's ceiling cut the cap. A cap below the next base fee is not mined until
    /// the fee has fallen: compare them before a nonce is taken for it.
    pub limited: bool,
}

/// Twice the next base fee plus the tip, at least twice the minimum base fee: with a change of 4 %
/// a block it stands 18 full blocks.
pub(super) fn cap_for(
    next_base_fee_wei: u128,
    min_base_fee_wei: u128,
    tip_wei: u128,
) -> Result<u128, CoreError> {
    let twice = |fee: u128| fee.checked_mul(2).ok_or_else(|| overflow("fee cap"));
    let cap = twice(next_base_fee_wei)?.checked_add(tip_wei);
    let cap = cap.ok_or_else(|| overflow("fee cap"))?;
    Ok(cap.max(twice(min_base_fee_wei)?))
}

/// The first offer. Tip: the policy's percentile (nearest rank) of what recent blocks' rewards were,
/// within its bounds; no reward known = the least. Cap: see above, at most the policy's.
///
/// # Errors
/// `Invalid` when the policy's cap is below the minimum base fee: no block would ever take it, and
/// its nonce would block the wallet. `Overflow`.
pub fn choose_fees(
    next_base_fee_wei: u128,
    min_base_fee_wei: u128,
    rewards_wei: &[u64],
    policy: &FeePolicy,
) -> Result<Fees, CoreError> {
    if policy.max_cap_wei < min_base_fee_wei {
        let cap = policy.max_cap_wei;
        let reason = format!("{cap} is below the minimum base fee {min_base_fee_wei}");
        return Err(CoreError::invalid("max_cap_wei", reason));
    }
    let mut sorted = rewards_wei.to_vec();
    sorted.sort_unstable();
    let rank = sorted
        .len()
        .saturating_mul(usize::try_from(policy.tip_percentile).unwrap_or(100))
        .div_ceil(100)
        .saturating_sub(1);
    let market = sorted.get(rank).copied().map_or(0, u128::from);
    let tip_wei = policy.tip(market);
    let wanted = cap_for(next_base_fee_wei, min_base_fee_wei, tip_wei)?;
    let cap_wei = wanted.min(policy.max_cap_wei);
    Ok(Fees {
        tip_wei,
        cap_wei,
        limited: cap_wei < wanted,
    })
}
