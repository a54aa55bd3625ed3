//! Watermarks of one lane in order, four bytes each.
//!
//! Only slots are kept, in sorted blocks; the mark of a slot is read from its node. A map of marks
//! would take several times as much, and with every trailing stop at a mark of its own it would be
//! a third of the book. A node must therefore be taken out *before* its mark changes.

use super::heap::Forest;

const BLOCK: usize = 128;

/// Slots by (mark, slot), ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// None is empty, save one that is alone.
    blocks: Vec<Vec<u32>>,
}

impl Marks {
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.blocks.iter().map(|block| block.capacity() * 4);
        self.blocks.capacity() * size_of::<Vec<u32>>() + blocks.sum::<usize>()
    }

    /// The slot with the highest mark.
    pub(super) fn last(&self) -> Option<u32> {
        self.blocks.last()?.last().copied()
    }

    /// The last slots from `mark` on, at most `most`.
    pub(super) fn tail(&self, forest: &Forest, mark: i64, most: usize) -> Vec<u32> {
        let all = self.blocks.iter().rev().flat_map(|b| b.iter().rev());
        let here = all.take_while(|slot| forest.mark(**slot) >= mark);
        here.take(most).copied().collect()
    }

    /// Slots at `mark`, at most `most`.
    pub(super) fn at(&self, forest: &Forest, mark: i64, most: usize) -> Vec<u32> {
        let (first, within) = self.place(forest, (mark, 0));
        let from = self.blocks.iter().skip(first).flatten().skip(within);
        let here = from.take_while(|slot| forest.mark(**slot) == mark);
        here.take(most).copied().collect()
    }

    pub(super) fn insert(&mut self, forest: &Forest, slot: u32) {
        let (index, within) = self.place(forest, (forest.mark(slot), slot));
        let Some(block) = self.blocks.get_mut(index) else {
            // After all others: into the last block while it has room.
            match self.blocks.last_mut() {
                Some(last) if last.len() < BLOCK => push(last, last.len(), slot),
                _ => self.blocks.push(vec![slot]),
            }
            return;
        };
        push(block, within, slot);
        if block.len() > BLOCK {
            let mut rest = block.split_off(BLOCK / 2);
            block.shrink_to_fit();
            rest.shrink_to_fit();
            self.blocks.insert(index + 1, rest);
        }
    }

    pub(super) fn remove(&mut self, forest: &Forest, slot: u32) {
        let (index, within) = self.place(forest, (forest.mark(slot), slot));
        let Some(block) = self.blocks.get_mut(index) else {
            return;
        };
        if block.get(within) == Some(&slot) {
            block.remove(within);
        }
        if block.len() < BLOCK / 4 {
            self.join(index);
        }
    }

    // Many small blocks would weigh more than what they hold.
    fn join(&mut self, index: usize) {
        let index = index.min(self.blocks.len().saturating_sub(2));
        let here = self.blocks.get(index).map_or(0, Vec::len);
        let next = self.blocks.get(index + 1).map(Vec::len);
        if next.is_some_and(|next| here + next <= BLOCK) {
            let rest = self.blocks.remove(index + 1);
            if let Some(block) = self.blocks.get_mut(index) {
                block.reserve_exact(rest.len());
                block.extend(rest);
            }
        }
    }

    // Block and index of the first entry not before `wanted`; one past the blocks when all are.
    fn place(&self, forest: &Forest, wanted: (i64, u32)) -> (usize, usize) {
        let is_before = |slot: &u32| (forest.mark(*slot), *slot) < wanted;
        let index = self
            .blocks
            .partition_point(|block| block.last().is_some_and(is_before));
        let block = self.blocks.get(index);
        (
            index,
            block.map_or(0, |block| block.partition_point(is_before)),
        )
    }
}

// Sixteen at a time: a block that doubles is half empty.
fn push(block: &mut Vec<u32>, within: usize, slot: u32) {
    if block.len() == block.capacity() {
        block.reserve_exact(16);
    }
    block.insert(within, slot);
}
