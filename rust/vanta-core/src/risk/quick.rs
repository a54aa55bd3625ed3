//! What the rules say to an open of everyday size: the rows of a batch.
//!
//! Followers of one signal share market, direction, price and stop, and many share leverage and
//! limits. What follows from those is found once. What remains is a few products per follower, and
//! where a rule needs a quotient, the products on both sides of it are compared instead. A bound
//! that is not surely kept sends the row the careful way, which says everything.

use super::account::{Account, Known, Limits};
use super::figures::{Lines, Market, OpenRequest};
use super::policies::PolicyIx;
use super::refuse::{Case, refusal};
use super::rules::Failure;
use crate::margin::{Fill, Side, execution_price};
use crate::units::{E10, PriceE10, RatioE10, UsdE6, split_e10};

/// Prices below this (72 million dollars).
const PRICE_BELOW: i64 = 1 << 56;
/// Leverages from 1 to below this (1759), in e10.
const LEVERAGE_BELOW: i64 = 1 << 44;
/// Collaterals below this (a billion dollars).
const COLLATERAL_BELOW: i64 = 1 << 50;
const ONE: u64 = E10.unsigned_abs();
/// Bits of a share of the collateral.
const SHARE_BITS: u32 = 32;

/// What the quick way is sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Every rule passes.
    Admitted(Admitted),
    /// The first failure, and the nearest collateral.
    Refused(Failure, UsdE6),
}

/// What an admitted open reserves and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Admitted {
    pub(super) notional: UsdE6,
    pub(super) required: UsdE6,
    pub(super) equity: UsdE6,
}

/// What all rows of one market, side, price, stop and instant have in common.
#[derive(Debug, Clone, Copy)]
struct Signal {
    of: OpenRequest,
    entry: PriceE10,
    market: Market,
    /// How far the stop lies on the losing side; `None` = no stop.
    away: Option<u64>,
    /// Closing fee and spread of the way out, as one rate.
    costs: u64,
}

/// What all rows of one signal, leverage and policy have in common.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    signal: u64,
    leverage: i64,
    policy: PolicyIx,
    passes: bool,
    /// At least this part of the collateral, and next to no more, is lost at the stop.
    share: u64,
}

const LINES: usize = 64;

/// What the rows of a batch found out for those after them.
#[derive(Debug)]
pub(super) struct Quick {
    signal: Option<Signal>,
    /// Counts the signals; a line of another count is of another signal.
    count: u64,
    lines: [Line; LINES],
}

impl Quick {
    pub(super) fn new() -> Self {
        Self {
            signal: None,
            count: 0,
            lines: [Line::default(); LINES],
        }
    }

    /// What the rules say to an open; `None` where that is not sure.
    #[inline]
    pub(super) fn judges(
        &mut self,
        request: &OpenRequest,
        market: Option<&Market>,
        limits: &Limits,
        account: &Account,
        known: &Known,
    ) -> Option<Said> {
        let (raw, leverage) = (request.collateral.get(), request.leverage.get());
        let usual =
            (1..COLLATERAL_BELOW).contains(&raw) & (E10..LEVERAGE_BELOW).contains(&leverage);
        if !usual {
            return None;
        }
        let same = self
            .signal
            .as_ref()
            .is_some_and(|signal| signal.is_of(request));
        if !same {
            self.signal = Signal::of(request, market?);
            self.count += 1;
        }
        let signal = self.signal.as_ref()?;
        let line = line(
            &mut self.lines,
            self.count,
            signal,
            request,
            account.policy,
            limits,
        )?;
        if !line.passes {
            return None;
        }
        // Below 2^50 * 2^44 / 10^10 < 2^61, and so is each rate's part of it.
        let collateral = raw.unsigned_abs();
        let product = u128::from(collateral) * u128::from(leverage.unsigned_abs());
        let notional = u64::try_from(split_e10(product).0).ok()?;
        let open_fee = part_up(notional, signal.market.open_fee.get().unsigned_abs())?;
        let required = i64::try_from(collateral + open_fee).ok()?;
        // One too many for the two roundings that are one here.
        let costs = part_up(notional, signal.costs)?.checked_add(open_fee + 1)?;
        let lost = u128::from(collateral) * u128::from(line.share);
        let at_stop = u64::try_from(lost >> SHARE_BITS).ok()? + 1;
        let worst = at_stop.checked_add(costs)?;
        let notional = i64::try_from(notional).ok()?;
        let equity = known.equity.get();
        let free = account.free().ok()?.get();
        let start = account.day_start_equity(request.now, known.equity).get();
        let counts = &known.counts;
        let risk_passes = part(equity, limits.max_account_risk.get())
            .is_some_and(|most| equity > 0 && wide(worst) <= most);
        let passes = notional >= signal.market.min_notional.get()
            && notional <= limits.max_position.get()
            && required <= free
            && risk_passes
            && limits.max_daily_loss >= RatioE10::ZERO
            && (start <= equity
                || (start > 0
                    && wide(start.abs_diff(equity)) <= part(start, limits.max_daily_loss.get())?))
            && account.losses_in_row < limits.max_losses_in_row
            && i64::from(counts.minute) < limits.opens_per_minute
            && i64::from(counts.today) < limits.trades_per_day
            && counts.hour.checked_add(notional)? <= limits.volume_hour.get()
            && counts.day.checked_add(notional)? <= limits.volume_day.get();
        let (notional, required) = (UsdE6::new(notional).ok()?, UsdE6::new(required).ok()?);
        if passes {
            return Some(Said::Admitted(Admitted {
                notional,
                required,
                equity: known.equity,
            }));
        }
        let (failure, nearest) = refusal(&Case {
            request,
            market: &signal.market,
            entry: signal.entry,
            limits,
            account,
            known,
            notional,
            required,
            worst: UsdE6::new(i64::try_from(worst).ok()?).ok()?,
            risk_passes,
        })?;
        Some(Said::Refused(failure, nearest))
    }
}

/// `amount` in e10, to compare with a [`part`] without dividing.
fn wide(amount: u64) -> u128 {
    u128::from(amount) * u128::from(ONE)
}

/// `limit` of `whole`, in e10; `None` for a negative one, which nothing keeps.
fn part(whole: i64, limit: i64) -> Option<u128> {
    let (whole, limit) = (u64::try_from(whole).ok()?, u64::try_from(limit).ok()?);
    Some(u128::from(whole) * u128::from(limit))
}

/// `rate` of `amount`, rounded up.
#[inline]
fn part_up(amount: u64, rate: u64) -> Option<u64> {
    let product = u128::from(amount) * u128::from(rate);
    if let Ok(short) = u64::try_from(product) {
        return Some(short.div_ceil(ONE));
    }
    let (whole, rest) = split_e10(product);
    u64::try_from(whole).ok()?.checked_add(u64::from(rest != 0))
}

#[inline]
fn line(
    lines: &mut [Line; LINES],
    count: u64,
    signal: &Signal,
    request: &OpenRequest,
    policy: PolicyIx,
    limits: &Limits,
) -> Option<Line> {
    let leverage = request.leverage.get();
    let whole = leverage.unsigned_abs() / ONE;
    let place = usize::try_from(whole ^ u64::from(policy)).ok()? % LINES;
    let slot = lines.get_mut(place)?;
    if slot.signal != count || slot.leverage != leverage || slot.policy != policy {
        let (passes, share) = signal.line(request, limits)?;
        *slot = Line {
            signal: count,
            leverage,
            policy,
            passes,
            share,
        };
    }
    Some(*slot)
}

impl Signal {
    fn of(request: &OpenRequest, market: &Market) -> Option<Self> {
        if !market.is_open {
            return None;
        }
        let entry = execution_price(request.price, market.spread, request.side, Fill::Open).ok()?;
        let away = match request.stop {
            Some(stop) => {
                let away = match request.side {
                    Side::Long => entry.distance(stop),
                    Side::Short => stop.distance(entry),
                };
                // On the winning side it is refused.
                Some(u64::try_from(away).ok()?)
            }
            None => None,
        };
        let usual = |price: PriceE10| (1..PRICE_BELOW).contains(&price.get());
        if !usual(entry) || !request.stop.is_none_or(usual) {
            return None;
        }
        Some(Self {
            of: *request,
            entry,
            market: *market,
            away,
            costs: market.close_fee.get().unsigned_abs() + market.spread.get().unsigned_abs(),
        })
    }

    #[inline]
    fn is_of(&self, request: &OpenRequest) -> bool {
        let of = &self.of;
        (of.market == request.market)
            && (of.side == request.side)
            && (of.price == request.price)
            && (of.stop == request.stop)
            && (of.now == request.now)
    }

    // Leverage and stop pass or not whatever the size.
    fn line(&self, request: &OpenRequest, limits: &Limits) -> Option<(bool, u64)> {
        let leverage = request.leverage;
        let fits = leverage >= self.market.min_leverage
            && leverage <= self.market.max_leverage
            && leverage <= limits.max_leverage;
        let Some(away) = self.away else {
            return Some((fits, 1 << SHARE_BITS));
        };
        let lines = Lines::of(request, &self.market, self.entry, limits.liquidation_buffer).ok()?;
        let stop = request.stop?;
        let beyond = stop != lines.safe && request.side.at_or_beyond(stop, lines.safe);
        // Below 2^56 * 2^44 / 10^10, rounded up, and then shifted: inside of 128 bits.
        let moved = u128::from(away) * u128::from(leverage.get().unsigned_abs());
        let moved = (split_e10(moved).0 + 1) << SHARE_BITS;
        let share = moved / u128::from(self.entry.get().unsigned_abs()) + 1;
        let share = u64::try_from(share.min(1 << SHARE_BITS)).ok()?;
        Some((fits && !beyond, share))
    }
}
