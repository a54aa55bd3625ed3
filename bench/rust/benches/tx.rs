//! Signing beside one bare libsecp256k1 signature, and reading back; 256 rotating transactions.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::hint::black_box;

use alloy_primitives::{Address, B256, U256, keccak256};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secp256k1::{Message, Secp256k1, SecretKey};
use vanta_core::ecdsa::Curve;
use vanta_core::keyring::Key;
use vanta_core::tx::{Calls, Column, Fees, Shape, SignRows, Transaction, read, sign, sign_all};

const SETS: usize = 256;

/// Calls of an open, 420 bytes, of which most words are small.
fn transactions() -> Vec<Transaction> {
    (0..SETS)
        .map(|set| {
            let seed = keccak256(set.to_be_bytes());
            let words = (0..13).flat_map(|word| {
                let mut bytes = [0; 32];
                bytes[24..].copy_from_slice(&keccak256([seed.0[0], word])[..8]);
                bytes
            });
            Transaction {
                chain_id: Some(8453),
                nonce: u64::try_from(set).unwrap(),
                gas_limit: 900_000,
                to: Some(Address::from_word(seed)),
                value: U256::from(350_000_000_000_000_u64),
                data: seed.0[..4].iter().copied().chain(words).collect(),
                shape: Shape::DynamicFee {
                    fees: Fees {
                        max_priority: U256::from(1_000_000),
                        max: U256::from(50_000_000),
                    },
                    access_list: Vec::new(),
                },
            }
        })
        .collect()
}

fn signing(c: &mut Criterion) {
    let curve = Curve::blinded(&[7; 32]);
    let secret = [0x42; 32];
    let key = Key::new(&curve, secret.into()).unwrap();
    let sets = transactions();
    let digests: Vec<B256> = sets.iter().map(Transaction::signing_hash).collect();
    let bare = Secp256k1::new();
    let bare_key = SecretKey::from_byte_array(secret).unwrap();
    let mut group = c.benchmark_group("sign");
    let mut rotating = digests.iter().cycle();
    group.bench_function("bare_signature", |b| {
        b.iter(|| {
            let message = Message::from_digest(rotating.next().unwrap().0);
            bare.sign_ecdsa_recoverable(black_box(message), &bare_key)
        });
    });
    let mut rotating = digests.iter().cycle();
    group.bench_function("key", |b| {
        b.iter(|| key.sign(&curve, black_box(*rotating.next().unwrap())));
    });
    let mut rotating = sets.iter().cycle();
    group.bench_function("type_2", |b| {
        b.iter(|| sign(&curve, &key, black_box(rotating.next().unwrap())));
    });
    let mut rotating = sets.iter().cycle();
    group.bench_function("type_2_without_signature", |b| {
        b.iter(|| black_box(rotating.next().unwrap()).signing_hash());
    });
    group.finish();

    let calls: Vec<Vec<u8>> = sets.iter().map(|tx| tx.data.clone()).collect();
    let nonces: Vec<u64> = (0..u64::try_from(SETS).unwrap()).collect();
    let rows = SignRows {
        calls: Calls::Bytes(&calls),
        chain_id: 8453,
        to: Address::repeat_byte(9),
        nonce: &nonces,
        gas_limit: Column::Same(U256::from(900_000)),
        max_fee: Column::Same(U256::from(50_000_000)),
        max_priority: Column::Same(U256::from(1_000_000)),
        value: Column::Same(U256::from(350_000_000_000_000_u64)),
    };
    let mut group = c.benchmark_group("sign_all");
    group.throughput(Throughput::Elements(u64::try_from(SETS).unwrap()));
    group.bench_function("256", |b| {
        b.iter(|| sign_all(&curve, &key, black_box(&rows)).unwrap());
    });
    group.finish();
}

fn reading(c: &mut Criterion) {
    let curve = Curve::blinded(&[7; 32]);
    let key = Key::new(&curve, [0x42; 32].into()).unwrap();
    let raws: Vec<Vec<u8>> = transactions()
        .iter()
        .map(|tx| sign(&curve, &key, tx).unwrap().raw)
        .collect();
    let mut rotating = raws.iter().cycle();
    c.bench_function("read/type_2", |b| {
        b.iter(|| read(&curve, black_box(rotating.next().unwrap())).unwrap());
    });
}

criterion_group!(benches, signing, reading);
criterion_main!(benches);
