//! An intent's parts, each over 256 rotating opens: hash, bytes, reading back, and all with the
//! signature beside the signature alone.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::hint::black_box;

use alloy_primitives::{Address, U256, keccak256};
use criterion::{Criterion, criterion_group, criterion_main};
use vanta_core::ecdsa::Curve;
use vanta_core::eip712::{Domain, INTENT_KINDS, Intent, StructType, Value};
use vanta_core::keyring::Key;

const SETS: usize = 256;

fn open_trade() -> &'static StructType {
    INTENT_KINDS
        .iter()
        .find(|kind| kind.name == "OpenTradeReq")
        .unwrap()
}

/// Opens whose words are as small as real ones, with a nonce of 256 bits.
fn opens() -> Vec<Vec<Value>> {
    (0..SETS)
        .map(|set| {
            let seed = keccak256(set.to_be_bytes());
            let small = |place: u8| {
                let bits = keccak256([seed.0[0], seed.0[1], place]);
                Value::Uint(U256::from_be_slice(&bits.0) >> 206_u32)
            };
            let mut values = vec![Value::Address(Address::from_word(seed))];
            values.extend((0..5).map(small));
            values.push(Value::Bool(set % 2 == 0));
            values.extend((5..9).map(small));
            values.push(Value::Uint(U256::from(set % 4)));
            values.extend((9..11).map(small));
            values.push(Value::Uint(U256::from_be_bytes(seed.0)));
            values
        })
        .collect()
}

fn intents(c: &mut Criterion) {
    let curve = Curve::blinded(&[7; 32]);
    let key = Key::new(&curve, [0x42; 32].into()).unwrap();
    let domain = Domain::new("AvantisTrading", "1", U256::from(8453), key.address());
    let sets = opens();
    let made: Vec<Intent> = sets
        .iter()
        .map(|values| Intent::new(open_trade(), values.clone()).unwrap())
        .collect();
    let bytes: Vec<Vec<u8>> = made.iter().map(Intent::abi_bytes).collect();
    let digests: Vec<_> = made
        .iter()
        .map(|intent| domain.digest(intent.struct_hash()))
        .collect();

    let mut group = c.benchmark_group("intent");
    let mut turn = sets.iter().cycle();
    group.bench_function("values", |b| {
        b.iter(|| Intent::new(open_trade(), black_box(turn.next().unwrap()).clone()));
    });
    let mut turn = made.iter().cycle();
    group.bench_function("digest", |b| {
        b.iter(|| domain.digest(black_box(turn.next().unwrap()).struct_hash()));
    });
    let mut turn = made.iter().cycle();
    group.bench_function("bytes", |b| {
        b.iter(|| black_box(turn.next().unwrap()).abi_bytes());
    });
    let mut turn = bytes.iter().cycle();
    group.bench_function("decode", |b| {
        b.iter(|| Intent::decode(open_trade(), black_box(turn.next().unwrap())));
    });
    let mut turn = made.iter().cycle();
    group.bench_function("sign", |b| {
        b.iter(|| black_box(turn.next().unwrap()).sign(&domain, &key, &curve));
    });
    let mut turn = digests.iter().cycle();
    group.bench_function("bare_signature", |b| {
        b.iter(|| key.sign(&curve, *black_box(turn.next().unwrap())));
    });
    group.finish();
}

criterion_group!(benches, intents);
criterion_main!(benches);
