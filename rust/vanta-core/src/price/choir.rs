//! All sources of a calm market in one batch, in the order of their seats: one look at what is the
//! same for all of them, and no bits moved, for who saw whom stands as after the round before.

use super::away::Away;
use super::config::AggregateConfig;
use super::feed::Instant;
use super::lane::{Lane, Limits, SEATS, Word};
use super::number::within;
use super::world::World;

/// Per seat, a bit for each seat that speaks after it.
const LATER: u64 = 0x0080_c0e0_f0f8_fcfe;
/// Per seat, a bit for each seat that spoke before it.
const EARLIER: u64 = 0x7f3f_1f0f_0703_0100;
/// One bit per seat, for each of eight seats.
const EVERY: u64 = 0x0101_0101_0101_0101;

impl Lane {
    /// Whether `source` has the seat at `index`.
    #[inline]
    pub(crate) fn sits(&self, source: u16, index: usize) -> bool {
        index < usize::from(self.count) && self.sources.get(index) == Some(&source)
    }

    /// Take the words of all seats, in their order, as [`Lane::take`] one by one. `false`: at least
    /// one of them is not usual, none is taken, and each has to be offered by itself.
    #[inline]
    pub(crate) fn take_all(
        &mut self,
        said: &[Word; SEATS],
        now: Instant,
        (limits, config): (&Limits, &AggregateConfig),
        world: &mut World,
        away: &mut Away<'_>,
    ) -> bool {
        let every = self.all() * EVERY;
        let (later, earlier) = (LATER & every, EARLIER & every);
        // Each saw all who speak after it where they still are: then nobody is left behind by a
        // word near to the one before.
        let seen = self.follows & later == later && self.trails & later == 0;
        if !seen || self.held != 0 || self.promises != 0 {
            return false;
        }
        if (!self.staged || self.at.mono != now.mono) && !self.advance(now, away, config) {
            return false;
        }
        if !self.all_usual(said, now, limits) {
            return false;
        }
        let count = usize::from(self.count);
        for ((seat, word), clock) in self.seats.iter_mut().zip(said).zip(self.clocks).take(count) {
            let age = now.wall.saturating_sub(word.publish).max(0);
            (seat.floor_publish, seat.floor_seq) = (seat.publish, seat.seq);
            (seat.former, seat.price) = (seat.price, word.price);
            (seat.publish, seat.seq, seat.conf) = (word.publish, word.seq, 0);
            (seat.recv_mono, seat.changed_mono) = (now.mono, now.mono);
            seat.stale_mono = now.mono.saturating_add(seat.age_limit - age);
            world.hear_at(clock, now.mono, word.publish);
        }
        (self.follows, self.trails, self.seen) = (later, earlier, 0);
        if !self.staged {
            (self.staged, self.accepted, self.by_primary) = (true, 0, 0);
        }
        self.at = now;
        self.accepted += i64::from(self.count);
        self.by_primary += i64::from(self.led);
        self.due = true;
        true
    }

    // Newer than the words before, near to them, elsewhere, and without a confidence. All of them
    // are looked at, without a branch for each.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "one branch for all of it, not one each"
    )]
    #[inline]
    fn all_usual(&self, said: &[Word; SEATS], now: Instant, limits: &Limits) -> bool {
        let newest = now.wall.saturating_add(limits.skew);
        let mut usual = true;
        for (before, word) in self.seats().iter().zip(said) {
            let age = now.wall.saturating_sub(word.publish).max(0);
            usual &= (word.price >= self.min_price)
                & (word.price <= self.max_price)
                & (word.publish >= 0)
                & (word.publish <= newest)
                & ((word.publish > before.publish)
                    | ((word.publish == before.publish) & (word.seq > before.seq)))
                & (age <= before.age_limit)
                & (word.conf == 0)
                & (word.price != before.price)
                & within(word.price, before.price, before.price, limits.near);
        }
        usual
    }
}
