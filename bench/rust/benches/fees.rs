//! Fees: the next base fee of 512 headers, 512 first offers and 512 bumps, rotating.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vanta_core::fees::{
    FeeMarket, FeePolicy, Header, Spend, Stuck, bump_fees, choose_fees, next_base_fee,
};

const SETS: usize = 512;

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn headers() -> Vec<Header> {
    let mut seeded = Seeded(20_261_120);
    let header = |_| Header {
        base_fee_wei: u128::from(5_000_000 + seeded.below(10_000_000_000)),
        gas_used: seeded.below(150_000_000),
        gas_limit: 150_000_000,
        blob_gas_used: seeded.below(100_000_000),
    };
    (0..SETS).map(header).collect()
}

fn fees(c: &mut Criterion) {
    let mut bytes = vec![1];
    bytes.extend(125_u32.to_be_bytes());
    bytes.extend(6_u32.to_be_bytes());
    bytes.extend(5_000_000_u64.to_be_bytes());
    let market = FeeMarket::of_extra_data(&bytes).unwrap();
    let headers = headers();
    let mut turn = 0;
    let mut next = || {
        turn = (turn + 1) % SETS;
        turn
    };
    c.bench_function("fees/next base fee", |b| {
        b.iter(|| next_base_fee(&market, black_box(&headers[next()])).unwrap());
    });
    let mut seeded = Seeded(7);
    let rewards: Vec<Vec<u64>> = (0..SETS)
        .map(|_| (0..10).map(|_| seeded.below(5_000_000)).collect())
        .collect();
    let policy = FeePolicy::default();
    c.bench_function("fees/first offer from 10 rewards", |b| {
        b.iter(|| {
            let at = next();
            let base = headers[at].base_fee_wei;
            choose_fees(base, 5_000_000, black_box(&rewards[at]), &policy).unwrap()
        });
    });
    c.bench_function("fees/bump", |b| {
        b.iter(|| {
            let base = headers[next()].base_fee_wei;
            let stuck = Stuck {
                tip_wei: 1_000_000,
                cap_wei: base + 1_000_000,
                market_tip_wei: 1_200_000,
                next_base_fee_wei: base,
                min_base_fee_wei: 5_000_000,
                spend: Spend {
                    gas_limit: 600_000,
                    ..Spend::default()
                },
                budget_wei: 1 << 90,
            };
            bump_fees(black_box(&stuck), &policy).unwrap()
        });
    });
}

criterion_group!(benches, fees);
criterion_main!(benches);
