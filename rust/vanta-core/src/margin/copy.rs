//! What followers do when a leader trades: sizes under each follower's own caps, or why not.
//!
//! Everything rounds down and no cap is ever passed. A skip is a value: every follower of every
//! fill gets an answer.

use super::{in_range, positive_ratio, positive_usd};
use crate::error::CoreError;
use crate::units::{E10, PercentE10, RatioE10, UsdE6, div_floor, mul_div_ceil, mul_div_floor};

/// How a follower's size follows from the leader's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyMode {
    /// The same amount each time: `value` is USD e6.
    Fixed,
    /// The leader's collateral times `value` (ratio e10).
    Multiplier,
    /// The follower's equity times `value` (ratio e10).
    EquityShare,
    /// The leader's collateral times follower's equity over leader's equity times `value` (e10).
    Proportional,
}

impl CopyMode {
    /// The mode of a code in an array.
    ///
    /// # Errors
    /// `OutOfRange` for any other.
    pub fn from_code(code: u8) -> Result<Self, CoreError> {
        match code {
            0 => Ok(Self::Fixed),
            1 => Ok(Self::Multiplier),
            2 => Ok(Self::EquityShare),
            3 => Ok(Self::Proportional),
            _ => Err(CoreError::OutOfRange {
                name: "mode",
                value: i128::from(code),
                min: 0,
                max: 3,
            }),
        }
    }
}

/// Why a follower does not copy; [`CopySkip::None`] = it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopySkip {
    /// Copied.
    None,
    /// The link is paused, the market filtered or the token already copied.
    NotAllowed,
    /// Later than the follower's delay.
    Late,
    /// Price moved further than the follower's slippage.
    Slippage,
    /// The leader's trade is below the follower's smallest.
    LeaderTooSmall,
    /// The leader's trade is above the follower's largest.
    LeaderTooLarge,
    /// The least of leader's, follower's and market's leverage is below the market's smallest.
    Leverage,
    /// The size rule gives less than the venue's smallest position.
    BelowMinimum,
    /// The follower's own caps leave less than the venue's smallest position.
    OwnCap,
    /// The follower's free cash leaves less than the venue's smallest position.
    NoFunds,
}

impl CopySkip {
    /// Names by [`CopySkip::code`].
    pub const NAMES: &'static [&'static str] = &[
        "NONE",
        "NOT_ALLOWED",
        "LATE",
        "SLIPPAGE",
        "LEADER_TOO_SMALL",
        "LEADER_TOO_LARGE",
        "LEVERAGE",
        "BELOW_MINIMUM",
        "OWN_CAP",
        "NO_FUNDS",
    ];

    /// Index into [`CopySkip::NAMES`].
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::NotAllowed => 1,
            Self::Late => 2,
            Self::Slippage => 3,
            Self::LeaderTooSmall => 4,
            Self::LeaderTooLarge => 5,
            Self::Leverage => 6,
            Self::BelowMinimum => 7,
            Self::OwnCap => 8,
            Self::NoFunds => 9,
        }
    }
}

/// What the leader did, and what the market takes.
#[derive(Debug, Clone, Copy)]
pub struct LeaderFill {
    /// Collateral of the fill.
    pub collateral: UsdE6,
    /// Leverage of the fill.
    pub leverage: RatioE10,
    /// The leader's equity before it.
    pub equity: UsdE6,
    /// Age of the fill, ns.
    pub delay_ns: i64,
    /// Move of the price since the fill, against the follower.
    pub slip: RatioE10,
    /// Smallest leverage of the market.
    pub min_leverage: RatioE10,
    /// Largest leverage of the market.
    pub max_leverage: RatioE10,
    /// Smallest notional of the market.
    pub min_notional: UsdE6,
    /// Opening fee, percent of notional.
    pub open_fee: PercentE10,
}

/// One follower's rules and means.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    /// Whether link, market and token filters let the trade through.
    pub allowed: bool,
    /// Size rule.
    pub mode: CopyMode,
    /// Its number: e6 for [`CopyMode::Fixed`], else e10.
    pub value: i64,
    /// Equity, or what is allocated to the link.
    pub equity: UsdE6,
    /// Cash that collateral and opening fee must fit into.
    pub free: UsdE6,
    /// Most collateral of one copy.
    pub max_collateral: UsdE6,
    /// Most notional of one copy.
    pub max_notional: UsdE6,
    /// Largest leverage.
    pub max_leverage: RatioE10,
    /// Smallest notional of the leader's trade that is followed.
    pub min_leader: UsdE6,
    /// Largest notional of the leader's trade that is followed.
    pub max_leader: UsdE6,
    /// Longest delay, ns.
    pub max_delay_ns: i64,
    /// Largest slippage.
    pub max_slip: RatioE10,
}

/// What one follower does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopySize {
    /// Collateral, 0 when skipped.
    pub collateral: UsdE6,
    /// The least of leader's, follower's and market's leverage.
    pub leverage: RatioE10,
    /// Notional, 0 when skipped.
    pub notional: UsdE6,
    /// Why not.
    pub skip: CopySkip,
}

impl LeaderFill {
    /// Amounts and leverages are positive, ages and limits not negative.
    ///
    /// # Errors
    /// `OutOfRange` naming the first that is not.
    pub fn check(&self) -> Result<(), CoreError> {
        positive_usd("leader_collateral_e6", self.collateral)?;
        positive_ratio("leader_leverage_e10", self.leverage)?;
        in_range("leader_equity_e6", self.equity.get(), 0, i64::MAX)?;
        in_range("delay_ns", self.delay_ns, 0, i64::MAX)?;
        in_range("min_notional_e6", self.min_notional.get(), 0, i64::MAX)?;
        in_range("open_fee_p_e10", self.open_fee.get(), 0, i64::MAX)
    }

    /// `collateral * leverage`, as large as it gets: it is only compared.
    fn notional(&self) -> i128 {
        self.collateral.wide() * self.leverage.wide() / i128::from(E10)
    }
}

impl Follower {
    fn check(&self) -> Result<(), CoreError> {
        in_range("value", self.value, 0, i64::MAX)?;
        in_range("max_collateral_e6", self.max_collateral.get(), 0, i64::MAX)?;
        in_range("max_notional_e6", self.max_notional.get(), 0, i64::MAX)?;
        in_range("min_leader_e6", self.min_leader.get(), 0, i64::MAX)?;
        in_range("max_leader_e6", self.max_leader.get(), 0, i64::MAX)?;
        in_range("max_delay_ns", self.max_delay_ns, 0, i64::MAX)
    }

    fn refused(&self, leader: &LeaderFill) -> Option<CopySkip> {
        let size = leader.notional();
        if !self.allowed {
            Some(CopySkip::NotAllowed)
        } else if leader.delay_ns > self.max_delay_ns {
            Some(CopySkip::Late)
        } else if leader.slip > self.max_slip {
            Some(CopySkip::Slippage)
        } else if size < self.min_leader.wide() {
            Some(CopySkip::LeaderTooSmall)
        } else if size > self.max_leader.wide() {
            Some(CopySkip::LeaderTooLarge)
        } else {
            None
        }
    }

    /// Collateral by the size rule; one that does not fit is beyond every cap.
    fn wanted(&self, leader: &LeaderFill) -> i64 {
        let one = i128::from(E10);
        let equity = self.equity.get().max(0);
        let raw = match self.mode {
            CopyMode::Fixed => return self.value,
            CopyMode::Multiplier => mul_div_floor(self.value, leader.collateral.wide(), one),
            CopyMode::EquityShare => mul_div_floor(self.value, i128::from(equity), one),
            CopyMode::Proportional if leader.equity == UsdE6::ZERO => return 0,
            CopyMode::Proportional => mul_div_floor(
                self.value,
                i128::from(equity) * leader.collateral.wide(),
                leader.equity.wide() * one,
            ),
        };
        raw.unwrap_or(i64::MAX)
    }
}

/// Largest collateral that fits into `cash` together with the opening fee on its notional.
fn affordable(cash: UsdE6, leverage: RatioE10, rate: PercentE10) -> Result<i64, CoreError> {
    let cash = cash.get().max(0);
    // cash / (1 + leverage * rate): the fee rounds up by less than a unit, so this always fits; the
    // notional it is charged on rounds down, so one unit more may fit as well.
    let one = i128::from(E10) * PercentE10::WHOLE.wide();
    let load = leverage.wide() * rate.wide();
    let most = mul_div_floor(cash, one, one + load)?;
    let costs = |collateral: i64| -> Result<i128, CoreError> {
        let size = UsdE6::new(collateral)?.times_floor(leverage)?;
        Ok(i128::from(collateral) + rate.of_ceil(size)?.wide())
    };
    match most.checked_add(1).map(costs) {
        Some(Ok(more)) if more <= i128::from(cash) => Ok(most + 1),
        Some(_) | None => Ok(most),
    }
}

/// What one follower does with the leader's fill.
///
/// # Errors
/// `OutOfRange` naming a negative number, `Overflow` when the fee on the leverage does not fit.
pub fn copy_size(leader: &LeaderFill, follower: &Follower) -> Result<CopySize, CoreError> {
    follower.check()?;
    let leverage = leader
        .leverage
        .min(follower.max_leverage)
        .min(leader.max_leverage);
    let skipped = |skip| {
        Ok(CopySize {
            collateral: UsdE6::ZERO,
            leverage,
            notional: UsdE6::ZERO,
            skip,
        })
    };
    if let Some(skip) = follower.refused(leader) {
        return skipped(skip);
    }
    if leverage < leader.min_leverage || leverage == RatioE10::ZERO {
        return skipped(CopySkip::Leverage);
    }
    // The largest collateral whose floored notional stays within the cap.
    let capped = div_floor(
        (follower.max_notional.wide() + 1) * i128::from(E10) - 1,
        leverage.wide(),
    )
    .unwrap_or(i64::MAX);
    let own = follower.max_collateral.get().min(capped);
    let steps = [
        (follower.wanted(leader), CopySkip::BelowMinimum),
        (own, CopySkip::OwnCap),
        (
            affordable(follower.free, leverage, leader.open_fee)?,
            CopySkip::NoFunds,
        ),
    ];
    let mut collateral = i64::MAX;
    let mut size = UsdE6::ZERO;
    for (most, reason) in steps {
        collateral = collateral.min(most);
        // A notional that does not fit is above the minimum; a later cap brings it down.
        size = UsdE6::new(collateral)?
            .times_floor(leverage)
            .unwrap_or(UsdE6::MAX);
        if collateral <= 0 || size < leader.min_notional {
            return skipped(reason);
        }
    }
    Ok(CopySize {
        collateral: UsdE6::new(collateral)?,
        leverage,
        notional: size,
        skip: CopySkip::None,
    })
}

/// How much collateral a follower takes out when the leader closed `closed` of `held`: the same
/// share, rounded up (a close may only be too large by one unit), all of it when the leader is out.
///
/// # Errors
/// `OutOfRange` for a negative amount, or a closed part above what was held.
pub fn copy_close(collateral: UsdE6, closed: UsdE6, held: UsdE6) -> Result<UsdE6, CoreError> {
    in_range("collateral_e6", collateral.get(), 0, i64::MAX)?;
    positive_usd("leader_held_e6", held)?;
    in_range("leader_closed_e6", closed.get(), 0, held.get())?;
    UsdE6::new(mul_div_ceil(collateral.get(), closed.wide(), held.wide())?)
}
