//! Live reservations. Their numbers follow each other, so that a number is a place: no search, no
//! hash. What outlives its time (an order nobody answers) moves aside and holds up no place.

use std::collections::VecDeque;

use super::tables::{ByNumber, map_bytes};
use crate::units::{TimeNs, UsdE6, UserIx};

/// Cash held for an open on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reservation {
    pub(super) user: UserIx,
    pub(super) amount: UsdE6,
    pub(super) at: TimeNs,
}

/// Places that may lie empty before the rest is moved aside.
const SPARE: usize = 64;

/// All live reservations by number; numbers start at 1.
#[derive(Debug, Clone, Default)]
pub(super) struct Reservations {
    last: u64,
    /// Of the numbers up to `last`.
    recent: VecDeque<Option<Reservation>>,
    live: usize,
    old: ByNumber<u64, Reservation>,
}

impl Reservations {
    /// The number the next one gets, `None` when there are no more.
    pub(super) fn next(&self) -> Option<u64> {
        self.last.checked_add(1)
    }

    /// Keep `made` under the next number.
    pub(super) fn push(&mut self, made: Reservation) {
        self.last = self.last.saturating_add(1);
        self.recent.push_back(Some(made));
        self.live += 1;
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.recent.reserve(more);
    }

    // Places from the newest backwards: the first place's number needs no counting.
    fn place(&self, number: u64) -> Option<usize> {
        let back = usize::try_from(self.last.checked_sub(number)?).ok()?;
        self.recent.len().checked_sub(1)?.checked_sub(back)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Reservation> {
        match self.place(number) {
            Some(place) => self.recent.get(place)?.as_ref(),
            None => self.old.get(&number),
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Reservation> {
        let Some(place) = self.place(number) else {
            return self.old.remove(&number);
        };
        let gone = self.recent.get_mut(place)?.take()?;
        self.live -= 1;
        while let Some(None) = self.recent.front() {
            self.recent.pop_front();
        }
        if self.recent.len() > SPARE + 4 * self.live {
            self.move_aside();
        }
        Some(gone)
    }

    // Each reservation moves at most once, and there are few of them where many places are empty.
    fn move_aside(&mut self) {
        let mut number = self.last - u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        for place in self.recent.drain(..) {
            number += 1;
            if let Some(made) = place {
                self.old.insert(number, made);
            }
        }
        self.live = 0;
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.recent.capacity() * size_of::<Option<Reservation>>() + map_bytes(&self.old)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn made(user: u32) -> Reservation {
        Reservation {
            user: UserIx::new(user).unwrap(),
            amount: UsdE6::ZERO,
            at: TimeNs::ZERO,
        }
    }

    #[test]
    fn one_that_stays_for_ever_holds_no_place_for_those_after_it() {
        let mut kept = Reservations::default();
        kept.push(made(7));
        for number in 2..10_000 {
            kept.push(made(1));
            assert!(kept.remove(number).is_some());
            assert!(kept.recent.len() <= SPARE + 4);
        }
        assert_eq!(kept.get(1), Some(&made(7)));
        assert_eq!(kept.remove(1), Some(made(7)));
        assert_eq!(kept.remove(1), None);
        assert_eq!(kept.get(0), None);
        assert_eq!(kept.get(10_000), None);
    }

    proptest! {
        #[test]
        fn a_map_says_the_same(steps in prop::collection::vec((0..3_u8, 0..400_u64), 0..1_200)) {
            let (mut kept, mut map) = (Reservations::default(), BTreeMap::new());
            for (step, number) in steps {
                if step < 2 && number % 2 == 0 {
                    let next = kept.next().unwrap();
                    kept.push(made(u32::try_from(next).unwrap()));
                    map.insert(next, made(u32::try_from(next).unwrap()));
                } else {
                    prop_assert_eq!(kept.get(number), map.get(&number));
                    prop_assert_eq!(kept.remove(number), map.remove(&number));
                }
                prop_assert_eq!(kept.get(number), map.get(&number));
            }
        }
    }
}
