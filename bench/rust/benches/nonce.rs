//! Nonce ledger: a transaction's whole life, and one look over 1,000 wallets for what is due.
//!
//! 64 lanes keep 64 settled slots each, as a wallet does that sends every 20 seconds and waits 20
//! minutes for finality; lanes, intents and hashes rotate.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::hint::black_box;

use alloy_primitives::{Address, B256};
use criterion::{Criterion, criterion_group, criterion_main};
use vanta_core::nonce::{
    Attempt, Counts, LaneIx, Market, NonceConfig, NonceLedger, Outcome, Purpose, Receipt, Reserve,
};
use vanta_core::units::TimeNs;

const LANES: u64 = 64;
const WAITING: u64 = 64;
const NAMES: u64 = 8_192;

struct World {
    ledger: NonceLedger,
    lanes: Vec<LaneIx>,
    intents: Vec<String>,
    hashes: Vec<B256>,
    turn: u64,
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

fn world(lanes: u64) -> World {
    let mut ledger = NonceLedger::new(NonceConfig::default()).unwrap();
    let counts = Counts {
        latest: 0,
        safe: 0,
        finalized: 0,
    };
    let open = |at: u64| {
        let wallet = Address::left_padding_from(&at.to_be_bytes());
        ledger.open_lane(8453, wallet, false, counts).unwrap()
    };
    let lanes = (0..lanes).map(open).collect();
    World {
        ledger,
        lanes,
        intents: (0..NAMES).map(|at| format!("order:{at}")).collect(),
        hashes: (0..NAMES)
            .map(|at| alloy_primitives::keccak256(at.to_be_bytes()))
            .collect(),
        turn: 0,
    }
}

impl World {
    fn now(&self) -> TimeNs {
        TimeNs::new(i64::try_from(self.turn).unwrap() * 1_000_000).unwrap()
    }

    fn send(&mut self) -> (LaneIx, u64, B256) {
        let now = self.now();
        let lane = self.lanes[place(self.turn) % self.lanes.len()];
        let intent = &self.intents[place(self.turn % NAMES)];
        let hash = self.hashes[place(self.turn % NAMES)];
        let Reserve::Given(nonce) = self.ledger.reserve(lane, intent, now).unwrap() else {
            return (lane, 0, hash);
        };
        let attempt = Attempt::signed(hash, 1_000_000, 12_000_000, Purpose::Original).unwrap();
        self.ledger.signed(lane, nonce, attempt, now).unwrap();
        self.ledger
            .sent(lane, hash, Outcome::Accepted, now)
            .unwrap();
        (lane, nonce, hash)
    }

    /// Reserve, sign, send, mine; and finality for the nonce of 64 sends ago.
    fn life(&mut self) {
        let (lane, nonce, hash) = self.send();
        let block = self.turn;
        let receipt = |hash| Receipt {
            hash,
            block,
            block_hash: hash,
            ok: true,
        };
        self.ledger.confirm(lane, nonce, receipt(hash)).unwrap();
        if let Some(old) = nonce.checked_sub(WAITING) {
            let counts = Counts {
                latest: nonce + 1,
                safe: old + 1,
                finalized: old + 1,
            };
            self.ledger.sync(lane, counts).unwrap();
            let of_old = self.hashes[place((self.turn - WAITING * LANES) % NAMES)];
            let told = self.ledger.confirm(lane, old, receipt(of_old)).unwrap();
            black_box(told);
        }
        self.turn += 1;
    }
}

fn life(c: &mut Criterion) {
    let mut world = world(LANES);
    for _ in 0..LANES * WAITING * 2 {
        world.life();
    }
    c.bench_function("nonce/reserve sign send mine finalize", |b| {
        b.iter(|| world.life());
    });
}

fn due(c: &mut Criterion) {
    let mut world = world(1_000);
    for _ in 0..3_000 {
        world.send();
        world.turn += 1;
    }
    let market = Some(Market {
        base_fee_wei: 20_000_000,
        tip_wei: 1,
    });
    c.bench_function("nonce/due over 1,000 wallets of 3 open slots", |b| {
        b.iter(|| {
            world.turn += 500;
            let now = world.now();
            black_box(world.ledger.due(8453, market, now).len())
        });
    });
}

criterion_group!(benches, life, due);
criterion_main!(benches);
