//! The book over time: reservations, fills, days, batches.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod risk_support;

use risk_support::{
    NOON, Setup, market_ix, open_fill, price, ratio, request, rules, time, usd, user,
};
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::margin::Side;
use vanta_core::risk::{FillUpdate, OpenRequest, RiskBook, Rule};
use vanta_core::units::{DAY_NS, E6, E10};

const REQUIRED: i64 = 201_200_000;

#[rstest]
fn admit_reserves_cash_and_counts_the_open() {
    let mut book = Setup::default().book();
    let before = book.exposure(user(7), time(NOON)).unwrap();
    let verdict = book.admit(&request()).unwrap();
    assert!(verdict.ok() && verdict.reservation != 0);
    let after = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(after.reserved, usd(REQUIRED));
    assert_eq!(after.free.get(), before.free.get() - REQUIRED);
    assert_eq!(after.equity, before.equity);
    assert_eq!((after.opens_last_minute, after.trades_today), (1, 1));
    assert_eq!(
        (after.volume_hour, after.volume_day),
        (usd(2_000 * E6), usd(2_000 * E6))
    );
}

#[rstest]
fn check_reserves_nothing_and_says_what_admit_says() {
    let mut book = Setup::default().book();
    let checked = book.check(&request()).unwrap();
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap().reserved, usd(0));
    let admitted = book.admit(&request()).unwrap();
    assert_eq!(checked.figures, admitted.figures);
    assert_eq!(checked.equity, admitted.equity);
    assert_eq!(checked.reservation, 0);
}

#[rstest]
fn release_undoes_admit_once() {
    let mut book = Setup::default().book();
    let before = book.exposure(user(7), time(NOON)).unwrap();
    let id = book.admit(&request()).unwrap().reservation;
    assert!(book.release(id));
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap(), before);
    assert!(!book.release(id));
    assert!(!book.release(0));
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap(), before);
    // Numbers are not used again.
    assert!(book.admit(&request()).unwrap().reservation > id);
}

#[rstest]
fn a_refused_open_reserves_and_counts_nothing() {
    let mut book = Setup {
        cash: 1,
        day_start: 1,
        ..Setup::default()
    }
    .book();
    let before = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(book.admit(&request()).unwrap().reservation, 0);
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap(), before);
}

#[rstest]
fn reserved_cash_is_not_spent_twice() {
    let setup = Setup {
        cash: 2 * REQUIRED - 1,
        day_start: 1,
        ..Setup::default()
    };
    let mut book = setup.book();
    assert!(book.admit(&request()).unwrap().ok());
    let second = book.admit(&request()).unwrap();
    assert_eq!(rules(&second), [Rule::Balance]);
    assert_eq!(
        (second.failures[0].value, second.failures[0].limit),
        (REQUIRED, REQUIRED - 1)
    );
}

#[rstest]
fn a_fill_turns_the_reservation_into_a_position() {
    let mut book = Setup::default().book();
    let id = book.admit(&request()).unwrap().reservation;
    book.apply_fill(&open_fill(id)).unwrap();
    let after = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(after.reserved, usd(0));
    assert_eq!(after.cash, usd(1_000_000 * E6 - REQUIRED));
    assert_eq!(after.margin, usd(200 * E6));
    assert_eq!(after.long_notional, usd(2_000 * E6));
    assert_eq!(after.short_notional, usd(0));
    assert_eq!(after.opens_last_minute, 1);
    assert!(!book.release(id), "a filled reservation is gone");
    let rows = book.positions();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].0, rows[0].1, rows[0].2.side),
        (user(7), 1, Side::Long)
    );
}

#[rstest]
#[case::profit(1_010, 20)]
#[case::loss(990, -20)]
#[case::floored_at_the_collateral(500, -200)]
fn positions_are_valued_at_the_marks(#[case] mark: i64, #[case] pnl: i64) {
    let mut book = Setup::default().book();
    book.apply_fill(&open_fill(0)).unwrap();
    let unmarked = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(unmarked.unrealised, usd(0));
    book.set_marks(&[(market_ix(1), price(mark * E10))])
        .unwrap();
    let marked = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(marked.unrealised, usd(pnl * E6));
    assert_eq!(marked.equity.get(), unmarked.equity.get() + pnl * E6);
    assert_eq!(marked.day_pnl.get(), -1_200_000 + pnl * E6);
}

fn close(realised: i64) -> FillUpdate {
    FillUpdate {
        collateral: usd(0),
        cash_delta: usd(200 * E6 + realised),
        realised: usd(realised),
        is_close: true,
        ..open_fill(0)
    }
}

#[rstest]
fn losing_closes_lengthen_the_streak_and_others_end_it() {
    let mut book = Setup::default().book();
    let streak = |book: &mut RiskBook| book.exposure(user(7), time(NOON)).unwrap().losses_in_row;
    let mut seen = Vec::new();
    for realised in [-1, -5, 0, -1, 3] {
        book.apply_fill(&open_fill(0)).unwrap();
        book.apply_fill(&close(realised)).unwrap();
        seen.push(streak(&mut book));
    }
    assert_eq!(seen, [1, 2, 0, 1, 0]);
    assert!(book.positions().is_empty());
    book.apply_fill(&FillUpdate {
        realised: usd(-1),
        ..open_fill(0)
    })
    .unwrap();
    assert_eq!(streak(&mut book), 0, "an open is no loss");
}

#[rstest]
#[case::unknown_user(FillUpdate { user: user(8), ..open_fill(0) })]
#[case::unknown_market(FillUpdate { market: market_ix(2), ..open_fill(0) })]
#[case::negative_collateral(FillUpdate { collateral: usd(-1), ..open_fill(0) })]
#[case::no_entry(FillUpdate { entry: price(0), ..open_fill(0) })]
#[case::no_leverage(FillUpdate { leverage: ratio(0), ..open_fill(0) })]
#[case::cash_overflow(FillUpdate { cash_delta: usd(i64::MAX), ..open_fill(0) })]
fn an_impossible_fill_changes_nothing(#[case] fill: FillUpdate) {
    let mut book = Setup::default().book();
    let before = book.exposure(user(7), time(NOON)).unwrap();
    assert!(book.apply_fill(&fill).is_err());
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap(), before);
    assert!(book.positions().is_empty());
}

#[rstest]
fn a_fill_cannot_end_another_users_reservation() {
    let setup = Setup::default();
    let mut book = setup.book();
    book.load_users(&[setup.state(8)]).unwrap();
    let id = book.admit(&request()).unwrap().reservation;
    let foreign = FillUpdate {
        user: user(8),
        ..open_fill(id)
    };
    assert!(matches!(
        book.apply_fill(&foreign),
        Err(CoreError::Invalid {
            name: "reservation",
            ..
        })
    ));
    assert_eq!(
        book.exposure(user(7), time(NOON)).unwrap().reserved,
        usd(REQUIRED)
    );
    assert_eq!(book.exposure(user(8), time(NOON)).unwrap().margin, usd(0));
}

#[rstest]
fn a_late_fill_of_a_released_reservation_still_counts() {
    let mut book = Setup::default().book();
    let id = book.admit(&request()).unwrap().reservation;
    book.release(id);
    book.apply_fill(&open_fill(id)).unwrap();
    assert_eq!(
        book.exposure(user(7), time(NOON)).unwrap().margin,
        usd(200 * E6)
    );
}

#[rstest]
fn a_day_starts_with_the_equity_of_its_first_event() {
    let mut setup = Setup {
        cash: 800 * E6,
        day_start: 1_000 * E6,
        ..Setup::default()
    };
    setup.limits.max_daily_loss = ratio(E10 / 10);
    let mut book = setup.book();
    let refused = book.admit(&request()).unwrap();
    assert_eq!(rules(&refused), [Rule::DailyLoss]);
    let midnight = NOON + DAY_NS / 2;
    assert_eq!(refused.failures[0].resets_at, time(midnight));
    // The book has not seen a day yet, so the loaded start counts until one begins.
    book.start_day(user(7), time(NOON - DAY_NS / 2), usd(1_000 * E6))
        .unwrap();
    let last = OpenRequest {
        now: time(midnight - 1),
        ..request()
    };
    assert_eq!(rules(&book.check(&last).unwrap()), [Rule::DailyLoss]);
    let next = OpenRequest {
        now: time(midnight),
        ..request()
    };
    assert!(book.admit(&next).unwrap().ok());
    let tomorrow = book.exposure(user(7), time(midnight)).unwrap();
    assert_eq!(tomorrow.day_start_equity, usd(800 * E6));
    assert_eq!(tomorrow.day_pnl, usd(0));
}

#[rstest]
fn start_day_wants_midnight_and_never_goes_back() {
    let mut book = Setup::default().book();
    let today = NOON - DAY_NS / 2;
    let start = |book: &mut RiskBook| book.exposure(user(7), time(NOON)).unwrap().day_start_equity;
    assert!(book.start_day(user(7), time(today + 1), usd(5)).is_err());
    assert!(book.start_day(user(8), time(today), usd(5)).is_err());
    book.start_day(user(7), time(today), usd(5)).unwrap();
    assert_eq!(start(&mut book), usd(5));
    book.start_day(user(7), time(today - DAY_NS), usd(6))
        .unwrap();
    assert_eq!(start(&mut book), usd(5));
    book.start_day(user(7), time(today), usd(7)).unwrap();
    assert_eq!(start(&mut book), usd(7));
}

#[rstest]
fn counts_of_yesterday_are_gone_at_midnight_but_its_last_hour_counts() {
    let mut book = Setup::default().book();
    let midnight = NOON + DAY_NS / 2;
    let late = OpenRequest {
        now: time(midnight - 1),
        ..request()
    };
    assert!(book.admit(&late).unwrap().ok());
    let early = OpenRequest {
        now: time(midnight),
        ..request()
    };
    assert!(book.admit(&early).unwrap().ok());
    let exposure = book.exposure(user(7), time(midnight)).unwrap();
    assert_eq!((exposure.trades_today, exposure.opens_last_minute), (1, 2));
    assert_eq!(
        (exposure.volume_day, exposure.volume_hour),
        (usd(2_000 * E6), usd(4_000 * E6))
    );
}

#[rstest]
fn a_reload_keeps_positions_reservations_and_opens() {
    let setup = Setup::default();
    let mut book = setup.book();
    book.apply_fill(&open_fill(0)).unwrap();
    let id = book.admit(&request()).unwrap().reservation;
    let fresh = Setup {
        cash: 500 * E6,
        streak: 4,
        ..Setup::default()
    };
    book.load_users(&[fresh.state(7)]).unwrap();
    let exposure = book.exposure(user(7), time(NOON)).unwrap();
    assert_eq!(
        (exposure.cash, exposure.reserved),
        (usd(500 * E6), usd(REQUIRED))
    );
    assert_eq!(
        (exposure.margin, exposure.opens_last_minute),
        (usd(200 * E6), 1)
    );
    assert_eq!(exposure.losses_in_row, 4);
    assert!(book.release(id));
}

#[rstest]
fn a_wrong_row_loads_nobody() {
    let mut book = RiskBook::new();
    let good = Setup::default().state(1);
    let mut wrong = Setup::default().state(2);
    wrong.limits.trades_per_day = -1;
    let error = book.load_users(&[good, wrong]).unwrap_err();
    assert!(
        error.to_string().starts_with("row 1: trades_per_day -1"),
        "{error}"
    );
    assert!(book.exposure(user(1), time(NOON)).is_err());
}

#[rstest]
fn a_batch_sees_its_own_reservations() {
    let setup = Setup {
        cash: 2 * REQUIRED,
        day_start: 1,
        ..Setup::default()
    };
    let mut batch = setup.book();
    let rows = batch
        .admit_batch(&[request(), request(), request()])
        .unwrap();
    let mut single = setup.book();
    for row in &rows {
        let verdict = single.admit(&request()).unwrap();
        assert_eq!(row.failure, verdict.failures.first().copied());
        assert_eq!(row.reservation, verdict.reservation);
        assert_eq!(row.nearest_collateral, verdict.nearest_collateral);
    }
    assert!(rows[0].failure.is_none() && rows[1].failure.is_none());
    assert_eq!(rows[2].failure.unwrap().rule, Rule::Balance);
}

#[rstest]
#[case::unknown_user(OpenRequest { user: user(9), ..request() }, false)]
#[case::overflow(OpenRequest { collateral: usd(i64::MAX), ..request() }, true)]
fn a_batch_with_an_impossible_row_keeps_nothing(
    #[case] wrong: OpenRequest,
    #[case] overflow: bool,
) {
    let mut book = Setup::default().book();
    let before = book.exposure(user(7), time(NOON)).unwrap();
    let error = book
        .admit_batch(&[request(), wrong, request()])
        .unwrap_err();
    assert!(matches!(&error, CoreError::AtRow { row: 1, .. }));
    assert_eq!(error.is_overflow(), overflow);
    assert_eq!(book.exposure(user(7), time(NOON)).unwrap(), before);
}
