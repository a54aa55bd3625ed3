//! How far two sources may lie apart: their own claims, within limits.

use super::config::AggregateConfig;
use super::feed::Feed;

/// What a source claims about its own imprecision.
#[derive(Clone, Copy, Default)]
pub(crate) struct Claim {
    deviation: i64,
    conf_ratio: i64,
}

impl Claim {
    pub(crate) fn of(feed: &Feed) -> Self {
        Self {
            deviation: feed.spec.deviation_e10,
            conf_ratio: feed.last.map_or(0, |seen| seen.conf_ratio),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            deviation: self.deviation.max(other.deviation),
            conf_ratio: self.conf_ratio.max(other.conf_ratio),
        }
    }

    /// `max(deviation, push deviation + conf / price)`, capped.
    pub(crate) fn tolerance(self, config: &AggregateConfig) -> i64 {
        self.deviation
            .saturating_add(self.conf_ratio)
            .max(config.deviation_e10)
            .min(config.tolerance_cap_e10)
    }
}

/// Tolerance between two feeds.
pub(crate) fn pair_tolerance(a: &Feed, b: &Feed, config: &AggregateConfig) -> i64 {
    Claim::of(a).or(Claim::of(b)).tolerance(config)
}
