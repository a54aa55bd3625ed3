//! The combination: from the voices of one instant to one price and its quality.
//!
//! ```text
//! 0 voices  nothing              1 voice   that price (SINGLE, FALLBACK)
//! 2 voices  within tolerance ->  primary, else CONFLICT
//! 3 or more median m; S = within tolerance of m; a majority in S -> primary if in S, else median(S)
//! ```

use super::claim::Claim;
use super::codes::Quality;
use super::config::AggregateConfig;
use super::feed::{Feed, MAX_FEEDS};
use super::number::{gap_e10, mid_half_even, within};
use super::survey::{Voice, fresh_until};
use crate::units::E10;

/// From this many voices on, the spread of the voices themselves may widen the tolerance.
const MAD_VOICES: usize = 5;
/// 3 * 1.4826, the usual three-sigma multiple of the median absolute deviation, times 10^4.
const MAD_FACTOR_E4: i128 = 44_478;

/// A combined price, or the reason for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Combined {
    pub quality: Quality,
    /// 0 without a price.
    pub price: i64,
    pub conf: i64,
    /// Oldest publish time used.
    pub as_of: i64,
    pub valid_until: i64,
    /// Bit per feed.
    pub used: u16,
    pub outliers: u16,
    /// (max - min) / min of the voices, rounded up.
    pub spread: i64,
    /// The primary speaks and agrees, on probation or not.
    pub primary_agrees: bool,
    /// The price is the primary's own.
    pub from_primary: bool,
}

impl Combined {
    pub(crate) fn nothing(quality: Quality) -> Self {
        Self {
            quality,
            price: 0,
            conf: 0,
            as_of: 0,
            valid_until: 0,
            used: 0,
            outliers: 0,
            spread: 0,
            primary_agrees: false,
            from_primary: false,
        }
    }
}

/// What the combination knows beside the voices.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub feeds: &'a [Feed],
    pub config: &'a AggregateConfig,
    /// Some group is declared primary.
    pub has_primary: bool,
    /// The primary came back but may not lead yet.
    pub probation: bool,
}

impl Panel<'_> {
    fn feed(&self, voice: Voice) -> Option<&Feed> {
        self.feeds.get(usize::from(voice.feed))
    }

    fn claim(&self, voice: Voice) -> Claim {
        self.feed(voice).map_or_else(Claim::default, Claim::of)
    }
}

fn bit(voice: Voice) -> u16 {
    1_u16.checked_shl(voice.feed.into()).unwrap_or(0)
}

/// Combine the voices of one instant.
pub(crate) fn combine(voices: &[Voice], panel: Panel<'_>) -> Combined {
    match voices {
        [] => Combined::nothing(Quality::None),
        [only] => single(*only, panel),
        [a, b] => pair(*a, *b, panel),
        _ => panel_of(voices, panel),
    }
}

fn single(only: Voice, panel: Panel<'_>) -> Combined {
    let quality = if only.primary || !panel.has_primary {
        Quality::Single
    } else {
        Quality::Fallback
    };
    let mut made = priced(&[only], panel, only.price, Some(only));
    made.quality = quality;
    made.primary_agrees = only.primary;
    made.from_primary = only.primary;
    made
}

fn pair(a: Voice, b: Voice, panel: Panel<'_>) -> Combined {
    let tolerance = panel.claim(a).or(panel.claim(b)).tolerance(panel.config);
    let low = a.price.min(b.price);
    let spread = gap_e10(a.price, b.price, low);
    if !within(a.price, b.price, low, tolerance) {
        let mut made = Combined::nothing(Quality::Conflict);
        made.spread = spread;
        return made;
    }
    let (primary, second) = if b.primary { (b, a) } else { (a, b) };
    let mut made = if primary.primary && panel.probation {
        let mut made = priced(&[second], panel, second.price, Some(second));
        made.quality = Quality::Fallback;
        made
    } else if primary.primary {
        let mut made = priced(&[a, b], panel, primary.price, Some(primary));
        made.quality = Quality::Good;
        made.from_primary = true;
        made
    } else {
        let mut made = priced(&[a, b], panel, mid_half_even(a.price, b.price), None);
        made.quality = without_primary(panel);
        made
    };
    made.primary_agrees = primary.primary;
    made.spread = spread;
    made
}

// Where no source was declared primary, its absence degrades nothing.
fn without_primary(panel: Panel<'_>) -> Quality {
    if panel.has_primary {
        Quality::Degraded
    } else {
        Quality::Good
    }
}

/// Middle of a sorted, non-empty list, and the one or two elements it is made of.
fn middle<T: Copy>(sorted: &[T], price: impl Fn(T) -> i64) -> Option<(i64, T, T)> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        return Some((price(upper), upper, upper));
    }
    let lower = *sorted.get(half.checked_sub(1)?)?;
    Some((mid_half_even(price(lower), price(upper)), lower, upper))
}

fn panel_of(voices: &[Voice], panel: Panel<'_>) -> Combined {
    let count = voices.len();
    let sorted = sorted_by(voices, |voice| voice.price);
    let sorted = sorted.get(..count).unwrap_or(&[]);
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return Combined::nothing(Quality::None);
    };
    let spread = gap_e10(last.price, first.price, first.price);
    let Some((median, lower, upper)) = middle(sorted, |voice| voice.price) else {
        return Combined::nothing(Quality::None);
    };
    let at_median = panel.claim(lower).or(panel.claim(upper));
    // Only a voice beyond its tolerance asks for it.
    let mut noise_e4 = None;
    let mut agreed = [Voice::default(); MAX_FEEDS];
    let mut size = 0_usize;
    let mut outliers = 0_u16;
    let mut primary = None;
    for voice in sorted {
        let tolerance = at_median.or(panel.claim(*voice)).tolerance(panel.config);
        let close = within(voice.price, median, median, tolerance)
            || i128::from(voice.price.abs_diff(median)) * 10_000
                <= *noise_e4.get_or_insert_with(|| noise(sorted, median));
        if close {
            if let Some(slot) = agreed.get_mut(size) {
                *slot = *voice;
                size += 1;
            }
            if voice.primary {
                primary = Some(*voice);
            }
        } else {
            outliers |= bit(*voice);
        }
    }
    let agreed = agreed.get(..size).unwrap_or(&[]);
    if size < 2 || size * 2 <= count {
        let mut made = Combined::nothing(Quality::Conflict);
        made.spread = spread;
        return made;
    }
    let mut made = if let Some(primary) = primary.filter(|_| !panel.probation) {
        let mut made = priced(agreed, panel, primary.price, Some(primary));
        made.quality = Quality::Good;
        made.from_primary = true;
        made
    } else {
        let price = middle(agreed, |voice| voice.price).map_or(0, |(price, ..)| price);
        let mut made = priced(agreed, panel, price, None);
        made.quality = without_primary(panel);
        made
    };
    made.primary_agrees = primary.is_some();
    made.outliers = outliers;
    made.spread = spread;
    made
}

// At most 16 elements, equal ones in their order. To count for each how many come before it takes
// no branch that could be guessed wrong, and prices come in any order.
fn sorted_by<T: Copy + Default>(items: &[T], key: impl Fn(T) -> i64) -> [T; MAX_FEEDS] {
    let mut sorted = [T::default(); MAX_FEEDS];
    for (at, item) in items.iter().enumerate() {
        let own = key(*item);
        let (before, after) = items.split_at(at);
        let rank = before.iter().filter(|other| key(**other) <= own).count()
            + after.iter().filter(|other| key(**other) < own).count();
        if let Some(slot) = sorted.get_mut(rank) {
            *slot = *item;
        }
    }
    sorted
}

/// How far the voices' own spread lets one lie from the median, times 10^4: from five voices on,
/// 3 * 1.4826 times their median distance from it (the mean of a middle two rounds half to even).
fn noise(voices: &[Voice], median: i64) -> i128 {
    if voices.len() < MAD_VOICES {
        return 0;
    }
    let mut distances = [0_i64; MAX_FEEDS];
    for (slot, voice) in distances.iter_mut().zip(voices) {
        *slot = i64::try_from(voice.price.abs_diff(median)).unwrap_or(i64::MAX);
    }
    let distances = distances.get(..voices.len()).unwrap_or(&[]);
    let sorted = sorted_by(distances, |distance| distance);
    let sorted = sorted.get(..voices.len()).unwrap_or(&[]);
    let deviation = middle(sorted, |distance| distance).map_or(0, |(distance, ..)| distance);
    MAD_FACTOR_E4 * i128::from(deviation)
}

/// A price made of `used`; the confidence is the leader's, else the widest.
fn priced(used: &[Voice], panel: Panel<'_>, price: i64, leader: Option<Voice>) -> Combined {
    let mut made = Combined::nothing(Quality::None);
    made.price = price;
    made.as_of = i64::MAX;
    made.valid_until = i64::MAX;
    for voice in used {
        let Some(feed) = panel.feed(*voice) else {
            continue;
        };
        let Some(seen) = &feed.last else { continue };
        made.used |= bit(*voice);
        made.as_of = made.as_of.min(seen.publish);
        made.valid_until = made.valid_until.min(fresh_until(feed));
        if leader.is_none_or(|leader| leader.feed == voice.feed) {
            made.conf = made.conf.max(seen.conf);
        }
    }
    made
}

/// Largest pairwise gap of the voices beyond what a push feed's own threshold explains.
pub(crate) fn divergence(voices: &[Voice], feeds: &[Feed]) -> i64 {
    let streams = || {
        voices
            .iter()
            .filter_map(|voice| Some((voice, feeds.get(usize::from(voice.feed))?)))
    };
    let mut low = i64::MAX;
    let mut high = 0;
    for (voice, feed) in streams() {
        if !feed.is_push() {
            low = low.min(voice.price);
            high = high.max(voice.price);
        }
    }
    let mut widest = if high > low {
        gap_e10(high, low, low)
    } else {
        0
    };
    for (voice, feed) in streams() {
        if feed.is_push() && high > 0 {
            for end in [low, high] {
                let gap = gap_e10(voice.price, end, voice.price.min(end));
                widest = widest.max(gap.saturating_sub(feed.spec.deviation_e10));
            }
        }
    }
    // Twice the price is as wide as gaps need to be.
    widest.min(E10)
}
