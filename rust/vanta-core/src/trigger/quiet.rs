//! Between which prices nothing happens in a market: all that most ticks look at.

use super::kind::Lane;

/// A price above the first and below the second of these neither fires nor moves anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
    below: i64,
    above: i64,
}

impl Quiet {
    /// No triggers.
    pub(super) const ALL: Self = Self {
        below: i64::MIN,
        above: i64::MAX,
    };

    #[inline]
    pub(super) fn contains(self, price: i64) -> bool {
        self.below < price && price < self.above
    }

    /// In this lane something fires at `x >= key`.
    pub(super) fn fires(&mut self, lane: Lane, key: i64) {
        match lane {
            Lane::Above => self.above = self.above.min(key),
            Lane::Below => self.below = self.below.max(key.saturating_neg()),
        }
    }

    /// In this lane something moves at `x <= at`.
    pub(super) fn moves(&mut self, lane: Lane, at: i64) {
        match lane {
            Lane::Above => self.below = self.below.max(at),
            Lane::Below => self.above = self.above.min(at.saturating_neg()),
        }
    }
}
