//! Keys at work: sign a digest, seal and open a key, import a phrase, verify a webhook.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::hint::black_box;

use alloy_primitives::B256;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vanta_core::ecdsa::Curve;
use vanta_core::hashing::{HashKind, MacKind};
use vanta_core::keyring::{Key, Node, Path, Seed, seal_key, unseal_key};
use vanta_core::seal::Kek;
use vanta_core::webhook::{Delivery, Secrets, verify};
use zeroize::Zeroizing;

const SETS: usize = 256;

/// Bytes that follow from `seed` and `index`.
fn bytes(seed: &str, index: usize) -> [u8; 32] {
    let digest = HashKind::Sha256.digest(format!("{seed} {index}").as_bytes());
    digest.try_into().unwrap()
}

fn curve() -> Curve {
    Curve::blinded(&bytes("curve", 0))
}

fn key(index: usize) -> Key {
    Key::new(&curve(), Zeroizing::new(bytes("key", index))).unwrap()
}

fn signing(c: &mut Criterion) {
    let curve = curve();
    let keys: Vec<Key> = (0..SETS).map(key).collect();
    let digests: Vec<B256> = (0..SETS)
        .map(|index| B256::new(bytes("digest", index)))
        .collect();
    let mut group = c.benchmark_group("keys");
    let mut turn = keys.iter().zip(&digests).cycle();
    group.bench_function("sign", |b| {
        b.iter(|| {
            let (key, digest) = turn.next().unwrap();
            key.sign(&curve, *black_box(digest)).unwrap()
        });
    });
    let signed: Vec<_> = keys
        .iter()
        .zip(&digests)
        .map(|(key, digest)| (*digest, key.sign(&curve, *digest).unwrap()))
        .collect();
    let mut turn = signed.iter().cycle();
    group.bench_function("recover", |b| {
        b.iter(|| {
            let (digest, signature) = turn.next().unwrap();
            curve.recover(*black_box(digest), signature).unwrap()
        });
    });
    for rows in [64_usize, 1_024] {
        let packed: Vec<u8> = (0..rows).flat_map(|row| bytes("row", row)).collect();
        let mut turn = keys.iter().cycle();
        group.throughput(Throughput::Elements(rows.try_into().unwrap()));
        group.bench_function(BenchmarkId::new("sign_rows", rows), |b| {
            b.iter(|| {
                turn.next()
                    .unwrap()
                    .sign_rows(&curve, black_box(&packed))
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn sealing(c: &mut Criterion) {
    let curve = curve();
    let kek = Kek::local("main", 1, Zeroizing::new(bytes("kek", 0))).unwrap();
    let keys: Vec<Key> = (0..SETS).map(key).collect();
    let entropy: Vec<[u8; 32]> = (0..SETS).map(|index| bytes("entropy", index)).collect();
    let mut group = c.benchmark_group("seal");
    let mut turn = keys.iter().zip(&entropy).cycle();
    group.bench_function("seal_key", |b| {
        b.iter(|| {
            let (key, entropy) = turn.next().unwrap();
            seal_key(black_box(key), &kek, "user 7", "trade", entropy).unwrap()
        });
    });
    let records: Vec<_> = keys
        .iter()
        .zip(&entropy)
        .map(|(key, entropy)| {
            let record = seal_key(key, &kek, "user 7", "trade", entropy).unwrap();
            (record, key.address())
        })
        .collect();
    let known = [kek];
    let mut turn = records.iter().cycle();
    group.bench_function("unseal_key", |b| {
        b.iter(|| {
            let (record, address) = turn.next().unwrap();
            unseal_key(
                &curve,
                black_box(record),
                &known,
                "user 7",
                "trade",
                *address,
            )
            .unwrap()
        });
    });
    let phrase = b"legal winner thank year wave sausage worth useful legal winner thank yellow";
    let path = Path::parse("m/44'/60'/0'/0/0").unwrap();
    let mut turn = (0..SETS)
        .map(|index| format!("passphrase {index}"))
        .collect::<Vec<_>>()
        .into_iter()
        .cycle();
    group.sample_size(20);
    group.bench_function("phrase", |b| {
        b.iter(|| {
            let seed = Seed::from_phrase(phrase, turn.next().unwrap().as_bytes()).unwrap();
            Node::derive(&curve, &seed, &path)
                .unwrap()
                .key(&curve)
                .unwrap()
        });
    });
    group.finish();
}

fn webhooks(c: &mut Criterion) {
    let own: Vec<[u8; 32]> = (0..2).map(|index| bytes("secret", index)).collect();
    let secrets = Secrets::new(own.iter().map(<[u8; 32]>::as_slice)).unwrap();
    let bodies: Vec<String> = (0..SETS)
        .map(|index| {
            format!(r#"{{"type":"signal","symbol":"BTC/USD","side":"long","n":{index:0400}}}"#)
        })
        .collect();
    let signatures: Vec<String> = bodies
        .iter()
        .map(|body| {
            let content = format!("msg_p5jXN8AQM9.1763625600.{body}");
            base64(&MacKind::Sha256.mac(&own[1], content.as_bytes()))
        })
        .collect();
    let mut turn = bodies.iter().zip(&signatures).cycle();
    c.bench_function("webhook/verify against two secrets", |b| {
        b.iter(|| {
            let (body, signature) = turn.next().unwrap();
            let delivery = Delivery {
                id: b"msg_p5jXN8AQM9",
                timestamp: b"1763625600",
                body: body.as_bytes(),
                signature: signature.as_bytes(),
            };
            assert_eq!(verify(&secrets, black_box(&delivery)), 1);
        });
    });
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("v1,");
    for chunk in bytes.chunks(3) {
        let held = chunk
            .iter()
            .fold(0_usize, |held, byte| held << 8 | usize::from(*byte));
        let held = held << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[held >> (18 - 6 * place) & 63]));
        }
    }
    text + "="
}

criterion_group!(benches, signing, sealing, webhooks);
criterion_main!(benches);
