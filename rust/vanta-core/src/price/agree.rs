//! The combination of a calm market: everybody is fresh, and nobody is far from the middle.

use super::codes::{Breaker, Quality, Standing};
use super::combine::Combined;
use super::config::AggregateConfig;
use super::feed::{Instant, MAX_FEEDS, after};
use super::lane::{Lane, Limits, SEATS};
use super::number::{gap_e10, mid_half_even, within};
use super::quote::Quote;

/// Up to so many prices are sorted by the smaller network.
const FEW: usize = 5;

impl Lane {
    /// Work out what the words accepted last say together; `false`, and nothing is changed, where
    /// that takes more than the middle and the two ends.
    #[inline]
    pub(crate) fn settle(&mut self, limits: &Limits) -> bool {
        let now = self.at;
        let count = usize::from(self.count);
        let mut prices = [i64::MAX; SEATS];
        let (mut as_of, mut valid_until, mut stale) = (i64::MAX, i64::MAX, i64::MAX);
        let mut conf = 0;
        for (slot, seat) in prices.iter_mut().zip(self.seats()) {
            *slot = seat.price;
            as_of = as_of.min(seat.publish);
            valid_until = valid_until.min(seat.publish.saturating_add(seat.age_limit));
            stale = stale.min(seat.stale_mono);
            conf = conf.max(seat.conf);
        }
        // The newest word from the future was looked at when it came, but clocks are set back.
        let newest = self
            .seats()
            .iter()
            .fold(0, |newest, seat| newest.max(seat.publish));
        if valid_until < now.wall
            || stale < now.mono
            || newest > now.wall.saturating_add(limits.skew)
        {
            return false;
        }
        let sorted = if count <= FEW {
            few_sorted(prices)
        } else {
            sorted(prices)
        };
        let Some((low, middle, high)) = ends(&sorted, count) else {
            return false;
        };
        if !within(low, middle, middle, limits.tolerance)
            || !within(high, middle, middle, limits.tolerance)
        {
            return false;
        }
        (self.price, self.conf) = match self.leader() {
            Some(leader) => leader,
            None => (middle, conf),
        };
        (self.as_of, self.valid_until) = (as_of, valid_until);
        self.spread = gap_e10(high, low, low);
        let offset = now.offset();
        self.quiet_mono = after(valid_until, 0)
            .saturating_sub(offset)
            .min(after(stale, 0));
        self.quiet_wall = self.quiet_mono.saturating_add(offset);
        self.due = false;
        true
    }

    // Price and confidence of the primary.
    fn leader(&self) -> Option<(i64, i64)> {
        let seat = self
            .seats
            .get(usize::from(self.lead))
            .filter(|_| self.led)?;
        Some((seat.price, seat.conf))
    }

    /// What the market said last, in the long form.
    pub(crate) fn combined(&self) -> Combined {
        let mut made = Combined::nothing(Quality::Good);
        (made.price, made.conf) = (self.price, self.conf);
        (made.as_of, made.valid_until) = (self.as_of, self.valid_until);
        (made.used, made.spread) = (self.used(), self.spread);
        (made.primary_agrees, made.from_primary) = (self.led, self.led);
        made
    }

    fn used(&self) -> u16 {
        u16::try_from(self.all()).unwrap_or(0)
    }

    /// How the feeds stand.
    pub(crate) fn standings(&self) -> [Standing; MAX_FEEDS] {
        let mut standings = [Standing::Stale; MAX_FEEDS];
        for slot in standings.iter_mut().take(self.count.into()) {
            *slot = Standing::Fresh;
        }
        standings
    }

    /// Whether what was said last is what a quote at `now` says, as long as our clock is not to
    /// blame: remembering it, now and then again, changes nothing that a quote tells.
    #[inline]
    pub(crate) fn holds(&self, now: Instant) -> bool {
        self.staged
            && !self.due
            && now.wall >= self.at.wall
            && self.is_quiet(Instant {
                mono: now.mono.max(self.at.mono),
                ..now
            })
    }

    /// The quote where it [`Lane::holds`].
    pub(crate) fn quote(&self, market: u16, now: Instant, config: &AggregateConfig) -> Quote {
        let (price_e10, conf_e10, as_of_ns) = self.said();
        let mut sources = [0; MAX_FEEDS];
        for (slot, source) in sources.iter_mut().zip(self.sources).take(self.count.into()) {
            *slot = source;
        }
        Quote {
            market,
            price_e10,
            conf_e10,
            quality: Quality::Good,
            breaker: Breaker::Closed,
            as_of_ns,
            valid_until_ns: self.valid_until,
            age_ns: now.wall.saturating_sub(as_of_ns).max(0),
            spread_e10: self.spread,
            config_version: config.version,
            used: self.used(),
            sources,
            standings: self.standings(),
            feeds: self.count,
        }
    }
}

// Lowest, middle and highest of the first `count`.
fn ends(sorted: &[i64; SEATS], count: usize) -> Option<(i64, i64, i64)> {
    let half = count / 2;
    let (low, upper) = (*sorted.first()?, *sorted.get(half)?);
    let high = *sorted.get(count.checked_sub(1)?)?;
    let middle = if count % 2 == 1 {
        upper
    } else {
        mid_half_even(*sorted.get(half.checked_sub(1)?)?, upper)
    };
    Some((low, middle, high))
}

#[expect(
    clippy::many_single_char_names,
    reason = "eight wires of a network, in their order"
)]
// A network of 19 exchanges: prices come in any order, and a branch would be guessed wrong.
fn sorted([a, b, c, d, e, f, g, h]: [i64; SEATS]) -> [i64; SEATS] {
    let order = |x: i64, y: i64| (x.min(y), x.max(y));
    let ((a, c), (b, d), (e, g), (f, h)) = (order(a, c), order(b, d), order(e, g), order(f, h));
    let ((a, e), (b, f), (c, g), (d, h)) = (order(a, e), order(b, f), order(c, g), order(d, h));
    let ((a, b), (c, d), (e, f), (g, h)) = (order(a, b), order(c, d), order(e, f), order(g, h));
    let ((c, e), (d, f)) = (order(c, e), order(d, f));
    let ((b, e), (d, g)) = (order(b, e), order(d, g));
    let ((b, c), (d, e), (f, g)) = (order(b, c), order(d, e), order(f, g));
    [a, b, c, d, e, f, g, h]
}

#[expect(
    clippy::many_single_char_names,
    reason = "the wires of a network, in their order"
)]
// The same for the first five, of 9 exchanges; the others stay where they are.
fn few_sorted([a, b, c, d, e, rest @ ..]: [i64; SEATS]) -> [i64; SEATS] {
    let order = |x: i64, y: i64| (x.min(y), x.max(y));
    let ((a, d), (b, e)) = (order(a, d), order(b, e));
    let ((a, c), (b, d)) = (order(a, c), order(b, d));
    let ((a, b), (c, e)) = (order(a, b), order(c, e));
    let ((b, c), (d, e)) = (order(b, c), order(d, e));
    let (c, d) = order(c, d);
    let [f, g, h] = rest;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::{FEW, few_sorted, sorted};

    #[test]
    fn the_networks_sort_every_pattern_of_zeros_and_ones() {
        // Enough for every order there is (the zero-one principle).
        for pattern in 0..256_i64 {
            let given = [0, 1, 2, 3, 4, 5, 6, 7].map(|bit| pattern >> bit & 1);
            let mut expected = given;
            expected.sort_unstable();
            assert_eq!(sorted(given), expected);
            let mut expected = given;
            if let Some(few) = expected.get_mut(..FEW) {
                few.sort_unstable();
            }
            assert_eq!(few_sorted(given), expected);
        }
    }
}
