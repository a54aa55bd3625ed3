//! The memory of a market outside of its lane, which the lane seldom needs.

use super::feed::{Feed, Held, Instant, NEVER};
use super::lane::{Lane, Limits, Seat, Word};
use super::market::Market;
use super::number::within;
use crate::units::SECOND_NS;

/// The market's memory outside of the lane, touched seldom.
pub(crate) struct Away<'a> {
    pub markets: &'a mut [Option<Market>],
    pub market: usize,
    /// A monotonic instant and its second, as it was asked for last.
    pub lately: &'a mut (i64, i64),
}

impl Away<'_> {
    fn feeds(&mut self) -> Option<&mut Vec<Feed>> {
        let market = self.markets.get_mut(self.market)?.as_mut()?;
        Some(&mut market.feeds)
    }

    pub(crate) fn second(&mut self, mono: i64) -> i64 {
        if self.lately.0 != mono {
            *self.lately = (mono, mono.div_euclid(SECOND_NS));
        }
        self.lately.1
    }

    #[cold]
    pub(crate) fn keep_moves(&mut self, lane: &Lane) {
        if lane.second != NEVER
            && let Some(Some(market)) = self.markets.get_mut(self.market)
        {
            market.moves.merge(lane.second, lane.low, lane.high);
        }
    }

    // Whether the word repeats no jump on hold and confirms none.
    #[cold]
    pub(crate) fn nothing_held_matters(
        &mut self,
        index: usize,
        word: Word,
        now: Instant,
        limits: &Limits,
    ) -> bool {
        let key = (word.publish, i128::from(word.seq));
        self.feeds().is_some_and(|feeds| {
            feeds.iter().enumerate().all(|(at, feed)| {
                let Some(held) = &feed.held else { return true };
                if at == index {
                    return held.seen.key() != key;
                }
                let low = word.price.min(held.seen.price);
                now.mono > held.seen.stale_mono
                    || !within(word.price, held.seen.price, low, limits.tolerance)
            })
        })
    }

    // Whether the word leaves none of `them` behind, who saw the feed longer ago.
    #[cold]
    pub(crate) fn in_peace(
        &mut self,
        index: usize,
        price: i64,
        them: u64,
        limits: &Limits,
    ) -> bool {
        self.feeds().is_some_and(|feeds| {
            (0_u32..).zip(feeds.iter()).all(|(at, feed)| {
                let seen = feed.peers_then.get(index).copied().unwrap_or(0);
                them.wrapping_shr(at) & 1 == 0 || within(price, seen, seen, limits.frozen_move)
            })
        })
    }

    // `them` saw the feed at this price when they changed last.
    #[cold]
    pub(crate) fn note_references(&mut self, index: usize, price: i64, them: u64) {
        for (at, feed) in (0_u32..).zip(self.feeds().into_iter().flatten()) {
            if them.wrapping_shr(at) & 1 == 1
                && let Some(seen) = feed.peers_then.get_mut(index)
            {
                *seen = price;
            }
        }
    }

    #[cold]
    pub(crate) fn release(&mut self, index: usize) {
        if let Some(feed) = self.feeds().and_then(|feeds| feeds.get_mut(index)) {
            feed.held = None;
        }
    }

    pub(crate) fn put_on_hold(&mut self, index: usize, candidate: &Seat) -> bool {
        let Some(feed) = self.feeds().and_then(|feeds| feeds.get_mut(index)) else {
            return false;
        };
        feed.heard_mono = candidate.recv_mono;
        feed.held = Some(Box::new(Held {
            seen: candidate.seen(),
            count: 1,
        }));
        true
    }
}
