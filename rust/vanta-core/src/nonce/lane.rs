//! One wallet on one chain: giving nonces out, taking them back, recording what was signed and sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use alloy_primitives::{Address, B256};

use super::attempt::{Attempt, Outcome, Purpose};
use super::slot::{Settled, Slot, SlotState, SlotView};
use super::told::Counts;
use super::{MAX_NONCE, NonceConfig, named};
use crate::error::CoreError;
use crate::units::TimeNs;

named!(
    /// Why a lane gives no nonce out.
    Hold, HOLDS, "hold", 3, {
        /// Somebody else used the wallet's key or its nonces: perhaps a theft.
        ForeignUse = "FOREIGN_USE",
        /// A block that was final is gone: no assumption of this ledger holds.
        FinalReorged = "FINAL_REORGED",
        /// An operator, an empty wallet, a failed check.
        Asked = "ASKED",
    }
);

/// Most nonces of others that are kept in mind below one given out; no reorg is as deep.
const MAX_SKIPPED: u64 = 1_024;

/// Answer of `reserve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// The intent's nonce.
    Given(u64),
    /// As many slots are open as may be.
    Full {
        /// Open slots.
        in_flight: u64,
        /// The limit.
        cap: u64,
    },
    /// The lane is on hold.
    Held(Hold),
}

/// The nonces of one wallet on one chain.
#[derive(Debug, Clone)]
pub struct Lane {
    pub(super) chain_id: u64,
    pub(super) wallet: Address,
    pub(super) delegated: bool,
    pub(super) hold: Option<Hold>,
    /// One above the highest nonce ever given out. Never falls.
    pub(super) high_water: u64,
    /// What the chain has counted, as far as it was ever heard.
    pub(super) counts: Counts,
    /// Highest block of a slot that became final.
    pub(super) final_block: Option<u64>,
    pub(super) open: BTreeMap<u64, Slot>,
    pub(super) settled: BTreeMap<u64, Settled>,
    /// Given back unsigned.
    pub(super) returned: BTreeSet<u64>,
    /// Every hash of `open` and `settled`.
    pub(super) hashes: HashMap<B256, u64>,
}

impl Lane {
    /// A lane of a wallet we never used before.
    ///
    /// # Errors
    /// `OutOfRange` for counts no chain can have, `Invalid` when they contradict each other.
    pub fn new(
        chain_id: u64,
        wallet: Address,
        delegated: bool,
        counts: Counts,
    ) -> Result<Self, CoreError> {
        counts.validate()?;
        Ok(Self {
            chain_id,
            wallet,
            delegated,
            hold: None,
            high_water: counts.latest,
            counts,
            final_block: None,
            open: BTreeMap::new(),
            settled: BTreeMap::new(),
            returned: BTreeSet::new(),
            hashes: HashMap::new(),
        })
    }

    /// Open slots allowed. A node takes one transaction of a delegated (EIP-7702) account.
    #[must_use]
    pub fn cap(&self, config: &NonceConfig) -> u64 {
        if self.delegated {
            1
        } else {
            config.max_in_flight
        }
    }

    /// Open slots.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.open.len().try_into().unwrap_or(u64::MAX)
    }

    /// One above the highest nonce ever given out.
    #[must_use]
    pub const fn high_water(&self) -> u64 {
        self.high_water
    }

    /// Why no nonce is given out, if so.
    #[must_use]
    pub const fn held(&self) -> Option<Hold> {
        self.hold
    }

    /// Give out a nonce: the lowest returned one the chain has not used, else the next.
    ///
    /// # Errors
    /// `Overflow` beyond [`MAX_NONCE`].
    pub(super) fn reserve(
        &mut self,
        config: &NonceConfig,
        intent: Arc<str>,
        now: TimeNs,
    ) -> Result<Reserve, CoreError> {
        if let Some(hold) = self.hold {
            return Ok(Reserve::Held(hold));
        }
        let (in_flight, cap) = (self.in_flight(), self.cap(config));
        if in_flight >= cap {
            return Ok(Reserve::Full { in_flight, cap });
        }
        let returned = self.returned.range(self.counts.latest..).next().copied();
        let nonce = returned.unwrap_or(self.high_water.max(self.counts.latest));
        if nonce >= MAX_NONCE {
            return Err(CoreError::Overflow { what: "nonce" });
        }
        // Used by somebody else when we heard of them, but not for good: when their blocks vanish,
        // what we sign now waits behind them.
        let skipped = self.high_water.max(self.counts.finalized);
        let skipped = skipped.max(nonce.saturating_sub(MAX_SKIPPED));
        self.returned.extend(skipped..nonce);
        self.returned.remove(&nonce);
        self.high_water = self.high_water.max(nonce + 1);
        self.open.insert(nonce, Slot::reserved(Some(intent), now));
        Ok(Reserve::Given(nonce))
    }

    /// Take a returned nonce for a filler. No cap applies: what waits behind a gap cannot be mined.
    ///
    /// # Errors
    /// `Nonce` unless the nonce is returned and unused by the chain.
    pub fn fill(&mut self, nonce: u64, now: TimeNs) -> Result<(), CoreError> {
        if !self.returned.contains(&nonce) {
            return Err(self.refusal(nonce, "filled"));
        }
        if nonce < self.counts.latest {
            let reason = format!("was used on chain, which counts {}", self.counts.latest);
            return Err(CoreError::nonce(nonce, reason));
        }
        self.returned.remove(&nonce);
        self.open.insert(nonce, Slot::reserved(None, now));
        Ok(())
    }

    /// Take a nonce back that was never signed. True when later ones are out, so that it must be
    /// given again or filled before they can be mined.
    ///
    /// # Errors
    /// `Nonce` when anything was signed under it or it is not open; a signature may have left.
    pub(super) fn release(&mut self, nonce: u64) -> Result<(bool, Option<Arc<str>>), CoreError> {
        let unsigned = |slot: &Slot| slot.attempts.is_empty();
        if !self.open.get(&nonce).is_some_and(unsigned) {
            return Err(self.refusal(nonce, "released"));
        }
        let intent = self.open.remove(&nonce).and_then(|slot| slot.intent);
        self.returned.insert(nonce);
        Ok((self.gaps().contains(&nonce), intent))
    }

    /// Record a signature, before its bytes leave.
    ///
    /// # Errors
    /// `Nonce` when the slot is not open, the hash is known, the purpose does not fit, or an
    /// original would be signed while the lane is on hold or under a used nonce.
    pub fn signed(&mut self, nonce: u64, attempt: Attempt, now: TimeNs) -> Result<(), CoreError> {
        let hash = attempt.hash;
        if let Some(other) = self.hashes.get(&hash) {
            let reason = format!("cannot take a hash that is an attempt of nonce {other}");
            return Err(CoreError::nonce(nonce, reason));
        }
        if !self.open.contains_key(&nonce) {
            return Err(self.refusal(nonce, "signed"));
        }
        if nonce < self.counts.latest {
            let reason = format!("was used on chain, which counts {}", self.counts.latest);
            return Err(CoreError::nonce(nonce, reason));
        }
        if let (Some(hold), Purpose::Original) = (self.hold, attempt.purpose) {
            let reason = format!("cannot be signed: the lane is on hold, {}", hold.name());
            return Err(CoreError::nonce(nonce, reason));
        }
        if let Some(slot) = self.open.get_mut(&nonce) {
            slot.sign(nonce, attempt, now)?;
            self.hashes.insert(hash, nonce);
        }
        Ok(())
    }

    /// Record what the nodes said about an attempt; returns its nonce. After a receipt it changes
    /// nothing: late answers are normal.
    ///
    /// # Errors
    /// `Invalid` for a hash that is no attempt of this lane, or an outcome of `Unsent`.
    pub fn sent(&mut self, hash: B256, outcome: Outcome, now: TimeNs) -> Result<u64, CoreError> {
        if outcome == Outcome::Unsent {
            return Err(CoreError::invalid(
                "outcome",
                "unsent is no answer of a node",
            ));
        }
        let nonce = self.hashes.get(&hash).copied().ok_or_else(|| {
            CoreError::invalid("hash", format!("{hash} is no attempt of this lane"))
        })?;
        if let Some(slot) = self.open.get_mut(&nonce) {
            slot.heard(hash, outcome, now);
        } else if let Some(settled) = self.settled.get_mut(&nonce) {
            // Told to a slot whose block may vanish: then it must not look unsent.
            settled.slot.heard(hash, outcome, now);
        }
        Ok(nonce)
    }

    /// Nonces that keep later ones from being mined: no attempt under them may be in a pool, and
    /// one above them may. Lowest first.
    #[must_use]
    pub fn gaps(&self) -> Vec<u64> {
        let out = self.open.iter().rev().find(|(_, slot)| slot.is_live());
        let Some((&top, _)) = out else {
            return Vec::new();
        };
        let floor = self.counts.latest;
        if top < floor {
            return Vec::new();
        }
        let mut gaps: Vec<u64> = self.returned.range(floor..top).copied().collect();
        let idle = self
            .open
            .range(floor..top)
            .filter(|(_, slot)| !slot.is_live());
        gaps.extend(idle.map(|(nonce, _)| *nonce));
        gaps.sort_unstable();
        gaps
    }

    /// Stop giving nonces out. A foreign use is not hidden by a lesser reason.
    pub fn hold(&mut self, why: Hold) {
        if self.hold.is_none() || why != Hold::Asked {
            self.hold = Some(why);
        }
    }

    /// An operator's word that the wallet is ours again and that the chain counts `latest`, lower
    /// than it was heard if a node lied. The high-water mark stays.
    ///
    /// # Errors
    /// `OutOfRange` beyond [`MAX_NONCE`].
    pub fn resume(&mut self, latest: u64) -> Result<(), CoreError> {
        let counts = Counts {
            latest,
            safe: self.counts.safe.min(latest),
            finalized: self.counts.finalized.min(latest),
        };
        counts.validate()?;
        self.counts = counts;
        self.hold = None;
        Ok(())
    }

    /// Whether the account is delegated (EIP-7702).
    pub fn set_delegated(&mut self, delegated: bool) {
        self.delegated = delegated;
    }

    /// Every slot that is not final, by nonce.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotView> {
        let floor = self.counts.latest;
        let open = self.open.iter();
        let mut out: Vec<SlotView> = open
            .map(|(nonce, slot)| slot.view(*nonce, slot.state(*nonce, floor)))
            .collect();
        out.extend(
            self.settled
                .iter()
                .map(|(nonce, settled)| settled.slot.view(*nonce, settled.state())),
        );
        out.sort_unstable_by_key(|view| view.nonce);
        out
    }

    /// Where a nonce stands; none = never given out.
    #[must_use]
    pub fn state(&self, nonce: u64) -> Option<SlotState> {
        if let Some(slot) = self.open.get(&nonce) {
            return Some(slot.state(nonce, self.counts.latest));
        }
        if let Some(settled) = self.settled.get(&nonce) {
            return Some(settled.state());
        }
        if self.returned.contains(&nonce) {
            return Some(SlotState::Returned);
        }
        (nonce < self.high_water).then_some(SlotState::Final)
    }

    /// The error that says where a nonce stands and what was asked of it.
    pub(super) fn refusal(&self, nonce: u64, asked: &str) -> CoreError {
        let reason = match self.state(nonce) {
            Some(state) => format!("is {} and cannot be {asked}", state.name()),
            None => format!("was never reserved and cannot be {asked}"),
        };
        CoreError::nonce(nonce, reason)
    }
}
