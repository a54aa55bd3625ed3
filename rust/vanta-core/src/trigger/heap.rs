//! Leftist heaps whose nodes lie in one slab.
//!
//! Why this heap: it melds, and it removes any node, both in O(log n) *in the worst case*. A heap of
//! a hundred thousand stops must not tidy itself up on the tick that fires the first of them, and
//! trailing stops must be merged without walking them. Nodes know their parent, a root knows its
//! owner, so removal needs no search.

/// No node. Slot 0 is a sentinel of rank 0, so that links need no case of their own.
pub(super) const NIL: u32 = 0;
/// Slots stay below the bits that mark an owner.
pub(super) const MAX_NODES: u32 = (1 << 30) - 1;
const OWNER: u32 = 1 << 31;
const OF_GROUP: u32 = 1 << 30;
/// Tag of a node that stands for a group of trailing stops.
pub(super) const GROUP: u8 = 7;

/// One trigger, or the place of a group of trailing stops. Packed: 44 bytes instead of 48.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct Node {
    /// Order within its heap, smallest first; equal keys by `id`.
    pub(super) key: i64,
    pub(super) id: i64,
    /// Trailing: its distance. Break-even at rest: its key once active. Group: its mark.
    pub(super) aux: i64,
    left: u32,
    right: u32,
    parent: u32,
    /// Version of a trigger; root of the members of a group.
    pub(super) version: u32,
    pub(super) market: u16,
    rank: u8,
    /// Kind and state, for the book.
    pub(super) tag: u8,
}

impl Node {
    pub(super) const fn new(id: i64, version: u32, market: u16, tag: u8) -> Self {
        Self {
            key: 0,
            id,
            aux: 0,
            left: NIL,
            right: NIL,
            parent: NIL,
            version,
            market,
            rank: 1,
            tag,
        }
    }
}

/// Who holds the root of a heap: a numbered list, or the node of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u32);

impl Owner {
    pub(super) const fn list(number: u32) -> Self {
        Self(OWNER | number)
    }

    pub(super) const fn group(slot: u32) -> Self {
        Self(OWNER | OF_GROUP | slot)
    }

    /// Slot of the group, if a group owns the heap.
    pub(super) const fn as_group(self) -> Option<u32> {
        if self.0 & OF_GROUP == 0 {
            None
        } else {
            Some(self.0 & !(OWNER | OF_GROUP))
        }
    }
}

/// Slots are handed out below 2^30, which fits every machine's index.
fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// All heaps of a book.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    free: u32,
    roots: Vec<u32>,
}

impl Forest {
    pub(super) fn new() -> Self {
        let mut sentinel = Node::new(0, 0, 0, 0);
        sentinel.rank = 0;
        Self {
            nodes: vec![sentinel],
            free: NIL,
            roots: Vec::new(),
        }
    }

    /// Have lists `0..count`.
    pub(super) fn lists(&mut self, count: usize) {
        if self.roots.len() < count {
            self.roots.resize(count, NIL);
        }
    }

    /// Bytes of nodes and roots, spare room included.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.roots.capacity() * size_of::<u32>()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "slots come from `put` and are forgotten with `free`; the sentinel is slot 0"
    )]
    pub(super) fn at(&self, slot: u32) -> &Node {
        &self.nodes[index(slot)]
    }

    #[expect(clippy::indexing_slicing, reason = "as `at`")]
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Node {
        &mut self.nodes[index(slot)]
    }

    /// Keep a node, in no heap yet. The book sees to it that there are never `MAX_NODES`.
    pub(super) fn put(&mut self, node: Node) -> u32 {
        if self.free != NIL {
            let slot = self.free;
            self.free = self.at(slot).left;
            *self.at_mut(slot) = node;
            return slot;
        }
        if self.nodes.len() == self.nodes.capacity() {
            // A sixteenth at a time: doubling would let up to half of the slab lie idle.
            self.nodes.reserve_exact((self.nodes.len() / 16).max(64));
        }
        let slot = u32::try_from(self.nodes.len()).unwrap_or(MAX_NODES);
        self.nodes.push(node);
        slot
    }

    /// Forget a node that is in no heap.
    pub(super) fn free(&mut self, slot: u32) {
        let next = self.free;
        self.at_mut(slot).left = next;
        self.free = slot;
    }

    pub(super) fn root(&self, owner: Owner) -> u32 {
        match owner.as_group() {
            Some(slot) => self.at(slot).version,
            None => self
                .roots
                .get(index(owner.0 & !OWNER))
                .copied()
                .unwrap_or(NIL),
        }
    }

    /// Hand a whole heap to an owner that holds none.
    pub(super) fn set_root(&mut self, owner: Owner, slot: u32) {
        match owner.as_group() {
            Some(group) => self.at_mut(group).version = slot,
            None => {
                if let Some(root) = self.roots.get_mut(index(owner.0 & !OWNER)) {
                    *root = slot;
                }
            }
        }
        self.at_mut(slot).parent = owner.0;
    }

    /// Put a node that is in no heap into the owner's; true when it became the first.
    pub(super) fn push(&mut self, owner: Owner, slot: u32) -> bool {
        let root = self.meld(self.root(owner), slot);
        self.set_root(owner, root);
        root == slot
    }

    /// Take a node out of its heap; says whose heap it was when it was the first.
    pub(super) fn take(&mut self, slot: u32) -> Option<Owner> {
        let Node {
            left,
            right,
            parent,
            ..
        } = *self.at(slot);
        let rest = self.meld(left, right);
        let node = self.at_mut(slot);
        (node.left, node.right, node.parent, node.rank) = (NIL, NIL, NIL, 1);
        if parent & OWNER != 0 {
            self.set_root(Owner(parent), rest);
            return Some(Owner(parent));
        }
        let above = self.at_mut(parent);
        if above.left == slot {
            above.left = rest;
        } else {
            above.right = rest;
        }
        self.at_mut(rest).parent = parent;
        self.rerank(parent);
        None
    }

    /// The mark of a group, or of a trailing stop that stands alone: what it fires at, less its
    /// distance.
    pub(super) fn mark(&self, slot: u32) -> i64 {
        let Node { tag, key, aux, .. } = *self.at(slot);
        if tag == GROUP {
            aux
        } else {
            key.saturating_sub(aux)
        }
    }

    /// Whether a node has nothing below it.
    pub(super) fn is_single(&self, slot: u32) -> bool {
        self.at(slot).left == NIL && self.at(slot).right == NIL
    }

    /// The owner of the heap a node is in. Walks up: not for the hot path.
    pub(super) fn owner_of(&self, mut slot: u32) -> Owner {
        loop {
            let parent = self.at(slot).parent;
            if parent & OWNER != 0 || parent == NIL {
                return Owner(parent);
            }
            slot = parent;
        }
    }

    fn is_before(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.at(a), self.at(b));
        (a.key, a.id) < (b.key, b.id)
    }

    /// One heap of two; its root's parent is the caller's to set. As deep as both right spines,
    /// which are logarithmic.
    pub(super) fn meld(&mut self, a: u32, b: u32) -> u32 {
        if a == NIL || b == NIL {
            return a | b; // NIL is 0
        }
        let (top, other) = if self.is_before(b, a) { (b, a) } else { (a, b) };
        let right = self.meld(self.at(top).right, other);
        self.at_mut(right).parent = top;
        self.at_mut(top).right = right;
        self.lean(top);
        top
    }

    // The shorter spine goes right; says whether the rank changed.
    fn lean(&mut self, slot: u32) -> bool {
        let Node {
            left, right, rank, ..
        } = *self.at(slot);
        let (left_rank, right_rank) = (self.at(left).rank, self.at(right).rank);
        let node = self.at_mut(slot);
        if left_rank < right_rank {
            (node.left, node.right) = (right, left);
        }
        node.rank = left_rank.min(right_rank) + 1;
        node.rank != rank
    }

    // Ranks grow along the way while they change, so this ends after O(log n) steps.
    fn rerank(&mut self, mut slot: u32) {
        while self.lean(slot) {
            let parent = self.at(slot).parent;
            if parent & OWNER != 0 {
                return;
            }
            slot = parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Forest, NIL, Node, OWNER, Owner};

    const LIST: Owner = Owner::list(0);

    /// Rank and size of a heap whose links, order and leaning are right.
    fn checked(forest: &Forest, slot: u32) -> (u8, usize) {
        if slot == NIL {
            return (0, 0);
        }
        let Node {
            left, right, rank, ..
        } = *forest.at(slot);
        for child in [left, right].into_iter().filter(|child| *child != NIL) {
            assert!(!forest.is_before(child, slot));
            let parent = forest.at(child).parent;
            assert_eq!(parent, slot);
        }
        let (left_rank, left_size) = checked(forest, left);
        let (right_rank, right_size) = checked(forest, right);
        assert!(left_rank >= right_rank, "the shorter spine is on the right");
        assert_eq!(rank, right_rank + 1);
        (rank, left_size + right_size + 1)
    }

    proptest! {
        // What bounds every step by the logarithm, whatever the order of the steps.
        #[test]
        fn heaps_stay_leftist(steps in prop::collection::vec((any::<bool>(), 0_i64..50), 1..300)) {
            let mut forest = Forest::new();
            forest.lists(1);
            let mut slots = Vec::new();
            for (id, (adds, number)) in (0_i64..).zip(steps) {
                if adds || slots.is_empty() {
                    let slot = forest.put(Node::new(id, 0, 0, 0));
                    forest.at_mut(slot).key = number;
                    forest.push(LIST, slot);
                    slots.push(slot);
                } else {
                    let at = usize::try_from(number).unwrap_or_default() % slots.len();
                    let slot = slots.swap_remove(at);
                    let was_root = forest.root(LIST) == slot;
                    prop_assert_eq!(forest.take(slot) == Some(LIST), was_root);
                    forest.free(slot);
                }
                let root = forest.root(LIST);
                let (_, size) = checked(&forest, root);
                prop_assert_eq!(size, slots.len());
                if root != NIL {
                    let parent = forest.at(root).parent;
                    prop_assert_eq!(parent, OWNER);
                }
            }
        }
    }
}
