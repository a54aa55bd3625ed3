//! The book itself: accounts, markets, marks and reservations.

use super::account::{Account, Exposure, Position, UserState};
use super::figures::{Figures, Market, OpenRequest};
use super::nearest::{Room, nearest_collateral};
use super::opens::Window;
use super::policies::Policies;
use super::reservations::{Reservation, Reservations};
use super::rules::{RiskVerdict, failures};
use super::tables::{Accounts, Markets};
use crate::error::CoreError;
use crate::margin::{Side, in_range, positive_price, positive_ratio};
use crate::units::{MarketIx, PriceE10, RatioE10, TimeNs, UsdE6, UserIx};

/// A fill's effect on an account.
#[derive(Debug, Clone, Copy)]
pub struct FillUpdate {
    /// Whose position.
    pub user: UserIx,
    /// Which position.
    pub position_id: i64,
    /// Its market.
    pub market: MarketIx,
    /// Its direction.
    pub side: Side,
    /// Its entry price after the fill.
    pub entry: PriceE10,
    /// Its collateral after the fill; 0 = gone.
    pub collateral: UsdE6,
    /// Its leverage after the fill.
    pub leverage: RatioE10,
    /// What the fill moved into (or, negative, out of) cash.
    pub cash_delta: UsdE6,
    /// Profit realised by the fill.
    pub realised: UsdE6,
    /// Whether it reduced or closed.
    pub is_close: bool,
    /// When.
    pub at: TimeNs,
    /// The reservation it ends; 0 = none.
    pub reservation: u64,
}

/// Accounts, positions, reservations and limits of all users of a shard.
#[derive(Debug, Clone, Default)]
pub struct RiskBook {
    pub(super) markets: Markets,
    pub(super) accounts: Accounts,
    pub(super) policies: Policies,
    pub(super) reservations: Reservations,
}

fn unknown_user(user: UserIx) -> CoreError {
    CoreError::Unknown {
        name: "user_ix",
        value: u64::from(user.get()),
    }
}

impl RiskBook {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Declare a market or replace its facts.
    ///
    /// # Errors
    /// `OutOfRange` for contradicting or impossible facts.
    pub fn set_market(&mut self, index: MarketIx, market: Market) -> Result<(), CoreError> {
        market.validate()?;
        self.markets.declare(index, market);
        Ok(())
    }

    /// Add users, or replace their cash, day and limits; positions, reservations and opens stay.
    ///
    /// # Errors
    /// `AtRow` for the first impossible row; then nothing is changed.
    pub fn load_users(&mut self, users: &[UserState]) -> Result<(), CoreError> {
        for (row, user) in users.iter().enumerate() {
            in_range("losses_in_row", user.losses_in_row, 0, i64::MAX)
                .and_then(|()| user.limits.validate())
                .map_err(|error| error.at_row(row))?;
        }
        self.accounts.reserve(users.len());
        for user in users {
            let policy = self.policies.take(&user.limits);
            let Some(account) = self.accounts.get_mut(user.user) else {
                self.accounts.push(user.user, Account::new(user, policy));
                continue;
            };
            self.policies.give_back(account.policy);
            account.policy = policy;
            account.forget_worth();
            account.cash = user.cash;
            account.day = None;
            account.start_equity = user.day_start_equity;
            account.losses_in_row = user.losses_in_row;
        }
        Ok(())
    }

    /// Add past opens to the windows.
    ///
    /// # Errors
    /// `AtRow` for an unknown user or a negative notional; then nothing is changed.
    pub fn load_opens(&mut self, opens: &[(UserIx, TimeNs, UsdE6)]) -> Result<(), CoreError> {
        for (row, (user, _, amount)) in opens.iter().enumerate() {
            self.account(*user)
                .and_then(|_| in_range("notional_e6", amount.get(), 0, i64::MAX))
                .map_err(|error| error.at_row(row))?;
        }
        for (user, at, amount) in opens {
            if let Some(account) = self.accounts.get_mut(*user) {
                account.opens.add(*at, *amount, 0);
            }
        }
        Ok(())
    }

    /// Set the prices that positions are valued at.
    ///
    /// # Errors
    /// `AtRow` for a price of 0; then nothing is changed.
    pub fn set_marks(&mut self, marks: &[(MarketIx, PriceE10)]) -> Result<(), CoreError> {
        for (row, (_, price)) in marks.iter().enumerate() {
            positive_price("price_e10", *price).map_err(|error| error.at_row(row))?;
        }
        for (market, price) in marks {
            self.markets.set_mark(*market, *price);
        }
        Ok(())
    }

    fn account(&self, user: UserIx) -> Result<&Account, CoreError> {
        self.accounts.get(user).ok_or(unknown_user(user))
    }

    /// Bytes the book holds: accounts, positions, opens, reservations and markets, with the slack
    /// of their tables; not counted is what the allocator adds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.accounts.heap_bytes()
            + self.markets.heap_bytes()
            + self.policies.heap_bytes()
            + self.reservations.heap_bytes()
    }

    /// What `admit` would say, without reserving.
    ///
    /// # Errors
    /// `Unknown` for a user that was not loaded, `OutOfRange` for an impossible argument,
    /// `Overflow` when a figure does not fit.
    pub fn check(&mut self, request: &OpenRequest) -> Result<RiskVerdict, CoreError> {
        Ok(self.judged(request)?.1)
    }

    // The verdict, and the account it is about.
    fn judged(&mut self, request: &OpenRequest) -> Result<(&mut Account, RiskVerdict), CoreError> {
        request.validate()?;
        let account = self
            .accounts
            .get_mut(request.user)
            .ok_or(unknown_user(request.user))?;
        account.anchor(request.now);
        let market = self.markets.get(request.market);
        let limits = self.policies.get(account.policy);
        let figures = Figures::of(request, market, limits.liquidation_buffer)?;
        let equity = account.worth(|index| self.markets.mark(index))?.equity;
        let failures = failures(request, market, account, limits, &figures, equity)?;
        let by_size = failures
            .iter()
            .all(|failure| failure.rule.eases_with_size());
        let nearest = match market {
            Some(market) if by_size && !failures.is_empty() => {
                let room = Room {
                    free: account.free()?,
                    hour: account.opens.volume(Window::HOUR, request.now)?,
                    day: account.opens.volume(Window::UtcDay, request.now)?,
                    equity,
                    entry: figures.entry,
                    required: figures.required,
                    worst_loss: figures.worst_loss,
                };
                nearest_collateral(request, market, limits, &room)?
            }
            Some(_) | None => UsdE6::ZERO,
        };
        let verdict = RiskVerdict {
            failures,
            nearest_collateral: nearest,
            reservation: 0,
            figures,
            equity,
        };
        Ok((account, verdict))
    }

    /// Run every rule; when all pass, reserve the required cash and count the open.
    ///
    /// # Errors
    /// As [`RiskBook::check`]; then nothing is changed.
    pub fn admit(&mut self, request: &OpenRequest) -> Result<RiskVerdict, CoreError> {
        let next = self.reservations.next();
        let (account, mut verdict) = self.judged(request)?;
        if !verdict.ok() {
            return Ok(verdict);
        }
        let id = next.ok_or(CoreError::Overflow {
            what: "reservation",
        })?;
        let amount = verdict.figures.required;
        account.reserved = account.reserved.checked_add(amount)?;
        account.roll(request.now, verdict.equity);
        account.opens.prune(request.now);
        account.opens.add(request.now, verdict.figures.notional, id);
        self.reservations.push(Reservation {
            user: request.user,
            amount,
            at: request.now,
        });
        verdict.reservation = id;
        Ok(verdict)
    }

    /// Give a reservation back: its cash is free again and its open no longer counts. False when
    /// it is unknown, already given back or filled.
    pub fn release(&mut self, reservation: u64) -> bool {
        let Some(gone) = self.reservations.remove(reservation) else {
            return false;
        };
        if let Some(account) = self.accounts.get_mut(gone.user) {
            account.opens.remove(gone.at, reservation);
            account.give_back(gone.amount);
        }
        true
    }

    /// Set a position to its state after a fill, move cash, and end the fill's reservation. The
    /// open it was reserved for stays counted. A fill is a fact: no rule applies, and a
    /// reservation that is no longer known is ignored.
    ///
    /// # Errors
    /// `Unknown` for a user or market never declared, `OutOfRange` for an impossible position,
    /// `Invalid` for another user's reservation, `Overflow` when cash does not fit; then nothing
    /// is changed.
    pub fn apply_fill(&mut self, fill: &FillUpdate) -> Result<(), CoreError> {
        in_range("collateral_e6", fill.collateral.get(), 0, i64::MAX)?;
        let gone = fill.collateral == UsdE6::ZERO;
        if !gone {
            positive_price("entry_e10", fill.entry)?;
            positive_ratio("leverage_e10", fill.leverage)?;
        }
        if self.markets.get(fill.market).is_none() {
            let value = u64::from(fill.market.get());
            return Err(CoreError::Unknown {
                name: "market_ix",
                value,
            });
        }
        let reserved = self.reservations.get(fill.reservation).copied();
        if reserved.is_some_and(|made| made.user != fill.user) {
            let reason = format!("{} belongs to another user", fill.reservation);
            return Err(CoreError::invalid("reservation", reason));
        }
        let account = self.account(fill.user)?;
        let equity = account.worth(|index| self.markets.mark(index))?.equity;
        let cash = account.cash.checked_add(fill.cash_delta)?;
        let Some(account) = self.accounts.get_mut(fill.user) else {
            return Ok(());
        };
        account.roll(fill.at, equity);
        account.forget_worth();
        account.cash = cash;
        if gone {
            account.positions.remove(fill.position_id);
        } else {
            let position = Position {
                market: fill.market,
                side: fill.side,
                entry: fill.entry,
                collateral: fill.collateral,
                leverage: fill.leverage,
            };
            account.positions.set(fill.position_id, position);
        }
        if fill.is_close {
            let lost = fill.realised < UsdE6::ZERO;
            account.losses_in_row = if lost {
                account.losses_in_row.saturating_add(1)
            } else {
                0
            };
        }
        if let Some(made) = reserved {
            account.give_back(made.amount);
            self.reservations.remove(fill.reservation);
        }
        Ok(())
    }

    /// Set the equity the day's loss is measured from. A day before the account's is ignored.
    ///
    /// # Errors
    /// `Unknown` for a user that was not loaded, `Invalid` for a time that is not 00:00 UTC.
    pub fn start_day(
        &mut self,
        user: UserIx,
        day_start: TimeNs,
        equity: UsdE6,
    ) -> Result<(), CoreError> {
        self.account(user)?;
        if day_start != day_start.day_start() {
            let reason = format!("{} is not 00:00 UTC", day_start.get());
            return Err(CoreError::invalid("day_start_ns", reason));
        }
        if let Some(account) = self.accounts.get_mut(user)
            && account.day.is_none_or(|day| day <= day_start)
        {
            account.day = Some(day_start);
            account.start_equity = equity;
        }
        Ok(())
    }

    /// The account at the last marks.
    ///
    /// # Errors
    /// `Unknown` for a user that was not loaded, `Overflow` when a sum does not fit.
    pub fn exposure(&mut self, user: UserIx, now: TimeNs) -> Result<Exposure, CoreError> {
        if let Some(account) = self.accounts.get_mut(user) {
            account.anchor(now);
        }
        self.account(user)?
            .exposure(now, |index| self.markets.mark(index))
    }

    /// Every position, by user and position id.
    #[must_use]
    pub fn positions(&self) -> Vec<(UserIx, i64, Position)> {
        let mut out = Vec::new();
        for (user, account) in self.accounts.iter() {
            out.extend(
                account
                    .positions
                    .iter()
                    .map(|(id, position)| (*user, *id, *position)),
            );
        }
        out.sort_unstable_by_key(|(user, id, _)| (*user, *id));
        out
    }
}
