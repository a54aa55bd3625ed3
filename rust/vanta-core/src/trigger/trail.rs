//! Trailing stops, whose level moves with the best price.
//!
//! Those of a lane with the same watermark stand in one group, ordered by distance: the group fires
//! at its mark plus the smallest distance, and only that is in the lane's heap. A price that makes a
//! new extreme takes over every mark it has passed by melding those groups into one, without looking
//! at their members. An arming adds at most one mark and each meld removes one, so a new extreme
//! costs O(log n) in the long run, however many trail. A few with one mark need no group: they stand
//! in the lane's heap themselves, their mark being their key less their distance.

use super::heap::{Forest, GROUP, NIL, Node, Owner};
use super::kind::Lane;
use super::marks::Marks;

/// So many with one mark stand alone. A group has a node of its own, which must not weigh on few.
const ALONE: usize = 4;
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

    /// Bytes, spare room included.
    pub(super) fn bytes(&self) -> usize {
        let marks = self.marks.iter().flatten().map(Marks::bytes);
        self.marks.capacity() * size_of::<[Marks; 2]>() + marks.sum::<usize>()
    }

    /// The mark the price passes first.
    pub(super) fn highest(&self, forest: &Forest, place: Place) -> Option<i64> {
        let last = self.of(place)?.last()?;
        Some(forest.mark(last))
    }

    /// Let a trigger in no heap, its distance in `aux`, trail from `mark`.
    pub(super) fn join(&mut self, forest: &mut Forest, place: Place, mark: i64, slot: u32) {
        let here = self.of(place).map(|marks| marks.at(forest, mark, ALONE));
        let here = here.unwrap_or_default();
        let group = here.iter().find(|held| forest.at(**held).tag == GROUP);
        if let Some(&group) = group {
            let member = aside(forest, slot);
            if forest.push(Owner::group(group), member) {
                forest.take(group);
                seat(forest, place, group);
            }
        } else if here.len() < ALONE {
            self.stand_alone(forest, place, mark, slot);
        } else {
            let mut members = aside(forest, slot);
            for held in here {
                let more = self.withdraw(forest, place, held);
                members = forest.meld(members, more);
            }
            self.stand_together(forest, place, mark, members);
        }
    }

    /// Take out a trigger that is disarmed.
    pub(super) fn leave(&mut self, forest: &mut Forest, place: Place, slot: u32) {
        if forest.at(slot).tag & ASIDE == 0 {
            self.unmark(forest, place, slot);
            forest.take(slot);
        } else if let Some(group) = forest.take(slot).and_then(Owner::as_group) {
            forest.take(group);
            self.settle(forest, place, group);
        }
    }

    /// Take out the trigger that fires first of what was just taken from the lane's heap.
    pub(super) fn fire(&mut self, forest: &mut Forest, place: Place, taken: u32) -> u32 {
        if forest.at(taken).tag != GROUP {
            self.unmark(forest, place, taken);
            return taken;
        }
        let first = forest.root(Owner::group(taken));
        forest.take(first);
        self.settle(forest, place, taken);
        first
    }

    /// Move every mark above `x` to `x`.
    pub(super) fn lower(&mut self, forest: &mut Forest, place: Place, x: i64) {
        if self.highest(forest, place).is_none_or(|mark| mark <= x) {
            return;
        }
        // What stands at `x` already moves with the others.
        let few = self.of(place).map(|marks| marks.tail(forest, x, ALONE + 1));
        let few = few.unwrap_or_default();
        if few.len() <= ALONE && few.iter().all(|slot| forest.at(*slot).tag != GROUP) {
            for slot in few {
                self.withdraw(forest, place, slot);
                self.stand_alone(forest, place, x, slot);
            }
            return;
        }
        let mut members = NIL;
        while let Some(slot) = self.of(place).and_then(Marks::last) {
            if forest.mark(slot) < x {
                break;
            }
            let more = self.withdraw(forest, place, slot);
            members = forest.meld(members, more);
        }
        self.stand_together(forest, place, x, members);
    }

    // Take what stands at a mark out of the lane, ready to be melded.
    fn withdraw(&mut self, forest: &mut Forest, place: Place, slot: u32) -> u32 {
        self.unmark(forest, place, slot);
        forest.take(slot);
        disband(forest, slot)
    }

    // A group in no heap that has lost its first member.
    fn settle(&mut self, forest: &mut Forest, place: Place, group: u32) {
        match forest.root(Owner::group(group)) {
            NIL => {
                self.unmark(forest, place, group);
                forest.free(group);
            }
            last if forest.is_single(last) => {
                let mark = forest.mark(group);
                self.unmark(forest, place, group);
                forest.free(group);
                self.stand_alone(forest, place, mark, last);
            }
            _ => seat(forest, place, group),
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
        self.mark(forest, place, group);
    }

    fn stand_alone(&mut self, forest: &mut Forest, place: Place, mark: i64, slot: u32) {
        let node = forest.at_mut(slot);
        // It fitted when it was armed, and marks only fall.
        node.key = mark.saturating_add(node.aux);
        node.tag &= !ASIDE;
        forest.push(place.fires(), slot);
        self.mark(forest, place, slot);
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

    fn mark(&mut self, forest: &Forest, place: Place, slot: u32) {
        if let Some(marks) = self.of_mut(place) {
            marks.insert(forest, slot);
        }
    }

    fn unmark(&mut self, forest: &Forest, place: Place, slot: u32) {
        if let Some(marks) = self.of_mut(place) {
            marks.remove(forest, slot);
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
