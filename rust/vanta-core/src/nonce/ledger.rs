//! All lanes, and the one promise that spans them: an intent has one live nonce, on one wallet.

use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::{Address, B256};

use super::attempt::{Attempt, Outcome};
use super::chain::{Confirmed, Reorged, Synced};
use super::config::NonceConfig;
use super::due::{Due, Market};
use super::lane::{Hold, Lane, Reserve};
use super::restore::{AttemptRow, LaneRow, Recovery, SlotRow};
use super::slot::SlotState;
use super::told::{Counts, Receipt};
use crate::error::CoreError;
use crate::units::TimeNs;

/// Handle of a lane, dense from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneIx(pub u32);

/// Longest intent reference, in bytes of UTF-8.
const MAX_INTENT: usize = 128;

/// One thing to do, and on which lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRow {
    /// Which lane.
    pub lane: LaneIx,
    /// What.
    pub due: Due,
}

/// The nonces of all wallets of this process.
#[derive(Debug, Clone, Default)]
pub struct NonceLedger {
    config: NonceConfig,
    lanes: Vec<Lane>,
    by_wallet: HashMap<(u64, Address), LaneIx>,
    intents: HashMap<Arc<str>, (LaneIx, u64)>,
}

impl NonceLedger {
    /// An empty ledger.
    ///
    /// # Errors
    /// As [`NonceConfig::validate`].
    pub fn new(config: NonceConfig) -> Result<Self, CoreError> {
        Ok(Self {
            config: config.validate()?,
            ..Self::default()
        })
    }

    fn next_ix(&self, chain_id: u64, wallet: Address) -> Result<LaneIx, CoreError> {
        if self.by_wallet.contains_key(&(chain_id, wallet)) {
            let reason = format!("{wallet} has a lane on chain {chain_id} already");
            return Err(CoreError::invalid("wallet", reason));
        }
        let index = u32::try_from(self.lanes.len());
        index
            .map(LaneIx)
            .map_err(|_| CoreError::Overflow { what: "lane" })
    }

    fn add(&mut self, index: LaneIx, lane: Lane) {
        self.by_wallet.insert((lane.chain_id, lane.wallet), index);
        self.lanes.push(lane);
    }

    fn place(index: LaneIx) -> usize {
        usize::try_from(index.0).unwrap_or(usize::MAX)
    }

    /// The lane of a handle.
    ///
    /// # Errors
    /// `Unknown` for a handle never given.
    pub fn lane(&self, index: LaneIx) -> Result<&Lane, CoreError> {
        self.lanes
            .get(Self::place(index))
            .ok_or(CoreError::Unknown {
                name: "lane",
                value: u64::from(index.0),
            })
    }

    /// As [`NonceLedger::lane`], to change what concerns no intent.
    ///
    /// # Errors
    /// `Unknown` for a handle never given.
    pub fn lane_mut(&mut self, index: LaneIx) -> Result<&mut Lane, CoreError> {
        self.lanes
            .get_mut(Self::place(index))
            .ok_or(CoreError::Unknown {
                name: "lane",
                value: u64::from(index.0),
            })
    }

    /// The lane of a wallet never used by us.
    ///
    /// # Errors
    /// `Invalid` for a wallet that has one, and as [`Lane::new`].
    pub fn open_lane(
        &mut self,
        chain_id: u64,
        wallet: Address,
        delegated: bool,
        counts: Counts,
    ) -> Result<LaneIx, CoreError> {
        let index = self.next_ix(chain_id, wallet)?;
        self.add(index, Lane::new(chain_id, wallet, delegated, counts)?);
        Ok(index)
    }

    /// The lane of stored rows, and what to do first.
    ///
    /// # Errors
    /// `Invalid` for a wallet that has a lane or an intent that has a nonce elsewhere, and as
    /// [`Lane::restore`]; then nothing is changed.
    pub fn restore(
        &mut self,
        row: &LaneRow,
        slots: &[SlotRow],
        attempts: &[AttemptRow],
        heard: Counts,
        now: TimeNs,
    ) -> Result<(LaneIx, Recovery), CoreError> {
        let index = self.next_ix(row.chain_id, row.wallet)?;
        let mut named = 0_usize;
        for intent in slots.iter().filter_map(|slot| slot.intent.as_ref()) {
            named += 1;
            check_intent(intent)?;
            self.unused(intent)?;
        }
        let (lane, told) = Lane::restore(row, slots, attempts, heard, &self.config, now)?;
        let intents = lane.intents();
        if intents.len() != named {
            let reason = "has two live nonces in the rows";
            return Err(CoreError::invalid("intent", reason));
        }
        let placed = intents.into_iter();
        self.intents
            .extend(placed.map(|(intent, nonce)| (intent, (index, nonce))));
        self.add(index, lane);
        Ok((index, told))
    }

    fn unused(&self, intent: &str) -> Result<(), CoreError> {
        let Some((index, nonce)) = self.intents.get(intent) else {
            return Ok(());
        };
        let state = self
            .lane(*index)?
            .state(*nonce)
            .map_or("?", SlotState::name);
        let reason = format!("is {state} for this intent on lane {}", index.0);
        Err(CoreError::nonce(*nonce, reason))
    }

    /// Give `intent` a nonce, or say why not.
    ///
    /// # Errors
    /// `Nonce` when the intent has one already, wherever and in whatever state short of FINAL;
    /// `Unknown` lane, `Invalid` intent (1..=128 bytes), `Overflow` of the nonce.
    pub fn reserve(
        &mut self,
        index: LaneIx,
        intent: &str,
        now: TimeNs,
    ) -> Result<Reserve, CoreError> {
        check_intent(intent)?;
        self.unused(intent)?;
        let config = self.config;
        let name: Arc<str> = Arc::from(intent);
        let given = self
            .lane_mut(index)?
            .reserve(&config, Arc::clone(&name), now)?;
        if let Reserve::Given(nonce) = given {
            self.intents.insert(name, (index, nonce));
        }
        Ok(given)
    }

    /// Take a nonce back that was never signed; true when it is now a gap.
    ///
    /// # Errors
    /// As [`NonceLedger::lane`]; `Nonce` when anything was signed under it or it is not open.
    pub fn release(&mut self, index: LaneIx, nonce: u64) -> Result<bool, CoreError> {
        let (is_gap, intent) = self.lane_mut(index)?.release(nonce)?;
        if let Some(intent) = intent {
            self.intents.remove(&intent);
        }
        Ok(is_gap)
    }

    /// Record a signature before its bytes leave; see [`Lane::signed`].
    ///
    /// # Errors
    /// As [`Lane::signed`] and [`NonceLedger::lane`].
    pub fn signed(
        &mut self,
        index: LaneIx,
        nonce: u64,
        attempt: Attempt,
        now: TimeNs,
    ) -> Result<(), CoreError> {
        self.lane_mut(index)?.signed(nonce, attempt, now)
    }

    /// Record the nodes' answer; returns the nonce. See [`Lane::sent`].
    ///
    /// # Errors
    /// As [`Lane::sent`] and [`NonceLedger::lane`].
    pub fn sent(
        &mut self,
        index: LaneIx,
        hash: B256,
        outcome: Outcome,
        now: TimeNs,
    ) -> Result<u64, CoreError> {
        self.lane_mut(index)?.sent(hash, outcome, now)
    }

    /// Take a receipt of whatever used `nonce`: one of ours (MINED, the others lost) or not
    /// (STOLEN, hold). May be repeated, and may name another winner when blocks have changed. Once
    /// the finalized count has passed the nonce, a receipt makes it FINAL: the slot is dropped, and
    /// only then may an intent whose nonce was stolen reserve another.
    ///
    /// # Errors
    /// `Nonce` for a final nonce or a hash signed under another nonce; `Unknown` lane.
    pub fn confirm(
        &mut self,
        index: LaneIx,
        nonce: u64,
        receipt: Receipt,
    ) -> Result<Confirmed, CoreError> {
        let told = self.lane_mut(index)?.confirm(nonce, receipt)?;
        if let (SlotState::Final, Some(intent)) = (told.state, &told.intent) {
            self.intents.remove(intent);
        }
        Ok(told)
    }

    /// Take new counts of a lane; see [`Lane::sync`].
    ///
    /// # Errors
    /// As [`Lane::sync`] and [`NonceLedger::lane`].
    pub fn sync(&mut self, index: LaneIx, heard: Counts) -> Result<Synced, CoreError> {
        self.lane_mut(index)?.sync(heard)
    }

    /// Forget the blocks of a chain from `from_block` on, in every lane; see [`Lane::reorg`].
    pub fn reorg(&mut self, chain_id: u64, from_block: u64) -> Vec<(LaneIx, Reorged)> {
        let mut out = Vec::new();
        for (at, lane) in (0_u32..).zip(&mut self.lanes) {
            if lane.chain_id != chain_id {
                continue;
            }
            let told = lane.reorg(from_block);
            if told.beyond_final || !told.reopened.is_empty() {
                out.push((LaneIx(at), told));
            }
        }
        out
    }

    /// Everything due on a chain at `now`, by lane and nonce; see [`Lane::due`].
    pub fn due(&mut self, chain_id: u64, market: Option<Market>, now: TimeNs) -> Vec<DueRow> {
        let config = self.config;
        let mut out = Vec::new();
        for (at, lane) in (0_u32..).zip(&mut self.lanes) {
            if lane.chain_id == chain_id {
                let found = lane.due(&config, market, now).into_iter();
                out.extend(found.map(|due| DueRow {
                    lane: LaneIx(at),
                    due,
                }));
            }
        }
        out
    }

    /// Stop giving nonces of a lane out.
    ///
    /// # Errors
    /// As [`NonceLedger::lane`].
    pub fn hold(&mut self, index: LaneIx) -> Result<(), CoreError> {
        self.lane_mut(index)?.hold(Hold::Asked);
        Ok(())
    }
}

fn check_intent(intent: &str) -> Result<(), CoreError> {
    if intent.is_empty() || intent.len() > MAX_INTENT {
        let reason = format!("has {} bytes, must have 1..={MAX_INTENT}", intent.len());
        return Err(CoreError::invalid("intent", reason));
    }
    Ok(())
}
