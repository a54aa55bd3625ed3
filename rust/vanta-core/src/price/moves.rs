//! How far a market's price moved within the last seconds.

use super::config::AggregateConfig;
use super::feed::NEVER;
use super::number::gap_e10;
use crate::units::SECOND_NS;

const BUCKETS: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    second: i64,
    low: i64,
    high: i64,
}

/// Lowest and highest price of each of the last seconds.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    buckets: [Bucket; BUCKETS],
    window_s: i64,
}

impl Moves {
    pub(crate) fn new(config: &AggregateConfig) -> Self {
        let empty = Bucket {
            second: NEVER,
            low: i64::MAX,
            high: 0,
        };
        let whole = config.breaker_window_ns / SECOND_NS;
        let partial = i64::from(config.breaker_window_ns % SECOND_NS != 0);
        Self {
            buckets: [empty; BUCKETS],
            window_s: whole + partial,
        }
    }

    pub(crate) fn record(&mut self, price: i64, mono: i64) {
        let second = mono.div_euclid(SECOND_NS);
        let slot = second.rem_euclid(16);
        let Some(bucket) = usize::try_from(slot)
            .ok()
            .and_then(|slot| self.buckets.get_mut(slot))
        else {
            return;
        };
        if bucket.second == second {
            bucket.low = bucket.low.min(price);
            bucket.high = bucket.high.max(price);
        } else {
            *bucket = Bucket {
                second,
                low: price,
                high: price,
            };
        }
    }

    /// Whether `price` is further than `limit` from some price within the window, or from the
    /// `(price, mono)` that was made last.
    pub(crate) fn exceeds(&self, price: i64, mono: i64, limit: i64, last: (i64, i64)) -> bool {
        let second = mono.div_euclid(SECOND_NS);
        let oldest = second.saturating_sub(self.window_s);
        let recent = |at: i64| at >= oldest && at <= second;
        let far = |from: i64| gap_e10(price, from, from) > limit;
        (recent(last.1.div_euclid(SECOND_NS)) && far(last.0))
            || self
                .buckets
                .iter()
                .any(|bucket| recent(bucket.second) && (far(bucket.low) || far(bucket.high)))
    }
}
