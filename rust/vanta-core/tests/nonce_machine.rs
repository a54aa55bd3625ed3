//! The nonce ledger over a life: anything in any order, the chain saying whatever it likes. Whatever
//! happens, no nonce serves two intents, no intent has two, and what was signed is never given again.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod nonce_support;

use std::collections::{BTreeMap, BTreeSet};

use nonce_support::{CHAIN, Wallet, hash};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use vanta_core::nonce::{Outcome, Purpose, Reserve, SlotState};

#[derive(Debug, Clone)]
enum Step {
    Reserve(u8),
    Release(u64),
    Fill(u64),
    Sign(u64, Purpose),
    Sent(u64, Outcome),
    Confirm(u64, u64, u64),
    Sync(u64, u64, u64),
    Reorg(u64),
    Hold,
    Resume(u64),
    Due(i64),
    Crash,
}

/// Steps depend on nothing but chance: what the ledger refuses is part of the test.
struct Anything;

const FIRST: u64 = 5;
const FOREIGN: u64 = 900;

impl ReferenceStateMachine for Anything {
    type State = ();
    type Transition = Step;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Step> {
        let nonce = FIRST..FIRST + 8;
        let purpose = prop::sample::select(vec![
            Purpose::Original,
            Purpose::Original,
            Purpose::Bump,
            Purpose::Cancel,
            Purpose::Filler,
        ]);
        let outcome = prop::sample::select(vec![
            Outcome::Accepted,
            Outcome::Known,
            Outcome::Unknown,
            Outcome::Refused,
        ]);
        let used = prop_oneof![4 => 0_u64..40, 1 => Just(FOREIGN)];
        prop_oneof![
            6 => (0_u8..6).prop_map(Step::Reserve),
            2 => nonce.clone().prop_map(Step::Release),
            1 => nonce.clone().prop_map(Step::Fill),
            6 => (nonce.clone(), purpose).prop_map(|(nonce, purpose)| Step::Sign(nonce, purpose)),
            4 => (0_u64..40, outcome).prop_map(|(n, outcome)| Step::Sent(n, outcome)),
            6 => (nonce, used, 0_u64..20).prop_map(|(nonce, n, block)| Step::Confirm(nonce, n, block)),
            3 => (FIRST..FIRST + 9, 0_u64..4, 0_u64..4).prop_map(|(l, s, f)| Step::Sync(l, s, f)),
            1 => (0_u64..20).prop_map(Step::Reorg),
            1 => Just(Step::Hold),
            2 => (FIRST..FIRST + 9).prop_map(Step::Resume),
            2 => (0_i64..10_000_000_000).prop_map(Step::Due),
            1 => Just(Step::Crash),
        ]
        .boxed()
    }

    fn apply((): (), _: &Step) {}
}

/// The ledger and what an observer remembers of it.
struct Life {
    wallet: Wallet,
    signed: u64,
    at: BTreeMap<u64, u64>,
    ever_signed: BTreeSet<u64>,
    owner: BTreeMap<u64, u8>,
    lost: BTreeSet<u64>,
    high_water: u64,
}

impl Life {
    fn reserve(&mut self, intent: u8) {
        let given = self.wallet.try_reserve(&intent.to_string());
        let has_one = self.owner.values().any(|other| *other == intent);
        assert_eq!(given.is_err(), has_one, "one live nonce per intent");
        if let Ok(Reserve::Given(nonce)) = given {
            assert!(!self.ever_signed.contains(&nonce), "{nonce} was signed");
            assert!(self.owner.insert(nonce, intent).is_none(), "{nonce} twice");
        }
    }

    fn sign(&mut self, nonce: u64, purpose: Purpose) {
        if self.wallet.try_sign(nonce, self.signed, purpose).is_ok() {
            self.at.insert(self.signed, nonce);
            self.ever_signed.insert(nonce);
        }
        self.signed += 1;
    }

    fn confirm(&mut self, nonce: u64, n: u64, block: u64) {
        let Ok(told) = self.wallet.try_confirm(nonce, n, block) else {
            return;
        };
        assert_eq!(told.ours, self.at.get(&n) == Some(&nonce));
        for loser in &told.losers {
            let (n, _) = self.at.iter().find(|(n, _)| hash(**n) == *loser).unwrap();
            assert_eq!(self.at[n], nonce);
            assert!(self.lost.insert(*n), "{n} lost twice");
        }
        self.lost.remove(&n);
        if told.state == SlotState::Final {
            let all_lost = self.at.iter().filter(|(_, at)| **at == nonce);
            for (other, _) in all_lost {
                assert!(*other == n || self.lost.contains(other), "{other} untold");
            }
            self.owner.remove(&nonce);
            self.lost.retain(|n| self.at[n] != nonce);
            self.at.retain(|_, at| *at != nonce);
        }
    }

    fn reorg(&mut self, block: u64) {
        for (_, told) in self.wallet.ledger.reorg(CHAIN, block) {
            let again = |n: &u64| !told.reopened.contains(&self.at[n]);
            self.lost = self.lost.iter().copied().filter(again).collect();
        }
    }

    fn crash(&mut self) {
        // A restart hears the counts again, which forgets returned nonces below the final one.
        let lane = self.wallet.ledger.lane_mut(self.wallet.lane).unwrap();
        let heard = lane.dump().0.counts;
        lane.sync(heard).unwrap();
        let before = lane.dump();
        let (wallet, _) = self.wallet.crash(before.0.counts);
        let lane = wallet.ledger.lane(wallet.lane).unwrap();
        assert_eq!(lane.dump(), before);
        self.wallet = wallet;
    }
}

impl StateMachineTest for Life {
    type SystemUnderTest = Self;
    type Reference = Anything;

    fn init_test((): &()) -> Self {
        Self {
            wallet: Wallet::new(),
            signed: 0,
            at: BTreeMap::new(),
            ever_signed: BTreeSet::new(),
            owner: BTreeMap::new(),
            lost: BTreeSet::new(),
            high_water: FIRST,
        }
    }

    fn apply(mut life: Self, (): &(), step: Step) -> Self {
        life.high_water = life.wallet.high_water();
        match step {
            Step::Reserve(intent) => life.reserve(intent),
            Step::Release(nonce) => {
                if life.wallet.ledger.release(life.wallet.lane, nonce).is_ok() {
                    assert!(!life.ever_signed.contains(&nonce), "{nonce} was signed");
                    life.owner.remove(&nonce);
                }
            }
            Step::Fill(nonce) => {
                let now = nonce_support::at(life.wallet.now);
                let lane = life.wallet.ledger.lane_mut(life.wallet.lane).unwrap();
                if lane.fill(nonce, now).is_ok() {
                    assert!(!life.ever_signed.contains(&nonce), "{nonce} was signed");
                }
            }
            Step::Sign(nonce, purpose) => life.sign(nonce, purpose),
            Step::Sent(n, outcome) => {
                let now = nonce_support::at(life.wallet.now);
                let lane = life.wallet.lane;
                let known = life.wallet.ledger.sent(lane, hash(n), outcome, now);
                assert_eq!(known.ok(), life.at.get(&n).copied());
            }
            Step::Confirm(nonce, n, block) => life.confirm(nonce, n, block),
            Step::Sync(latest, safe, finalized) => {
                let safe = latest.saturating_sub(safe);
                life.wallet
                    .sync(latest, safe, safe.saturating_sub(finalized));
            }
            Step::Reorg(block) => life.reorg(block),
            Step::Hold => life.wallet.ledger.hold(life.wallet.lane).unwrap(),
            Step::Resume(latest) => life.wallet.resume(latest),
            Step::Due(ns) => {
                life.wallet.now += ns;
                life.wallet.due(None);
                assert!(
                    life.wallet
                        .kinds(None)
                        .iter()
                        .all(|(_, kind)| { *kind == vanta_core::nonce::DueKind::Fill })
                );
            }
            Step::Crash => life.crash(),
        }
        life
    }

    fn check_invariants(life: &Self, (): &()) {
        let lane = life.wallet.ledger.lane(life.wallet.lane).unwrap();
        assert!(lane.high_water() >= life.high_water, "the mark fell");
        let (row, slots, attempts) = lane.dump();
        let out = |nonce: u64| {
            let open = matches!(lane.state(nonce), Some(SlotState::Broadcast));
            open && attempts
                .iter()
                .any(|row| row.nonce == nonce && row.attempt.live())
        };
        let floor = row.counts.latest;
        let top = (floor..row.high_water).rev().find(|nonce| out(*nonce));
        let idle = |nonce: &u64| {
            let slot = slots.iter().find(|slot| slot.nonce == *nonce);
            slot.is_some_and(|slot| slot.receipt.is_none()) && !out(*nonce)
        };
        let gaps: Vec<u64> = (floor..top.unwrap_or(floor)).filter(idle).collect();
        assert_eq!(lane.gaps(), gaps);
        for slot in &slots {
            let owner = life.owner.get(&slot.nonce).map(u8::to_string);
            assert_eq!(slot.intent.as_deref(), owner.as_deref());
        }
        asks_about_what_blocks(&life.wallet);
    }

    fn teardown(_: Self, (): ()) {}
}

/// In an hour at the latest, whatever keeps a lane from going on is asked about.
fn asks_about_what_blocks(wallet: &Wallet) {
    let mut later = Wallet {
        ledger: wallet.ledger.clone(),
        ..*wallet
    };
    later.now += 3_600 * nonce_support::SECOND;
    let asked: BTreeSet<u64> = later.due(None).iter().map(|due| due.nonce).collect();
    let lane = wallet.ledger.lane(wallet.lane).unwrap();
    let open = lane.slots().into_iter().filter(|slot| {
        !matches!(
            slot.state,
            SlotState::Mined | SlotState::Safe | SlotState::Returned
        )
    });
    let floor = lane.dump().0.counts.latest;
    let mut lowest = true;
    for slot in open {
        let (used, settled) = (slot.nonce < floor, is_settled(lane, slot.nonce));
        let blocks = !settled && (used || (lowest && lane.held().is_none()));
        lowest &= settled || used;
        assert!(
            !blocks || asked.contains(&slot.nonce),
            "nobody asks about {slot:?}"
        );
    }
    if lane.held().is_none() {
        let gaps = lane.gaps();
        assert!(gaps.iter().all(|gap| asked.contains(gap)), "{gaps:?}");
    }
}

fn is_settled(lane: &vanta_core::nonce::Lane, nonce: u64) -> bool {
    let (_, slots, _) = lane.dump();
    slots
        .iter()
        .any(|slot| slot.nonce == nonce && slot.receipt.is_some())
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_sends_twice(sequential 1..60 => Life);
}
