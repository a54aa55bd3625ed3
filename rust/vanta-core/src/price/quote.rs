//! What the book gives out: quotes and alarms.

use super::codes::{Breaker, Quality, Standing};
use super::feed::MAX_FEEDS;

/// One market's combined price at one instant, raw integers inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Market asked for.
    pub market: u16,
    /// Price when the quality has one, else last known good for display; 0 = none.
    pub price_e10: i64,
    /// Confidence of the price.
    pub conf_e10: i64,
    /// How far to trust it.
    pub quality: Quality,
    /// Whether new risk is blocked.
    pub breaker: Breaker,
    /// Oldest publish time used.
    pub as_of_ns: i64,
    /// Wall time at which a used source goes stale; 0 without a price for trading.
    pub valid_until_ns: i64,
    /// Age of `as_of_ns`, never negative.
    pub age_ns: i64,
    /// (max - min) / min of the fresh sources, rounded up.
    pub spread_e10: i64,
    /// Version of the rules.
    pub config_version: i64,
    /// One bit per feed that was used.
    pub used: u16,
    /// Sources by feed, and how each stood.
    pub sources: [u16; MAX_FEEDS],
    /// Standing by feed.
    pub standings: [Standing; MAX_FEEDS],
    /// Feeds of the market.
    pub feeds: u8,
}

impl Quote {
    fn rows(&self) -> impl Iterator<Item = (bool, u16, Standing)> {
        let used = (0..16_u32).map(|feed| self.used >> feed & 1 == 1);
        used.zip(self.sources)
            .zip(self.standings)
            .map(|((used, source), standing)| (used, source, standing))
            .take(self.feeds.into())
    }

    /// Sources behind the price, in the order in which they were declared.
    pub fn sources_used(&self) -> impl Iterator<Item = u16> {
        self.rows()
            .filter_map(|(used, source, _)| used.then_some(source))
    }

    /// Sources that had no part in the price although they were declared, and why. Fresh sources of
    /// a conflict are neither used nor rejected.
    pub fn sources_rejected(&self) -> impl Iterator<Item = (u16, Standing)> {
        self.rows().filter_map(|(used, source, standing)| {
            let silent = used || matches!(standing, Standing::Fresh | Standing::Sibling);
            (!silent).then_some((source, standing))
        })
    }
}

/// What an operator should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarms {
    /// Sources have been in conflict for too long.
    pub conflict: bool,
    /// The smoothed gap between sources has been too wide for too long.
    pub divergence: bool,
    /// The smoothed gap at scale 10^10.
    pub divergence_e10: i64,
}

impl Alarms {
    /// Published names of the alarms that are due.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [(self.conflict, "CONFLICT"), (self.divergence, "DIVERGENCE")]
            .into_iter()
            .filter_map(|(due, name)| due.then_some(name))
    }
}

/// Age and state of one feed, for a watchdog and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedAge {
    /// The source.
    pub source: u16,
    /// Age of its last accepted word, `None` when there is none.
    pub age_ns: Option<i64>,
    /// How it stands; silence is named before staleness.
    pub standing: Standing,
}
