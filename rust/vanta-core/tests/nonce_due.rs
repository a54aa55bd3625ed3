//! What a lane asks to be looked at, and when: intervals to the nanosecond.

mod nonce_support;

use nonce_support::{SECOND, Wallet};
use vanta_core::nonce::{DueKind, Market, NonceConfig, Outcome, Purpose, Reserve};

const DEAR: Option<Market> = Some(Market {
    base_fee_wei: 1_000_000,
    tip_wei: 1,
});

fn market(base_fee_wei: u128, tip_wei: u128) -> Market {
    Market {
        base_fee_wei,
        tip_wei,
    }
}

#[test]
fn unknown_bytes_are_sent_again_every_four_seconds() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.sign(5, 1, Purpose::Original);
    wallet.sent(1, Outcome::Unknown);
    wallet.due(None);
    for (step, due) in [
        (4 * SECOND - 1, false),
        (1, true),
        (0, false),
        (4 * SECOND, true),
    ] {
        wallet.now += step;
        let asked = wallet.kinds(None).contains(&(5, DueKind::Resend));
        assert_eq!(asked, due, "at {}", wallet.now);
    }
    // Taken is not mined: a node may have dropped it since.
    wallet.sent(1, Outcome::Accepted);
    wallet.now += 6 * SECOND - 1;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Receipt)]);
    wallet.now += 1;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Resend)]);
    assert!(wallet.kinds(None).is_empty());
    wallet.now += 6 * SECOND;
    let again = wallet.kinds(None);
    assert_eq!(again, [(5, DueKind::Resend), (5, DueKind::Receipt)]);
}

#[test]
fn only_the_lowest_open_nonce_is_polled_and_bumped() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.out("b", 2);
    wallet.due(DEAR);
    wallet.now += 6 * SECOND - 1;
    assert_eq!(wallet.kinds(DEAR), [(5, DueKind::Receipt)]);
    wallet.now += 1;
    assert_eq!(
        wallet.kinds(DEAR),
        [(5, DueKind::Resend), (5, DueKind::Bump)]
    );
    assert!(wallet.kinds(DEAR).is_empty(), "handed out once");
    wallet.confirm(5, 1, 7);
    wallet.now += SECOND / 2;
    assert_eq!(
        wallet.kinds(DEAR),
        [
            (6, DueKind::Resend),
            (6, DueKind::Receipt),
            (6, DueKind::Bump)
        ]
    );
}

#[test]
fn a_bump_needs_a_price_that_is_too_low() {
    // Attempt 1 tips 2 and caps at 20.
    for (asked, due) in [
        (None, false),
        (Some(market(18, 2)), false),
        (Some(market(19, 2)), true),
        (Some(market(18, 3)), true),
        (Some(market(20, 0)), false),
        (Some(market(21, 0)), true),
    ] {
        let mut wallet = Wallet::new();
        wallet.out("a", 1);
        wallet.now += 6 * SECOND;
        let bump = wallet
            .due(asked)
            .into_iter()
            .find(|due| due.kind == DueKind::Bump);
        assert_eq!(bump.is_some(), due, "{asked:?}");
        if let Some(bump) = bump {
            assert_eq!((bump.tip_wei, bump.cap_wei), (2, 20));
        }
    }
}

#[test]
fn no_second_bump_while_the_first_has_not_left() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sign(5, 2, Purpose::Bump);
    wallet.now += 6 * SECOND;
    let asked = wallet.kinds(DEAR);
    assert_eq!(asked, [(5, DueKind::Send), (5, DueKind::Receipt)]);
    wallet.sent(2, Outcome::Refused);
    wallet.now += 6 * SECOND - 1;
    assert!(!wallet.kinds(DEAR).contains(&(5, DueKind::Bump)));
    wallet.now += 1;
    assert!(wallet.kinds(DEAR).contains(&(5, DueKind::Bump)));
}

#[test]
fn a_gap_below_is_closed_before_any_bump() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.out("b", 1);
    assert!(wallet.ledger.release(wallet.lane, 5).is_ok());
    wallet.now += 6 * SECOND;
    let asked = wallet.kinds(DEAR);
    assert_eq!(asked, [(5, DueKind::Fill), (6, DueKind::Receipt)]);
}

#[test]
fn after_the_last_bump_the_bytes_are_only_sent_again() {
    let config = NonceConfig {
        max_bumps: 1,
        ..NonceConfig::default()
    };
    let mut wallet = Wallet::with(config, false);
    wallet.out("a", 1);
    wallet.now += 6 * SECOND;
    assert!(wallet.kinds(DEAR).contains(&(5, DueKind::Bump)));
    wallet.sign(5, 2, Purpose::Bump);
    wallet.sent(2, Outcome::Unknown);
    wallet.now += 60 * SECOND;
    let asked = wallet.kinds(DEAR);
    assert_eq!(asked, [(5, DueKind::Resend), (5, DueKind::Receipt)]);
}

#[test]
fn a_reserved_nonce_is_asked_about_and_a_held_lane_signs_nothing() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.now += 5 * SECOND / 2 - 1;
    assert!(wallet.kinds(None).is_empty());
    wallet.now += 1;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Sign)]);
    wallet.out("b", 1);
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    wallet.now += 60 * SECOND;
    assert!(wallet.kinds(DEAR).is_empty(), "5 is lowest and unsigned");
    let told = wallet
        .try_sign(5, 2, Purpose::Original)
        .map_err(|error| error.to_string());
    let wanted = "nonce 5 cannot be signed: the lane is on hold, ASKED";
    assert_eq!(told, Err(String::from(wanted)));
    // A cancel takes risk away.
    wallet.sign(5, 3, Purpose::Cancel);
    wallet.now += 4 * SECOND;
    assert_eq!(
        wallet.kinds(DEAR),
        [(5, DueKind::Send), (5, DueKind::Receipt)]
    );
}

#[test]
fn a_held_lane_sends_no_original_for_the_first_time() {
    let mut wallet = Wallet::new();
    wallet.reserve("a");
    wallet.sign(5, 1, Purpose::Original);
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    wallet.now += 4 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Receipt)]);
    wallet.resume(5);
    assert_eq!(wallet.kinds(None), [(5, DueKind::Send)]);
    // What may be out already is looked after, held or not.
    wallet.sent(1, Outcome::Unknown);
    assert!(wallet.ledger.hold(wallet.lane).is_ok());
    wallet.now += 4 * SECOND;
    assert_eq!(
        wallet.kinds(None),
        [(5, DueKind::Resend), (5, DueKind::Receipt)]
    );
}

#[test]
fn used_and_final_nonces_are_looked_at_until_a_receipt_is_told() {
    let mut wallet = Wallet::new();
    wallet.out("a", 1);
    wallet.sync(6, 5, 5);
    assert_eq!(wallet.kinds(None), [(5, DueKind::Find)]);
    assert!(wallet.kinds(None).is_empty());
    wallet.now += 4 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Find)]);
    wallet.confirm(5, 1, 7);
    assert_eq!(wallet.sync(6, 6, 6).safe, [5]);
    wallet.now += 12 * SECOND;
    assert_eq!(wallet.kinds(None), [(5, DueKind::Verify)]);
    wallet.now += 12 * SECOND - 1;
    assert!(wallet.kinds(None).is_empty());
}

#[test]
fn the_cap_in_flight_is_a_value_and_settled_slots_do_not_count() {
    for cap in [1, 4, 16] {
        let config = NonceConfig {
            max_in_flight: cap,
            ..NonceConfig::default()
        };
        let mut wallet = Wallet::with(config, false);
        for n in 0..cap {
            wallet.out(&n.to_string(), n);
        }
        let full = Reserve::Full {
            in_flight: cap,
            cap,
        };
        assert_eq!(wallet.try_reserve("x"), Ok(full));
        wallet.confirm(5, 0, 7);
        assert_eq!(wallet.reserve("x"), 5 + cap);
    }
    for (cap, bumps) in [(0, 8), (17, 8), (4, 33)] {
        let config = NonceConfig {
            max_in_flight: cap,
            max_bumps: bumps,
            ..NonceConfig::default()
        };
        assert!(config.validate().is_err());
    }
}
