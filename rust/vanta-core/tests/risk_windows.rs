//! What the book remembers and forgets: windows, days, clocks that step back.
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
use vanta_core::margin::Side;
use vanta_core::risk::{Exposure, FillUpdate, OpenRequest, RiskBook, Rule};
use vanta_core::units::{DAY_NS, E6, E10, HOUR_NS, PriceE10};

fn ask(now: i64, collateral: i64) -> OpenRequest {
    OpenRequest {
        now: time(now),
        collateral: usd(collateral * E6),
        ..request()
    }
}

fn seen(book: &mut RiskBook, now: i64) -> Exposure {
    book.exposure(user(7), time(now)).unwrap()
}

#[rstest]
fn a_release_takes_its_own_open_out_of_the_middle() {
    let mut book = Setup::default().book();
    book.admit(&ask(NOON - 2, 100)).unwrap();
    let middle = book.admit(&ask(NOON - 1, 200)).unwrap().reservation;
    book.admit(&ask(NOON, 400)).unwrap();
    assert!(book.release(middle));
    let after = seen(&mut book, NOON);
    assert_eq!((after.trades_today, after.volume_day), (2, usd(5_000 * E6)));
    // A second before the first leaves the hour, and after.
    let later = NOON - 2 + HOUR_NS;
    assert_eq!(seen(&mut book, later - 1).volume_hour, usd(5_000 * E6));
    assert_eq!(seen(&mut book, later).volume_hour, usd(4_000 * E6));
}

#[rstest]
fn an_admission_forgets_nothing_of_today() {
    let mut book = Setup::default().book();
    book.admit(&ask(NOON - 11 * HOUR_NS, 200)).unwrap();
    book.admit(&ask(NOON, 200)).unwrap();
    let after = seen(&mut book, NOON);
    assert_eq!((after.trades_today, after.volume_day), (2, usd(4_000 * E6)));
    assert_eq!(after.volume_hour, usd(2_000 * E6));
}

#[rstest]
fn what_is_forgotten_no_longer_weighs() {
    let opens = vec![(NOON - DAY_NS, 700 * E6), (NOON - 1, 300 * E6)];
    let mut book = Setup {
        opens,
        ..Setup::default()
    }
    .book();
    book.admit(&ask(NOON, 200)).unwrap();
    let after = seen(&mut book, NOON);
    assert_eq!((after.trades_today, after.opens_last_minute), (2, 2));
    assert_eq!(
        (after.volume_day, after.volume_hour),
        (usd(2_300 * E6), usd(2_300 * E6))
    );
}

#[rstest]
fn the_reset_is_the_first_instant_that_frees_enough() {
    let opens = vec![(NOON - 40, 300 * E6), (NOON - 30, 300 * E6)];
    let mut setup = Setup {
        opens,
        ..Setup::default()
    };
    // 2,000 asked on 600 used of 2,300: exactly the first has to leave.
    setup.limits.volume_hour = usd(2_300 * E6);
    let verdict = setup.verdict(&request());
    assert_eq!(verdict.failures[0].resets_at, time(NOON - 40 + HOUR_NS));
}

/// A user whose day of `NOON` started at 900,000 of 1,000,000, with a position at 1,000.
fn day_book() -> RiskBook {
    let mut book = Setup::default().book();
    book.start_day(user(7), time(NOON).day_start(), usd(900_000 * E6))
        .unwrap();
    book.apply_fill(&FillUpdate {
        cash_delta: usd(-200 * E6),
        ..open_fill(0)
    })
    .unwrap();
    book.set_marks(&[(market_ix(1), price(1_000 * E10))])
        .unwrap();
    book
}

#[rstest]
fn an_admission_starts_the_day_it_falls_on() {
    let mut book = day_book();
    book.admit(&ask(NOON + DAY_NS, 200)).unwrap();
    book.set_marks(&[(market_ix(1), price(950 * E10))]).unwrap();
    let after = seen(&mut book, NOON + DAY_NS);
    assert_eq!(
        (after.day_start_equity, after.day_pnl),
        (usd(1_000_000 * E6), usd(-100 * E6))
    );
}

#[rstest]
fn a_fill_starts_the_day_it_falls_on() {
    let mut book = day_book();
    let next = NOON + DAY_NS;
    // Half comes back with a loss of 10: measured from what was there before the fill.
    let half = FillUpdate {
        collateral: usd(100 * E6),
        cash_delta: usd(90 * E6),
        realised: usd(-10 * E6),
        is_close: true,
        at: time(next),
        ..open_fill(0)
    };
    book.apply_fill(&half).unwrap();
    let after = seen(&mut book, next);
    assert_eq!(
        (after.day_start_equity, after.day_pnl),
        (usd(1_000_000 * E6), usd(-10 * E6))
    );
}

#[rstest]
fn a_clock_that_steps_back_does_not_restart_a_day() {
    let mut book = day_book();
    let next = NOON + DAY_NS;
    book.admit(&ask(next, 200)).unwrap();
    book.set_marks(&[(market_ix(1), price(950 * E10))]).unwrap();
    book.apply_fill(&FillUpdate {
        cash_delta: usd(0),
        at: time(NOON),
        ..open_fill(0)
    })
    .unwrap();
    assert_eq!(seen(&mut book, next).day_pnl, usd(-100 * E6));
    assert_eq!(seen(&mut book, NOON).day_start_equity, usd(1_000_000 * E6));
}

#[rstest]
fn opens_dated_ahead_of_now_count() {
    let setup = Setup {
        opens: vec![(NOON + HOUR_NS, 700 * E6)],
        ..Setup::default()
    };
    let ahead = seen(&mut setup.book(), NOON);
    assert_eq!((ahead.opens_last_minute, ahead.trades_today), (1, 1));
    assert_eq!(
        (ahead.volume_hour, ahead.volume_day),
        (usd(700 * E6), usd(700 * E6))
    );
}

#[rstest]
fn a_loaded_start_is_that_of_the_first_questions_day() {
    let mut setup = Setup {
        cash: 800 * E6,
        day_start: 1_000 * E6,
        ..Setup::default()
    };
    setup.limits.max_daily_loss = ratio(E10 / 10);
    let mut book = setup.book();
    assert_eq!(
        rules(&book.check(&ask(NOON, 200)).unwrap()),
        [Rule::DailyLoss]
    );
    assert_eq!(rules(&book.check(&ask(NOON + DAY_NS, 200)).unwrap()), []);
}

#[rstest]
fn a_short_of_next_to_no_leverage_is_refused_not_impossible() {
    let tiny = OpenRequest {
        side: Side::Short,
        leverage: ratio(1),
        ..request()
    };
    let verdict = Setup::default().verdict(&tiny);
    assert_eq!(rules(&verdict), [Rule::LeverageMin]);
    assert_eq!(verdict.figures.liquidation, PriceE10::MAX);
}

#[rstest]
fn positions_are_found_again_in_any_order() {
    let mut book = Setup::default().book();
    let ids = |book: &RiskBook| book.positions().iter().map(|row| row.1).collect::<Vec<_>>();
    for position_id in [5, -3, 4, i64::MAX, 0] {
        book.apply_fill(&FillUpdate {
            position_id,
            ..open_fill(0)
        })
        .unwrap();
    }
    assert_eq!(ids(&book), [-3, 0, 4, 5, i64::MAX]);
    let grown = FillUpdate {
        position_id: 4,
        collateral: usd(7),
        ..open_fill(0)
    };
    book.apply_fill(&grown).unwrap();
    assert_eq!(book.positions()[2].2.collateral, usd(7));
    for position_id in [5, -3, 8] {
        let gone = FillUpdate {
            position_id,
            collateral: usd(0),
            ..open_fill(0)
        };
        book.apply_fill(&gone).unwrap();
    }
    assert_eq!(ids(&book), [0, 4, i64::MAX]);
}
