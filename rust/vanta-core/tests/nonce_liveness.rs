//! No lane stands still with nothing to do: whatever keeps a wallet from being used is in `due`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod nonce_support;

use nonce_support::{CHAIN, SECOND, Wallet, counts};
use rstest::rstest;
use vanta_core::nonce::{DueKind, Hold, Market, Outcome, Purpose, Reserve, SlotState};

#[test]
fn a_block_that_only_a_count_knew_of_is_reorged() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    assert_eq!(wallet.sync(6, 5, 5).missing, [5]);
    // The block of the count is gone before anybody had read a receipt of it.
    let told = wallet.ledger.reorg(CHAIN, 7);
    assert_eq!(told[0].1.reopened, [5]);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast));
    let sends = [(5, DueKind::Resend), (5, DueKind::Receipt)];
    assert_eq!(wallet.kinds(None), sends);
    // The chain has the last word.
    assert_eq!(wallet.sync(6, 5, 5).missing, [5]);
    assert_eq!(wallet.confirm(5, 1, 8).state, SlotState::Mined);
}

#[test]
fn a_thief_of_an_unsigned_nonce_is_reorged() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    assert_eq!(wallet.sync(6, 5, 5).foreign, [(5, 5)]);
    assert_eq!(wallet.kinds(None), [(5, DueKind::Find)]);
    wallet.ledger.reorg(CHAIN, 7);
    assert_eq!(wallet.state(5), Some(SlotState::Reserved));
    wallet.resume(5);
    assert_eq!(wallet.kinds(None), [(5, DueKind::Sign)]);
}

#[test]
fn an_unsigned_nonce_used_by_others_is_asked_about_until_it_is_settled() {
    let mut wallet = Wallet::with(vanta_core::nonce::NonceConfig::default(), true);
    wallet.reserve("a");
    wallet.sync(6, 6, 6);
    wallet.resume(6);
    assert!(matches!(
        wallet.try_reserve("b").unwrap(),
        Reserve::Full { .. }
    ));
    assert_eq!(wallet.kinds(None), [(5, DueKind::Find)]);
    assert!(wallet.kinds(None).is_empty());
    let (mut wallet, work) = wallet.crash(counts(6, 6, 6));
    assert_eq!(work, [(5, DueKind::Find)]);
    wallet.now += 4 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Find)]);
    assert_eq!(wallet.confirm(5, 99, 7).state, SlotState::Final);
}

#[rstest]
#[case::refused(Some(Outcome::Refused))]
#[case::never_told(None)]
fn what_was_mined_had_left_whatever_the_nodes_said(#[case] outcome: Option<Outcome>) {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.sign(5, 1, Purpose::Original);
    if let Some(outcome) = outcome {
        wallet.sent(1, outcome);
    }
    wallet.confirm(5, 1, 7);
    let (mut wallet, _) = wallet.crash(counts(6, 5, 5));
    wallet.ledger.reorg(CHAIN, 7);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast));
    assert!(wallet.kinds(None).contains(&(5, DueKind::Resend)));
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    wallet.now += 4 * SECOND;
    assert!(wallet.kinds(None).contains(&(5, DueKind::Resend)), "held");
}

#[test]
fn a_refused_bump_does_not_hide_that_the_price_is_too_low() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1); // tips 2, caps at 20
    wallet.sign(5, 4, Purpose::Bump); // tips 5, caps at 50
    wallet.sent(4, Outcome::Refused);
    wallet.now += 6 * SECOND;
    let market = Market {
        base_fee_wei: 30,
        tip_wei: 1,
    };
    let found = wallet.due(Some(market));
    let bump = found.iter().find(|due| due.kind == DueKind::Bump).unwrap();
    assert_eq!(
        (bump.tip_wei, bump.cap_wei),
        (5, 50),
        "what is to be beaten"
    );
}

#[test]
fn a_no_op_is_made_dearer_as_a_no_op() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Cancel);
    let told = wallet.try_sign(5, 3, Purpose::Bump).unwrap_err();
    let wanted = "nonce 5 has a no-op signed: sign a dearer cancel or filler, not a bump";
    assert_eq!(told.to_string(), wanted);
    wallet.sign(5, 3, Purpose::Cancel);
    wallet.sent(3, Outcome::Accepted);
    assert_eq!(wallet.confirm(5, 3, 7).purpose, Some(Purpose::Cancel));
}

#[test]
fn a_cancel_has_bumps_of_its_own() {
    let config = vanta_core::nonce::NonceConfig {
        max_bumps: 1,
        ..vanta_core::nonce::NonceConfig::default()
    };
    let dear = Some(Market {
        base_fee_wei: 1_000_000,
        tip_wei: 1,
    });
    let mut wallet = Wallet::with(config, false);
    wallet.out("a", 1);
    for (n, purpose, raised) in [
        (2, Purpose::Bump, false),
        (3, Purpose::Cancel, true),
        (4, Purpose::Cancel, false),
    ] {
        wallet.sign(5, n, purpose);
        wallet.sent(n, Outcome::Accepted);
        wallet.now += 6 * SECOND;
        let asked = wallet.kinds(dear).contains(&(5, DueKind::Bump));
        assert_eq!(asked, raised, "after attempt {n}");
    }
}

#[test]
fn a_nonce_can_be_closed_after_any_number_of_refusals() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    for n in 0..64 {
        let purpose = if n == 0 {
            Purpose::Original
        } else {
            Purpose::Bump
        };
        wallet.sign(5, n, purpose);
        wallet.sent(n, Outcome::Refused);
    }
    assert!(wallet.try_sign(5, 64, Purpose::Bump).is_err());
    for n in 64..128 {
        wallet.sign(5, n, Purpose::Filler);
    }
    assert!(wallet.try_sign(5, 128, Purpose::Filler).is_err());
}

#[test]
fn nonces_of_others_below_ours_can_come_back() {
    let mut wallet = Wallet::new();
    assert_eq!(wallet.sync(7, 6, 6).foreign, [(5, 6)]);
    wallet.resume(7);
    assert_eq!(wallet.out("a", 1), 7);
    // 5 is final, 6 is not: its block vanishes, and 7 waits for it.
    assert!(wallet.ledger.reorg(CHAIN, 9).is_empty());
    assert_eq!(wallet.sync(6, 6, 6).foreign, []);
    assert_eq!(wallet.gaps(), [6]);
    assert!(wallet.kinds(None).contains(&(6, DueKind::Fill)));
    // Or it comes back, and nobody here has seen it yet.
    assert_eq!(wallet.sync(7, 6, 6).foreign, [(6, 6)]);
    let held = Reserve::Held(Hold::ForeignUse);
    assert_eq!(wallet.try_reserve("b").unwrap(), held);
}

#[test]
fn an_operators_slip_of_the_pen_can_be_taken_back() {
    let mut wallet = Wallet::new();
    wallet.resume(60);
    assert_eq!(wallet.out("a", 1), 60);
    wallet.resume(5);
    assert_eq!(wallet.gaps(), (5..60).collect::<Vec<_>>());
    assert_eq!(wallet.reserve("b"), 5);
    // However large the slip, what is kept of it is not.
    wallet.resume(1 << 60);
    assert_eq!(wallet.reserve("c"), 1 << 60);
    assert!(wallet.ledger.lane(wallet.lane).unwrap().dump().1.len() < 1_100);
}

#[test]
fn a_block_that_only_a_count_knew_of_is_reorged_while_nobody_looks() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sync(6, 5, 5);
    let (mut wallet, work) = wallet.crash(counts(5, 5, 5));
    assert_eq!(work, [(5, DueKind::Resend), (5, DueKind::Receipt)]);
    assert_eq!(wallet.state(5), Some(SlotState::Broadcast));
    // A count that stands is believed as before.
    wallet.sync(6, 5, 5);
    let (wallet, work) = wallet.crash(counts(6, 5, 5));
    assert_eq!(work, [(5, DueKind::Find)]);
    assert_eq!(wallet.state(5), Some(SlotState::Missing));
}

#[test]
fn a_foreign_use_is_not_hidden_by_a_lesser_reason() {
    let mut wallet = Wallet::new();
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    wallet.sync(6, 5, 5);
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    let held = Reserve::Held(Hold::ForeignUse);
    assert_eq!(wallet.try_reserve("a").unwrap(), held);
}
