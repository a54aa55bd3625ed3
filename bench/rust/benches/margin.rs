//! Margin maths: each scalar function over 512 rotating positions, and scans of n positions.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vanta_core::margin::{
    CoinBook, CopyMode, Follower, HealthRows, LeaderFill, MakerTaker, PnlRows, Side, copy_size,
    health, health_scan, impact_spread, liquidation_price, open_maker_taker_fee, percent_profit,
    pnl, pnls, size_for_risk, tp_price,
};
use vanta_core::units::{E6, E10, PercentE10, PriceE10, RatioE10, UsdE6, mul_div_floor};

const SETS: usize = 512;

#[derive(Clone, Copy)]
struct Set {
    entry: PriceE10,
    price: PriceE10,
    stop: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
}

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    /// A position of 1 to 10,000 USD at 1x to 100x on a price of 0.1 to 100,000.
    fn set(&mut self) -> Set {
        let entry = E10 / 10 + self.below(100_000 * E10);
        let is_long = self.below(2) == 0;
        let away = 1 + self.below(entry / 100);
        Set {
            entry: PriceE10::new(entry).unwrap(),
            price: PriceE10::new(entry - entry / 50 + self.below(entry / 25)).unwrap(),
            stop: PriceE10::new(if is_long { entry - away } else { entry + away }).unwrap(),
            collateral: UsdE6::new(E6 + self.below(10_000 * E6)).unwrap(),
            leverage: RatioE10::new(E10 + self.below(99 * E10)).unwrap(),
            side: Side::from_is_long(is_long),
        }
    }
}

fn sets(count: usize) -> Vec<Set> {
    let mut seeded = Seeded(20_261_120);
    (0..count).map(|_| seeded.set()).collect()
}

fn threshold() -> RatioE10 {
    RatioE10::new(85 * E10 / 100).unwrap()
}

fn buffer() -> RatioE10 {
    RatioE10::new(E10 / 20).unwrap()
}

fn scalars(c: &mut Criterion) {
    let sets = sets(SETS);
    let mut group = c.benchmark_group("margin");
    let mut turn = sets.iter().cycle();
    group.bench_function("pnl", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            pnl(set.entry, set.price, set.collateral, set.leverage, set.side)
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("liquidation_price", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            let (size, none) = (set.collateral, UsdE6::ZERO);
            liquidation_price(
                set.entry,
                size,
                set.leverage,
                set.side,
                threshold(),
                none,
                none,
            )
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("health", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            let size = set.collateral;
            health(
                set.entry,
                set.price,
                size,
                set.leverage,
                set.side,
                threshold(),
                buffer(),
            )
        });
    });
    let mut turn = sets.iter().cycle();
    let cost = RatioE10::new(E10 / 1_000).unwrap();
    group.bench_function("size_for_risk", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            size_for_risk(
                set.collateral,
                set.entry,
                set.stop,
                set.leverage,
                cost,
                set.side,
            )
        });
    });
    // The same division with a product beyond 128 bits: the price of never overflowing.
    group.bench_function("wide_product", |b| {
        b.iter(|| {
            mul_div_floor(
                black_box(i64::MAX),
                black_box(i128::MAX >> 8),
                1_i128 << 125,
            )
        });
    });
    group.finish();
}

fn scans(c: &mut Criterion) {
    let mut group = c.benchmark_group("margin/health_scan");
    for count in [64_usize, 4_096] {
        let sets = sets(count);
        let column = |of: fn(&Set) -> i64| -> Vec<i64> { sets.iter().map(of).collect() };
        let entry = column(|set| set.entry.get());
        let price = column(|set| set.price.get());
        let collateral = column(|set| set.collateral.get());
        let leverage = column(|set| set.leverage.get());
        let is_long: Vec<bool> = sets.iter().map(|set| set.side.is_long()).collect();
        let thresholds = vec![threshold().get(); count];
        let buffers = vec![buffer().get(); count];
        group.throughput(Throughput::Elements(u64::try_from(count).unwrap()));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| {
                health_scan(black_box(&HealthRows {
                    entry: &entry,
                    price: &price,
                    collateral: &collateral,
                    leverage: &leverage,
                    is_long: &is_long,
                    threshold: &thresholds,
                    buffer: &buffers,
                }))
            });
        });
    }
    group.finish();
}

fn venue(c: &mut Criterion) {
    let sets = sets(SETS);
    let percent = |raw| PercentE10::new(raw).unwrap();
    let (none, most) = (PercentE10::ZERO, percent(2_500 * E10));
    let rates = MakerTaker {
        maker: percent(E10 / 100),
        taker: percent(E10 / 20),
    };
    let leader = LeaderFill {
        collateral: UsdE6::new(1_000 * E6).unwrap(),
        leverage: RatioE10::new(20 * E10).unwrap(),
        equity: UsdE6::new(40_000 * E6).unwrap(),
        delay_ns: 1,
        slip: RatioE10::ZERO,
        min_leverage: RatioE10::ONE,
        max_leverage: RatioE10::new(100 * E10).unwrap(),
        min_notional: UsdE6::new(100 * E6).unwrap(),
        open_fee: percent(E10 / 20),
    };
    let mut group = c.benchmark_group("margin/venue");
    let mut turn = sets.iter().cycle();
    group.bench_function("open_maker_taker_fee", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            let book = CoinBook {
                long: u128::from(set.entry.get().unsigned_abs()),
                short: u128::from(set.price.get().unsigned_abs()),
            };
            let coins = u128::from(set.collateral.get().unsigned_abs()) << 12;
            open_maker_taker_fee(book, coins, set.side, rates)
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("percent_profit", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            percent_profit(set.entry, set.price, set.leverage, set.side, most)
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("tp_price", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            tp_price(set.entry, rates.taker, set.leverage, set.side, none)
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("impact_spread", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            let flow = set.collateral.get();
            impact_spread(flow, set.entry.get().unsigned_abs(), most, none, most)
        });
    });
    let mut turn = sets.iter().cycle();
    group.bench_function("copy_size", |b| {
        b.iter(|| {
            let set = black_box(turn.next().unwrap());
            let follower = Follower {
                allowed: true,
                mode: CopyMode::Proportional,
                value: E10,
                equity: set.collateral,
                free: set.collateral,
                max_collateral: UsdE6::MAX,
                max_notional: UsdE6::MAX,
                max_leverage: set.leverage,
                min_leader: UsdE6::ZERO,
                max_leader: UsdE6::MAX,
                max_delay_ns: i64::MAX,
                max_slip: RatioE10::ONE,
            };
            copy_size(&leader, &follower)
        });
    });
    group.finish();
}

fn batches(c: &mut Criterion) {
    let sets = sets(4_096);
    let column = |of: fn(&Set) -> i64| -> Vec<i64> { sets.iter().map(of).collect() };
    let (entry, price) = (column(|set| set.entry.get()), column(|set| set.price.get()));
    let collateral = column(|set| set.collateral.get());
    let leverage = column(|set| set.leverage.get());
    let is_long: Vec<bool> = sets.iter().map(|set| set.side.is_long()).collect();
    let mut group = c.benchmark_group("margin/pnls");
    group.throughput(Throughput::Elements(4_096));
    group.bench_function("4096", |b| {
        b.iter(|| {
            pnls(black_box(&PnlRows {
                entry: &entry,
                price: &price,
                collateral: &collateral,
                leverage: &leverage,
                is_long: &is_long,
            }))
        });
    });
    group.finish();
}

criterion_group!(benches, scalars, scans, venue, batches);
criterion_main!(benches);
