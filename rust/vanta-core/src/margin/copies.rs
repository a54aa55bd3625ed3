//! Batches of copying: one leader, n followers, one array per field.

use super::copy::{CopyMode, Follower, LeaderFill, copy_close, copy_size};
use crate::error::CoreError;
use crate::units::{RatioE10, UsdE6};

/// Followers as one array per field, raw integers of the units of [`Follower`].
#[derive(Debug, Clone, Copy)]
pub struct FollowerRows<'a> {
    /// [`Follower::allowed`]
    pub allowed: &'a [bool],
    /// [`CopyMode`] codes.
    pub mode: &'a [u8],
    /// [`Follower::value`]
    pub value: &'a [i64],
    /// [`Follower::equity`]
    pub equity: &'a [i64],
    /// [`Follower::free`]
    pub free: &'a [i64],
    /// [`Follower::max_collateral`]
    pub max_collateral: &'a [i64],
    /// [`Follower::max_notional`]
    pub max_notional: &'a [i64],
    /// [`Follower::max_leverage`]
    pub max_leverage: &'a [i64],
    /// [`Follower::min_leader`]
    pub min_leader: &'a [i64],
    /// [`Follower::max_leader`]
    pub max_leader: &'a [i64],
    /// [`Follower::max_delay_ns`]
    pub max_delay_ns: &'a [i64],
    /// [`Follower::max_slip`]
    pub max_slip: &'a [i64],
}

/// Answer of [`copy_sizes`], one array per field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopySizes {
    /// [`super::CopySize::collateral`]
    pub collateral: Vec<i64>,
    /// [`super::CopySize::leverage`]
    pub leverage: Vec<i64>,
    /// [`super::CopySize::notional`]
    pub notional: Vec<i64>,
    /// [`super::CopySkip::code`]
    pub skip: Vec<u8>,
}

impl FollowerRows<'_> {
    fn at(&self, row: usize) -> Option<Result<Follower, CoreError>> {
        let usd = |name, raw: &i64| UsdE6::new(*raw).map_err(|error| error.named(name));
        let ratio = |name, raw: &i64| RatioE10::new(*raw).map_err(|error| error.named(name));
        let (allowed, mode, value) = (
            *self.allowed.get(row)?,
            *self.mode.get(row)?,
            *self.value.get(row)?,
        );
        let (equity, free) = (self.equity.get(row)?, self.free.get(row)?);
        let (collateral, notional) = (self.max_collateral.get(row)?, self.max_notional.get(row)?);
        let (leverage, slip) = (self.max_leverage.get(row)?, self.max_slip.get(row)?);
        let (low, high) = (self.min_leader.get(row)?, self.max_leader.get(row)?);
        let max_delay_ns = *self.max_delay_ns.get(row)?;
        let follower = || {
            Ok(Follower {
                allowed,
                mode: CopyMode::from_code(mode)?,
                value,
                equity: usd("equity_e6", equity)?,
                free: usd("free_e6", free)?,
                max_collateral: usd("max_collateral_e6", collateral)?,
                max_notional: usd("max_notional_e6", notional)?,
                max_leverage: ratio("max_leverage_e10", leverage)?,
                min_leader: usd("min_leader_e6", low)?,
                max_leader: usd("max_leader_e6", high)?,
                max_delay_ns,
                max_slip: ratio("max_slip_e10", slip)?,
            })
        };
        Some(follower())
    }
}

/// [`copy_size`] of n followers. Rows beyond the shortest array are not looked at.
///
/// # Errors
/// `OutOfRange` for the leader's numbers, `AtRow` with the error of the first wrong follower.
pub fn copy_sizes(leader: &LeaderFill, rows: &FollowerRows<'_>) -> Result<CopySizes, CoreError> {
    leader.check()?;
    let n = rows.allowed.len();
    let mut out = CopySizes {
        collateral: Vec::with_capacity(n),
        leverage: Vec::with_capacity(n),
        notional: Vec::with_capacity(n),
        skip: Vec::with_capacity(n),
    };
    for row in 0..n {
        let Some(follower) = rows.at(row) else { break };
        let one = follower
            .and_then(|follower| copy_size(leader, &follower))
            .map_err(|error| error.at_row(row))?;
        out.collateral.push(one.collateral.get());
        out.leverage.push(one.leverage.get());
        out.notional.push(one.notional.get());
        out.skip.push(one.skip.code());
    }
    Ok(out)
}

/// [`copy_close`] of n followers' collaterals.
///
/// # Errors
/// `AtRow` with the error of the first wrong row.
pub fn copy_closes(collateral: &[i64], closed: UsdE6, held: UsdE6) -> Result<Vec<i64>, CoreError> {
    let one = |raw: &i64| {
        let whole = UsdE6::new(*raw).map_err(|error| error.named("collateral_e6"))?;
        copy_close(whole, closed, held).map(UsdE6::get)
    };
    collateral
        .iter()
        .enumerate()
        .map(|(row, raw)| one(raw).map_err(|error| error.at_row(row)))
        .collect()
}
