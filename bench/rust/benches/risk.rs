//! Risk book: a check, an admit with its release, and one batch over 10,000 users.
//!
//! Every user holds positions and has a history, as in production; what is asked rotates.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use vanta_core::margin::Side;
use vanta_core::risk::{FillUpdate, Limits, Market, OpenRequest, RiskBook, UserState};
use vanta_core::units::{E6, E10, MarketIx, PriceE10, RatioE10, SECOND_NS, TimeNs, UsdE6, UserIx};

const USERS: u32 = 10_000;
const MARKETS: u16 = 32;
const POSITIONS: i64 = 3;
const OPENS: i64 = 20;
const NOW: i64 = 1_763_640_000 * SECOND_NS;

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn ratio(raw: i64) -> RatioE10 {
    RatioE10::new(raw).unwrap()
}

fn usd(raw: i64) -> UsdE6 {
    UsdE6::new(raw).unwrap()
}

fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

fn market(raw: i64) -> MarketIx {
    MarketIx::new(u16::try_from(raw).unwrap()).unwrap()
}

fn user_state(index: u32) -> UserState {
    UserState {
        user: UserIx::new(index).unwrap(),
        cash: usd(100_000 * E6),
        day_start_equity: usd(100_000 * E6),
        losses_in_row: 0,
        limits: Limits {
            max_leverage: ratio(50 * E10),
            max_position: usd(10_000 * E6),
            max_account_risk: ratio(E10 / 10),
            liquidation_buffer: ratio(E10 / 20),
            max_daily_loss: ratio(E10 / 5),
            opens_per_minute: 1_000_000,
            trades_per_day: 1_000_000,
            volume_hour: usd(1_000_000_000 * E6),
            volume_day: usd(1_000_000_000 * E6),
            max_losses_in_row: 10,
        },
    }
}

fn book() -> RiskBook {
    let mut seeded = Seeded(20_261_120);
    let mut book = RiskBook::new();
    for index in 0..i64::from(MARKETS) {
        let facts = Market {
            min_leverage: ratio(E10),
            max_leverage: ratio(100 * E10),
            min_notional: usd(100 * E6),
            threshold: ratio(85 * E10 / 100),
            open_fee: ratio(6_000_000),
            close_fee: ratio(6_000_000),
            spread: ratio(1_000_000),
            is_open: true,
        };
        book.set_market(market(index), facts).unwrap();
        book.set_marks(&[(market(index), price(1_000 * E10))])
            .unwrap();
    }
    let users: Vec<_> = (0..USERS).map(user_state).collect();
    book.load_users(&users).unwrap();
    for index in 0..USERS {
        let user = UserIx::new(index).unwrap();
        for position_id in 0..POSITIONS {
            book.apply_fill(&FillUpdate {
                user,
                position_id,
                market: market(seeded.below(i64::from(MARKETS))),
                side: Side::from_is_long(seeded.below(2) == 0),
                entry: price(990 * E10 + seeded.below(20 * E10)),
                collateral: usd(100 * E6),
                leverage: ratio(10 * E10),
                cash_delta: usd(-100 * E6),
                realised: UsdE6::ZERO,
                is_close: false,
                at: TimeNs::new(NOW).unwrap(),
                reservation: 0,
            })
            .unwrap();
        }
        let opens: Vec<_> = (0..OPENS)
            .map(|back| {
                (
                    user,
                    TimeNs::new(NOW - (OPENS - back) * 200 * SECOND_NS).unwrap(),
                    usd(E6),
                )
            })
            .collect();
        book.load_opens(&opens).unwrap();
    }
    book
}

/// One open per user; `size` decides whether it passes.
fn requests(size: i64) -> Vec<OpenRequest> {
    let mut seeded = Seeded(7);
    (0..USERS)
        .map(|index| {
            let is_long = seeded.below(2) == 0;
            let away = 5 * E10 + seeded.below(10 * E10);
            let stop = if is_long {
                1_000 * E10 - away
            } else {
                1_000 * E10 + away
            };
            OpenRequest {
                user: UserIx::new(index).unwrap(),
                market: market(seeded.below(i64::from(MARKETS))),
                side: Side::from_is_long(is_long),
                collateral: usd(size + seeded.below(10 * E6)),
                leverage: ratio(20 * E10),
                price: price(1_000 * E10),
                stop: Some(price(stop)),
                now: TimeNs::new(NOW).unwrap(),
            }
        })
        .collect()
}

fn risk(c: &mut Criterion) {
    let mut book = book();
    let passing = requests(100 * E6);
    // 40,000 of 10,000: refused with a nearest size.
    let refused = requests(2_000 * E6);
    let mut group = c.benchmark_group("risk");
    let mut turn = passing.iter().cycle();
    group.bench_function("check", |b| {
        b.iter(|| book.check(black_box(turn.next().unwrap())));
    });
    let mut turn = refused.iter().cycle();
    group.bench_function("check_refused", |b| {
        b.iter(|| book.check(black_box(turn.next().unwrap())));
    });
    let mut turn = passing.iter().cycle();
    group.bench_function("admit_release", |b| {
        b.iter(|| {
            let made = book
                .admit(black_box(turn.next().unwrap()))
                .unwrap()
                .reservation;
            book.release(made)
        });
    });
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(USERS)));
    for (name, rows) in [("admit_batch", &passing), ("admit_batch_refused", &refused)] {
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || book.clone(),
                |book| book.admit_batch(black_box(rows)).unwrap(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, risk);
criterion_main!(benches);
