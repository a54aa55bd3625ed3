//! The usual word in the lane: the gates where they only compare, and the word's place.

use super::away::Away;
use super::config::AggregateConfig;
use super::feed::Instant;
use super::lane::{Lane, Limits, SEATS, Seat, Word};
use super::number::{jump_limit, within};
use super::world::World;
use crate::units::{E10, SECOND_NS};

/// One bit per seat, for each of eight seats.
const EVERY: u64 = 0x0101_0101_0101_0101;

/// What the lane made of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Took {
    Accepted,
    /// Refused as a jump and put on hold.
    Jump,
    /// For the careful way.
    Unusual,
}

/// The row of `seat` in a table of bits.
fn row(table: u64, seat: u32) -> u64 {
    table.wrapping_shr(seat * 8) & 0xff
}

impl Lane {
    // Catch up with `now`; whether that was all that had to be done.
    pub(crate) fn advance(
        &mut self,
        now: Instant,
        feeds: &mut Away<'_>,
        config: &AggregateConfig,
    ) -> bool {
        if self.staged {
            if self.at.mono >= now.mono {
                return self.at.mono == now.mono;
            }
            self.calm
                .remember(self.said(), self.at, self.spread, config);
            let second = feeds.second(self.at.mono);
            if second == self.second {
                self.low = self.low.min(self.price);
                self.high = self.high.max(self.price);
            } else {
                feeds.keep_moves(self);
                (self.second, self.low, self.high) = (second, self.price, self.price);
            }
            self.staged = false;
        } else if self.calm.mono > now.mono {
            return false;
        }
        self.is_quiet(now)
    }

    /// Offer the word of a source at `now`, where our clock is not to blame for anything.
    #[inline]
    pub(crate) fn take(
        &mut self,
        source: u16,
        said: Word,
        now: Instant,
        rules: (&Limits, &AggregateConfig),
        world: &mut World,
        away: &mut Away<'_>,
    ) -> Took {
        let (limits, config) = rules;
        let Some(index) = self.seat_of(source) else {
            return Took::Unusual;
        };
        if (!self.staged || self.at.mono != now.mono) && !self.advance(now, away, config) {
            return Took::Unusual;
        }
        let (seat, clock) = (self.seats.get(index), self.clocks.get(index));
        let (Some(&before), Some(&clock)) = (seat, clock) else {
            return Took::Unusual;
        };
        let place = u32::try_from(index).unwrap_or(0);
        let bit = 1_u64.wrapping_shl(place);
        let age = now.wall.saturating_sub(said.publish).max(0);
        let usual = said.price >= self.min_price
            && said.price <= self.max_price
            && said.publish >= 0
            && said.publish <= now.wall.saturating_add(limits.skew)
            && (said.publish > before.publish
                || (said.publish == before.publish && said.seq > before.seq))
            && age <= before.age_limit
            && self.confident(said, bit);
        if !usual {
            return Took::Unusual;
        }
        if self.held != 0 && self.held_matters(bit, said, now, limits) {
            return Took::Unusual;
        }
        let stale_mono = now.mono.saturating_add(before.age_limit - age);
        if !within(said.price, before.price, before.price, limits.near) {
            let candidate = Seat {
                price: said.price,
                conf: said.conf,
                publish: said.publish,
                seq: said.seq,
                recv_mono: now.mono,
                stale_mono,
                ..before
            };
            return self.hold(index, candidate, clock, rules, world);
        }
        let others = self.all() & !bit;
        let (follows, trails) = (row(self.follows, place), row(self.trails, place));
        if (trails & others != 0
            && !within(said.price, before.former, before.former, limits.frozen_move))
            || ((follows | trails) & others != others
                && !self.in_peace(
                    index,
                    said.price,
                    others & !(follows | trails),
                    limits,
                    away,
                ))
        {
            return Took::Unusual;
        }
        world.hear_at(clock, now.mono, said.publish);
        self.held &= !u8::try_from(bit).unwrap_or(0);
        let changed = said.price != before.price;
        if changed {
            if trails & others != 0 {
                self.note_references(index, before.former, trails & others, away);
            }
            // Whoever knew its price so far now knows its former one.
            let shift = place * 8;
            let column = bit * EVERY;
            self.trails = (self.trails & !column & !0xff_u64.wrapping_shl(shift))
                | (follows & others).wrapping_shl(shift);
            // It has seen all others where they are.
            self.follows = (self.follows | column) & !0xff_u64.wrapping_shl(shift);
            if usize::from(self.behind) == index {
                self.seen = 0;
            }
        }
        // Field by field: a copy of the whole would wait for its parts.
        if let Some(seat) = self.seats.get_mut(index) {
            if changed {
                (seat.former, seat.price) = (before.price, said.price);
                seat.changed_mono = now.mono;
            }
            (seat.floor_publish, seat.floor_seq) = (before.publish, before.seq);
            (seat.publish, seat.seq, seat.conf) = (said.publish, said.seq, said.conf);
            (seat.recv_mono, seat.stale_mono) = (now.mono, stale_mono);
        }
        if !self.staged {
            (self.staged, self.accepted, self.by_primary) = (true, 0, 0);
        }
        self.at = now;
        self.accepted += 1;
        self.by_primary += i64::from(self.led && usize::from(self.lead) == index);
        self.due = true;
        Took::Accepted
    }

    // Narrow enough that no tolerance is widened by it.
    fn confident(&self, said: Word, bit: u64) -> bool {
        if said.conf == 0 {
            return u64::from(self.promises) & bit == 0;
        }
        i128::from(said.conf) * i128::from(E10)
            <= i128::from(self.max_conf) * i128::from(said.price)
    }

    // A word far from the one before: put on hold if it is a first jump that no peer confirms.
    #[cold]
    #[inline(never)]
    fn hold(
        &mut self,
        index: usize,
        candidate: Seat,
        clock: u16,
        (limits, config): (&Limits, &AggregateConfig),
        world: &mut World,
    ) -> Took {
        let Some(before) = self.seats.get(index).copied() else {
            return Took::Unusual;
        };
        let far = |limit| !within(candidate.price, before.price, before.price, limit);
        let (base, slope, cap) = (
            config.jump_base_e10,
            config.jump_slope_e10,
            config.jump_cap_e10,
        );
        let elapsed = candidate.publish.saturating_sub(before.publish);
        // Within a second the root of time is at most one, and need not be known.
        let beyond = elapsed <= SECOND_NS && far(base.saturating_add(slope).min(cap));
        let leaps = beyond || far(base.min(cap)) && far(jump_limit(elapsed, base, slope, cap));
        let lonely = self.seats().iter().enumerate().all(|(at, peer)| {
            let low = peer.price.min(candidate.price);
            at == index || !within(candidate.price, peer.price, low, limits.tolerance)
        });
        let own_lead = self.led && usize::from(self.lead) == index;
        if !leaps || !lonely || own_lead || self.held != 0 || config.jump_confirmations <= 1 {
            return Took::Unusual;
        }
        self.waits = candidate;
        self.held = 1_u8.wrapping_shl(u32::try_from(index).unwrap_or(0));
        world.hear_only(clock, candidate.recv_mono);
        Took::Jump
    }

    // Whether the word repeats the jump on hold or confirms it.
    #[cold]
    fn held_matters(&self, bit: u64, said: Word, now: Instant, limits: &Limits) -> bool {
        let held = &self.waits;
        if u64::from(self.held) & bit != 0 {
            return (held.publish, held.seq) == (said.publish, said.seq);
        }
        let low = said.price.min(held.price);
        now.mono <= held.stale_mono && within(said.price, held.price, low, limits.tolerance)
    }

    /// Where the feed at `whose` saw the one at `index`, if it stayed behind and that is known here.
    pub(crate) fn stayed_behind(&self, whose: usize, index: usize) -> Option<i64> {
        let seen = self.seen_then.get(index)?;
        (usize::from(self.behind) == whose && self.seen >> index & 1 == 1).then_some(*seen)
    }

    // Whether the word leaves none of `them` behind, who saw the feed longer ago.
    #[cold]
    fn in_peace(
        &self,
        index: usize,
        price: i64,
        them: u64,
        limits: &Limits,
        away: &mut Away<'_>,
    ) -> bool {
        (0..SEATS)
            .filter(|whose| them >> whose & 1 == 1)
            .all(|whose| {
                let here = self.stayed_behind(whose, index);
                let seen = here.or_else(|| away.reference(whose, index).copied());
                seen.is_some_and(|seen| within(price, seen, seen, limits.frozen_move))
            })
    }

    // `them` saw the feed at this price when they changed last.
    #[cold]
    fn note_references(&mut self, index: usize, price: i64, them: u64, away: &mut Away<'_>) {
        for whose in (0..SEATS).filter(|whose| them >> whose & 1 == 1) {
            if self.seen == 0 {
                self.behind = u8::try_from(whose).unwrap_or(0);
            }
            if usize::from(self.behind) == whose {
                if let Some(seen) = self.seen_then.get_mut(index) {
                    *seen = price;
                }
                self.seen |= 1 << index;
            } else if let Some(seen) = away.reference(whose, index) {
                *seen = price;
            }
        }
    }
}
