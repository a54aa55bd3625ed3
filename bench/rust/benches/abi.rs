//! Calldata of rotating orders, one by one and by the batch; logs through the table.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use alloy_primitives::{Address, I256, U256};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vanta_core::abi::{
    AbiTable, DynSolValue, Log, OpenOrders, OpenRows, OpenTrade, Traders, keccak256,
};

const SETS: usize = 512;

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn column<T: TryFrom<i64>>(&mut self, count: usize, limit: i64) -> Vec<T> {
        let mut next = || T::try_from(self.below(limit)).ok().unwrap();
        (0..count).map(|_| next()).collect()
    }
}

fn orders(count: usize) -> OpenOrders {
    let mut seeded = Seeded(20_261_120);
    let sides: Vec<u8> = seeded.column(count, 2);
    OpenOrders::new(&OpenRows {
        trader: Traders::Each(&seeded.column::<u8>(count * 20, 256)),
        pair_index: &seeded.column::<u16>(count, 120),
        collateral: &seeded.column(count, 10_000_000_000),
        open_price: &seeded.column(count, 1_000_000_000_000_000),
        is_long: &sides.iter().map(|&side| side == 0).collect::<Vec<_>>(),
        leverage: &seeded.column(count, 750_000_000_000),
        take_profit: &seeded.column(count, 1_000_000_000_000_000),
        stop_loss: &seeded.column(count, 1_000_000_000_000_000),
        order_type: &seeded.column::<u8>(count, 4),
        slippage: &seeded.column(count, 10_000_000_000),
    })
    .unwrap()
}

fn calldata(c: &mut Criterion) {
    let mut group = c.benchmark_group("openTrade calldata");
    let one_by_one = orders(SETS);
    let mut turn = 0;
    group.bench_function("write one", |b| {
        let mut call = [0; OpenTrade::CALLDATA];
        b.iter(|| {
            turn = (turn + 1) % SETS;
            one_by_one.get(turn).unwrap().write(&mut call).unwrap();
            black_box(&call);
        });
    });
    group.bench_function("append one", |b| {
        let mut out = Vec::with_capacity(OpenTrade::CALLDATA);
        b.iter(|| {
            turn = (turn + 1) % SETS;
            out.clear();
            one_by_one.write_calldata(turn, &mut out).unwrap();
            black_box(&out);
        });
    });
    for count in [1, 64, 4_096] {
        let many = orders(count);
        group.throughput(Throughput::Elements(u64::try_from(count).unwrap()));
        group.bench_function(BenchmarkId::new("batch", count), |b| {
            b.iter(|| black_box(&many).calldata().unwrap());
        });
    }
    group.finish();
}

fn table(c: &mut Criterion) {
    let table = AbiTable::new([]).unwrap();
    let calls = orders(SETS).calldata().unwrap();
    let calls: Vec<&[u8]> = calls.chunks(OpenTrade::CALLDATA).collect();
    let events: Vec<_> = calls
        .iter()
        .map(|call| {
            let (_, mut args) = table.decode_call(call).unwrap().unwrap();
            let trade = args.remove(0);
            let amount = || DynSolValue::Uint(U256::from(7), 256);
            let profit = DynSolValue::Int(I256::ONE, 256);
            let flag = || DynSolValue::Bool(true);
            let values = vec![amount(), trade, flag(), amount(), amount(), profit, amount(), flag()];
            let name = "MarketExecuted(uint256,(address,uint256,uint256,uint256,uint256,uint256,bool,\
                        uint256,uint256,uint256,uint256),bool,uint256,uint256,int256,uint256,bool)";
            table.encode_log(name, values).unwrap()
        })
        .collect();
    let logs: Vec<_> = events
        .iter()
        .map(|(topics, data)| Log {
            emitter: Address::ZERO,
            topics,
            data,
        })
        .collect();
    let mut group = c.benchmark_group("by type");
    group.throughput(Throughput::Elements(u64::try_from(SETS).unwrap()));
    group.bench_function("decode calls", |b| {
        b.iter(|| {
            for call in &calls {
                black_box(table.decode_call(call).unwrap());
            }
        });
    });
    group.bench_function("decode fills", |b| {
        b.iter(|| black_box(table.decode_logs(&logs, None)));
    });
    group.bench_function("keccak of calls", |b| {
        b.iter(|| {
            for call in &calls {
                black_box(keccak256(call));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, calldata, table);
criterion_main!(benches);
