//! Limits, each set of them once: most users share a policy, and what they share stays in the cache.

use std::collections::BTreeMap;

use super::account::Limits;

/// Number of a set of limits within the book.
pub(super) type PolicyIx = u32;

#[derive(Debug, Clone, Copy)]
struct Policy {
    limits: Limits,
    users: u32,
}

/// All sets of limits somebody has.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    rows: Vec<Policy>,
    index: BTreeMap<Limits, PolicyIx>,
    free: Vec<PolicyIx>,
    last: PolicyIx,
}

fn place(policy: PolicyIx) -> usize {
    usize::try_from(policy).unwrap_or(usize::MAX)
}

impl Policies {
    /// Number of these limits, for one user more.
    pub(super) fn take(&mut self, limits: &Limits) -> PolicyIx {
        // Users are loaded by the thousand, and the next mostly has what the last one had.
        let same = |row: &&Policy| row.users > 0 && row.limits == *limits;
        let known = match self.rows.get(place(self.last)).filter(same) {
            Some(_) => Some(self.last),
            None => self.index.get(limits).copied(),
        };
        let policy = known.unwrap_or_else(|| self.add(limits));
        if let Some(row) = self.rows.get_mut(place(policy)) {
            row.users += 1;
        }
        self.last = policy;
        policy
    }

    fn add(&mut self, limits: &Limits) -> PolicyIx {
        let row = Policy {
            limits: *limits,
            users: 0,
        };
        let policy = self.free.pop().unwrap_or_else(|| {
            self.rows.push(row);
            // There are no more policies than users.
            u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(slot) = self.rows.get_mut(place(policy)) {
            *slot = row;
        }
        self.index.insert(*limits, policy);
        policy
    }

    /// One user less; limits of nobody are forgotten.
    pub(super) fn give_back(&mut self, policy: PolicyIx) {
        let Some(row) = self.rows.get_mut(place(policy)) else {
            return;
        };
        row.users = row.users.saturating_sub(1);
        if row.users == 0 {
            self.index.remove(&row.limits);
            self.free.push(policy);
        }
    }

    /// The limits of a number that was taken.
    pub(super) fn get(&self, policy: PolicyIx) -> &Limits {
        self.rows
            .get(place(policy))
            .map_or(&Limits::NOTHING, |row| &row.limits)
    }

    /// Bytes on the heap; the index at worst, its nodes half full.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Policy>()
            + self.free.capacity() * size_of::<PolicyIx>()
            + self.index.len() * 2 * size_of::<(Limits, PolicyIx)>()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::units::UsdE6;

    fn limits(max_position: i64) -> Limits {
        Limits {
            max_position: UsdE6::new(max_position).unwrap(),
            ..Limits::NOTHING
        }
    }

    #[test]
    fn what_is_shared_is_kept_once_and_what_nobody_has_makes_place() {
        let mut policies = Policies::default();
        let first = policies.take(&limits(1));
        let second = policies.take(&limits(2));
        assert_eq!(policies.take(&limits(1)), first);
        assert_ne!(first, second);
        policies.give_back(first);
        assert_eq!(policies.get(first), &limits(1));
        policies.give_back(first);
        assert_eq!(policies.take(&limits(3)), first);
        assert_eq!(policies.get(first), &limits(3));
        assert_eq!(policies.get(second), &limits(2));
        assert_ne!(policies.take(&limits(1)), first);
        assert_eq!(policies.rows.len(), 3);
    }

    #[test]
    fn a_number_nobody_took_allows_nothing() {
        assert_eq!(Policies::default().get(7), &Limits::NOTHING);
    }
}
