//! What a row of a batch is refused with: the first failure and the nearest size, found from the
//! figures the quick way already has. The rules and their order are those of `rules`.

use super::account::{Account, Known, Limits};
use super::figures::{Market, OpenRequest, SizeFigures};
use super::nearest::{Room, nearest_collateral};
use super::opens::Window;
use super::rules::{Failure, Rule, loss_share};
use crate::units::{PriceE10, TimeNs, UsdE6};

/// An open that the quick way did not admit. Market, leverage and stop are in order.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) request: &'a OpenRequest,
    pub(super) market: &'a Market,
    pub(super) entry: PriceE10,
    pub(super) limits: &'a Limits,
    pub(super) account: &'a Account,
    pub(super) known: &'a Known,
    pub(super) notional: UsdE6,
    pub(super) required: UsdE6,
    /// At least the worst loss.
    pub(super) worst: UsdE6,
    /// Whether that is surely within the user's limit.
    pub(super) risk_passes: bool,
}

#[derive(Debug)]
struct First {
    failure: Option<Failure>,
    by_size: bool,
}

impl First {
    fn refuse(&mut self, rule: Rule, value: i64, limit: i64, resets: impl FnOnce() -> TimeNs) {
        self.by_size &= rule.eases_with_size();
        self.failure.get_or_insert_with(|| Failure {
            rule,
            value,
            limit,
            resets_at: resets(),
        });
    }
}

/// The first failure and the nearest collateral; `None` where the careful way must say it.
#[inline(never)]
pub(super) fn refusal(case: &Case<'_>) -> Option<(Failure, UsdE6)> {
    let Case {
        request,
        limits,
        account,
        known,
        notional,
        ..
    } = *case;
    let (now, counts, equity) = (request.now, &known.counts, known.equity);
    let mut first = First {
        failure: None,
        by_size: true,
    };
    let never = || TimeNs::ZERO;
    let (size, least) = (notional.get(), case.market.min_notional.get());
    if size < least {
        first.refuse(Rule::PositionMin, size, least, never);
    }
    if notional > limits.max_position {
        first.refuse(Rule::PositionMax, size, limits.max_position.get(), never);
    }
    let free = account.free().ok()?;
    if case.required > free {
        first.refuse(Rule::Balance, case.required.get(), free.get(), never);
    }
    if !case.risk_passes {
        let exact = SizeFigures::of(request, case.market, case.entry, request.collateral).ok()?;
        let (risk, most) = (
            loss_share(exact.worst_loss, equity).ok()?,
            limits.max_account_risk,
        );
        if risk > most.get() {
            first.refuse(Rule::AccountRisk, risk, most.get(), never);
        }
    }
    let start = account.day_start_equity(now, equity);
    let (loss, most) = (start.checked_sub(equity).ok()?, limits.max_daily_loss.get());
    let day_loss = loss_share(loss, start).ok()?;
    if day_loss > most {
        first.refuse(Rule::DailyLoss, day_loss, most, || {
            Window::UtcDay.leaves(now)
        });
    }
    let (streak, most) = (account.losses_in_row, limits.max_losses_in_row);
    if streak >= most {
        first.refuse(Rule::LossesInRow, streak, most, never);
    }
    for (rule, window, opened, limit) in [
        (
            Rule::OpensPerMinute,
            Window::MINUTE,
            counts.minute,
            limits.opens_per_minute,
        ),
        (
            Rule::TradesPerDay,
            Window::UtcDay,
            counts.today,
            limits.trades_per_day,
        ),
    ] {
        let would = i64::from(opened) + 1;
        if would > limit {
            first.refuse(rule, would, limit, || {
                account.opens.count_resets(window, limit)
            });
        }
    }
    let hour = UsdE6::new(counts.hour).ok()?;
    let day = UsdE6::new(counts.day).ok()?;
    for (rule, window, opened, limit) in [
        (Rule::VolumeHour, Window::HOUR, hour, limits.volume_hour),
        (Rule::VolumeDay, Window::UtcDay, day, limits.volume_day),
    ] {
        let would = opened.checked_add(notional).ok()?;
        if would > limit {
            let resets = || account.opens.volume_resets(window, now, notional, limit);
            first.refuse(rule, would.get(), limit.get(), resets);
        }
    }
    let failure = first.failure?;
    if !first.by_size {
        return Some((failure, UsdE6::ZERO));
    }
    let room = Room {
        free,
        hour,
        day,
        equity,
        entry: case.entry,
        required: case.required,
        worst_loss: case.worst,
    };
    let nearest = nearest_collateral(request, case.market, limits, &room).ok()?;
    Some((failure, nearest))
}
