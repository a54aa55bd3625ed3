//! A nonce and what is signed under it.
//!
//! What an open slot is follows from its attempts and the chain's floor, so no flag can disagree
//! with them; only a receipt closes it.
//!
//! | state | is | may become | by |
//! | --- | --- | --- | --- |
//! | RESERVED | no attempt | SIGNED; given back; STOLEN | `signed`; `release`; `sync` |
//! | SIGNED | attempts, none sent | BROADCAST, REFUSED, MINED, STOLEN | `sent`; `confirm` |
//! | BROADCAST | an attempt may be in a pool | MINED, STOLEN, MISSING | `confirm`; `sync` |
//! | REFUSED | every sent attempt was refused | SIGNED, BROADCAST, MINED, STOLEN | `signed`, `sent`; `confirm` |
//! | MISSING | attempts, below the floor, no receipt | MINED, STOLEN | `confirm` |
//! | MINED | one of ours is in a block, reverted or not | SAFE, FINAL | `sync`; `confirm` |
//! | SAFE | the same, and its batch is on L1 | FINAL | `confirm` |
//! | STOLEN | used by a transaction that is not ours | FINAL | `confirm` |
//! | FINAL | settled for good; the slot is dropped | - | |
//!
//! One edge goes back: the block that settled a slot vanishes (`reorg`), and the slot is what its
//! attempts say again. While a slot exists, its intent gets no other nonce.

use std::sync::Arc;

use alloy_primitives::B256;

use super::attempt::{Attempt, Outcome, Purpose};
use super::named;
use super::told::Receipt;
use crate::error::CoreError;
use crate::units::TimeNs;

named!(
    /// Where a slot stands (module table).
    SlotState, SLOT_STATES, "state", 10, {
        /// Belongs to an intent, nothing signed.
        Reserved = "RESERVED",
        /// Signed, not sent.
        Signed = "SIGNED",
        /// May be in a pool.
        Broadcast = "BROADCAST",
        /// Sent and refused by all.
        Refused = "REFUSED",
        /// The nonce is used, and no receipt of ours is known.
        Missing = "MISSING",
        /// Ours, in a sealed block.
        Mined = "MINED",
        /// Ours, in a block whose batch is on L1.
        Safe = "SAFE",
        /// Used by somebody else.
        Stolen = "STOLEN",
        /// Settled for good.
        Final = "FINAL",
        /// Given back unsigned; belongs to nobody.
        Returned = "RETURNED",
    }
);

/// Attempts per slot. Far above the bumps any price limit allows; a caller that signs more runs
/// in a circle. No-ops may go on to twice as many: a nonce that nobody can close freezes the wallet.
const MAX_ATTEMPTS: usize = 64;

/// What a caller sees of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    /// The nonce.
    pub nonce: u64,
    /// Whose it is; none = a filler's.
    pub intent: Option<Arc<str>>,
    /// Where it stands.
    pub state: SlotState,
    /// Hashes signed under it, oldest first.
    pub hashes: Vec<B256>,
}

/// An open slot: nothing has settled it.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub(super) intent: Option<Arc<str>>,
    pub(super) attempts: Vec<Attempt>,
    /// When it was reserved or last asked to be signed or replaced; none = before a restart.
    pub(super) asked_at: Option<TimeNs>,
    /// Since when it waits for a block at its newest price; none = nothing sent.
    pub(super) waits_since: Option<TimeNs>,
    /// When `due` last asked to look at it.
    pub(super) looked_at: Option<TimeNs>,
}

impl Slot {
    pub(super) fn reserved(intent: Option<Arc<str>>, now: TimeNs) -> Self {
        Self {
            intent,
            asked_at: Some(now),
            ..Self::default()
        }
    }

    /// Where it stands, given how far the chain has counted.
    pub(super) fn state(&self, nonce: u64, floor: u64) -> SlotState {
        let used = nonce < floor;
        if self.attempts.is_empty() {
            return if used {
                SlotState::Stolen
            } else {
                SlotState::Reserved
            };
        }
        if used {
            return SlotState::Missing;
        }
        if self.is_live() {
            return SlotState::Broadcast;
        }
        let unsent = |attempt: &Attempt| attempt.outcome == Outcome::Unsent;
        if self.attempts.iter().any(unsent) {
            SlotState::Signed
        } else {
            SlotState::Refused
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.attempts.iter().any(Attempt::live)
    }

    /// Add an attempt.
    pub(super) fn sign(
        &mut self,
        nonce: u64,
        attempt: Attempt,
        now: TimeNs,
    ) -> Result<(), CoreError> {
        let purpose = attempt.purpose;
        let first = self.attempts.is_empty();
        // Fresh bytes for a call that is signed already would be a second original.
        if purpose == Purpose::Original && !first {
            let reason = format!(
                "has {} attempts: sign a bump or a cancel",
                self.attempts.len()
            );
            return Err(CoreError::nonce(nonce, reason));
        }
        if purpose == Purpose::Bump && first {
            return Err(CoreError::nonce(nonce, "has no attempt to bump"));
        }
        if self.intent.is_none() && matches!(purpose, Purpose::Original | Purpose::Cancel) {
            let reason = format!("belongs to no intent: {} cannot be signed", purpose.name());
            return Err(CoreError::nonce(nonce, reason));
        }
        // The purpose of what was mined says whether the intent's call was: a dearer no-op is signed
        // as a no-op, and the call does not overtake its own cancel.
        if purpose == Purpose::Bump && self.intent.is_some() && self.first_no_op().is_some() {
            let reason = "has a no-op signed: sign a dearer cancel or filler, not a bump";
            return Err(CoreError::nonce(nonce, reason));
        }
        let most = MAX_ATTEMPTS * if purpose.is_no_op() { 2 } else { 1 };
        if self.attempts.len() >= most {
            let reason = format!("has {} attempts, the limit", self.attempts.len());
            return Err(CoreError::nonce(nonce, reason));
        }
        self.attempts.push(Attempt {
            touched_at: Some(now),
            ..attempt
        });
        Ok(())
    }

    /// Take the nodes' answer about one attempt.
    pub(super) fn heard(&mut self, hash: B256, outcome: Outcome, now: TimeNs) {
        let newest = self.attempts.len().saturating_sub(1);
        let found = self.attempts.iter_mut().enumerate();
        for (at, attempt) in found.filter(|(_, attempt)| attempt.hash == hash) {
            let first = attempt.outcome == Outcome::Unsent;
            attempt.heard(outcome, now);
            if at == newest && (first || self.waits_since.is_none()) {
                self.waits_since = Some(now);
            }
        }
    }

    /// The slot after the block that settled it is gone: pools have forgotten what was mined, so
    /// nothing counts as accepted, and everything is to be looked at now. What was `mined` had left,
    /// whatever the nodes' answers had been.
    pub(super) fn reopened(mut self, mined: B256) -> Self {
        for attempt in &mut self.attempts {
            if attempt.live() || attempt.hash == mined {
                attempt.outcome = Outcome::Unknown;
            }
            attempt.touched_at = None;
        }
        self.asked_at = None;
        self.waits_since = None;
        self.looked_at = None;
        self
    }

    /// The attempt with `hash`.
    pub(super) fn attempt(&self, hash: B256) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.hash == hash)
    }

    /// The highest price ever signed, each field on its own: what a replacement has to beat.
    pub(super) fn highest(&self) -> (u128, u128) {
        self.attempts.iter().fold((0, 0), |(tip, cap), attempt| {
            (tip.max(attempt.tip_wei), cap.max(attempt.cap_wei))
        })
    }

    fn first_no_op(&self) -> Option<usize> {
        let mut purposes = self.attempts.iter().map(|attempt| attempt.purpose);
        purposes.position(Purpose::is_no_op)
    }

    /// How often the price of what is wanted now was raised: a no-op has bumps of its own.
    pub(super) fn bumps(&self) -> usize {
        let first = self.first_no_op().unwrap_or(0);
        self.attempts.len().saturating_sub(first + 1)
    }

    pub(super) fn view(&self, nonce: u64, state: SlotState) -> SlotView {
        SlotView {
            nonce,
            intent: self.intent.clone(),
            state,
            hashes: self.attempts.iter().map(|attempt| attempt.hash).collect(),
        }
    }
}

/// A slot that a block has settled, until that block is final.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) slot: Slot,
    pub(super) receipt: Receipt,
    /// Whether the transaction in the block is one of ours.
    pub(super) ours: bool,
    pub(super) safe: bool,
}

impl Settled {
    pub(super) fn state(&self) -> SlotState {
        match (self.ours, self.safe) {
            (false, _) => SlotState::Stolen,
            (true, false) => SlotState::Mined,
            (true, true) => SlotState::Safe,
        }
    }
}
