//! Price book: an update and a quote with five sources, and a sweep over a thousand markets.
//!
//! Inputs rotate through 512 sets made from a seed, so that no branch predictor learns them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use vanta_core::price::{
    AggregateConfig, FeedKind, FeedSpec, MarketSpec, Number, Observation, PriceBook,
};
use vanta_core::units::{E10, MarketIx, SourceIx, TimeNs};

const SOURCES: u16 = 5;
const SETS: usize = 512;
const START: i64 = 1_700_000_000_000_000_000;
const STEP: i64 = 1_000_000;

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % limit).unwrap()
    }
}

fn book(markets: u16) -> PriceBook {
    let mut book = PriceBook::new(AggregateConfig::default()).unwrap();
    book.set_clock_offset(Some(0), TimeNs::ZERO, TimeNs::ZERO);
    for market in 0..markets {
        let market = MarketIx::new(market).unwrap();
        let bounds = MarketSpec {
            min_price_e10: 1,
            max_price_e10: i64::MAX,
            has_hours: false,
            max_conf_e10: 0,
        };
        book.add_market(market, bounds).unwrap();
        for source in 0..SOURCES {
            let spec = FeedSpec {
                kind: FeedKind::Stream,
                group: source,
                primary: source == 0,
                expo: -10,
                interval_ns: 1_000_000_000,
                max_age_ns: 0,
                heartbeat_ns: 0,
                deviation_e10: 0,
                conf_required: false,
            };
            book.add_feed(market, SourceIx::new(source).unwrap(), spec)
                .unwrap();
        }
    }
    book
}

/// Five prices around 60 000, each up to 0.1 % off, one in sixteen sets with a liar at +3 %.
fn sets() -> Vec<[i64; 5]> {
    let mut random = Seeded(0x5eed_1234_abcd_0001);
    (0..SETS)
        .map(|_| {
            let mut set = [0; 5];
            for price in &mut set {
                *price = 60_000 * E10 + random.below(60 * E10.unsigned_abs());
            }
            if random.below(16) == 0 {
                set[4] += 1_800 * E10;
            }
            set
        })
        .collect()
}

fn observe(price: i64, at: i64) -> Observation {
    Observation {
        value: Number::Int(price.into()),
        expo: -10,
        conf: None,
        publish_ns: at,
        seq: None,
        session_open: None,
        recv_wall_ns: at,
        recv_mono_ns: at - START,
    }
}

fn feed(book: &mut PriceBook, market: u16, set: &[i64; 5], at: i64) {
    for (source, price) in (0_u16..).zip(set) {
        let market = MarketIx::new(market).unwrap();
        book.update(market, SourceIx::new(source).unwrap(), &observe(*price, at));
    }
}

fn time(at: i64) -> TimeNs {
    TimeNs::new(at).unwrap()
}

fn benches(criterion: &mut Criterion) {
    let sets = sets();
    let books: Vec<PriceBook> = sets
        .iter()
        .map(|set| {
            let mut book = book(1);
            feed(&mut book, 0, set, START);
            book
        })
        .collect();
    let market = MarketIx::new(0).unwrap();

    let mut next = 0;
    criterion.bench_function("price/quote of 5 sources", |bench| {
        bench.iter(|| {
            next = (next + 1) % SETS;
            let now = START + STEP;
            black_box(books[next].quote(market, time(now), time(now - START))).unwrap()
        });
    });

    let mut live = book(1);
    let mut at = START;
    let mut next = 0_usize;
    criterion.bench_function("price/update with 5 sources", |bench| {
        bench.iter(|| {
            next += 1;
            let source = u16::try_from(next % 5).unwrap();
            at += STEP;
            let price = sets[(next / 5) % SETS][next % 5];
            live.update(
                market,
                SourceIx::new(source).unwrap(),
                black_box(&observe(price, at)),
            )
        });
    });

    let mut many = book(1_000);
    for index in 0..1_000_u16 {
        feed(&mut many, index, &sets[usize::from(index) % SETS], START);
    }
    let mut round = 0_i64;
    criterion.bench_function("price/update and quote 1000 markets", |bench| {
        bench.iter_batched(
            || {
                round += 1;
                round
            },
            |round| {
                let now = START + round * STEP;
                let shift = usize::try_from(round).unwrap();
                let mut sum = 0_i64;
                for index in 0..1_000_u16 {
                    let market = MarketIx::new(index).unwrap();
                    let set = &sets[(usize::from(index) + shift) % SETS];
                    let source = shift % 5;
                    many.update(
                        market,
                        SourceIx::new(u16::try_from(source).unwrap()).unwrap(),
                        &observe(set[source], now),
                    );
                    let quote = many.quote(market, time(now), time(now - START)).unwrap();
                    sum = sum.wrapping_add(quote.price_e10);
                }
                black_box(sum)
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(price, benches);
criterion_main!(price);
