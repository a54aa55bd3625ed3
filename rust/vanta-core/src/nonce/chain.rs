//! What the chain says: receipts, counts, and blocks that vanish.
//!
//! Counts prove that a nonce was used, never by whom. So a count alone settles nothing: a slot is
//! settled by a receipt whose block the caller has compared with the sealed one, and it is dropped
//! only by a receipt read after the finalized count has passed it. Until then a transaction of ours
//! that lost can come back with a reorg, and another nonce for its intent could fill it twice.

use std::sync::Arc;

use alloy_primitives::B256;

use super::MAX_NONCE;
use super::attempt::Purpose;
use super::config::within;
use super::lane::{Hold, Lane};
use super::slot::{Settled, SlotState};
use super::told::{Counts, Receipt};
use crate::error::CoreError;

/// What a receipt made of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// MINED, SAFE, STOLEN or FINAL.
    pub state: SlotState,
    /// Whether the transaction is one of ours.
    pub ours: bool,
    /// Whose nonce it was; none = a filler's or nobody's.
    pub intent: Option<Arc<str>>,
    /// Why the winner was signed; none when it is not ours.
    pub purpose: Option<Purpose>,
    /// Hashes of ours that lost by this receipt, oldest first; a repeated receipt reports none.
    pub losers: Vec<B256>,
}

/// What new counts made of a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// First and last of each run of nonces newly found used without any signature of ours: the
    /// lane is on hold, and somebody may have the key.
    pub foreign: Vec<(u64, u64)>,
    /// Nonces with signatures of ours, used, and no receipt known: look for all their hashes.
    pub missing: Vec<u64>,
    /// Nonces that became SAFE.
    pub safe: Vec<u64>,
    /// Settled nonces that only wait for a receipt read now to be FINAL.
    pub verify: Vec<u64>,
}

/// What a reorg made of a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reorged {
    /// Nonces that are open again; their bytes must be sent again.
    pub reopened: Vec<u64>,
    /// Whether a block that had been final is gone: the lane is on hold.
    pub beyond_final: bool,
}

impl Lane {
    /// Take a receipt of whatever used `nonce`: one of ours (MINED, the others lost) or not
    /// (STOLEN, hold). May be repeated, and may name another winner when blocks have changed. When
    /// the finalized count has passed the nonce, the slot is dropped.
    ///
    /// # Errors
    /// `Nonce` for a final nonce or a hash signed under another nonce, `OutOfRange` for a nonce
    /// beyond [`MAX_NONCE`].
    pub(super) fn confirm(&mut self, nonce: u64, receipt: Receipt) -> Result<Confirmed, CoreError> {
        within("nonce", i128::from(nonce), 0, i128::from(MAX_NONCE))?;
        if let Some(other) = self.hashes.get(&receipt.hash).filter(|at| **at != nonce) {
            let reason = format!("cannot be used by a hash that is an attempt of nonce {other}");
            return Err(CoreError::nonce(nonce, reason));
        }
        if let Some(slot) = self.open.remove(&nonce) {
            let ours = slot.attempt(receipt.hash).is_some();
            let others = slot.attempts.iter().map(|attempt| attempt.hash);
            let losers = others.filter(|hash| *hash != receipt.hash).collect();
            let safe = ours && nonce < self.counts.safe;
            let settled = Settled {
                slot,
                receipt,
                ours,
                safe,
            };
            if !ours {
                self.hold(Hold::ForeignUse);
            }
            return Ok(self.settle(nonce, settled, losers));
        }
        if let Some(mut settled) = self.settled.remove(&nonce) {
            let ours = settled.slot.attempt(receipt.hash).is_some();
            // All others lost when the slot was settled; only a winner can have lost since.
            let mut losers = Vec::new();
            if settled.ours && settled.receipt.hash != receipt.hash {
                losers.push(settled.receipt.hash);
            }
            // Known already: the operator who resumed the lane has seen it.
            if !ours && settled.receipt.hash != receipt.hash {
                self.hold(Hold::ForeignUse);
            }
            settled.receipt = receipt;
            settled.ours = ours;
            settled.safe = ours && nonce < self.counts.safe;
            return Ok(self.settle(nonce, settled, losers));
        }
        if self.state(nonce) == Some(SlotState::Final) {
            return Err(self.refusal(nonce, "confirmed"));
        }
        // Returned or never given: not ours to settle, and not for us to use meanwhile.
        self.hold(Hold::ForeignUse);
        Ok(Confirmed {
            state: SlotState::Stolen,
            ours: false,
            intent: None,
            purpose: None,
            losers: Vec::new(),
        })
    }

    fn settle(&mut self, nonce: u64, settled: Settled, losers: Vec<B256>) -> Confirmed {
        let purpose = settled
            .slot
            .attempt(settled.receipt.hash)
            .map(|attempt| attempt.purpose);
        let mut told = Confirmed {
            state: settled.state(),
            ours: settled.ours,
            intent: settled.slot.intent.clone(),
            purpose,
            losers,
        };
        if nonce < self.counts.finalized {
            told.state = SlotState::Final;
            self.final_block = self.final_block.max(Some(settled.receipt.block));
            for attempt in &settled.slot.attempts {
                self.hashes.remove(&attempt.hash);
            }
        } else {
            self.settled.insert(nonce, settled);
        }
        told
    }

    /// Take new counts. They only ever raise the floor.
    ///
    /// # Errors
    /// As [`Counts::validate`]; then nothing is changed.
    pub fn sync(&mut self, heard: Counts) -> Result<Synced, CoreError> {
        self.sync_from(heard, self.counts.latest)
    }

    /// As `sync`, where foreign use below `known` was told before.
    pub(super) fn sync_from(&mut self, heard: Counts, known: u64) -> Result<Synced, CoreError> {
        heard.validate()?;
        let before = self.counts;
        let now = Counts {
            latest: before.latest.max(heard.latest),
            safe: before.safe.max(heard.safe),
            finalized: before.finalized.max(heard.finalized),
        };
        self.counts = now;
        let mut told = Synced {
            foreign: self.foreign(known, now.latest),
            ..Synced::default()
        };
        if !told.foreign.is_empty() {
            self.hold(Hold::ForeignUse);
        }
        // Used for good, unless an operator is about to say that a node lied.
        if self.hold.is_none() {
            self.returned = self.returned.split_off(&now.finalized);
        }
        let used = self.open.range(..now.latest);
        told.missing = used
            .filter(|(_, slot)| !slot.attempts.is_empty())
            .map(|(nonce, _)| *nonce)
            .collect();
        for (nonce, settled) in self.settled.range_mut(..now.safe) {
            if settled.ours && !settled.safe {
                settled.safe = true;
                told.safe.push(*nonce);
            }
        }
        let settled = self.settled.range(..now.finalized);
        told.verify = settled.map(|(nonce, _)| *nonce).collect();
        Ok(told)
    }

    /// Runs of nonces in `from..to` that were used and bear no signature of ours.
    fn foreign(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        if from >= to {
            return Vec::new();
        }
        let mut found: Vec<(u64, u64)> = self
            .returned
            .range(from..to)
            .map(|nonce| (*nonce, *nonce))
            .collect();
        let unsigned = self
            .open
            .range(from..to)
            .filter(|(_, slot)| slot.attempts.is_empty());
        found.extend(unsigned.map(|(nonce, _)| (*nonce, *nonce)));
        let beyond = from.max(self.high_water);
        if beyond < to {
            found.push((beyond, to - 1));
        }
        found.sort_unstable();
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for (first, last) in found {
            match runs.last_mut() {
                Some(run) if run.1 + 1 == first => run.1 = last,
                _ => runs.push((first, last)),
            }
        }
        runs
    }

    /// Forget every block from `from_block` on: what they settled is open again and must be sent
    /// again, the same bytes. A nonce that only a count called used may have been used by one of
    /// them, so it is open again too, until the next `sync`. The floor comes down to the lowest nonce
    /// that no receipt settles; the high-water mark does not.
    pub fn reorg(&mut self, from_block: u64) -> Reorged {
        let mut told = Reorged {
            reopened: Vec::new(),
            beyond_final: self.final_block.is_some_and(|block| block >= from_block),
        };
        if told.beyond_final {
            self.hold(Hold::FinalReorged);
        }
        let gone = |(_, settled): &(&u64, &Settled)| settled.receipt.block >= from_block;
        let gone = self.settled.iter().filter(gone).map(|(nonce, _)| *nonce);
        for nonce in gone.collect::<Vec<_>>() {
            if let Some(Settled { slot, receipt, .. }) = self.settled.remove(&nonce) {
                self.open.insert(nonce, slot.reopened(receipt.hash));
                told.reopened.push(nonce);
            }
        }
        for (nonce, slot) in self.open.range_mut(..self.counts.latest) {
            if !told.reopened.contains(nonce) {
                *slot = std::mem::take(slot).reopened(B256::ZERO);
                told.reopened.push(*nonce);
            }
        }
        told.reopened.sort_unstable();
        let lowest = [told.reopened.first(), self.returned.first()];
        if let Some(lowest) = lowest.into_iter().flatten().min() {
            self.counts.lower(*lowest);
        }
        told
    }
}
