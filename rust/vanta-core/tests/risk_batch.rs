//! A batch says, row by row, what one open after the other would be told.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod risk_support;

use proptest::prelude::*;
use risk_support::{NOON, Setup, market_ix, open_fill, price, ratio, request, time, usd, user};
use vanta_core::margin::Side;
use vanta_core::risk::{
    Admission, Admissions, FillUpdate, Market, OpenRequest, OpenRows, RiskBook, Rule, UserState,
};
use vanta_core::units::{DAY_NS, E6, E10, HOUR_NS, MINUTE_NS};

const USERS: u32 = 4;

#[derive(Debug, Clone)]
enum Step {
    Ask(Vec<OpenRequest>),
    Marks(Vec<(u16, i64)>),
    Opens(Vec<(u32, i64, i64)>),
    Release(prop::sample::Index),
    Fill(FillUpdate, prop::sample::Index),
    Reload(UserState),
    Market(Market),
}

// Instants at which windows begin, end and change, and their neighbours.
fn instants() -> impl Strategy<Value = i64> {
    let spans = prop::sample::select(vec![0, MINUTE_NS, HOUR_NS, DAY_NS / 2, DAY_NS, 2 * DAY_NS]);
    (spans, -1..=1_i64, any::<bool>(), 0..3_i64).prop_map(|(span, step, back, minutes)| {
        let away = span + minutes * MINUTE_NS + step;
        NOON + if back { -away } else { away }
    })
}

prop_compose! {
    // One signal: what its followers share.
    fn signal()(
        now in instants(),
        market in 1..=3_u16,
        is_long in any::<bool>(),
        quoted in prop_oneof![Just(1_000 * E10), 900 * E10..1_100 * E10],
        stop in prop::option::of(-E10 / 50..E10 / 5),
    ) -> OpenRequest {
        let away = stop.map_or(0, |share| i64::try_from(i128::from(quoted) * i128::from(share) / i128::from(E10)).unwrap());
        OpenRequest {
            market: market_ix(market),
            side: Side::from_is_long(is_long),
            price: price(quoted),
            stop: stop.map(|_| price(if is_long { quoted - away } else { quoted + away })),
            now: time(now),
            ..request()
        }
    }
}

fn asks() -> impl Strategy<Value = Vec<OpenRequest>> {
    let collateral =
        prop_oneof![8 => E6..400 * E6, 1 => 1..i64::MAX, 1 => (1_i64 << 50) - 2..(1 << 50) + 2];
    let leverage = prop_oneof![
        6 => (1..60_i64).prop_map(|whole| whole * E10),
        2 => E10 / 2..120 * E10,
        1 => (1_i64 << 44) - 2..(1 << 44) + 2,
    ];
    let row = (
        0..USERS,
        collateral,
        leverage,
        prop::option::weighted(0.1, signal()),
    );
    (signal(), prop::collection::vec(row, 0..40)).prop_map(|(signal, rows)| {
        let of = |(index, collateral, leverage, other): (u32, i64, i64, Option<OpenRequest>)| {
            OpenRequest {
                user: user(index),
                collateral: usd(collateral),
                leverage: ratio(leverage),
                now: signal.now,
                ..other.unwrap_or(signal)
            }
        };
        rows.into_iter().map(of).collect()
    })
}

prop_compose! {
    fn limited()(
        cash in 1..5_000 * E6,
        day_start in 1..5_000 * E6,
        streak in 0..3_i64,
        max_leverage in 1..80_i64,
        max_position in 0..30_000 * E6,
        (risk, daily_loss) in (0..E10, 0..E10),
        (minute, day, losses) in (0..9_i64, 0..20_i64, 1..5_i64),
        (volume_hour, volume_day) in (0..60_000 * E6, 0..90_000 * E6),
        tight in prop::bits::u16::between(0, 9),
    ) -> Setup {
        // Each limit binds in some cases, and in some none does.
        let mut setup = Setup { cash, day_start, streak, ..Setup::default() };
        let limits = &mut setup.limits;
        let is = |bit: u16| tight >> bit & 1 == 1;
        if is(0) { limits.max_leverage = ratio(max_leverage * E10); }
        if is(1) { limits.max_position = usd(max_position); }
        if is(2) { limits.max_account_risk = ratio(risk); }
        if is(3) { limits.max_daily_loss = ratio(daily_loss); }
        if is(4) { limits.opens_per_minute = minute; }
        if is(5) { limits.trades_per_day = day; }
        if is(6) { limits.volume_hour = usd(volume_hour); }
        if is(7) { limits.volume_day = usd(volume_day); }
        if is(8) { limits.max_losses_in_row = losses; }
        setup
    }
}

prop_compose! {
    fn market()(
        (fees, spread) in (0..E10 / 100, 0..E10 / 100),
        min_notional in 0..500 * E6,
        threshold in 0..=E10,
        is_open in prop::bool::weighted(0.9),
    ) -> Market {
        Market {
            open_fee: ratio(fees),
            spread: ratio(spread),
            min_notional: usd(min_notional),
            threshold: ratio(threshold),
            is_open,
            ..Setup::default().market
        }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    let mark = (1..=3_u16, 800 * E10..1_200 * E10);
    let open = (0..USERS, instants(), 0..10_000 * E6);
    let fill = (
        0..USERS,
        0..3_i64,
        1..=2_u16,
        any::<bool>(),
        0..300 * E6,
        -200 * E6..200 * E6,
        instants(),
    );
    let fill = fill.prop_map(
        |(index, id, market, is_close, collateral, delta, at)| FillUpdate {
            user: user(index),
            position_id: id,
            market: market_ix(market),
            collateral: usd(collateral),
            cash_delta: usd(delta),
            realised: usd(delta),
            is_close,
            at: time(at),
            ..open_fill(0)
        },
    );
    prop_oneof![
        6 => asks().prop_map(Step::Ask),
        1 => prop::collection::vec(mark, 1..3).prop_map(Step::Marks),
        1 => prop::collection::vec(open, 1..6).prop_map(Step::Opens),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        2 => (fill, any::<prop::sample::Index>()).prop_map(|(fill, which)| Step::Fill(fill, which)),
        1 => (limited(), 0..USERS).prop_map(|(setup, index)| Step::Reload(setup.state(index))),
        1 => market().prop_map(Step::Market),
    ]
}

/// What one of two books of the same past says when it is asked one by one.
fn one_by_one(book: &mut RiskBook, asked: &[OpenRequest]) -> Option<Vec<Admission>> {
    let said = asked.iter().map(|request| {
        let verdict = book.admit(request).ok()?;
        Some(Admission {
            failure: verdict.failures.first().copied(),
            nearest_collateral: verdict.nearest_collateral,
            reservation: verdict.reservation,
        })
    });
    said.collect()
}

fn by_columns(book: &mut RiskBook, asked: &[OpenRequest]) -> Admissions {
    fn column<T>(asked: &[OpenRequest], of: impl Fn(&OpenRequest) -> T) -> Vec<T> {
        asked.iter().map(of).collect()
    }
    let rows = OpenRows {
        user: &column(asked, |row| row.user.get()),
        market: &column(asked, |row| row.market.get()),
        is_long: &column(asked, |row| row.side.is_long()),
        collateral: &column(asked, |row| row.collateral.get()),
        leverage: &column(asked, |row| row.leverage.get()),
        price: &column(asked, |row| row.price.get()),
        stop: &column(asked, |row| {
            row.stop.map_or(0, vanta_core::units::PriceE10::get)
        }),
        now: asked.first().map_or(time(NOON), |row| row.now),
    };
    book.admit_rows(&rows).unwrap()
}

fn apply(step: &Step, book: &mut RiskBook, made: &[u64]) {
    match step {
        Step::Ask(_) => {}
        Step::Marks(marks) => {
            let marks: Vec<_> = marks
                .iter()
                .map(|(ix, at)| (market_ix(*ix), price(*at)))
                .collect();
            book.set_marks(&marks).unwrap();
        }
        Step::Opens(opens) => {
            let opens: Vec<_> = opens
                .iter()
                .map(|(ix, at, size)| (user(*ix), time(*at), usd(*size)))
                .collect();
            book.load_opens(&opens).unwrap();
        }
        Step::Release(which) => {
            if !made.is_empty() {
                book.release(*which.get(made));
            }
        }
        Step::Fill(fill, which) => {
            let reservation = if made.is_empty() { 0 } else { *which.get(made) };
            // Mostly another user's: refused, and nothing changes.
            let _ = book.apply_fill(&FillUpdate {
                reservation,
                ..*fill
            });
        }
        Step::Reload(state) => book.load_users(&[*state]).unwrap(),
        Step::Market(market) => book.set_market(market_ix(1), *market).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn what_a_batch_says_is_what_each_open_would_be_told(
        setups in prop::collection::vec(limited(), 4),
        market in market(),
        steps in prop::collection::vec(steps(), 1..14),
    ) {
        let mut book = RiskBook::new();
        book.set_market(market_ix(1), market).unwrap();
        book.set_market(market_ix(2), Setup::default().market).unwrap();
        let users: Vec<_> = (0..).zip(&setups).map(|(index, setup)| setup.state(index)).collect();
        book.load_users(&users).unwrap();
        let mut careful = book.clone();
        let mut made = Vec::new();
        for step in &steps {
            if let Step::Ask(asked) = step {
                let before = careful.clone();
                let Some(one_by_one) = one_by_one(&mut careful, asked) else {
                    // An impossible row: the whole batch is as if it was not asked, but for the
                    // numbers it used and what time itself changed.
                    prop_assert!(book.clone().admit_batch(asked).is_err());
                    careful = before;
                    continue;
                };
                let columns = by_columns(&mut book.clone(), asked);
                let batch = book.admit_batch(asked).unwrap();
                prop_assert_eq!(&batch, &one_by_one);
                for (index, row) in batch.iter().enumerate() {
                    let failure = row.failure;
                    prop_assert_eq!(columns.ok[index], failure.is_none());
                    prop_assert_eq!(columns.rule[index], failure.map_or(0, |why| why.rule.code()));
                    prop_assert_eq!(columns.value[index], failure.map_or(0, |why| why.value));
                    prop_assert_eq!(columns.limit[index], failure.map_or(0, |why| why.limit));
                    let resets = failure.map_or(0, |why| why.resets_at.get());
                    prop_assert_eq!(columns.resets_at[index], resets);
                    let nearest = row.nearest_collateral.get();
                    prop_assert_eq!(columns.nearest_collateral[index], nearest);
                    prop_assert_eq!(columns.reservation[index], row.reservation);
                    if row.reservation != 0 {
                        made.push(row.reservation);
                    }
                }
            }
            apply(step, &mut book, &made);
            apply(step, &mut careful, &made);
            for index in 0..USERS {
                for now in [NOON - DAY_NS, NOON, NOON + 2 * DAY_NS] {
                    // Asked of copies: a question says what day it is.
                    prop_assert_eq!(
                        book.clone().exposure(user(index), time(now)).unwrap(),
                        careful.clone().exposure(user(index), time(now)).unwrap()
                    );
                }
            }
            prop_assert_eq!(book.positions(), careful.positions());
        }
    }
}

#[test]
fn a_risk_at_its_limit_passes_in_a_batch_too() {
    // 200 USD and 12 bp of 2,000 USD, of a million.
    for (limit, passes) in [(2_024_000, true), (2_023_999, false)] {
        let mut setup = Setup::default();
        setup.limits.max_account_risk = ratio(limit);
        let said = setup.book().admit_batch(&[request()]).unwrap();
        assert_eq!(
            Some(&said),
            one_by_one(&mut setup.book(), &[request()]).as_ref()
        );
        assert_eq!(said[0].failure.is_none(), passes);
    }
    // Refused for another reason, the risk at its limit is none.
    let mut setup = Setup::default();
    setup.limits.max_account_risk = ratio(2_024_000);
    setup.limits.max_losses_in_row = 0;
    setup.limits.volume_day = usd(0);
    let said = setup.book().admit_batch(&[request()]).unwrap();
    assert_eq!(said[0].failure.unwrap().rule, Rule::LossesInRow);
}

#[test]
fn followers_of_many_policies_are_held_to_their_own() {
    let mut book = Setup::default().book();
    let states: Vec<_> = (100..300_u32)
        .map(|index| {
            let mut setup = Setup::default();
            setup.limits.max_leverage = ratio(i64::from(index % 7 + 6) * E10);
            setup.limits.max_position = usd(1_000_000_000 + i64::from(index) * E6 * E6);
            setup.state(index)
        })
        .collect();
    book.load_users(&states).unwrap();
    let asked: Vec<_> = (100..300)
        .map(|index| OpenRequest {
            user: user(index),
            ..request()
        })
        .collect();
    let said = book.clone().admit_batch(&asked).unwrap();
    assert_eq!(Some(said), one_by_one(&mut book, &asked));
}
