//! Which slot holds which id.
//!
//! Only slots are kept, four bytes each: the id is read from the node.

use hashbrown::HashTable;

use super::heap::Forest;

/// Slots by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    slots: HashTable<u32>,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes, spare room included.
    pub(super) fn bytes(&self) -> usize {
        self.slots.allocation_size()
    }

    pub(super) fn find(&self, forest: &Forest, id: i64) -> Option<u32> {
        let found = self.slots.find(hash(id), |slot| forest.at(*slot).id == id);
        found.copied()
    }

    /// Add the slot of an id that is not in yet.
    pub(super) fn insert(&mut self, forest: &Forest, slot: u32) {
        let id = forest.at(slot).id;
        self.slots
            .insert_unique(hash(id), slot, |slot| hash(forest.at(*slot).id));
    }

    pub(super) fn remove(&mut self, forest: &Forest, id: i64) -> Option<u32> {
        let entry = self
            .slots
            .find_entry(hash(id), |slot| forest.at(*slot).id == id);
        entry.ok().map(|entry| entry.remove().0)
    }
}

// Ids are database keys, mostly rising: a multiplication spreads them, and the fold brings the high
// bits, where it spreads best, down to where the table looks.
pub(super) fn hash(id: i64) -> u64 {
    let spread = u128::from(id.cast_unsigned()) * 0x9E37_79B9_7F4A_7C15;
    let low = u64::try_from(spread & u128::from(u64::MAX)).unwrap_or_default();
    let high = u64::try_from(spread >> 64).unwrap_or_default();
    low ^ high
}
