//! A ledger with one lane, and short words for what is done to it.
#![allow(dead_code, reason = "each test crate uses its own part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use alloy_primitives::{Address, B256};
use vanta_core::CoreError;
use vanta_core::nonce::{
    Attempt, Confirmed, Counts, Due, DueKind, LaneIx, Market, NonceConfig, NonceLedger, Outcome,
    Purpose, Receipt, Reserve, SlotState, Synced,
};
use vanta_core::units::TimeNs;

pub const CHAIN: u64 = 8453;
pub const SECOND: i64 = 1_000_000_000;

pub fn hash(n: u64) -> B256 {
    B256::left_padding_from(&(n + 1).to_be_bytes())
}

pub fn at(ns: i64) -> TimeNs {
    TimeNs::new(ns).unwrap()
}

pub fn counts(latest: u64, safe: u64, finalized: u64) -> Counts {
    Counts {
        latest,
        safe,
        finalized,
    }
}

/// A ledger whose one lane starts at nonce 5.
pub struct Wallet {
    pub ledger: NonceLedger,
    pub lane: LaneIx,
    pub now: i64,
}

impl Wallet {
    pub fn new() -> Self {
        Self::with(NonceConfig::default(), false)
    }

    pub fn with(config: NonceConfig, delegated: bool) -> Self {
        let mut ledger = NonceLedger::new(config).unwrap();
        let wallet = Address::repeat_byte(7);
        let lane = ledger
            .open_lane(CHAIN, wallet, delegated, counts(5, 5, 5))
            .unwrap();
        let now = SECOND;
        Self { ledger, lane, now }
    }

    pub fn try_reserve(&mut self, intent: &str) -> Result<Reserve, CoreError> {
        self.ledger.reserve(self.lane, intent, at(self.now))
    }

    /// The nonce `intent` gets.
    pub fn reserve(&mut self, intent: &str) -> u64 {
        match self.try_reserve(intent).unwrap() {
            Reserve::Given(nonce) => nonce,
            other => panic!("{intent} got {other:?}"),
        }
    }

    pub fn try_sign(&mut self, nonce: u64, n: u64, purpose: Purpose) -> Result<(), CoreError> {
        let price = u128::from(n) + 1;
        let attempt = Attempt::signed(hash(n), price, price * 10, purpose).unwrap();
        let now = at(self.now);
        self.ledger.signed(self.lane, nonce, attempt, now)
    }

    /// Sign attempt `n` (its hash and price follow from it).
    pub fn sign(&mut self, nonce: u64, n: u64, purpose: Purpose) {
        self.try_sign(nonce, n, purpose).unwrap();
    }

    pub fn sent(&mut self, n: u64, outcome: Outcome) {
        let now = at(self.now);
        self.ledger.sent(self.lane, hash(n), outcome, now).unwrap();
    }

    /// Reserve, sign and send attempt `n`.
    pub fn out(&mut self, intent: &str, n: u64) -> u64 {
        let nonce = self.reserve(intent);
        self.sign(nonce, n, Purpose::Original);
        self.sent(n, Outcome::Accepted);
        nonce
    }

    pub fn try_confirm(&mut self, nonce: u64, n: u64, block: u64) -> Result<Confirmed, CoreError> {
        let receipt = Receipt {
            hash: hash(n),
            block,
            block_hash: hash(1_000 + block),
            ok: true,
        };
        self.ledger.confirm(self.lane, nonce, receipt)
    }

    pub fn confirm(&mut self, nonce: u64, n: u64, block: u64) -> Confirmed {
        self.try_confirm(nonce, n, block).unwrap()
    }

    pub fn sync(&mut self, latest: u64, safe: u64, finalized: u64) -> Synced {
        let heard = counts(latest, safe, finalized);
        self.ledger.sync(self.lane, heard).unwrap()
    }

    pub fn state(&self, nonce: u64) -> Option<SlotState> {
        self.ledger.lane(self.lane).unwrap().state(nonce)
    }

    pub fn gaps(&self) -> Vec<u64> {
        self.ledger.lane(self.lane).unwrap().gaps()
    }

    pub fn resume(&mut self, latest: u64) {
        let lane = self.ledger.lane_mut(self.lane).unwrap();
        lane.resume(latest).unwrap();
    }

    pub fn high_water(&self) -> u64 {
        self.ledger.lane(self.lane).unwrap().high_water()
    }

    pub fn due(&mut self, market: Option<Market>) -> Vec<Due> {
        let found = self.ledger.due(CHAIN, market, at(self.now));
        found.into_iter().map(|row| row.due).collect()
    }

    /// Nonce and kind of what is due.
    pub fn kinds(&mut self, market: Option<Market>) -> Vec<(u64, DueKind)> {
        let found = self.due(market).into_iter();
        found.map(|due| (due.nonce, due.kind)).collect()
    }

    /// The same lane in another process, `latest` counted everywhere, and its first work.
    pub fn crash(&self, heard: Counts) -> (Self, Vec<(u64, DueKind)>) {
        let (row, slots, attempts) = self.ledger.lane(self.lane).unwrap().dump();
        let mut ledger = NonceLedger::new(NonceConfig::default()).unwrap();
        let (lane, told) = ledger
            .restore(&row, &slots, &attempts, heard, at(self.now))
            .unwrap();
        let work = told.work.iter().map(|due| (due.nonce, due.kind)).collect();
        let now = self.now;
        (Self { ledger, lane, now }, work)
    }
}
