//! A lane as rows, and a lane from rows after a crash.
//!
//! Rows come from the database, which was written before anything left; the chain's counts are read
//! anew and only then is the lane open. Times are monotonic and die with their process, so all work
//! is due at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, B256};

use super::attempt::{Attempt, Outcome, Purpose};
use super::chain::Synced;
use super::config::within;
use super::due::Due;
use super::lane::{Hold, Lane};
use super::slot::{Settled, Slot, SlotState};
use super::told::{Counts, Receipt};
use super::{MAX_NONCE, NonceConfig};
use crate::error::CoreError;
use crate::units::TimeNs;

/// The lane's own row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneRow {
    /// Chain.
    pub chain_id: u64,
    /// Wallet.
    pub wallet: Address,
    /// Whether it is delegated (EIP-7702).
    pub delegated: bool,
    /// Why it gives nothing out, if so.
    pub hold: Option<Hold>,
    /// One above the highest nonce ever given out; a mark below the slots' own is corrected.
    pub high_water: u64,
    /// Counts as last heard.
    pub counts: Counts,
    /// Highest block of a slot that became final.
    pub final_block: Option<u64>,
}

/// One nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// The nonce.
    pub nonce: u64,
    /// Whose; none for a filler's or a returned one.
    pub intent: Option<Arc<str>>,
    /// As `dump` said. Only RETURNED, MINED, SAFE and STOLEN are read: an open slot is what its
    /// attempts say.
    pub state: SlotState,
    /// What settled it.
    pub receipt: Option<Receipt>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Of which nonce; rows of one nonce are in the order they were signed.
    pub nonce: u64,
    /// The attempt.
    pub attempt: Attempt,
}

/// A lane after a crash, and what to do first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What the new counts made of it.
    pub synced: Synced,
    /// Everything open, in nonce order.
    pub work: Vec<Due>,
}

impl AttemptRow {
    /// An attempt as stored.
    ///
    /// # Errors
    /// As [`Attempt::signed`].
    pub fn new(
        nonce: u64,
        hash: B256,
        (tip_wei, cap_wei): (u128, u128),
        purpose: Purpose,
        outcome: Outcome,
    ) -> Result<Self, CoreError> {
        let attempt = Attempt {
            outcome,
            ..Attempt::signed(hash, tip_wei, cap_wei, purpose)?
        };
        Ok(Self { nonce, attempt })
    }
}

impl Lane {
    /// Every row of the lane.
    #[must_use]
    pub fn dump(&self) -> (LaneRow, Vec<SlotRow>, Vec<AttemptRow>) {
        let lane = LaneRow {
            chain_id: self.chain_id,
            wallet: self.wallet,
            delegated: self.delegated,
            hold: self.hold,
            high_water: self.high_water,
            counts: self.counts,
            final_block: self.final_block,
        };
        let mut slots = Vec::new();
        let mut attempts = Vec::new();
        let floor = self.counts.latest;
        let open = self.open.iter();
        let open = open.map(|(nonce, slot)| (*nonce, slot, slot.state(*nonce, floor), None));
        let settled = self.settled.iter();
        let settled =
            settled.map(|(nonce, done)| (*nonce, &done.slot, done.state(), Some(done.receipt)));
        for (nonce, slot, state, receipt) in open.chain(settled) {
            slots.push(SlotRow {
                nonce,
                intent: slot.intent.clone(),
                state,
                receipt,
            });
            attempts.extend(slot.attempts.iter().map(|attempt| AttemptRow {
                nonce,
                attempt: Attempt {
                    touched_at: None,
                    ..*attempt
                },
            }));
        }
        slots.extend(self.returned.iter().map(|nonce| SlotRow {
            nonce: *nonce,
            intent: None,
            state: SlotState::Returned,
            receipt: None,
        }));
        slots.sort_by_key(|row| row.nonce);
        attempts.sort_by_key(|row| row.nonce);
        (lane, slots, attempts)
    }

    /// The lane of these rows at the counts the chain has now, and what to do first.
    ///
    /// # Errors
    /// `OutOfRange`, `Invalid` or `Nonce` for rows that contradict each other, naming the nonce.
    pub fn restore(
        row: &LaneRow,
        slots: &[SlotRow],
        attempts: &[AttemptRow],
        heard: Counts,
        config: &NonceConfig,
        now: TimeNs,
    ) -> Result<(Self, Recovery), CoreError> {
        let most = i128::from(MAX_NONCE);
        within("high_water", i128::from(row.high_water), 0, most)?;
        let mut lane = Self::new(row.chain_id, row.wallet, row.delegated, row.counts)?;
        lane.hold = row.hold;
        lane.final_block = row.final_block;
        lane.high_water = row.high_water;
        let mut signed: BTreeMap<u64, Vec<Attempt>> = BTreeMap::new();
        for AttemptRow { nonce, attempt } in attempts {
            if lane.hashes.insert(attempt.hash, *nonce).is_some() {
                return Err(CoreError::nonce(
                    *nonce,
                    "has a hash that was restored already",
                ));
            }
            signed.entry(*nonce).or_default().push(*attempt);
        }
        let mut seen = BTreeSet::new();
        for slot in slots {
            if slot.nonce >= MAX_NONCE || !seen.insert(slot.nonce) {
                let reason = "is too large or was restored already";
                return Err(CoreError::nonce(slot.nonce, reason));
            }
            lane.high_water = lane.high_water.max(slot.nonce + 1);
            let attempts = signed.remove(&slot.nonce).unwrap_or_default();
            lane.put(slot, attempts, now)?;
        }
        if let Some((nonce, _)) = signed.first_key_value() {
            return Err(CoreError::nonce(*nonce, "has attempts and no slot"));
        }
        // Blocks may have vanished while nobody looked. A count that only they had would never be
        // doubted again, and what was signed under it never sent again.
        let stored = lane.counts.latest;
        let mut signed = lane
            .open
            .iter()
            .filter(|(_, slot)| !slot.attempts.is_empty());
        if let Some(lowest) = signed.next().map(|(nonce, _)| *nonce) {
            lane.counts.lower(lowest);
        }
        let synced = lane.sync_from(heard, stored)?;
        let work = lane.due(config, None, now);
        Ok((lane, Recovery { synced, work }))
    }

    fn put(&mut self, row: &SlotRow, attempts: Vec<Attempt>, now: TimeNs) -> Result<(), CoreError> {
        let sent = attempts.iter().any(Attempt::live);
        let slot = Slot {
            intent: row.intent.clone(),
            attempts,
            waits_since: sent.then_some(now),
            ..Slot::default()
        };
        match (row.state, row.receipt) {
            (SlotState::Returned, None) => {
                if !slot.attempts.is_empty() || slot.intent.is_some() {
                    let reason = "is RETURNED and has an intent or attempts";
                    return Err(CoreError::nonce(row.nonce, reason));
                }
                self.returned.insert(row.nonce);
            }
            (SlotState::Returned | SlotState::Final, _) => {
                let reason = format!("is {} and cannot be restored", row.state.name());
                return Err(CoreError::nonce(row.nonce, reason));
            }
            (state, Some(receipt)) => {
                let ours = slot.attempt(receipt.hash).is_some();
                if ours == (state == SlotState::Stolen) {
                    let reason = format!("is {} by a receipt that says otherwise", state.name());
                    return Err(CoreError::nonce(row.nonce, reason));
                }
                let settled = Settled {
                    slot,
                    receipt,
                    ours,
                    safe: state == SlotState::Safe,
                };
                self.settled.insert(row.nonce, settled);
            }
            (SlotState::Mined | SlotState::Safe, None) => {
                let reason = format!("is {} without a receipt", row.state.name());
                return Err(CoreError::nonce(row.nonce, reason));
            }
            (_, None) => {
                self.open.insert(row.nonce, slot);
            }
        }
        Ok(())
    }

    /// Intents of every slot, for the ledger's own index.
    pub(super) fn intents(&self) -> HashMap<Arc<str>, u64> {
        let open = self.open.iter();
        let settled = self.settled.iter().map(|(nonce, done)| (nonce, &done.slot));
        open.chain(settled)
            .filter_map(|(nonce, slot)| Some((slot.intent.clone()?, *nonce)))
            .collect()
    }
}
