//! What replaces an attempt, and when to stop raising.
//!
//! Nodes replace a transaction only when tip and cap are each at least 10 % dearer. A refused
//! replacement costs a round trip and teaches nothing, so both are raised by the policy's share,
//! each rounded up on its own. At a ceiling the last bytes are sent again: dropped transactions
//! come back, and giving up would leave the nonce open.

use super::offer::{FeePolicy, Fees, cap_for};
use super::overflow;
use super::spend::{Spend, max_spend};
use crate::error::CoreError;

/// Why a bump is, or is not, a bump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BumpReason {
    /// It is one.
    Bump,
    /// A field would be more than the policy's multiple of what the market asks.
    Multiple,
    /// The cap would be above the policy's.
    Ceiling,
    /// The most it can cost would be above the intent's budget.
    Budget,
}

/// Published names of [`BumpReason`].
pub const BUMP_REASONS: [&str; 4] = ["BUMP", "MULTIPLE", "CEILING", "BUDGET"];

impl BumpReason {
    /// Published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bump => "BUMP",
            Self::Multiple => "MULTIPLE",
            Self::Ceiling => "CEILING",
            Self::Budget => "BUDGET",
        }
    }
}

/// An attempt that waits, and the market it waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    /// Highest tip ever signed under the nonce, wei per gas.
    pub tip_wei: u128,
    /// Highest cap ever signed under the nonce, wei per gas.
    pub cap_wei: u128,
    /// What a first offer would tip now, wei per gas.
    pub market_tip_wei: u128,
    /// Base fee of the next block, wei per gas.
    pub next_base_fee_wei: u128,
    /// Minimum base fee of the chain, wei per gas.
    pub min_base_fee_wei: u128,
    /// Everything but the price; its `cap_wei` is not read.
    pub spend: Spend,
    /// Most it may cost, wei.
    pub budget_wei: u128,
}

/// A replacement, or the order to send the same bytes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bump {
    /// [`BumpReason::Bump`], or why the same bytes are to be sent again.
    pub reason: BumpReason,
    /// The new price; the old one when the same bytes are to be sent.
    pub fees: Fees,
}

/// The least that replaces `old`: `old` plus `bps` hundredths of a percent, rounded up, and more
/// than `old` in any case.
///
/// # Errors
/// `Overflow`.
pub fn replacement_floor(old: u128, bps: u32) -> Result<u128, CoreError> {
    let raised = old
        .checked_mul(10_000 + u128::from(bps))
        .ok_or_else(|| overflow("fee"))?
        .div_ceil(10_000);
    Ok(raised.max(old.checked_add(1).ok_or_else(|| overflow("fee"))?))
}

/// The price that replaces a stuck attempt: on each field the market's suggestion or the least that
/// replaces, whichever is more. When the market's cap would do and only its tip lags, the cap is
/// computed anew around the raised tip.
///
/// # Errors
/// `Invalid` for a tip above its cap, `Overflow`.
pub fn bump_fees(stuck: &Stuck, policy: &FeePolicy) -> Result<Bump, CoreError> {
    if stuck.tip_wei > stuck.cap_wei {
        let reason = format!("{} is above cap_wei {}", stuck.tip_wei, stuck.cap_wei);
        return Err(CoreError::invalid("tip_wei", reason));
    }
    let cap_around = |tip: u128| cap_for(stuck.next_base_fee_wei, stuck.min_base_fee_wei, tip);
    let market_tip = policy.tip(stuck.market_tip_wei);
    let market_cap = cap_around(market_tip)?;
    let least_tip = replacement_floor(stuck.tip_wei, policy.bump_bps)?;
    let least_cap = replacement_floor(stuck.cap_wei, policy.bump_bps)?;
    let tip_wei = market_tip.max(least_tip);
    let cap_wei = if market_cap >= least_cap {
        cap_around(tip_wei)?
    } else {
        least_cap
    };
    let reason = refusal(stuck, policy, (tip_wei, cap_wei), (market_tip, market_cap))?;
    let fees = match reason {
        BumpReason::Bump => Fees {
            tip_wei,
            cap_wei,
            limited: false,
        },
        BumpReason::Multiple | BumpReason::Ceiling | BumpReason::Budget => Fees {
            tip_wei: stuck.tip_wei,
            cap_wei: stuck.cap_wei,
            limited: true,
        },
    };
    Ok(Bump { reason, fees })
}

fn refusal(
    stuck: &Stuck,
    policy: &FeePolicy,
    (tip, cap): (u128, u128),
    market: (u128, u128),
) -> Result<BumpReason, CoreError> {
    let times = u128::from(policy.max_multiple);
    let excessive = |field: u128, suggested: u128| {
        field >= policy.multiple_from_wei && field > suggested.saturating_mul(times)
    };
    if excessive(tip, market.0) || excessive(cap, market.1) {
        return Ok(BumpReason::Multiple);
    }
    if cap > policy.max_cap_wei {
        return Ok(BumpReason::Ceiling);
    }
    let worst = max_spend(&Spend {
        cap_wei: cap,
        ..stuck.spend
    })?;
    if worst > stuck.budget_wei {
        return Ok(BumpReason::Budget);
    }
    Ok(BumpReason::Bump)
}
