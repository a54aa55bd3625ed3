//! The book's tables. A batch walks ten thousand accounts, so what one row needs lies together:
//! accounts in load order behind a small index, markets by number, positions in one sorted list.

use std::collections::HashMap;

use super::account::{Account, Position};
use super::figures::Market;
use crate::units::{MarketIx, PriceE10, UserIx};

/// Accounts by user.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    rows: Vec<(UserIx, Account)>,
    index: HashMap<UserIx, usize>,
}

impl Accounts {
    pub(super) fn get(&self, user: UserIx) -> Option<&Account> {
        let row = self.rows.get(*self.index.get(&user)?)?;
        Some(&row.1)
    }

    pub(super) fn get_mut(&mut self, user: UserIx) -> Option<&mut Account> {
        let row = self.rows.get_mut(*self.index.get(&user)?)?;
        Some(&mut row.1)
    }

    /// Add an account; the user must not have one yet.
    pub(super) fn push(&mut self, user: UserIx, account: Account) {
        self.index.insert(user, self.rows.len());
        self.rows.push((user, account));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(UserIx, Account)> {
        self.rows.iter()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    market: Option<Market>,
    mark: Option<PriceE10>,
}

/// Facts and marks by market number.
#[derive(Debug, Clone, Default)]
pub(super) struct Markets {
    slots: Vec<Slot>,
}

impl Markets {
    fn slot(&mut self, index: MarketIx) -> Option<&mut Slot> {
        let index = usize::from(index.get());
        if index >= self.slots.len() {
            self.slots.resize(index + 1, Slot::default());
        }
        self.slots.get_mut(index)
    }

    pub(super) fn declare(&mut self, index: MarketIx, market: Market) {
        if let Some(slot) = self.slot(index) {
            slot.market = Some(market);
        }
    }

    pub(super) fn set_mark(&mut self, index: MarketIx, price: PriceE10) {
        if let Some(slot) = self.slot(index) {
            slot.mark = Some(price);
        }
    }

    pub(super) fn get(&self, index: MarketIx) -> Option<&Market> {
        self.slots.get(usize::from(index.get()))?.market.as_ref()
    }

    pub(super) fn mark(&self, index: MarketIx) -> Option<PriceE10> {
        self.slots.get(usize::from(index.get()))?.mark
    }
}

/// A user's positions, by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Positions {
    rows: Vec<(i64, Position)>,
}

impl Positions {
    pub(super) fn set(&mut self, id: i64, position: Position) {
        match self.rows.binary_search_by_key(&id, |row| row.0) {
            Ok(at) => {
                if let Some(row) = self.rows.get_mut(at) {
                    row.1 = position;
                }
            }
            Err(at) => self.rows.insert(at, (id, position)),
        }
    }

    pub(super) fn remove(&mut self, id: i64) {
        if let Ok(at) = self.rows.binary_search_by_key(&id, |row| row.0) {
            self.rows.remove(at);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(i64, Position)> {
        self.rows.iter()
    }
}
