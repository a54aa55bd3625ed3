//! Trailing stops, whose level moves with the best price.
//!
//! All of a lane with the same watermark stand in one group, ordered by distance: the group fires at
//! its mark plus the smallest distance, and only that is in the lane's heap. A price that makes a new
//! extreme takes over every mark it has passed by melding those groups into one, without looking at
//! their members. Each arming makes at most one group and each meld removes one, so a new extreme
//! costs O(log n) in the long run however many trail. A mark with one trigger needs no group: the
//! trigger itself stands in the lane's heap, its mark being its key less its distance.

use std::collections::BTreeMap;

use super::heap::{Forest, NIL, Node, Owner};
use super::kind::Lane;

/// Tag of a node that stands for a group.
pub(super) const GROUP: u8 = 7;
/// Bit of a tag: not in the lane's heap itself (member of a group, or break-even at rest).
pub(super) const ASIDE: u8 = 16;

/// A lane of a market.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) market: u16,
    pub(super) lane: Lane,
}

impl Place {
    fn list(self) -> u32 {
        u32::from(self.market) * 4 + u32::from(self.lane.number()) * 2
    }

    /// Owner of what fires here.
    pub(super) fn fires(self) -> Owner {
        Owner::list(self.list())
    }

    /// Owner of the break-evens at rest, ordered by what activates them first.
    pub(super) fn rests(self) -> Owner {
        Owner::list(self.list() + 1)
    }
}

type Marks = BTreeMap<i64, u32>;

/// Watermarks of every lane: the trigger or group that stands at each.
#[derive(Debug, Clone, Default)]
pub(super) struct Trails {
    marks: Vec<[Marks; 2]>,
}

impl Trails {
    /// Have markets `0..count`.
    pub(super) fn markets(&mut self, count: usize) {
        if self.marks.len() < count {
            self.marks.resize_with(count, Default::default);
        }
    }

    /// Bytes at most: a leaf of the map has 144 and holds 5 to 11 marks, the nodes above it add a
    /// quarter.
    pub(super) fn bytes(&self) -> usize {
        let held: usize = self.marks.iter().flatten().map(Marks::len).sum();
        self.marks.capacity() * size_of::<[Marks; 2]>() + held * 36
    }

    /// The mark the price passes first.
    pub(super) fn highest(&self, place: Place) -> Option<i64> {
        let marks = self.of(place)?;
        marks.last_key_value().map(|(mark, _)| *mark)
    }

    /// Let a trigger in no heap, its distance in `aux`, trail from `mark`.
    pub(super) fn join(&mut self, forest: &mut Forest, place: Place, mark: i64, slot: u32) {
        let Some(&held) = self.of(place).and_then(|marks| marks.get(&mark)) else {
            return self.stand_alone(forest, place, mark, slot);
        };
        if forest.at(held).tag == GROUP {
            let member = aside(forest, slot);
            if forest.push(Owner::group(held), member) {
                forest.take(held);
                seat(forest, place, held);
            }
            return;
        }
        forest.take(held);
        let (first, second) = (aside(forest, held), aside(forest, slot));
        let members = forest.meld(first, second);
        self.stand_together(forest, place, mark, members);
    }

    /// Take out a trigger that is disarmed.
    pub(super) fn leave(&mut self, forest: &mut Forest, place: Place, slot: u32) {
        let Node { tag, key, aux, .. } = *forest.at(slot);
        let owner = forest.take(slot);
        if tag & ASIDE == 0 {
            self.unmark(place, key.saturating_sub(aux));
        } else if let Some(group) = owner.and_then(Owner::as_group) {
            forest.take(group);
            self.settle(forest, place, group);
        }
    }

    /// Take out the trigger that fires first of what was just taken from the lane's heap.
    pub(super) fn fire(&mut self, forest: &mut Forest, place: Place, taken: u32) -> u32 {
        let Node { tag, key, aux, .. } = *forest.at(taken);
        if tag != GROUP {
            self.unmark(place, key.saturating_sub(aux));
            return taken;
        }
        let first = forest.root(Owner::group(taken));
        forest.take(first);
        self.settle(forest, place, taken);
        first
    }

    /// Move every mark above `x` to `x`.
    pub(super) fn lower(&mut self, forest: &mut Forest, place: Place, x: i64) {
        let mut members = NIL;
        while let Some((mark, slot)) = self.last_from(place, x) {
            if mark == x && members == NIL {
                return;
            }
            self.unmark(place, mark);
            forest.take(slot);
            let more = disband(forest, slot);
            members = forest.meld(members, more);
        }
        if members != NIL {
            self.stand_together(forest, place, x, members);
        }
    }

    fn last_from(&self, place: Place, x: i64) -> Option<(i64, u32)> {
        let (mark, slot) = self.of(place)?.last_key_value()?;
        (*mark >= x).then_some((*mark, *slot))
    }

    // A group in no heap whose members changed.
    fn settle(&mut self, forest: &mut Forest, place: Place, group: u32) {
        let mark = forest.at(group).aux;
        let members = disband(forest, group);
        if members == NIL {
            self.unmark(place, mark);
        } else {
            self.stand_together(forest, place, mark, members);
        }
    }

    fn stand_together(&mut self, forest: &mut Forest, place: Place, mark: i64, members: u32) {
        if forest.is_single(members) {
            return self.stand_alone(forest, place, mark, members);
        }
        let group = forest.put(Node::new(0, NIL, place.market, GROUP));
        forest.at_mut(group).aux = mark;
        forest.set_root(Owner::group(group), members);
        seat(forest, place, group);
        self.mark(place, mark, group);
    }

    fn stand_alone(&mut self, forest: &mut Forest, place: Place, mark: i64, slot: u32) {
        let node = forest.at_mut(slot);
        // It fitted when it was armed, and marks only fall.
        node.key = mark.saturating_add(node.aux);
        node.tag &= !ASIDE;
        forest.push(place.fires(), slot);
        self.mark(place, mark, slot);
    }

    fn of(&self, place: Place) -> Option<&Marks> {
        let [above, below] = self.marks.get(usize::from(place.market))?;
        Some(match place.lane {
            Lane::Above => above,
            Lane::Below => below,
        })
    }

    fn of_mut(&mut self, place: Place) -> Option<&mut Marks> {
        let [above, below] = self.marks.get_mut(usize::from(place.market))?;
        Some(match place.lane {
            Lane::Above => above,
            Lane::Below => below,
        })
    }

    fn mark(&mut self, place: Place, mark: i64, slot: u32) {
        if let Some(marks) = self.of_mut(place) {
            marks.insert(mark, slot);
        }
    }

    fn unmark(&mut self, place: Place, mark: i64) {
        if let Some(marks) = self.of_mut(place) {
            marks.remove(&mark);
        }
    }
}

// Make a trigger in no heap ready to be a member: members are ordered by distance.
fn aside(forest: &mut Forest, slot: u32) -> u32 {
    let node = forest.at_mut(slot);
    node.key = node.aux;
    node.tag |= ASIDE;
    slot
}

// The heap of members of what stood at a mark and is in no heap now.
fn disband(forest: &mut Forest, slot: u32) -> u32 {
    if forest.at(slot).tag != GROUP {
        return aside(forest, slot);
    }
    let members = forest.root(Owner::group(slot));
    forest.free(slot);
    members
}

// Put a group into the lane's heap where its first member fires.
fn seat(forest: &mut Forest, place: Place, group: u32) {
    let Node { key, id, .. } = *forest.at(forest.root(Owner::group(group)));
    let node = forest.at_mut(group);
    node.key = node.aux.saturating_add(key);
    node.id = id;
    forest.push(place.fires(), group);
}
