//! The book's tables. A batch walks ten thousand accounts, so what one row needs lies together:
//! accounts in load order behind a small index, markets by number, positions in one sorted list.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::account::{Account, Position};
use super::figures::Market;
use crate::units::{MarketIx, PriceE10, UserIx};

/// Hashes numbers that we hand out ourselves, one after the other: neighbours stay neighbours, which
/// keeps a batch within a few cache lines. Nobody outside chooses them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted(u64);

impl Hasher for Counted {
    fn finish(&self) -> u64 {
        // The table tells rows of one place apart by the topmost bits.
        self.0 ^ self.0.rotate_right(7)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = number.into();
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A map by such numbers.
pub(super) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<Counted>>;

/// Bytes a map holds on the heap: a control byte for each place, an eighth of the places free.
pub(super) fn map_bytes<K, V>(map: &ByNumber<K, V>) -> usize {
    if map.capacity() == 0 {
        return 0;
    }
    let places = (map.capacity() * 8 / 7).next_power_of_two();
    places * (size_of::<(K, V)>() + 1)
}

/// Accounts by user.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    rows: Vec<(UserIx, Account)>,
    index: ByNumber<UserIx, u32>,
}

impl Accounts {
    fn row(&self, user: UserIx) -> Option<usize> {
        usize::try_from(*self.index.get(&user)?).ok()
    }

    /// Where the user's account lies. `guess` is looked at first: a batch mostly asks for accounts
    /// in the order they were loaded in, and then nothing is searched.
    #[inline]
    pub(super) fn place(&self, user: UserIx, guess: usize) -> Option<usize> {
        match self.rows.get(guess) {
            Some((owner, _)) if *owner == user => Some(guess),
            Some(_) | None => self.row(user),
        }
    }

    #[inline]
    pub(super) fn at(&self, place: usize) -> Option<&Account> {
        Some(&self.rows.get(place)?.1)
    }

    #[inline]
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut Account> {
        Some(&mut self.rows.get_mut(place)?.1)
    }

    pub(super) fn get(&self, user: UserIx) -> Option<&Account> {
        Some(&self.rows.get(self.row(user)?)?.1)
    }

    pub(super) fn get_mut(&mut self, user: UserIx) -> Option<&mut Account> {
        let row = self.row(user)?;
        Some(&mut self.rows.get_mut(row)?.1)
    }

    /// Make place for `more` accounts, without the slack of doubling where that is much.
    pub(super) fn reserve(&mut self, more: usize) {
        if more >= self.rows.len() / 8 {
            self.rows.reserve_exact(more);
        }
        self.index.reserve(more);
    }

    /// Add an account; the user must not have one yet.
    pub(super) fn push(&mut self, user: UserIx, account: Account) {
        // There are no more users than numbers of users.
        let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.index.insert(user, row);
        self.rows.push((user, account));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(UserIx, Account)> {
        self.rows.iter()
    }

    /// Bytes on the heap, positions and opens included.
    pub(super) fn heap_bytes(&self) -> usize {
        let own = self.rows.capacity() * size_of::<(UserIx, Account)>() + map_bytes(&self.index);
        let held = self.rows.iter().map(|(_, account)| account.heap_bytes());
        own + held.sum::<usize>()
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
    marks: u64,
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
        let changed = self.mark(index) != Some(price);
        if let Some(slot) = self.slot(index) {
            slot.mark = Some(price);
        }
        self.marks += u64::from(changed);
    }

    /// How often a mark changed, counted from 1: figures of the same count are of the same marks.
    #[inline]
    pub(super) fn marks(&self) -> u64 {
        self.marks + 1
    }

    pub(super) fn get(&self, index: MarketIx) -> Option<&Market> {
        self.slots.get(usize::from(index.get()))?.market.as_ref()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
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

    /// Read every second row: two share a line of the cache.
    pub(super) fn touch(&self) -> i64 {
        let rows = self.rows.iter().step_by(2);
        rows.fold(0, |read, row| read ^ row.1.collateral.get())
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<(i64, Position)>()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(i64, Position)> {
        self.rows.iter()
    }
}
