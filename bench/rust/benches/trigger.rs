//! Trigger book with 100,000 and 1,000,000 armed triggers of all kinds in 32 markets: ticks that
//! fire nothing, new extremes that move every trailing stop, arm and disarm, and firing.
//!
//! Every trailing stop starts at a mark of its own. The bytes per trigger are printed first.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use vanta_core::margin::Side;
use vanta_core::trigger::{Arming, TriggerBook, TriggerKind};
use vanta_core::units::{E10, MarketIx, PriceE10};

const MARKETS: i64 = 32;
const MID: i64 = 60_000 * E10;
const SETS: usize = 4_096;

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn market(raw: i64) -> MarketIx {
    MarketIx::new(u16::try_from(raw).unwrap()).unwrap()
}

fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

/// A trigger that a price within 0.5 % of the middle does not fire.
fn arming(seeded: &mut Seeded, id: i64) -> Arming {
    let kind = TriggerKind::from_index(u16::try_from(id % 6).unwrap()).unwrap();
    let is_long = seeded.below(2) == 0;
    let away = MID / 100 + seeded.below(MID / 10);
    let (level, distance) = match kind {
        TriggerKind::Trailing => (MID + seeded.below(MID / 1_000), away + MID / 50),
        TriggerKind::BreakEven => (MID, away),
        TriggerKind::TakeProfit if is_long => (MID + away, 0),
        TriggerKind::TakeProfit => (MID - away, 0),
        _ if is_long => (MID - away, 0),
        _ => (MID + away, 0),
    };
    Arming {
        id,
        version: 1,
        market: market(seeded.below(MARKETS)),
        kind,
        side: Side::from_is_long(is_long),
        level: price(level),
        distance: price(distance),
        offset: 0,
    }
}

fn book(count: i64) -> TriggerBook {
    let mut seeded = Seeded(20_261_120);
    let rows: Vec<_> = (0..count).map(|id| arming(&mut seeded, id)).collect();
    let mut book = TriggerBook::new();
    book.arm_batch(&rows).unwrap();
    book
}

fn ticks(seeded: &mut Seeded) -> Vec<(MarketIx, PriceE10)> {
    let tick = |seeded: &mut Seeded| {
        let at = MID + seeded.below(MID / 1_000);
        (market(seeded.below(MARKETS)), price(at))
    };
    (0..SETS).map(|_| tick(seeded)).collect()
}

fn trigger(c: &mut Criterion) {
    for count in [100_000_i64, 1_000_000] {
        let mut seeded = Seeded(7);
        let mut book = book(count);
        let bytes = book.memory_bytes() / book.len();
        println!("{count} triggers: {bytes} bytes each, every trailing stop at its own mark");
        let mut fired = Vec::new();
        let mut group = c.benchmark_group(format!("trigger of {count}"));

        let all = ticks(&mut seeded);
        for (market, at) in &all {
            book.on_quote(*market, *at, &mut fired); // marks and activations settle
        }
        let mut turn = all.iter().cycle();
        group.bench_function("tick_none_fires", |b| {
            b.iter(|| {
                let (market, at) = *turn.next().unwrap();
                book.on_quote(black_box(market), black_box(at), &mut fired);
            });
        });

        // A market that climbs: each tick moves the marks of all its long trailing stops.
        let mut climb = (0_i64..).map(|step| (market(step % MARKETS), MID + MID / 1_000 + step));
        group.bench_function("tick_new_extreme", |b| {
            b.iter(|| {
                let (market, at) = climb.next().unwrap();
                book.on_quote(black_box(market), black_box(price(at)), &mut fired);
            });
        });
        assert!(fired.is_empty());

        let others: Vec<_> = (0..4_096)
            .map(|id| arming(&mut seeded, count + id))
            .collect();
        let mut turn = others.iter().cycle();
        group.bench_function("arm_disarm", |b| {
            b.iter(|| {
                let one = turn.next().unwrap();
                book.arm(black_box(one)).unwrap();
                book.disarm(one.id)
            });
        });

        group.sample_size(10);
        group.bench_function("fire_1000", |b| {
            b.iter_batched_ref(
                || {
                    let mut book = book.clone();
                    for id in 0..1_000 {
                        let stop = Arming {
                            id: -1 - id,
                            kind: TriggerKind::StopLoss,
                            side: Side::Long,
                            level: price(MID - MID / 200 - id),
                            distance: PriceE10::ZERO,
                            market: market(0),
                            ..arming(&mut seeded, 0)
                        };
                        book.arm(&stop).unwrap();
                    }
                    book
                },
                |book| {
                    let mut fired = Vec::with_capacity(1_000);
                    book.on_quote(market(0), price(MID - MID / 200 - 1_000), &mut fired);
                    assert_eq!(fired.len(), 1_000);
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, trigger);
criterion_main!(benches);
