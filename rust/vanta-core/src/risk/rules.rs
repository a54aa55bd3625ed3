//! The rules, their published order, and what a verdict holds.

use super::account::{Account, Limits};
use super::figures::{Figures, Market, OpenRequest};
use super::opens::Window;
use crate::error::CoreError;
use crate::units::{RatioE10, TimeNs, UsdE6};

/// A rule that can refuse an open; the discriminants are the published order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Rule {
    /// No rule: the row was admitted.
    None = 0,
    /// The market is not declared, or closed to opens.
    Market = 1,
    /// Leverage below the market's.
    LeverageMin = 2,
    /// Leverage above the market's.
    LeverageMax = 3,
    /// Leverage above the user's policy.
    LeveragePolicy = 4,
    /// Notional below the market's minimum.
    PositionMin = 5,
    /// Notional above the user's maximum.
    PositionMax = 6,
    /// Collateral plus opening fee above free cash.
    Balance = 7,
    /// Worst loss as a share of equity above the user's maximum.
    AccountRisk = 8,
    /// Stop on the winning side of entry.
    StopSide = 9,
    /// Stop beyond the safe line.
    LiquidationBuffer = 10,
    /// Loss since 00:00 UTC as a share of equity then above the user's maximum.
    DailyLoss = 11,
    /// Losing streak at the user's maximum.
    LossesInRow = 12,
    /// Opens in the last 60 s.
    OpensPerMinute = 13,
    /// Opens of this UTC day.
    TradesPerDay = 14,
    /// Notional opened in the last hour.
    VolumeHour = 15,
    /// Notional opened this UTC day.
    VolumeDay = 16,
}

/// Names of the rules; a rule's number is its index.
pub const RULES: [&str; 17] = [
    "NONE",
    "MARKET",
    "LEVERAGE_MIN",
    "LEVERAGE_MAX",
    "LEVERAGE_POLICY",
    "POSITION_MIN",
    "POSITION_MAX",
    "BALANCE",
    "ACCOUNT_RISK",
    "STOP_SIDE",
    "LIQUIDATION_BUFFER",
    "DAILY_LOSS",
    "LOSSES_IN_ROW",
    "OPENS_PER_MINUTE",
    "TRADES_PER_DAY",
    "VOLUME_HOUR",
    "VOLUME_DAY",
];

impl Rule {
    /// Index into [`RULES`].
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Market => 1,
            Self::LeverageMin => 2,
            Self::LeverageMax => 3,
            Self::LeveragePolicy => 4,
            Self::PositionMin => 5,
            Self::PositionMax => 6,
            Self::Balance => 7,
            Self::AccountRisk => 8,
            Self::StopSide => 9,
            Self::LiquidationBuffer => 10,
            Self::DailyLoss => 11,
            Self::LossesInRow => 12,
            Self::OpensPerMinute => 13,
            Self::TradesPerDay => 14,
            Self::VolumeHour => 15,
            Self::VolumeDay => 16,
        }
    }

    /// Whether a smaller collateral at the same leverage can satisfy the rule.
    #[must_use]
    pub const fn eases_with_size(self) -> bool {
        matches!(
            self,
            Self::PositionMax
                | Self::Balance
                | Self::AccountRisk
                | Self::VolumeHour
                | Self::VolumeDay
        )
    }
}

/// One rule that said no. `value` and `limit` are in the rule's own unit: ratios e10, USD e6,
/// prices e10, or counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: Rule,
    /// What the open would make, or is.
    pub value: i64,
    /// What is allowed.
    pub limit: i64,
    /// Earliest instant at which waiting alone makes the rule pass; 0 = never.
    pub resets_at: TimeNs,
}

/// Answer of the book to an open: its figures and every rule that refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskVerdict {
    /// All failures in the published order; empty = admitted.
    pub failures: Vec<Failure>,
    /// Largest smaller collateral at the same leverage that passes every rule now; 0 = none, and
    /// for a verdict without failures.
    pub nearest_collateral: UsdE6,
    /// Handle of the reservation; 0 = nothing reserved.
    pub reservation: u64,
    /// The ticket's figures.
    pub figures: Figures,
    /// Equity of the account at the last marks.
    pub equity: UsdE6,
}

impl RiskVerdict {
    /// Whether every rule passed.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.failures.is_empty()
    }
}

/// All rules over one open, in the published order.
pub(super) fn failures(
    request: &OpenRequest,
    market: Option<&Market>,
    account: &Account,
    limits: &Limits,
    figures: &Figures,
    equity: UsdE6,
) -> Result<Vec<Failure>, CoreError> {
    let mut out = Failures { found: Vec::new() };
    out.refuse_if(
        !market.is_some_and(|market| market.is_open),
        Rule::Market,
        i64::from(request.market.get()),
        0,
    );
    let leverage = request.leverage.get();
    if let Some(market) = market {
        out.at_least(Rule::LeverageMin, leverage, market.min_leverage.get());
        out.at_most(Rule::LeverageMax, leverage, market.max_leverage.get());
    }
    out.at_most(Rule::LeveragePolicy, leverage, limits.max_leverage.get());
    let notional = figures.notional.get();
    if let Some(market) = market {
        out.at_least(Rule::PositionMin, notional, market.min_notional.get());
    }
    out.at_most(Rule::PositionMax, notional, limits.max_position.get());
    out.at_most(Rule::Balance, figures.required.get(), account.free()?.get());
    let risk = loss_share(figures.worst_loss, equity)?;
    out.at_most(Rule::AccountRisk, risk, limits.max_account_risk.get());
    if let Some(stop) = request.stop {
        let entry = figures.entry;
        let wrong_side = !request.side.at_or_beyond(stop, entry);
        out.refuse_if(wrong_side, Rule::StopSide, stop.get(), entry.get());
        let line = figures.safe_line;
        let beyond = stop != line && request.side.at_or_beyond(stop, line);
        // Of an undeclared market no liquidation price is known.
        out.refuse_if(
            beyond && market.is_some(),
            Rule::LiquidationBuffer,
            stop.get(),
            line.get(),
        );
    }
    let start = account.day_start_equity(request.now, equity);
    let day_loss = loss_share(start.checked_sub(equity)?, start)?;
    if day_loss > limits.max_daily_loss.get() {
        out.add(
            Rule::DailyLoss,
            day_loss,
            limits.max_daily_loss.get(),
            Window::UtcDay.leaves(request.now),
        );
    }
    // A streak at the maximum is the breaker: it opens on the n-th loss, not after it.
    out.refuse_if(
        account.losses_in_row >= limits.max_losses_in_row,
        Rule::LossesInRow,
        account.losses_in_row,
        limits.max_losses_in_row,
    );
    let minute = account.opens.count(Window::MINUTE, request.now);
    let (today, day) = account.opens.within(Window::UtcDay, request.now)?;
    let hour = account.opens.volume(Window::HOUR, request.now)?;
    for (rule, window, opened, limit) in [
        (
            Rule::OpensPerMinute,
            Window::MINUTE,
            minute,
            limits.opens_per_minute,
        ),
        (
            Rule::TradesPerDay,
            Window::UtcDay,
            today,
            limits.trades_per_day,
        ),
    ] {
        let would = opened.saturating_add(1);
        if would > limit {
            out.add(
                rule,
                would,
                limit,
                account.opens.count_resets(window, limit),
            );
        }
    }
    for (rule, window, opened, limit) in [
        (Rule::VolumeHour, Window::HOUR, hour, limits.volume_hour),
        (Rule::VolumeDay, Window::UtcDay, day, limits.volume_day),
    ] {
        let would = opened.checked_add(figures.notional)?;
        if would > limit {
            let resets = account
                .opens
                .volume_resets(window, request.now, figures.notional, limit);
            out.add(rule, would.get(), limit.get(), resets);
        }
    }
    Ok(out.found)
}

/// `loss / whole` in e10, rounded up; 0 when there is no loss, the largest value when there is
/// nothing to lose it from.
pub(super) fn loss_share(loss: UsdE6, whole: UsdE6) -> Result<i64, CoreError> {
    if loss <= UsdE6::ZERO {
        return Ok(0);
    }
    if whole <= UsdE6::ZERO {
        return Ok(i64::MAX);
    }
    match loss.per_ceil(whole) {
        Ok(ratio) => Ok(ratio.get()),
        // A loss a billion times the account: any limit refuses it.
        Err(error) if error.is_overflow() => Ok(RatioE10::MAX.get()),
        Err(error) => Err(error),
    }
}

struct Failures {
    found: Vec<Failure>,
}

impl Failures {
    fn add(&mut self, rule: Rule, value: i64, limit: i64, resets_at: TimeNs) {
        self.found.push(Failure {
            rule,
            value,
            limit,
            resets_at,
        });
    }

    fn refuse_if(&mut self, refused: bool, rule: Rule, value: i64, limit: i64) {
        if refused {
            self.add(rule, value, limit, TimeNs::ZERO);
        }
    }

    fn at_most(&mut self, rule: Rule, value: i64, limit: i64) {
        self.refuse_if(value > limit, rule, value, limit);
    }

    fn at_least(&mut self, rule: Rule, value: i64, limit: i64) {
        self.refuse_if(value < limit, rule, value, limit);
    }
}
