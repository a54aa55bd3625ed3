//! The nonce ledger when things go wrong; each test is named after what does.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod nonce_support;

use nonce_support::{SECOND, Wallet, counts, hash};
use vanta_core::nonce::{DueKind, Hold, Outcome, Purpose, Reserve, SlotState};

fn text<T: std::fmt::Debug>(result: Result<T, vanta_core::CoreError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn drift_above_the_chain_is_a_gap_to_fill_not_a_jam() {
    let mut wallet = Wallet::new();
    for intent in ["a", "b"] {
        wallet.reserve(intent);
    }
    wallet.out("c", 1);
    assert!(wallet.ledger.release(wallet.lane, 5).unwrap());
    assert!(wallet.ledger.release(wallet.lane, 6).unwrap());
    assert_eq!(wallet.gaps(), [5, 6]);
    // Lowest first; the next intent takes the place of a filler.
    assert_eq!(wallet.reserve("d"), 5);
    assert_eq!(wallet.kinds(None)[0], (6, DueKind::Fill));
    let now = nonce_support::at(wallet.now);
    let lane = wallet.ledger.lane_mut(wallet.lane).unwrap();
    lane.fill(6, now).unwrap();
    assert_eq!(wallet.gaps(), [5, 6], "reserved, but nothing is out");
    wallet.sign(5, 2, Purpose::Original);
    assert_eq!(wallet.gaps(), [5, 6], "signed and never sent is not out");
    wallet.sent(2, Outcome::Unknown);
    wallet.sign(6, 3, Purpose::Filler);
    wallet.sent(3, Outcome::Accepted);
    assert_eq!(wallet.gaps(), [0_u64; 0]);
    assert_eq!(wallet.high_water(), 8);
}

#[test]
fn a_wiped_counter_starts_from_the_slots_or_the_chain() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.out("b", 2);
    let lane = wallet.ledger.lane(wallet.lane).unwrap();
    let (mut row, slots, attempts) = lane.dump();
    row.high_water = 0;
    let config = vanta_core::nonce::NonceConfig::default();
    let mut other = vanta_core::nonce::NonceLedger::new(config).unwrap();
    let now = nonce_support::at(0);
    let (lane, _) = other
        .restore(&row, &slots, &attempts, counts(5, 5, 5), now)
        .unwrap();
    assert_eq!(other.reserve(lane, "c", now).unwrap(), Reserve::Given(7));
    // With no row at all the chain's count is where it starts.
    let fresh = other
        .open_lane(1, row.wallet, false, counts(9, 9, 9))
        .unwrap();
    assert_eq!(other.reserve(fresh, "d", now).unwrap(), Reserve::Given(9));
}

#[test]
fn foreign_use_of_a_nonce_not_given_yet_holds_the_lane() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    let told = wallet.sync(8, 5, 5);
    assert_eq!(told.foreign, [(6, 7)]);
    assert_eq!(told.missing, [5]);
    assert_eq!(
        wallet.try_reserve("b").unwrap(),
        Reserve::Held(Hold::ForeignUse)
    );
    assert_eq!(wallet.sync(8, 5, 5).foreign, [], "told once");
    wallet.resume(8);
    assert_eq!(wallet.reserve("b"), 8);
}

#[test]
fn a_stolen_nonce_is_given_again_only_when_its_thief_is_final() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Bump);
    let told = wallet.confirm(5, 99, 7);
    assert_eq!(told.state, SlotState::Stolen);
    assert_eq!(told.losers, [hash(1), hash(2)]);
    assert_eq!(told.intent.as_deref(), Some("a"));
    let held = Reserve::Held(Hold::ForeignUse);
    assert_eq!(wallet.try_reserve("b").unwrap(), held);
    wallet.resume(6);
    wallet.sync(6, 6, 5);
    let text = text(wallet.try_reserve("a"));
    assert_eq!(text, "nonce 5 is STOLEN for this intent on lane 0");
    // Counted final, but nobody has looked whether it is still the same transaction.
    assert_eq!(wallet.sync(6, 6, 6).verify, [5]);
    assert!(wallet.try_reserve("a").is_err());
    let told = wallet.confirm(5, 99, 7);
    assert_eq!((told.state, told.ours), (SlotState::Final, false));
    assert!(told.losers.is_empty(), "told before");
    assert_eq!(wallet.reserve("a"), 6, "the resumed lane is not held again");
}

#[test]
fn the_thief_is_reorged_and_our_attempt_mines_after_all() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.confirm(5, 99, 7);
    wallet.resume(6);
    let told = wallet.ledger.reorg(nonce_support::CHAIN, 7);
    assert_eq!(told[0].1.reopened, [5]);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast));
    assert!(wallet.try_reserve("a").is_err());
    let told = wallet.confirm(5, 1, 8);
    assert_eq!((told.state, told.ours), (SlotState::Mined, true));
}

#[test]
fn reorg_of_the_winner_sends_the_same_bytes_and_another_attempt_wins() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Bump);
    wallet.sent(2, Outcome::Accepted);
    wallet.sync(6, 5, 5);
    assert_eq!(wallet.confirm(5, 2, 7).losers, [hash(1)]);
    assert!(
        wallet.confirm(5, 2, 7).losers.is_empty(),
        "a repeated receipt"
    );
    assert!(wallet.ledger.reorg(nonce_support::CHAIN, 8).is_empty());
    wallet.ledger.reorg(nonce_support::CHAIN, 7);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast));
    let sends: Vec<_> = wallet
        .due(None)
        .iter()
        .map(|due| (due.kind, due.hash))
        .collect();
    assert_eq!(
        sends,
        [
            (DueKind::Resend, Some(hash(1))),
            (DueKind::Resend, Some(hash(2))),
            (DueKind::Receipt, None)
        ]
    );
    let told = wallet.confirm(5, 1, 7);
    assert_eq!(told.losers, [hash(2)]);
    assert_eq!(wallet.high_water(), 6);
}

#[test]
fn a_reorg_nobody_told_of_shows_as_another_winner() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Cancel);
    wallet.sent(2, Outcome::Accepted);
    wallet.confirm(5, 1, 7);
    let told = wallet.confirm(5, 2, 8);
    assert_eq!(told.purpose, Some(Purpose::Cancel));
    assert_eq!(told.losers, [hash(1)]);
    let told = wallet.confirm(5, 77, 9);
    assert_eq!((told.ours, told.losers), (false, vec![hash(2)]));
    assert!(matches!(wallet.try_reserve("b").unwrap(), Reserve::Held(_)));
}

#[test]
fn a_low_priced_old_attempt_mines() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    for n in [2, 3] {
        wallet.sign(5, n, Purpose::Bump);
        wallet.sent(n, Outcome::Accepted);
    }
    let told = wallet.confirm(5, 1, 7);
    assert_eq!(told.purpose, Some(Purpose::Original));
    assert_eq!(told.losers, [hash(2), hash(3)]);
}

#[test]
fn a_failed_signature_keeps_or_returns_the_nonce() {
    let mut wallet = Wallet::new();
    assert_eq!(wallet.reserve("a"), 5);
    wallet.now += 3 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Sign)]);
    assert!(!wallet.ledger.release(wallet.lane, 5).unwrap(), "no gap");
    assert_eq!(wallet.state(5), Some(SlotState::Returned));
    assert_eq!(wallet.high_water(), 6, "the mark does not fall");
    assert_eq!(wallet.reserve("b"), 5);
    wallet.sign(5, 1, Purpose::Original);
    let told = text(wallet.ledger.release(wallet.lane, 5));
    assert_eq!(told, "nonce 5 is SIGNED and cannot be released");
}

#[test]
fn a_crash_between_sign_and_send_sends_the_stored_bytes() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.sign(5, 1, Purpose::Original);
    let (mut wallet, work) = wallet.crash(counts(5, 5, 5));
    assert_eq!(work, [(5, DueKind::Send), (5, DueKind::Receipt)]);
    let told = text(wallet.try_sign(5, 2, Purpose::Original));
    assert_eq!(told, "nonce 5 has 1 attempts: sign a bump or a cancel");
    assert!(wallet.ledger.release(wallet.lane, 5).is_err());
    wallet.sent(1, Outcome::Known);
    assert_eq!(wallet.confirm(5, 1, 7).state, SlotState::Mined);
}

#[test]
fn a_crash_keeps_what_was_safe_and_who_has_no_intent() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.confirm(5, 1, 7);
    assert_eq!(wallet.sync(6, 6, 5).safe, [5]);
    wallet.reserve("b");
    wallet.out("c", 2);
    assert!(wallet.ledger.release(wallet.lane, 6).unwrap());
    let now = nonce_support::at(wallet.now);
    let lane = wallet.ledger.lane_mut(wallet.lane).unwrap();
    lane.fill(6, now).unwrap();
    let (mut wallet, work) = wallet.crash(counts(6, 6, 5));
    assert_eq!(work, [(6, DueKind::Sign)]);
    assert!(
        wallet.sync(6, 6, 5).safe.is_empty(),
        "told before the crash"
    );
    let told = text(wallet.try_sign(6, 3, Purpose::Original));
    let wanted = "nonce 6 belongs to no intent: original cannot be signed";
    assert_eq!(told, wanted);
    wallet.sign(6, 3, Purpose::Filler);
}

#[test]
fn rows_that_give_an_intent_two_nonces_are_refused() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.reserve("b");
    let lane = wallet.ledger.lane(wallet.lane).unwrap();
    let (mut row, mut slots, attempts) = lane.dump();
    row.chain_id = 1;
    for slot in &mut slots {
        slot.intent = Some("z".into());
    }
    let (heard, now) = (counts(5, 5, 5), nonce_support::at(0));
    let told = wallet.ledger.restore(&row, &slots, &attempts, heard, now);
    assert_eq!(text(told), "intent has two live nonces in the rows");
}

#[test]
fn a_crash_between_reserve_and_sign_signs_the_same_nonce() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.out("b", 1);
    let (mut wallet, work) = wallet.crash(counts(5, 5, 5));
    assert_eq!(work[0], (5, DueKind::Sign));
    assert!(wallet.try_reserve("a").is_err());
    assert_eq!(wallet.reserve("c"), 7);
    wallet.sign(5, 2, Purpose::Original);
}

#[test]
fn a_crash_while_the_key_was_used_elsewhere_holds() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.out("b", 1);
    let (mut wallet, work) = wallet.crash(counts(8, 8, 8));
    assert_eq!(work, [(5, DueKind::Find), (6, DueKind::Find)]);
    assert_eq!(wallet.state(5), Some(SlotState::Stolen));
    assert_eq!(wallet.state(6), Some(SlotState::Missing));
    let told = text(wallet.try_sign(5, 2, Purpose::Original));
    assert_eq!(told, "nonce 5 was used on chain, which counts 8");
    assert!(matches!(wallet.try_reserve("c").unwrap(), Reserve::Held(_)));
    // Never signed, so it can go elsewhere at once.
    wallet.ledger.release(wallet.lane, 5).unwrap();
    wallet.resume(8);
    assert_eq!(wallet.reserve("a"), 8);
}

#[test]
fn a_cancel_that_loses_is_reported_as_the_trade_that_won() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Cancel);
    wallet.sent(2, Outcome::Accepted);
    let told = wallet.confirm(5, 1, 7);
    assert_eq!(told.purpose, Some(Purpose::Original));
    assert_eq!(told.losers, [hash(2)]);
}

#[test]
fn a_delegated_wallet_has_one_transaction_out() {
    let mut wallet = Wallet::with(vanta_core::nonce::NonceConfig::default(), true);
    wallet.out("a", 1);
    let full = Reserve::Full {
        in_flight: 1,
        cap: 1,
    };
    assert_eq!(wallet.try_reserve("b").unwrap(), full);
    wallet.confirm(5, 1, 7);
    assert_eq!(wallet.reserve("b"), 6);
}

#[test]
fn a_final_block_is_reorged() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.confirm(5, 1, 7);
    wallet.sync(6, 6, 6);
    assert_eq!(wallet.confirm(5, 1, 7).state, SlotState::Final);
    assert_eq!(wallet.state(5), Some(SlotState::Final));
    let told = wallet.ledger.reorg(nonce_support::CHAIN, 7);
    assert!(told[0].1.beyond_final);
    assert_eq!(
        wallet.try_reserve("b").unwrap(),
        Reserve::Held(Hold::FinalReorged)
    );
    let told = text(wallet.try_confirm(5, 1, 8));
    assert_eq!(told, "nonce 5 is FINAL and cannot be confirmed");
    let late = nonce_support::at(wallet.now);
    let told = text(
        wallet
            .ledger
            .sent(wallet.lane, hash(1), Outcome::Known, late),
    );
    assert!(
        told.ends_with("is no attempt of this lane"),
        "its hashes are dropped"
    );
}

#[test]
fn a_node_says_five_too_many_and_an_operator_takes_it_back() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    assert!(!wallet.ledger.release(wallet.lane, 5).unwrap());
    wallet.reserve("b");
    wallet.reserve("c");
    assert!(wallet.ledger.release(wallet.lane, 6).is_ok());
    assert_eq!(wallet.sync(11, 11, 11).foreign, [(5, 10)]);
    assert!(wallet.try_sign(5, 1, Purpose::Original).is_err());
    wallet.resume(5);
    wallet.sign(5, 1, Purpose::Original);
    assert_eq!(
        wallet.reserve("c"),
        6,
        "no jump, and what was returned is not lost"
    );
}

#[test]
fn a_node_says_five_too_few() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.confirm(5, 1, 7);
    wallet.sync(6, 6, 5);
    let told = wallet.sync(1, 1, 1);
    assert_eq!(told, vanta_core::nonce::Synced::default());
    assert_eq!(wallet.reserve("b"), 6);
}

#[test]
fn all_nodes_refuse_bytes_that_may_be_out() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.sign(5, 1, Purpose::Original);
    wallet.sent(1, Outcome::Refused);
    assert_eq!(wallet.state(5), Some(SlotState::Refused));
    wallet.now += 5 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Replace)]);
    wallet.sign(5, 2, Purpose::Bump);
    wallet.sent(2, Outcome::Unknown);
    wallet.sent(2, Outcome::Refused);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast), "it may be out");
}
